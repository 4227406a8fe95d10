//! The filters by skills of the people who have them.
//!
//! `with_skills` is an object, as JSON text or as nested parameters: `{"12": [3, 4], "15": [], "operation": "or"}` is
//! who has skill 12 at level 3 or 4, or skill 15 at any level. Without `operation`, all of the skills are needed: of
//! two readings, the one that matches fewer people is the safe one. `ids` lists further skills, at any level.

use serde_json::{Map, Value as Json};

use crate::wire::condition::{Condition, Relation};
use crate::wire::kind::Value;
use crate::wire::query::{digits, listed};

const HELD: &str = "skill_memberships s WHERE s.account_id = ?1";

/// What a person has, seen from users.
pub static OF_USERS: Relation = Relation::new("s.user_id", HELD);

/// The same, seen from memberships.
static OF_MEMBERSHIPS: Relation = Relation { key: "t.user_id", ..Relation::new("s.user_id", HELD) };

/// Most skills that one filter may name.
const MOST: usize = 200;

pub fn of_users(given: &Json) -> Option<Condition> {
    read(given, &OF_USERS)
}

pub fn of_memberships(given: &Json) -> Option<Condition> {
    read(given, &OF_MEMBERSHIPS)
}

/// `None` unless the whole value can be read.
fn read(given: &Json, relation: &'static Relation) -> Option<Condition> {
    match given {
        Json::String(text) => conditions(serde_json::from_str::<Json>(text).ok()?.as_object()?, relation),
        Json::Object(members) => conditions(members, relation),
        _ => None,
    }
}

fn conditions(members: &Map<String, Json>, relation: &'static Relation) -> Option<Condition> {
    let mut is_any = false;
    let mut skills = Vec::new();
    for (name, value) in members {
        match (name.as_str(), value) {
            ("operation", Json::String(operation)) if operation == "or" => is_any = true,
            ("operation", Json::String(operation)) if operation == "and" => {}
            ("operation", _) => return None,
            ("ids", ids) => skills.extend(listed(ids)?.into_iter().map(|id| (id, Vec::new()))),
            (skill, levels) => skills.push((digits(skill)?, listed(levels)?)),
        }
    }
    // A skill with levels is not also asked for at any level.
    skills.sort_by_key(|(skill, levels)| (*skill, levels.is_empty()));
    skills.dedup_by_key(|(skill, _)| *skill);
    if skills.is_empty() || skills.len() > MOST {
        return None;
    }
    let has = |(skill, levels): (i64, Vec<i64>)| {
        let mut row = vec![Condition::Compares("s.skill_id", "=", Value::Int(skill))];
        if !levels.is_empty() {
            row.push(Condition::Among("s.level", levels));
        }
        Condition::Related(relation, row)
    };
    let each = skills.into_iter().map(has).collect();
    Some(if is_any { Condition::Any(each) } else { Condition::All(each) })
}
