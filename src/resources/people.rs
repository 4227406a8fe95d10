//! Users and memberships as rows, and whether a user is an active member.
//!
//! An invitation creates a user, and its acceptance makes the user a member; only an account's first user is a member
//! from the start. A membership's state is repeated in `users.is_active` and in two tallies, which keeps lists of
//! people cheap, so every change of that state goes through here.

use crate::clock::Timestamp;
use crate::engine::access::Permission;
use crate::engine::deletion;
use crate::engine::nested::{self, Subject};
use crate::engine::rows::{self, Columns};
use crate::engine::tallies;
use crate::ids::{AccountId, MembershipId, RoleId, UserId};
use crate::resources::{cost_rates, external_references, users};
use crate::store::{Db, Error, Param};
use crate::wire::fold::{fold, search_key};

/// The class of users, as `subject_type` has it.
pub const USER: &str = "User";

/// Tally of the memberships of an account.
pub const MEMBERSHIPS: &str = "account_memberships";

/// Tally of the active memberships of an account, and so of its active users.
pub const ACTIVE_MEMBERSHIPS: &str = "account_memberships.active";

/// Tally of the active members outside of the company who may not log in.
pub const WITHOUT_LOGIN: &str = "account_memberships.without_login";

/// A person's texts in the forms in which they are compared and searched.
pub struct Keys {
    pub name: String,
    pub email: String,
    /// Both, with the start of each word marked.
    pub search: String,
}

impl Keys {
    pub fn of(full_name: &str, email_address: &str) -> Self {
        let search = search_key(&[full_name, email_address]);
        Self { name: fold(full_name), email: fold(email_address), search }
    }
}

pub struct NewUser<'a> {
    pub account_id: AccountId,
    pub full_name: &'a str,
    pub email_address: &'a str,
    keys: Keys,
    pub headline: Option<&'a str>,
    /// Whether the operator vouches for the address.
    is_address_proven: bool,
    pub created_at: Timestamp,
}

impl<'a> NewUser<'a> {
    /// A user with an unproven address: it counts once its owner has proven it ([`crate::resources::addresses`]).
    pub fn new(
        account_id: AccountId,
        full_name: &'a str,
        email_address: &'a str,
        headline: Option<&'a str>,
        created_at: Timestamp,
    ) -> Self {
        let keys = Keys::of(full_name, email_address);
        Self { account_id, full_name, email_address, keys, headline, is_address_proven: false, created_at }
    }

    /// The same, with an address that the operator vouches for.
    #[must_use]
    pub fn proven(self) -> Self {
        Self { is_address_proven: true, ..self }
    }

    /// When the address was proven, if it was.
    pub fn address_proven_at(&self) -> Option<Timestamp> {
        self.is_address_proven.then_some(self.created_at)
    }

    /// The columns that users and invitations share.
    pub fn columns(&self) -> Columns<'_> {
        vec![
            ("account_id", self.account_id.into()),
            ("full_name", Param::Text(self.full_name)),
            ("name_key", Param::Text(&self.keys.name)),
            ("email_address", Param::Text(self.email_address)),
            ("email_key", Param::Text(&self.keys.email)),
            ("search_key", Param::Text(&self.keys.search)),
            ("headline", self.headline.into()),
        ]
    }
}

/// A membership to be made, or one that an invitation promises.
#[derive(Clone, Copy)]
pub struct NewMembership {
    pub account_id: AccountId,
    pub user_id: UserId,
    pub permission: Permission,
    pub is_owner: bool,
    pub default_role_id: Option<RoleId>,
    pub bill_rate_in_cents: Option<i64>,
    pub cost_rate_in_cents: Option<i64>,
    /// In percent of the working time.
    pub billability_target: Option<i64>,
    pub default_read_only: bool,
    pub collaborator_only_license: bool,
    pub can_log_in: bool,
    pub disabled_at: Option<Timestamp>,
    pub created_at: Timestamp,
}

impl NewMembership {
    /// An active member who is no owner, without a role or rates.
    pub fn new(account_id: AccountId, user_id: UserId, permission: Permission, created_at: Timestamp) -> Self {
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
            collaborator_only_license: false,
            can_log_in: true,
            disabled_at: None,
            created_at,
        }
    }

    /// Whether it belongs to an active member outside of the company who may not log in.
    pub fn is_without_login(&self) -> bool {
        self.disabled_at.is_none() && !self.can_log_in && self.permission == Permission::ExternalCollaborator
    }

    /// The columns that memberships and invitations share.
    pub fn terms(&self) -> Columns<'static> {
        vec![
            ("permission", self.permission.into()),
            ("default_role_id", self.default_role_id.into()),
            ("bill_rate_in_cents", self.bill_rate_in_cents.into()),
            ("cost_rate_in_cents", self.cost_rate_in_cents.into()),
            ("billability_target", self.billability_target.into()),
            ("default_read_only", Param::Int(self.default_read_only.into())),
        ]
    }

    pub fn columns(&self) -> Columns<'static> {
        let mut columns = self.terms();
        columns.extend([
            ("account_id", self.account_id.into()),
            ("user_id", self.user_id.into()),
            ("is_owner", Param::Int(self.is_owner.into())),
            ("collaborator_only_license", Param::Int(self.collaborator_only_license.into())),
            ("can_log_in", Param::Int(self.can_log_in.into())),
            ("disabled_at", self.disabled_at.map(|moment| moment.0).into()),
        ]);
        columns.extend(rows::made_at(self.created_at));
        columns
    }
}

