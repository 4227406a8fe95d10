//! Users: the members and invitees of an account. Invitations make them.

use crate::engine::access::{ADMINISTRATOR, LEAD};
use crate::resources::entry::{Behaviour, Entry, FileRule};
use crate::resources::people::{ACTIVE_MEMBERSHIPS, USER};
use crate::resources::users::{capacity, photos, picture, rules};
use crate::resources::{custom_fields, external_references, memberships, roles, skills};
use crate::wire::describe::{
    Association, DefaultScope, Deletion, Dependents, Direction, EVENTS, Field, FileInput, Filter, Flag, Letters,
    Operation, Resource, Restriction, Rung, Search, Sort, Tally, Test, Unique, Verb,
};
use crate::wire::kind::Kind;

/// An index repeats this condition literally.
const IS_ACTIVE: &str = "t.is_active = 1";

const REFERENCES: &str =
    "external_references x WHERE x.account_id = t.account_id AND x.subject_type = 'User' AND x.subject_id = t.id";

const SKILLS: &str = "skill_memberships s WHERE s.user_id = t.id";

/// Those that the caller may read.
const CUSTOM_FIELD_VALUES: &str = "custom_field_values v JOIN custom_fields f ON f.id = v.custom_field_id \
                                   WHERE v.account_id = t.account_id AND v.subject_type = 'User' \
                                   AND v.subject_id = t.id AND f.read_from <= {rung}";

const ROLE_NAME: &str = "(SELECT r.name_key FROM account_memberships m JOIN roles r ON r.id = m.default_role_id \
                         WHERE m.user_id = t.id)";

const ROLE: &str = "(SELECT m.default_role_id FROM account_memberships m WHERE m.user_id = t.id)";

const NOT_ONESELF: &str = "Only an administrator may change another user.";

const CLASSIFICATION: &str = "CASE WHEN EXISTS (SELECT 1 FROM account_memberships m WHERE m.user_id = t.id \
                              AND m.permission = 'external_collaborator') THEN 'External' ELSE 'Internal' END";

/// What a person's profile says. The vendor lets nobody set it by the API; here a seed does.
const fn profile(name: &'static str, kind: Kind, text: &'static str) -> Field {
    Field::new(name, kind, text).nullable().on_request()
}

/// Filters on projects, organizations and the like, of which there are none here.
const OF_WHAT_IS_NOT_HERE: &[Filter] = &[
    Filter::nothing("participant_in", "Participants of a project: nobody here."),
    Filter::nothing("write_access_in", "Participants who may write in a project: nobody here."),
    Filter::nothing("assignable_to_resource", "Users who can take over an unnamed resource: nobody here."),
    Filter::nothing("can_be_approver_in_workspace", "Users who can approve in a project: nobody here."),
    Filter::nothing("potential_followers_for_story", "Users who can follow a task: nobody here."),
    Filter::nothing("belonging_to_orgs", "Members of these organizations: nobody here."),
    Filter::flag("all_contacts", Flag::Nothing, "Only contacts of the caller: nobody here."),
    Filter::flag("contacts_on_different_account", Flag::Nothing, "Only contacts in other accounts: nobody here."),
    Filter::flag("clients_only", Flag::Nothing, "Only clients: nobody here."),
    Filter::flag("consultants_only", Flag::Nothing, "Only consultants: nobody here."),
    Filter::flag(
        "provider_leads_on_account_projects",
        Flag::Nothing,
        "Only leads of the account's projects: nobody here.",
    ),
    Filter::flag("show_users_in_insights_groups", Flag::Nothing, "Only users in groups of reports: nobody here."),
    Filter::flag("with_created_estimates", Flag::Nothing, "Only users who have made estimates: nobody here."),
    Filter::flag("with_organizations", Flag::Nothing, "Only users in an organization: nobody here."),
    Filter::everything("not_participant_in", "Users who are not in a project: everybody here."),
    Filter::everything("not_assigned_to", "Users without this task: everybody here."),
    Filter::everything("not_following", "Users who do not follow this task: everybody here."),
    Filter::everything("not_on_calendars", "Users without these holiday calendars: everybody here."),
    Filter::everything("without_timesheet_submission", "Users who have not handed in a timesheet: everybody here."),
    Filter::everything(
        "on_my_account_or_participant_in_workspace",
        "Members of the account, and participants of a project: everybody here.",
    ),
];

const PICTURE: FileInput = FileInput {
    field: "profile_photo_attachment_file",
    formats: picture::FORMATS,
    text: "The picture; it is stored as a JPEG of at most 512 by 512 pixels.",
    most_bytes: picture::MOST_BYTES,
};

pub static ENTRY: Entry = Entry {
    resource: &RESOURCE,
    behaviour: Behaviour {
        before_update: Some(rules::before_update),
        beside_update: Some(rules::beside_update),
        actions: &[(photos::RESET, photos::reset)],
        documents: &[(capacity::NAME, capacity::tell)],
        files: &[(photos::SET, FileRule { prepare: picture::prepare, attach: photos::set })],
        ..Behaviour::NONE
    },
};

