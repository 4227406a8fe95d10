//! What a PUT changes of a user, and what it refuses (G2, G13, H6).

use serde_json::{Value, json};

use super::{NONE, refused};
use crate::exact::{invalid, refusal};
use crate::support::{Answer, Server, token};

const TAKEN: &str = "Email address already belongs to another user of this account.";
const INVITED: &str = "Email address already has a pending invitation.";

/// Changes a user as the administrator.
#[track_caller]
fn set(server: &Server, id: &str, attributes: &Value) -> Answer {
    server.change(&format!("/users/{id}"), &json!({ "user": attributes }))
}

fn shown(server: &Server, id: &str) -> Value {
    server.read(&format!("/users/{id}?show_disabled=true")).record()
}

#[test]
fn each_attribute_can_be_changed_alone() {
    let server = Server::start();
    for (name, sent, due) in [
        ("full_name", json!("  Lea  Lovelace "), json!("Lea  Lovelace")),
        ("headline", json!("Head\u{a0}"), json!("Head")),
        ("headline", json!("Ünicode ✓"), json!("Ünicode ✓")),
        ("headline", Value::Null, Value::Null),
        ("headline", json!(" "), Value::Null),
        ("email_address", json!(" Lea@Example.TEST "), json!("Lea@Example.TEST")),
        ("email_address", json!("lea@example.test"), json!("lea@example.test")),
    ] {
        let mut record = shown(&server, "5");
        record[name] = due;
        assert_eq!(set(&server, "5", &json!({ name: sent })).expect(200).record(), record, "{name} from {sent}");
        assert_eq!(shown(&server, "5"), record, "{name} from {sent}");
    }
    let before = shown(&server, "5");
    let ignored = json!({"id": "9", "photo_path": "/x.png", "bio": 5, "permission": "administrator", "is_active": 0,
        "name_key": "x", "account_id": 2, "role_id": 101, "manager_id": 2});
    assert_eq!(set(&server, "5", &ignored).expect(200).record(), before);
    assert_eq!(set(&server, "5", &before).expect(200).record(), before);
    assert_eq!(shown(&server, "5"), before);
}

#[test]
fn forms_carry_the_same_attributes() {
    let server = Server::start();
    let form = "user[full_name]=Lea+Formed&user[headline]=&include=account_membership";
    let answer = server.put("/users/5").bearer(token::PROJECT_LEAD).form(form).send().expect(200);
    assert_eq!((&answer.record()["full_name"], &answer.record()["headline"]), (&json!("Lea Formed"), &Value::Null));
    assert_eq!(answer.record()["account_membership_id"], "205");
    server.put("/users/5").bearer(token::PROJECT_LEAD).form("full_name=x").send().expect(400);
    server.put("/users/5").bearer(token::PROJECT_LEAD).json(&json!({"user": [], "users": [{}]})).send().expect(400);
}

#[test]
fn values_of_a_wrong_kind_are_refused() {
    let server = Server::start();
    let before = server.everything_stored();
    let long = "x".repeat(256);
    for (name, values) in [
        (
            "full_name",
            vec![Value::Null, json!(""), json!(" \t"), json!(5), json!("a\u{7}b"), json!(long), json!(["x"])],
        ),
        ("headline", vec![json!(true), json!("a\nb"), json!(long), json!({})]),
        (
            "email_address",
            vec![Value::Null, json!(""), json!("nobody"), json!("a@@b.test"), json!(7), json!("a b@c.test")],
        ),
    ] {
        for value in values {
            assert_eq!(refused(&set(&server, "5", &json!({ name: value }))), [name], "{value}");
        }
    }
    let all = json!({"email_address": "x", "full_name": "", "headline": 5, "external_reference": 5});
    let fields = refused(&set(&server, "5", &all));
    assert_eq!(fields.len(), 4, "{fields:?}");
    assert_eq!(server.everything_stored(), before);
}

#[test]
fn users_may_change_themselves_and_administrators_anyone() {
    let server = Server::start();
    let body = json!({"user": {"headline": "Changed"}});
    for (name, token) in token::EVERYBODY {
        let own = server.get("/users/me").bearer(token).send().expect(200).ids().remove(0);
        server.put(&format!("/users/{own}")).bearer(token).json(&body).send().expect(200);
        let administers = ["owner", "administrator"].contains(&name);
        let knows_invitees = !["project_creator", "collaborator", "punch_clock"].contains(&name);
        // Members, a disabled member and an invitee: writes search the whole account (H6), as far as the caller sees
        // (G14).
        for other in ["9", "10", "11", "14"] {
            let answer = server.put(&format!("/users/{other}")).bearer(token).json(&body).send();
            let refusal = if other == "11" && !knows_invitees { 404 } else { 403 };
            assert_eq!(answer.status, if administers { 200 } else { refusal }, "{name} changes {other}");
        }
    }
    for id in ["9", "10", "11", "14"] {
        assert_eq!(shown(&server, id)["headline"], "Changed");
    }
}

#[test]
fn g2_an_unknown_user_is_a_404_even_where_a_known_one_is_a_403() {
    let server = Server::start();
    let broken = json!({"user": {"full_name": ""}});
    let put = |id: &str, token: &str| server.put(&format!("/users/{id}")).bearer(token).json(&broken).send();
    for id in ["21", "22", "999", "0", "x", "99999999999999999999"] {
        for token in [token::COLLABORATOR, token::ADMINISTRATOR] {
            assert_eq!(put(id, token).expect(404).text(), refusal("system", "Not found"), "{id}");
        }
    }
    for (id, bearer) in [("1", token::COLLABORATOR), ("10", token::COLLABORATOR), ("11", token::PROJECT_LEAD)] {
        let sentence = "Only an administrator may change another user.";
        assert_eq!(put(id, bearer).expect(403).text(), refusal("system", sentence), "{id}");
        assert_eq!(refused(&put(id, token::ADMINISTRATOR)), ["full_name"]);
    }
    assert_eq!(refused(&put("7", token::COLLABORATOR)), ["full_name"]);
}

