//! Skills, and who has them. The standard seed has the skills 301 (Rust, five levels), 302 (German, five) and 303
//! (First aid, none); user 6 has 301 at level 3, user 9 has 301 at level 5 and 303.

use std::sync::Arc;

use invited::testing::{Caller, erase};
use serde_json::{Value, json};

use super::refusals;
use crate::support::{Server, token};

fn skill(name: &str) -> Value {
    json!({"name": name, "max_level": "5", "skill_category_id": 1})
}

fn claim(user: i64, skill: i64, level: i64) -> Value {
    json!({"skill_membership": {"user_id": user, "skill_id": skill, "level": level}})
}

#[test]
fn a_skill_lives_from_its_making_to_its_end() {
    let server = Server::start();
    let made = server.make("/skills", &json!({"skill": skill(" Chess ")})).expect(200);
    let (id, record) = (made.ids().remove(0), made.record());
    assert_eq!(
        (&record["name"], &record["max_level"], &record["skill_category_id"]),
        (&json!("Chess"), &json!("5"), &json!("1"))
    );
    let path = format!("/skills/{id}");
    let changed = server.put(&path).bearer(token::ADMINISTRATOR);
    let changed = changed.json(&json!({"skill": {"description": "A game.\nOf kings.", "skill_category_id": 4}})).send();
    assert_eq!(changed.expect(200).record()["description"], "A game.\nOf kings.");
    assert_eq!(server.ids_at("/skills?matching=CHE"), [id.as_str()]);
    let shown = server.read(&format!("{path}?include=skill_category"));
    assert_eq!(shown.json()["skill_categories"]["4"]["name"], "Other");
    server.remove(&path);
    server.get(&path).bearer(token::ADMINISTRATOR).send().expect(404);
}

#[test]
fn a_bulk_of_skills_is_made_whole_or_not_at_all() {
    let server = Server::start();
    let many = |count: usize| json!({"skills": (0..count).map(|n| skill(&format!("S{n}"))).collect::<Vec<_>>()});
    let before = server.count("/skills");
    server.make("/skills", &many(201)).expect(400);
    let mut faulty = many(3);
    faulty["skills"][1]["max_level"] = json!("3");
    faulty["skills"][2]["skill_category_id"] = json!(5);
    let refused = server.make("/skills", &faulty).expect(422);
    assert_eq!(
        refused.errors().iter().map(|(_, field, index, _)| (field.as_deref(), *index)).collect::<Vec<_>>(),
        [(Some("max_level"), Some(1)), (Some("skill_category_id"), Some(2))]
    );
    assert_eq!(server.count("/skills"), before);
    assert_eq!(server.make("/skills", &many(200)).expect(200).ids().len(), 200);
    assert_eq!(server.count("/skills"), before + 200);
}

#[test]
fn an_account_has_at_most_5000_skills_and_a_person_at_most_200() {
    let server = Server::start();
    server.alter_stored(
        "INSERT INTO skills (account_id, name, name_key, max_level, skill_category_id, created_at, updated_at) \
         WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 4995) \
         SELECT 1, 'S', 's', '5', 1, 1, 1 FROM n",
    );
    let two = json!({"skills": [skill("4999"), skill("5000")]});
    server.make("/skills", &two).expect(200);
    let refused = server.make("/skills", &json!({"skill": skill("5001")})).expect(422);
    assert_eq!(refusals(&refused), [("base".to_owned(), "An account has at most 5000 skills.".to_owned())]);
    assert_eq!(server.count("/skills"), 5_000);

    server.alter_stored(
        "INSERT INTO skill_memberships (account_id, user_id, skill_id, level, created_at, updated_at) \
         SELECT 1, 7, id, 1, 1, 1 FROM skills WHERE account_id = 1 AND id > 311 AND id <= 510",
    );
    server.make("/skill_memberships", &claim(7, 301, 1)).expect(200);
    let refused = server.make("/skill_memberships", &claim(7, 302, 1)).expect(422);
    assert_eq!(refusals(&refused), [("user_id".to_owned(), "A person has at most 200 skills.".to_owned())]);
}

