//! Account memberships: permission and rates of a person in the account. Accepted invitations make them.

use crate::engine::access::{ADMINISTRATOR, ASSIGNABLE, LEAD};
use crate::resources::entry::{Behaviour, DELETE, Entry};
use crate::resources::memberships::rules;
use crate::resources::people::{ACTIVE_MEMBERSHIPS, MEMBERSHIPS};
use crate::resources::{billable_utilizations, cost_rates, roles, skills, users};
use crate::wire::describe::{
    Association, DefaultScope, Deletion, Dependents, Direction, EVENTS, Field, Filter, Flag, Operation, Resource, Rung,
    Search, Sort, Tally, Test, Verb, derived,
};
use crate::wire::kind::{FALSE, Kind, TRUE};

/// Indexes repeat this condition literally.
const IS_ACTIVE: &str = "t.disabled_at IS NULL";
const IS_DISABLED: &str = "t.disabled_at IS NOT NULL";

const CAN_LOG_IN: &str = "t.disabled_at IS NULL AND t.can_log_in = 1";
const CANNOT_LOG_IN: &str = "(t.disabled_at IS NOT NULL OR t.can_log_in = 0)";

const NAME: &str = "(SELECT u.name_key FROM users u WHERE u.id = t.user_id)";
const ADDRESS: &str = "(SELECT u.email_key FROM users u WHERE u.id = t.user_id)";
const WORDS: &str = "(SELECT u.search_key FROM users u WHERE u.id = t.user_id)";

/// The other active members of the account.
const OTHERS: &str = "account_memberships m \
                      WHERE m.account_id = t.account_id AND m.disabled_at IS NULL AND m.user_id <> t.user_id";

const COST_RATES: &str = "cost_rates c WHERE c.account_membership_id = t.id";
const FUTURE_TARGETS: &str =
    "billable_utilizations b WHERE b.account_membership_id = t.id AND b.effective_date > {today}";

/// A flag that an update may set.
const fn setting(name: &'static str, position: u8, text: &'static str) -> Field {
    Field::new(name, Kind::Bool, text).on_update(position).default(FALSE)
}

pub const fn rate(name: &'static str, shown_from: Rung, text: &'static str) -> Field {
    Field::new(name, Kind::Cents, text).nullable().shown_from(shown_from)
}

pub const fn billability() -> Field {
    let text = "The share of the working time to be billed, in percent; true is 100, false is 0.";
    Field::new("billability_target", Kind::Percent, text).nullable().shown_from(LEAD)
}

/// All other active members (docs/WIRE.md, G12).
const fn possible(name: &'static str, key: &'static str) -> Association {
    Association::nearly_all(name, key, ("m.user_id", OTHERS), &users::RESOURCE, ACTIVE_MEMBERSHIPS)
}

pub static ENTRY: Entry = Entry {
    resource: &RESOURCE,
    behaviour: Behaviour {
        before_update: Some(rules::before_update),
        beside_update: Some(rules::beside_update),
        destroy: Some(rules::remove),
        actions: &[("disable", rules::disable), ("enable", rules::enable)],
        changes_authority: &["permission", "can_log_in", "disable", "enable", DELETE],
        ..Behaviour::NONE
    },
};

