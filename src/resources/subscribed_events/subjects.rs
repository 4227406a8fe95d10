//! What events are about.

use serde_json::Value as Json;

use crate::resources::{cost_rates, email_address, memberships, roles, skills, users};
use crate::wire::condition::Condition;
use crate::wire::describe::Resource;
use crate::wire::kind::Value;

/// The resources that have events.
pub static SUBJECTS: &[&Resource] = &[
    &memberships::RESOURCE,
    &cost_rates::RESOURCE,
    &email_address::RESOURCE,
    &roles::RESOURCE,
    &skills::SKILL,
    &skills::MEMBERSHIP,
    &users::RESOURCE,
];

/// Those that an event can point at.
pub static SERVED: &[&Resource] = &[
    &memberships::RESOURCE,
    &cost_rates::RESOURCE,
    &roles::RESOURCE,
    &skills::SKILL,
    &skills::MEMBERSHIP,
    &users::RESOURCE,
];

/// Their classes.
pub const CLASSES: &[&str] =
    &["AccountMembership", "CostRate", "EmailAddress", "Role", "Skill", "SkillMembership", "User"];

/// The class of the record that an event is about.
pub const CLASS: &str = "CASE t.subject_name WHEN 'account_memberships' THEN 'AccountMembership' \
                         WHEN 'cost_rates' THEN 'CostRate' WHEN 'email_addresses' THEN 'EmailAddress' \
                         WHEN 'roles' THEN 'Role' WHEN 'skills' THEN 'Skill' \
                         WHEN 'skill_memberships' THEN 'SkillMembership' WHEN 'users' THEN 'User' END";

/// The record as `name:id`, while it is there.
pub const POINTER: &str = "CASE t.subject_name \
    WHEN 'account_memberships' THEN (SELECT 'account_memberships:' || s.id FROM account_memberships s \
        WHERE s.id = t.subject_id AND +s.account_id = ?1) \
    WHEN 'cost_rates' THEN (SELECT 'cost_rates:' || s.id FROM cost_rates s \
        WHERE s.id = t.subject_id AND +s.account_id = ?1) \
    WHEN 'roles' THEN (SELECT 'roles:' || s.id FROM roles s \
        WHERE s.id = t.subject_id AND +s.account_id = ?1 AND s.deleted_at IS NULL) \
    WHEN 'skills' THEN (SELECT 'skills:' || s.id FROM skills s \
        WHERE s.id = t.subject_id AND +s.account_id = ?1) \
    WHEN 'skill_memberships' THEN (SELECT 'skill_memberships:' || s.id FROM skill_memberships s \
        WHERE s.id = t.subject_id AND +s.account_id = ?1) \
    WHEN 'users' THEN (SELECT 'users:' || s.id FROM users s \
        WHERE s.id = t.subject_id AND +s.account_id = ?1) END";

/// Classes of the vendor that have no records here, so nothing ever happens to them.
const ELSEWHERE: &[&str] = &[
    "AccountColor",
    "AccountLocation",
    "Assignment",
    "BudgetChangeOrder",
    "CustomField",
    "CustomFieldSet",
    "DefaultStatusSet",
    "Estimate",
    "EstimateScenario",
    "EstimateScenarioResource",
    "Expense",
    "ExpenseReportSubmission",
    "Invoice",
    "LineItemLock",
    "Organization",
    "OrganizationMembership",
    "Participation",
    "ProjectAccessControl",
    "ScheduleChangeOrder",
    "StatusSet",
    "StatusSetOption",
    "Story",
    "StoryAllocationDay",
    "TimeEntry",
    "TimeOffEntry",
    "TimesheetSubmission",
    "Vendor",
    "Workspace",
    "WorkspaceAllocation",
    "WorkspaceApprover",
    "WorkspaceGroup",
    "WorkspaceInvitation",
    "WorkspaceResource",
    "WorkspaceStatusSet",
    "Workweek",
    "WorkweekMembership",
];

/// The events about records of a class.
pub fn of_class(given: &Json) -> Option<Condition> {
    let class = given.as_str()?;
    match SUBJECTS.iter().find(|subject| subject.object == class) {
        Some(subject) => Some(Condition::Compares("t.subject_name", "=", Value::Text(subject.name.to_owned()))),
        None => ELSEWHERE.contains(&class).then_some(Condition::Never),
    }
}
