//! What is read and printed of a record: its columns, in the order of the wire.
//!
//! The fields of a resource are not all printed to everybody, and some keys are there only when a request asks for them
//! (protocol.md section 3, rules B9 and B15). A projection decides that once for a request. It is both the list of
//! columns of a statement and the list of keys of an object, so that the two cannot disagree: the cell of a row at some
//! index belongs to the column at that index, and the cell after the last one is the record's id.

use crate::wire::describe::{Association, Field, Link, Resource, Rung, Shown, Target};
use crate::wire::kind::{Dates, Kind};
use crate::wire::params::Tree;
use crate::wire::query;

/// The columns of a record.
pub struct Projection {
    resource: &'static Resource,
    columns: Vec<Column>,
    included: Vec<Included>,
    /// Whether every column is a field, and so an expression of the record's own row.
    is_of_one_row: bool,
    dates: Dates,
}

/// A column, which is also a key of the printed object: no more than a pointer to its line of the description, since a
/// request makes a dozen of them and hands them to another thread.
#[derive(Clone, Copy)]
pub enum Column {
    /// A field.
    Field(&'static Field),
    /// The key of an association that is no field.
    Key(&'static Association),
}

impl Column {
    /// Key.
    pub fn name(self) -> &'static str {
        match self {
            Self::Field(field) => field.name,
            Self::Key(association) => association.key,
        }
    }

    /// How the value is printed.
    pub fn kind(self) -> Kind {
        match self {
            Self::Field(field) => field.kind,
            Self::Key(association) => match association.link {
                Link::One(_) | Link::Field => Kind::Id(association.target.name()),
                Link::Many { .. } | Link::Empty => Kind::Ids(association.target.name()),
            },
        }
    }

    /// What it is read from.
    pub fn source(self) -> Source {
        match self {
            Self::Field(field) => Source::Expression(field.select),
            Self::Key(association) => match association.link {
                Link::One(id) => Source::Expression(id),
                Link::Many { id, rows } => Source::Ids { id, rows },
                Link::Empty => Source::Expression("'[]'"),
                // Its field is the column.
                Link::Field => Source::Expression("NULL"),
            },
        }
    }
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
        let mut columns = Vec::with_capacity(resource.fields.len());
        columns.extend(resource.fields.iter().filter(|field| is_wanted(field)).map(Column::Field));
        Self { resource, columns, included: Vec::new(), is_of_one_row: true, dates: Dates::default() }
    }

    /// Adds what associations need: their keys in the order of the description, their maps in the order in which they were
    /// asked for (protocol-corners D1).
    fn include(&mut self, wanted: &[&'static Association]) {
        for association in self.resource.associations {
            let is_wanted = wanted.iter().any(|other| other.name == association.name);
            if is_wanted && !matches!(association.link, Link::Field) {
                self.columns.push(Column::Key(association));
                self.is_of_one_row = false;
            }
        }
        let included = |association: &&'static Association| {
            let column = self.columns.iter().position(|column| column.name() == association.key)?;
            Some(Included { column, target: association.target })
        };
        self.included = wanted.iter().filter_map(included).collect();
    }

    /// The same with days written so.
    #[must_use]
    pub fn with_dates(self, dates: Dates) -> Self {
        Self { dates, ..self }
    }

    /// How days are written.
    pub fn dates(&self) -> Dates {
        self.dates
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
