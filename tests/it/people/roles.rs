//! Roles: list, create, rename and delete; a deletion is soft while anything references the role (G5).

use serde_json::{Value, json};

use super::{NONE, refused};
use crate::exact::{invalid, refusal};
use crate::support::ordered_json;
use crate::support::{Answer, Server, token};

/// Active roles of the seed, by name: Designer, Developer, Manager. 104, Retired, is deleted.
const ACTIVE: [&str; 3] = ["102", "101", "103"];
const ALL: [&str; 4] = ["102", "101", "103", "104"];

#[track_caller]
fn found(server: &Server, query: &str) -> Vec<String> {
    let answer = server.read(&format!("/roles?{query}"));
    assert_eq!(answer.json()["count"], answer.ids().len(), "{query}: {answer}");
    answer.ids()
}

/// Creates a role as the administrator.
#[track_caller]
fn make(server: &Server, attributes: &Value) -> Answer {
    server.post("/roles").bearer(token::ADMINISTRATOR).json(&json!({ "role": attributes })).send()
}

fn rename(server: &Server, id: &str, name: &Value) -> Answer {
    server.change(&format!("/roles/{id}"), &json!({"role": {"name": name}}))
}

fn delete(server: &Server, id: &str) -> Answer {
    server.delete(&format!("/roles/{id}")).bearer(token::ADMINISTRATOR).send()
}

/// Whether a role is active, hidden or gone.
#[track_caller]
fn state(server: &Server, id: &str) -> &'static str {
    let status = |query: &str| server.get(&format!("/roles/{id}?{query}")).bearer(token::COLLABORATOR).send().status;
    match (status(""), status("only_active=false"), status("apply_default_filters=false")) {
        (200, 200, 200) => "active",
        (404, 200, 200) => "hidden",
        (404, 404, 404) => "gone",
        statuses => panic!("role {id} answers {statuses:?}"),
    }
}

#[test]
fn a_list_has_the_active_roles_by_name() {
    let server = Server::start();
    for (query, due) in [
        ("", &ACTIVE[..]),
        ("only_active=true", &ACTIVE),
        ("only_active=banana", &ACTIVE),
        ("only_active=", &ACTIVE),
        ("only_active=false", &ALL),
        ("apply_default_filters=false", &ALL),
        ("apply_default_filters=false&only_active=true", &ACTIVE),
        ("order=alphabetical:desc", &["103", "101", "102"]),
        ("order=created_at:desc", &ACTIVE),
        ("matching=DE", &["102", "101"]),
        ("matching=e", &ACTIVE),
        ("matching=retired", &[]),
        ("matching=retired&only_active=false", &["104"]),
        ("matching=manager+", &[]),
        ("matching=other", &[]),
        // Roles have no search.
        ("search=developer", &ACTIVE),
        ("search=zzz&order=nonsense", &ACTIVE),
    ] {
        assert_eq!(found(&server, query), due, "{query}");
    }
    let retired = server.read("/roles/104?only_active=false").record();
    assert_eq!(retired["deleted_at"], "2030-12-03T03:04:05Z");
    assert_eq!((state(&server, "104"), state(&server, "101"), state(&server, "111")), ("hidden", "active", "gone"));
}

#[test]
fn names_are_ordered_in_lower_case_and_equal_ones_by_id() {
    let server = Server::start();
    let ids: Vec<String> = ["aide", "Aide", "Zoologist", "ärztin"]
        .iter()
        .map(|name| make(&server, &json!({"name": name})).ids()[0].clone())
        .collect();
    let [first, second, zoologist, doctor] = ids.as_slice() else { panic!("there are four roles") };
    assert_eq!(found(&server, ""), [first, second, "102", "101", "103", zoologist, doctor]);
    assert_eq!(found(&server, "order=alphabetical:desc"), [doctor, zoologist, "103", "101", "102", first, second]);
    assert_eq!(found(&server, "matching=%C3%84RZ"), [doctor.as_str()]);
}

#[test]
fn timestamps_are_exclusive_bounds() {
    let server = Server::start();
    // All roles of the seed are 90 days old.
    let made = server.read("/roles/101").record()["created_at"].as_str().unwrap().to_owned();
    assert_eq!(made, "2030-10-04T03:04:05Z");
    let new = make(&server, &json!({"name": "New"})).expect(200).ids().remove(0);
    assert_eq!(found(&server, &format!("created_after={made}")), [&*new]);
    assert_eq!(found(&server, &format!("created_before={made}")), NONE);
    assert_eq!(found(&server, "created_before=2030-10-04T03:04:06Z"), ACTIVE);
    server.advance_seconds(10);
    rename(&server, "101", &json!("Developer")).expect(200);
    assert_eq!(found(&server, "updated_after=2031-01-02T03:04:05Z"), ["101"]);
    assert_eq!(found(&server, "updated_before=2031-01-02T03:04:05Z"), ["102", "103"]);
}

