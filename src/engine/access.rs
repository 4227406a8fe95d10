//! Who may do what: permissions and their levels, the caller, and the policy (docs/WIRE.md, Who may do what).
//!
//! The description of an operation names its level, so none can be forgotten. An operation is allowed in two steps. The
//! level decides before the request is read: a caller who may never do it learns nothing about records. The rule
//! on the record is judged once the record is found.

use std::str::FromStr;

use crate::engine::error::Error;
use crate::engine::limits::Limit;
use crate::ids::{AccountId, TokenId, UserId};
use crate::store::{self, Db, Param};
use crate::wire::describe::{Operation, Ownership, Rung, Verb};

/// What a member is allowed, lowest first; each level includes those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    PunchClock,
    Collaborator,
    ProjectCreator,
    ProjectLead,
    ReportsViewer,
    ReportsViewerWithCost,
    Administrator,
}

pub const LEAD: Rung = Level::ProjectLead.rung();
pub const ADMINISTRATOR: Rung = Level::Administrator.rung();

/// What memberships and invitations grant, in the order of the vendor's reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permission {
    Administrator,
    ReportsViewerWithCost,
    ReportsViewer,
    ProjectLead,
    ProjectCreator,
    Collaborator,
    PunchClock,
    /// On the level of a collaborator. Invitations cannot grant it.
    ExternalCollaborator,
}

/// Wire name and level of each permission, in the order of the enum.
const PERMISSIONS: [(Permission, &str, Level); 8] = [
    (Permission::Administrator, "administrator", Level::Administrator),
    (Permission::ReportsViewerWithCost, "reports_viewer_with_cost", Level::ReportsViewerWithCost),
    (Permission::ReportsViewer, "reports_viewer", Level::ReportsViewer),
    (Permission::ProjectLead, "project_lead", Level::ProjectLead),
    (Permission::ProjectCreator, "project_creator", Level::ProjectCreator),
    (Permission::Collaborator, "collaborator", Level::Collaborator),
    (Permission::PunchClock, "punch_clock", Level::PunchClock),
    (Permission::ExternalCollaborator, "external_collaborator", Level::Collaborator),
];

/// Names of the permissions that a membership can have.
pub const ASSIGNABLE: &[&str] = &{
    let mut names = [""; PERMISSIONS.len()];
    let mut place = 0;
    while place < names.len() {
        names[place] = PERMISSIONS[place].1;
        place += 1;
    }
    names
};

/// Names of the permissions that an invitation can carry.
pub const INVITABLE: &[&str] = ASSIGNABLE.split_at(Permission::ExternalCollaborator as usize).0;

impl Permission {
    pub const fn name(self) -> &'static str {
        PERMISSIONS[self as usize].1
    }

    pub const fn level(self) -> Level {
        PERMISSIONS[self as usize].2
    }
}

impl FromStr for Permission {
    type Err = store::Error;

    fn from_str(name: &str) -> Result<Self, store::Error> {
        let found = PERMISSIONS.iter().find(|(_, known, _)| *known == name).map(|(permission, ..)| *permission);
        found.ok_or_else(|| store::Error::Data(format!("{name:?} is no permission")))
    }
}

impl From<Permission> for Param<'_> {
    fn from(permission: Permission) -> Self {
        Self::Text(permission.name())
    }
}

impl Level {
    pub fn name(self) -> &'static str {
        PERMISSIONS.iter().find(|(_, _, level)| *level == self).map_or("", |(_, name, _)| name)
    }

    /// The level on a rung; `None` for the rung below all levels.
    pub fn on_rung(rung: Rung) -> Option<Self> {
        PERMISSIONS.iter().map(|(_, _, level)| *level).find(|level| level.rung() == rung)
    }

    /// The place on the ladder that descriptions refer to.
    pub const fn rung(self) -> Rung {
        Rung(self as u8 + 1)
    }
}

/// Who makes a request, and in which account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The only account whose records exist for this caller.
    pub account_id: AccountId,
    pub identity: Identity,
    pub level: Level,
    /// Everything is refused in a cancelled account.
    pub is_account_canceled: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Identity {
    /// A member of the account, by one of the member's tokens.
    Member { user_id: UserId, token_id: TokenId, permission: Permission },
    /// A user without a token, such as one who accepts an invitation.
    Person { user_id: UserId },
    /// A person at the command line: no user of any account.
    Operator,
}

