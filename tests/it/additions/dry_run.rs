//! `Invited-Dry-Run: true`: everything but the effect.

use serde_json::json;

use crate::coverage::EXAMPLES;
use crate::support::database::is_on_server;
use crate::support::{Server, token};

const DRY_RUN: &str = "Invited-Dry-Run";

#[test]
fn every_write_answers_as_if_it_were_real_and_changes_nothing() {
    for example in EXAMPLES.iter().filter(|example| example.is_write()) {
        let server = Server::start();
        let stored = server.everything_stored();
        let ask = || example.request(&server, example.subject.own).bearer(token::ADMINISTRATOR);
        let rehearsed = ask().header(DRY_RUN, "true").send().expect(example.success);
        assert_eq!(rehearsed.header("invited-dry-run"), Some("true"), "{:?}", example.operation);
        assert_eq!(server.everything_stored(), stored, "{:?}", example.operation);
        let real = ask().send().expect(example.success);
        assert_eq!(real.header("invited-dry-run"), None);
        assert_eq!(comparable(rehearsed.text()), comparable(real.text()), "{:?}", example.operation);
    }
}

/// Without ids: a database server does not return an id that a rolled-back insert took. Without the random name of a
/// picture.
fn comparable(answer: &str) -> String {
    let answer = match answer.split_once("/images/profile_photos/") {
        Some((start, rest)) => &format!("{start}{}", &rest[rest.find('"').unwrap_or_default()..]),
        None => answer,
    };
    if is_on_server() {
        answer.chars().filter(|character| !character.is_ascii_digit()).collect()
    } else {
        answer.to_owned()
    }
}

#[test]
fn invalid_writes_are_refused_as_usual() {
    let server = Server::start();
    let stored = server.everything_stored();
    let dry = |token: &str, path: &str| server.put(path).bearer(token).header(DRY_RUN, "true");
    dry(token::ADMINISTRATOR, "/account_invitations/4/resend").send().expect(422);
    dry(token::ADMINISTRATOR, "/account_invitations/999/resend").send().expect(404);
    dry(token::COLLABORATOR, "/account_invitations/1/resend").send().expect(403);
    dry(token::ADMINISTRATOR, "/account_memberships/201/disable").send().expect(422);
    assert_eq!(server.everything_stored(), stored);
}

#[test]
fn a_dry_run_neither_stores_nor_replays_an_answer() {
    let server = Server::start();
    let person = json!({"account_invitation": {"full_name": "Ann", "email_address": "ann@example.test"}});
    let ask = || {
        server.post("/account_invitations").bearer(token::ADMINISTRATOR).header("Idempotency-Key", "k").json(&person)
    };
    ask().header(DRY_RUN, "true").send().expect(200);
    assert_eq!(ask().send().expect(200).header("idempotent-replayed"), None);
    ask().header(DRY_RUN, "true").send().expect(422);
}

#[test]
fn a_dry_run_uses_up_no_limit_and_ends_no_access() {
    let server = Server::start_with(&[("rate_resend_per_invitation", "1")]);
    let resend = || server.put("/account_invitations/1/resend").bearer(token::ADMINISTRATOR);
    for _ in 0..3 {
        resend().header(DRY_RUN, "true").send().expect(200);
    }
    resend().send().expect(200);
    resend().header(DRY_RUN, "true").send().expect(429);
    let disable = server.put("/account_memberships/207/disable").bearer(token::ADMINISTRATOR);
    disable.header(DRY_RUN, "true").send().expect(200);
    server.get("/users/me").bearer(token::COLLABORATOR).send().expect(200);
}

#[test]
fn a_header_that_is_not_a_boolean_is_a_400() {
    let server = Server::start();
    let stored = server.everything_stored();
    for value in ["yes", "", "1"] {
        let delete = server.delete("/account_invitations/1").bearer(token::ADMINISTRATOR);
        delete.header(DRY_RUN, value).send().expect(400);
    }
    assert_eq!(server.everything_stored(), stored);
    server.delete("/account_invitations/1").bearer(token::ADMINISTRATOR).header(DRY_RUN, "False").send().expect(204);
}
