//! Disabling, enabling and removing a member, and the effect on the member's token.
//!
//! Nothing here waits: each write takes effect before the next request.

use serde_json::{Value, json};

use super::{NONE, shown};
use crate::exact::invalid;
use crate::support::{Answer, Server, token};

/// Performs an action on a membership as the administrator.
fn act(server: &Server, id: u64, action: &str) -> Answer {
    server.put(&format!("/account_memberships/{id}/{action}")).bearer(token::ADMINISTRATOR).send()
}

fn remove(server: &Server, id: u64) -> Answer {
    server.delete(&format!("/account_memberships/{id}")).bearer(token::ADMINISTRATOR).send()
}

/// The status of a request that every member may send.
fn status_of(server: &Server, token: &str) -> u16 {
    server.get("/users/me").bearer(token).send().status
}

#[test]
fn disabling_a_member_ends_access_at_once_and_enabling_restores_it() {
    let server = Server::start();
    for _ in 0..2 {
        // Use the token, so that it is cached.
        assert_eq!(status_of(&server, token::PROJECT_LEAD), 200);
        server.advance_seconds(1);
        let record = act(&server, 205, "disable").expect(200).record();
        assert_eq!(record["disabled_at"], record["updated_at"]);
        let refusal = server.get("/users/me").bearer(token::PROJECT_LEAD).send().expect(401);
        assert_eq!(refusal.errors()[0].3, "Invalid OAuth 2 Request");
        server.post("/account_invitations").bearer(token::PROJECT_LEAD).send().expect(401);
        let record = act(&server, 205, "enable").expect(200).record();
        assert_eq!(record["disabled_at"], Value::Null);
        assert_eq!(status_of(&server, token::PROJECT_LEAD), 200);
    }
}

#[test]
fn disabling_hides_the_membership_and_the_user_and_enabling_shows_them() {
    let server = Server::start();
    let seen = || {
        let membership = server.get("/account_memberships/205").bearer(token::ADMINISTRATOR).send().status;
        let user = server.get("/users/5").bearer(token::ADMINISTRATOR).send().status;
        let lists = [
            server.ids_at("/account_memberships?with_user_ids=5"),
            server.ids_at("/users?with_users=5"),
            server.ids_at("/users?search=lea+lead"),
        ];
        let counts = ["/account_memberships", "/users"].map(|path| server.read(path).json()["count"].clone());
        (membership, user, lists, counts)
    };
    let before = seen();
    assert_eq!((before.0, before.1), (200, 200));
    act(&server, 205, "disable").expect(200);
    let none = || NONE.map(str::to_owned).to_vec();
    assert_eq!(seen(), (404, 404, [none(), none(), none()], [json!(9), json!(9)]));
    act(&server, 205, "enable").expect(200);
    assert_eq!(seen(), before);
}

#[test]
fn g4_disabling_twice_and_enabling_an_active_member_change_nothing() {
    let server = Server::start();
    for (id, action) in [(210, "disable"), (205, "enable"), (201, "enable")] {
        let (record, before) = (shown(&server, id), server.everything_stored());
        server.advance_seconds(1);
        assert_eq!(act(&server, id, action).expect(200).record(), record, "{action} {id}");
        assert_eq!(server.everything_stored(), before, "{action} {id}");
    }
}

#[test]
fn actions_and_deletes_need_no_body_and_accept_includes() {
    let server = Server::start();
    let answer = server
        .put("/account_memberships/205/disable.json?include=user&optional_fields=can_log_in")
        .bearer(token::ADMINISTRATOR)
        .body(Some("text/plain"), "")
        .send()
        .expect(200);
    assert_eq!(answer.record()["can_log_in"], false);
    assert_eq!(answer.json()["users"]["5"]["full_name"], "Lea Lead");
    let body = json!({"include": "user", "optional_fields": ["can_log_in"]});
    let answer = server.change("/account_memberships/205/enable", &body).expect(200);
    assert_eq!(answer.record()["can_log_in"], true);
    assert_eq!(answer.json()["users"]["5"]["full_name"], "Lea Lead");
    let removed = server.delete("/account_memberships/205").bearer(token::ADMINISTRATOR).send().expect(204);
    assert!(removed.body.is_empty());
}

