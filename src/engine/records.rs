//! Described records in the database: found, changed, and printed with what they include.
//!
//! These functions work for every resource, within the caller's account: a foreign id is not found, exactly like an
//! unknown one.

use std::collections::HashSet;

use crate::engine::access::Caller;
use crate::engine::audit::{Attributes, AuditEntry};
use crate::engine::context::{Context, WriteMode};
use crate::engine::error::Error;
use crate::engine::tallies;
use crate::ids::{AccountId, Id, RecordId};
use crate::store::sql::{self, Key, Statement};
use crate::store::{self, Db};
use crate::wire::changes::{Changes, Violation, is_column};
use crate::wire::condition::Condition;
use crate::wire::describe::{Field, ReadFrom, Resource, Target};
use crate::wire::envelope::{Cells, Envelope};
use crate::wire::kind::{Cell, Value, ids_in, pointed_id};
use crate::wire::projection::Projection;
use crate::wire::query::{self, ListQuery, Paging};

/// Most ids of related records in one answer, a tenth of a second's work.
const MOST_IDS: i64 = 250_000;

/// A record as it was found.
pub struct Record {
    pub resource: &'static Resource,
    pub id: RecordId,
    values: Vec<Value>,
}

impl Record {
    pub fn values(&self) -> impl Iterator<Item = (&'static Field, &Value)> {
        self.resource.fields.iter().zip(&self.values)
    }

    pub fn get(&self, name: &str) -> Option<&Value> {
        self.values().find(|(field, _)| field.name == name).map(|(_, value)| value)
    }

    /// The same, if it is the stored value itself and not made from others.
    pub fn stored(&self, name: &str) -> Option<&Value> {
        let is_stored = |field: &&Field| matches!(field.read_from, ReadFrom::Column);
        self.resource.field(name).filter(is_stored).and_then(|field| self.get(field.name))
    }

    /// Every field, for the audit trail.
    pub fn attributes(&self) -> Attributes {
        Attributes::of(self.values())
    }

    /// The number in a field; `id` is the record's own.
    pub fn int(&self, name: &str) -> Option<i64> {
        match self.get(name) {
            Some(Value::Int(number)) => Some(*number),
            None if name == "id" => Some(self.id.get()),
            _ => None,
        }
    }

    /// The id in a field. The caller names the kind that the description says.
    pub fn id_in<const KIND: char>(&self, name: &str) -> Option<Id<KIND>> {
        self.int(name).map(Id::new)
    }

    pub fn text(&self, name: &str) -> Option<&str> {
        match self.get(name) {
            Some(Value::Text(text)) => Some(text),
            _ => None,
        }
    }
}

/// Finds a record in order to write to it: locked until the transaction ends, and only if it is writable.
pub fn find(
    db: &mut Db,
    resource: &'static Resource,
    account: AccountId,
    id: Option<RecordId>,
) -> Result<Record, Error> {
    find_for(db, resource, &Caller::operator(account), id)
}

/// The same, if the caller may see the record.
pub fn find_for(
    db: &mut Db,
    resource: &'static Resource,
    caller: &Caller,
    id: Option<RecordId>,
) -> Result<Record, Error> {
    let (account, id) = (caller.account_id, id.ok_or(Error::NotFound)?);
    let mut writable: Vec<Condition> = resource.writable.into_iter().map(Condition::Fixed).collect();
    writable.extend(query::restriction(resource, caller.rung()));
    let key = Key { account: account.get(), id: id.get() };
    let statement =
        sql::record_to_write(db.dialect(), &Projection::whole(resource).on_rung(caller.rung()), key, &writable);
    let found = db.maybe(&statement.text, &statement.params(), |row| {
        let values = (0..resource.fields.len()).map(|index| row.cell(index).to_value()).collect();
        Ok(Record { resource, id: row.id(resource.fields.len())?, values })
    })?;
    found.ok_or(Error::NotFound)
}

