//! Fields: what is printed of a record, and what a body may set.

use crate::wire::describe::{Rung, Verb};
use crate::wire::kind::{Cell, Kind};

/// A key of the printed object, an attribute of a body, or both.
#[derive(Clone, Copy)]
pub struct Field {
    /// Wire name, and the column that an update writes.
    pub name: &'static str,
    pub kind: Kind,
    pub read_from: ReadFrom,
    pub shown: Shown,
    pub nullable: bool,
    /// `None` for a read-only field.
    pub input: Option<Input>,
    /// One sentence for the reference.
    pub text: &'static str,
}

/// How a field is read, from the resource's own table only.
#[derive(Clone, Copy)]
pub enum ReadFrom {
    /// The column of its name.
    Column,
    /// A SQL expression.
    Expression(&'static str),
    /// A SQL condition, as a boolean.
    Condition(&'static str),
}

/// When a field is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// Always, for callers on this rung or above.
    From(Rung),
    /// If `optional_fields` names it (rule B9).
    OnRequest,
    Never,
}

/// How a body may set a field.
#[derive(Clone, Copy)]
pub struct Input {
    /// Place of the field among the errors of one element, lowest first.
    pub position: u8,
    pub on_create: bool,
    pub on_update: bool,
    /// Required on create.
    pub required: bool,
    /// Value of a new record if the body has none or null.
    pub default: Option<Cell<'static>>,
    /// The lowest rung that may set it; from lower callers the attribute is ignored.
    pub settable_from: Rung,
    /// Whether the value is a column of the record; otherwise a rule of the resource stores it.
    pub is_column: bool,
}

/// A boolean that is true where this SQL condition is.
pub const fn derived(name: &'static str, condition: &'static str, text: &'static str) -> Field {
    Field { read_from: ReadFrom::Condition(condition), ..Field::new(name, Kind::Bool, text) }
}

impl Field {
    /// How a body of this operation may set it, if it may.
    pub fn input_for(&self, verb: Verb) -> Option<Input> {
        self.input.filter(|input| match verb {
            Verb::Create { .. } => input.on_create,
            Verb::Update => input.on_update,
            _ => false,
        })
    }

    /// A printed, read-only column that every caller sees and that is never null.
    pub const fn new(name: &'static str, kind: Kind, text: &'static str) -> Self {
        let (read_from, shown) = (ReadFrom::Column, Shown::From(Rung::EVERYONE));
        Self { name, kind, read_from, shown, nullable: false, input: None, text }
    }

    /// Read by this SQL expression instead.
    pub const fn expression(mut self, sql: &'static str) -> Self {
        self.read_from = ReadFrom::Expression(sql);
        self
    }

    pub const fn nullable(mut self) -> Self {
        self.nullable = true;
        self
    }

    /// The key is absent for readers below `rung` (rule B15).
    pub const fn shown_from(mut self, rung: Rung) -> Self {
        self.shown = Shown::From(rung);
        self
    }

    /// The key is absent unless `optional_fields` names it.
    pub const fn on_request(mut self) -> Self {
        self.shown = Shown::OnRequest;
        self
    }

    /// Stored and settable, but never printed.
    pub const fn hidden(mut self) -> Self {
        self.shown = Shown::Never;
        self
    }

    /// Not a column: a rule of the resource stores the value, and it is read as null.
    pub const fn kept_elsewhere(mut self) -> Self {
        self.read_from = ReadFrom::Expression("NULL");
        if let Some(input) = &mut self.input {
            input.is_column = false;
        }
        self
    }

    /// Settable on create; `position` orders the errors.
    pub const fn on_create(self, position: u8) -> Self {
        self.settable(position, true, false)
    }

    /// Settable on update.
    pub const fn on_update(self, position: u8) -> Self {
        self.settable(position, false, true)
    }

    /// Settable on create and update.
    pub const fn on_write(self, position: u8) -> Self {
        self.settable(position, true, true)
    }

    const fn settable(mut self, position: u8, on_create: bool, on_update: bool) -> Self {
        let (required, default, settable_from, is_column) = (false, None, Rung::EVERYONE, true);
        self.input = Some(Input { position, on_create, on_update, required, default, settable_from, is_column });
        self
    }

    /// Required on create.
    pub const fn required(mut self) -> Self {
        if let Some(input) = &mut self.input {
            input.required = true;
        }
        self
    }

    /// The value of a new record without it.
    pub const fn default(mut self, value: Cell<'static>) -> Self {
        if let Some(input) = &mut self.input {
            input.default = Some(value);
        }
        self
    }

    /// Ignored in bodies of callers below `rung`.
    pub const fn settable_from(mut self, rung: Rung) -> Self {
        if let Some(input) = &mut self.input {
            input.settable_from = rung;
        }
        self
    }
}
