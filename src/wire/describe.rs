//! The vocabulary in which a resource is described.
//!
//! The vendor's API is printed by a declarative library: a resource is a list of field, filter, sort and association
//! lines, and one engine does paging, counting, envelope and documentation. This module is that vocabulary as plain
//! `const` data. The alternative, a struct and a query function for each resource, puts one new filter into six places;
//! here it is one line.
//!
//! Invariants: everything is `'static` and `const`, nothing here does I/O, and no line names a particular resource.
//! SQL fragments refer to the resource's own table by the alias `t`.

use super::kind::Kind;

/// A place on a ladder of permission levels: higher rungs may do all that lower ones may.
///
/// The engine only compares rungs; which level stands on which rung is the business of the access rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rung(pub u8);

impl Rung {
    /// Below every level: what is open to this rung is open to every caller.
    pub const EVERYONE: Self = Self(0);
}

/// Everything the engine knows about one kind of record.
pub struct Resource {
    /// Plural name: path segment, key of the primary map, and root of a bulk body.
    pub name: &'static str,
    /// Singular name: root key of a body.
    pub singular: &'static str,
    /// Name of the object's schema in the API description.
    pub object: &'static str,
    /// One sentence for the reference.
    pub text: &'static str,
    /// Table, as in `UPDATE table`.
    pub table: &'static str,
    /// `FROM` clause; the resource's own table has the alias `t`, and every row belongs to `t.account_id`.
    pub from: &'static str,
    /// Fields in the order in which they are printed.
    pub fields: &'static [Field],
    /// Filters of list and show.
    pub filters: &'static [Filter],
    /// Names that `order` accepts.
    pub sorts: &'static [Sort],
    /// The order of a list that asks for none.
    pub default_order: (&'static str, Direction),
    /// Texts that `search` looks into, where the resource has a search.
    pub search: Option<Search>,
    /// Names that `include` accepts.
    pub associations: &'static [Association],
    /// Counts that are kept as rows beside the data, so that a list need not count.
    pub tallies: &'static [Tally],
    /// What can be done with the resource.
    pub operations: &'static [Operation],
}

/// One key of the printed object, one attribute of a body, or both.
#[derive(Clone, Copy)]
pub struct Field {
    /// Wire name, which is also the name of the column that an update writes.
    pub name: &'static str,
    /// Syntax and printing of the value.
    pub kind: Kind,
    /// SQL expression that reads it, of nothing but the resource's own table.
    pub select: &'static str,
    /// The lowest rung that sees it; `None` is never printed.
    pub shown_from: Option<Rung>,
    /// Whether null is a value of it.
    pub nullable: bool,
    /// How a body may set it; `None` is read-only.
    pub input: Option<Input>,
    /// One sentence for the reference.
    pub text: &'static str,
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
        Self { name, kind, select, shown_from: Some(Rung::EVERYONE), nullable: false, input: None, text }
    }

    /// The field may be null.
    pub const fn nullable(mut self) -> Self {
        self.nullable = true;
        self
    }

    /// The key is absent for readers below `rung` (protocol rule B15).
    pub const fn shown_from(mut self, rung: Rung) -> Self {
        self.shown_from = Some(rung);
        self
    }

    /// The field is stored and settable, but never printed.
    pub const fn hidden(mut self) -> Self {
        self.shown_from = None;
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
        });
        self
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

/// A query parameter that narrows a list.
pub struct Filter {
    /// Name of the query parameter.
    pub name: &'static str,
    /// What it tests.
    pub test: Test,
    /// One sentence for the reference.
    pub text: &'static str,
}

/// What a filter tests. SQL fragments are whole boolean expressions over `t`.
pub enum Test {
    /// A truth value; each side is a condition or no restriction. Flags act on show as well as on lists.
    Flag {
        /// Condition of `true`.
        when_true: Option<&'static str>,
        /// Condition of `false`.
        when_false: Option<&'static str>,
        /// Value that holds when the parameter is absent or blank and default filters are on.
        default: Option<bool>,
    },
    /// Case-insensitive substring of a column that holds lower-case text.
    Contains(&'static str),
}

/// A name that `order` accepts.
pub struct Sort {
    /// Name in `order=name:direction`.
    pub name: &'static str,
    /// SQL expression to sort by.
    pub expression: &'static str,
    /// Callers below this rung get the default order instead, so that the order leaks nothing.
    pub usable_from: Rung,
}

impl Sort {
    /// A sort that every caller may use.
    pub const fn new(name: &'static str, expression: &'static str) -> Self {
        Self { name, expression, usable_from: Rung::EVERYONE }
    }

