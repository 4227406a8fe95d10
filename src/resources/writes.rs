//! The writes of all resources, each inside one transaction: find the record, judge, write, print.
//!
//! Requests and commands share them and differ in the guard: a request must pass the caller's rule on the record and
//! its `If-Match` header, an operator's command neither.

use crate::engine::context::Context;
use crate::engine::error::Error;
use crate::engine::records::{self, Record};
use crate::ids::RecordId;
use crate::resources::entry::Entry;
use crate::store::Db;
use crate::wire::changes::Changes;
use crate::wire::projection::Projection;

/// Whether a write may go on, once its record is found.
pub type Guard<'a> = &'a dyn Fn(&mut Db, &Record) -> Result<(), Error>;

pub const UNGUARDED: Guard<'static> = &|_, _| Ok(());

pub fn create(
    db: &mut Db,
    context: &Context,
    entry: &Entry,
    elements: &mut [Changes],
    projection: &Projection,
) -> Result<Vec<u8>, Error> {
    let create = entry.behaviour.create.ok_or(Error::NotFound)?;
    let ids = create(db, entry.resource, context, elements)?;
    records::show_written(db, context, projection, &ids)
}

pub fn update(
    db: &mut Db,
    context: &Context,
    entry: &Entry,
    id: Option<RecordId>,
    mut changes: Changes,
    guard: Guard<'_>,
    projection: &Projection,
) -> Result<Vec<u8>, Error> {
    let before_update = entry.behaviour.before_update.ok_or(Error::NotFound)?;
    let record = find(db, context, entry, id, guard)?;
    changes.drop_unchanged(|name| record.get(name));
    before_update(db, context, &record, &mut changes)?;
    Error::unless_valid(Changes::finish(std::slice::from_mut(&mut changes)))?;
    if let Some(beside_update) = entry.behaviour.beside_update {
        beside_update(db, context, &record, &changes)?;
    }
    records::update(db, context, &record, &changes, projection, entry.behaviour.conflicts)
}

pub fn destroy(
    db: &mut Db,
    context: &Context,
    entry: &Entry,
    id: Option<RecordId>,
    guard: Guard<'_>,
) -> Result<(), Error> {
    let destroy = entry.behaviour.destroy.ok_or(Error::NotFound)?;
    let record = find(db, context, entry, id, guard)?;
    destroy(db, context, &record)
}

pub fn act(
    db: &mut Db,
    context: &Context,
    entry: &Entry,
    id: Option<RecordId>,
    action: &str,
    guard: Guard<'_>,
    projection: &Projection,
) -> Result<Vec<u8>, Error> {
    let act = entry.behaviour.action(action).ok_or(Error::NotFound)?;
    let record = find(db, context, entry, id, guard)?;
    act(db, context, &record)?;
    records::show_written(db, context, projection, &[record.id])
}

fn find(
    db: &mut Db,
    context: &Context,
    entry: &Entry,
    id: Option<RecordId>,
    guard: Guard<'_>,
) -> Result<Record, Error> {
    let record = records::find(db, entry.resource, context.caller.account_id, id)?;
    guard(db, &record)?;
    Ok(record)
}
