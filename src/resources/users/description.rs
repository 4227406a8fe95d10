//! Users: the members and invitees of an account. Invitations make them.

use crate::engine::access::LEAD;
use crate::engine::records::Conflict;
use crate::resources::entry::{Behaviour, Entry};
use crate::resources::users::rules;
use crate::resources::{external_references, memberships, roles};
use crate::wire::describe::{
    Association, DefaultScope, Direction, Field, Filter, Flag, Letters, Operation, Resource, Restriction, Rung, Search,
    Sort, Tally, Test, Verb,
};
use crate::wire::kind::Kind;

/// An index repeats this condition literally.
const IS_ACTIVE: &str = "t.is_active = 1";

const REFERENCES: &str =
    "external_references x WHERE x.account_id = t.account_id AND x.subject_type = 'User' AND x.subject_id = t.id";

const ROLE_NAME: &str = "(SELECT r.name_key FROM account_memberships m JOIN roles r ON r.id = m.default_role_id \
                         WHERE m.user_id = t.id)";

const ROLE: &str = "(SELECT m.default_role_id FROM account_memberships m WHERE m.user_id = t.id)";

const NOT_ONESELF: &str = "Only an administrator may change another user.";

const NO_DATA: &str = "Always null here.";

/// A field of the vendor that is always null here.
const fn unknown(name: &'static str, kind: Kind) -> Field {
    Field::new(name, kind, NO_DATA).expression("NULL").nullable().on_request()
}

pub static ENTRY: Entry = Entry {
    resource: &RESOURCE,
    behaviour: Behaviour {
        before_update: Some(rules::before_update),
        beside_update: Some(rules::beside_update),
        conflicts: &[Conflict { index: rules::ADDRESS, field: "email_address", message: rules::ADDRESS_TAKEN }],
        ..Behaviour::NONE
    },
};