#[test]
fn g13_an_address_belongs_to_one_user() {
    let server = Server::start();
    // A member's, a disabled member's or an invitee's, in any case.
    for address in ["owner@example.com", "OWNER@example.com", "disabled@example.com", "ada@example.com"] {
        let answer = set(&server, "5", &json!({ "email_address": address })).expect(422);
        assert_eq!(answer.text(), invalid("email_address", TAKEN), "{address}");
    }
    // A removed member's too, since the user stays.
    server.delete("/account_memberships/206").bearer(token::ADMINISTRATOR).send().expect(204);
    let answer = set(&server, "5", &json!({"email_address": "project_creator@example.com"})).expect(422);
    assert_eq!(answer.text(), invalid("email_address", TAKEN));
    // The user's own address in another spelling, and one of the other account.
    set(&server, "5", &json!({"email_address": "PROJECT_LEAD@example.com"})).expect(200);
    let record = set(&server, "5", &json!({"email_address": "other_administrator@example.com"})).expect(200).record();
    assert_eq!(record["email_address"], "other_administrator@example.com");
    // The old address is free.
    set(&server, "7", &json!({"email_address": "project_lead@example.com"})).expect(200);
}

#[test]
fn g13_an_address_of_another_pending_invitation_is_refused() {
    let server = Server::start();
    // The invitee's address now differs from the invitation's.
    set(&server, "11", &json!({"email_address": "ada.new@example.test"})).expect(200);
    let answer = set(&server, "5", &json!({"email_address": "Ada@example.com"})).expect(422);
    assert_eq!(answer.text(), invalid("email_address", INVITED));
    // The invitee may return to the invited address.
    let record = set(&server, "11", &json!({"email_address": "ada@example.com"})).expect(200).record();
    assert_eq!(record["email_address"], "ada@example.com");
    set(&server, "11", &json!({"email_address": "ada.new@example.test"})).expect(200);
    // A revoked invitation blocks nothing.
    server.delete("/account_invitations/1").bearer(token::ADMINISTRATOR).send().expect(204);
    set(&server, "5", &json!({"email_address": "ada@example.com"})).expect(200);
}

#[test]
fn an_invitee_cannot_be_invited_again_under_a_second_address() {
    let server = Server::start();
    set(&server, "11", &json!({"email_address": "ada.new@example.test"})).expect(200);
    let body = json!({"account_invitation": {"full_name": "Ada Again", "email_address": "ada.new@example.test"}});
    let answer = server.post("/account_invitations").bearer(token::ADMINISTRATOR).json(&body).send().expect(422);
    assert_eq!(answer.text(), invalid("email_address", INVITED));
    let (_, user) = server.accept("1");
    assert_eq!(user, "11");
    assert_eq!(server.read("/users/11").record()["email_address"], "ada.new@example.test");
}

#[test]
fn invitations_and_filters_use_a_changed_address() {
    let server = Server::start();
    set(&server, "5", &json!({"email_address": "Lea.New@example.test"})).expect(200);
    assert_eq!(server.ids_at("/users?by_email_address=lea.new@EXAMPLE.test"), ["5"]);
    assert_eq!(server.ids_at("/users?by_email_address=project_lead@example.com"), NONE);
    assert_eq!(server.ids_at("/users?search=lea.n"), ["5"]);
    assert_eq!(server.ids_at("/users?matching=new@"), ["5"]);
    assert_eq!(server.ids_at("/account_memberships?search=lea.new"), ["205"]);
    let invite = |address: &str| {
        let body = json!({"account_invitation": {"full_name": "New", "email_address": address}});
        server.post("/account_invitations").bearer(token::ADMINISTRATOR).json(&body).send().status
    };
    assert_eq!((invite("lea.new@example.test"), invite("project_lead@example.com")), (422, 200));
}

#[test]
fn searches_and_orders_use_a_changed_name() {
    let server = Server::start();
    set(&server, "4", &json!({"full_name": "ÄNNE Aalto"})).expect(200);
    set(&server, "3", &json!({"full_name": "aaron B"})).expect(200);
    let names = server.ids_at("/users");
    assert_eq!((&*names[0], &*names[9]), ("3", "4"));
    assert_eq!(server.ids_at("/account_memberships?order=full_name")[0], "203");
    for query in ["search=%C3%A4nne", "search=aalto", "matching=%C3%84nne", "by_full_name=%C3%A4NNE"] {
        assert_eq!(server.ids_at(&format!("/users?{query}")), ["4"], "{query}");
    }
    assert_eq!(server.ids_at("/account_memberships?by_full_name=aalto"), ["204"]);
    assert_eq!(server.ids_at("/users?search=ron"), ["3"]);
    assert_eq!(server.ids_at("/users?by_full_name=ron+reports"), NONE);
    // The rank of a word's start follows the new name.
    set(&server, "7", &json!({"full_name": "Zed Onaa"})).expect(200);
    assert_eq!(server.ids_at("/users?search=aa"), ["3", "4", "7"]);
}

#[test]
fn an_invitation_keeps_its_original_name() {
    let server = Server::start();
    set(&server, "11", &json!({"full_name": "Ada Lovelace"})).expect(200);
    let answer = server.read("/account_invitations/1?include=invitee");
    assert_eq!(answer.record()["full_name"], "Ada Pending");
    assert_eq!(answer.json()["users"]["11"]["full_name"], "Ada Lovelace");
}
