//! Described records in the database: found, changed, and printed with what they include.
//!
//! These functions work for every resource. Each is bound to the caller's account, and the account of a caller is the
//! only one that exists for it: a foreign id is not found, exactly like an unknown one.

use crate::access::{Caller, Context};
use crate::audit::{self, Attributes, Event};
use crate::error::Error;
use crate::store::sql::{self, Statement};
use crate::store::{Db, Row};
use crate::tallies;
use crate::wire::changes::Changes;
use crate::wire::describe::{Association, Field, Resource};
use crate::wire::envelope::{Cells, Envelope};
use crate::wire::kind::{Cell, Value};
use crate::wire::query::{Condition, ListQuery, Paging};

/// A record as it was found.
pub struct Record {
    /// Its resource.
    pub resource: &'static Resource,
    /// Its id.
    pub id: i64,
    values: Vec<Value>,
}

impl Record {
    fn of_row(resource: &'static Resource, row: &Row<'_>) -> Result<Self, crate::store::Error> {
        let values = (0..resource.fields.len()).map(|index| row.cell(index).to_value()).collect();
        Ok(Self { resource, id: row.int(resource.fields.len())?, values })
    }

    /// Every field with its value.
    pub fn values(&self) -> impl Iterator<Item = (&'static Field, &Value)> {
        self.resource.fields.iter().zip(&self.values)
    }

    /// The value of a field.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.values().find(|(field, _)| field.name == name).map(|(_, value)| value)
    }

    /// The number of a field, if it has one.
    pub fn int(&self, name: &str) -> Option<i64> {
        match self.get(name) {
            Some(Value::Int(number)) => Some(*number),
            _ => None,
        }
    }

    /// The text of a field, if it has one.
    pub fn text(&self, name: &str) -> Option<&str> {
        match self.get(name) {
            Some(Value::Text(text)) => Some(text),
            _ => None,
        }
    }
}

/// The record of an id in the account; `NotFound` where there is none.
pub fn find(db: &mut Db, resource: &'static Resource, account: i64, id: Option<i64>) -> Result<Record, Error> {
    let id = id.ok_or(Error::NotFound)?;
    let statement = sql::record(resource, account, id, &[]);
    let found = db.maybe(&statement.text, &statement.params(), |row| Record::of_row(resource, row))?;
    found.ok_or(Error::NotFound)
}

