//! Resending and deleting invitations.

use serde_json::json;

use crate::exact::{Invitation, everything, invalid, put_json, refusal, shown};
use crate::support::{Answer, Server, token};

fn resend(server: &Server, id: u64, bearer: &str) -> Answer {
    server.put(&format!("/account_invitations/{id}/resend")).bearer(bearer).send()
}

fn delete(server: &Server, id: u64, bearer: &str) -> Answer {
    server.delete(&format!("/account_invitations/{id}")).bearer(bearer).send()
}

const DAY: u64 = 86_400;
const BY_LEVEL: &str = "You do not have permission to do this.";
const BY_RECORD: &str = "Only an administrator or the inviter may change this invitation.";
const ACCEPTED: &str = "This invitation was accepted and cannot be deleted. Remove the membership instead.";

#[test]
fn resend_renews_the_date_and_the_link_and_keeps_everything_else() {
    let server = Server::start();
    let grace = Invitation::grace(&server);
    let list = || server.get("/account_invitations").bearer(token::ADMINISTRATOR).send().expect(200).ids();
    let order = list();
    server.advance_seconds(7 * DAY);
    let answer = resend(&server, 2, token::ADMINISTRATOR).expect(200);
    let renewed = Invitation { expiration_date: "2031-02-08".to_owned(), ..grace };
    assert_eq!(answer.text(), renewed.body());
    assert_eq!(shown(&server, 2), renewed.value());
    assert_eq!(list(), order, "created_at is unchanged");
}

#[test]
fn an_expired_invitation_can_be_resent() {
    let server = Server::start();
    assert!(shown(&server, 3)["expiration_date"].as_str().unwrap() < "2031-01-02");
    let record = resend(&server, 3, token::ADMINISTRATOR).expect(200).record();
    assert_eq!((record["expiration_date"].as_str(), record["pending"].as_bool()), (Some("2031-02-01"), Some(true)));
    server.advance_seconds(60 * DAY);
    let record = resend(&server, 1, token::ADMINISTRATOR).expect(200).record();
    assert_eq!(record["expiration_date"], "2031-04-02");
}

#[test]
fn resend_accepts_an_empty_body_of_any_type_or_none() {
    let server = Server::start();
    let ada = Invitation { expiration_date: "2031-02-01".to_owned(), ..Invitation::ada(&server) };
    for path in
        ["/account_invitations/1/resend", "/account_invitations/1/resend.json", "/account_invitations/1/resend/?"]
    {
        for kind in [
            None,
            Some("application/json"),
            Some("application/x-www-form-urlencoded"),
            Some("multipart/form-data"),
            Some("text/plain"),
            Some("application/octet-stream"),
        ] {
            let answer = server.put(path).bearer(token::ADMINISTRATOR).body(kind, "").send().expect(200);
            assert_eq!(answer.text(), ada.body(), "for {path} with {kind:?}");
        }
    }
}

