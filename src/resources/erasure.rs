//! Erasing a person: identifying data goes, the record of actions stays.
//!
//! A user row that other records name remains, without a name; so do accepted invitations and every row of the audit
//! trail, in which only identifying words are replaced. The trail still shows that user 7 invited user 9, and when.
//!
//! Erasing ends the membership under the usual rules: an account keeps its owner and an administrator.

use std::collections::HashSet;

use serde_json::{Map, Value as Json};

use crate::engine::audit::AuditEntry;
use crate::engine::context::Context;
use crate::engine::error::Error;
use crate::engine::nested::{self, Subject};
use crate::engine::{deletion, records, tokens};
use crate::ids::{AccountId, Id, InvitationId, MembershipId, RecordId, UserId};
use crate::resources::people::{Keys, USER};
use crate::resources::users::photos;
use crate::resources::{addresses, email_address, external_references, invitations, memberships, users};
use crate::store::{Db, Param};
use crate::wire::fold::fold;
use crate::wire::kind::print_text;

/// Replaces names.
pub const ERASED: &str = "[erased]";

/// Attributes in the audit trail that identify a person.
const IDENTIFYING: &[&str] = &[
    "full_name",
    "email_address",
    "headline",
    "photo_path",
    "external_reference",
    "owner_name",
    "owner_email",
    "value",
    "display_value",
];

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Erased {
    pub users: usize,
    /// Removed or made nameless.
    pub invitations: usize,
    /// Changed rows of the audit trail.
    pub audit_rows: usize,
}

/// Erases every person of the account who has, or was invited under, this address. An unknown address is no error, so
/// this can be repeated.
pub fn erase(db: &mut Db, context: &Context, email_address: &str) -> Result<Erased, Error> {
    let account = context.caller.account_id;
    let key = fold(email_address.trim());
    let mut people = ids(
        db,
        "SELECT id FROM users WHERE account_id = ?1 AND email_key = ?2 UNION \
         SELECT invitee_id FROM account_invitations WHERE account_id = ?1 AND email_key = ?2",
        &[account.into(), Param::Text(&key)],
    )?;
    people.sort_unstable();
    let mut erased = Erased { users: people.len(), ..Erased::default() };
    let (mut invited, mut addresses) = (HashSet::new(), HashSet::from([key.clone()]));
    addresses.extend(addresses_of(db, account, &people)?);
    let values = values_of(db, account, &people)?;
    for user in &people {
        let of_person = "SELECT id FROM account_invitations WHERE account_id = ?1 AND invitee_id = ?2";
        invited.extend(ids(db, of_person, &[account.into(), (*user).into()])?);
        erase_user(db, context, *user)?;
    }
    erased.invitations = invited.len();
    forget_mails(db, context, &addresses, &people, &invited)?;
    forget_answers(db, account, &addresses, &people)?;
    erased.audit_rows = redact_trail(db, account, &addresses, &people, &invited, &values)?;
    for user in &people {
        // A network address identifies a person, too. Refused sign-ins have the user as their subject and no actor.
        let sql = "UPDATE audit SET client_address = NULL WHERE account_id = ?1 AND (actor_user_id = ?2 \
                   OR (actor_user_id IS NULL AND subject_type = 'users' AND subject_id = ?2))";
        db.exec(sql, &[account.into(), (*user).into()])?;
        AuditEntry::of(context, &users::RESOURCE, "erase", user.record()).write(db)?;
        AuditEntry::of(context, &email_address::RESOURCE, "erase", user.record()).write(db)?;
    }
    Ok(erased)
}

