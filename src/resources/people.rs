//! The people of an account: how a user and a membership come into being, and whether a user is an active member.
//!
//! A user is made by an invitation and becomes a member by its acceptance; only an account's first user is a member from
//! the beginning. A membership's state is repeated in `users.is_active` and in two tallies, so that lists of an account's people
//! cost what they print: everything that changes a membership's state goes through here.

use crate::clock::Timestamp;
use crate::engine::tallies;
use crate::ids::{AccountId, MembershipId, RoleId, UserId};
use crate::resources::external_references::{self, Subject};
use crate::store::{Db, Error, Param};
use crate::wire::fold::{fold, search_key};

/// Tally of the memberships of an account.
pub const MEMBERSHIPS: &str = "account_memberships";

/// Tally of the active memberships of an account, and so of its active users.
pub const ACTIVE_MEMBERSHIPS: &str = "account_memberships.active";

/// A person's texts in the forms in which they are compared and searched.
pub struct Keys {
    /// The name in lower case.
    pub name: String,
    /// The address in lower case.
    pub email: String,
    /// Both, with every start of a word marked.
    pub search: String,
}

impl Keys {
    /// The keys of a name and an address.
    pub fn of(full_name: &str, email_address: &str) -> Self {
        let search = search_key(&[full_name, email_address]);
        Self { name: fold(full_name), email: fold(email_address), search }
    }
}

/// A user who is to be made.
pub struct NewUser<'a> {
    /// The account.
    pub account_id: AccountId,
    /// Name, trimmed.
    pub full_name: &'a str,
    /// Address, as typed.
    pub email_address: &'a str,
    /// The keys of both.
    pub keys: &'a Keys,
    /// Title.
    pub headline: Option<&'a str>,
    /// When.
    pub created_at: Timestamp,
}

/// A membership that is to be made.
pub struct NewMembership<'a> {
    /// The account.
    pub account_id: AccountId,
    /// The user.
    pub user_id: UserId,
    /// Wire name of the level.
    pub permission: &'a str,
    /// Whether the member owns the account.
    pub is_owner: bool,
    /// Role.
    pub default_role_id: Option<RoleId>,
    /// Billing rate, in cents.
    pub bill_rate_in_cents: Option<i64>,
    /// Cost rate, in cents.
    pub cost_rate_in_cents: Option<i64>,
    /// Share of the working time to be billed, in percent.
    pub billability_target: Option<i64>,
    /// Whether the member starts without the right to write.
    pub default_read_only: bool,
    /// When it was disabled, if it was.
    pub disabled_at: Option<Timestamp>,
    /// When.
    pub created_at: Timestamp,
}

impl<'a> NewMembership<'a> {
    /// An active member who is no owner, without a role or rates.
    pub fn new(account_id: AccountId, user_id: UserId, permission: &'a str, created_at: Timestamp) -> Self {
        Self {
            account_id,
            user_id,
            permission,
            is_owner: false,
            default_role_id: None,
            bill_rate_in_cents: None,
            cost_rate_in_cents: None,
            billability_target: None,
            default_read_only: false,
            disabled_at: None,
            created_at,
        }
    }
}

/// Makes a user, with this id where one is given, and returns the id.
pub fn insert_user(db: &mut Db, id: Option<UserId>, user: &NewUser<'_>) -> Result<UserId, Error> {
    let mut params = vec![
        user.account_id.into(),
        Param::Text(user.full_name),
        Param::Text(&user.keys.name),
        Param::Text(user.email_address),
        Param::Text(&user.keys.email),
        Param::Text(&user.keys.search),
        user.headline.into(),
        Param::Int(user.created_at.0),
    ];
    let columns =
        "account_id, full_name, name_key, email_address, email_key, search_key, headline, created_at, updated_at";
    let values = "?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?8";
    match id {
        None => db.insert(&format!("INSERT INTO users ({columns}) VALUES ({values}) RETURNING id"), &params),
        Some(id) => {
            params.push(id.into());
            db.insert(&format!("INSERT INTO users ({columns}, id) VALUES ({values}, ?9) RETURNING id"), &params)
        }
    }
}

/// Makes a membership, with this id where one is given, and returns the id.
pub fn insert_membership(
    db: &mut Db,
    id: Option<MembershipId>,
    membership: &NewMembership<'_>,
) -> Result<MembershipId, Error> {
    let is_active = membership.disabled_at.is_none();
    let mut params = vec![
        membership.account_id.into(),
        membership.user_id.into(),
        Param::Text(membership.permission),
        Param::Int(i64::from(membership.is_owner)),
        membership.default_role_id.into(),
        membership.bill_rate_in_cents.into(),
        membership.cost_rate_in_cents.into(),
        membership.billability_target.into(),
        Param::Int(i64::from(membership.default_read_only)),
        membership.disabled_at.map(|moment| moment.0).into(),
        Param::Int(membership.created_at.0),
    ];
    let columns = "account_id, user_id, permission, is_owner, default_role_id, bill_rate_in_cents, cost_rate_in_cents, \
                   billability_target, default_read_only, disabled_at, created_at, updated_at";
    let values = "?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?11";
    let table = "account_memberships";
    let id = match id {
        None => db.insert(&format!("INSERT INTO {table} ({columns}) VALUES ({values}) RETURNING id"), &params)?,
        Some(id) => {
            params.push(id.into());
            db.insert(&format!("INSERT INTO {table} ({columns}, id) VALUES ({values}, ?12) RETURNING id"), &params)?
        }
    };
    tallies::add(db, membership.account_id, MEMBERSHIPS, 1)?;
    if is_active {
        note_activity(db, membership.account_id, membership.user_id, true)?;
    }
    Ok(id)
}

/// Notes that a user has become an active member, or is one no longer.
pub fn note_activity(db: &mut Db, account: AccountId, user: UserId, is_active: bool) -> Result<(), Error> {
    db.exec(
        "UPDATE users SET is_active = ?3 WHERE account_id = ?1 AND id = ?2",
        &[account.into(), user.into(), Param::Int(i64::from(is_active))],
    )?;
    tallies::add(db, account, ACTIVE_MEMBERSHIPS, if is_active { 1 } else { -1 })
}

/// Removes a user whom nothing names any more, with what other systems called the person.
pub fn remove_unnamed_user(db: &mut Db, account: AccountId, user: UserId) -> Result<(), Error> {
    let removed = db.exec(
        "DELETE FROM users WHERE account_id = ?1 AND id = ?2 \
         AND NOT EXISTS (SELECT 1 FROM account_memberships WHERE user_id = users.id OR manager_id = users.id) \
         AND NOT EXISTS (SELECT 1 FROM account_invitations WHERE invitee_id = users.id OR inviter_id = users.id) \
         AND NOT EXISTS (SELECT 1 FROM access_tokens WHERE user_id = users.id) \
         AND NOT EXISTS (SELECT 1 FROM applications WHERE user_id = users.id)",
        &[account.into(), user.into()],
    )?;
    if removed > 0 {
        external_references::remove(db, account, Subject::User(user))?;
    }
    Ok(())
}