#[test]
fn resend_reads_include_from_the_query_string_or_the_body_and_nothing_else() {
    let server = Server::start();
    let answer =
        server.put("/account_invitations/1/resend?include=inviter").bearer(token::ADMINISTRATOR).send().expect(200);
    assert!(answer.json()["users"]["2"].is_object());
    let answer = put_json(&server, "/account_invitations/1/resend", token::ADMINISTRATOR, r#"{"include":"invitee"}"#)
        .expect(200);
    assert!(answer.json()["users"]["11"].is_object());
    let before = shown(&server, 1);
    let change = r#"{"account_invitation":{"permission":"administrator","billability_target":"x"}}"#;
    put_json(&server, "/account_invitations/1/resend", token::ADMINISTRATOR, change).expect(200);
    assert_eq!(shown(&server, 1), before);
}

#[test]
fn a_body_of_resend_must_be_valid() {
    let server = Server::start();
    let before = everything(&server);
    let answer = put_json(&server, "/account_invitations/1/resend", token::ADMINISTRATOR, "{").expect(400);
    assert_eq!(answer.text(), refusal("syntax", "The request body is not valid JSON."));
    let answer = server
        .put("/account_invitations/1/resend")
        .bearer(token::ADMINISTRATOR)
        .body(Some("text/plain"), "hello")
        .send()
        .expect(415);
    assert_eq!(answer.errors()[0].0, "syntax");
    assert_eq!(everything(&server), before);
}

#[test]
fn an_accepted_invitation_cannot_be_resent() {
    let server = Server::start();
    let before = everything(&server);
    let answer = resend(&server, 4, token::ADMINISTRATOR).expect(422);
    assert_eq!(answer.text(), invalid("base", "This invitation is no longer pending and cannot be sent again."));
    assert_eq!(everything(&server), before);
}

#[test]
fn only_put_resends() {
    let server = Server::start();
    for method in ["GET", "POST", "PATCH", "DELETE", "HEAD", "OPTIONS"] {
        let answer =
            server.request(method, "/account_invitations/1/resend").bearer(token::ADMINISTRATOR).send().expect(404);
        if method != "HEAD" {
            assert_eq!(answer.text(), refusal("system", "Not found"), "for {method}");
        }
    }
}

#[test]
fn delete_answers_204_without_a_body_and_the_invitation_is_gone() {
    let server = Server::start();
    let answer = delete(&server, 1, token::ADMINISTRATOR).expect(204);
    assert_eq!(answer.text(), "");
    assert_eq!(answer.header("content-type"), None);
    assert_eq!(answer.header("etag"), None);
    let not_found = refusal("system", "Not found");
    assert_eq!(delete(&server, 1, token::ADMINISTRATOR).expect(404).text(), not_found);
    assert_eq!(resend(&server, 1, token::ADMINISTRATOR).expect(404).text(), not_found);
    let change = r#"{"account_invitation":{"billability_target":1}}"#;
    put_json(&server, "/account_invitations/1", token::ADMINISTRATOR, change).expect(404);
    server.get("/account_invitations/1?only_pending=false").bearer(token::ADMINISTRATOR).send().expect(404);
    let list = server.get("/account_invitations").bearer(token::ADMINISTRATOR).send().expect(200);
    assert_eq!((list.ids(), &list.json()["count"]), (vec!["3".to_owned(), "2".to_owned()], &serde_json::json!(2)));
}

#[test]
fn the_expired_and_the_fully_filled_invitation_can_be_deleted_too() {
    let server = Server::start();
    delete(&server, 3, token::ADMINISTRATOR).expect(204);
    server.delete("/account_invitations/2.json?").bearer(token::OWNER).send().expect(204);
}

#[test]
fn the_body_of_a_delete_is_ignored() {
    let server = Server::start();
    server
        .delete("/account_invitations/1")
        .bearer(token::ADMINISTRATOR)
        .body(Some("application/json"), "{{{ not JSON")
        .send()
        .expect(204);
    server
        .delete("/account_invitations/2")
        .bearer(token::ADMINISTRATOR)
        .body(Some("text/plain"), "hello")
        .send()
        .expect(204);
}

#[test]
fn an_accepted_invitation_cannot_be_deleted() {
    let server = Server::start();
    let before = everything(&server);
    let answer = delete(&server, 4, token::ADMINISTRATOR).expect(422);
    assert_eq!(answer.text(), invalid("base", ACCEPTED));
    assert_eq!(everything(&server), before);
}

#[test]
fn an_otherwise_unreferenced_invitee_is_deleted_with_the_invitation() {
    let server = Server::start();
    let users = || server.stored("SELECT id FROM users ORDER BY id");
    let before = users();
    delete(&server, 1, token::ADMINISTRATOR).expect(204);
    let gone: Vec<String> = before.into_iter().filter(|user| !users().contains(user)).collect();
    assert_eq!(gone, ["11"]);
}

#[test]
fn administrators_and_the_inviter_resend_and_delete() {
    for (bearer, id) in [(token::OWNER, 1), (token::ADMINISTRATOR, 3), (token::PROJECT_LEAD, 3)] {
        let server = Server::start();
        resend(&server, id, bearer).expect(200);
        delete(&server, id, bearer).expect(204);
    }
}

#[test]
fn all_other_callers_are_refused() {
    let server = Server::start();
    let before = everything(&server);
    let refused = |id: u64, bearer: &str, status: u16, kind: &str, message: &str| {
        for answer in [resend(&server, id, bearer), delete(&server, id, bearer)] {
            assert_eq!(answer.expect(status).text(), refusal(kind, message), "{bearer} on {id}");
        }
    };
    for bearer in [token::PROJECT_CREATOR, token::COLLABORATOR, token::PUNCH_CLOCK] {
        for id in [1, 3, 4, 5, 99] {
            refused(id, bearer, 403, "system", BY_LEVEL);
        }
    }
    for (bearer, ids) in [
        (token::PROJECT_LEAD, &[1, 2, 4][..]),
        (token::REPORTS_VIEWER, &[1, 2, 3, 4]),
        (token::REPORTS_VIEWER_WITH_COST, &[1, 2, 3, 4]),
    ] {
        for id in ids {
            refused(*id, bearer, 403, "system", BY_RECORD);
        }
    }
    for (bearer, ids) in [
        (token::ADMINISTRATOR, &[5, 99][..]),
        (token::PROJECT_LEAD, &[5, 99]),
        (token::OTHER_ADMINISTRATOR, &[1, 2, 3, 4, 99]),
    ] {
        for id in ids {
            refused(*id, bearer, 404, "system", "Not found");
        }
    }
    refused(1, "nobody", 401, "oauth", "Invalid OAuth 2 Request");
    assert_eq!(everything(&server), before);
}

#[test]
fn the_length_of_an_invitation_is_a_setting() {
    let server = Server::start_with(&[("invitation_days", "7")]);
    assert_eq!(resend(&server, 1, token::ADMINISTRATOR).expect(200).record()["expiration_date"], "2031-01-09");
}

#[test]
fn an_invitees_reference_is_deleted_with_the_invitee() {
    let server = Server::start();
    let reference = json!({"service_name": "hr", "service_model": "person", "service_model_ref": "7"});
    let id = server.invite(&json!({
        "full_name": "Ann", "email_address": "ann@example.test", "external_reference": reference,
    }));
    let stored = || server.stored("SELECT service_model_ref FROM external_references WHERE subject_type = 'User'");
    assert_eq!(stored(), ["7"]);
    server.delete(&format!("/account_invitations/{id}")).bearer(token::ADMINISTRATOR).send().expect(204);
    assert!(stored().is_empty());
}
