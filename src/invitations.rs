//! The life of an invitation: made, changed, sent again, revoked (protocol.md section 5).
//!
//! Each function runs inside one transaction, judges what only the database can answer, and writes the record, the
//! tallies and the audit trail together. All broken rules are collected before anything is written, so that an answer
//! names every one of them. The address rule is checked here for its message and guaranteed by the unique index
//! `account_invitations_pending_address`, whatever happens at the same time.

use std::collections::HashSet;

use secrecy::ExposeSecret as _;

use crate::access::ABOVE_OWN_LEVEL;
use crate::audit::{self, Actor, Attributes, Entry, Event};
use crate::clock::Timestamp;
use crate::context::Context;
use crate::error::Error;
use crate::external_references::{self, Subject};
use crate::people::{self, Keys, NewMembership, NewUser};
use crate::records::Record;
use crate::store::{self, Db, Param, UniqueIndex};
use crate::wire::changes::{Changes, Fault};
use crate::wire::describe::Resource;
use crate::wire::fold::fold;
use crate::wire::kind::{Cell, Kind, Value};
use crate::{limits, memberships, roles, tallies, tokens};

/// Tally of the invitations of an account.
pub const ALL: &str = "account_invitations";

/// Tally of the pending invitations of an account.
pub const PENDING: &str = "account_invitations.pending";

/// Prefix of the tokens in links.
const LINK_PREFIX: &str = "lnk_";

/// What guarantees that an address is invited once.
pub const PENDING_ADDRESS: UniqueIndex = UniqueIndex {
    name: "account_invitations_pending_address",
    columns: "account_invitations.account_id, account_invitations.email_key",
};

const ALREADY_INVITED: &str = "Email address already has a pending invitation.";
const ALREADY_MEMBER: &str = "Email address already belongs to a member of this account.";
const DISABLED_MEMBER: &str = "Email address belongs to a disabled member. Enable that membership instead.";
const TWICE_IN_REQUEST: &str = "Email address appears more than once in this request.";

/// Makes an invitation for each element, or none at all, and returns their ids in order.
pub fn invite(
    db: &mut Db,
    resource: &'static Resource,
    context: &Context,
    elements: &mut [Changes],
) -> Result<Vec<i64>, Error> {
    let mut seen = HashSet::new();
    let mut invitees = Vec::with_capacity(elements.len());
    for changes in elements.iter_mut() {
        judge_permission(context, changes);
        roles::judge_default_role(db, context, changes)?;
        memberships::judge_punch_clock_rate(changes, None);
        invitees.push(judge_address(db, context, changes, &mut seen)?);
    }
    Error::unless_valid(Changes::finish(elements))?;
    let mut ids = Vec::with_capacity(elements.len());
    for (changes, invitee) in elements.iter().zip(invitees) {
        ids.push(insert(db, resource, context, changes, invitee)?);
    }
    let made = i64::try_from(ids.len()).unwrap_or(i64::MAX);
    tallies::add(db, context.caller.account_id, ALL, made)?;
    tallies::add(db, context.caller.account_id, PENDING, made)?;
    Ok(ids)
}

/// Judges what a change would really change, before it is written.
pub fn before_update(db: &mut Db, context: &Context, record: &Record, changes: &mut Changes) -> Result<(), Error> {
    require_pending(record, "This invitation is no longer pending and cannot be changed.")?;
    judge_permission(context, changes);
    roles::judge_default_role(db, context, changes)?;
    memberships::judge_punch_clock_rate(changes, Some(record));
    Ok(())
}

/// Renews the expiration date and the token of an invitation; its old link is dead from then on.
pub fn resend(db: &mut Db, context: &Context, record: &Record) -> Result<(), Error> {
    require_pending(record, "This invitation is no longer pending and cannot be sent again.")?;
    context.take_limit(limits::Kind::ResendOfRecord, record.id)?;
    let token = tokens::generate(&context.entropy, LINK_PREFIX)?;
    let expires_on = expiration_day(context);
    db.exec(
        "UPDATE account_invitations SET expires_on = ?3, token_hash = ?4, updated_at = ?5 \
         WHERE account_id = ?1 AND id = ?2",
        &[
            Param::Int(context.caller.account_id),
            Param::Int(record.id),
            Param::Int(expires_on),
            Param::Bytes(&tokens::hash(token.expose_secret())),
            Param::Int(context.now.0),
        ],
    )?;
    let only_date =
        |day: Cell<'_>| Attributes::of(record.resource.field("expiration_date").map(|field| (field, day)).into_iter());
    let before = only_date(record.get("expiration_date").map_or(Cell::Null, Value::cell));
    let after = only_date(Cell::Int(expires_on));
    let event = Event {
        resource: record.resource,
        action: "resend",
        id: record.id,
        before: Some(&before),
        after: Some(&after),
    };
    Ok(audit::record(db, context, &event)?)
}

