//! How records are written and deleted: what the engine judges and does for every resource, so that a plain one needs
//! no code of its own.

use crate::wire::describe::Resource;
use crate::wire::kind::{Kind, Property};

/// The records of the account that an id in a body may name.
#[derive(Clone, Copy)]
pub struct Referent {
    pub table: &'static str,
    /// Condition of those rows.
    pub condition: &'static str,
    /// For the message: `an active role`.
    pub what: &'static str,
}

/// A unique index whose violation a rule expects. PostgreSQL reports the index, SQLite its columns unless it is an
/// index on an expression.
#[derive(Clone, Copy, Debug)]
pub struct UniqueIndex {
    pub name: &'static str,
    /// Written `table.column, table.column`.
    pub columns: &'static str,
}

/// A unique index, and the refusal of a record that is in its way.
pub struct Unique {
    pub index: UniqueIndex,
    pub field: &'static str,
    pub message: &'static str,
}

/// The most records of an account, or of those that have the same value in a field.
pub struct Ceiling {
    pub most: i64,
    /// The field; `None` for the whole account.
    pub per: Option<&'static str>,
    pub message: &'static str,
}

/// An object in a body that is a row of another table, one for each value of its key and each subject.
///
/// The table has the columns `account_id`, `subject_type`, `subject_id`, one for each property, `created_at` and
/// `updated_at`.
pub struct Nested {
    pub table: &'static str,
    pub properties: &'static [Property],
    /// The property that is unique for a subject.
    pub key: &'static str,
}

impl Nested {
    pub const fn kind(&'static self) -> Kind {
        Kind::Object(self.properties)
    }
}

/// A resource in which a body that names an existing record by these fields changes that record.
#[derive(Clone, Copy)]
pub struct Upsert {
    pub key: &'static [&'static str],
    /// Whether a new record, with a new id, takes the place of one that would change.
    pub renews: bool,
}

/// What deleting a record means.
pub struct Deletion {
    /// Tables and their columns: a record that one of them names only leaves the lists, by its column `deleted_at`.
    pub kept_by: &'static [(&'static str, &'static str)],
    /// Rows that go with the record.
    pub takes_along: &'static [Dependents],
}

/// Rows that make no sense without the record.
pub struct Dependents {
    pub table: &'static str,
    /// Their condition, with the account as `?1` and the id of the record as `?2`.
    pub condition: &'static str,
    /// The tally that counts them.
    pub tally: Option<&'static str>,
    /// The resource whose records they are, if it has events.
    pub resource: Option<&'static Resource>,
}

impl Deletion {
    /// The row goes, and nothing else.
    pub const PLAIN: Self = Self { kept_by: &[], takes_along: &[] };
}
