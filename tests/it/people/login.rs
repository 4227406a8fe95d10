//! Two flags of a membership: whether the member may log in, and whether the member is always a collaborator.

use invited::testing::seats;
use serde_json::{Value, json};

use super::refused;
use crate::support::{Answer, Server, token};

fn change(server: &Server, membership: i64, attributes: &Value) -> Answer {
    let path = format!("/account_memberships/{membership}?optional_fields=can_log_in");
    server.change(&path, &json!({"account_membership": attributes}))
}

fn taken(server: &Server) -> (i64, i64) {
    let ledger = server.write(|db| Ok(seats::ledger(db, 1.into())?));
    (ledger.taken(), ledger.without_login)
}

#[test]
fn a_member_who_may_not_log_in_is_unknown_from_the_answer_on() {
    let server = Server::start();
    server.get("/users/me").bearer(token::PROJECT_LEAD).send().expect(200);
    let refused = change(&server, 205, &json!({"can_log_in": false})).expect(200);
    assert_eq!(
        (refused.record()["can_log_in"].clone(), refused.record()["disabled_at"].clone()),
        (json!(false), Value::Null)
    );
    server.get("/users/me").bearer(token::PROJECT_LEAD).send().expect(401);
    let invite = json!({"account_invitation": {"full_name": "A", "email_address": "a@example.test"}});
    server.post("/account_invitations").bearer(token::PROJECT_LEAD).json(&invite).send().expect(401);
    // The member stays active and in the lists.
    assert!(server.ids_at("/users").contains(&"5".to_owned()));
    assert_eq!(server.ids_at("/account_memberships?can_log_in=false"), ["205"]);
    assert!(!server.ids_at("/account_memberships?can_log_in=true").contains(&"205".to_owned()));
    change(&server, 205, &json!({"can_log_in": true})).expect(200);
    server.get("/users/me").bearer(token::PROJECT_LEAD).send().expect(200);
    assert_eq!(server.ids_at("/account_memberships?can_log_in=false"), [""; 0]);
}

#[test]
fn the_login_outlives_disabling_and_enabling() {
    let server = Server::start();
    let act = |action: &str| {
        let path = format!("/account_memberships/205/{action}?optional_fields=can_log_in");
        server.put(&path).bearer(token::ADMINISTRATOR).send().expect(200).record()["can_log_in"].clone()
    };
    assert_eq!(act("disable"), false);
    // Of a disabled member it is printed as false already, and still can be set.
    change(&server, 205, &json!({"can_log_in": false})).expect(200);
    assert_eq!(act("enable"), false);
    server.get("/users/me").bearer(token::PROJECT_LEAD).send().expect(401);
    // Null means the default, as with every boolean.
    assert_eq!(change(&server, 205, &json!({"can_log_in": null})).expect(200).record()["can_log_in"], true);
}

#[test]
fn the_owner_and_the_last_administrator_can_always_log_in() {
    let server = Server::start();
    let no = json!({"can_log_in": false});
    assert_eq!(refused(&change(&server, 201, &no)), ["can_log_in"]);
    // Two of the three administrators may lose it, or none at all may undo it.
    change(&server, 202, &no).expect(200);
    server.get("/users/me").bearer(token::ADMINISTRATOR).send().expect(401);
    let demote = json!({"account_membership": {"permission": "collaborator"}});
    server.put("/account_memberships/202").bearer(token::OWNER).json(&demote).send().expect(200);
}

#[test]
fn only_administrators_set_the_flags_and_everybody_sees_the_licence() {
    let server = Server::start();
    let both = json!({"account_membership": {"can_log_in": false, "collaborator_only_license": true}});
    for bearer in [token::REPORTS_VIEWER_WITH_COST, token::COLLABORATOR] {
        server.put("/account_memberships/206").bearer(bearer).json(&both).send().expect(403);
        let shown = server.get("/account_memberships/206").bearer(bearer).send().expect(200);
        assert_eq!(shown.record()["collaborator_only_license"], false);
    }
    server.put("/account_memberships/221").bearer(token::ADMINISTRATOR).json(&both).send().expect(404);
    change(&server, 206, &json!({"collaborator_only_license": true})).expect(200);
    // It is a flag of its own: another permission leaves it as it is.
    change(&server, 206, &json!({"permission": "project_lead"})).expect(200);
    let shown = server.get("/account_memberships/206").bearer(token::COLLABORATOR).send().expect(200);
    assert_eq!(shown.record()["collaborator_only_license"], true);
    assert_eq!(
        change(&server, 207, &json!({"permission": "collaborator"})).expect(200).record()["collaborator_only_license"],
        false
    );
}

#[test]
fn fifteen_external_members_without_login_take_no_seat() {
    let server = Server::start();
    let start = taken(&server).0;
    let mut members = Vec::new();
    for number in 0..17 {
        let id = server.invite(&json!({"full_name": "E", "email_address": format!("e{number}@example.test")}));
        members.push(server.accept(&id).0.parse::<i64>().unwrap());
    }
    assert_eq!(taken(&server), (start + 17, 0));
    for member in &members {
        change(&server, *member, &json!({"permission": "external_collaborator", "can_log_in": false})).expect(200);
    }
    assert_eq!(taken(&server), (start + 2, 17));
    // Whoever may log in, is disabled, becomes internal or is removed leaves them.
    let seat = change(&server, members[0], &json!({"can_log_in": true})).expect(200);
    assert_eq!((seat.status, taken(&server)), (200, (start + 2, 16)));
    server.put(&format!("/account_memberships/{}/disable", members[1])).bearer(token::ADMINISTRATOR).send().expect(200);
    assert_eq!(taken(&server), (start + 1, 15));
    server.put(&format!("/account_memberships/{}/enable", members[1])).bearer(token::ADMINISTRATOR).send().expect(200);
    assert_eq!(taken(&server), (start + 2, 16));
    change(&server, members[2], &json!({"permission": "collaborator"})).expect(200);
    server.delete(&format!("/account_memberships/{}", members[3])).bearer(token::ADMINISTRATOR).send().expect(204);
    assert_eq!(taken(&server), (start + 2, 14));
    let walked = "SELECT count(*) FROM account_memberships WHERE account_id = 1 AND disabled_at IS NULL AND can_log_in = 0 \
                  AND permission = 'external_collaborator'";
    assert_eq!(server.number(walked), 14);
}

#[test]
fn an_inviter_who_may_not_log_in_grants_nothing() {
    let server = Server::start();
    let body = json!({"account_invitation": {"full_name": "A", "email_address": "a@example.test"}});
    let made = server.post("/account_invitations").bearer(token::PROJECT_LEAD).json(&body).send().expect(200);
    let link = server.handed_over(&made.ids()[0]);
    change(&server, 205, &json!({"can_log_in": false})).expect(200);
    assert_ne!(server.accept_link(&link).status, 200);
    change(&server, 205, &json!({"can_log_in": true})).expect(200);
    server.accept_link(&link).expect(200);
}
