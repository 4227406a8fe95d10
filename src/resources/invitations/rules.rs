//! The life of an invitation: made, changed, sent again, handed over, accepted, declined, expired, revoked (protocol.md
//! section 5). Who accepts, and by what right, is judged in `acceptance`.
//!
//! Each function runs inside one transaction, judges what only the database can answer, and writes the record, the
//! tallies and the audit trail together. All broken rules are collected before anything is written, so that an answer
//! names every one of them. The address rule is checked here for its message and guaranteed by the unique index
//! `account_invitations_pending_address`, whatever happens at the same time.

use std::collections::HashSet;

use secrecy::SecretString;

use crate::clock::Timestamp;
use crate::engine::access::ABOVE_OWN_LEVEL;
use crate::engine::audit::{self, Actor, Attributes, Entry, Event};
use crate::engine::context::Context;
use crate::engine::error::Error;
use crate::engine::records::Record;
use crate::engine::{limits, tallies};
use crate::ids::{AccountId, InvitationId, MembershipId, RecordId, UserId};
use crate::mail::outbox;
use crate::resources::external_references::{self, Subject};
use crate::resources::invitations::links::{self, Way};
use crate::resources::people::{self, Keys, NewMembership, NewUser};
use crate::resources::seats::{self, PENDING_INVITATIONS};
use crate::resources::{memberships, roles, users};
use crate::store::{self, Db, Param, UniqueIndex};
use crate::wire::changes::{Changes, Fault};
use crate::wire::describe::Resource;
use crate::wire::fold::fold;
use crate::wire::kind::{Cell, Kind, Value};

/// Tally of the invitations of an account.
pub const ALL: &str = "account_invitations";

/// What guarantees that an address is invited once.
pub const PENDING_ADDRESS: UniqueIndex = UniqueIndex {
    name: "account_invitations_pending_address",
    columns: "account_invitations.account_id, account_invitations.email_key",
};

const ALREADY_INVITED: &str = "Email address already has a pending invitation.";
const ALREADY_MEMBER: &str = "Email address already belongs to a member of this account.";
const DISABLED_MEMBER: &str = "Email address belongs to a disabled member. Enable that membership instead.";
const TWICE_IN_REQUEST: &str = "Email address appears more than once in this request.";
const OTHER_DOMAIN: &str = "Email address is of a domain that may not be invited.";

/// Makes an invitation for each element, or none at all, and returns their ids in order.
pub fn invite(
    db: &mut Db,
    resource: &'static Resource,
    context: &Context,
    elements: &mut [Changes],
) -> Result<Vec<RecordId>, Error> {
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
    tallies::add(db, context.caller.account_id, PENDING_INVITATIONS, made)?;
    if context.activates_at_once {
        for id in &ids {
            accept(db, context.caller.account_id, id.typed(), context.now)?;
        }
    }
    seats::note_taken(db, context)?;
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

/// Sends an invitation again, with a new link and its full time; its old links are dead from then on.
pub fn resend(db: &mut Db, context: &Context, record: &Record) -> Result<(), Error> {
    require_pending(record, "This invitation is no longer pending and cannot be sent again.")?;
    context.take_limit(limits::Kind::ResendOfRecord, record.id)?;
    renew(db, context, record, "resend", expiration_day(context))?;
    put_into_outbox(db, context, record.id.typed(), record.text("email_address").unwrap_or_default())
}

/// Makes a link for an administrator to hand over, in place of all links before, and returns its token for the only time.
/// An invitation that has run out, or was declined, can be had again by it.
pub fn hand_over(db: &mut Db, context: &Context, record: &Record) -> Result<SecretString, Error> {
    require_pending(record, "This invitation is no longer pending and has no link any more.")?;
    let last_day = record.int("expiration_date").unwrap_or_default();
    let is_over = last_day < context.now.day();
    renew(db, context, record, "link", if is_over { expiration_day(context) } else { last_day })?;
    outbox::cancel(db, record.id.typed(), context.now)?;
    links::create(db, &context.entropy, record.id.typed(), Way::Administrator, context.now)
}

/// Ends the links of an invitation and lets it wait anew, until the end of `last_day`.
fn renew(db: &mut Db, context: &Context, record: &Record, action: &'static str, last_day: i64) -> Result<(), Error> {
    links::end(db, record.id.typed())?;
    db.exec(
        "UPDATE account_invitations SET expires_on = ?3, declined_at = NULL, expired_at = NULL, updated_at = ?4 \
         WHERE account_id = ?1 AND id = ?2",
        &[context.caller.account_id.into(), record.id.into(), Param::Int(last_day), Param::Int(context.now.0)],
    )?;
    let only_date =
        |day: Cell<'_>| Attributes::of(record.resource.field("expiration_date").map(|field| (field, day)).into_iter());
    let before = only_date(record.get("expiration_date").map_or(Cell::Null, Value::cell));
    let after = only_date(Cell::Int(last_day));
    let event = Event { resource: record.resource, action, id: record.id, before: Some(&before), after: Some(&after) };
    Ok(audit::record(db, context, &event)?)
}

fn put_into_outbox(db: &mut Db, context: &Context, id: InvitationId, recipient: &str) -> Result<(), Error> {
    let account = context.caller.account_id;
    Ok(outbox::enqueue(db, &context.outbox, &context.entropy, account, id, recipient, context.now)?)
}

/// Takes an invitation back, and with it the invitee whom nothing else names.
pub fn revoke(db: &mut Db, context: &Context, record: &Record) -> Result<(), Error> {
    require_pending(record, "This invitation was accepted and cannot be deleted. Remove the membership instead.")?;
    remove_pending(db, context, record, "delete")
}

/// Removes a pending invitation with its links, its mail that still waits, and the invitee whom nothing else names.
pub fn remove_pending(db: &mut Db, context: &Context, record: &Record, action: &'static str) -> Result<(), Error> {
    let account = context.caller.account_id;
    outbox::cancel(db, record.id.typed(), context.now)?;
    // Its links go with it.
    let sql = "DELETE FROM account_invitations WHERE account_id = ?1 AND id = ?2";
    db.exec(sql, &[account.into(), record.id.into()])?;
    if let Some(invitee) = record.id_in("invitee_id") {
        people::remove_unnamed_user(db, account, invitee)?;
    }
    tallies::add(db, account, ALL, -1)?;
    tallies::add(db, account, PENDING_INVITATIONS, -1)?;
    let before = Attributes::of_record(record);
    let event = Event { resource: record.resource, action, id: record.id, before: Some(&before), after: None };
    Ok(audit::record(db, context, &event)?)
}

/// What an acceptance has made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// The membership.
    pub membership_id: MembershipId,
    /// Its user, who was the invitee.
    pub user_id: UserId,
}

