//! Codes: five minutes, one use, one application, one redirect URI, one proof.

use super::{
    CALLBACK, CHALLENGE, OTHER, VERIFIER, api_status, code, code_of, pair, post, post_as, redeem, refresh, refused,
    register,
};
use crate::support::{Server, token};

const S256: [(&str, &str); 2] = [("code_challenge", CHALLENGE), ("code_challenge_method", "S256")];

#[test]
fn a_code_works_for_five_minutes() {
    let server = Server::start();
    let (one, other) = (code(&server, &[]), code(&server, &[]));
    server.advance_seconds(299);
    redeem(&server, &one, &[]).expect(200);
    server.advance_seconds(1);
    refused(&redeem(&server, &other, &[]), 400, "invalid_grant");
}

#[test]
fn a_reused_code_revokes_its_tokens() {
    let server = Server::start();
    let code = code(&server, &[]);
    let (access, renewal) = pair(&redeem(&server, &code, &[]));
    assert_eq!(api_status(&server, &access), 200);
    refused(&redeem(&server, &code, &[]), 400, "invalid_grant");
    assert_eq!(api_status(&server, &access), 401, "at once");
    refused(&refresh(&server, &renewal), 400, "invalid_grant");
    assert_eq!(server.stored("SELECT action FROM audit ORDER BY id"), ["grant.create", "token.create", "grant.revoke"]);
}

#[test]
fn another_applications_code_is_refused_and_its_tokens_are_revoked() {
    let server = Server::start();
    register(&server, OTHER, 1, &[CALLBACK]);
    let fields = |code| [("grant_type", "authorization_code"), ("code", code), ("redirect_uri", CALLBACK)];
    let used = code(&server, &[]);
    let (access, renewal) = pair(&redeem(&server, &used, &[]));
    refused(&post_as(&server, "/oauth/token", OTHER, &fields(&used)), 400, "invalid_grant");
    assert_eq!(api_status(&server, &access), 401);
    refused(&refresh(&server, &renewal), 400, "invalid_grant");

    let unused = code(&server, &[]);
    refused(&post_as(&server, "/oauth/token", OTHER, &fields(&unused)), 400, "invalid_grant");
    refused(&redeem(&server, &unused, &[]), 400, "invalid_grant");
}

#[test]
fn an_unknown_code_is_refused() {
    let server = Server::start();
    for code in ["inc_x", "x", &"x".repeat(10_000), token::ADMINISTRATOR] {
        refused(&redeem(&server, code, &[]), 400, "invalid_grant");
    }
}

#[test]
fn the_redirect_uri_must_be_the_requested_one() {
    let server = Server::start();
    register(&server, OTHER, 1, &[CALLBACK, "https://app.example/cb"]);
    let code = code(&server, &[("client_id", "other-app")]);
    let answer = post_as(
        &server,
        "/oauth/token",
        OTHER,
        &[("grant_type", "authorization_code"), ("code", &code), ("redirect_uri", "https://app.example/cb")],
    );
    refused(&answer, 400, "invalid_grant");
    let again = [("grant_type", "authorization_code"), ("code", &code), ("redirect_uri", CALLBACK)];
    refused(&post_as(&server, "/oauth/token", OTHER, &again), 400, "invalid_grant");
}

#[test]
fn a_challenge_is_proven_by_its_verifier_hashed_or_plain() {
    let server = Server::start();
    redeem(&server, &code(&server, &S256), &[("code_verifier", VERIFIER)]).expect(200);
    let plain = [("code_challenge", VERIFIER), ("code_challenge_method", "plain")];
    redeem(&server, &code(&server, &plain), &[("code_verifier", VERIFIER)]).expect(200);
    let unnamed = [("code_challenge", VERIFIER)];
    redeem(&server, &code(&server, &unnamed), &[("code_verifier", VERIFIER)]).expect(200);
}