/// Takes an invitation back, and with it the invitee whom nothing else names.
pub fn revoke(db: &mut Db, context: &Context, record: &Record) -> Result<(), Error> {
    require_pending(record, "This invitation was accepted and cannot be deleted. Remove the membership instead.")?;
    let account = context.caller.account_id;
    let sql = "DELETE FROM account_invitations WHERE account_id = ?1 AND id = ?2";
    db.exec(sql, &[Param::Int(account), Param::Int(record.id)])?;
    if let Some(invitee) = record.int("invitee_id") {
        people::remove_unnamed_user(db, account, invitee)?;
    }
    tallies::add(db, context.caller.account_id, ALL, -1)?;
    tallies::add(db, context.caller.account_id, PENDING, -1)?;
    let before = Attributes::of_record(record);
    let event =
        Event { resource: record.resource, action: "delete", id: record.id, before: Some(&before), after: None };
    Ok(audit::record(db, context, &event)?)
}

/// What an acceptance has made.
pub struct Accepted {
    /// The membership.
    pub membership_id: i64,
    /// Its user, who was the invitee.
    pub user_id: i64,
}

/// Makes the invitee of a pending invitation a member with exactly what the invitation says; `NotFound` when there is no
/// such invitation, or one that was accepted already. The guard is in the update, so that of many only one succeeds.
pub fn accept(db: &mut Db, account_id: i64, id: i64, now: Timestamp) -> Result<Accepted, Error> {
    let accepted = db.maybe(
        "UPDATE account_invitations SET accepted_at = ?3, updated_at = ?3 \
         WHERE account_id = ?1 AND id = ?2 AND accepted_at IS NULL \
         RETURNING invitee_id, permission, default_role_id, bill_rate_in_cents, cost_rate_in_cents, billability_target, \
         default_read_only",
        &[Param::Int(account_id), Param::Int(id), Param::Int(now.0)],
        |row| {
            let permission = row.text(1)?.to_owned();
            let membership = NewMembership {
                account_id,
                user_id: row.int(0)?,
                permission: "",
                default_role_id: row.maybe_int(2)?,
                bill_rate_in_cents: row.maybe_int(3)?,
                cost_rate_in_cents: row.maybe_int(4)?,
                billability_target: row.maybe_int(5)?,
                default_read_only: row.int(6)? != 0,
                is_owner: false,
                disabled_at: None,
                created_at: now,
            };
            Ok((membership, permission))
        },
    )?;
    let (membership, permission) = accepted.ok_or(Error::NotFound)?;
    let user_id = membership.user_id;
    let membership = NewMembership { permission: &permission, ..membership };
    let membership_id = people::insert_membership(db, None, &membership)?;
    tallies::add(db, account_id, PENDING, -1)?;
    let after = Attributes::of_cells([
        ("account_membership_id", Kind::Id("account_memberships"), Cell::Int(membership_id)),
        ("permission", Kind::Line, Cell::Text(&permission)),
    ]);
    let entry = Entry {
        account_id,
        occurred_at: now,
        actor: Actor { user_id: Some(user_id), token_id: None, request_id: None },
        action: "account_invitation.accept",
        subject: ("account_invitations", id),
        before: None,
        after: Some(&after),
    };
    audit::write(db, &entry)?;
    Ok(Accepted { membership_id, user_id })
}

/// The last day on which a link works that is made now. It works until the end of that day in UTC.
fn expiration_day(context: &Context) -> i64 {
    context.now.day() + context.invitation_days
}

fn require_pending(record: &Record, refusal: &str) -> Result<(), Error> {
    match record.int("pending") {
        Some(1) => Ok(()),
        _ => Err(Error::Invalid(vec![Fault::base(refusal)])),
    }
}

/// Nobody grants a level above the own one.
fn judge_permission(context: &Context, changes: &mut Changes) {
    if changes.text("permission").is_some_and(|permission| !context.caller.may_grant(permission)) {
        changes.refuse("permission", ABOVE_OWN_LEVEL);
    }
}