#[test]
fn a_skill_is_had_once_at_a_level_that_it_has() {
    let server = Server::start();
    let made = server.make("/skill_memberships", &claim(5, 302, 4)).expect(200).record();
    assert_eq!(
        (&made["cached_skill_name"], &made["level"], &made["max_level"], &made["creator_id"]),
        (&json!("German"), &json!(4), &json!(5), &json!("2"))
    );
    let due = |field: &str, message: &str| [(field.to_owned(), message.to_owned())];
    let again = server.make("/skill_memberships", &claim(5, 302, 1)).expect(422);
    assert_eq!(refusals(&again), due("skill_id", "Skill id is of a skill that the person already has."));
    let without_levels = server.make("/skill_memberships", &claim(5, 303, 2)).expect(422);
    assert_eq!(refusals(&without_levels), due("level", "Level must be at most 1, the highest level of the skill."));
    let too_high = server.make("/skill_memberships", &claim(5, 301, 6)).expect(422);
    assert_eq!(refusals(&too_high), due("level", "Level must be a whole number from 0 to 5."));
    let elsewhere = server.make("/skill_memberships", &claim(5, 311, 1)).expect(422);
    assert_eq!(refusals(&elsewhere), due("skill_id", "Skill id must be a skill of this account."));
    let an_invitee = server.make("/skill_memberships", &claim(11, 301, 1)).expect(422);
    assert_eq!(refusals(&an_invitee), due("user_id", "User id must be a member of this account."));
    // Only the level can be changed; without one it is 0.
    let path = "/skill_memberships/401";
    let change = |body: Value| server.put(path).bearer(token::ADMINISTRATOR).json(&body).send();
    let changed = change(json!({"skill_membership": {"level": 5, "skill_id": 302, "user_id": 5}})).expect(200).record();
    assert_eq!((&changed["level"], &changed["skill_id"], &changed["user_id"]), (&json!(5), &json!("301"), &json!("6")));
    assert_eq!(change(json!({"skill_membership": {"level": 6}})).status, 422);
    let unrated = json!({"skill_membership": {"user_id": 5, "skill_id": 301}});
    assert_eq!(server.make("/skill_memberships", &unrated).expect(200).record()["level"], 0);
}

#[test]
fn people_keep_their_own_skills_and_so_does_a_manager_who_may() {
    let server = Server::start();
    let give = |bearer: &str, user: i64, skill: i64| {
        server.post("/skill_memberships").bearer(bearer).json(&claim(user, skill, 1)).send()
    };
    // User 7 is a collaborator, whose manager will be user 5.
    let own = give(token::COLLABORATOR, 7, 301).expect(200).ids().remove(0);
    let refused = give(token::COLLABORATOR, 6, 302).expect(403);
    assert!(refused.text().contains("Only an administrator, the person, or a manager who may edit their skills"));
    give(token::PROJECT_LEAD, 7, 302).expect(403);
    let change = json!({"account_membership": {"manager_id": 5}});
    server.put("/account_memberships/207").bearer(token::ADMINISTRATOR).json(&change).send().expect(200);
    give(token::PROJECT_LEAD, 7, 302).expect(403);
    let allow = json!({"account_membership": {"manager_can_edit_skills": true}});
    server.put("/account_memberships/207").bearer(token::ADMINISTRATOR).json(&allow).send().expect(200);
    give(token::PROJECT_LEAD, 7, 302).expect(200);
    let path = format!("/skill_memberships/{own}");
    let level = json!({"skill_membership": {"level": 2}});
    server.put(&path).bearer(token::PROJECT_CREATOR).json(&level).send().expect(403);
    server.put(&path).bearer(token::PROJECT_LEAD).json(&level).send().expect(200);
    server.delete(&path).bearer(token::PROJECT_CREATOR).send().expect(403);
    server.delete(&path).bearer(token::COLLABORATOR).send().expect(204);
    // A bulk is judged element by element.
    let mixed = json!({"skill_memberships": [
        {"user_id": 7, "skill_id": 303}, {"user_id": 6, "skill_id": 303},
    ]});
    server.post("/skill_memberships").bearer(token::COLLABORATOR).json(&mixed).send().expect(403);
    // Without the person, the request is refused for that.
    let nobody = json!({"skill_membership": {"skill_id": 303}});
    let refused = server.post("/skill_memberships").bearer(token::COLLABORATOR).json(&nobody).send().expect(422);
    assert_eq!(refusals(&refused), [("user_id".to_owned(), "User id is required.".to_owned())]);
}