    /// Callers below `rung` get the default order instead.
    pub const fn usable_from(mut self, rung: Rung) -> Self {
        self.usable_from = rung;
        self
    }
}

/// Direction of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Smallest first, nulls before everything.
    Ascending,
    /// Largest first, nulls after everything.
    Descending,
}

/// Where `search` looks.
pub struct Search {
    /// Columns of lower-case text; a match in any of them is a match.
    pub columns: &'static [&'static str],
    /// Column of the same texts with every start of a word marked by [`super::fold::WORD_START`].
    pub words: &'static str,
}

/// A name that `include` accepts.
pub struct Association {
    /// Name in `include`.
    pub name: &'static str,
    /// The printed field that holds the other record's id.
    pub foreign_key: &'static str,
    /// The resource of the other record; its plural name is the key of the included map.
    pub target: &'static Resource,
}

/// A count that is kept as a row: the number of rows that a list with exactly these filters would count.
pub struct Tally {
    /// Key of the row.
    pub name: &'static str,
    /// The conditions in force, as written in the flags; empty for the unfiltered list.
    pub conditions: &'static [&'static str],
}

/// Something that can be done with a resource.
#[derive(Clone, Copy)]
pub struct Operation {
    /// Which.
    pub verb: Verb,
    /// Identifier in the API description.
    pub id: &'static str,
    /// One sentence for the reference.
    pub text: &'static str,
}

/// The forms that operations have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// `GET /resources`.
    Index,
    /// `GET /resources/{id}`.
    Show,
    /// `POST /resources`, with the number of records that one bulk body may hold (1: no bulk).
    Create {
        /// Most elements of a bulk body.
        bulk: usize,
    },
    /// `PUT /resources/{id}`, `PATCH` is the same.
    Update,
    /// `DELETE /resources/{id}`.
    Destroy,
    /// `PUT /resources/{id}/name`.
    Action(&'static str),
}

impl Verb {
    /// Name of the verb in policies, audit rows, logs and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Index => "list",
            Self::Show => "show",
            Self::Create { .. } => "create",
            Self::Update => "update",
            Self::Destroy => "delete",
            Self::Action(name) => name,
        }
    }

    /// The HTTP method.
    pub const fn method(self) -> &'static str {
        match self {
            Self::Index | Self::Show => "GET",
            Self::Create { .. } => "POST",
            Self::Update | Self::Action(_) => "PUT",
            Self::Destroy => "DELETE",
        }
    }

    /// Whether the operation changes data, and so whether its body is read (protocol-corners B5).
    pub const fn reads_body(self) -> bool {
        matches!(self, Self::Create { .. } | Self::Update | Self::Action(_))
    }
}

impl Resource {
    /// The field of that name, which the description must have.
    pub fn field(&self, name: &str) -> Option<&'static Field> {
        self.fields.iter().find(|field| field.name == name)
    }

    /// The operation of that form.
    pub fn operation(&self, wanted: impl Fn(Verb) -> bool) -> Option<&'static Operation> {
        self.operations.iter().find(|operation| wanted(operation.verb))
    }

    /// How many records one body can make; 1 where there is no bulk.
    pub fn most_in_bulk(&self) -> usize {
        let bulk = |operation: &Operation| match operation.verb {
            Verb::Create { bulk } => Some(bulk),
            _ => None,
        };
        self.operations.iter().find_map(bulk).unwrap_or(1)
    }

    /// Path below the base path, such as `/account_invitations/{id}/resend`.
    pub fn path(&self, verb: Verb) -> String {
        match verb {
            Verb::Index | Verb::Create { .. } => format!("/{}", self.name),
            Verb::Show | Verb::Update | Verb::Destroy => format!("/{}/{{id}}", self.name),
            Verb::Action(action) => format!("/{}/{{id}}/{action}", self.name),
        }
    }
}