fn ids<const KIND: char>(db: &mut Db, sql: &str, params: &[Param<'_>]) -> Result<Vec<Id<KIND>>, Error> {
    Ok(db.all(sql, params, |row| row.id(0))?)
}

/// Every address of these people: their own, the one before it, those of invitations, which may differ, and former ones
/// that only the audit trail knows: invitations to them may be long gone. An address that another user has by now is
/// left out.
fn addresses_of(db: &mut Db, account: AccountId, people: &[UserId]) -> Result<HashSet<String>, Error> {
    let mut found = HashSet::new();
    for user in people {
        let sql = "SELECT email_key FROM users WHERE account_id = ?1 AND id = ?2 UNION \
                   SELECT former_key FROM address_changes WHERE user_id = ?2 UNION \
                   SELECT email_key FROM account_invitations WHERE account_id = ?1 AND invitee_id = ?2";
        found.extend(db.all(sql, &[account.into(), (*user).into()], |row| Ok(row.text(0)?.to_owned()))?);
    }
    let sql = "SELECT subject_id, before, after FROM audit WHERE account_id = ?1 AND subject_type = 'users'";
    db.each(sql, &[account.into()], &mut |row| {
        if people.contains(&row.id(0)?) {
            for attributes in [row.maybe_text(1)?, row.maybe_text(2)?].into_iter().flatten().filter_map(read) {
                found.extend(attributes.get("email_address").and_then(Json::as_str).map(fold));
            }
        }
        Ok(())
    })?;
    let mut theirs = HashSet::new();
    for address in found {
        let sql = "SELECT id FROM users WHERE account_id = ?1 AND email_key = ?2";
        let holders = ids(db, sql, &[account.into(), Param::Text(&address)])?;
        if holders.iter().all(|holder| people.contains(holder)) {
            theirs.insert(address);
        }
    }
    Ok(theirs)
}

fn erase_user(db: &mut Db, context: &Context, user: UserId) -> Result<(), Error> {
    let account = context.caller.account_id;
    let of_user = [account.into(), user.into()];
    tokens::expect_change(db, account)?;
    let membership = "SELECT id FROM account_memberships WHERE account_id = ?1 AND user_id = ?2";
    for id in ids(db, membership, &of_user)? {
        let record = records::find(db, &memberships::RESOURCE, account, Some(MembershipId::record(id)))?;
        memberships::remove(db, context, &record)?;
    }
    tokens::end_access(db, account, user, context.now)?;
    context.callers.forget_after_commit(db);
    deletion::note_dependents(db, context, &users::RESOURCE, user.record())?;
    deletion::take_along(db, account, &users::RESOURCE, user.record())?;
    nested::remove(db, Subject::new(account, USER, user), &external_references::NESTED)?;
    // Before the invitations go: the user rows that they leave are nameless then.
    let address = format!("erased-{user}@erased.invalid");
    let keys = Keys::of(ERASED, &address);
    let nameless = [
        account.into(),
        user.into(),
        Param::Text(ERASED),
        Param::Text(&keys.name),
        Param::Text(&address),
        Param::Text(&keys.email),
        Param::Text(&keys.search),
        Param::Int(context.now.0),
    ];
    db.exec(
        "UPDATE users SET full_name = ?3, name_key = ?4, email_address = ?5, email_key = ?6, search_key = ?7, \
         headline = NULL, photo_path = NULL, bio = NULL, website = NULL, city = NULL, state = NULL, country = NULL, \
         abbreviated_timezone = NULL, last_site_activity = NULL, address_proven_at = NULL, updated_at = ?8 \
         WHERE account_id = ?1 AND id = ?2",
        &nameless,
    )?;
    addresses::forget(db, user)?;
    photos::forget(db, user)?;
    let pending =
        "SELECT id FROM account_invitations WHERE account_id = ?1 AND invitee_id = ?2 AND accepted_at IS NULL";
    for id in ids(db, pending, &of_user)? {
        let record = records::find(db, &invitations::RESOURCE, account, Some(InvitationId::record(id)))?;
        invitations::remove_pending(db, context, &record, "delete")?;
    }
    db.exec(
        "UPDATE account_invitations SET full_name = ?3, name_key = ?4, email_address = ?5, email_key = ?6, \
         search_key = ?7, headline = NULL, updated_at = ?8 WHERE account_id = ?1 AND invitee_id = ?2",
        &nameless,
    )?;
    Ok(())
}

/// Takes the addresses out of the outbox, and every address out of the mails about these people and their invitations.
/// What still waits is canceled: it has no address any more.
fn forget_mails(
    db: &mut Db,
    context: &Context,
    addresses: &HashSet<String>,
    people: &[UserId],
    invited: &HashSet<InvitationId>,
) -> Result<(), Error> {
    let forget = "UPDATE outbox SET recipient = ?3, recipient_key = ?3, last_reply = NULL, due_at = NULL, \
                  state = CASE WHEN due_at IS NULL THEN state ELSE 'canceled' END, \
                  updated_at = CASE WHEN due_at IS NULL THEN updated_at ELSE ?4 END WHERE account_id = ?1";
    let of_addresses = addresses.iter().map(|address| ("recipient_key", Param::Text(address)));
    let of_people = people.iter().map(|user| ("user_id", (*user).into()));
    let of_invitations = invited.iter().map(|id| ("invitation_id", (*id).into()));
    for (column, key) in of_addresses.chain(of_people).chain(of_invitations) {
        let params = [context.caller.account_id.into(), key, Param::Text(ERASED), Param::Int(context.now.0)];
        db.exec(&format!("{forget} AND {column} = ?2"), &params)?;
    }
    Ok(())
}

/// The values of custom fields that these people have, and those before them, which only the audit trail knows.
fn values_of(db: &mut Db, account: AccountId, people: &[UserId]) -> Result<HashSet<RecordId>, Error> {
    let mut values = HashSet::new();
    for user in people {
        let sql =
            "SELECT id FROM custom_field_values WHERE account_id = ?1 AND subject_type = 'User' AND subject_id = ?2";
        values.extend(ids(db, sql, &[account.into(), (*user).into()])?);
    }
    let sql =
        "SELECT subject_id, before, after FROM audit WHERE account_id = ?1 AND subject_type = 'custom_field_values'";
    db.each(sql, &[account.into()], &mut |row| {
        for attributes in [row.maybe_text(1)?, row.maybe_text(2)?].into_iter().flatten().filter_map(read) {
            let subject = attributes.get("subject_id").and_then(Json::as_i64).map(UserId::new);
            if subject.is_some_and(|subject| people.contains(&subject)) {
                values.insert(row.id(0)?);
            }
        }
        Ok(())
    })?;
    Ok(values)
}

/// Deletes the stored answers of idempotent requests that contain one of these addresses, or a value of a custom field
/// of one of these people.
fn forget_answers(
    db: &mut Db,
    account: AccountId,
    addresses: &HashSet<String>,
    people: &[UserId],
) -> Result<(), Error> {
    let printed = |address: &String| {
        let mut json = Vec::new();
        print_text(address, &mut json);
        fold(&String::from_utf8_lossy(&json))
    };
    let mut traces: Vec<String> = addresses.iter().map(printed).collect();
    traces.extend(people.iter().map(|user| format!("\"subject_id\":{user},\"subject_type\":\"user\"")));
    let sql =
        "SELECT user_id, idempotency_key, body FROM idempotent_requests WHERE account_id = ?1 AND body IS NOT NULL";
    let mut naming = Vec::new();
    db.each(sql, &[account.into()], &mut |row| {
        let body = fold(row.text(2)?);
        if traces.iter().any(|trace| body.contains(trace)) {
            naming.push((row.id::<UserId>(0)?, row.text(1)?.to_owned()));
        }
        Ok(())
    })?;
    for (user, request) in naming {
        db.exec(
            "DELETE FROM idempotent_requests WHERE account_id = ?1 AND user_id = ?2 AND idempotency_key = ?3",
            &[account.into(), user.into(), Param::Text(&request)],
        )?;
    }
    Ok(())
}

/// Replaces identifying words in the audit rows about these people. Rows about deleted records are found by the address
/// in them.
fn redact_trail(
    db: &mut Db,
    account: AccountId,
    addresses: &HashSet<String>,
    people: &[UserId],
    invited: &HashSet<InvitationId>,
    values: &HashSet<RecordId>,
) -> Result<usize, Error> {
    let mut redacted = Vec::new();
    let sql = "SELECT id, subject_type, subject_id, before, after FROM audit WHERE account_id = ?1 \
               AND (before IS NOT NULL OR after IS NOT NULL)";
    db.each(sql, &[account.into()], &mut |row| {
        let (subject, id): (_, RecordId) = (row.text(1)?, row.id(2)?);
        let is_theirs = match subject {
            "users" | "email_addresses" => people.contains(&id.typed()),
            "account_invitations" => invited.contains(&id.typed()),
            "custom_field_values" => values.contains(&id),
            _ => false,
        };
        let [before, after] = [row.maybe_text(3)?, row.maybe_text(4)?].map(|text| text.and_then(read));
        let names = |attributes: &Option<Map<String, Json>>| attributes.as_ref().is_some_and(|it| names(it, addresses));
        if is_theirs || names(&before) || names(&after) {
            redacted.push((row.int(0)?, before.map(redact), after.map(redact)));
        }
        Ok(())
    })?;
    let count = redacted.len();
    for (id, before, after) in redacted {
        let sql = "UPDATE audit SET before = ?2, after = ?3 WHERE id = ?1";
        db.exec(sql, &[Param::Int(id), before.as_deref().into(), after.as_deref().into()])?;
    }
    Ok(count)
}

fn read(text: &str) -> Option<Map<String, Json>> {
    serde_json::from_str(text).ok()
}

fn names(attributes: &Map<String, Json>, addresses: &HashSet<String>) -> bool {
    ["email_address", "owner_email"].iter().any(|name| {
        attributes.get(*name).and_then(Json::as_str).is_some_and(|address| addresses.contains(&fold(address)))
    })
}

fn redact(mut attributes: Map<String, Json>) -> String {
    for (name, value) in &mut attributes {
        if IDENTIFYING.contains(&name.as_str()) && !value.is_null() {
            *value = Json::from(ERASED);
        }
    }
    Json::Object(attributes).to_string()
}
