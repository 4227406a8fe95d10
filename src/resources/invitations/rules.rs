//! The life of an invitation: changed, sent again, handed over, accepted, declined, revoked (docs/WIRE.md, Writes). Who
//! may accept is judged in `acceptance`.
//!
//! Each function runs inside one transaction, judges what only the database can answer, and writes the record, the
//! tallies and the audit trail together.

use secrecy::SecretString;

use crate::clock::Timestamp;
use crate::engine::access::{ABOVE_OWN_LEVEL, Permission};
use crate::engine::audit::{Actor, AuditEntry};
use crate::engine::context::Context;
use crate::engine::error::Error;
use crate::engine::limits::Limit;
use crate::engine::records::Record;
use crate::engine::request_id::RequestId;
use crate::engine::tallies;
use crate::ids::{AccountId, InvitationId, MembershipId, UserId};
use crate::mail::{Topic, outbox};
use crate::resources::invitations::links::{self, LinkOrigin};
use crate::resources::joining::{self, Joined};
use crate::resources::people::{self, NewMembership, Removed};
use crate::resources::seats::PENDING_INVITATIONS;
use crate::resources::{email_address, memberships, users};
use crate::store::{Db, Param};
use crate::wire::changes::Changes;
use crate::wire::kind::{Cell, Kind, Value};

/// Tally of the invitations of an account.
pub const ALL: &str = "account_invitations";

/// Judges the values that would change, before they are written.
pub fn before_update(_: &mut Db, context: &Context, record: &Record, changes: &mut Changes) -> Result<(), Error> {
    require_pending(record, "This invitation is no longer pending and cannot be changed.")?;
    judge_permission(context, changes);
    memberships::judge_punch_clock_rate(changes, Some(record));
    Ok(())
}

/// Sends an invitation again, with a new link and a new expiration date. Its old links end.
pub fn resend(db: &mut Db, context: &Context, record: &Record) -> Result<(), Error> {
    require_pending(record, "This invitation is no longer pending and cannot be sent again.")?;
    context.take_limit(Limit::ResendOfRecord, record.id)?;
    context.take_mails(1)?;
    renew(db, context, record, "resend", expiration_day(context))?;
    put_into_outbox(db, context, record.id.typed(), record.text("email_address").unwrap_or_default())
}

/// Replaces all links by one for an administrator to hand over, and returns its token. An expired or declined
/// invitation can be accepted again.
pub fn hand_over(db: &mut Db, context: &Context, record: &Record) -> Result<SecretString, Error> {
    require_pending(record, "This invitation is no longer pending and has no link any more.")?;
    let last_day = record.int("expiration_date").unwrap_or_default();
    let is_over = last_day < context.now.day();
    renew(db, context, record, "link", if is_over { expiration_day(context) } else { last_day })?;
    outbox::cancel(db, record.id.typed(), context.now)?;
    links::create(db, &context.entropy, record.id.typed(), LinkOrigin::Administrator, context.now)
}

/// Ends the links of an invitation and keeps it open until the end of `last_day`.
fn renew(db: &mut Db, context: &Context, record: &Record, action: &'static str, last_day: i64) -> Result<(), Error> {
    links::end(db, record.id.typed())?;
    db.exec(
        "UPDATE account_invitations SET expires_on = ?3, declined_at = NULL, expired_at = NULL, updated_at = ?4 \
         WHERE account_id = ?1 AND id = ?2",
        &[context.caller.account_id.into(), record.id.into(), Param::Int(last_day), Param::Int(context.now.0)],
    )?;
    let before = record.get("expiration_date").map_or(Cell::Null, Value::cell);
    let entry = AuditEntry::of(context, record.resource, action, record.id);
    Ok(entry.change("expiration_date", Kind::Date, [before, Cell::Int(last_day)]).write(db)?)
}

pub(super) fn put_into_outbox(db: &mut Db, context: &Context, id: InvitationId, recipient: &str) -> Result<(), Error> {
    let (account, topic) = (context.caller.account_id, Topic::Invitation(id));
    Ok(outbox::enqueue(db, &context.outbox, &context.entropy, account, topic, recipient, context.now)?)
}

pub fn revoke(db: &mut Db, context: &Context, record: &Record) -> Result<(), Error> {
    require_pending(record, "This invitation was accepted and cannot be deleted. Remove the membership instead.")?;
    remove_pending(db, context, record, "delete")
}