#[test]
fn g1_the_owner_is_neither_disabled_nor_removed() {
    let server = Server::start();
    let before = server.everything_stored();
    for bearer in [token::ADMINISTRATOR, token::OWNER] {
        let answer = server.put("/account_memberships/201/disable").bearer(bearer).send().expect(422);
        assert_eq!(answer.text(), invalid("base", "The account owner cannot be disabled."));
        let answer = server.delete("/account_memberships/201").bearer(bearer).send().expect(422);
        assert_eq!(answer.text(), invalid("base", "The account owner cannot be removed."));
    }
    assert_eq!(server.everything_stored(), before);
    assert_eq!(status_of(&server, token::OWNER), 200);
}

#[test]
fn a_changed_permission_takes_effect_at_once() {
    let server = Server::start();
    let invitations = || server.get("/account_invitations").bearer(token::COLLABORATOR).send().status;
    let set = |permission: &str| {
        let body = json!({"account_membership": {"permission": permission}});
        server.change("/account_memberships/207", &body).expect(200);
    };
    assert_eq!(invitations(), 403);
    for _ in 0..2 {
        set("project_lead");
        assert_eq!(invitations(), 200);
        set("administrator");
        let seen = server.get("/account_memberships/205").bearer(token::COLLABORATOR).send().expect(200).record();
        assert!(seen.get("cost_rate_in_cents").is_some(), "{seen}");
        set("external_collaborator");
        assert_eq!(invitations(), 403);
    }
}

#[test]
fn administrators_may_disable_and_remove_themselves() {
    let server = Server::start();
    act(&server, 202, "disable").expect(200);
    assert_eq!(status_of(&server, token::ADMINISTRATOR), 401);
    server.put("/account_memberships/202/enable").bearer(token::OWNER).send().expect(200);
    remove(&server, 202).expect(204);
    assert_eq!(status_of(&server, token::ADMINISTRATOR), 401);
}

#[test]
fn a_removed_member_has_no_access_and_no_membership() {
    let server = Server::start();
    assert_eq!(status_of(&server, token::PROJECT_LEAD), 200);
    remove(&server, 205).expect(204);
    assert_eq!(status_of(&server, token::PROJECT_LEAD), 401);
    remove(&server, 205).expect(404);
    act(&server, 205, "enable").expect(404);
    let everybody = server.ids_at("/account_memberships?only_active=false");
    assert!(!everybody.contains(&"205".to_owned()), "{everybody:?}");
    assert_eq!(everybody.len(), 10);
    // The person remains as a user that lists hide but writes reach.
    assert_eq!(server.get("/users/5").bearer(token::ADMINISTRATOR).send().status, 404);
    assert!(!server.ids_at("/users").contains(&"5".to_owned()));
    let user = server.read("/users/5?show_disabled=true&include=account_membership,role,manager");
    assert_eq!(user.record()["account_membership_id"], Value::Null);
    assert_eq!((&user.json()["account_memberships"], &user.json()["roles"]), (&json!({}), &json!({})));
    server.change("/users/5", &json!({"user": {"headline": "Gone"}})).expect(200);
}

#[test]
fn a_disabled_member_can_be_removed_too() {
    let server = Server::start();
    remove(&server, 210).expect(204);
    assert_eq!(server.ids_at("/account_memberships?is_active=false"), NONE);
    assert_eq!(server.read("/account_memberships").json()["count"], 10);
    assert_eq!(server.read("/account_memberships?only_active=false").json()["count"], 10);
    assert_eq!(server.read("/users").json()["count"], 10);
}

#[test]
fn a_removal_keeps_the_audit_trail_and_references_to_the_user() {
    let server = Server::start();
    server.change("/account_memberships/205", &json!({"account_membership": {"billability_target": 5}})).expect(200);
    server.change("/account_memberships/206", &json!({"account_membership": {"manager_id": 5}})).expect(200);
    let trail = || server.stored("SELECT * FROM audit ORDER BY id");
    let before = trail();
    remove(&server, 205).expect(204);
    let after = trail();
    assert_eq!(after[..before.len()], before);
    // The member's cost rate goes along.
    assert_eq!(after.len(), before.len() + 2);
    let last = "SELECT action, subject_type, subject_id, actor_user_id FROM audit ORDER BY id DESC LIMIT 1";
    assert_eq!(server.stored(last), ["account_membership.delete|account_memberships|205|2"]);
    // H17: the removed member's invitations stay, with their inviter.
    let invitation = server.read("/account_invitations/3?include=inviter");
    assert_eq!(invitation.record()["inviter_id"], "5");
    assert_eq!(invitation.json()["users"]["5"]["full_name"], "Lea Lead");
    let managed = server.read("/account_memberships/206?include=manager");
    assert_eq!(managed.record()["manager_id"], "5");
    assert_eq!(managed.json()["users"]["5"]["full_name"], "Lea Lead");
}