pub static RESOURCE: Resource = Resource {
    name: "users",
    singular: "user",
    object: "User",
    text: "A person of the account: a member or an invitee.",
    table: "users",
    fields: &[
        Field::new("full_name", Kind::Line, "The name.").on_update(1),
        Field::new("photo_path", Kind::Line, "Where a picture of the person is.").nullable(),
        Field::new(
            "email_address",
            Kind::Email,
            "The address. A change holds at once, and its owner is asked to confirm it.",
        )
        .on_update(3),
        Field::new("headline", Kind::Line, "The title.").nullable().on_update(2),
        unknown("bio", Kind::Line),
        unknown("website", Kind::Line),
        unknown("city", Kind::Line),
        unknown("state", Kind::Line),
        unknown("country", Kind::Line),
        unknown("abbreviated_timezone", Kind::Line),
        unknown("last_site_activity", Kind::Time),
        unknown("classification", Kind::Line),
        external_references::field("The id of the person in another system; one for each service.")
            .on_update(4)
            .kept_elsewhere(),
    ],
    filters: &[
        Filter::flag("on_my_account", Flag::Ignored, "Has no effect: every list is one of the own account."),
        Filter::new(
            "account_id",
            Test::Id("t.account_id"),
            "Users of this account: none unless it is the caller's own.",
        ),
        Filter::new(
            "by_email_address",
            Test::Equals(Letters::Folded, "t.email_key"),
            "The user with this address, in any case.",
        ),
        Filter::new(
            "by_email_addresses",
            Test::OneOf(Letters::Folded, "t.email_key"),
            "Users with one of these addresses, with commas, at most 200.",
        ),
        Filter::new(
            "by_full_name",
            Test::Contains(&["t.name_key"]),
            "Users whose name contains this text, in any case.",
        ),
        Filter::new(
            "by_full_name_or_account_role",
            Test::Contains(&["t.name_key", ROLE_NAME]),
            "Users whose name, or whose role's name, contains this text, in any case.",
        ),
        Filter::new("account_role_ids", Test::Ids(ROLE), "Users with one of these roles, by id, with commas."),
        Filter::flag(
            "can_view_reports",
            Flag::Whether(
                "EXISTS (SELECT 1 FROM account_memberships m WHERE m.account_id = ?1 AND m.user_id = t.id \
                     AND m.permission IN ('reports_viewer', 'reports_viewer_with_cost', 'administrator'))",
            ),
            "Users who may see reports, or who may not.",
        ),
        Filter::flag(
            "is_project_lead",
            Flag::Whether(
                "EXISTS (SELECT 1 FROM account_memberships m WHERE m.account_id = ?1 AND m.user_id = t.id \
                     AND m.permission IN ('project_lead', 'reports_viewer', 'reports_viewer_with_cost', \
                     'administrator'))",
            ),
            "Users who may lead projects, or who may not.",
        ),
        Filter::flag(
            "managers",
            Flag::Whether(
                "EXISTS (SELECT 1 FROM account_memberships m WHERE m.account_id = ?1 AND m.manager_id = t.id)",
            ),
            "Users who are managers of others, or who are not.",
        ),
        Filter::flag(
            "show_disabled",
            Flag::Ignored,
            "Also users without an active membership: disabled or removed members, and invitees.",
        ),
        Filter::new(
            "matching",
            Test::Contains(&["t.name_key", "t.email_key"]),
            "Users whose name or address contains this text, in any case.",
        ),
        Filter::new("with_users", Test::Ids("t.id"), "These users, by id, with commas."),
        Filter::new("without_users", Test::NotIds("t.id"), "All but these users, by id, with commas."),
        Filter::flag(
            "has_external_references",
            Flag::Whether(
                "t.id IN (SELECT x.subject_id FROM external_references x \
                     WHERE x.account_id = ?1 AND x.subject_type = 'User')",
            ),
            "Users with an external reference, or without.",
        ),
        external_references::by_service_name(&external_references::OF_USERS),
        external_references::by_service_model(&external_references::OF_USERS),
        external_references::by_service_model_ref(&external_references::OF_USERS),
        external_references::by_service_model_refs(&external_references::OF_USERS),
        external_references::by_status(&external_references::OF_USERS),
        Filter::new("created_after", Test::After("t.created_at"), "Users made after this moment."),
        Filter::new("created_before", Test::Before("t.created_at"), "Users made before this moment."),
        Filter::new("updated_after", Test::After("t.updated_at"), "Users changed after this moment."),
        Filter::new("updated_before", Test::Before("t.updated_at"), "Users changed before this moment."),
    ],
    default_scope: Some(DefaultScope { condition: IS_ACTIVE, lifted_by: &[("show_disabled", true)] }),
    // Only callers who may see invitations see who was invited, and under what address.
    restriction: Some(Restriction { from: LEAD, condition: "t.has_joined = 1" }),
    writable: None,
    sorts: &[Sort::new("alphabetical", "t.name_key")],
    default_order: ("alphabetical", Direction::Ascending),
    search: Some(Search { columns: &["t.name_key", "t.email_key"], words: "t.search_key" }),
    associations: &[
        Association::one(
            "account_membership",
            "account_membership_id",
            "(SELECT m.id FROM account_memberships m WHERE m.user_id = t.id)",
            &memberships::RESOURCE,
        ),
        Association::one(
            "manager",
            "manager_id",
            "(SELECT m.manager_id FROM account_memberships m WHERE m.user_id = t.id)",
            &RESOURCE,
        ),
        Association::one("role", "role_id", ROLE, &roles::RESOURCE),
        Association::many(
            "external_references",
            "external_reference_ids",
            ("x.id", REFERENCES),
            &external_references::RESOURCE,
        ),
        Association::none("custom_field_values", "custom_field_value_ids", "custom_field_values"),
        Association::none("skills", "skill_ids", "skills"),
        Association::none("skill_memberships", "skill_membership_ids", "skill_memberships"),
        Association::none("work_samples", "work_sample_ids", "work_samples"),
    ],
    tallies: &[Tally { name: crate::resources::people::ACTIVE_MEMBERSHIPS, conditions: &[IS_ACTIVE] }],
    operations: &[
        Operation::new(Verb::Index, "GetUsers", Rung::EVERYONE, "Retrieve users."),
        Operation::new(Verb::ShowOwn("me"), "GetMyUserData", Rung::EVERYONE, "Retrieve the user of the token."),
        Operation::new(Verb::Show, "GetUser", Rung::EVERYONE, "Retrieve one user."),
        Operation::new(Verb::Update, "UpdateUser", Rung::EVERYONE, "Change a user: oneself, or as an administrator.")
            .own("id", NOT_ONESELF),
    ],
};
