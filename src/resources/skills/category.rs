//! Skill categories: four, given by the vendor, the same in every account. Nobody can change them, so they have no
//! table.

use crate::resources::entry::{Behaviour, Entry};
use crate::resources::skills;
use crate::wire::describe::{
    Association, Direction, Field, Filter, Operation, Referent, Resource, Rung, Sort, Test, Verb,
};
use crate::wire::kind::Kind;

const ROWS: &str = "(SELECT CAST(?1 AS BIGINT) AS account_id, CAST(v.id AS BIGINT) AS id, v.name, v.name_key FROM \
                    (SELECT 1 AS id, 'Skill' AS name, 'skill' AS name_key \
                     UNION ALL SELECT 2, 'Language', 'language' \
                     UNION ALL SELECT 3, 'Certification', 'certification' \
                     UNION ALL SELECT 4, 'Other', 'other') v)";

/// Their names; the first one has the id 1.
pub const NAMES: &[&str] = &["Skill", "Language", "Certification", "Other"];

pub const ANY: Referent = Referent { table: ROWS, condition: "1 = 1", what: "a skill category" };

const SKILLS: &str = "skills s WHERE s.account_id = t.account_id AND s.skill_category_id = t.id";

pub static ENTRY: Entry = Entry { resource: &RESOURCE, behaviour: Behaviour::NONE };

pub static RESOURCE: Resource = Resource {
    name: "skill_categories",
    singular: "skill_category",
    object: "SkillCategory",
    text: "A kind of skills.",
    table: ROWS,
    fields: &[Field::new("name", Kind::Choice(NAMES), "The name.")],
    filters: &[&[Filter::new(
        "matching",
        Test::Contains(&["t.name_key"]),
        "Categories whose name contains this text, in any case.",
    )]],
    sorts: &[Sort::new("alphabetical", "t.name_key")],
    default_order: ("alphabetical", Direction::Ascending),
    associations: &[Association::many("skills", "skill_ids", ("s.id", SKILLS), &skills::SKILL)],
    operations: &[Operation::new(Verb::Index, "GetSkillCategories", Rung::EVERYONE, "Retrieve skill categories.")],
    ..Resource::PLAIN
};