pub static RESOURCE: Resource = Resource {
    name: "account_memberships",
    singular: "account_membership",
    object: "AccountMembership",
    text: "What a person is allowed in the account, and at what rates.",
    table: "account_memberships",
    fields: &[
        Field::new("permission", Kind::Choice(ASSIGNABLE), "The level.").on_update(1),
        derived("is_administrator", "t.permission = 'administrator'", "Whether the member administers the account."),
        derived(
            "is_project_lead",
            "t.permission IN ('project_lead', 'reports_viewer', 'reports_viewer_with_cost', 'administrator')",
            "Whether the member may lead projects.",
        ),
        derived(
            "is_punch_clock_user",
            "t.permission = 'punch_clock'",
            "Whether the member tracks time and nothing else.",
        ),
        Field::new("is_owner", Kind::Bool, "Whether the member owns the account."),
        Field::new("is_backup_approver", Kind::Bool, "Whether the member stands in for an approver: never here.")
            .expression("0"),
        derived(
            "can_create_workspace",
            "t.permission IN ('project_creator', 'project_lead', 'reports_viewer', \
             'reports_viewer_with_cost', 'administrator')",
            "Whether the member may make projects.",
        ),
        derived(
            "can_view_reports",
            "t.permission IN ('reports_viewer', 'reports_viewer_with_cost', 'administrator')",
            "Whether the member may see reports.",
        ),
        setting("default_read_only", 6, "Whether the member starts without the right to write."),
        setting("manager_can_approve", 8, "Whether the manager may approve for the member."),
        setting("manager_can_edit_skills", 9, "Whether the manager may change the member's skills."),
        setting(
            "should_show_alert_on_timesheet_submission",
            10,
            "Whether the member is warned when sending a timesheet.",
        ),
        Field::new("disabled_at", Kind::Time, "When access ended, if it did.").nullable(),
        Field::new("created_at", Kind::Time, "When it was made."),
        Field::new("updated_at", Kind::Time, "When it was last changed."),
        rate("bill_rate_in_cents", LEAD, "The default billing rate.").on_update(3).settable_from(LEAD),
        billability().on_update(5),
        rate("cost_rate_in_cents", ADMINISTRATOR, "The default cost rate.").on_update(4).settable_from(ADMINISTRATOR),
        setting("collaborator_only_license", 14, "Whether the member is always a collaborator in projects."),
        derived("can_log_in", CAN_LOG_IN, "Whether the member may sign in and use tokens.")
            .on_request()
            .on_update(15)
            .default(TRUE),
        Field::new("non_participant", Kind::Bool, "Whether the member takes no part in projects: never here.")
            .expression("0")
            .on_request(),
        setting(
            "enforce_workweek_minimum_on_timesheet_submission",
            12,
            "Whether a timesheet needs the hours of the workweek.",
        )
        .shown_from(ADMINISTRATOR),
        setting(
            "enforce_workweek_maximum_on_timesheet_submission",
            13,
            "Whether a timesheet may not exceed the hours of the workweek.",
        )
        .shown_from(ADMINISTRATOR),
        Field::new(
            "change_role_option",
            Kind::Choice(&["update_with_new_role", "add_another_role", "keep_existing_role"]),
            "What a new role means for projects, of which there are none here: it is checked and has no effect.",
        )
        .nullable()
        .hidden()
        .on_update(11)
        .without_effect(),
        Field::new("user_id", Kind::Id("users"), "The person."),
        Field::new("default_role_id", Kind::Id("roles"), "The role.").nullable().on_update(2).naming(roles::ACTIVE),
        Field::new("manager_id", Kind::Id("users"), "The user who is the member's manager.").nullable().on_update(7),
    ],
    filters: &[
        &[
            Filter::new("by_full_name", Test::Contains(&[NAME]), "Members whose name contains this text, in any case."),
            Filter::new("by_user_id", Test::Id("t.user_id"), "The membership of this user."),
            Filter::new("with_user_ids", Test::Ids("t.user_id"), "The memberships of these users, by id, with commas."),
            Filter::flag(
                "can_log_in",
                Flag::Either(CAN_LOG_IN, CANNOT_LOG_IN),
                "Members who may sign in, or who may not.",
            ),
            Filter::flag(
                "only_active",
                Flag::Only(IS_ACTIVE),
                "Only members who have access; false lifts the restriction.",
            ),
            Filter::new("with_skills", Test::Special(skills::of_memberships), "Members with these skills."),
            Filter::flag("only_inactive", Flag::Only(IS_DISABLED), "Only members who were disabled."),
            Filter::flag(
                "is_active",
                Flag::Either(IS_ACTIVE, IS_DISABLED),
                "Members who have access, or only those who were disabled.",
            ),
        ],
        Filter::DATES,
    ],
    default_scope: Some(DefaultScope {
        condition: IS_ACTIVE,
        lifted_by: &[("only_inactive", true), ("only_active", false), ("is_active", false)],
        replaced_by: &[],
    }),
    sorts: &[
        Sort::new("bill_rate", "t.bill_rate_in_cents").nullable().usable_from(LEAD),
        Sort::new("cost_rate", "t.cost_rate_in_cents").nullable().usable_from(ADMINISTRATOR),
        Sort::new("created_at", "t.created_at"),
        Sort::new("full_name", NAME),
        Sort::new("permission", "t.permission"),
        Sort::new("role", "(SELECT r.name_key FROM roles r WHERE r.id = t.default_role_id)").nullable(),
        Sort::new("updated_at", "t.updated_at"),
    ],
    default_order: ("created_at", Direction::Descending),
    search: Some(Search { columns: &[NAME, ADDRESS], words: WORDS }),
    associations: &[
        Association::belongs_to("user", "user_id", &users::RESOURCE),
        Association::belongs_to("default_role", "default_role_id", &roles::RESOURCE),
        Association::belongs_to("manager", "manager_id", &users::RESOURCE),
        Association::no_one("effective_workweek", "effective_workweek_id", "workweeks"),
        Association::none(
            "backup_approver_associations",
            "backup_approver_association_ids",
            "backup_approver_associations",
        ),
        Association::many("cost_rates", "cost_rate_ids", ("c.id", COST_RATES), &cost_rates::RESOURCE)
            .usable_from(ADMINISTRATOR),
        Association::many(
            "future_billable_utilizations",
            "future_billable_utilization_ids",
            ("b.id", FUTURE_TARGETS),
            &billable_utilizations::RESOURCE,
        )
        .usable_from(ADMINISTRATOR),
        Association::many(
            "managees",
            "managee_ids",
            ("m.user_id", "account_memberships m WHERE m.manager_id = t.user_id"),
            &users::RESOURCE,
        ),
        possible("possible_managees", "possible_managee_ids"),
        possible("possible_managers", "possible_manager_ids"),
        Association::many(
            "skill_memberships",
            "skill_membership_ids",
            ("s.id", "skill_memberships s WHERE s.user_id = t.user_id"),
            &skills::MEMBERSHIP,
        ),
    ],
    tallies: &[
        Tally { name: ACTIVE_MEMBERSHIPS, conditions: &[IS_ACTIVE] },
        Tally { name: MEMBERSHIPS, conditions: &[] },
    ],
    deletion: Deletion {
        takes_along: &[
            Dependents {
                table: "cost_rates",
                condition: "account_membership_id = ?2",
                tally: None,
                resource: Some(&cost_rates::RESOURCE),
            },
            Dependents {
                table: "billable_utilizations",
                condition: "account_membership_id = ?2",
                tally: None,
                resource: None,
            },
        ],
        ..Deletion::PLAIN
    },
    events: EVENTS,
    operations: &[
        Operation::new(Verb::Index, "GetAccountMemberships", Rung::EVERYONE, "Retrieve account memberships."),
        Operation::new(Verb::Show, "GetAccountMembership", Rung::EVERYONE, "Retrieve one account membership."),
        Operation::new(Verb::Update, "UpdateAccountMembership", ADMINISTRATOR, "Change an account membership."),
        Operation::new(
            Verb::Destroy,
            "DeleteAccountMembership",
            ADMINISTRATOR,
            "Remove a member. The person stays known as a user.",
        ),
        Operation::new(
            Verb::Action("disable"),
            "DeactivateAccountMembership",
            ADMINISTRATOR,
            "End a member's access at once.",
        ),
        Operation::new(
            Verb::Action("enable"),
            "ActivateAccountMembership",
            ADMINISTRATOR,
            "Give a disabled member access again.",
        ),
    ],
    ..Resource::PLAIN
};
