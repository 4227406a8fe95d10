//! The statements of the floor, one function for each operation.

use invited::testing::store::{Db, Error, Param, Row};

use super::print::{self, Answer};
use crate::dates;

/// The account that every statement is about. The floor knows no other.
pub(super) const ACCOUNT: i64 = 1;

/// What most statements are about.
const INVITATIONS: &str = "account_invitations";

/// Roles of a list of ids.
pub(super) const ROLES: &str = "SELECT name, created_at, updated_at, deleted_at, id FROM roles \
                                WHERE +account_id = ?1 AND id IN (SELECT value FROM json_each(?2)) ORDER BY id";

/// Users of a list of ids.
pub(super) const USERS: &str = "SELECT full_name, photo_path, email_address, headline, id FROM users \
                                WHERE +account_id = ?1 AND id IN (SELECT value FROM json_each(?2)) ORDER BY id";

/// The member who invites. The floor knows no callers.
const INVITER: i64 = 2;

/// What is read of an invitation, in the order of the wire, with the id at the end.
macro_rules! columns {
    () => {
        "full_name, email_address, headline, permission, accepted_at IS NULL, expires_on, bill_rate_in_cents, \
         billability_target, cost_rate_in_cents, inviter_id, invitee_id, default_role_id, id"
    };
}

/// A body of a create, as far as the load sends it.
#[derive(serde::Deserialize)]
pub(super) struct Person {
    email_address: String,
    full_name: String,
    headline: Option<String>,
    bill_rate_in_cents: Option<i64>,
}

/// A body of an update, as far as the load sends it.
#[derive(serde::Deserialize)]
pub(super) struct Change {
    permission: String,
    bill_rate_in_cents: Option<i64>,
    billability_target: Option<i64>,
}

pub(super) fn show(db: &mut Db, id: i64) -> Result<Option<Vec<u8>>, Error> {
    let mut answer = Answer::new(INVITATIONS, 1);
    let found = db.maybe(
        concat!(
            "SELECT ",
            columns!(),
            " FROM account_invitations WHERE account_id = ?1 AND id = ?2 AND accepted_at IS NULL"
        ),
        &[Param::Int(ACCOUNT), Param::Int(id)],
        |row| answer.invitation(row),
    )?;
    Ok(found.map(|_| answer.finish(1, 1, 20)))
}

pub(super) fn list(db: &mut Db, size: i64, page: i64, with_includes: bool) -> Result<Vec<u8>, Error> {
    let mut answer = Answer::new(INVITATIONS, usize::try_from(size).unwrap_or(0));
    let (mut users, mut roles) = (Vec::new(), Vec::new());
    db.each(
        concat!(
            "SELECT ",
            columns!(),
            " FROM account_invitations WHERE account_id = ?1 AND accepted_at IS NULL \
             ORDER BY created_at DESC, id LIMIT ?2 OFFSET ?3"
        ),
        &[Param::Int(ACCOUNT), Param::Int(size), Param::Int((page - 1) * size)],
        &mut |row| {
            let named = answer.invitation(row)?;
            users.extend([named.inviter, named.invitee]);
            roles.extend(named.role);
            Ok(())
        },
    )?;
    if with_includes {
        answer.open("roles");
        include(db, ROLES, roles, &mut |row| answer.role(row))?;
        answer.open("users");
        include(db, USERS, users, &mut |row| answer.user(row))?;
    }
    let count = total(db, "account_invitations.pending")?;
    Ok(answer.finish(count, page, size))
}

/// The count of a list, which is kept.
pub(super) fn total(db: &mut Db, tally: &str) -> Result<i64, Error> {
    db.one(
        "SELECT total FROM tallies WHERE account_id = ?1 AND name = ?2",
        &[Param::Int(ACCOUNT), Param::Text(tally)],
        |row| row.int(0),
    )
}

/// The plus in the statements keeps SQLite from walking through an index of the whole account instead of looking up
/// the few ids.
pub(super) fn include(
    db: &mut Db,
    sql: &str,
    mut ids: Vec<i64>,
    print: &mut dyn FnMut(&Row<'_>) -> Result<(), Error>,
) -> Result<(), Error> {
    ids.sort_unstable();
    ids.dedup();
    db.each(sql, &[Param::Int(ACCOUNT), Param::Text(&print::id_list(&ids))], print)
}

pub(super) fn update(db: &mut Db, id: i64, change: &Change) -> Result<Option<Vec<u8>>, Error> {
    let mut answer = Answer::new(INVITATIONS, 1);
    let found = db.maybe(
        concat!(
            "UPDATE account_invitations SET permission = ?3, bill_rate_in_cents = ?4, billability_target = ?5, \
             updated_at = ?6 WHERE account_id = ?1 AND id = ?2 AND accepted_at IS NULL RETURNING ",
            columns!()
        ),
        &[
            Param::Int(ACCOUNT),
            Param::Int(id),
            Param::Text(&change.permission),
            change.bill_rate_in_cents.into(),
            change.billability_target.into(),
            Param::Int(dates::now_in_microseconds()),
        ],
        |row| answer.invitation(row),
    )?;
    Ok(found.map(|_| answer.finish(1, 1, 20)))
}

pub(super) fn create(db: &mut Db, people: &[Person], is_bulk: bool) -> Result<Vec<u8>, Error> {
    let mut answer = Answer::new(INVITATIONS, people.len());
    let now = dates::now_in_microseconds();
    for person in people {
        create_one(db, person, now, &mut answer)?;
    }
    let made = i64::try_from(people.len()).unwrap_or(i64::MAX);
    db.exec(
        "UPDATE tallies SET total = total + ?2 WHERE account_id = ?1 \
         AND name IN ('account_invitations', 'account_invitations.pending')",
        &[Param::Int(ACCOUNT), Param::Int(made)],
    )?;
    Ok(answer.finish(made, 1, if is_bulk { made.max(20) } else { 20 }))
}

fn create_one(db: &mut Db, person: &Person, now: i64, answer: &mut Answer) -> Result<(), Error> {
    let name_key = person.full_name.to_lowercase();
    let email_key = person.email_address.to_lowercase();
    // As long as the one of the server, without its marks.
    let search_key = format!("{name_key} {email_key}");
    let invitee = db.insert(
        "INSERT INTO users (account_id, full_name, name_key, email_address, email_key, search_key, headline, \
         created_at, updated_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?8) RETURNING id",
        &[
            Param::Int(ACCOUNT),
            Param::Text(&person.full_name),
            Param::Text(&name_key),
            Param::Text(&person.email_address),
            Param::Text(&email_key),
            Param::Text(&search_key),
            person.headline.as_deref().into(),
            Param::Int(now),
        ],
    )?;
    db.one(
        concat!(
            "INSERT INTO account_invitations (account_id, full_name, name_key, email_address, email_key, search_key, \
             headline, created_at, updated_at, permission, bill_rate_in_cents, inviter_id, invitee_id, expires_on) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?8, 'project_creator', ?9, ?10, ?11, ?12) RETURNING ",
            columns!()
        ),
        &[
            Param::Int(ACCOUNT),
            Param::Text(&person.full_name),
            Param::Text(&name_key),
            Param::Text(&person.email_address),
            Param::Text(&email_key),
            Param::Text(&search_key),
            person.headline.as_deref().into(),
            Param::Int(now),
            person.bill_rate_in_cents.into(),
            Param::Int(INVITER),
            Param::Int(invitee),
            Param::Int(now / dates::DAY + 30),
        ],
        |row| answer.invitation(row),
    )?;
    Ok(())
}
