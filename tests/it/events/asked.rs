//! How events are asked for.

use serde_json::{Value, json};

use super::{ask, role, since, write};
use crate::support::{Server, token};

const DAY: u64 = 86_400;

#[track_caller]
fn types(server: &Server, query: &str) -> Vec<String> {
    let events = ask(server, query).records();
    events.iter().map(|event| event["event_type"].as_str().unwrap().to_owned()).collect()
}

/// A role that was made, renamed and deleted, and a user who was changed, a minute apart.
fn busy() -> (Server, String) {
    let server = Server::start();
    let id = role(&server, "Sculptor");
    server.advance_seconds(60);
    write(&server, "PUT", &format!("/roles/{id}"), &json!({"role": {"name": "Painter"}}));
    server.advance_seconds(60);
    write(&server, "PUT", "/users/7", &json!({"user": {"headline": "New"}}));
    server.advance_seconds(60);
    write(&server, "DELETE", &format!("/roles/{id}"), &Value::Null);
    (server, id)
}

#[test]
fn the_newest_come_first_and_an_order_and_pages_apply() {
    let (server, _) = busy();
    let all = ["role:deleted", "user:updated", "role:updated", "role:created"];
    assert_eq!(types(&server, ""), all);
    assert_eq!(types(&server, "order=created_at:asc&per_page=3"), ["role:created", "role:updated", "user:updated"]);
    let page = ask(&server, "per_page=3&page=2").json();
    assert_eq!((&page["count"], &page["meta"]["page_count"]), (&json!(4), &json!(2)));
}

#[test]
fn filters_narrow_by_type_subject_user_and_time() {
    let (server, id) = busy();
    for (query, expected) in [
        ("event_types=role:created,user:updated".to_owned(), vec!["user:updated", "role:created"]),
        ("event_types=role:Created".to_owned(), vec![]),
        ("subject_type=Role".to_owned(), vec!["role:deleted", "role:updated", "role:created"]),
        ("subject_type=Story".to_owned(), vec![]),
        ("subject_type=nonsense".to_owned(), vec![]),
        (format!("subject_type=Role&subject_id={id},7"), vec!["role:deleted", "role:updated", "role:created"]),
        ("subject_type=Role&subject_id=7".to_owned(), vec![]),
        ("subject_type=User&subject_id[]=7".to_owned(), vec!["user:updated"]),
        ("user_ids=1".to_owned(), vec![]),
        ("user_ids=2&subject_type=User".to_owned(), vec!["user:updated"]),
        ("most_recent=true".to_owned(), vec!["role:deleted", "user:updated"]),
        ("most_recent_by_event_type=true&subject_type=User".to_owned(), vec!["user:updated"]),
        ("most_recent=false&most_recent_by_event_type=false&subject_type=User".to_owned(), vec!["user:updated"]),
    ] {
        assert_eq!(types(&server, &query), expected, "{query}");
        assert_eq!(ask(&server, &query).json()["count"], expected.len(), "{query}");
    }
    let moments = ask(&server, "order=created_at:asc").records();
    let second = moments[1]["created_at"].as_str().unwrap();
    // A printed moment has no fraction, so what happened within its second is after it.
    for filter in ["created", "updated", "subject_changed"] {
        assert!(types(&server, &format!("{filter}_after={second}")).len() >= 2, "{filter}");
        assert!(types(&server, &format!("{filter}_before={second}")).contains(&"role:created".to_owned()), "{filter}");
    }
    write(&server, "PUT", "/users/7", &json!({"user": {"headline": "Newer"}}));
    assert_eq!(types(&server, "subject_type=User").len(), 2);
    assert_eq!(types(&server, "subject_type=User&most_recent_by_event_type=true").len(), 1);
}

#[test]
fn what_cannot_be_meant_is_a_400() {
    let server = Server::start();
    for (query, message) in [
        ("subject_id=7", "The parameter subject_id needs subject_type beside it."),
        (
            "most_recent=true&most_recent_by_event_type=true",
            "Send either most_recent or most_recent_by_event_type, not both.",
        ),
    ] {
        let path = format!("/subscribed_events?{query}");
        let refused = server.get(&path).bearer(token::ADMINISTRATOR).send().expect(400);
        assert_eq!(refused.errors()[0].3, message);
    }
    let misspelt = server.get("/subscribed_events?subject_type=Person").bearer(token::ADMINISTRATOR);
    let refused = misspelt.header("Invited-Strict", "true").send().expect(400);
    assert_eq!(refused.errors()[0].3, "Strict mode: unreadable parameter subject_type.");
    let types = server.get("/subscribed_events/event_types?include=subject").bearer(token::ADMINISTRATOR);
    types.header("Invited-Strict", "true").send().expect(400);
}

#[test]
fn after_nine_days_an_event_is_listed_no_more() {
    let (server, _) = busy();
    server.advance_seconds(9 * DAY - 200);
    assert_eq!(types(&server, "").len(), 4);
    server.advance_seconds(80);
    assert_eq!(types(&server, ""), ["role:deleted", "user:updated"]);
    assert_eq!(ask(&server, "apply_default_filters=false").json()["count"], 2);
    let only: Vec<String> = server.stored("SELECT id FROM audit ORDER BY id LIMIT 1");
    assert_eq!(ask(&server, &format!("only={}", only[0])).json()["count"], 0);
    assert_eq!(server.stored("SELECT count(*) FROM audit"), ["4"], "the trail keeps them");
}

