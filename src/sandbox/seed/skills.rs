//! Skills in a seed: those of an account, and who has them.

use crate::clock::Timestamp;
use crate::engine::nested::Subject;
use crate::engine::rows::made_at;
use crate::engine::tallies;
use crate::ids::{AccountId, RecordId};
use crate::resources::skills::{self, CATEGORY_NAMES};
use crate::sandbox::seed::file::{FoundSkill, Member, MemberSkill, Skill};
use crate::sandbox::seed::references::{Ids, Unique, check_references};
use crate::sandbox::seed::rows::{self, NewRow};
use crate::sandbox::seed::values::Name;
use crate::sandbox::seed::written::{SeedError, Written};
use crate::store::{Db, Error, OwnedParam, Param};
use crate::wire::fold::fold;

/// What is unique over the whole file.
#[derive(Default)]
pub(super) struct Names {
    skills: Ids,
    memberships: Ids,
}

impl Names {
    pub(super) fn note(&mut self, skills: &[Skill], members: &[Member]) -> Result<(), SeedError> {
        for skill in skills {
            self.skills.note("skill", &skill.id)?;
        }
        for held in members.iter().flat_map(|member| &member.skills) {
            self.memberships.note("skill membership", &held.id)?;
        }
        Ok(())
    }
}

pub(super) fn check_skill(names: &mut Names, references: &mut Ids, skill: &mut Skill) -> Result<(), SeedError> {
    skill.found.id = names.skills.assign(&skill.id);
    check_references(references, &mut skill.external_references)
}

pub(super) fn check_held(names: &mut Names, skills: &[Skill], held: &mut [MemberSkill]) -> Result<(), SeedError> {
    let mut known = Unique::default();
    for one in held {
        let skill = named(skills, &one.skill)?;
        known.note(&one.skill, &skill.name.value, "The skill")?;
        if let Some(level) = one.level.as_ref().filter(|level| level.value > skill.most()) {
            return level.wrong(format!("The highest level of this skill is {}; write at most that.", skill.most()));
        }
        one.found = FoundSkill { id: names.memberships.assign(&one.id), skill_id: skill.found.id };
    }
    Ok(())
}

fn named<'a>(skills: &'a [Skill], named: &Written<Name>) -> Result<&'a Skill, SeedError> {
    let mut found = skills.iter().filter(|skill| match &named.value {
        Name::Id(id) => skill.found.id == *id,
        Name::Text(name) => skill.name.value == *name,
    });
    match (found.next(), found.next()) {
        (Some(skill), None) => Ok(skill),
        (Some(_), Some(_)) => named.wrong(format!("There are two skills {}; write the id.", named.value)),
        (None, _) => named.wrong(format!("The account has no skill {}; write the id or the name of one.", named.value)),
    }
}

pub(super) fn plant(db: &mut Db, account_id: AccountId, skill: &Skill, created_at: Timestamp) -> Result<(), Error> {
    let category = skill.category.as_ref().map_or(CATEGORY_NAMES[0], |category| category.value.as_str());
    let description = skill.description.as_ref().map(|text| text.value.as_str());
    let new =
        NewSkill { account_id, id: skill.found.id, name: &skill.name.value, category, most: skill.most(), description };
    rows::insert(db, "skills", &[new.row(created_at)])?;
    let subject = Subject::new(account_id, skills::SKILL.object, RecordId::new(skill.found.id));
    rows::references(db, subject, &skill.external_references, created_at)
}

/// Writes what a member can, as if the member had said so.
pub(super) fn plant_held(
    db: &mut Db,
    account_id: AccountId,
    member: &Member,
    created_at: Timestamp,
) -> Result<(), Error> {
    let (mut held, user_id) = (Vec::new(), member.found.user_id);
    for skill in &member.skills {
        let level = skill.level.as_ref().map_or(0, |level| level.value);
        held.push(held_row(account_id, skill.found.id, [user_id, skill.found.skill_id, level], created_at));
    }
    insert_held(db, account_id, &held)
}

/// Writes skill memberships, and counts them.
pub(super) fn insert_held(db: &mut Db, account_id: AccountId, held: &[NewRow]) -> Result<(), Error> {
    if held.is_empty() {
        return Ok(());
    }
    rows::insert(db, "skill_memberships", held)?;
    tallies::add(db, account_id, skills::ALL, i64::try_from(held.len()).unwrap_or(i64::MAX))
}

pub(super) struct NewSkill<'a> {
    pub account_id: AccountId,
    pub id: i64,
    pub name: &'a str,
    pub category: &'a str,
    pub most: i64,
    pub description: Option<&'a str>,
}

impl NewSkill<'_> {
    pub(super) fn row(&self, created_at: Timestamp) -> NewRow {
        let (name_key, most) = (fold(self.name), self.most.to_string());
        let place = CATEGORY_NAMES.iter().position(|name| *name == self.category).unwrap_or_default();
        let columns = [
            ("id", Param::Int(self.id)),
            ("account_id", self.account_id.into()),
            ("name", Param::Text(self.name)),
            ("name_key", Param::Text(&name_key)),
            ("description", self.description.into()),
            ("max_level", Param::Text(&most)),
            ("skill_category_id", Param::Int(i64::try_from(place).unwrap_or_default() + 1)),
        ];
        columns.into_iter().chain(made_at(created_at)).map(|(column, value)| (column, value.into())).collect()
    }
}

/// That a user has a skill at a level, which the user has said.
pub(super) fn held_row(
    account_id: AccountId,
    id: i64,
    [user_id, skill_id, level]: [i64; 3],
    created_at: Timestamp,
) -> NewRow {
    let columns = [
        ("id", id),
        ("account_id", account_id.get()),
        ("user_id", user_id),
        ("skill_id", skill_id),
        ("level", level),
        ("creator_id", user_id),
        ("created_at", created_at.0),
        ("updated_at", created_at.0),
    ];
    columns.into_iter().map(|(column, value)| (column, OwnedParam::from(Param::Int(value)))).collect()
}
