//! Who may do what: the ladder of levels, the caller, and one table of actions (protocol.md section 6).
//!
//! An action is allowed in two steps. The level alone decides first, before anything of the request is read, so that a
//! caller who may never do it learns nothing about records. A rule about the record comes after it was found.

use std::sync::Arc;

use crate::clock::Timestamp;
use crate::entropy::Entropy;
use crate::error::Error;
use crate::limits::{self, Limits};
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

/// The permissions that an invitation can carry, in the order of the vendor's reference.
pub const INVITABLE: &[&str] = &[
    "administrator",
    "reports_viewer_with_cost",
    "reports_viewer",
    "project_lead",
    "project_creator",
    "collaborator",
    "punch_clock",
];

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

/// Who makes a request: a member of an account, by one of the member's tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The account, and so the only one whose records exist for this caller.
    pub account_id: i64,
    /// The user.
    pub user_id: i64,
    /// The token.
    pub token_id: i64,
    /// What the membership allows.
    pub level: Level,
    /// Whether the account was cancelled, so that everything is refused.
    pub is_account_canceled: bool,
}

impl Caller {
    /// The caller's place on the ladder.
    pub fn rung(&self) -> Rung {
        self.level.rung()
    }

    /// Whether this caller may hand out the permission: nobody grants a level above the own one.
    pub fn may_grant(&self, permission: &str) -> bool {
        Level::of_permission(permission).is_some_and(|level| level <= self.level)
    }
}

/// Who acts, when, and with what: all that a rule needs besides the database.
pub struct Context {
    /// Who.
    pub caller: Arc<Caller>,
    /// When.
    pub now: Timestamp,
    /// The request, for the audit trail.
    pub request_id: String,
    /// Where secrets come from.
    pub entropy: Arc<Entropy>,
    /// Rate limits of records, which count only what is permitted.
    pub limits: Arc<Limits>,
    /// Days from making or sending an invitation to its expiration date.
    pub invitation_days: i64,
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
        _ => Err(Error::Forbidden("You do not have permission to do this.")),
    }
}

/// The second step: whether the caller may do it to this record, whose fields can be asked for.
pub fn permit_record(caller: &Caller, rule: &Rule, field: impl FnOnce(&str) -> Option<i64>) -> Result<(), Error> {
    match rule.ownership {
        Some(ownership) if caller.level < Level::Administrator && field(ownership.field) != Some(caller.user_id) => {
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