#[test]
fn a_wrong_missing_or_unexpected_verifier_is_refused_and_uses_up_the_code() {
    let server = Server::start();
    let other = "x".repeat(43);
    for (challenge, verifier) in [
        (&S256[..], Some(other.as_str())),
        (&S256, Some(CHALLENGE)),
        (&S256, Some("short")),
        (&S256, None),
        (&[("code_challenge", VERIFIER)], Some(CHALLENGE)),
        (&[], Some(VERIFIER)),
    ] {
        let code = code(&server, challenge);
        let given = verifier.map(|verifier| ("code_verifier", verifier));
        refused(&redeem(&server, &code, given.as_slice()), 400, "invalid_grant");
        let right = if challenge.is_empty() { vec![] } else { vec![("code_verifier", VERIFIER)] };
        refused(&redeem(&server, &code, &right), 400, "invalid_grant");
    }
    assert_eq!(server.stored("SELECT count(*) FROM access_tokens WHERE application_id IS NOT NULL"), ["0"]);
}

/// Changes the project lead's membership as an administrator.
fn change_membership(server: &Server, method: &str, action: &str) -> u16 {
    let path = format!("/account_memberships/205{action}");
    server.request(method, &path).bearer(token::ADMINISTRATOR).send().status
}

#[test]
fn a_disabled_member_gets_no_tokens_until_enabled() {
    let server = Server::start();
    let (access, renewal) = super::tokens_of(&server, token::PROJECT_LEAD);
    let code = code_of(&server, token::PROJECT_LEAD, &[]);
    assert_eq!(api_status(&server, &access), 200);
    assert_eq!(change_membership(&server, "PUT", "/disable"), 200);
    assert_eq!(api_status(&server, &access), 401, "at once");
    refused(&redeem(&server, &code, &[]), 400, "invalid_grant");
    refused(&refresh(&server, &renewal), 400, "invalid_grant");
    let inspected = post(&server, "/oauth/introspect", &[("token", &access)]).expect(200);
    assert_eq!(inspected.text(), r#"{"active":false}"#);
    let asked = server.request_at_root("GET", &super::authorize_path(&[])).bearer(token::PROJECT_LEAD).send();
    super::refused_on_a_page(&asked, 401);
    assert_eq!(change_membership(&server, "PUT", "/enable"), 200);
    assert_eq!(api_status(&server, &access), 200);
    refresh(&server, &renewal).expect(200);
}

#[test]
fn a_removed_member_who_rejoins_regains_no_tokens() {
    let server = Server::start();
    super::set_password(&server, 5, "correct horse battery");
    let (access, renewal) = super::tokens_of(&server, token::PROJECT_LEAD);
    let code = code_of(&server, token::PROJECT_LEAD, &[]);
    let row = server.stored("SELECT permission FROM account_memberships WHERE id = 205");
    assert_eq!(row, ["project_lead"]);
    assert_eq!(change_membership(&server, "DELETE", ""), 204);
    assert_eq!(api_status(&server, &access), 401);
    server.alter_stored(
        "INSERT INTO account_memberships (account_id, user_id, permission, created_at, updated_at) \
         VALUES (1, 5, 'project_lead', 1, 1)",
    );
    assert_eq!(api_status(&server, &access), 401);
    refused(&refresh(&server, &renewal), 400, "invalid_grant");
    refused(&redeem(&server, &code, &[]), 400, "invalid_grant");
    for table in ["sessions", "passwords", "sign_in_links"] {
        assert_eq!(server.stored(&format!("SELECT count(*) FROM {table}")), ["0"], "{table}");
    }
}

#[test]
fn a_canceled_account_gets_no_tokens() {
    let server = Server::start();
    let (access, renewal) = super::tokens_of(&server, token::PROJECT_LEAD);
    let code = code_of(&server, token::PROJECT_LEAD, &[]);
    server.alter_stored("UPDATE accounts SET canceled_at = 1 WHERE id = 1");
    refused(&redeem(&server, &code, &[]), 400, "invalid_grant");
    refused(&refresh(&server, &renewal), 400, "invalid_grant");
    refused(&post(&server, "/oauth/token", &[("grant_type", "client_credentials")]), 400, "unauthorized_client");
    let inspected = post(&server, "/oauth/introspect", &[("token", &access)]).expect(200);
    assert_eq!(inspected.text(), r#"{"active":false}"#);
}