pub static RESOURCE: Resource = Resource {
    name: "users",
    singular: "user",
    object: USER,
    text: "A person of the account: a member or an invitee.",
    table: "users",
    fields: &[
        Field::new("full_name", Kind::Line, "The name.").on_update(1),
        Field::new("photo_path", Kind::Picture, "The address of a picture: the default one, unless there is another."),
        Field::new(
            "email_address",
            Kind::Email,
            "The address. A change holds at once, and its owner is asked to confirm it.",
        )
        .on_update(3),
        Field::new("headline", Kind::Line, "The title.").nullable().on_update(2),
        profile("bio", Kind::LongText, "What the person says."),
        profile("website", Kind::Line, "A page of the person."),
        profile("city", Kind::Line, "Where the person lives."),
        profile("state", Kind::Line, "The state or region."),
        profile("country", Kind::Line, "The country."),
        profile("abbreviated_timezone", Kind::Line, "The time zone, such as CET."),
        Field::new("last_site_activity", Kind::Time, "When the person last signed in.")
            .nullable()
            .on_request_beside("on_my_account", ADMINISTRATOR),
        Field::new("classification", Kind::Choice(&["Internal", "External"]), "External for external collaborators.")
            .expression(CLASSIFICATION)
            .on_request(),
        external_references::field("The id of the person in another system; one for each service.")
            .on_update(4)
            .nested(&external_references::NESTED),
    ],
    filters: &[
        &[
            Filter::flag(
                "on_my_account",
                Flag::Ignored,
                "Restricts nothing, since every list is one of the own account; last_site_activity needs it.",
            ),
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
                Flag::Only(
                    "EXISTS (SELECT 1 FROM account_memberships m WHERE m.account_id = ?1 AND m.manager_id = t.id)",
                ),
                "Only users who are managers of others; false, the default, restricts nothing.",
            ),
            Filter::flag(
                "show_disabled",
                Flag::Unless(IS_ACTIVE),
                "Also users without an active membership: disabled or removed members, and invitees.",
            ),
            Filter::new(
                "matching",
                Test::Contains(&["t.name_key", "t.email_key"]),
                "Users whose name or address contains this text, in any case.",
            ),
            Filter::flag(
                "only_possible_managees",
                Flag::Only(IS_ACTIVE),
                "Only users who can have a manager: active members.",
            ),
            Filter::flag(
                "only_possible_managers",
                Flag::Only(IS_ACTIVE),
                "Only users who can be somebody's manager: active members.",
            ),
            Filter::new("with_skills", Test::Special(skills::of_users), "Users with these skills."),
            Filter::new("without_skills", Test::LacksIds("s.skill_id"), "Users with none of these skills.")
                .of(&skills::OF_USERS),
            Filter::new("with_users", Test::Ids("t.id"), "These users, by id, with commas."),
            Filter::new("without_users", Test::NotIds("t.id"), "All but these users, by id, with commas."),
        ],
        Filter::DATES,
        &custom_fields::FILTERS_OF_USERS,
        &external_references::FILTERS_OF_USERS,
        OF_WHAT_IS_NOT_HERE,
    ],
    default_scope: Some(DefaultScope { condition: IS_ACTIVE, lifted_by: &[("show_disabled", true)], replaced_by: &[] }),
    // Only callers who may see invitations see who was invited, and under what address.
    restriction: Some(Restriction { from: LEAD, condition: "t.has_joined = 1" }),
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
        Association::many(
            "custom_field_values",
            "custom_field_value_ids",
            ("v.id", CUSTOM_FIELD_VALUES),
            &custom_fields::VALUE,
        ),
        Association::many("skills", "skill_ids", ("s.skill_id", SKILLS), &skills::SKILL),
        Association::many("skill_memberships", "skill_membership_ids", ("s.id", SKILLS), &skills::MEMBERSHIP),
        Association::none("work_samples", "work_sample_ids", "work_samples"),
    ],
    tallies: &[Tally { name: ACTIVE_MEMBERSHIPS, conditions: &[IS_ACTIVE] }],
    // When a person is erased: no request deletes a user.
    deletion: Deletion {
        takes_along: &[
            Dependents {
                table: "skill_memberships",
                condition: "user_id = ?2",
                tally: Some(skills::ALL),
                resource: Some(&skills::MEMBERSHIP),
            },
            Dependents {
                table: "external_references",
                condition: "subject_type = 'CustomFieldValue' AND subject_id IN (SELECT v.id FROM custom_field_values v \
                            WHERE v.account_id = ?1 AND v.subject_type = 'User' AND v.subject_id = ?2)",
                tally: None,
                resource: None,
            },
            Dependents {
                table: "custom_field_values",
                condition: "subject_type = 'User' AND subject_id = ?2",
                tally: None,
                resource: None,
            },
        ],
        ..Deletion::PLAIN
    },
    unique: &[Unique { index: rules::ADDRESS, field: "email_address", message: rules::ADDRESS_TAKEN }],
    events: EVENTS,
    operations: &[
        Operation::new(Verb::Index, "GetUsers", Rung::EVERYONE, "Retrieve users."),
        Operation::new(Verb::ShowOwn("me"), "GetMyUserData", Rung::EVERYONE, "Retrieve the user of the token."),
        Operation::new(Verb::Show, "GetUser", Rung::EVERYONE, "Retrieve one user."),
        Operation::new(
            Verb::Document(capacity::NAME),
            "GetMyWorkCapacity",
            Rung::EVERYONE,
            "Retrieve the hours that a user can work, day by day.",
        )
        .document(&capacity::DOCUMENT),
        Operation::new(Verb::Update, "UpdateUser", Rung::EVERYONE, "Change a user: oneself, or as an administrator.")
            .own("id", NOT_ONESELF),
        Operation::new(
            Verb::Attach(photos::SET),
            "UpdateUserProfilePhoto",
            Rung::EVERYONE,
            "Set the picture of a user: oneself, or as an administrator.",
        )
        .at("profile_photo")
        .own("id", NOT_ONESELF)
        .file(&PICTURE),
        Operation::new(
            Verb::Detach(photos::RESET),
            "ResetUserProfilePhoto",
            Rung::EVERYONE,
            "Go back to the default picture of a user: oneself, or as an administrator.",
        )
        .at("profile_photo")
        .own("id", NOT_ONESELF),
    ],
    ..Resource::PLAIN
};