#[test]
fn h5_a_removed_member_invited_again_is_the_same_user_with_new_tokens() {
    let server = Server::start();
    remove(&server, 205).expect(204);
    let again = json!({"full_name": "Lea Again", "email_address": "PROJECT_LEAD@example.com"});
    let invitation = server.invite(&again);
    assert_eq!(server.show(&invitation).record()["invitee_id"], "5");
    assert_eq!(status_of(&server, token::PROJECT_LEAD), 401);
    let (membership, user) = server.accept(&invitation);
    assert_eq!(user, "5");
    assert_ne!(membership, "205");
    // Access is back, but the old tokens stay dead.
    assert_eq!(server.ids_at("/account_memberships?by_user_id=5"), [&*membership]);
    assert_eq!(server.read("/users/5?include=account_membership").record()["account_membership_id"], *membership);
    assert_eq!(status_of(&server, token::PROJECT_LEAD), 401);
    let id: u64 = membership.parse().unwrap();
    act(&server, id, "disable").expect(200);
    act(&server, id, "enable").expect(200);
    assert_eq!(status_of(&server, token::PROJECT_LEAD), 401);
}

#[test]
fn an_invitation_of_a_removed_member_can_be_revoked() {
    let server = Server::start();
    // This member has no token, manages another member and has an external reference.
    server.change("/account_memberships/207", &json!({"account_membership": {"manager_id": 9}})).expect(200);
    let reference = json!({"service_name": "crm", "service_model": "contact", "service_model_ref": "7"});
    server.change("/users/9", &json!({"user": {"external_reference": reference}})).expect(200);
    remove(&server, 209).expect(204);
    let address = "external_collaborator@example.com";
    let invitation = server.invite(&json!({"full_name": "Erik Again", "email_address": address}));
    assert_eq!(server.show(&invitation).record()["invitee_id"], "9");
    server.delete(&format!("/account_invitations/{invitation}")).bearer(token::ADMINISTRATOR).send().expect(204);
    // Records that reference him still show him.
    let managed = server.read("/account_memberships/207?include=manager");
    assert_eq!(managed.json()["users"]["9"]["full_name"], "Erik External");
}

#[test]
fn revoking_an_invitation_removes_everything_of_its_invitee() {
    let server = Server::start();
    let reference = json!({"service_name": "crm", "service_model": "contact", "service_model_ref": "7"});
    server.change("/users/11", &json!({"user": {"external_reference": reference}})).expect(200);
    server.delete("/account_invitations/1").bearer(token::ADMINISTRATOR).send().expect(204);
    assert_eq!(server.get("/users/11?show_disabled=true").bearer(token::ADMINISTRATOR).send().status, 404);
    assert_eq!(server.stored("SELECT * FROM external_references WHERE subject_type = 'User'"), NONE);
}

#[test]
fn a_member_gets_exactly_what_was_invited() {
    let server = Server::start();
    let invitation = server.invite(&json!({
        "full_name": "Nora New", "email_address": "nora@example.test", "headline": "Tester", "permission": "punch_clock",
        "default_role_id": 102, "bill_rate_in_cents": 11, "cost_rate_in_cents": 12, "billability_target": 13,
        "default_read_only": true,
        "external_reference": {"service_name": "crm", "service_model": "contact", "service_model_ref": 99},
    }));
    server.advance_seconds(60);
    let (membership, user) = server.accept(&invitation);
    let record = server.read(&format!("/account_memberships/{membership}?include=user")).record();
    for (name, due) in [
        ("permission", json!("punch_clock")),
        ("default_role_id", json!("102")),
        ("bill_rate_in_cents", json!(11)),
        ("cost_rate_in_cents", json!(12)),
        ("billability_target", json!(13)),
        ("default_read_only", json!(true)),
        ("is_owner", json!(false)),
        ("disabled_at", Value::Null),
        ("manager_id", Value::Null),
        ("created_at", json!("2031-01-02T03:05:05Z")),
        ("user_id", json!(user)),
    ] {
        assert_eq!(record[name], due, "{name}");
    }
    let person = server.read(&format!("/users/{user}?include=external_references")).record();
    assert_eq!((&person["headline"], &person["full_name"]), (&json!("Tester"), &json!("Nora New")));
    assert_eq!(person["external_reference_ids"].as_array().map(Vec::len), Some(1));
}