#[test]
fn payloads_are_json_text_and_come_only_on_request() {
    let (server, id) = busy();
    assert!(ask(&server, "").records()[0].get("current_payload").is_none());
    let query = "order=created_at:asc&optional_fields=previous_payload,current_payload,payload_changes";
    let events = ask(&server, query).records();
    let payload = |event: usize, name: &str| -> Value {
        events[event][name].as_str().map_or(Value::Null, |text| serde_json::from_str(text).unwrap())
    };
    assert_eq!(payload(0, "previous_payload"), Value::Null);
    assert_eq!(payload(0, "current_payload")["name"], "Sculptor");
    assert_eq!(payload(0, "payload_changes")["name"], json!([null, "Sculptor"]));
    assert_eq!(payload(1, "previous_payload"), json!({"name": "Sculptor"}));
    assert_eq!(payload(1, "current_payload"), json!({"name": "Painter"}));
    assert_eq!(payload(1, "payload_changes"), json!({"name": ["Sculptor", "Painter"]}));
    assert_eq!(payload(3, "current_payload"), Value::Null);
    assert_eq!(payload(3, "payload_changes")["name"], json!(["Painter", null]));
    assert_eq!((&events[0]["subject_id"], &events[0]["user_id"]), (&json!(id.parse::<i64>().unwrap()), &json!(2)));
}

#[test]
fn the_subject_is_included_until_it_is_gone() {
    let (server, id) = busy();
    let kept = role(&server, "Kept");
    // In use, so that the row stays when it is deleted.
    write(&server, "PUT", "/account_memberships/207", &json!({"account_membership": {"default_role_id": kept}}));
    let skill = json!({"skill": {"name": "Chess", "max_level": "5", "skill_category_id": 1}});
    let skill = write(&server, "POST", "/skills", &skill).ids().remove(0);
    write(&server, "PUT", "/users/7", &json!({"user": {"email_address": "new@example.test"}}));
    let answer = ask(&server, "include=subject&per_page=200");
    let reference = |kind: &str, id: &str| {
        let events = answer.records();
        let is_wanted =
            |event: &&Value| event["event_type"] == kind && event["subject_id"] == json!(id.parse::<i64>().unwrap());
        events.iter().find(is_wanted).unwrap()["subject_ref"].clone()
    };
    assert_eq!(reference("role:created", &id), Value::Null);
    assert_eq!(reference("role:created", &kept), json!({"key": "roles", "id": kept}));
    assert_eq!(reference("user:updated", "7"), json!({"key": "users", "id": "7"}));
    assert_eq!(reference("skill:created", &skill), json!({"key": "skills", "id": skill}));
    let membership = json!({"key": "account_memberships", "id": "207"});
    assert_eq!(reference("account_membership:updated", "207"), membership);
    assert_eq!(reference("email_address:updated", "7"), Value::Null, "no list serves it");
    let maps = answer.json();
    assert_eq!(maps["users"]["7"]["headline"], "New");
    assert_eq!(maps["roles"][&kept]["name"], "Kept");
    write(&server, "DELETE", &format!("/roles/{kept}"), &Value::Null);
    let after = ask(&server, "include=subject&event_types=role:deleted").records();
    assert!(after.iter().all(|event| event["subject_ref"].is_null()));
}

#[test]
fn the_types_are_those_that_happen_and_have_their_fields() {
    let server = Server::start();
    let document = server.get("/subscribed_events/event_types").bearer(token::ADMINISTRATOR).send().expect(200).json();
    let names = document["subscribed_event_types"].as_array().unwrap();
    let resources = invited::testing::REGISTRY.iter().map(|entry| entry.resource);
    let mut told: Vec<String> = resources
        .flat_map(|resource| resource.events.iter().map(move |what| format!("{}:{what}", resource.singular)))
        .chain(["created", "deleted", "updated"].map(|what| format!("email_address:{what}")))
        .collect();
    told.sort();
    let mut sorted: Vec<&str> = names.iter().filter_map(Value::as_str).collect();
    sorted.sort_unstable();
    assert_eq!(sorted, told);
    let schemas = document["subscribed_event_type_schemas"].as_object().unwrap();
    assert_eq!(schemas.len(), names.len());
    assert_eq!(schemas["role:updated"]["fields"]["name"]["type"], "string");
    // The same with a suffix, and nothing below it.
    server.get("/subscribed_events/event_types.json").bearer(token::ADMINISTRATOR).send().expect(200);
    server.get("/subscribed_events/event_type").bearer(token::ADMINISTRATOR).send().expect(404);
    server.get("/subscribed_events/1").bearer(token::ADMINISTRATOR).send().expect(404);
    server.post("/subscribed_events/event_types").bearer(token::ADMINISTRATOR).send().expect(404);
}

#[test]
fn another_account_is_told_nothing() {
    let (server, id) = busy();
    let there = format!("/subscribed_events?include=subject&subject_type=Role&subject_id={id}");
    for path in ["/subscribed_events", &there, "/subscribed_events?only=1,2,3,4", "/subscribed_events?user_ids=2"] {
        let answer = server.get(path).bearer(token::OTHER_ADMINISTRATOR).send().expect(200);
        assert_eq!(answer.json()["count"], 0, "{path}");
    }
    // A row that names a record of another account points at nothing.
    server.alter_stored("UPDATE audit SET account_id = 2 WHERE event_type = 'user:updated'");
    let answer = server.get("/subscribed_events?include=subject").bearer(token::OTHER_ADMINISTRATOR).send().expect(200);
    assert_eq!(answer.records()[0]["subject_ref"], Value::Null);
    assert!(!answer.text().contains("Cora"));
    assert_eq!(since(&server, 0).len(), 3);
}

#[test]
fn rows_without_a_type_are_no_events() {
    let (server, _) = busy();
    server.alter_stored("UPDATE audit SET event_type = NULL WHERE action = 'role.create'");
    assert_eq!(types(&server, "order=created_at:asc"), ["role:updated", "user:updated", "role:deleted"]);
}