/// Removes a pending invitation with its links, its queued mail, and the invitee if no other row names that user.
pub fn remove_pending(db: &mut Db, context: &Context, record: &Record, action: &'static str) -> Result<(), Error> {
    let account = context.caller.account_id;
    outbox::cancel(db, record.id.typed(), context.now)?;
    // Links are deleted by the foreign key.
    let sql = "DELETE FROM account_invitations WHERE account_id = ?1 AND id = ?2";
    db.exec(sql, &[account.into(), record.id.into()])?;
    if let Some(invitee) = record.id_in("invitee_id")
        && let Removed::FormerMember { full_name, email_address } = people::remove_unnamed_user(db, account, invitee)?
    {
        let address = ("email_address", Kind::Email, Cell::Text(&email_address));
        let name = ("full_name", Kind::Line, Cell::Text(&full_name));
        AuditEntry::of(context, &users::RESOURCE, "delete", invitee.record()).before([name, address]).write(db)?;
        AuditEntry::of(context, &email_address::RESOURCE, "delete", invitee.record()).before([address]).write(db)?;
    }
    tallies::add(db, account, ALL, -1)?;
    tallies::add(db, account, PENDING_INVITATIONS, -1)?;
    let entry = AuditEntry::of(context, record.resource, action, record.id);
    Ok(entry.before(record.attributes()).write(db)?)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Accepted {
    pub membership_id: MembershipId,
    pub user_id: UserId,
}

/// Makes the invitee of a pending invitation a member on its terms; `NotFound` if there is no such invitation or it was
/// accepted already. The guard is in the update, so of concurrent acceptances one succeeds. An existing member keeps
/// the terms of the membership, and gets the permission of the invitation if it is higher.
pub fn accept(
    db: &mut Db,
    account_id: AccountId,
    id: InvitationId,
    request_id: Option<&RequestId>,
    now: Timestamp,
) -> Result<Accepted, Error> {
    let accepted = db.maybe(
        "UPDATE account_invitations SET accepted_at = ?3, updated_at = ?3 \
         WHERE account_id = ?1 AND id = ?2 AND accepted_at IS NULL \
         RETURNING invitee_id, permission, default_role_id, bill_rate_in_cents, cost_rate_in_cents, \
         billability_target, default_read_only",
        &[account_id.into(), id.into(), Param::Int(now.0)],
        |row| {
            Ok(NewMembership {
                default_role_id: row.maybe_id(2)?,
                bill_rate_in_cents: row.maybe_int(3)?,
                cost_rate_in_cents: row.maybe_int(4)?,
                billability_target: row.maybe_int(5)?,
                default_read_only: row.int(6)? != 0,
                ..NewMembership::new(account_id, row.id(0)?, row.text(1)?.parse()?, now)
            })
        },
    )?;
    let membership = accepted.ok_or(Error::NotFound)?;
    let (user_id, permission) = (membership.user_id, membership.permission);
    let actor = Actor::user(user_id, request_id);
    let membership_id = match memberships::raise(db, account_id, user_id, permission, actor, now)? {
        Some(membership_id) => membership_id,
        None => join(db, &membership, actor, now)?,
    };
    links::end(db, id)?;
    outbox::cancel(db, id, now)?;
    tallies::add(db, account_id, PENDING_INVITATIONS, -1)?;
    AuditEntry::new(account_id, now, "account_invitation.accept", "account_invitations", id)
        .by(actor)
        .after([
            ("account_membership_id", Kind::Id("account_memberships"), membership_id.into()),
            ("permission", Kind::Line, Cell::Text(permission.name())),
        ])
        .write(db)?;
    Ok(Accepted { membership_id, user_id })
}

/// Makes a membership, and tells those who poll.
fn join(db: &mut Db, membership: &NewMembership, actor: Actor<'_>, now: Timestamp) -> Result<MembershipId, Error> {
    let (account_id, user_id) = (membership.account_id, membership.user_id);
    let has_joined_before = people::has_joined(db, account_id, user_id)?;
    let membership_id = people::insert_membership(db, None, membership)?;
    joining::note(db, Joined { account_id, user_id, membership_id, has_joined_before }, actor, now)?;
    Ok(membership_id)
}

/// Marks an invitation as declined and ends its links. Like an expired one, it stays for the inviter to see, resend or
/// delete.
pub fn decline(
    db: &mut Db,
    account_id: AccountId,
    id: InvitationId,
    invitee_id: UserId,
    request_id: Option<&RequestId>,
    now: Timestamp,
) -> Result<(), Error> {
    let sql = "UPDATE account_invitations SET declined_at = ?3, updated_at = ?3 \
               WHERE account_id = ?1 AND id = ?2 AND accepted_at IS NULL AND declined_at IS NULL";
    if db.exec(sql, &[account_id.into(), id.into(), Param::Int(now.0)])? == 0 {
        return Err(Error::NotFound);
    }
    links::end(db, id)?;
    outbox::cancel(db, id, now)?;
    let entry = AuditEntry::new(account_id, now, "account_invitation.decline", "account_invitations", id);
    Ok(entry.by(Actor::user(invitee_id, request_id)).write(db)?)
}

/// The last day, in UTC, of a link made now.
pub(super) fn expiration_day(context: &Context) -> i64 {
    context.now.day() + context.invitation_days
}

fn require_pending(record: &Record, refusal: &str) -> Result<(), Error> {
    match record.int("pending") {
        Some(1) => Ok(()),
        _ => Err(Error::rule(refusal)),
    }
}

/// Members grant levels up to their own.
pub(super) fn judge_permission(context: &Context, changes: &mut Changes) {
    let permission: Option<Permission> = changes.text("permission").and_then(|name| name.parse().ok());
    if permission.is_some_and(|permission| !context.caller.may_grant(permission)) {
        changes.refuse("permission", ABOVE_OWN_LEVEL);
    }
}
