//! Who may do what: the ladder of levels, the caller, and one table of actions (protocol.md section 6).
//!
//! An action is allowed in two steps. The level alone decides first, before anything of the request is read, so that a
//! caller who may never do it learns nothing about records. A rule about the record comes after it was found.

use crate::engine::error::Error;
use crate::engine::limits;
use crate::ids::{AccountId, TokenId, UserId};
use crate::wire::describe::{Rung, Verb};

/// Permission levels, lowest first; each may do all that the ones before may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Tracks time, nothing else.
    PunchClock,
    /// Works on projects. The level of external collaborators too.
    Collaborator,
    /// Makes projects.
    ProjectCreator,
    /// Leads projects.
    ProjectLead,
    /// Sees reports.
    ReportsViewer,
    /// Sees reports with costs.
    ReportsViewerWithCost,
    /// Does everything in the account.
    Administrator,
}

/// Every level with its wire name, lowest first.
const LEVELS: &[(Level, &str)] = &[
    (Level::PunchClock, "punch_clock"),
    (Level::Collaborator, "collaborator"),
    (Level::ProjectCreator, "project_creator"),
    (Level::ProjectLead, "project_lead"),
    (Level::ReportsViewer, "reports_viewer"),
    (Level::ReportsViewerWithCost, "reports_viewer_with_cost"),
    (Level::Administrator, "administrator"),
];

/// The permissions that a membership can have, in the order of the vendor's reference; that of people from outside is the
/// last.
pub const ASSIGNABLE: &[&str] = &[
    "administrator",
    "reports_viewer_with_cost",
    "reports_viewer",
    "project_lead",
    "project_creator",
    "collaborator",
    "punch_clock",
    "external_collaborator",
];

/// The permissions that an invitation can carry: all but the last.
pub const INVITABLE: &[&str] = match ASSIGNABLE.split_last() {
    Some((_, invitable)) => invitable,
    None => &[],
};

/// The wire name of the highest level.
pub const ADMINISTRATOR: &str = "administrator";

/// The wire name of the level of those who track time and nothing else.
pub const PUNCH_CLOCK: &str = "punch_clock";

impl Level {
    /// The level of a permission as memberships and invitations store it.
    pub fn of_permission(permission: &str) -> Option<Self> {
        let name = if permission == "external_collaborator" { "collaborator" } else { permission };
        LEVELS.iter().find(|(_, known)| *known == name).map(|(level, _)| *level)
    }

    /// The wire name.
    pub fn name(self) -> &'static str {
        LEVELS.iter().find(|(level, _)| *level == self).map_or("", |(_, name)| name)
    }

    /// The level on a rung; `None` for the rung below all levels.
    pub fn on_rung(rung: Rung) -> Option<Self> {
        LEVELS.iter().find(|(level, _)| level.rung() == rung).map(|(level, _)| *level)
    }

    /// The place on the ladder that descriptions refer to.
    pub const fn rung(self) -> Rung {
        Rung(self as u8 + 1)
    }
}

/// Who makes a request, and in which account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The account, and so the only one whose records exist for this caller.
    pub account_id: AccountId,
    /// Who it is.
    pub identity: Identity,
    /// What the caller may do.
    pub level: Level,
    /// Whether the account was cancelled, so that everything is refused.
    pub is_account_canceled: bool,
}

/// Who a caller is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Identity {
    /// A member of the account, by one of the member's tokens.
    Member {
        /// The user.
        user_id: UserId,
        /// The token.
        token_id: TokenId,
    },
    /// A user who acts for oneself without a token, such as one who accepts an invitation.
    Person {
        /// The user.
        user_id: UserId,
    },
    /// Whoever may run commands on the machine: no user of any account.
    Operator,
}

impl Caller {
    /// The operator, at work in an account.
    pub fn operator(account_id: AccountId) -> Self {
        Self { account_id, identity: Identity::Operator, level: Level::Administrator, is_account_canceled: false }
    }

    /// Somebody of whom nothing is known yet, and who may do nothing in any account.
    pub fn nobody() -> Self {
        Self {
            account_id: AccountId::new(0),
            identity: Identity::Operator,
            level: Level::PunchClock,
            is_account_canceled: false,
        }
    }

    /// The caller's user.
    pub fn user_id(&self) -> Option<UserId> {
        match self.identity {
            Identity::Member { user_id, .. } | Identity::Person { user_id } => Some(user_id),
            Identity::Operator => None,
        }
    }

    /// The caller's token.
    pub fn token_id(&self) -> Option<TokenId> {
        match self.identity {
            Identity::Member { token_id, .. } => Some(token_id),
            Identity::Person { .. } | Identity::Operator => None,
        }
    }

    /// The caller's place on the ladder.
    pub fn rung(&self) -> Rung {
        self.level.rung()
    }

    /// Whether this caller may hand out the permission: nobody grants a level above the own one.
    pub fn may_grant(&self, permission: &str) -> bool {
        Level::of_permission(permission).is_some_and(|level| level <= self.level)
    }
}