#[test]
fn d3_the_keys_of_a_new_role_are_in_the_documented_order() {
    let server = Server::start();
    let answer =
        make(&server, &json!({"name": "  Tester ", "id": 7, "deleted_at": "2030-01-01T00:00:00Z"})).expect(200);
    let id = answer.ids().remove(0);
    let record = answer.record();
    assert_eq!(
        record,
        json!({
            "name": "Tester", "created_at": "2031-01-02T03:04:05Z", "updated_at": "2031-01-02T03:04:05Z",
            "deleted_at": null, "id": id,
        })
    );
    let body = ordered_json::read(answer.text()).unwrap();
    let keys = ["name", "created_at", "updated_at", "deleted_at", "id"];
    assert_eq!(body.get("roles").unwrap().get(&id).unwrap().keys(), keys);
    assert_eq!(server.read(&format!("/roles/{id}")).record(), record);
    // Ids are unique; names need not be.
    assert_ne!(make(&server, &json!({"name": "Tester"})).expect(200).ids(), [id]);
    let form = server.post("/roles").bearer(token::OWNER).form("role[name]=By+form").send().expect(200);
    assert_eq!(form.record()["name"], "By form");
}

#[test]
fn a_name_is_one_line_of_text() {
    let server = Server::start();
    let before = server.everything_stored();
    let long = "x".repeat(256);
    for name in [Value::Null, json!(""), json!("  "), json!(5), json!(true), json!(["x"]), json!("a\tb"), json!(long)] {
        assert_eq!(refused(&make(&server, &json!({ "name": name }))), ["name"], "{name}");
        assert_eq!(refused(&rename(&server, "101", &name)), ["name"], "{name}");
    }
    assert_eq!(make(&server, &json!({})).expect(422).text(), invalid("name", "Name is required."));
    for body in [json!({}), json!({"name": "x"}), json!({"role": [{"name": "x"}]}), json!({"roles": [{"name": "x"}]})] {
        server.post("/roles").bearer(token::ADMINISTRATOR).json(&body).send().expect(400);
    }
    assert_eq!(server.everything_stored(), before);
    make(&server, &json!({"name": "é".repeat(255)})).expect(200);
}

#[test]
fn a_role_is_renamed() {
    let server = Server::start();
    server.advance_seconds(5);
    let record = rename(&server, "101", &json!(" Zimmermann ")).expect(200).record();
    assert_eq!((&record["name"], &record["updated_at"]), (&json!("Zimmermann"), &json!("2031-01-02T03:04:10Z")));
    assert_eq!(record["created_at"], "2030-10-04T03:04:05Z");
    assert_eq!(found(&server, ""), ["102", "103", "101"]);
    assert_eq!(found(&server, "matching=zimmer"), ["101"]);
    assert_eq!(found(&server, "matching=developer"), NONE);
    server.change("/roles/101", &json!({"role": {"deleted_at": null, "id": "5", "created_at": 1}})).expect(200);
    assert_eq!(rename(&server, "102", &json!("Zimmermann")).expect(200).record()["name"], "Zimmermann");
}

#[test]
fn g5_an_unreferenced_role_is_deleted() {
    let server = Server::start();
    delete(&server, "102").expect(204);
    assert_eq!(state(&server, "102"), "gone");
    assert_eq!(found(&server, "only_active=false"), ["101", "103", "104"]);
    let trail = "SELECT action, subject_id, before FROM audit ORDER BY id DESC LIMIT 1";
    assert!(server.stored(trail)[0].starts_with("role.delete|102|"), "{:?}", server.stored(trail));
    assert!(server.stored(trail)[0].contains("Designer"), "{:?}", server.stored(trail));
}