impl Caller {
    pub fn operator(account_id: AccountId) -> Self {
        Self { account_id, identity: Identity::Operator, level: Level::Administrator, is_account_canceled: false }
    }

    /// An unknown person, who may do nothing in any account.
    pub fn unknown() -> Self {
        Self { level: Level::PunchClock, ..Self::operator(AccountId::new(0)) }
    }

    /// A user of an account, acting without a token.
    pub fn person(account_id: AccountId, user_id: UserId) -> Self {
        Self { account_id, identity: Identity::Person { user_id }, ..Self::unknown() }
    }

    pub fn user_id(&self) -> Option<UserId> {
        match self.identity {
            Identity::Member { user_id, .. } | Identity::Person { user_id } => Some(user_id),
            Identity::Operator => None,
        }
    }

    pub fn token_id(&self) -> Option<TokenId> {
        match self.identity {
            Identity::Member { token_id, .. } => Some(token_id),
            Identity::Person { .. } | Identity::Operator => None,
        }
    }

    pub fn rung(&self) -> Rung {
        self.level.rung()
    }

    /// Whether the permission is not above the caller's own level.
    pub fn may_grant(&self, permission: Permission) -> bool {
        permission.level() <= self.level
    }
}

/// The refusal when the caller's level is too low.
pub const BELOW_LEVEL: &str = "You do not have permission to do this.";

/// The refusal of a permission that [`Caller::may_grant`] denies.
pub const ABOVE_OWN_LEVEL: &str = "Permission must not be above your own.";

/// The first step: whether the caller's level alone allows the operation. A setting, `create_level`, can raise the
/// level for inviting.
pub fn permit(caller: &Caller, operation: &Operation, create_level: Level) -> Result<(), Error> {
    let is_inviting = limit(operation) == Some(Limit::Create);
    let least = if is_inviting { create_level.rung() } else { Rung::EVERYONE };
    permit_from(operation.from.max(least), caller)
}

/// Whether the caller stands on this rung or above, in an account that is not cancelled.
pub fn permit_from(rung: Rung, caller: &Caller) -> Result<(), Error> {
    if caller.is_account_canceled {
        return Err(Error::Forbidden("Your account has been canceled"));
    }
    if caller.rung() < rung { Err(Error::Forbidden(BELOW_LEVEL)) } else { Ok(()) }
}

/// The second step: whether the caller may do it to this record, or make it. Its fields can be asked for; a field that
/// a body does not have is refused for its value.
pub fn permit_record(
    db: &mut Db,
    caller: &Caller,
    operation: &Operation,
    field: impl FnOnce(&str) -> Option<UserId>,
) -> Result<(), Error> {
    let Some(own) = operation.ownership.filter(|_| caller.level < Level::Administrator) else { return Ok(()) };
    let owner = field(own.field);
    let is_new = matches!(operation.verb, Verb::Create { .. });
    if owner == caller.user_id() || owner.is_none() && is_new || is_deputy(db, caller, own, owner)? {
        return Ok(());
    }
    Err(Error::Forbidden(own.refusal))
}

fn is_deputy(db: &mut Db, caller: &Caller, own: Ownership, owner: Option<UserId>) -> Result<bool, Error> {
    let Some((condition, owner)) = own.deputies.zip(owner) else { return Ok(false) };
    let params = [caller.account_id.into(), owner.into(), caller.user_id().into()];
    Ok(db.exists(&format!("SELECT 1 WHERE {condition}"), &params)?)
}

/// The rate limit that an operation counts for, beside the general one.
pub fn limit(operation: &Operation) -> Option<Limit> {
    match operation.verb {
        Verb::Create { .. } if operation.sends_mail => Some(Limit::Create),
        Verb::Action(_) if operation.sends_mail => Some(Limit::Resend),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_the_order_of_the_enum_and_the_ladder() {
        for (place, (permission, name, _)) in PERMISSIONS.iter().enumerate() {
            assert_eq!((*permission as usize, name.parse().ok()), (place, Some(*permission)));
        }
        assert!(PERMISSIONS[..INVITABLE.len()].is_sorted_by(|one, other| one.2 > other.2));
        assert!("Administrator".parse::<Permission>().is_err());
    }
}
