//! External references of users and roles: written with their subject (F6, G11), shown by include, and filtered, where
//! one reference must match all filters.

use serde_json::{Value, json};

use super::{NONE, refused};
use crate::support::{Answer, Server, token};

fn reference(service: &str, model: &str, name: &str) -> Value {
    json!({"service_name": service, "service_model": model, "service_model_ref": name})
}

/// Gives a user or a role a reference, as the administrator.
#[track_caller]
fn give(server: &Server, path: &str, reference: &Value) -> Answer {
    let root = if path.starts_with("/users") { "user" } else { "role" };
    server.change(path, &json!({ root: {"external_reference": reference} }))
}

/// The references of a user or a role, by id.
#[track_caller]
fn references(server: &Server, path: &str) -> Vec<Value> {
    let answer = server.read(&format!("{path}?include=external_references&show_disabled=true&only_active=false"));
    let (record, body) = (answer.record(), answer.json());
    let ids: Vec<&str> =
        record["external_reference_ids"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    let map = body["external_references"].as_object().unwrap();
    assert_eq!(map.len(), ids.len(), "{answer}");
    ids.into_iter().map(|id| map[id].clone()).collect()
}

#[test]
fn g11_a_service_has_one_reference_and_another_service_adds_one() {
    for (path, kind, subject) in [("/users/5", "User", 5), ("/roles/101", "Role", 101)] {
        let server = Server::start();
        assert!(references(&server, path).is_empty());
        give(&server, path, &reference("crm", "contact", "c-1")).expect(200);
        let first = references(&server, path).remove(0);
        assert_eq!(
            first,
            json!({
                "service_name": "crm", "service_model": "contact", "service_model_ref": "c-1", "status": null,
                "external_link": null, "external_message": null, "external_status": null, "locked": null,
                "last_synced_at": "2031-01-02T03:04:05Z", "subject_type": kind, "subject_id": subject,
                "created_at": "2031-01-02T03:04:05Z", "updated_at": "2031-01-02T03:04:05Z", "id": first["id"],
            })
        );
        server.advance_seconds(1);
        let mut again = reference("crm", "lead", "c-2");
        again["status"] = json!("failed");
        give(&server, path, &again).expect(200);
        let changed = references(&server, path);
        let mut due = first.clone();
        for (name, value) in [("service_model", "lead"), ("service_model_ref", "c-2"), ("status", "failed")] {
            due[name] = json!(value);
        }
        due["updated_at"] = json!("2031-01-02T03:04:06Z");
        due["last_synced_at"] = due["updated_at"].clone();
        assert_eq!(changed, [due.clone()], "{path}");
        give(&server, path, &reference("erp", "person", "p-1")).expect(200);
        let both = references(&server, path);
        assert_eq!((both.len(), &both[0], &both[1]["service_name"]), (2, &due, &json!("erp")), "{path}");
        // Names of services are case-sensitive.
        give(&server, path, &reference("CRM", "contact", "c-1")).expect(200);
        assert_eq!(references(&server, path).len(), 3);
    }
}

#[test]
fn a_reference_belongs_to_one_subject() {
    let server = Server::start();
    // Many may have the same name, and a user and a role with the same number are different subjects.
    server.alter_stored("INSERT INTO roles (id, account_id, name, name_key, created_at, updated_at) VALUES (5, 1, 'Five', 'five', 1, 1)");
    for path in ["/users/5", "/users/6", "/roles/5"] {
        give(&server, path, &reference("crm", "contact", "same")).expect(200);
    }
    give(&server, "/users/5", &reference("crm", "contact", "other")).expect(200);
    let names = |path: &str| {
        references(&server, path).iter().map(|found| found["service_model_ref"].clone()).collect::<Vec<_>>()
    };
    assert_eq!((names("/users/5"), names("/users/6")), (vec![json!("other")], vec![json!("same")]));
    assert_eq!(names("/roles/5"), [json!("same")]);
    assert_eq!(server.ids_at("/users?has_external_references=true"), ["6", "5"]);
    assert_eq!(server.ids_at("/roles?has_external_references=true"), ["5"]);
    // References of another account are invisible.
    let foreign = json!({"user": {"external_reference": reference("crm", "contact", "same")}});
    server.put("/users/21").bearer(token::OTHER_ADMINISTRATOR).json(&foreign).send().expect(200);
    assert_eq!(server.ids_at("/users?external_reference_service_model_ref=same&show_disabled=true"), ["6"]);
    let there = server.get("/users?external_reference_service_name=crm").bearer(token::OTHER_ADMINISTRATOR).send();
    assert_eq!(there.expect(200).ids(), ["21"]);
}

#[test]
fn null_neither_adds_nor_removes_a_reference() {
    let server = Server::start();
    give(&server, "/users/5", &reference("crm", "contact", "c-1")).expect(200);
    let before = references(&server, "/users/5");
    for nothing in [Value::Null, json!("")] {
        give(&server, "/users/5", &nothing).expect(200);
        give(&server, "/users/6", &nothing).expect(200);
        give(&server, "/roles/101", &nothing).expect(200);
    }
    server.change("/users/5", &json!({"user": {"headline": "x"}})).expect(200);
    assert_eq!(references(&server, "/users/5"), before);
    assert!(references(&server, "/users/6").is_empty() && references(&server, "/roles/101").is_empty());
}

#[test]
fn f6_an_invalid_reference_is_one_error() {
    let server = Server::start();
    let with = |name: &str, value: Value| {
        let mut whole = reference("crm", "contact", "c-1");
        whole[name] = value;
        whole
    };
    let before = server.everything_stored();
    let long = "x".repeat(256);
    for broken in [
        json!("crm"),
        json!(5),
        json!([reference("crm", "contact", "c-1")]),
        json!({}),
        json!({"service_name": "crm", "service_model": "contact"}),
        with("service_name", json!("")),
        with("service_name", json!(" ")),
        with("service_name", json!(5)),
        with("service_model", Value::Null),
        with("service_model", json!(long)),
        with("service_model_ref", json!(1.5)),
        with("service_model_ref", json!(true)),
        with("status", json!("done")),
        with("status", json!(1)),
        with("locked", json!("maybe")),
        with("external_link", json!({})),
    ] {
        assert_eq!(refused(&give(&server, "/users/5", &broken)), ["external_reference"], "{broken}");
        assert_eq!(refused(&give(&server, "/roles/101", &broken)), ["external_reference"], "{broken}");
        let body = json!({"role": {"name": "New", "external_reference": broken}});
        let answer = server.post("/roles").bearer(token::ADMINISTRATOR).json(&body).send();
        assert_eq!(refused(&answer), ["external_reference"], "{broken}");
    }
    assert_eq!(server.everything_stored(), before);
}

#[test]
fn f6_whole_numbers_null_members_and_forms_are_accepted() {
    let server = Server::start();
    let body = json!({
        "service_name": " crm ", "service_model": "contact", "service_model_ref": 4711, "status": null, "locked": "t",
        "external_message": null, "external_link": "https://crm.example.test/4711", "stray": [1],
    });
    give(&server, "/users/5", &body).expect(200);
    let found = references(&server, "/users/5").remove(0);
    assert_eq!((&found["service_name"], &found["service_model_ref"]), (&json!("crm"), &json!("4711")));
    assert_eq!(
        server.stored("SELECT locked, external_link FROM external_references WHERE subject_type = 'User'"),
        ["1|https://crm.example.test/4711"]
    );
    let root = "user[external_reference]";
    let form =
        format!("{root}[service_name]=erp&{root}[service_model]=p&{root}[service_model_ref]=8&{root}[status]=pending");
    server.put("/users/5").bearer(token::PROJECT_LEAD).form(&form).send().expect(200);
    let both = references(&server, "/users/5");
    assert_eq!((&both[1]["service_model_ref"], &both[1]["status"]), (&json!("8"), &json!("pending")));
}

#[test]
fn a_role_is_created_and_deleted_with_its_reference() {
    let server = Server::start();
    let body = json!({"role": {"name": "New", "external_reference": reference("crm", "title", "t-1")}, "include": "external_references"});
    let answer = server.post("/roles").bearer(token::ADMINISTRATOR).json(&body).send().expect(200);
    let id = answer.ids().remove(0);
    let key = answer.record()["external_reference_ids"][0].as_str().unwrap().to_owned();
    let made = &answer.json()["external_references"][&key];
    assert_eq!((&made["subject_type"], made["subject_id"].to_string()), (&json!("Role"), id.clone()));
    server.delete(&format!("/roles/{id}")).bearer(token::ADMINISTRATOR).send().expect(204);
    assert_eq!(server.stored("SELECT * FROM external_references WHERE subject_type = 'Role'"), NONE);
    // A hidden role keeps it.
    give(&server, "/roles/101", &reference("crm", "title", "t-2")).expect(200);
    server.delete("/roles/101").bearer(token::ADMINISTRATOR).send().expect(204);
    assert_eq!(references(&server, "/roles/101").len(), 1);
    assert_eq!(server.ids_at("/roles?external_reference_service_model_ref=t-2"), NONE);
    assert_eq!(server.ids_at("/roles?external_reference_service_model_ref=t-2&only_active=false"), ["101"]);
}

#[test]
fn one_reference_must_match_all_filters() {
    for (class, ids) in [("users", ["2", "6", "5"]), ("roles", ["102", "101", "103"])] {
        let server = Server::start();
        let [first, second, third] = ids;
        let path = |id: &str| format!("/{class}/{id}");
        let mut pending = reference("crm", "contact", "1");
        pending["status"] = json!("pending");
        give(&server, &path(first), &pending).expect(200);
        give(&server, &path(first), &reference("erp", "person", "2")).expect(200);
        give(&server, &path(second), &reference("crm", "contact", "2")).expect(200);
        let all = server.ids_at(&format!("/{class}?per_page=200"));
        let rest: Vec<&str> = all.iter().map(String::as_str).filter(|id| ![first, second].contains(id)).collect();
        assert!(rest.contains(&third));
        for (query, due) in [
            ("has_external_references=true", vec![first, second]),
            ("has_external_references=false", rest.clone()),
            ("has_external_references=", all.iter().map(String::as_str).collect()),
            ("external_reference_service_name=crm", vec![first, second]),
            ("external_reference_service_name=CRM", vec![]),
            ("external_reference_service_name=cr", vec![]),
            ("external_reference_service_name=erp", vec![first]),
            ("external_reference_service_model=contact", vec![first, second]),
            ("external_reference_service_model_ref=2", vec![first, second]),
            ("external_reference_service_model_refs=1,9", vec![first]),
            ("external_reference_service_model_refs=1,2", vec![first, second]),
            ("external_reference_status=pending", vec![first]),
            ("external_reference_status=failed", vec![]),
            // No single reference of the first user matches both.
            ("external_reference_service_name=crm&external_reference_service_model_ref=2", vec![second]),
            ("external_reference_service_name=erp&external_reference_service_model_ref=2", vec![first]),
            ("external_reference_service_name=erp&external_reference_status=pending", vec![]),
            ("external_reference_service_model=person&external_reference_service_model_refs=1,2", vec![first]),
            ("external_reference_service_name=crm&has_external_references=false", vec![]),
            ("external_reference_service_name=crm&external_reference_service_name=erp", vec![first]),
        ] {
            let answer = server.read(&format!("/{class}?{query}"));
            assert_eq!(answer.ids(), due, "{class} by {query}");
            assert_eq!(answer.json()["count"], due.len(), "{class} by {query}");
        }
    }
}

#[test]
fn a_member_gets_the_reference_of_the_invitation() {
    let server = Server::start();
    let invite = |service: &str| {
        let attributes = json!({"full_name": "Nora", "email_address": "nora@example.test",
            "external_reference": reference(service, "contact", "n-1")});
        server.invite(&attributes)
    };
    let first = invite("crm");
    let invitee = server.show(&first).record()["invitee_id"].as_str().unwrap().to_owned();
    let (membership, user) = server.accept(&first);
    assert_eq!(user, invitee);
    assert_eq!(
        server.ids_at("/users?external_reference_service_name=crm&external_reference_service_model_ref=n-1"),
        [&*user]
    );
    // Returning under another name in another service adds a second reference.
    server.delete(&format!("/account_memberships/{membership}")).bearer(token::ADMINISTRATOR).send().expect(204);
    server.accept(&invite("erp"));
    let services: Vec<Value> =
        references(&server, &format!("/users/{user}")).iter().map(|found| found["service_name"].clone()).collect();
    assert_eq!(services, [json!("crm"), json!("erp")]);
}

/// What a sync has written, it must be able to read and to ask for.
#[test]
fn what_was_written_is_printed_and_found() {
    let server = Server::start();
    let mut written = reference("hr", "person", "p-1");
    let texts = [("external_message", "Kept."), ("external_link", "https://hr.example"), ("external_status", "new")];
    for (name, text) in texts {
        written[name] = json!(text);
    }
    written["locked"] = json!(true);
    give(&server, "/users/5", &written).expect(200);
    let printed = references(&server, "/users/5").remove(0);
    for (name, value) in written.as_object().unwrap() {
        assert_eq!(&printed[name], value, "{name}");
    }
    for (query, ids) in [
        ("external_reference_external_status=new", &["5"][..]),
        ("external_reference_external_status=old", &[]),
        ("external_reference_external_message=Kept.", &["5"]),
        ("external_reference_external_message=kept.", &[]),
        ("with_users=5,6&without_external_reference_service_name=hr", &["6"]),
        ("with_users=5,6&without_external_reference_service_name=crm", &["6", "5"]),
        ("with_users=5,6&without_external_reference_service_name=crm&external_reference_service_name=hr", &["5"]),
        ("with_users=5,6&has_external_references=true", &["5"]),
        ("with_users=5,6&has_external_references=false", &["6"]),
    ] {
        assert_eq!(server.ids_at(&format!("/users?{query}")), ids, "{query}");
    }
}
