//! The vocabulary in which a resource is described.
//!
//! The vendor generates its API with a declarative library: a resource is a list of field, filter, sort and association
//! lines, and one engine does paging, counting, envelope and documentation. This is that vocabulary as plain `const`
//! data. The alternative, a struct and a query function per resource, spreads one new filter over six places; here it
//! is one line.
//!
//! Invariants: everything is `'static` and `const`, nothing does I/O or names a particular resource. SQL fragments
//! refer to the resource's own table by the alias `t`, to the account by `?1`, to the rung of the caller by `{rung}`,
//! and to the current day, in days since 1970, by `{today}`.

use std::time::Duration;

mod association;
mod field;
mod filter;
mod operation;
mod writing;

pub use association::{Association, Link, Target};
pub use field::{Field, Input, Kept, ReadFrom, Shown, derived};
pub use filter::{DefaultScope, Filter, Flag, Letters, MOST_LISTED, Restriction, Test};
pub use operation::{Document, FileInput, Operation, Ownership, Parameter, Verb};
pub use writing::{Ceiling, Deletion, Dependents, Nested, Referent, Unique, UniqueIndex, Upsert};

/// A rank among permission levels: higher rungs may do all that lower ones may. The protocol engine only compares
/// rungs; the access rules map levels to them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rung(pub u8);

impl Rung {
    /// Below every level.
    pub const EVERYONE: Self = Self(0);
}

pub struct Resource {
    /// Plural name: path segment, key of the primary map, and root of a bulk body.
    pub name: &'static str,
    /// Root key of a body.
    pub singular: &'static str,
    /// Name of its class: its schema in the API description, and the `subject_type` of rows that belong to its records.
    pub object: &'static str,
    /// One sentence for the reference.
    pub text: &'static str,
    /// Table; every row has an `account_id`.
    pub table: &'static str,
    /// In the order of the wire.
    pub fields: &'static [Field],
    /// In groups, since some recur in several resources.
    pub filters: &'static [&'static [Filter]],
    pub default_scope: Option<DefaultScope>,
    /// Records that only some callers may see.
    pub restriction: Option<Restriction>,
    /// Condition of the records that writes may change; `None` for all.
    pub writable: Option<&'static str>,
    pub sorts: &'static [Sort],
    pub default_order: (&'static str, Direction),
    pub search: Option<Search>,
    pub associations: &'static [Association],
    pub tallies: &'static [Tally],
    pub unique: &'static [Unique],
    pub ceilings: &'static [Ceiling],
    pub upsert: Option<Upsert>,
    pub deletion: Deletion,
    /// What can happen to its records, for those who poll for events: `updated` is the event `user:updated` of a user.
    pub events: &'static [&'static str],
    /// Records that lists leave out once they are old.
    pub window: Option<Window>,
    pub operations: &'static [Operation],
}

/// What can happen to most records.
pub const EVENTS: &[&str] = &["created", "deleted", "updated"];

/// How long lists show a record.
#[derive(Clone, Copy)]
pub struct Window {
    /// When the record was made.
    pub column: &'static str,
    pub lasts: Duration,
}

pub struct Sort {
    /// Name in `order=name:direction`.
    pub name: &'static str,
    /// SQL expression to sort by.
    pub expression: &'static str,
    /// Callers below this rung get the default order, so the order reveals nothing that they cannot see.
    pub usable_from: Rung,
    pub is_nullable: bool,
}

impl Sort {
    pub const fn new(name: &'static str, expression: &'static str) -> Self {
        Self { name, expression, usable_from: Rung::EVERYONE, is_nullable: false }
    }

    pub const fn usable_from(mut self, rung: Rung) -> Self {
        self.usable_from = rung;
        self
    }

    pub const fn nullable(mut self) -> Self {
        self.is_nullable = true;
        self
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Nulls first.
    Ascending,
    /// Nulls last.
    Descending,
}

/// What `search` searches.
pub struct Search {
    /// Columns of lower-case text; a match in any of them is a match.
    pub columns: &'static [&'static str],
    /// Column of the same texts with the start of each word marked by [`super::fold::WORD_START`].
    pub words: &'static str,
}

/// A stored count, so a list with exactly these filters need not count its rows.
pub struct Tally {
    pub name: &'static str,
    /// The conditions of the filters, as written in their flags; empty for the unfiltered list.
    pub conditions: &'static [&'static str],
}

impl Resource {
    /// What most resources have: nothing.
    pub const PLAIN: Self = Self {
        name: "",
        singular: "",
        object: "",
        text: "",
        table: "",
        fields: &[],
        filters: &[],
        default_scope: None,
        restriction: None,
        writable: None,
        sorts: &[],
        default_order: ("id", Direction::Ascending),
        search: None,
        associations: &[],
        tallies: &[],
        unique: &[],
        ceilings: &[],
        upsert: None,
        deletion: Deletion::PLAIN,
        events: &[],
        window: None,
        operations: &[],
    };

    pub fn field(&self, name: &str) -> Option<&'static Field> {
        self.fields.iter().find(|field| field.name == name)
    }

    /// The tables in which attributes are rows.
    pub fn nested(&self) -> impl Iterator<Item = &'static Nested> {
        self.fields.iter().filter_map(|field| match field.input?.kept {
            Kept::Nested(nested) => Some(nested),
            _ => None,
        })
    }

    pub fn filters(&self) -> impl Iterator<Item = &'static Filter> {
        self.filters.iter().copied().flatten()
    }

    /// The value with which this filter lifts the default scope, if it can.
    pub fn lifting_value(&self, filter: &str) -> Option<bool> {
        let scope = self.default_scope.as_ref()?;
        scope.lifted_by.iter().find(|(name, _)| *name == filter).map(|(_, value)| *value)
    }

    pub fn operation(&self, wanted: impl Fn(Verb) -> bool) -> Option<&'static Operation> {
        self.operations.iter().find(|operation| wanted(operation.verb))
    }

    /// Whether one body may create several records.
    pub fn has_bulk(&self) -> bool {
        self.operation(|verb| matches!(verb, Verb::Create { bulk: 2.. })).is_some()
    }

    /// Path below the base path, such as `/account_invitations/{id}/resend`.
    pub fn path(&self, operation: &Operation) -> String {
        match operation.verb {
            Verb::Create { .. } if operation.at.is_some() => {
                format!("/{}/{}", self.name, operation.at.unwrap_or_default())
            }
            Verb::Index | Verb::Create { .. } | Verb::DestroyMany { .. } => format!("/{}", self.name),
            Verb::Show | Verb::Update | Verb::Destroy => format!("/{}/{{id}}", self.name),
            Verb::ShowOwn(word) | Verb::Overview(word) => format!("/{}/{word}", self.name),
            Verb::Action(name) | Verb::Document(name) | Verb::Attach(name) | Verb::Detach(name) => {
                format!("/{}/{{id}}/{}", self.name, operation.at.unwrap_or(name))
            }
        }
    }
}
