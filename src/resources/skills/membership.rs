//! Skill memberships: who has which skill, at what level. People keep their own; so does a manager who may.

use crate::engine::context::Context;
use crate::engine::error::Error;
use crate::engine::records::Record;
use crate::resources::entry::{Behaviour, Entry};
use crate::resources::{skills, users};
use crate::store::{Db, Param};
use crate::wire::changes::Changes;
use crate::wire::describe::{
    Association, Ceiling, Direction, EVENTS, Field, Filter, Flag, Operation, Referent, Resource, Rung, Sort, Tally,
    Test, Unique, UniqueIndex, Verb,
};
use crate::wire::kind::{FALSE, Kind};

/// Tally of the skill memberships of an account.
pub const ALL: &str = "skill_memberships";

const SKILL_NAME: &str = "(SELECT s.name FROM skills s WHERE s.id = t.skill_id)";
const SKILL_KEY: &str = "(SELECT s.name_key FROM skills s WHERE s.id = t.skill_id)";
const MOST: &str = "(SELECT CAST(s.max_level AS BIGINT) FROM skills s WHERE s.id = t.skill_id)";
const NAME: &str = "(SELECT u.name_key FROM users u WHERE u.id = t.user_id)";
const IS_OF_ACTIVE: &str = "EXISTS (SELECT 1 FROM users u \
                            WHERE u.account_id = ?1 AND u.id = t.user_id AND u.is_active = 1)";

const SKILL: Referent = Referent { table: "skills", condition: "1 = 1", what: "a skill" };
const MEMBER: Referent = Referent { table: "users", condition: "t.has_joined = 1", what: "a member" };

const NOT_OWN: &str = "Only an administrator, the person, or a manager who may edit their skills may do this.";
const MANAGER: &str = "EXISTS (SELECT 1 FROM account_memberships m WHERE m.account_id = ?1 AND m.user_id = ?2 \
                       AND m.manager_id = ?3 AND m.manager_can_edit_skills = 1)";

const fn write(verb: Verb, id: &'static str, text: &'static str) -> Operation {
    Operation::new(verb, id, Rung::EVERYONE, text).own("user_id", NOT_OWN).or_deputies(MANAGER)
}

pub static ENTRY: Entry = Entry {
    resource: &RESOURCE,
    behaviour: Behaviour { before_create: Some(judge_new_level), before_update: Some(judge_level), ..Behaviour::NONE },
};

pub static RESOURCE: Resource = Resource {
    name: "skill_memberships",
    singular: "skill_membership",
    object: "SkillMembership",
    text: "That a person has a skill, and at what level.",
    table: "skill_memberships",
    fields: &[
        Field::new("cached_skill_name", Kind::Line, "The name of the skill.").expression(SKILL_NAME),
        Field::new("created_at", Kind::Time, "When it was made."),
        Field::new("creator_id", Kind::Id("users"), "The user who has made it.").nullable().author(),
        Field::new("level", Kind::Whole(0, 5), "The level; 0 if none was given.").on_write(3).default(FALSE),
        Field::new("max_level", Kind::Number, "The highest level of the skill.").expression(MOST),
        Field::new("skill_id", Kind::Id("skills"), "The skill.").on_create(1).required().naming(SKILL),
        Field::new("updated_at", Kind::Time, "When it was last changed."),
        Field::new("user_id", Kind::Id("users"), "The person.").on_create(2).required().naming(MEMBER),
    ],
    filters: &[
        &[
            Filter::flag("active_account_members_only", Flag::Only(IS_OF_ACTIVE), "Only those of active members."),
            Filter::new("by_skill_id", Test::Id("t.skill_id"), "Those of this skill."),
            Filter::new("by_skill_ids", Test::Ids("t.skill_id"), "Those of these skills, by id, with commas."),
            Filter::new(
                "by_skill_name",
                Test::Contains(&[SKILL_KEY]),
                "Those of a skill whose name contains this text.",
            ),
            Filter::new("by_user_name", Test::Contains(&[NAME]), "Those of a person whose name contains this text."),
            Filter::new("user_ids", Test::Ids("t.user_id"), "Those of these users, by id, with commas."),
            Filter::nothing("workspace_id", "Those of the participants of a project: none here."),
        ],
        Filter::DATES,
    ],
    sorts: &[Sort::new("created_at", "t.created_at"), Sort::new("full_name", NAME), Sort::new("skill_name", SKILL_KEY)],
    default_order: ("created_at", Direction::Descending),
    associations: &[
        Association::belongs_to("creator", "creator_id", &users::RESOURCE),
        Association::belongs_to("skill", "skill_id", &skills::SKILL),
        Association::belongs_to("user", "user_id", &users::RESOURCE),
    ],
    tallies: &[Tally { name: ALL, conditions: &[] }],
    unique: &[Unique {
        index: UniqueIndex {
            name: "skill_memberships_user",
            columns: "skill_memberships.user_id, skill_memberships.skill_id",
        },
        field: "skill_id",
        message: "Skill id is of a skill that the person already has.",
    }],
    ceilings: &[Ceiling { most: 200, per: Some("user_id"), message: "A person has at most 200 skills." }],
    events: EVENTS,
    operations: &[
        Operation::new(Verb::Index, "GetSkillMemberships", Rung::EVERYONE, "Retrieve skill memberships."),
        write(Verb::Create { bulk: 200 }, "CreateSkillMembership", "Give one skill, or up to 200."),
        Operation::new(Verb::Show, "GetSkillMembership", Rung::EVERYONE, "Retrieve one skill membership."),
        write(Verb::Update, "UpdateSkillMembership", "Change the level of a skill."),
        write(Verb::Destroy, "DeleteSkillMembership", "Take a skill from a person."),
    ],
    ..Resource::PLAIN
};

fn judge_new_level(db: &mut Db, context: &Context, changes: &mut Changes) -> Result<(), Error> {
    let Some(skill) = changes.int("skill_id") else { return Ok(()) };
    let sql = "SELECT CAST(max_level AS BIGINT) FROM skills WHERE account_id = ?1 AND id = ?2";
    let most = db.maybe(sql, &[context.caller.account_id.into(), Param::Int(skill)], |row| row.int(0))?;
    refuse_above(most, changes);
    Ok(())
}

fn judge_level(_: &mut Db, _: &Context, record: &Record, changes: &mut Changes) -> Result<(), Error> {
    refuse_above(record.int("max_level"), changes);
    Ok(())
}

/// A skill without levels has level 1 at most.
fn refuse_above(most: Option<i64>, changes: &mut Changes) {
    if let Some(most) = most.filter(|most| changes.int("level") > Some(*most)) {
        changes.refuse("level", format!("Level must be at most {most}, the highest level of the skill."));
    }
}
