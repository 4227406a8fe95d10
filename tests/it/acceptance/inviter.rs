//! Acceptance checks the inviter's right again: a removed, disabled or demoted inviter grants nothing.

use serde_json::{Value, json};

use crate::acceptance::refused_for;
use crate::support::answers::PASSWORD;
use crate::support::browser::Browser;
use crate::support::{Server, token};

/// The project lead's membership.
const LEAD: &str = "/account_memberships/205";

const NOT_GRANTED: &str = "the inviter may no longer grant this permission";

fn as_owner(server: &Server, method: &str, path: &str, body: Option<Value>) {
    let request = server.request(method, path).bearer(token::OWNER);
    let answer = body.into_iter().fold(request, |request, body| request.json(&body)).send();
    assert!(answer.status < 300, "{answer}");
}

fn set_permission(server: &Server, permission: &str) {
    as_owner(server, "PUT", LEAD, Some(json!({"account_membership": {"permission": permission}})));
}

/// The lead invites another lead; returns the link.
fn invited_by_the_lead(server: &Server) -> String {
    let person = json!({"full_name": "Vera", "email_address": "vera@example.test", "permission": "project_lead"});
    server.invite_by(token::PROJECT_LEAD, &person);
    server.mailed("vera@example.test")
}

/// Expects that accepting fails without effect and that the page gives the reason.
#[track_caller]
fn is_not_granted(server: &Server, link: &str) {
    let before = server.everything_stored();
    let mut browser = Browser::new(server);
    let path = format!("/invitations/{link}");
    let page = browser.get(&path).expect(200);
    assert!(page.text().contains(NOT_GRANTED), "{page}");
    assert!(!page.text().contains("name=\"password\""), "there is nothing to accept: {page}");
    let refused = browser.reply(&page, &path, &[("decision", "accept"), ("password", PASSWORD)]).expect(422);
    assert!(refused.text().contains(NOT_GRANTED), "{refused}");
    assert_eq!(server.look_up(link).expect(200).json()["can_be_accepted"], false);
    let answer = server.accept_link(link);
    refused_for(&answer, "base");
    assert_eq!(server.everything_stored(), before);
}

#[test]
fn a_demoted_inviter_grants_again_after_a_promotion() {
    let server = Server::start();
    let link = invited_by_the_lead(&server);
    set_permission(&server, "project_creator");
    is_not_granted(&server, &link);
    set_permission(&server, "reports_viewer");
    assert_eq!(server.look_up(&link).expect(200).json()["can_be_accepted"], true);
    server.accept_link(&link).expect(200);
}

#[test]
fn a_disabled_inviter_grants_again_when_enabled() {
    let server = Server::start();
    let link = invited_by_the_lead(&server);
    as_owner(&server, "PUT", &format!("{LEAD}/disable"), None);
    is_not_granted(&server, &link);
    as_owner(&server, "PUT", &format!("{LEAD}/enable"), None);
    server.accept_link(&link).expect(200);
}

#[test]
fn a_removed_inviter_grants_nothing_but_the_link_can_be_declined() {
    let server = Server::start();
    let link = invited_by_the_lead(&server);
    as_owner(&server, "DELETE", LEAD, None);
    is_not_granted(&server, &link);
    server.reply("decline", &json!({"token": link})).expect(204);
}

#[test]
fn the_password_is_checked_before_the_grant() {
    let server = Server::start();
    let link = invited_by_the_lead(&server);
    set_permission(&server, "collaborator");
    let bad = |token: &str| server.reply("accept", &json!({"token": token, "password": "short"})).face();
    assert_eq!(bad(&link), bad("lnk_unknown"));
    assert_eq!(bad(&link).0, 422);
}
