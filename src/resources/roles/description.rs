//! Roles: what people do on projects. A role in use is deleted softly: memberships and invitations still show it.

use crate::engine::access::ADMINISTRATOR;
use crate::resources::entry::{Behaviour, Entry};
use crate::resources::external_references;
use crate::wire::describe::{
    Association, DefaultScope, Deletion, Direction, EVENTS, Field, Filter, Flag, Operation, Referent, Resource, Rung,
    Sort, Test, Verb,
};
use crate::wire::kind::Kind;

const IS_ACTIVE: &str = "t.deleted_at IS NULL";

const REFERENCES: &str =
    "external_references x WHERE x.account_id = t.account_id AND x.subject_type = 'Role' AND x.subject_id = t.id";

/// Filters on projects and rate cards, of which there are none here.
const OF_WHAT_IS_NOT_HERE: &[Filter] = &[
    Filter::nothing("for_rate_card", "Roles on a rate card: none here."),
    Filter::nothing("for_scenario_rate_card", "Roles on the rate card of a scenario: none here."),
    Filter::nothing("for_workspace", "Roles in a project: none here."),
    Filter::nothing("for_workspace_rate_card", "Roles on the rate card of a project: none here."),
    Filter::everything("not_on_rate_card_set_version", "Roles that are not on a rate card: all here."),
];

/// What a default role must be.
pub const ACTIVE: Referent = Referent { table: "roles", condition: IS_ACTIVE, what: "an active role" };

pub static ENTRY: Entry = Entry { resource: &RESOURCE, behaviour: Behaviour::NONE };

pub static RESOURCE: Resource = Resource {
    name: "roles",
    singular: "role",
    object: "Role",
    text: "What people do on projects.",
    table: "roles",
    fields: &[
        Field::new("name", Kind::Line, "The name. Several roles may have the same.")
            .on_write(1)
            .required()
            .folded_in("name_key"),
        Field::new("created_at", Kind::Time, "When it was made."),
        Field::new("updated_at", Kind::Time, "When it was last changed."),
        Field::new("deleted_at", Kind::Time, "When it was deleted, if it was.").nullable(),
        external_references::field("The id of the role in another system; one for each service.")
            .on_write(2)
            .nested(&external_references::NESTED),
    ],
    filters: &[
        &[
            Filter::flag(
                "only_active",
                Flag::Only(IS_ACTIVE),
                "Only roles that were not deleted; false lifts the restriction.",
            ),
            Filter::new(
                "matching",
                Test::Contains(&["t.name_key"]),
                "Roles whose name contains this text, in any case.",
            ),
        ],
        Filter::DATES,
        &external_references::FILTERS_OF_ROLES,
        OF_WHAT_IS_NOT_HERE,
    ],
    default_scope: Some(DefaultScope { condition: IS_ACTIVE, lifted_by: &[("only_active", false)], replaced_by: &[] }),
    writable: Some(IS_ACTIVE),
    sorts: &[Sort::new("alphabetical", "t.name_key")],
    default_order: ("alphabetical", Direction::Ascending),
    associations: &[Association::many(
        "external_references",
        "external_reference_ids",
        ("x.id", REFERENCES),
        &external_references::RESOURCE,
    )],
    deletion: Deletion {
        kept_by: &[("account_memberships", "default_role_id"), ("account_invitations", "default_role_id")],
        ..Deletion::PLAIN
    },
    events: EVENTS,
    operations: &[
        Operation::new(Verb::Index, "GetRoles", Rung::EVERYONE, "Retrieve roles."),
        Operation::new(Verb::Create { bulk: 1 }, "CreateRole", ADMINISTRATOR, "Make a role."),
        Operation::new(Verb::Show, "GetRole", Rung::EVERYONE, "Retrieve one role."),
        Operation::new(Verb::Update, "UpdateRole", ADMINISTRATOR, "Change a role."),
        Operation::new(
            Verb::Destroy,
            "DeleteRole",
            ADMINISTRATOR,
            "Delete a role. One that is in use only leaves the lists.",
        ),
    ],
    ..Resource::PLAIN
};
