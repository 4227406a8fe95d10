//! Fields: what is printed of a record, and what a body may set.

use crate::wire::describe::{Nested, Referent, Rung, Verb};
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
    /// The column that holds its text in lower case.
    pub folded_in: Option<&'static str>,
    /// Whether it names the user who has made the record.
    pub is_author: bool,
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
    /// The same for callers on this rung or above, if the parameter of this name is true.
    OnRequestBeside(&'static str, Rung),
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
    /// Required on update, too.
    pub always_required: bool,
    /// Value of a new record if the body has none or null.
    pub default: Option<Cell<'static>>,
    /// The lowest rung that may set it; from lower callers the attribute is ignored.
    pub settable_from: Rung,
    pub kept: Kept,
    /// What an id must name.
    pub referent: Option<Referent>,
}

/// Where the value of an attribute is kept.
#[derive(Clone, Copy)]
pub enum Kept {
    /// In the column of its name.
    Column,
    /// In a row of another table.
    Nested(&'static Nested),
    /// Where a rule of the resource puts it.
    ByRule,
    /// Nowhere: it is checked and has no effect.
    Nowhere,
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
        let (nullable, input, folded_in, is_author) = (false, None, None, false);
        Self { name, kind, read_from, shown, nullable, input, folded_in, is_author, text }
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

    /// The same for callers on `rung` or above, beside a parameter that is true.
    pub const fn on_request_beside(mut self, parameter: &'static str, rung: Rung) -> Self {
        self.shown = Shown::OnRequestBeside(parameter, rung);
        self
    }

    /// Stored and settable, but never printed.
    pub const fn hidden(mut self) -> Self {
        self.shown = Shown::Never;
        self
    }

    /// Not a column: a rule of the resource stores the value, and it is read as null.
    pub const fn kept_by_rule(self) -> Self {
        self.kept(Kept::ByRule)
    }

    /// A row of another table that belongs to the record, and is read as null.
    pub const fn nested(self, nested: &'static Nested) -> Self {
        self.kept(Kept::Nested(nested))
    }

    /// Checked and not stored.
    pub const fn without_effect(self) -> Self {
        self.kept(Kept::Nowhere)
    }

    const fn kept(mut self, kept: Kept) -> Self {
        self.read_from = ReadFrom::Expression("NULL");
        if let Some(input) = &mut self.input {
            input.kept = kept;
        }
        self
    }

    /// Also stored in lower case, in this column, where it is searched and sorted.
    pub const fn folded_in(mut self, column: &'static str) -> Self {
        self.folded_in = Some(column);
        self
    }

    /// Set to the caller who makes the record.
    pub const fn author(mut self) -> Self {
        self.is_author = true;
        self
    }

    /// An id must name one of these records.
    pub const fn naming(mut self, referent: Referent) -> Self {
        if let Some(input) = &mut self.input {
            input.referent = Some(referent);
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
        self.input = Some(Input {
            position,
            on_create,
            on_update,
            required: false,
            always_required: false,
            default: None,
            settable_from: Rung::EVERYONE,
            kept: Kept::Column,
            referent: None,
        });
        self
    }

    /// Required on create.
    pub const fn required(mut self) -> Self {
        if let Some(input) = &mut self.input {
            input.required = true;
        }
        self
    }

    /// Required on create and on update.
    pub const fn always_required(mut self) -> Self {
        if let Some(input) = &mut self.input {
            input.required = true;
            input.always_required = true;
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