/// Writes the values of `changes` into a record, with the row of the audit trail, and prints the record as it is then.
pub fn update(
    db: &mut Db,
    context: &Context,
    record: &Record,
    changes: &Changes,
    includes: &[&'static Association],
) -> Result<Vec<u8>, Error> {
    let values: Vec<(&'static Field, &Value)> = changes.values().collect();
    let before = record.values().filter(|(field, _)| changes.get(field.name).is_some());
    let event = Event {
        resource: record.resource,
        action: "update",
        id: record.id,
        before: Some(&Attributes::of(before.map(|(field, value)| (field, value.cell())))),
        after: Some(&Attributes::of_values(&values)),
    };
    audit::record(db, context, &event)?;
    let statement = sql::update(record.resource, context.caller.account_id, record.id, context.now.0, &values);
    let envelope = print(db, record.resource, &context.caller, &statement, includes, 1)?;
    if envelope.is_empty() {
        return Err(Error::NotFound);
    }
    Ok(envelope.finish(1, Paging::of_records(1)))
}

/// Prints a record that fulfils the conditions; `NotFound` where there is none.
pub fn show(
    db: &mut Db,
    resource: &'static Resource,
    caller: &Caller,
    id: Option<i64>,
    conditions: &[Condition],
    includes: &[&'static Association],
) -> Result<Vec<u8>, Error> {
    let id = id.ok_or(Error::NotFound)?;
    let statement = sql::record(resource, caller.account_id, id, conditions);
    let envelope = print(db, resource, caller, &statement, includes, 1)?;
    if envelope.is_empty() {
        return Err(Error::NotFound);
    }
    Ok(envelope.finish(1, Paging::of_records(1)))
}

/// Prints records that were just written, ordered by id, which is the order in which they were made.
pub fn show_written(
    db: &mut Db,
    resource: &'static Resource,
    caller: &Caller,
    ids: &[i64],
    includes: &[&'static Association],
) -> Result<Vec<u8>, Error> {
    if let [id] = ids {
        return show(db, resource, caller, Some(*id), &[], includes);
    }
    let statement = sql::records(resource, caller.account_id, ids);
    let envelope = print(db, resource, caller, &statement, includes, ids.len())?;
    let count = i64::try_from(envelope.len()).unwrap_or(i64::MAX);
    Ok(envelope.finish(count, Paging::of_records(ids.len())))
}

/// Prints a list.
pub fn list(
    db: &mut Db,
    resource: &'static Resource,
    caller: &Caller,
    query: &ListQuery,
    includes: &[&'static Association],
) -> Result<Vec<u8>, Error> {
    let statement = sql::list(resource, caller.account_id, query);
    let expected = usize::try_from(query.paging.size).unwrap_or(0);
    let envelope = print(db, resource, caller, &statement, includes, expected)?;
    let count = match tallies::count(db, resource, caller.account_id, query)? {
        Some(count) => count,
        None => {
            let statement = sql::count(resource, caller.account_id, query);
            db.one(&statement.text, &statement.params(), |row| row.int(0))?
        }
    };
    Ok(envelope.finish(count, query.paging))
}

/// Runs a statement of [`sql`] and prints its rows, then what they include.
fn print(
    db: &mut Db,
    resource: &'static Resource,
    caller: &Caller,
    statement: &Statement,
    includes: &[&'static Association],
    expected: usize,
) -> Result<Envelope, Error> {
    let mut envelope = Envelope::new(resource, caller.rung(), expected);
    let mut wanted = Wanted::new(resource, includes);
    db.each(&statement.text, &statement.params(), &mut |row| {
        envelope.push(row);
        wanted.note(row);
        Ok(())
    })?;
    for (target, ids) in wanted.into_targets() {
        envelope.include(target);
        if !ids.is_empty() {
            let statement = sql::records(target, caller.account_id, &ids);
            db.each(&statement.text, &statement.params(), &mut |row| {
                envelope.push_included(target, row);
                Ok(())
            })?;
        }
    }
    Ok(envelope)
}

/// The ids of the records that a page includes, collected while its rows go by.
struct Wanted {
    associations: Vec<WantedAssociation>,
}

struct WantedAssociation {
    column: usize,
    target: &'static Resource,
    ids: Vec<i64>,
}

impl Wanted {
    fn new(resource: &'static Resource, includes: &[&'static Association]) -> Self {
        let wanted = |association: &&'static Association| {
            let column = resource.fields.iter().position(|field| field.name == association.foreign_key)?;
            Some(WantedAssociation { column, target: association.target, ids: Vec::new() })
        };
        Self { associations: includes.iter().filter_map(wanted).collect() }
    }

    fn note(&mut self, row: &dyn Cells) {
        for association in &mut self.associations {
            if let Cell::Int(id) = row.cell(association.column) {
                association.ids.push(id);
            }
        }
    }

    /// One list of ids for each class, in the order in which the classes were first asked for: associations of one
    /// class share a map.
    fn into_targets(self) -> Vec<(&'static Resource, Vec<i64>)> {
        let mut targets: Vec<(&'static Resource, Vec<i64>)> = Vec::new();
        for association in self.associations {
            match targets.iter_mut().find(|(target, _)| target.name == association.target.name) {
                Some((_, ids)) => ids.extend(association.ids),
                None => targets.push((association.target, association.ids)),
            }
        }
        for (_, ids) in &mut targets {
            ids.sort_unstable();
            ids.dedup();
        }
        targets
    }
}