/// Writes `changes` to a record and, if there are any, to the audit trail, and prints the new record.
pub fn update(
    db: &mut Db,
    context: &Context,
    record: &Record,
    changes: &Changes,
    projection: &Projection,
) -> Result<Vec<u8>, Error> {
    note_update(db, context, record, changes)?;
    let statement = statement_of_update(db, context, record, changes, projection);
    let refuse = |error: store::Error| refusal(record.resource, changes, error);
    if projection.is_of_one_row() {
        expect_last(db, context, projection);
        let envelope = print(db, projection, &context.caller, &statement, 1).map_err(refuse)?;
        return finish_one(envelope);
    }
    let written = db.maybe(&statement.text, &statement.params(), |row| row.id(0)).map_err(refuse)?;
    expect_last(db, context, projection);
    show(db, projection, &context.caller, written, &[])
}

/// The same without printing it.
pub fn write(db: &mut Db, context: &Context, record: &Record, changes: &Changes) -> Result<(), Error> {
    note_update(db, context, record, changes)?;
    let statement = statement_of_update(db, context, record, changes, &Projection::of_nothing(record.resource));
    let written = db.maybe(&statement.text, &statement.params(), |row| row.id::<RecordId>(0));
    written.map(drop).map_err(|error| refusal(record.resource, changes, error))
}

fn note_update(db: &mut Db, context: &Context, record: &Record, changes: &Changes) -> Result<(), Error> {
    if changes.values().next().is_none() {
        return Ok(());
    }
    // The record lacks fields that are stored elsewhere, so only their new values get into the trail.
    let before = record.values().filter(|(field, _)| changes.get(field.name).is_some() && is_column(field));
    let entry = AuditEntry::of(context, record.resource, "update", record.id).before(Attributes::of(before));
    Ok(entry.after(Attributes::of(changes.values())).write(db)?)
}

fn statement_of_update(
    db: &Db,
    context: &Context,
    record: &Record,
    changes: &Changes,
    projection: &Projection,
) -> Statement {
    let key = Key { account: context.caller.account_id.get(), id: record.id.get() };
    sql::update(db.dialect(), projection, key, context.now.0, &changes.columns())
}

/// A unique index stands behind a rule: it refuses a concurrent write that got past the rule first.
pub fn refusal(resource: &Resource, changes: &Changes, error: store::Error) -> Error {
    match resource.unique.iter().find(|unique| error.is_violation_of(unique.index)) {
        Some(unique) => Error::Invalid(vec![Violation::of(unique.field, changes.index(), unique.message)]),
        None => error.into(),
    }
}

/// Announces the last statement of a job: one that prints everything, with nothing after it.
fn expect_last(db: &mut Db, context: &Context, projection: &Projection) {
    if context.mode == WriteMode::Whole && projection.included().is_empty() {
        db.expect_last();
    }
}

/// Prints a record that meets the conditions.
pub fn show(
    db: &mut Db,
    projection: &Projection,
    caller: &Caller,
    id: Option<RecordId>,
    conditions: &[Condition],
) -> Result<Vec<u8>, Error> {
    let id = id.ok_or(Error::NotFound)?;
    let key = Key { account: caller.account_id.get(), id: id.get() };
    let statement = sql::record(db.dialect(), projection, key, conditions);
    finish_one(print(db, projection, caller, &statement, 1)?)
}

fn finish_one(envelope: Envelope<'_>) -> Result<Vec<u8>, Error> {
    if envelope.ids().is_empty() { Err(Error::NotFound) } else { Ok(envelope.finish(1, Paging::of_records(1))) }
}