/// Makes the invitee of a pending invitation a member with exactly what the invitation says; `NotFound` when there is no
/// such invitation, or one that was accepted already. The guard is in the update, so that of many only one succeeds. Somebody
/// who is a member already keeps what that membership says, and is raised where the invitation says more.
pub fn accept(db: &mut Db, account_id: AccountId, id: InvitationId, now: Timestamp) -> Result<Accepted, Error> {
    let accepted = db.maybe(
        "UPDATE account_invitations SET accepted_at = ?3, updated_at = ?3 \
         WHERE account_id = ?1 AND id = ?2 AND accepted_at IS NULL \
         RETURNING invitee_id, permission, default_role_id, bill_rate_in_cents, cost_rate_in_cents, billability_target, \
         default_read_only",
        &[account_id.into(), id.into(), Param::Int(now.0)],
        |row| {
            let permission = row.text(1)?.to_owned();
            let membership = NewMembership {
                account_id,
                user_id: row.id(0)?,
                permission: "",
                default_role_id: row.maybe_id(2)?,
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
    let membership_id = match memberships::raise(db, account_id, user_id, &permission, now)? {
        Some(membership_id) => membership_id,
        None => people::insert_membership(db, None, &NewMembership { permission: &permission, ..membership })?,
    };
    links::end(db, id)?;
    outbox::cancel(db, id, now)?;
    tallies::add(db, account_id, PENDING_INVITATIONS, -1)?;
    let after = Attributes::of_cells([
        ("account_membership_id", Kind::Id("account_memberships"), membership_id.into()),
        ("permission", Kind::Line, Cell::Text(&permission)),
    ]);
    write_answer(db, account_id, id, "account_invitation.accept", user_id, Some(&after), now)?;
    Ok(Accepted { membership_id, user_id })
}

/// Writes down that the person does not want to come. The invitation stays, as an expired one does, for the inviter to see, to
/// send again or to take back; its links are dead.
pub fn decline(
    db: &mut Db,
    account_id: AccountId,
    id: InvitationId,
    invitee_id: UserId,
    now: Timestamp,
) -> Result<(), Error> {
    let sql = "UPDATE account_invitations SET declined_at = ?3, updated_at = ?3 \
               WHERE account_id = ?1 AND id = ?2 AND accepted_at IS NULL AND declined_at IS NULL";
    if db.exec(sql, &[account_id.into(), id.into(), Param::Int(now.0)])? == 0 {
        return Err(Error::NotFound);
    }
    links::end(db, id)?;
    outbox::cancel(db, id, now)?;
    write_answer(db, account_id, id, "account_invitation.decline", invitee_id, None, now)
}

/// The audit row of what the invited person has done: somebody without a token.
fn write_answer(
    db: &mut Db,
    account_id: AccountId,
    id: InvitationId,
    action: &str,
    user_id: UserId,
    after: Option<&Attributes>,
    now: Timestamp,
) -> Result<(), Error> {
    let entry = Entry {
        account_id,
        occurred_at: now,
        actor: Actor { user_id: Some(user_id), token_id: None, request_id: None },
        action,
        subject: ("account_invitations", id.record()),
        before: None,
        after,
    };
    Ok(audit::write(db, &entry)?)
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
) -> Result<Option<UserId>, Error> {
    let Some(key) = changes.text("email_address").map(fold) else {
        return Ok(None);
    };
    let params = [context.caller.account_id.into(), Param::Text(&key)];
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
            Ok((row.id(0)?, has(1)?, has(2)?, has(3)?))
        },
    )?;
    let is_elsewhere = !is_invitable(&key, &context.invite_domains);
    let is_repeated = !seen.insert(key);
    let refusal = match user {
        _ if is_elsewhere => Some(OTHER_DOMAIN),
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
    invitee: Option<UserId>,
) -> Result<RecordId, Error> {
    let account = context.caller.account_id;
    let full_name = changes.text("full_name").unwrap_or_default();
    let email_address = changes.text("email_address").unwrap_or_default();
    let keys = Keys::of(full_name, email_address);
    // Somebody else was faster than the rule that looked for the address.
    let invited_meanwhile = || Error::Invalid(vec![Fault::of("email_address", changes.index(), ALREADY_INVITED)]);
    let invitee = match invitee {
        Some(id) => id,
        None => {
            let (headline, created_at) = (changes.text("headline"), context.now);
            let user = NewUser { account_id: account, full_name, email_address, keys: &keys, headline, created_at };
            people::insert_user(db, None, &user)
                .map_err(|error| error.on_constraint(users::ADDRESS, invited_meanwhile))?
        }
    };
    let params = [
        account.into(),
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
        invitee.into(),
        Param::Int(expiration_day(context)),
    ];
    let id: InvitationId = db
        .insert(
            "INSERT INTO account_invitations (account_id, full_name, name_key, email_address, email_key, search_key, \
             headline, created_at, updated_at, permission, default_role_id, bill_rate_in_cents, cost_rate_in_cents, \
             billability_target, default_read_only, inviter_id, invitee_id, expires_on) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17) \
             RETURNING id",
            &params,
        )
        .map_err(|error: store::Error| error.on_constraint(PENDING_ADDRESS, invited_meanwhile))?;
    external_references::write(db, context, Subject::User(invitee), changes)?;
    if !context.activates_at_once {
        put_into_outbox(db, context, id, email_address)?;
    }
    let after = Attributes::of(changes.values().map(|(field, value)| (field, value.cell())));
    let event = Event { resource, action: "create", id: id.record(), before: None, after: Some(&after) };
    audit::record(db, context, &event)?;
    Ok(id.record())
}

/// Whether an address, in lower case, is of one of the domains: of exactly that one, or of one below it where the entry begins
/// with `*.`. Whole labels are compared, so that `attacker-example.com` is not of `example.com`.
fn is_invitable(email_key: &str, domains: &[String]) -> bool {
    let domain = email_key.rsplit_once('@').map_or("", |(_, domain)| domain);
    let fits = |allowed: &String| match allowed.strip_prefix("*.") {
        Some(above) => domain.strip_suffix(above).is_some_and(|below| below.len() > 1 && below.ends_with('.')),
        None => domain == allowed,
    };
    domains.is_empty() || domains.iter().any(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_is_compared_label_by_label() {
        let domains = ["example.com".to_owned(), "*.example.org".to_owned()];
        for (address, expected) in [
            ("a@example.com", true),
            ("a@attacker-example.com", false),
            ("a@example.com.attacker.test", false),
            ("a@sub.example.com", false),
            ("a@sub.example.org", true),
            ("a@b.sub.example.org", true),
            ("a@example.org", false),
            ("a@.example.org", false),
            ("a@attackerexample.org", false),
            ("a", false),
        ] {
            assert_eq!(is_invitable(address, &domains), expected, "{address}");
            assert!(is_invitable(address, &[]), "{address}");
        }
    }
}
