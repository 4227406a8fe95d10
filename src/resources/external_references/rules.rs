//! External references of users and roles.
//!
//! A subject has one reference in each service; another one for the same service replaces it (docs/WIRE.md, G11).
//! References are written in the transaction of their subject's create or update.

use serde_json::Value as Json;

use crate::clock::Timestamp;
use crate::engine::context::Context;
use crate::ids::{AccountId, RecordId, RoleId, UserId};
use crate::store::{Db, Error, Param};
use crate::wire::changes::Changes;
use crate::wire::kind::{Kind, Property};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    User(UserId),
    Role(RoleId),
}

impl Subject {
    /// The class, as `subject_type` has it.
    const fn name(self) -> &'static str {
        match self {
            Self::User(_) => "User",
            Self::Role(_) => "Role",
        }
    }

    const fn id(self) -> RecordId {
        match self {
            Self::User(id) => id.record(),
            Self::Role(id) => id.record(),
        }
    }
}

pub const KIND: Kind = Kind::Object(&[
    Property { name: "service_name", kind: Kind::Line, required: true },
    Property { name: "service_model", kind: Kind::Line, required: true },
    Property { name: "service_model_ref", kind: Kind::Reference, required: true },
    Property { name: "status", kind: Kind::Choice(&["successful", "pending", "failed"]), required: false },
    Property { name: "external_message", kind: Kind::Line, required: false },
    Property { name: "external_link", kind: Kind::Line, required: false },
    Property { name: "external_status", kind: Kind::Line, required: false },
    Property { name: "locked", kind: Kind::Bool, required: false },
]);

/// The texts of a reference in one service, named by column and property alike.
const TEXTS: [&str; 6] =
    ["service_model", "service_model_ref", "status", "external_message", "external_link", "external_status"];

/// Writes the reference in a body, if it has one. Missing members keep their values.
pub fn write(db: &mut Db, context: &Context, subject: Subject, changes: &Changes) -> Result<(), Error> {
    let Some(reference) = read(changes)? else { return Ok(()) };
    put(db, context.caller.account_id, subject, &reference, context.now)
}

/// Drops the reference in a body if it changes nothing.
pub fn drop_unchanged(db: &mut Db, context: &Context, subject: Subject, changes: &mut Changes) -> Result<(), Error> {
    let Some(reference) = read(changes)? else { return Ok(()) };
    let sql = format!(
        "SELECT {}, locked FROM external_references WHERE account_id = ?1 AND subject_type = ?2 AND subject_id = ?3 \
         AND service_name = ?4",
        TEXTS.join(", ")
    );
    let service = reference.get("service_name").and_then(Json::as_str).unwrap_or_default();
    let params =
        [context.caller.account_id.into(), Param::Text(subject.name()), subject.id().into(), Param::Text(service)];
    let is_stored = db.maybe(&sql, &params, |row| {
        for (column, name) in TEXTS.iter().enumerate() {
            let given = reference.get(*name).and_then(Json::as_str);
            if given.is_some() && given != row.maybe_text(column)? {
                return Ok(false);
            }
        }
        let locked = reference.get("locked").and_then(Json::as_bool).map(i64::from);
        Ok(locked.is_none() || locked == row.maybe_int(TEXTS.len())?)
    })?;
    if is_stored == Some(true) {
        changes.drop("external_reference");
    }
    Ok(())
}

/// The reference in a body.
fn read(changes: &Changes) -> Result<Option<Json>, Error> {
    let read = |text| {
        serde_json::from_str(text)
            .map_err(|cause| Error::Data(format!("a stored external reference is not JSON: {cause}")))
    };
    changes.text("external_reference").map(read).transpose()
}

/// Missing members keep their values.
pub fn put(db: &mut Db, account: AccountId, subject: Subject, reference: &Json, now: Timestamp) -> Result<(), Error> {
    let text = |name: &str| Param::from(reference.get(name).and_then(Json::as_str));
    let locked = reference.get("locked").and_then(Json::as_bool).map(i64::from);
    db.exec(
        "INSERT INTO external_references (account_id, subject_type, subject_id, service_name, service_model, \
         service_model_ref, status, external_message, external_link, external_status, locked, created_at, updated_at) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?12) \
         ON CONFLICT (account_id, subject_type, subject_id, service_name) DO UPDATE SET \
         service_model = excluded.service_model, service_model_ref = excluded.service_model_ref, \
         status = coalesce(excluded.status, external_references.status), \
         external_message = coalesce(excluded.external_message, external_references.external_message), \
         external_link = coalesce(excluded.external_link, external_references.external_link), \
         external_status = coalesce(excluded.external_status, external_references.external_status), \
         locked = coalesce(excluded.locked, external_references.locked), updated_at = excluded.updated_at",
        &[
            account.into(),
            Param::Text(subject.name()),
            subject.id().into(),
            text("service_name"),
            text("service_model"),
            text("service_model_ref"),
            text("status"),
            text("external_message"),
            text("external_link"),
            text("external_status"),
            locked.into(),
            Param::Int(now.0),
        ],
    )?;
    Ok(())
}

pub fn remove(db: &mut Db, account: AccountId, subject: Subject) -> Result<(), Error> {
    db.exec(
        "DELETE FROM external_references WHERE account_id = ?1 AND subject_type = ?2 AND subject_id = ?3",
        &[account.into(), Param::Text(subject.name()), subject.id().into()],
    )?;
    Ok(())
}
