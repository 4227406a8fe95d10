//! What is read and printed of a record: its columns, in the order of the wire.
//!
//! Some fields are printed only for some callers, and some keys only if a request asks for them (rules B9 and B15). A
//! projection decides that once per request. It is both the column list of a statement and the key list of an object,
//! so the two cannot disagree: each cell of a row belongs to the column at its index, and the last one is the id.

use std::sync::Arc;

use crate::wire::describe::{Association, Field, Link, Resource, Rung, Shown, Target};
use crate::wire::kind::{Dates, Kind};
use crate::wire::params::Tree;
use crate::wire::query;

pub struct Projection {
    resource: &'static Resource,
    columns: Vec<Column>,
    included: Vec<Included>,
    dates: Dates,
    /// In days since 1970, for expressions with `{today}`.
    today: i64,
    /// The address of this server, for pictures.
    base_url: Arc<str>,
    /// Of the reader, for expressions with `{rung}`.
    rung: Rung,
}

/// Names of fields by the name of their resource.
pub type Withheld = Vec<(&'static str, Vec<&'static str>)>;

/// A column, which is also a key of the printed object. Only a pointer into the description, since every request makes
/// a dozen and sends them to another thread.
#[derive(Clone, Copy)]
pub enum Column {
    Field(&'static Field),
    /// The key of an association that is not a field.
    Key(&'static Association),
}

impl Column {
    pub fn name(self) -> &'static str {
        match self {
            Self::Field(field) => field.name,
            Self::Key(association) => association.key,
        }
    }

    pub fn kind(self) -> Kind {
        match self {
            Self::Field(field) => field.kind,
            Self::Key(association) => association.kind(),
        }
    }
}

/// A class of records that an answer includes.
pub struct Included {
    pub target: Target,
    /// Indices of the columns with the ids: associations of one class share a map.
    pub columns: Vec<usize>,
    /// Whether only pointers can name it, so that its map is left out if none does.
    pub is_pointed: bool,
}

impl Projection {
    /// What a reader on `rung` sees by default, and when other answers include the record.
    pub fn plain(resource: &'static Resource, rung: Rung) -> Self {
        Self::of_fields(resource, |field| matches!(field.shown, Shown::From(from) if rung >= from)).on_rung(rung)
    }

    /// What a reader on `rung` sees with the `optional_fields` and `include` of a request.
    pub fn read(resource: &'static Resource, params: &Tree, rung: Rung) -> Self {
        let optional = query::optional_fields(params);
        let mut projection = Self::of_fields(resource, |field| match field.shown {
            Shown::From(from) => rung >= from,
            Shown::OnRequest => optional.contains(&field.name),
            Shown::OnRequestBeside(flag, from) => {
                rung >= from && optional.contains(&field.name) && query::is_true(params, flag)
            }
            Shown::Never => false,
        });
        projection.include(&query::includes(resource, params, rung));
        projection.on_rung(rung)
    }

    /// Every field, printed or not, for rules.
    pub fn whole(resource: &'static Resource) -> Self {
        Self::of_fields(resource, |_| true)
    }

    /// Only the id.
    pub fn of_nothing(resource: &'static Resource) -> Self {
        Self::of_fields(resource, |_| false)
    }

    fn of_fields(resource: &'static Resource, is_wanted: impl Fn(&Field) -> bool) -> Self {
        let mut columns = Vec::with_capacity(resource.fields.len());
        columns.extend(resource.fields.iter().filter(|field| is_wanted(field)).map(Column::Field));
        let (included, dates, today) = (Vec::new(), Dates::default(), 0);
        Self { resource, columns, included, dates, today, base_url: Arc::default(), rung: Rung::EVERYONE }
    }

    /// Adds associations: their keys in the order of the description, their maps in the order of the request (rule D1).
    fn include(&mut self, wanted: &[&'static Association]) {
        for association in self.resource.associations {
            let is_wanted = wanted.iter().any(|other| other.name == association.name);
            if is_wanted && !matches!(association.link, Link::Field) {
                self.columns.push(Column::Key(association));
            }
        }
        for Association { key, target, .. } in wanted {
            let Some(column) = self.columns.iter().position(|column| column.name() == *key) else { continue };
            match target {
                Target::Pointed(resources) => {
                    for resource in *resources {
                        self.include_column(Target::Records(resource), column, true);
                    }
                }
                _ => self.include_column(*target, column, false),
            }
        }
    }

    fn include_column(&mut self, target: Target, column: usize, is_pointed: bool) {
        match self.included.iter_mut().find(|known| known.target.name() == target.name()) {
            Some(known) => {
                known.columns.push(column);
                known.is_pointed &= is_pointed;
            }
            None => self.included.push(Included { target, columns: vec![column], is_pointed }),
        }
    }

    #[must_use]
    pub fn with_dates(self, dates: Dates) -> Self {
        Self { dates, ..self }
    }

    /// With the day, in UTC, on which it is read.
    #[must_use]
    pub fn on_day(self, today: i64) -> Self {
        Self { today, ..self }
    }

    /// With the address of this server.
    #[must_use]
    pub fn at_address(self, base_url: Arc<str>) -> Self {
        Self { base_url, ..self }
    }

    /// With what another projection knows of the request.
    #[must_use]
    pub fn like(self, other: &Self) -> Self {
        Self { dates: other.dates, today: other.today, base_url: Arc::clone(&other.base_url), ..self }
    }

    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// For a reader on this rung.
    #[must_use]
    pub fn on_rung(self, rung: Rung) -> Self {
        Self { rung, ..self }
    }

    pub fn rung(&self) -> Rung {
        self.rung
    }

    pub fn today(&self) -> i64 {
        self.today
    }

    pub fn dates(&self) -> Dates {
        self.dates
    }

    pub fn resource(&self) -> &'static Resource {
        self.resource
    }

    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    pub fn included(&self) -> &[Included] {
        &self.included
    }

    /// The tallies that bound how many ids each printed record lists, one for each association that has one.
    pub fn tallies(&self) -> impl Iterator<Item = &'static str> {
        self.columns.iter().filter_map(|column| match column {
            Column::Key(Association { link: Link::Many { tally, .. }, .. }) => *tally,
            _ => None,
        })
    }

    /// The fields that a reader on `rung` may not see of these records, by the keys of their maps.
    pub fn withheld(&self, rung: Rung) -> Withheld {
        let included = self.included.iter().filter_map(|included| match included.target {
            Target::Records(resource) => Some(resource),
            Target::Pointed(_) | Target::Nothing(_) => None,
        });
        let of_resource = |resource: &'static Resource| {
            let hidden = |field: &&Field| matches!(field.shown, Shown::From(from) if rung < from);
            let names = resource.fields.iter().filter(hidden).map(|field| field.name);
            (resource.name, names.collect::<Vec<_>>())
        };
        let all = std::iter::once(self.resource).chain(included).map(of_resource);
        all.filter(|(_, names)| !names.is_empty()).collect()
    }

    /// Whether every column is a field, and so in the record's own row.
    pub fn is_of_one_row(&self) -> bool {
        self.columns.iter().all(|column| matches!(column, Column::Field(_)))
    }
}
