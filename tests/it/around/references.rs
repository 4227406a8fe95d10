//! External references as a list of their own, their upsert, and what they point at. In the standard seed, 701 is the
//! reference of skill 301, and 711 that of a skill of the other account.

use serde_json::{Value, json};

use super::refusals;
use crate::support::{Answer, Server, token};

fn put(server: &Server, reference: &Value) -> Answer {
    server.make("/external_references/create_or_update", &json!({"external_reference": reference}))
}

fn of(class: &str, id: i64) -> Value {
    json!({
        "subject_type": class, "subject_id": id, "service_name": "hr", "service_model": "Employee",
        "service_model_ref": "E-1",
    })
}

#[test]
fn a_list_needs_the_class_of_its_subjects() {
    let server = Server::start();
    let refused = server.get("/external_references").bearer(token::ADMINISTRATOR).send().expect(400);
    assert!(refused.text().contains("The parameter subject_type is required."), "{refused}");
    assert_eq!(server.ids_at("/external_references?subject_type=Skill"), ["701"]);
    assert_eq!(server.ids_at("/external_references?subject_type=Story"), [""; 0]);
    server.get("/external_references?subject_type=Skill").bearer(token::COLLABORATOR).send().expect(403);
}

#[test]
fn a_service_has_one_reference_of_a_record_and_what_is_absent_stays() {
    let server = Server::start();
    let mut full = of("User", 6);
    full["external_message"] = json!("imported");
    full["locked"] = json!(true);
    let first = put(&server, &full).expect(200);
    server.advance_seconds(60);
    let mut next = of("User", 6);
    next["service_model_ref"] = json!(17);
    next["status"] = json!("successful");
    let second = put(&server, &next).expect(200);
    assert_eq!(first.ids(), second.ids());
    let record = second.record();
    assert_eq!(
        [&record["service_model_ref"], &record["external_message"], &record["locked"], &record["status"]],
        [&json!("17"), &json!("imported"), &json!(true), &json!("successful")]
    );
    assert_eq!(record["last_synced_at"], "2031-01-02T03:05:05Z");
    // The attribute of the user is the same reference.
    let user = server.read("/users/6?include=external_references");
    assert_eq!(user.record()["external_reference_ids"], json!(first.ids()));
    let trail = server.stored("SELECT action FROM audit WHERE subject_type = 'external_references' ORDER BY id");
    assert_eq!(trail, ["external_reference.create", "external_reference.update"]);
    server.remove(&format!("/external_references/{}", first.ids()[0]));
    assert_eq!(server.ids_at("/external_references?subject_type=User"), [""; 0]);
}

#[test]
fn a_reference_shows_what_it_points_at() {
    let server = Server::start();
    put(&server, &of("User", 6)).expect(200);
    put(&server, &of("Role", 101)).expect(200);
    for (class, key, id) in [("User", "users", "6"), ("Role", "roles", "101"), ("Skill", "skills", "301")] {
        let list = server.read(&format!("/external_references?subject_type={class}&include=subject"));
        assert_eq!(list.record()["subject_ref"], json!({"key": key, "id": id}), "{class}");
        assert_eq!(list.json()[key][id]["id"], id, "{class}");
        let others = ["users", "roles", "skills"].into_iter().filter(|other| *other != key);
        assert!(others.into_iter().all(|other| list.json().get(other).is_none()), "{list}");
    }
    let plain = server.read("/external_references?subject_type=Skill");
    assert_eq!(plain.record().get("subject_ref"), None);
}

#[test]
fn a_subject_is_a_record_of_the_account() {
    let server = Server::start();
    let before = server.everything_stored();
    for (reference, field) in [
        (of("User", 21), "subject_id"),
        (of("Skill", 311), "subject_id"),
        (of("Role", 999), "subject_id"),
        (of("Story", 1), "subject_type"),
        (
            json!({"subject_type": "User", "subject_id": 6, "service_name": "hr", "service_model": "E"}),
            "service_model_ref",
        ),
    ] {
        let refused = put(&server, &reference).expect(422);
        assert_eq!(
            refusals(&refused).iter().map(|(field, _)| field.as_str()).collect::<Vec<_>>(),
            [field],
            "{reference}"
        );
    }
    assert_eq!(server.everything_stored(), before);
}

#[test]
fn references_are_found_by_each_of_their_parts() {
    let server = Server::start();
    let mut one = of("User", 5);
    one["status"] = json!("failed");
    one["external_message"] = json!("no such person");
    one["external_status"] = json!("gone");
    let one = put(&server, &one).expect(200).ids().remove(0);
    server.advance_seconds(100);
    let mut other = of("User", 6);
    other["service_model_ref"] = json!("E-2");
    let other = put(&server, &other).expect(200).ids().remove(0);
    for (query, expected) in [
        ("", vec![&other, &one]),
        ("order=last_synced_at:asc", vec![&one, &other]),
        ("order=created_at:asc", vec![&one, &other]),
        ("subject_id=5", vec![&one]),
        ("service_name=hr", vec![&other, &one]),
        ("service_name=crm", vec![]),
        ("service_model=Employee&service_model_ref=E-2", vec![&other]),
        ("status=failed", vec![&one]),
        ("external_message=no such person", vec![&one]),
        ("external_status=gone", vec![&one]),
        ("last_synced_after=2031-01-02T03:05:00Z", vec![&other]),
        ("last_synced_before=2031-01-02T03:05:00Z", vec![&one]),
        ("created_after=2031-01-02T03:05:00Z", vec![&other]),
    ] {
        let found = server.ids_at(&format!("/external_references?subject_type=User&{}", query.replace(' ', "%20")));
        assert_eq!(found.iter().collect::<Vec<_>>(), expected, "{query}");
    }
}
