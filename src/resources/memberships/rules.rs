//! The life of a membership: changed, disabled, enabled, removed (docs/WIRE.md, Memberships).
//!
//! Invariants: the owner stays an active administrator; an account always has an active administrator; a disabled or
//! removed member has no access from the commit on.

use crate::clock::Timestamp;
use crate::engine::access::{ABOVE_OWN_LEVEL, Permission};
use crate::engine::audit::{Actor, AuditEntry};
use crate::engine::context::Context;
use crate::engine::error::Error;
use crate::engine::records::Record;
use crate::engine::{deletion, tallies, tokens};
use crate::ids::{AccountId, MembershipId, UserId};
use crate::resources::{cost_rates, people, seats};
use crate::store::{Db, Param};
use crate::wire::changes::Changes;
use crate::wire::kind::{Cell, Kind, Value};

const OWNER_STAYS_ADMINISTRATOR: &str = "Permission of the account owner cannot be changed.";
const OWNER_STAYS_ACTIVE: &str = "The account owner cannot be disabled.";
const OWNER_STAYS: &str = "The account owner cannot be removed.";
const LAST_ADMINISTRATOR: &str = "The last active administrator of an account keeps the permission.";
const LAST_ADMINISTRATOR_STAYS: &str = "The last active administrator of an account cannot be disabled or removed.";
const OWNER_LOGS_IN: &str = "The account owner can always log in.";
const LAST_ADMINISTRATOR_LOGS_IN: &str = "The last active administrator of an account can always log in.";
const NO_ACTIVE_MEMBER: &str = "Manager id must be the user id of another active member.";
const PUNCH_CLOCK_RATE: &str = "Bill rate in cents is required for a punch_clock user.";

/// Judges the values that would change, before they are written.
pub fn before_update(db: &mut Db, context: &Context, record: &Record, changes: &mut Changes) -> Result<(), Error> {
    judge_permission(db, context, record, changes)?;
    judge_login(db, context, record, changes)?;
    judge_manager(db, context, record, changes)?;
    judge_punch_clock_rate(changes, Some(record));
    if changes.text("permission").is_some() || changes.get("can_log_in").is_some() {
        tokens::expect_change(db, context.caller.account_id)?;
        context.callers.forget_after_commit(db);
    }
    Ok(())
}

pub fn beside_update(db: &mut Db, context: &Context, record: &Record, changes: &Changes) -> Result<(), Error> {
    let account = context.caller.account_id;
    let (before, after) = (is_without_login(record, None), is_without_login(record, Some(changes)));
    people::note_login(db, account, [before, after])?;
    if before && !after {
        seats::note_taken(db, context)?;
    }
    let Some(rate) = changes.get("cost_rate_in_cents") else { return Ok(()) };
    let amount = if let Value::Int(cents) = rate { Some(*cents) } else { None };
    cost_rates::follow_and_note(db, context, record.id.typed(), [record.int("cost_rate_in_cents"), amount])
}

/// Whether the member is outside of the company, active, and may not log in; with the changes, if there are some.
fn is_without_login(record: &Record, changes: Option<&Changes>) -> bool {
    let value = |name: &str| changes.and_then(|changes| changes.get(name)).or_else(|| record.get(name));
    let is_external = value("permission") == Some(&Value::Text(Permission::ExternalCollaborator.name().to_owned()));
    is_active(record) && is_external && value("can_log_in") == Some(&Value::Int(0))
}

/// Ends a member's access. Disabling twice changes nothing.
pub fn disable(db: &mut Db, context: &Context, record: &Record) -> Result<(), Error> {
    require_not_owner(record, OWNER_STAYS_ACTIVE)?;
    require_other_administrator(db, context, record)?;
    if is_active(record) { set_disabled_at(db, context, record, Some(context.now.0)) } else { Ok(()) }
}

/// Gives a disabled member access again; old tokens work again.
pub fn enable(db: &mut Db, context: &Context, record: &Record) -> Result<(), Error> {
    if is_active(record) {
        return Ok(());
    }
    set_disabled_at(db, context, record, None)?;
    Ok(seats::note_taken(db, context)?)
}

