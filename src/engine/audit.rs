//! The audit trail: who did what to which record, and what it was before and after.
//!
//! A row is written in the transaction of the change itself, so that there is neither a change without a row nor a row
//! without a change. Rows are only ever added. They hold attributes as the wire names them, and never a secret.

use crate::clock::Timestamp;
use crate::engine::context::Context;
use crate::engine::records::Record;
use crate::ids::{AccountId, RecordId, TokenId, UserId};
use crate::store::{Db, Error, Param};
use crate::wire::describe::{Field, Resource};
use crate::wire::kind::{Cell, Kind, Value, print_text};

/// Who made a change.
#[derive(Clone, Copy)]
pub struct Actor<'a> {
    /// The user.
    pub user_id: Option<UserId>,
    /// The user's token.
    pub token_id: Option<TokenId>,
    /// The request.
    pub request_id: Option<&'a str>,
}

impl Actor<'_> {
    /// Whoever may run commands on the machine: no user of any account, by no token, in no request.
    pub const OPERATOR: Self = Self { user_id: None, token_id: None, request_id: None };
}

/// A row of the trail.
pub struct Entry<'a> {
    /// The account whose record was changed.
    pub account_id: AccountId,
    /// When.
    pub occurred_at: Timestamp,
    /// By whom.
    pub actor: Actor<'a>,
    /// The class of the record in the singular, a dot, and what was done.
    pub action: &'a str,
    /// The class of the record in the plural, and its id.
    pub subject: (&'a str, RecordId),
    /// What was there before; `None` for a new record.
    pub before: Option<&'a Attributes>,
    /// What is there now; `None` for a deleted record.
    pub after: Option<&'a Attributes>,
}

/// A change that a request has made to a described record.
pub struct Event<'a> {
    /// The resource that was changed.
    pub resource: &'static Resource,
    /// Name of the action.
    pub action: &'static str,
    /// Id of the record.
    pub id: RecordId,
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
        Self::of_cells(fields.map(|(field, cell)| (field.name, field.kind, cell)))
    }

    /// These values by name, of a record that no resource describes.
    pub fn of_cells<'a>(cells: impl IntoIterator<Item = (&'static str, Kind, Cell<'a>)>) -> Self {
        let mut json = vec![b'{'];
        for (name, kind, cell) in cells {
            if json.len() > 1 {
                json.push(b',');
            }
            print_text(name, &mut json);
            json.push(b':');
            kind.print(cell, &mut json);
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
    let entry = Entry {
        account_id: context.caller.account_id,
        occurred_at: context.now,
        actor: Actor {
            user_id: context.caller.user_id(),
            token_id: context.caller.token_id(),
            request_id: context.request_id.as_deref(),
        },
        action: &format!("{}.{}", event.resource.singular, event.action),
        subject: (event.resource.name, event.id),
        before: event.before,
        after: event.after,
    };
    write(db, &entry)
}

/// Writes a row.
pub fn write(db: &mut Db, entry: &Entry<'_>) -> Result<(), Error> {
    db.exec_later(
        "INSERT INTO audit (account_id, occurred_at, actor_user_id, actor_token_id, request_id, action, subject_type, \
         subject_id, before, after) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        &[
            entry.account_id.into(),
            Param::Int(entry.occurred_at.0),
            entry.actor.user_id.into(),
            entry.actor.token_id.into(),
            entry.actor.request_id.into(),
            Param::Text(entry.action),
            Param::Text(entry.subject.0),
            entry.subject.1.into(),
            entry.before.map(|attributes| attributes.0.as_str()).into(),
            entry.after.map(|attributes| attributes.0.as_str()).into(),
        ],
    )
}
