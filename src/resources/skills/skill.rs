//! Skills: the list that an account keeps of what its people can.

use crate::engine::access::ADMINISTRATOR;
use crate::resources::entry::{Behaviour, Entry};
use crate::resources::external_references;
use crate::resources::skills::{self, ALL, category};
use crate::wire::condition::Relation;
use crate::wire::describe::{
    Association, Ceiling, Deletion, Dependents, Direction, EVENTS, Field, Filter, Operation, Resource, Rung, Sort,
    Test, Verb,
};
use crate::wire::kind::Kind;

const REFERENCES: &str =
    "external_references x WHERE x.account_id = t.account_id AND x.subject_type = 'Skill' AND x.subject_id = t.id";

static HELD: Relation = Relation::new("s.skill_id", "skill_memberships s WHERE s.account_id = ?1");

/// Filters on projects, of which there are none here: what is looked for has no skills.
const OF_WHAT_IS_NOT_HERE: &[Filter] = &[
    Filter::everything(
        "unassigned_skills_for_estimate_scenario_resource",
        "Skills that a resource of an estimate lacks: all here.",
    ),
    Filter::everything(
        "unassigned_skills_for_project_template_assignment",
        "Skills that an assignment of a project template lacks: all here.",
    ),
    Filter::everything(
        "unassigned_skills_for_workspace_resource",
        "Skills that an unnamed resource of a project lacks: all here.",
    ),
];

pub static ENTRY: Entry = Entry { resource: &RESOURCE, behaviour: Behaviour::NONE };

pub static RESOURCE: Resource = Resource {
    name: "skills",
    singular: "skill",
    object: "Skill",
    text: "Something that people of the account can.",
    table: "skills",
    fields: &[
        Field::new("created_at", Kind::Time, "When it was made."),
        Field::new("description", Kind::LongText, "What it means.").nullable().on_write(4),
        Field::new("max_level", Kind::Choice(&["1", "5"]), "The highest level: 1 if the skill has no levels.")
            .on_write(2)
            .required(),
        Field::new("name", Kind::Line, "The name. Several skills may have the same.")
            .on_write(1)
            .required()
            .folded_in("name_key"),
        Field::new("skill_category_id", Kind::Id("skill_categories"), "The category.")
            .on_write(3)
            .required()
            .naming(category::ANY),
        Field::new("updated_at", Kind::Time, "When it was last changed."),
        external_references::field("The id of the skill in another system; one for each service.")
            .on_write(5)
            .nested(&external_references::NESTED),
    ],
    filters: &[
        &[
            Filter::new("except", Test::NotIds("t.id"), "All but these skills, by id, with commas."),
            Filter::new("for_users", Test::LacksIds("s.user_id"), "Skills that none of these users has, by id.")
                .of(&HELD),
            Filter::new("unassigned_skills_for_user", Test::LacksIds("s.user_id"), "Skills that this user lacks.")
                .of(&HELD),
            Filter::new(
                "matching",
                Test::Contains(&["t.name_key"]),
                "Skills whose name contains this text, in any case.",
            ),
            Filter::new(
                "skill_category_ids",
                Test::Ids("t.skill_category_id"),
                "Skills of these categories, by id, with commas.",
            ),
        ],
        Filter::DATES,
        &external_references::FILTERS_OF_SKILLS,
        OF_WHAT_IS_NOT_HERE,
    ],
    sorts: &[Sort::new("alphabetical", "t.name_key")],
    default_order: ("alphabetical", Direction::Ascending),
    associations: &[
        Association::many(
            "external_references",
            "external_reference_ids",
            ("x.id", REFERENCES),
            &external_references::RESOURCE,
        ),
        Association::belongs_to("skill_category", "skill_category_id", &skills::CATEGORY),
        Association::none("roles", "role_ids", "roles"),
    ],
    ceilings: &[Ceiling { most: 5_000, per: None, message: "An account has at most 5000 skills." }],
    deletion: Deletion {
        takes_along: &[Dependents {
            table: "skill_memberships",
            condition: "skill_id = ?2",
            tally: Some(ALL),
            resource: Some(&skills::MEMBERSHIP),
        }],
        ..Deletion::PLAIN
    },
    events: EVENTS,
    operations: &[
        Operation::new(Verb::Index, "GetSkills", Rung::EVERYONE, "Retrieve skills."),
        Operation::new(Verb::Create { bulk: 200 }, "CreateSkill", ADMINISTRATOR, "Make one skill, or up to 200."),
        Operation::new(Verb::Show, "GetSkill", Rung::EVERYONE, "Retrieve one skill."),
        Operation::new(Verb::Update, "UpdateSkill", ADMINISTRATOR, "Change a skill."),
        Operation::new(Verb::Destroy, "DeleteSkill", ADMINISTRATOR, "Delete a skill; nobody has it any more."),
    ],
    ..Resource::PLAIN
};