#[test]
fn a_deleted_skill_is_nobodys_and_the_counts_stay_exact() {
    let server = Server::start();
    let counted = || {
        let walked = server.number("SELECT count(*) FROM skill_memberships WHERE account_id = 1");
        assert_eq!(server.count("/skill_memberships"), walked);
        walked
    };
    assert_eq!(counted(), 3);
    server.remove("/skills/301");
    assert_eq!(counted(), 1);
    assert_eq!(server.number("SELECT count(*) FROM external_references WHERE id = 701"), 0);
    server.remove("/skill_memberships/403");
    assert_eq!(counted(), 0);
    assert_eq!(server.ids_at("/skill_memberships"), [""; 0]);
}

#[test]
fn skills_are_found_by_who_lacks_them_and_by_category() {
    let server = Server::start();
    for (query, expected) in [
        ("", vec!["303", "302", "301"]),
        ("except=302", vec!["303", "301"]),
        ("except[]=302&except[]=301", vec!["303"]),
        ("for_users=6", vec!["303", "302"]),
        ("for_users=6,9", vec!["302"]),
        ("for_users[0]=6&for_users[1]=9", vec!["302"]),
        ("for_users=x", vec![]),
        ("unassigned_skills_for_user=9", vec!["302"]),
        ("unassigned_skills_for_workspace_resource=1", vec!["303", "302", "301"]),
        ("skill_category_ids=2,3", vec!["303", "302"]),
        ("order=alphabetical:desc", vec!["301", "302", "303"]),
        ("external_reference_service_model_ref=A-1", vec!["301"]),
        ("without_external_reference_service_name=hr", vec!["303", "302"]),
    ] {
        assert_eq!(server.ids_at(&format!("/skills?{query}")), expected, "{query}");
    }
    for (query, expected) in [
        ("by_skill_id=301", vec!["402", "401"]),
        ("by_skill_ids=302,303", vec!["403"]),
        ("by_skill_ids[]=301&by_skill_ids[]=303", vec!["403", "402", "401"]),
        ("by_skill_name=first", vec!["403"]),
        ("by_user_name=carl", vec!["401"]),
        ("user_ids=6,7", vec!["401"]),
        ("user_ids[]=9", vec!["403", "402"]),
        ("workspace_id=1", vec![]),
        ("active_account_members_only=true&by_skill_id=301", vec!["402", "401"]),
        ("order=full_name:asc&by_skill_id=301", vec!["401", "402"]),
        ("order=skill_name:asc&user_ids=9", vec!["403", "402"]),
    ] {
        let mut found = server.ids_at(&format!("/skill_memberships?{query}"));
        let mut expected = expected;
        if !query.contains("order=") {
            found.sort();
            expected.sort_unstable();
        }
        assert_eq!(found, expected, "{query}");
    }
    let disabled = server.put("/account_memberships/209/disable").bearer(token::ADMINISTRATOR).send();
    disabled.expect(200);
    assert_eq!(server.ids_at("/skill_memberships?active_account_members_only=true"), ["401"]);
}

#[test]
fn a_persons_skills_are_included_from_both_sides() {
    let server = Server::start();
    let user = server.read("/users/9?include=skills,skill_memberships");
    assert_eq!(user.record()["skill_ids"], json!(["301", "303"]));
    assert_eq!(user.record()["skill_membership_ids"], json!(["402", "403"]));
    assert_eq!(user.json()["skills"]["303"]["name"], "First aid");
    let member = server.read("/account_memberships/209?include=skill_memberships");
    assert_eq!(member.json()["skill_memberships"]["402"]["level"], 5);
    let held = server.read("/skill_memberships/402?include=skill,user,creator");
    assert_eq!(
        (&held.json()["skills"]["301"]["name"], &held.json()["users"]["9"]["full_name"]),
        (&json!("Rust"), &json!("Erik External"))
    );
    let categories = server.read("/skill_categories?include=skills&matching=LANG");
    assert_eq!(categories.ids(), ["2"]);
    assert_eq!(categories.record()["skill_ids"], json!(["302"]));
}

#[test]
fn an_erased_person_has_no_skills_and_the_count_stays_exact() {
    let server = Server::start();
    let context = server.app().context(&Arc::new(Caller::operator(1.into())), None);
    let erased = server
        .write(move |db| Ok(erase(db, &context, "external_collaborator@example.com").is_ok_and(|it| it.users == 1)));
    assert!(erased);
    assert_eq!(server.ids_at("/skill_memberships"), ["401"]);
    assert_eq!(server.count("/skill_memberships"), 1);
}
