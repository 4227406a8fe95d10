//! The audit trail: who did what to which record, and what it was before and after.
//!
//! A row is written in the transaction of the change itself, so that there is neither a change without a row nor a row
//! without a change. Rows are only ever added. They hold attributes as the wire names them, and never a secret.

use crate::access::Context;
use crate::records::Record;
use crate::store::{Db, Error, Param};
use crate::wire::describe::{Field, Resource};
use crate::wire::kind::{Cell, Value, print_text};

/// A change that has been made.
pub struct Event<'a> {
    /// The resource that was changed.
    pub resource: &'static Resource,
    /// Name of the action.
    pub action: &'static str,
    /// Id of the record.
    pub id: i64,
    /// What was there before; `None` for a new record.
    pub before: Option<&'a Attributes>,
    /// What is there now; `None` for a deleted record.
    pub after: Option<&'a Attributes>,
}

/// Attributes of a record, as JSON text.
pub struct Attributes(String);

impl Attributes {
    /// These fields with these values.
    pub fn of<'a>(fields: impl Iterator<Item = (&'static Field, Cell<'a>)>) -> Self {
        let mut json = vec![b'{'];
        for (field, cell) in fields {
            if json.len() > 1 {
                json.push(b',');
            }
            print_text(field.name, &mut json);
            json.push(b':');
            field.kind.print(cell, &mut json);
        }
        json.push(b'}');
        Self(String::from_utf8(json).unwrap_or_default())
    }

    /// All fields of a record.
    pub fn of_record(record: &Record) -> Self {
        Self::of(record.values().map(|(field, value)| (field, value.cell())))
    }

    /// The fields that a change sets.
    pub fn of_values(values: &[(&'static Field, &Value)]) -> Self {
        Self::of(values.iter().map(|(field, value)| (*field, value.cell())))
    }
}

/// Writes the row of an event.
pub fn record(db: &mut Db, context: &Context, event: &Event<'_>) -> Result<(), Error> {
    let action = format!("{}.{}", event.resource.singular, event.action);
    db.exec(
        "INSERT INTO audit (account_id, occurred_at, actor_user_id, actor_token_id, request_id, action, subject_type, \
         subject_id, before, after) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        &[
            Param::Int(context.caller.account_id),
            Param::Int(context.now.0),
            Param::Int(context.caller.user_id),
            Param::Int(context.caller.token_id),
            Param::Text(&context.request_id),
            Param::Text(&action),
            Param::Text(event.resource.name),
            Param::Int(event.id),
            event.before.map(|attributes| attributes.0.as_str()).into(),
            event.after.map(|attributes| attributes.0.as_str()).into(),
        ],
    )?;
    Ok(())
}
