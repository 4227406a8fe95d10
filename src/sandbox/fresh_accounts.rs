//! A fresh account with a member and a token for each level: a test that has one to itself disturbs no other, and many can share
//! one server.

use crate::clock::Timestamp;
use crate::engine::access::{ASSIGNABLE, PUNCH_CLOCK};
use crate::engine::tokens;
use crate::ids::{AccountId, RoleId, UserId};
use crate::resources::people::{self, Keys, NewMembership, NewUser};
use crate::store::{Db, Error};

/// The roles of a fresh account.
const ROLES: [&str; 3] = ["Developer", "Designer", "Manager"];

/// The level of people from outside, who have no token: they are on the level of collaborators.
const WITHOUT_TOKEN: &str = "external_collaborator";

/// What was made.
pub struct Made {
    /// The account.
    pub account_id: AccountId,
    /// Each level with its token and its user, highest first.
    pub members: Vec<(&'static str, String, UserId)>,
    /// Each role with its id.
    pub roles: Vec<(&'static str, RoleId)>,
}

/// Makes an account.
pub fn create(db: &mut Db, name: &str, now: Timestamp) -> Result<Made, Error> {
    let account_id = crate::resources::accounts::insert(db, name, now)?;
    let mut roles = Vec::with_capacity(ROLES.len());
    for role in ROLES {
        roles.push((role, crate::resources::roles::insert(db, account_id, role, now)?));
    }
    let mut members = Vec::new();
    for level in ASSIGNABLE.iter().copied().filter(|level| *level != WITHOUT_TOKEN) {
        // The first is the highest, and so the owner.
        let is_owner = members.is_empty();
        let (user_id, token) = create_member(db, account_id, level, is_owner, now)?;
        members.push((level, token, user_id));
    }
    Ok(Made { account_id, members, roles })
}

fn create_member(
    db: &mut Db,
    account_id: AccountId,
    level: &'static str,
    is_owner: bool,
    now: Timestamp,
) -> Result<(UserId, String), Error> {
    let full_name = format!("{} of {account_id}", level.replace('_', " "));
    let email_address = format!("{level}@account-{account_id}.example.test");
    let keys = Keys::of(&full_name, &email_address);
    let (full_name, email_address) = (full_name.as_str(), email_address.as_str());
    let user = NewUser { account_id, full_name, email_address, keys: &keys, headline: None, created_at: now };
    let user_id = people::insert_user(db, None, &user)?;
    let membership = NewMembership {
        is_owner,
        bill_rate_in_cents: (level == PUNCH_CLOCK).then_some(5_000),
        ..NewMembership::new(account_id, user_id, level, now)
    };
    people::insert_membership(db, None, &membership)?;
    // Everything in a sandbox is public, so that a token may be one that can be read.
    let token = format!("sandbox-{account_id}-{level}");
    tokens::insert(db, account_id, user_id, &token, "sandbox", now)?;
    Ok((user_id, token))
}
