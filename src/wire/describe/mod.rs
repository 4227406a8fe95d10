//! The vocabulary in which a resource is described.
//!
//! The vendor's API is printed by a declarative library: a resource is a list of field, filter, sort and association
//! lines, and one engine does paging, counting, envelope and documentation. This module is that vocabulary as plain
//! `const` data. The alternative, a struct and a query function for each resource, puts one new filter into six places;
//! here it is one line.
//!
//! Invariants: everything is `'static` and `const`, nothing here does I/O, and no line names a particular resource.
//! SQL fragments refer to the resource's own table by the alias `t`, and to the account that is asked for by `?1`.

mod association;
mod field;
mod filter;
mod operation;

pub use association::{Association, Link, Target};
pub use field::{Field, Input, Preset, Shown};
pub use filter::{DefaultScope, Filter, Letters, MOST_TEXTS, Relation, Test};
pub use operation::{Operation, Verb};

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
    /// Table; every row belongs to `account_id`.
    pub table: &'static str,
    /// Fields in the order in which they are printed.
    pub fields: &'static [Field],
    /// Filters of list and show.
    pub filters: &'static [Filter],
    /// What list and show leave out unless a filter asks for it.
    pub default_scope: Option<DefaultScope>,
    /// Condition of the records that writes find; `None` for all of the account.
    pub writable: Option<&'static str>,
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

/// A name that `order` accepts.
pub struct Sort {
    /// Name in `order=name:direction`.
    pub name: &'static str,
    /// SQL expression to sort by.
    pub expression: &'static str,
    /// Callers below this rung get the default order instead, so that the order leaks nothing.
    pub usable_from: Rung,
    /// Whether it may have no value.
    pub is_nullable: bool,
}

impl Sort {
    /// A sort that every caller may use.
    pub const fn new(name: &'static str, expression: &'static str) -> Self {
        Self { name, expression, usable_from: Rung::EVERYONE, is_nullable: false }
    }

    /// Callers below `rung` get the default order instead.
    pub const fn usable_from(mut self, rung: Rung) -> Self {
        self.usable_from = rung;
        self
    }

    /// It may have no value, and then comes first when ascending.
    pub const fn nullable(mut self) -> Self {
        self.is_nullable = true;
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

/// A count that is kept as a row: the number of rows that a list with exactly these filters would count.
pub struct Tally {
    /// Key of the row.
    pub name: &'static str,
    /// The conditions in force, as written in the flags; empty for the unfiltered list.
    pub conditions: &'static [&'static str],
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
            Verb::ShowOwn(word) => format!("/{}/{word}", self.name),
            Verb::Action(action) => format!("/{}/{{id}}/{action}", self.name),
        }
    }
}
