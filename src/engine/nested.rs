//! Objects in a body that are rows of another table, such as the external reference of a user.
//!
//! A subject has one row for each value of the key; another object with the same key replaces it (docs/WIRE.md, G11).
//! It is written in the transaction of its subject. Members that an object does not have keep their values.

use serde_json::Value as Json;

use crate::clock::Timestamp;
use crate::engine::records::Record;
use crate::ids::{AccountId, Id, RecordId};
use crate::store::{Db, Error, Param};
use crate::wire::changes::Changes;
use crate::wire::describe::Nested;
use crate::wire::kind::Property;

/// The record that nested rows belong to.
#[derive(Clone, Copy)]
pub struct Subject {
    pub account: AccountId,
    /// Its class.
    pub object: &'static str,
    pub id: RecordId,
}

impl Subject {
    pub const fn new<const KIND: char>(account: AccountId, object: &'static str, id: Id<KIND>) -> Self {
        Self { account, object, id: id.record() }
    }
}

/// Writes the nested objects in a body.
pub fn write(db: &mut Db, subject: Subject, changes: &Changes, now: Timestamp) -> Result<(), Error> {
    for (_, nested, json) in changes.nested() {
        put_text(db, subject, nested, json, now)?;
    }
    Ok(())
}

/// The same for an object as a body has it.
pub fn put_text(db: &mut Db, subject: Subject, nested: &Nested, json: &str, now: Timestamp) -> Result<(), Error> {
    put(db, subject, nested, &read(json)?, now)
}

/// Drops the nested objects in a body that change nothing.
pub fn drop_unchanged(db: &mut Db, account: AccountId, record: &Record, changes: &mut Changes) -> Result<(), Error> {
    let subject = Subject::new(account, record.resource.object, record.id);
    let mut unchanged = Vec::new();
    for (field, nested, json) in changes.nested() {
        if is_stored(db, subject, nested, &read(json)?)? {
            unchanged.push(field.name);
        }
    }
    for name in unchanged {
        changes.drop(name);
    }
    Ok(())
}

fn read(json: &str) -> Result<Json, Error> {
    serde_json::from_str(json).map_err(|cause| Error::Data(format!("a nested object is not JSON: {cause}")))
}

fn is_stored(db: &mut Db, subject: Subject, nested: &Nested, object: &Json) -> Result<bool, Error> {
    let columns: Vec<&str> = nested.properties.iter().map(|property| property.name).collect();
    let sql = format!(
        "SELECT {} FROM {} WHERE account_id = ?1 AND subject_type = ?2 AND subject_id = ?3 AND {} = ?4",
        columns.join(", "),
        nested.table,
        nested.key
    );
    let params =
        [subject.account.into(), Param::Text(subject.object), subject.id.into(), param(object.get(nested.key))];
    let is_same = db.maybe(&sql, &params, |row| {
        for (column, name) in columns.iter().enumerate() {
            let is_equal = match param(object.get(*name)) {
                Param::Text(given) => row.maybe_text(column)? == Some(given),
                Param::Int(given) => row.maybe_int(column)? == Some(given),
                _ => true,
            };
            if !is_equal {
                return Ok(false);
            }
        }
        Ok(true)
    })?;
    Ok(is_same == Some(true))
}

pub fn put(db: &mut Db, subject: Subject, nested: &Nested, object: &Json, now: Timestamp) -> Result<(), Error> {
    let names = || nested.properties.iter().map(|property| property.name);
    let columns: String = names().map(|name| format!("{name}, ")).collect();
    let places: String = (0..nested.properties.len()).map(|place| format!("?{}, ", place + 5)).collect();
    let keeps = |Property { name, .. }: &Property| {
        let stored = nested.table;
        format!("{name} = coalesce(excluded.{name}, {stored}.{name}), ")
    };
    let sets: String = nested.properties.iter().filter(|property| property.name != nested.key).map(keeps).collect();
    let sql = format!(
        "INSERT INTO {} (account_id, subject_type, subject_id, {columns}created_at, updated_at) \
         VALUES (?1, ?2, ?3, {places}?4, ?4) ON CONFLICT (account_id, subject_type, subject_id, {}) \
         DO UPDATE SET {sets}updated_at = excluded.updated_at",
        nested.table, nested.key
    );
    let mut params = vec![subject.account.into(), Param::Text(subject.object), subject.id.into(), Param::Int(now.0)];
    params.extend(names().map(|name| param(object.get(name))));
    db.exec(&sql, &params).map(drop)
}

/// A member of an object, as its column has it.
pub fn param(value: Option<&Json>) -> Param<'_> {
    match value {
        Some(Json::String(text)) => Param::Text(text),
        Some(Json::Bool(truth)) => Param::Int(i64::from(*truth)),
        Some(Json::Number(number)) => number.as_i64().into(),
        _ => None::<i64>.into(),
    }
}

/// Removes the rows of a record that is removed.
pub fn remove(db: &mut Db, subject: Subject, nested: &Nested) -> Result<(), Error> {
    let sql = format!("DELETE FROM {} WHERE account_id = ?1 AND subject_type = ?2 AND subject_id = ?3", nested.table);
    db.exec(&sql, &[subject.account.into(), Param::Text(subject.object), subject.id.into()]).map(drop)
}