#[test]
fn g5_a_role_of_a_membership_is_hidden() {
    let server = Server::start();
    let give = |id: u64, role: Value| {
        let body = json!({"account_membership": {"default_role_id": role}});
        server.change(&format!("/account_memberships/{id}"), &body).expect(200);
    };
    give(205, json!(102));
    // A disabled member counts too.
    give(210, json!(103));
    server.advance_seconds(3);
    for (id, member) in [("102", 205), ("103", 210)] {
        delete(&server, id).expect(204);
        assert_eq!(state(&server, id), "hidden");
        let role = server.read(&format!("/roles/{id}?only_active=false")).record();
        assert_eq!(role["deleted_at"], "2031-01-02T03:04:08Z");
        // Members keep it and still show it (D6).
        let path = format!("/account_memberships/{member}?only_active=false&include=default_role");
        let answer = server.read(&path);
        assert_eq!(answer.record()["default_role_id"], id);
        assert_eq!(answer.json()["roles"][id]["deleted_at"], role["deleted_at"]);
    }
    assert_eq!(found(&server, "only_active=false"), ALL);
    // A role that was given back can be deleted.
    let new = make(&server, &json!({"name": "Short"})).expect(200).ids().remove(0);
    give(206, json!(new));
    give(206, Value::Null);
    delete(&server, &new).expect(204);
    assert_eq!(state(&server, &new), "gone");
}

#[test]
fn g5_a_role_of_an_invitation_in_any_state_is_hidden() {
    let server = Server::start();
    // Invitation 2 is pending.
    let invite = |address: &str, role: &str| {
        server.invite(&json!({"full_name": "New", "email_address": address, "default_role_id": role}))
    };
    let make = |name: &str| make(&server, &json!({ "name": name })).expect(200).ids().remove(0);
    let (accepted, revoked, expired) = (make("Accepted"), make("Revoked"), make("Expired"));
    let (membership, _) = server.accept(&invite("accepted@example.test", &accepted));
    server.delete(&format!("/account_memberships/{membership}")).bearer(token::ADMINISTRATOR).send().expect(204);
    let invitation = invite("revoked@example.test", &revoked);
    server.delete(&format!("/account_invitations/{invitation}")).bearer(token::ADMINISTRATOR).send().expect(204);
    invite("expired@example.test", &expired);
    server.advance_seconds(40 * 86_400);
    for (id, due) in [("101", "hidden"), (&*accepted, "hidden"), (&*revoked, "gone"), (&*expired, "hidden")] {
        delete(&server, id).expect(204);
        assert_eq!(state(&server, id), due, "role {id}");
    }
    let answer = server.read("/account_invitations/2?include=default_role");
    assert_eq!(answer.record()["default_role_id"], "101");
    assert!(!answer.json()["roles"]["101"]["deleted_at"].is_null());
}

#[test]
fn g5_a_deleted_role_is_not_found_by_writes() {
    let server = Server::start();
    delete(&server, "101").expect(204);
    let before = server.everything_stored();
    for id in ["101", "104", "111", "999", "x", "0"] {
        let not_found = refusal("system", "Not found");
        assert_eq!(rename(&server, id, &json!("x")).expect(404).text(), not_found, "{id}");
        assert_eq!(rename(&server, id, &json!("")).expect(404).text(), not_found, "{id}");
        assert_eq!(delete(&server, id).expect(404).text(), not_found, "{id}");
    }
    let body = json!({"role": {"name": "x"}});
    assert_eq!(server.change("/roles/104?only_active=false", &body).status, 404);
    assert_eq!(server.everything_stored(), before);
    // It cannot be given to a member either.
    let body = json!({"account_membership": {"default_role_id": 101}});
    assert_eq!(refused(&server.change("/account_memberships/205", &body)), ["default_role_id"]);
}

#[test]
fn ids_of_roles_are_not_reused() {
    let server = Server::start();
    let first = make(&server, &json!({"name": "First"})).expect(200).ids().remove(0);
    delete(&server, &first).expect(204);
    let second = make(&server, &json!({"name": "Second"})).expect(200).ids().remove(0);
    assert!(second.parse::<u64>().unwrap() > first.parse::<u64>().unwrap(), "{second} after {first}");
}

#[test]
fn every_member_reads_roles_and_administrators_write_them() {
    let server = Server::start();
    let body = json!({"role": {"name": "New"}});
    for (name, token) in token::EVERYBODY {
        assert_eq!(server.get("/roles").bearer(token).send().expect(200).ids()[1..3], ["101", "103"], "{name}");
        server.get("/roles/102").bearer(token).send().expect(200);
        if ["owner", "administrator"].contains(&name) {
            continue;
        }
        server.post("/roles").bearer(token).json(&body).send().expect(403);
        for id in ["101", "104", "111", "999"] {
            server.put(&format!("/roles/{id}")).bearer(token).json(&body).send().expect(403);
            server.delete(&format!("/roles/{id}")).bearer(token).send().expect(403);
        }
    }
    let other = server.get("/roles?only_active=false").bearer(token::OTHER_ADMINISTRATOR).send().expect(200);
    assert_eq!(other.ids(), ["111"]);
}
