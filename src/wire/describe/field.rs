//! Fields: what is printed of a record, and what a body may set.

use crate::wire::describe::Rung;
use crate::wire::kind::Kind;

/// One key of the printed object, one attribute of a body, or both.
#[derive(Clone, Copy)]
pub struct Field {
    /// Wire name, which is also the name of the column that an update writes.
    pub name: &'static str,
    /// Syntax and printing of the value.
    pub kind: Kind,
    /// SQL expression that reads it, of nothing but the resource's own table.
    pub select: &'static str,
    /// Who sees it, and when.
    pub shown: Shown,
    /// Whether null is a value of it.
    pub nullable: bool,
    /// How a body may set it; `None` is read-only.
    pub input: Option<Input>,
    /// One sentence for the reference.
    pub text: &'static str,
}

/// Who sees a field, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// Always, for callers on this rung or above.
    From(Rung),
    /// When `optional_fields` names it (rule B9).
    OnRequest,
    /// Never: the field can only be written.
    Never,
}

/// How a body may set a field.
#[derive(Clone, Copy)]
pub struct Input {
    /// Place of the field among the errors of one element, lowest first.
    pub position: u8,
    /// Settable when a record is made.
    pub on_create: bool,
    /// Settable when a record is changed.
    pub on_update: bool,
    /// Must be given when a record is made.
    pub required: bool,
    /// Value of a new record whose body has none or null.
    pub default: Option<Preset>,
    /// The lowest rung that may set it; from lower callers the attribute is ignored.
    pub settable_from: Rung,
    /// Whether the value is a column of the record. Where it is none, a rule of the resource keeps the value.
    pub is_column: bool,
}

/// A value that a description can hold.
#[derive(Clone, Copy, Debug)]
pub enum Preset {
    /// A text.
    Text(&'static str),
    /// A truth value.
    Bool(bool),
}

impl Field {
    /// A printed, read-only field of the column `select`, seen by everyone and never null.
    pub const fn new(name: &'static str, kind: Kind, select: &'static str, text: &'static str) -> Self {
        Self { name, kind, select, shown: Shown::From(Rung::EVERYONE), nullable: false, input: None, text }
    }

    /// The field may be null.
    pub const fn nullable(mut self) -> Self {
        self.nullable = true;
        self
    }

    /// The key is absent for readers below `rung` (protocol rule B15).
    pub const fn shown_from(mut self, rung: Rung) -> Self {
        self.shown = Shown::From(rung);
        self
    }

    /// The key is absent unless `optional_fields` names it.
    pub const fn on_request(mut self) -> Self {
        self.shown = Shown::OnRequest;
        self
    }

    /// The field is stored and settable, but never printed.
    pub const fn hidden(mut self) -> Self {
        self.shown = Shown::Never;
        self
    }

    /// The field is no column: a rule of the resource keeps what a body gives.
    pub const fn kept_elsewhere(mut self) -> Self {
        if let Some(input) = &mut self.input {
            input.is_column = false;
        }
        self
    }

    /// A body may set it when the record is made; `position` orders the errors.
    pub const fn on_create(mut self, position: u8) -> Self {
        self.input = Some(Input {
            position,
            on_create: true,
            on_update: false,
            required: false,
            default: None,
            settable_from: Rung::EVERYONE,
            is_column: true,
        });
        self
    }

    /// A body may set it when the record is changed.
    pub const fn on_update(self, position: u8) -> Self {
        let mut field = self.on_write(position);
        if let Some(input) = &mut field.input {
            input.on_create = false;
        }
        field
    }

    /// A body may set it when the record is made and when it is changed.
    pub const fn on_write(self, position: u8) -> Self {
        let mut field = self.on_create(position);
        if let Some(input) = &mut field.input {
            input.on_update = true;
        }
        field
    }

    /// A new record must have it.
    pub const fn required(mut self) -> Self {
        if let Some(input) = &mut self.input {
            input.required = true;
        }
        self
    }

    /// A new record without it gets this value.
    pub const fn default(mut self, preset: Preset) -> Self {
        if let Some(input) = &mut self.input {
            input.default = Some(preset);
        }
        self
    }

    /// Callers below `rung` cannot set it: what they send is ignored.
    pub const fn settable_from(mut self, rung: Rung) -> Self {
        if let Some(input) = &mut self.input {
            input.settable_from = rung;
        }
        self
    }
}