/// An address is invited once and belongs to nobody of the account yet. Returns the user who has it already: somebody
/// who was removed or whose invitation was accepted and undone.
fn judge_address(
    db: &mut Db,
    context: &Context,
    changes: &mut Changes,
    seen: &mut HashSet<String>,
) -> Result<Option<i64>, Error> {
    let Some(key) = changes.text("email_address").map(fold) else {
        return Ok(None);
    };
    let params = [Param::Int(context.caller.account_id), Param::Text(&key)];
    let pending = db.maybe(
        "SELECT 1 FROM account_invitations WHERE account_id = ?1 AND email_key = ?2 AND accepted_at IS NULL",
        &params,
        |_| Ok(()),
    )?;
    let user = db.maybe(
        "SELECT u.id, m.id, m.disabled_at, \
         (SELECT i.id FROM account_invitations i WHERE i.invitee_id = u.id AND i.accepted_at IS NULL) \
         FROM users u LEFT JOIN account_memberships m ON m.user_id = u.id WHERE u.account_id = ?1 AND u.email_key = ?2",
        &params,
        |row| {
            let has = |column| row.maybe_int(column).map(|id| id.is_some());
            Ok((row.int(0)?, has(1)?, has(2)?, has(3)?))
        },
    )?;
    let is_repeated = !seen.insert(key);
    let refusal = match user {
        _ if is_repeated => Some(TWICE_IN_REQUEST),
        _ if pending.is_some() => Some(ALREADY_INVITED),
        Some((_, true, true, _)) => Some(DISABLED_MEMBER),
        Some((_, true, false, _)) => Some(ALREADY_MEMBER),
        // The person was invited under another address and has changed it since.
        Some((.., true)) => Some(ALREADY_INVITED),
        _ => None,
    };
    if let Some(refusal) = refusal {
        changes.refuse("email_address", refusal);
    }
    Ok(user.map(|(id, ..)| id))
}

/// Writes one invitation whose rules all hold.
fn insert(
    db: &mut Db,
    resource: &'static Resource,
    context: &Context,
    changes: &Changes,
    invitee: Option<i64>,
) -> Result<i64, Error> {
    let account = context.caller.account_id;
    let full_name = changes.text("full_name").unwrap_or_default();
    let email_address = changes.text("email_address").unwrap_or_default();
    let keys = Keys::of(full_name, email_address);
    let invitee = match invitee {
        Some(id) => id,
        None => {
            let (headline, created_at) = (changes.text("headline"), context.now);
            let user = NewUser { account_id: account, full_name, email_address, keys: &keys, headline, created_at };
            people::insert_user(db, None, &user)?
        }
    };
    let token = tokens::generate(&context.entropy, LINK_PREFIX)?;
    let token_hash = tokens::hash(token.expose_secret());
    let params = [
        Param::Int(account),
        Param::Text(full_name),
        Param::Text(&keys.name),
        Param::Text(email_address),
        Param::Text(&keys.email),
        Param::Text(&keys.search),
        changes.get("headline").into(),
        Param::Int(context.now.0),
        changes.get("permission").into(),
        changes.get("default_role_id").into(),
        changes.get("bill_rate_in_cents").into(),
        changes.get("cost_rate_in_cents").into(),
        changes.get("billability_target").into(),
        changes.get("default_read_only").into(),
        context.caller.user_id().into(),
        Param::Int(invitee),
        Param::Int(expiration_day(context)),
        Param::Bytes(&token_hash),
    ];
    let id = db
        .insert(
            "INSERT INTO account_invitations (account_id, full_name, name_key, email_address, email_key, search_key, \
             headline, created_at, updated_at, permission, default_role_id, bill_rate_in_cents, cost_rate_in_cents, \
             billability_target, default_read_only, inviter_id, invitee_id, expires_on, token_hash) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18) \
             RETURNING id",
            &params,
        )
        .map_err(|error: store::Error| {
            error.on_constraint(PENDING_ADDRESS, || {
                Error::Invalid(vec![Fault::of("email_address", changes.index(), ALREADY_INVITED)])
            })
        })?;
    external_references::write(db, context, (Subject::User, invitee), changes)?;
    let after = Attributes::of(changes.values().map(|(field, value)| (field, value.cell())));
    let event = Event { resource, action: "create", id, before: None, after: Some(&after) };
    audit::record(db, context, &event)?;
    Ok(id)
}
