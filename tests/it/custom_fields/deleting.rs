//! Values that go: one, several at once, and with their user.

use std::sync::Arc;

use invited::testing::{Caller, erase};
use serde_json::json;

use super::{asked, seen, set};
use crate::support::{Server, token};

const ALL: &str = "/custom_field_values?subject_type=User&per_page=200";

#[test]
fn several_are_deleted_by_query_and_by_body() {
    let server = Server::start();
    let delete = |path: &str| server.delete(path).bearer(token::ADMINISTRATOR);
    delete("/custom_field_values?ids=901,902,902").send().expect(204);
    delete("/custom_field_values?ids[]=903").send().expect(204);
    delete("/custom_field_values").json(&json!({"ids": [904, "905"]})).send().expect(204);
    delete("/custom_field_values").json(&json!({"ids": "906,907"})).send().expect(204);
    assert_eq!(seen(&server, token::ADMINISTRATOR, ALL), ["908", "909", "910"]);
}

#[test]
fn either_all_are_deleted_or_none_and_the_error_names_those_that_are_not_there() {
    let server = Server::start();
    let before = server.everything_stored();
    let delete = |path: &str| server.delete(path).bearer(token::ADMINISTRATOR).send();
    let refused = delete("/custom_field_values?ids=999,901,911,0").expect(422);
    let named: Vec<_> =
        refused.errors().into_iter().map(|(_, field, index, message)| (field, index, message)).collect();
    let due = |index, id: i64| {
        (Some("ids".to_owned()), Some(index), format!("There is no custom_field_value with the id {id}."))
    };
    assert_eq!(named, [due(0, 999), due(2, 911), due(3, 0)]);
    for wrong in ["", "?ids=", "?ids=x", "?ids=-1", "?ids[a]=901", "?ids=901.5"] {
        delete(&format!("/custom_field_values{wrong}")).expect(400);
    }
    let many: Vec<String> = (1..=101).map(|id| id.to_string()).collect();
    delete(&format!("/custom_field_values?ids={}", many.join(","))).expect(400);
    delete(&format!("/custom_field_values?ids={}", many[1..].join(","))).expect(422);
    assert_eq!(server.everything_stored(), before);
}

#[test]
fn a_removed_or_erased_person_takes_values_along_and_a_setter_stays() {
    let server = Server::start();
    set(&server, 7, 807, &json!("Known as C.")).expect(200);
    set(&server, 7, 807, &json!("Known as Coco")).expect(200);
    let reading =
        json!({"custom_field": {"read_access": "account_collaboration", "write_access": "account_collaboration"}});
    asked(server.put("/custom_fields/807"), &reading).expect(200);
    let body =
        json!({"custom_field_value": {"subject_type": "User", "subject_id": 8, "custom_field_id": 807, "value": "x"}});
    server.post("/custom_field_values").bearer(token::COLLABORATOR).json(&body).send().expect(200);
    let app = server.app();
    let context = app.context(&Arc::new(Caller::operator(1.into())), None);
    server.write(move |db| erase(db, &context, "collaborator@example.com"));
    assert!(seen(&server, token::ADMINISTRATOR, &format!("{ALL}&with_subject_id=7")).is_empty());
    let trail = server.stored("SELECT before, after FROM audit WHERE subject_type = 'custom_field_values'");
    assert!(trail.iter().all(|row| !row.contains("Known as")), "{trail:?}");
    assert!(trail.iter().any(|row| row.contains("[erased]")), "{trail:?}");
    // What the person has set for somebody else keeps the person's row, without a name.
    let set_by = server.read(&format!("{ALL}&with_setter_id=7&include=setter"));
    assert_eq!(set_by.json()["users"]["7"]["full_name"], "[erased]");
}

#[test]
fn an_erased_persons_values_leave_stored_answers() {
    let server = Server::start();
    let body = json!({"custom_field_value": {"subject_type": "User", "subject_id": 7, "custom_field_id": 807, "value": "Shy"}});
    let request = server.post("/custom_field_values").bearer(token::ADMINISTRATOR).header("Idempotency-Key", "k");
    request.json(&body).send().expect(200);
    let context = server.app().context(&Arc::new(Caller::operator(1.into())), None);
    server.write(move |db| erase(db, &context, "collaborator@example.com"));
    assert!(server.stored("SELECT body FROM idempotent_requests").iter().all(|body| !body.contains("Shy")));
}