/// Gives a member at least this permission: an invitation never lowers it. Returns the membership; `None` for a user
/// without one. A disabled member is refused. Whoever accepts for a member has taken the turn of a change: by now, the
/// invitation is locked.
pub fn raise(
    db: &mut Db,
    account: AccountId,
    user: UserId,
    permission: Permission,
    actor: Actor<'_>,
    now: Timestamp,
) -> Result<Option<MembershipId>, Error> {
    let sql = "SELECT id, permission, disabled_at FROM account_memberships WHERE account_id = ?1 AND user_id = ?2";
    let member = db.maybe(sql, &[account.into(), user.into()], |row| {
        Ok((row.id::<MembershipId>(0)?, row.text(1)?.parse::<Permission>()?, row.maybe_int(2)?.is_some()))
    })?;
    match member {
        None => Ok(None),
        Some((.., true)) => Err(Error::NotFound),
        Some((id, held, false)) => {
            if held.level() < permission.level() {
                let was_without_login = is_kept_from_login(db, account, id)?;
                people::note_login(db, account, [was_without_login, false])?;
                let sql = "UPDATE account_memberships SET permission = ?3, updated_at = ?4 \
                           WHERE account_id = ?1 AND id = ?2";
                db.exec(sql, &[account.into(), id.into(), permission.into(), Param::Int(now.0)])?;
                AuditEntry::new(account, now, "account_membership.update", "account_memberships", id)
                    .by(actor)
                    .event("account_membership:updated")
                    .change("permission", Kind::Line, [held, permission].map(|level| Cell::Text(level.name())))
                    .write(db)?;
            }
            Ok(Some(id))
        }
    }
}

/// Removes a membership and ends its user's access. The user stays: other records name it, and a new invitation of the
/// address reuses it (docs/WIRE.md, H5).
pub fn remove(db: &mut Db, context: &Context, record: &Record) -> Result<(), Error> {
    require_not_owner(record, OWNER_STAYS)?;
    require_other_administrator(db, context, record)?;
    let (account, user) = (context.caller.account_id, user_of(record));
    deletion::note_dependents(db, context, record.resource, record.id)?;
    deletion::take_along(db, context.caller.account_id, record.resource, record.id)?;
    let sql = "DELETE FROM account_memberships WHERE account_id = ?1 AND id = ?2";
    db.exec(sql, &[account.into(), record.id.into()])?;
    tokens::end_access(db, account, user, context.now)?;
    tallies::add(db, account, people::MEMBERSHIPS, -1)?;
    if is_active(record) {
        people::note_activity(db, account, user, false)?;
    }
    people::note_login(db, account, [is_without_login(record, None), false])?;
    context.callers.forget_after_commit(db);
    Ok(AuditEntry::of(context, record.resource, "delete", record.id).before(record.attributes()).write(db)?)
}

fn set_disabled_at(db: &mut Db, context: &Context, record: &Record, disabled_at: Option<i64>) -> Result<(), Error> {
    let account = context.caller.account_id;
    tokens::expect_change(db, account)?;
    db.exec(
        "UPDATE account_memberships SET disabled_at = ?3, updated_at = ?4 WHERE account_id = ?1 AND id = ?2",
        &[account.into(), record.id.into(), disabled_at.into(), Param::Int(context.now.0)],
    )?;
    people::note_activity(db, account, user_of(record), disabled_at.is_none())?;
    let is_without_login = is_kept_from_login(db, account, record.id.typed())?;
    people::note_login(db, account, [disabled_at.is_some(), disabled_at.is_none()].map(|it| it && is_without_login))?;
    context.callers.forget_after_commit(db);
    let moments = [record.int("disabled_at"), disabled_at].map(|moment| moment.map_or(Cell::Null, Cell::Int));
    let action = if disabled_at.is_some() { "disable" } else { "enable" };
    let entry = AuditEntry::of(context, record.resource, action, record.id);
    Ok(entry.change("disabled_at", Kind::Time, moments).write(db)?)
}

/// Whether the member is outside of the company and may not log in, active or not.
fn is_kept_from_login(db: &mut Db, account: AccountId, id: MembershipId) -> Result<bool, Error> {
    let sql =
        "SELECT 1 FROM account_memberships WHERE account_id = ?1 AND id = ?2 AND can_log_in = 0 AND permission = ?3";
    Ok(db.exists(sql, &[account.into(), id.into(), Permission::ExternalCollaborator.into()])?)
}

fn is_active(record: &Record) -> bool {
    record.int("disabled_at").is_none()
}

