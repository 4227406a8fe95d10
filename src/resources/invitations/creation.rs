//! New invitations.
//!
//! All broken rules of a body are collected before anything is written, so an answer names every one. The rule on
//! addresses is judged here for its message; the unique index on pending addresses guarantees it against concurrent
//! writes.

use std::collections::HashSet;

use crate::engine::audit::{Attributes, AuditEntry};
use crate::engine::context::Context;
use crate::engine::error::Error;
use crate::engine::nested::{self, Subject};
use crate::engine::rows::{self, Columns};
use crate::engine::tallies;
use crate::ids::{InvitationId, RecordId, RoleId, UserId};
use crate::resources::invitations::rules::{self, ALL};
use crate::resources::people::{self, NewMembership, NewUser};
use crate::resources::seats::{self, PENDING_INVITATIONS};
use crate::resources::{addresses, external_references, memberships, users};
use crate::store::{Db, Param};
use crate::wire::changes::{Changes, Violation};
use crate::wire::describe::{Resource, UniqueIndex};
use crate::wire::fold::fold;

/// Guarantees that an address is invited once.
pub const PENDING_ADDRESS: UniqueIndex = UniqueIndex {
    name: "account_invitations_pending_address",
    columns: "account_invitations.account_id, account_invitations.email_key",
};

const ALREADY_INVITED: &str = "Email address already has a pending invitation.";
const ALREADY_MEMBER: &str = "Email address already belongs to a member of this account.";
const DISABLED_MEMBER: &str = "Email address belongs to a disabled member. Enable that membership instead.";
const TWICE_IN_REQUEST: &str = "Email address appears more than once in this request.";
const OTHER_DOMAIN: &str = "Email address is of a domain that may not be invited.";

/// Makes an invitation for each element, or none at all. Returns their ids in order.
pub fn invite(
    db: &mut Db,
    resource: &'static Resource,
    context: &Context,
    elements: &mut [Changes],
) -> Result<Vec<RecordId>, Error> {
    let mut seen = HashSet::new();
    let mut invitees = Vec::with_capacity(elements.len());
    for changes in elements.iter_mut() {
        rules::judge_permission(context, changes);
        memberships::judge_punch_clock_rate(changes, None);
        invitees.push(judge_address(db, context, changes, &mut seen)?);
    }
    Error::unless_valid(Changes::finish(elements))?;
    if !context.activates_at_once {
        context.take_mails(elements.len())?;
    }
    let mut ids = Vec::with_capacity(elements.len());
    for (changes, invitee) in elements.iter().zip(invitees) {
        ids.push(insert(db, resource, context, changes, invitee)?);
    }
    let made = i64::try_from(ids.len()).unwrap_or(i64::MAX);
    tallies::add(db, context.caller.account_id, ALL, made)?;
    tallies::add(db, context.caller.account_id, PENDING_INVITATIONS, made)?;
    if context.activates_at_once {
        for id in &ids {
            let request_id = context.request_id.as_deref();
            rules::accept(db, context.caller.account_id, id.typed(), request_id, context.now)?;
        }
    }
    seats::note_taken(db, context)?;
    Ok(ids)
}

/// An address is invited once and belongs to no member of the account. Returns the user who has the address already: a
/// former member.
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
    let pending: Option<i64> = db.maybe(
        "SELECT id FROM account_invitations WHERE account_id = ?1 AND email_key = ?2 AND accepted_at IS NULL",
        &params,
        |row| row.int(0),
    )?;
    let user = db.maybe(
        "SELECT u.id, m.id, m.disabled_at, \
         (SELECT i.id FROM account_invitations i WHERE i.invitee_id = u.id AND i.accepted_at IS NULL) \
         FROM users u LEFT JOIN account_memberships m ON m.user_id = u.id WHERE u.account_id = ?1 AND u.email_key = ?2",
        &params,
        |row| {
            let has = |column| row.maybe_int(column).map(|id| id.is_some());
            Ok((row.id(0)?, has(1)?, has(2)?, row.maybe_int(3)?))
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
        // Invited under another address, and changed since.
        Some((.., Some(_))) => Some(ALREADY_INVITED),
        _ => None,
    };
    if let Some(refusal) = refusal {
        let invitation = pending.or_else(|| user.and_then(|(.., invitation)| invitation));
        let in_the_way = invitation.filter(|_| refusal == ALREADY_INVITED);
        changes.refuse_for("email_address", refusal, in_the_way);
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
    let (account_id, created_at) = (context.caller.account_id, context.now);
    let full_name = changes.text("full_name").unwrap_or_default();
    let email_address = changes.text("email_address").unwrap_or_default();
    let user = NewUser::new(account_id, full_name, email_address, changes.text("headline"), created_at);
    // A concurrent write got past the rule first.
    let invited_meanwhile = || Error::Invalid(vec![Violation::of("email_address", changes.index(), ALREADY_INVITED)]);
    let known = match invitee {
        Some(id) if addresses::release(db, context, id)? => None,
        known => known,
    };
    let user_id = match known {
        Some(id) => id,
        None => people::insert_user(db, None, &user)
            .map_err(|error| error.on_constraint(users::ADDRESS, invited_meanwhile))?,
    };
    let permission = changes.text("permission").unwrap_or_default().parse()?;
    let promised = NewMembership {
        default_role_id: changes.int("default_role_id").map(RoleId::new),
        bill_rate_in_cents: changes.int("bill_rate_in_cents"),
        cost_rate_in_cents: changes.int("cost_rate_in_cents"),
        billability_target: changes.int("billability_target"),
        default_read_only: changes.int("default_read_only") == Some(1),
        ..NewMembership::new(account_id, user_id, permission, created_at)
    };
    let mut row = columns(&user, &promised, context.caller.user_id(), rules::expiration_day(context));
    row.extend(rows::made_at(context.now));
    let id: InvitationId = rows::insert(db, "account_invitations", row)
        .map_err(|error| error.on_constraint(PENDING_ADDRESS, invited_meanwhile))?;
    if let Some(reference) = changes.text("external_reference") {
        let subject = Subject::new(account_id, people::USER, user_id);
        nested::put_text(db, subject, &external_references::NESTED, reference, context.now)?;
    }
    if !context.activates_at_once {
        rules::put_into_outbox(db, context, id, email_address)?;
    }
    let entry = AuditEntry::of(context, resource, "create", id.record());
    entry.after(Attributes::of(changes.values())).write(db)?;
    Ok(id.record())
}

/// The columns of an invitation of a user, who gets the promised membership by accepting.
pub fn columns<'a>(
    invitee: &'a NewUser<'_>,
    promised: &NewMembership,
    inviter_id: Option<UserId>,
    expires_on: i64,
) -> Columns<'a> {
    let mut columns = invitee.columns();
    columns.extend(promised.terms());
    columns.extend([
        ("inviter_id", inviter_id.into()),
        ("invitee_id", promised.user_id.into()),
        ("expires_on", Param::Int(expires_on)),
    ]);
    columns
}

/// Whether an address, in lower case, is of one of the domains, or of a subdomain of an entry that begins with `*.`.
/// Whole labels are compared: `attacker-example.com` is not of `example.com`.
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
