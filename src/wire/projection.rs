//! What is read and printed of a record: its columns, in the order of the wire.
//!
//! The fields of a resource are not all printed to everybody, and some keys are there only when a request asks for them
//! (protocol.md section 3, rules B9 and B15). A projection decides that once for a request. It is both the list of
//! columns of a statement and the list of keys of an object, so that the two cannot disagree: the cell of a row at some
//! index belongs to the column at that index, and the cell after the last one is the record's id.

use super::describe::{Association, Field, Link, Resource, Rung, Shown, Target};
use super::kind::Kind;
use super::params::Tree;
use super::query;

/// The columns of a record.
pub struct Projection {
    resource: &'static Resource,
    columns: Vec<Column>,
    included: Vec<Included>,
    /// Whether every column is a field, and so an expression of the record's own row.
    is_of_one_row: bool,
}

/// A column, which is also a key of the printed object.
#[derive(Clone, Copy)]
pub struct Column {
    /// Key.
    pub name: &'static str,
    /// How the value is printed.
    pub kind: Kind,
    /// What it is read from.
    pub source: Source,
}

/// What a column is read from.
#[derive(Clone, Copy)]
pub enum Source {
    /// An expression.
    Expression(&'static str),
    /// The ids of related rows, as in [`Link::Many`].
    Ids {
        /// Expression of an id.
        id: &'static str,
        /// Where the ids are found.
        rows: &'static str,
    },
}

/// A class of records that an answer includes.
#[derive(Clone, Copy)]
pub struct Included {
    /// Index of the column with the ids.
    pub column: usize,
    /// What they are ids of.
    pub target: Target,
}

impl Projection {
    /// What a reader on `rung` sees of a record without asking for more: that is also what other answers include of it.
    pub fn plain(resource: &'static Resource, rung: Rung) -> Self {
        Self::of_fields(resource, |field| matches!(field.shown, Shown::From(from) if rung >= from))
    }

    /// What a request of a reader on `rung` asks for, by `optional_fields` and `include`.
    pub fn read(resource: &'static Resource, params: &Tree, rung: Rung) -> Self {
        let optional = query::optional_fields(params);
        let mut projection = Self::of_fields(resource, |field| match field.shown {
            Shown::From(from) => rung >= from,
            Shown::OnRequest => optional.contains(&field.name),
            Shown::Never => false,
        });
        projection.include(&query::includes(resource, params));
        projection
    }

    /// Every field, printed or not: what rules look at.
    pub fn whole(resource: &'static Resource) -> Self {
        Self::of_fields(resource, |_| true)
    }

    fn of_fields(resource: &'static Resource, is_wanted: impl Fn(&Field) -> bool) -> Self {
        let column =
            |field: &Field| Column { name: field.name, kind: field.kind, source: Source::Expression(field.select) };
        let mut columns = Vec::with_capacity(resource.fields.len());
        columns.extend(resource.fields.iter().filter(|field| is_wanted(field)).map(column));
        Self { resource, columns, included: Vec::new(), is_of_one_row: true }
    }

    /// Adds what associations need: their keys in the order of the description, their maps in the order in which they were
    /// asked for (protocol-corners D1).
    fn include(&mut self, wanted: &[&'static Association]) {
        for association in self.resource.associations {
            if wanted.iter().any(|other| other.name == association.name)
                && let Some(column) = key_column(association)
            {
                self.columns.push(column);
                self.is_of_one_row = false;
            }
        }
        let included = |association: &&'static Association| {
            let column = self.columns.iter().position(|column| column.name == association.key)?;
            Some(Included { column, target: association.target })
        };
        self.included = wanted.iter().filter_map(included).collect();
    }

    /// The resource.
    pub fn resource(&self) -> &'static Resource {
        self.resource
    }

    /// The columns.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// What the answer includes.
    pub fn included(&self) -> &[Included] {
        &self.included
    }

    /// Whether every column is an expression of the record's own row.
    pub fn is_of_one_row(&self) -> bool {
        self.is_of_one_row
    }
}

/// The column of an association whose key is no field.
fn key_column(association: &Association) -> Option<Column> {
    let (kind, source) = match association.link {
        Link::Field => return None,
        Link::One(id) => (Kind::Id(association.target.name()), Source::Expression(id)),
        Link::Empty => (Kind::Ids(association.target.name()), Source::Expression("'[]'")),
        Link::Many { id, rows } => (Kind::Ids(association.target.name()), Source::Ids { id, rows }),
    };
    Some(Column { name: association.key, kind, source })
}