/// Prints records that were just written, ordered by id.
pub fn show_written(
    db: &mut Db,
    context: &Context,
    projection: &Projection,
    ids: &[RecordId],
) -> Result<Vec<u8>, Error> {
    let caller = &context.caller;
    expect_last(db, context, projection);
    if let [id] = ids {
        return show(db, projection, caller, Some(*id), &[]);
    }
    let numbers: Vec<i64> = ids.iter().map(|id| id.get()).collect();
    let statement = sql::records(db.dialect(), projection, caller.account_id.get(), &numbers, &[]);
    let envelope = print(db, projection, caller, &statement, ids.len())?;
    let count = i64::try_from(envelope.ids().len()).unwrap_or(i64::MAX);
    Ok(envelope.finish(count, Paging::of_records(ids.len())))
}

pub fn list(db: &mut Db, projection: &Projection, caller: &Caller, query: &ListQuery) -> Result<Vec<u8>, Error> {
    let statement = sql::list(db.dialect(), projection, caller.account_id.get(), query);
    let expected = usize::try_from(query.most_rows()).unwrap_or(0);
    require_few_ids(db, projection, caller, query.most_rows())?;
    let envelope = print(db, projection, caller, &statement, expected)?;
    let resource = projection.resource();
    let count = match tallies::count(db, resource, caller.account_id, query)? {
        Some(count) => count,
        None => {
            let statement = sql::count(db.dialect(), resource, caller.account_id.get(), query);
            db.one(&statement.text, &statement.params(), |row| row.int(0))?
        }
    };
    Ok(envelope.finish(count, query.paging))
}

/// Refuses an answer that might list enough ids to occupy a database thread for long. Judged by the tallies, before the
/// work.
fn require_few_ids(db: &mut Db, projection: &Projection, caller: &Caller, records: i64) -> Result<(), Error> {
    let mut ids = 0_i64;
    for tally in projection.tallies() {
        ids = ids.saturating_add(tallies::total(db, caller.account_id, tally)?.saturating_mul(records));
    }
    if ids > MOST_IDS {
        return Err(Error::Syntax(format!(
            "The answer might list {ids} ids, more than {MOST_IDS}: ask for fewer records per page, or include less."
        )));
    }
    Ok(())
}

/// Runs a statement of [`sql`] and prints its rows, then what they include.
fn print<'a>(
    db: &mut Db,
    projection: &'a Projection,
    caller: &Caller,
    statement: &Statement,
    expected: usize,
) -> Result<Envelope<'a>, store::Error> {
    let mut envelope = Envelope::new(projection, expected);
    let mut wanted = vec![Vec::new(); projection.included().len()];
    db.each(&statement.text, &statement.params(), &mut |row| {
        envelope.push(row);
        for (included, ids) in projection.included().iter().zip(&mut wanted) {
            for column in &included.columns {
                match row.cell(*column) {
                    Cell::Int(id) => ids.push(id),
                    Cell::Text(pointer) if pointer.contains(':') => {
                        ids.extend(pointed_id(pointer, included.target.name()));
                    }
                    Cell::Text(numbers) => ids.extend(ids_in(numbers)),
                    Cell::Null => {}
                }
            }
        }
        Ok(())
    })?;
    for (included, mut ids) in projection.included().iter().zip(wanted) {
        if ids.is_empty() && included.is_pointed {
            continue;
        }
        envelope.include(included.target);
        let Target::Records(resource) = included.target else {
            continue;
        };
        if resource.name == projection.resource().name {
            // Already in the same map, with all requested fields.
            let printed: HashSet<&i64> = envelope.ids().iter().collect();
            ids.retain(|id| !printed.contains(id));
        }
        ids.sort_unstable();
        ids.dedup();
        if !ids.is_empty() {
            let included = Projection::plain(resource, caller.rung()).like(projection);
            let visible: Vec<Condition> = query::restriction(resource, caller.rung()).into_iter().collect();
            let statement = sql::records(db.dialect(), &included, caller.account_id.get(), &ids, &visible);
            db.each(&statement.text, &statement.params(), &mut |row| {
                envelope.push_included(&included, row);
                Ok(())
            })?;
        }
    }
    Ok(envelope)
}