fn user_of(record: &Record) -> UserId {
    record.id_in("user_id").unwrap_or(UserId::new(0))
}

fn require_not_owner(record: &Record, refusal: &str) -> Result<(), Error> {
    match record.int("is_owner") {
        Some(1) => Err(Error::rule(refusal)),
        _ => Ok(()),
    }
}

fn require_other_administrator(db: &mut Db, context: &Context, record: &Record) -> Result<(), Error> {
    if is_last_administrator(db, context, record)? {
        return Err(Error::rule(LAST_ADMINISTRATOR_STAYS));
    }
    Ok(())
}

fn is_last_administrator(db: &mut Db, context: &Context, record: &Record) -> Result<bool, Error> {
    if !is_active(record) || record.text("permission") != Some(Permission::Administrator.name()) {
        return Ok(false);
    }
    // Two administrators who demote each other at once: the second must see what the first did.
    tokens::expect_change(db, context.caller.account_id)?;
    let has_others = db.exists(
        "SELECT 1 FROM account_memberships m JOIN account_memberships t ON t.account_id = m.account_id \
         WHERE m.id = ?1 AND t.id <> m.id AND t.disabled_at IS NULL AND t.can_log_in = 1 AND t.permission = ?2 LIMIT 1",
        &[record.id.into(), Permission::Administrator.into()],
    )?;
    Ok(!has_others)
}

/// Members grant levels up to their own, and the account keeps an administrator.
fn judge_permission(db: &mut Db, context: &Context, record: &Record, changes: &mut Changes) -> Result<(), Error> {
    let Some(permission) = changes.text("permission").and_then(|name| name.parse().ok()) else {
        return Ok(());
    };
    let refusal = if record.int("is_owner") == Some(1) {
        Some(OWNER_STAYS_ADMINISTRATOR)
    } else if !context.caller.may_grant(permission) {
        Some(ABOVE_OWN_LEVEL)
    } else if is_last_administrator(db, context, record)? {
        Some(LAST_ADMINISTRATOR)
    } else {
        None
    };
    if let Some(refusal) = refusal {
        changes.refuse("permission", refusal);
    }
    Ok(())
}

/// The owner and the last administrator keep the login.
fn judge_login(db: &mut Db, context: &Context, record: &Record, changes: &mut Changes) -> Result<(), Error> {
    if changes.int("can_log_in") != Some(0) {
        return Ok(());
    }
    let refusal = if record.int("is_owner") == Some(1) {
        Some(OWNER_LOGS_IN)
    } else if is_last_administrator(db, context, record)? {
        Some(LAST_ADMINISTRATOR_LOGS_IN)
    } else {
        None
    };
    if let Some(refusal) = refusal {
        changes.refuse("can_log_in", refusal);
    }
    Ok(())
}

/// A manager is another active member, named by the user id (docs/WIRE.md, G9).
fn judge_manager(db: &mut Db, context: &Context, record: &Record, changes: &mut Changes) -> Result<(), Error> {
    let Some(manager) = changes.int("manager_id").map(UserId::new) else {
        return Ok(());
    };
    let sql = "SELECT 1 FROM account_memberships WHERE account_id = ?1 AND user_id = ?2 AND disabled_at IS NULL";
    let is_member = db.exists(sql, &[context.caller.account_id.into(), manager.into()])?;
    if !is_member || manager == user_of(record) {
        changes.refuse("manager_id", NO_ACTIVE_MEMBER);
    }
    Ok(())
}

/// A punch_clock user needs a bill rate, in an invitation and in a membership. Judged on what would be stored, and only
/// if permission and rate are readable (docs/WIRE.md, F4).
pub fn judge_punch_clock_rate(changes: &mut Changes, stored: Option<&Record>) {
    if changes.is_refused("permission") || changes.is_refused("bill_rate_in_cents") {
        return;
    }
    let result = |name: &str| changes.get(name).or_else(|| stored.and_then(|record| record.get(name)));
    let is_punch_clock =
        matches!(result("permission"), Some(Value::Text(name)) if name == Permission::PunchClock.name());
    let has_rate = matches!(result("bill_rate_in_cents"), Some(Value::Int(_)));
    if is_punch_clock && !has_rate {
        changes.refuse("bill_rate_in_cents", PUNCH_CLOCK_RATE);
    }
}
