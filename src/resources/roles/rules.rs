//! The life of a role: made, renamed, deleted, softly while in use (docs/WIRE.md, G5).

use crate::clock::Timestamp;
use crate::engine::audit::{Attributes, AuditEntry};
use crate::engine::context::Context;
use crate::engine::error::Error;
use crate::engine::records::Record;
use crate::ids::{AccountId, RecordId, RoleId};
use crate::resources::external_references::{self, Subject};
use crate::store::{self, Db, Param};
use crate::wire::changes::Changes;
use crate::wire::describe::Resource;
use crate::wire::fold::fold;

const NO_ACTIVE_ROLE: &str = "Default role id must be an active role of this account.";

/// Makes a role for each element, or none at all. Returns their ids in order. Names need not be unique.
pub fn create(
    db: &mut Db,
    resource: &'static Resource,
    context: &Context,
    elements: &mut [Changes],
) -> Result<Vec<RecordId>, Error> {
    Error::unless_valid(Changes::finish(elements))?;
    let mut ids = Vec::with_capacity(elements.len());
    for changes in &*elements {
        let name = changes.text("name").unwrap_or_default();
        let id = insert(db, context.caller.account_id, name, context.now)?;
        external_references::write(db, context, Subject::Role(id), changes)?;
        let entry = AuditEntry::of(context, resource, "create", id.record());
        entry.after(Attributes::of(changes.values())).write(db)?;
        ids.push(id.record());
    }
    Ok(ids)
}

pub fn insert(db: &mut Db, account_id: AccountId, name: &str, now: Timestamp) -> Result<RoleId, store::Error> {
    let sql = "INSERT INTO roles (account_id, name, name_key, created_at, updated_at) \
               VALUES (?1, ?2, ?3, ?4, ?4) RETURNING id";
    db.insert(sql, &[account_id.into(), Param::Text(name), Param::Text(&fold(name)), Param::Int(now.0)])
}

pub fn before_update(db: &mut Db, context: &Context, record: &Record, changes: &mut Changes) -> Result<(), Error> {
    external_references::drop_unchanged(db, context, Subject::Role(record.id.typed()), changes)?;
    if let Some(key) = changes.text("name").map(fold) {
        changes.derive("name_key", key);
    }
    Ok(())
}

pub fn beside_update(db: &mut Db, context: &Context, record: &Record, changes: &Changes) -> Result<(), Error> {
    Ok(external_references::write(db, context, Subject::Role(record.id.typed()), changes)?)
}

/// Deletes a role. One that a membership or an invitation names, in whatever state, only leaves the lists.
pub fn delete(db: &mut Db, context: &Context, record: &Record) -> Result<(), Error> {
    let account = context.caller.account_id;
    let in_use = db.one(
        "SELECT EXISTS (SELECT 1 FROM account_memberships WHERE default_role_id = ?1) \
         OR EXISTS (SELECT 1 FROM account_invitations WHERE default_role_id = ?1)",
        &[record.id.into()],
        |row| row.int(0),
    )?;
    if in_use == 0 {
        external_references::remove(db, account, Subject::Role(record.id.typed()))?;
        let sql = "DELETE FROM roles WHERE account_id = ?1 AND id = ?2";
        db.exec(sql, &[account.into(), record.id.into()])?;
    } else {
        let sql = "UPDATE roles SET deleted_at = ?3, updated_at = ?3 WHERE account_id = ?1 AND id = ?2";
        db.exec(sql, &[account.into(), record.id.into(), Param::Int(context.now.0)])?;
    }
    Ok(AuditEntry::of(context, record.resource, "delete", record.id).before(record.attributes()).write(db)?)
}

/// The default role of an invitation or a membership is an active role of the account.
pub fn judge_default_role(db: &mut Db, context: &Context, changes: &mut Changes) -> Result<(), Error> {
    let Some(role) = changes.int("default_role_id") else {
        return Ok(());
    };
    let sql = "SELECT 1 FROM roles WHERE account_id = ?1 AND id = ?2 AND deleted_at IS NULL";
    if !db.exists(sql, &[context.caller.account_id.into(), Param::Int(role)])? {
        changes.refuse("default_role_id", NO_ACTIVE_ROLE);
    }
    Ok(())
}