/// Makes a user, with a given id if there is one.
pub fn insert_user(db: &mut Db, id: Option<UserId>, user: &NewUser<'_>) -> Result<UserId, Error> {
    let mut columns = user.columns();
    columns.extend(rows::made_at(user.created_at));
    columns.extend(user.address_proven_at().map(|moment| ("address_proven_at", Param::Int(moment.0))));
    columns.extend(id.map(|id| ("id", id.into())));
    rows::insert(db, "users", columns)
}

/// Makes a membership, with a given id if there is one.
pub fn insert_membership(
    db: &mut Db,
    id: Option<MembershipId>,
    membership: &NewMembership,
) -> Result<MembershipId, Error> {
    let mut columns = membership.columns();
    columns.extend(id.map(|id| ("id", id.into())));
    let id = rows::insert(db, "account_memberships", columns)?;
    if membership.cost_rate_in_cents.is_some() {
        cost_rates::follow(db, membership.account_id, id, membership.cost_rate_in_cents, membership.created_at)?;
    }
    tallies::add(db, membership.account_id, MEMBERSHIPS, 1)?;
    if membership.disabled_at.is_none() {
        tallies::add(db, membership.account_id, ACTIVE_MEMBERSHIPS, 1)?;
    }
    note_login(db, membership.account_id, [false, membership.is_without_login()])?;
    db.exec(
        "UPDATE users SET has_joined = 1, is_active = ?3 WHERE account_id = ?1 AND id = ?2",
        &[membership.account_id.into(), membership.user_id.into(), Param::Int(membership.disabled_at.is_none().into())],
    )?;
    Ok(id)
}

/// Records that a user has become an active member, or has ceased to be one.
pub fn note_activity(db: &mut Db, account: AccountId, user: UserId, is_active: bool) -> Result<(), Error> {
    db.exec(
        "UPDATE users SET is_active = ?3 WHERE account_id = ?1 AND id = ?2",
        &[account.into(), user.into(), Param::Int(i64::from(is_active))],
    )?;
    tallies::add(db, account, ACTIVE_MEMBERSHIPS, if is_active { 1 } else { -1 })
}

/// Records whether a member belongs to those outside of the company who may not log in, before and after a change.
pub fn note_login(db: &mut Db, account: AccountId, [before, after]: [bool; 2]) -> Result<(), Error> {
    match (before, after) {
        (false, true) => tallies::add(db, account, WITHOUT_LOGIN, 1),
        (true, false) => tallies::add(db, account, WITHOUT_LOGIN, -1),
        _ => Ok(()),
    }
}

/// Whether the user is, or was, a member.
pub fn has_joined(db: &mut Db, account: AccountId, user: UserId) -> Result<bool, Error> {
    let sql = "SELECT 1 FROM users WHERE account_id = ?1 AND id = ?2 AND has_joined = 1";
    db.exists(sql, &[account.into(), user.into()])
}

/// What became of a user whom a removed record had named.
pub enum Removed {
    /// Others name the user.
    Nobody,
    /// A person who was never more than invited.
    Invitee,
    FormerMember {
        full_name: String,
        email_address: String,
    },
}

/// Removes a user whom no other row names, with the values of custom fields and the external references.
pub fn remove_unnamed_user(db: &mut Db, account: AccountId, user: UserId) -> Result<Removed, Error> {
    let removed = db.maybe(
        "SELECT has_joined, full_name, email_address FROM users WHERE account_id = ?1 AND id = ?2 \
         AND NOT EXISTS (SELECT 1 FROM account_memberships WHERE user_id = users.id OR manager_id = users.id) \
         AND NOT EXISTS (SELECT 1 FROM account_invitations WHERE invitee_id = users.id OR inviter_id = users.id) \
         AND NOT EXISTS (SELECT 1 FROM skill_memberships WHERE user_id = users.id OR creator_id = users.id) \
         AND NOT EXISTS (SELECT 1 FROM billable_utilizations WHERE creator_id = users.id) \
         AND NOT EXISTS (SELECT 1 FROM custom_fields WHERE creator_id = users.id) \
         AND NOT EXISTS (SELECT 1 FROM custom_field_values WHERE setter_id = users.id AND subject_id <> users.id) \
         AND NOT EXISTS (SELECT 1 FROM access_tokens WHERE user_id = users.id) \
         AND NOT EXISTS (SELECT 1 FROM applications WHERE user_id = users.id)",
        &[account.into(), user.into()],
        |row| {
            let (full_name, email_address) = (row.text(1)?.to_owned(), row.text(2)?.to_owned());
            let has_joined = row.int(0)? != 0;
            Ok(if has_joined { Removed::FormerMember { full_name, email_address } } else { Removed::Invitee })
        },
    )?;
    let Some(removed) = removed else { return Ok(Removed::Nobody) };
    deletion::take_along(db, account, &users::RESOURCE, user.record())?;
    db.exec("DELETE FROM users WHERE account_id = ?1 AND id = ?2", &[account.into(), user.into()])?;
    nested::remove(db, Subject::new(account, USER, user), &external_references::NESTED)?;
    Ok(removed)
}
