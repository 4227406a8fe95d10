//! Codes: five minutes, one use, one application, one address, one proof.

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
fn a_code_that_comes_back_ends_the_tokens_that_it_gave() {
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
fn the_code_of_another_application_is_refused_and_ends_the_first_token() {
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
fn the_address_has_to_be_the_one_that_the_code_was_sent_to() {
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
fn a_wrong_missing_or_needless_verifier_is_refused_and_uses_the_code_up() {
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

/// Changes the membership of the project lead, as an administrator of the account.
fn change_membership(server: &Server, method: &str, action: &str) -> u16 {
    let path = format!("/account_memberships/205{action}");
    server.request(method, &path).bearer(token::ADMINISTRATOR).send().status
}

#[test]
fn a_disabled_member_is_given_nothing_until_enabled_again() {
    let server = Server::start();
    let (access, renewal) = super::tokens_of(&server, token::PROJECT_LEAD);
    let code = code_of(&server, token::PROJECT_LEAD, &[]);
    assert_eq!(api_status(&server, &access), 200);
    assert_eq!(change_membership(&server, "PUT", "/disable"), 200);
    assert_eq!(api_status(&server, &access), 401, "at once");
    refused(&redeem(&server, &code, &[]), 400, "invalid_grant");
    refused(&refresh(&server, &renewal), 400, "invalid_grant");
    let told = post(&server, "/oauth/introspect", &[("token", &access)]).expect(200);
    assert_eq!(told.text(), r#"{"active":false}"#);
    let asked = server.request_at_root("GET", &super::authorize_path(&[])).bearer(token::PROJECT_LEAD).send();
    super::told_on_a_page(&asked, 401);
    assert_eq!(change_membership(&server, "PUT", "/enable"), 200);
    assert_eq!(api_status(&server, &access), 200);
    refresh(&server, &renewal).expect(200);
}

#[test]
fn who_was_removed_gets_nothing_back_by_becoming_a_member_again() {
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
fn nothing_is_given_where_the_account_is_cancelled() {
    let server = Server::start();
    let (access, renewal) = super::tokens_of(&server, token::PROJECT_LEAD);
    let code = code_of(&server, token::PROJECT_LEAD, &[]);
    server.alter_stored("UPDATE accounts SET canceled_at = 1 WHERE id = 1");
    refused(&redeem(&server, &code, &[]), 400, "invalid_grant");
    refused(&refresh(&server, &renewal), 400, "invalid_grant");
    refused(&post(&server, "/oauth/token", &[("grant_type", "client_credentials")]), 400, "unauthorized_client");
    let told = post(&server, "/oauth/introspect", &[("token", &access)]).expect(200);
    assert_eq!(told.text(), r#"{"active":false}"#);
}
