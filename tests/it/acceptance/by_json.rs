//! Answering as JSON: the same as the page, with its shapes, its errors, and where the token may be.

use serde_json::json;

use crate::acceptance::{everything, refused_for};
use crate::support::answers::PASSWORD;
use crate::support::{Server, ordered_json};

#[test]
fn reading_returns_what_the_page_shows_and_changes_nothing() {
    let server = Server::start();
    server.invite(&everything());
    let link = server.mailed("vera@example.test");
    let before = server.everything_stored();
    let answer = server.look_up(&link).expect(200);
    assert_eq!(
        answer.json(),
        json!({
            "account_name": "Sandbox", "inviter_name": "Adam Administrator", "full_name": "Vera Visitor",
            "email_address": "vera@example.test", "headline": "Analyst", "permission": "project_lead",
            "role_name": "Developer", "expiration_date": "2031-02-01", "can_be_accepted": true,
            "ends_memberships_in": [],
        })
    );
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.header("set-cookie"), None);
    assert_eq!(server.everything_stored(), before);
}

#[test]
fn an_acceptance_answers_with_three_ids_as_text_and_makes_the_same_member_as_the_page() {
    let server = Server::start();
    let id = server.invite(&everything());
    let link = server.mailed("vera@example.test");
    let answer = server.accept_link(&link).expect(200);
    let keys = ordered_json::read(answer.text()).unwrap();
    assert_eq!(keys.keys(), ["account_membership_id", "user_id", "invitation_id"]);
    let body = answer.json();
    assert_eq!(body["invitation_id"], json!(id));
    let user = server.show(&id).record()["invitee_id"].clone();
    assert_eq!(body["user_id"], user);
    let columns = "id, permission, default_role_id, bill_rate_in_cents, cost_rate_in_cents, billability_target, \
                   default_read_only";
    let sql = format!("SELECT {columns} FROM account_memberships WHERE user_id = {}", user.as_str().unwrap());
    let membership = body["account_membership_id"].as_str().unwrap();
    assert_eq!(server.stored(&sql), [format!("{membership}|project_lead|101|15000|9000|75|1")]);
    assert_eq!(answer.header("set-cookie"), None, "a custom front end keeps its own session");
    assert_eq!(server.number("SELECT count(*) FROM sessions"), 0);
}

#[test]
fn a_decline_answers_204_without_a_body() {
    let server = Server::start();
    let (_, link) = server.invite_by_mail("vera@example.test");
    let answer = server.reply("decline", &json!({"token": link})).expect(204);
    assert_eq!(answer.body, b"");
    server.look_up(&link).expect(404);
}

#[test]
fn a_token_counts_only_in_the_body() {
    let server = Server::start();
    let (_, link) = server.invite_by_mail("vera@example.test");
    let before = server.everything_stored();
    for action in ["lookup", "accept", "decline"] {
        let path = format!("/invitations/{action}?token={link}");
        let unknown = server.reply(action, &json!({"token": "lnk_unknown", "password": PASSWORD})).expect(404);
        for body in [json!({"password": PASSWORD}), json!({"password": PASSWORD, "token": null})] {
            let answer = server.request_at_root("POST", &path).json(&body).send().expect(400);
            assert_eq!(
                answer.errors()[0].3,
                "Send token in the body of the request, never in its address.",
                "{action}"
            );
        }
        let in_header = server.request_at_root("POST", &format!("/invitations/{action}")).bearer(&link);
        let answer = in_header.json(&json!({"password": PASSWORD})).send().expect(404);
        assert_eq!(answer.text(), unknown.text(), "{action}");
    }
    assert_eq!(server.everything_stored(), before);
    // A form works as well as JSON.
    let form = format!("token={link}");
    server.request_at_root("POST", "/invitations/lookup").form(&form).send().expect(200);
}

#[test]
fn an_invalid_password_is_refused_by_name_whatever_the_token() {
    let server = Server::start();
    let (_, link) = server.invite_by_mail("vera@example.test");
    let before = server.everything_stored();
    for password in [json!("eleven char"), json!(""), json!(null), json!(123_456_789_012_u64), json!("x".repeat(1_025))]
    {
        let mut refusals = Vec::new();
        for token in [link.as_str(), "lnk_unknown"] {
            let answer = server.reply("accept", &json!({"token": token, "password": password}));
            refused_for(&answer, "password");
            refusals.push(answer.text().to_owned());
        }
        assert_eq!(refusals[0], refusals[1]);
    }
    assert_eq!(server.everything_stored(), before);
    server.accept_link(&link).expect(200);
}

#[test]
fn a_body_that_is_not_json_is_reported_as_such() {
    let server = Server::start();
    for action in ["lookup", "accept", "decline"] {
        let path = format!("/invitations/{action}");
        server.request_at_root("POST", &path).body(Some("application/json"), "{").send().expect(400);
        server.request_at_root("POST", &path).body(Some("text/csv"), "a,b").send().expect(415);
    }
}
