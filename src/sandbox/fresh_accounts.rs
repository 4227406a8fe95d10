//! Fresh accounts with a member and a token for each permission level. A test with an account of its own does not
//! disturb others, so many tests can share one server.

use crate::clock::Timestamp;
use crate::engine::access::{ASSIGNABLE, Permission};
use crate::engine::{rows, tokens};
use crate::ids::{AccountId, RoleId, UserId};
use crate::resources::accounts;
use crate::resources::people::{self, NewMembership, NewUser};
use crate::store::{Db, Error, Param};
use crate::wire::fold::fold;

const ROLES: [&str; 3] = ["Developer", "Designer", "Manager"];

/// External collaborators have the rights of collaborators, so they need no token.
const WITHOUT_TOKEN: &str = "external_collaborator";

pub struct FreshAccount {
    pub account_id: AccountId,
    /// Each level with the member's token and user id, highest first.
    pub members: Vec<(&'static str, String, UserId)>,
    /// Names and ids.
    pub roles: Vec<(&'static str, RoleId)>,
}

pub fn create(db: &mut Db, name: &str, now: Timestamp) -> Result<FreshAccount, Error> {
    let account_id = accounts::insert(db, name, now)?;
    let mut roles = Vec::with_capacity(ROLES.len());
    for role in ROLES {
        roles.push((role, create_role(db, account_id, role, now)?));
    }
    let mut members = Vec::new();
    for level in ASSIGNABLE.iter().copied().filter(|level| *level != WITHOUT_TOKEN) {
        // The first one has the highest level.
        let is_owner = members.is_empty();
        let (user_id, token) = create_member(db, account_id, level, is_owner, now)?;
        members.push((level, token, user_id));
    }
    Ok(FreshAccount { account_id, members, roles })
}

fn create_role(db: &mut Db, account_id: AccountId, name: &str, now: Timestamp) -> Result<RoleId, Error> {
    let name_key = fold(name);
    let mut columns =
        vec![("account_id", account_id.into()), ("name", Param::Text(name)), ("name_key", Param::Text(&name_key))];
    columns.extend(rows::made_at(now));
    rows::insert(db, "roles", columns)
}

fn create_member(
    db: &mut Db,
    account_id: AccountId,
    level: &'static str,
    is_owner: bool,
    now: Timestamp,
) -> Result<(UserId, String), Error> {
    let permission: Permission = level.parse()?;
    let full_name = format!("{} of {account_id}", level.replace('_', " "));
    let email_address = format!("{level}@account-{account_id}.example.com");
    let user_id = people::insert_user(db, None, &NewUser::new(account_id, &full_name, &email_address, None, now))?;
    let membership = NewMembership {
        is_owner,
        bill_rate_in_cents: (permission == Permission::PunchClock).then_some(5_000),
        ..NewMembership::new(account_id, user_id, permission, now)
    };
    people::insert_membership(db, None, &membership)?;
    // Nothing in a sandbox is secret, so the token is readable.
    let token = format!("sandbox-{account_id}-{level}");
    tokens::insert(db, account_id, user_id, &token, "sandbox", now)?;
    Ok((user_id, token))
}
