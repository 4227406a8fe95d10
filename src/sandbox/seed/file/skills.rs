//! The skills of an account, and those of a member.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::sandbox::seed::file::Found;
use crate::sandbox::seed::values::{
    ExternalReference, Line, LongText, Name, RecordNumber, SkillCategoryName, SkillLevel, SkillLevels,
};
use crate::sandbox::seed::written::Written;

const DEFAULT_LEVELS: i64 = 5;

/// Something that people of the account can.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Skill {
    pub id: Option<Written<RecordNumber>>,
    pub name: Written<Line>,
    /// Its category. Default: Skill.
    pub category: Option<Written<SkillCategoryName>>,
    /// The highest level: 1 if the skill has no levels. Default: 5.
    pub max_level: Option<Written<SkillLevels>>,
    /// What it means.
    pub description: Option<Written<LongText>>,
    /// What other systems call it.
    #[serde(default)]
    pub external_references: Vec<Written<ExternalReference>>,
    #[serde(skip)]
    pub found: Found,
}

/// A skill that a member has.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MemberSkill {
    /// The id of the skill membership.
    pub id: Option<Written<RecordNumber>>,
    /// The skill, by its id or its name.
    pub skill: Written<Name>,
    /// The level, at most the highest level of the skill. Default: 0.
    pub level: Option<Written<SkillLevel>>,
    #[serde(skip)]
    pub found: FoundSkill,
}

/// What the check has found out.
#[derive(Default)]
pub struct FoundSkill {
    pub id: i64,
    pub skill_id: i64,
}

impl Skill {
    /// The highest level.
    pub fn most(&self) -> i64 {
        self.max_level.as_ref().map_or(DEFAULT_LEVELS, |most| most.value)
    }
}