/// A line of the policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    resource: &'static str,
    action: &'static str,
    /// The lowest level that may ever do it.
    pub level: Level,
    /// What else a caller below administrator needs.
    ownership: Option<Ownership>,
    /// The rate limit that it counts for, beside the general one.
    pub limit: Option<limits::Kind>,
}

/// A record belongs to the user that one of its fields names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Ownership {
    field: &'static str,
    refusal: &'static str,
}

const fn from(level: Level, resource: &'static str, action: &'static str) -> Rule {
    Rule { resource, action, level, ownership: None, limit: None }
}

impl Rule {
    /// Below administrator, only for the user whom the record's `field` names; others are told the refusal.
    const fn own(mut self, field: &'static str, refusal: &'static str) -> Self {
        self.ownership = Some(Ownership { field, refusal });
        self
    }

    const fn limited(mut self, limit: limits::Kind) -> Self {
        self.limit = Some(limit);
        self
    }
}

/// The refusal of what a level may never do.
pub const BELOW_LEVEL: &str = "You do not have permission to do this.";

/// The refusal of a permission that [`Caller::may_grant`] denies.
pub const ABOVE_OWN_LEVEL: &str = "Permission must not be above your own.";

const NOT_ONESELF: &str = "Only an administrator may change another user.";
const NOT_THE_INVITER: &str = "Only an administrator or the inviter may change this invitation.";

/// The policy. What has no line is forbidden.
pub const POLICY: &[Rule] = &[
    from(Level::ProjectLead, "account_invitations", "list"),
    from(Level::ProjectLead, "account_invitations", "show"),
    from(Level::ProjectLead, "account_invitations", "create").limited(limits::Kind::Create),
    from(Level::ProjectLead, "account_invitations", "update").own("inviter_id", NOT_THE_INVITER),
    from(Level::ProjectLead, "account_invitations", "delete").own("inviter_id", NOT_THE_INVITER),
    from(Level::ProjectLead, "account_invitations", "resend")
        .own("inviter_id", NOT_THE_INVITER)
        .limited(limits::Kind::Resend),
    // These two are beside the API: `POST /invitations/{id}/link` and `GET /invitations/{id}/mails`.
    from(Level::Administrator, "account_invitations", "link"),
    from(Level::ProjectLead, "account_invitations", "mails"),
    from(Level::PunchClock, "account_memberships", "list"),
    from(Level::PunchClock, "account_memberships", "show"),
    from(Level::Administrator, "account_memberships", "update"),
    from(Level::Administrator, "account_memberships", "delete"),
    from(Level::Administrator, "account_memberships", "disable"),
    from(Level::Administrator, "account_memberships", "enable"),
    from(Level::PunchClock, "users", "list"),
    from(Level::PunchClock, "users", "show"),
    from(Level::PunchClock, "users", "me"),
    from(Level::PunchClock, "users", "update").own("id", NOT_ONESELF),
    from(Level::PunchClock, "roles", "list"),
    from(Level::PunchClock, "roles", "show"),
    from(Level::Administrator, "roles", "create"),
    from(Level::Administrator, "roles", "update"),
    from(Level::Administrator, "roles", "delete"),
];

/// The policy in force: the table, with what settings change in it.
pub struct Policy(Vec<Rule>);

impl Policy {
    /// The table, with the given level needed to invite.
    pub fn new(create_level: Level) -> Self {
        let raise = |rule: &Rule| match (rule.resource, rule.action) {
            ("account_invitations", "create") => Rule { level: rule.level.max(create_level), ..*rule },
            _ => *rule,
        };
        Self(POLICY.iter().map(raise).collect())
    }

    /// The line for an action.
    pub fn rule(&self, resource: &str, verb: Verb) -> Option<&Rule> {
        self.0.iter().find(|rule| rule.resource == resource && rule.action == verb.name())
    }
}

/// The first step: whether the caller's level alone allows the action. Returns the rule for the second step.
pub fn permit_level(caller: &Caller, rule: Option<&Rule>) -> Result<Rule, Error> {
    if caller.is_account_canceled {
        return Err(Error::Forbidden("Your account has been canceled"));
    }
    match rule {
        Some(rule) if caller.level >= rule.level => Ok(*rule),
        _ => Err(Error::Forbidden(BELOW_LEVEL)),
    }
}

/// The second step: whether the caller may do it to this record, whose fields can be asked for.
pub fn permit_record(caller: &Caller, rule: &Rule, field: impl FnOnce(&str) -> Option<UserId>) -> Result<(), Error> {
    match rule.ownership {
        Some(ownership) if caller.level < Level::Administrator && field(ownership.field) != caller.user_id() => {
            Err(Error::Forbidden(ownership.refusal))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ladder_has_the_order_of_the_protocol() {
        assert!(LEVELS.is_sorted_by_key(|(level, _)| *level));
        assert_eq!(Level::of_permission("external_collaborator"), Some(Level::Collaborator));
        assert_eq!(Level::of_permission("Administrator"), None);
        assert!(LEVELS.iter().all(|(level, name)| Level::of_permission(name) == Some(*level)));
        assert!(INVITABLE.iter().rev().eq(LEVELS.iter().map(|(_, name)| name)));
    }
}
