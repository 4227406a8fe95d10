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

#[test]
fn nothing_is_given_for_a_member_who_is_disabled_or_removed_or_whose_account_is_cancelled() {
    let server = Server::start();
    for (before, after) in [
        (
            "UPDATE account_memberships SET disabled_at = 1 WHERE user_id = 5",
            "UPDATE account_memberships SET disabled_at = NULL WHERE user_id = 5",
        ),
        (
            "UPDATE account_memberships SET user_id = 9999 WHERE user_id = 5",
            "UPDATE account_memberships SET user_id = 5 WHERE user_id = 9999",
        ),
        ("UPDATE accounts SET canceled_at = 1 WHERE id = 1", "UPDATE accounts SET canceled_at = NULL WHERE id = 1"),
    ] {
        let (access, renewal) = super::tokens_of(&server, token::PROJECT_LEAD);
        let code = code_of(&server, token::PROJECT_LEAD, &[]);
        server.alter_stored(&format!("PRAGMA foreign_keys = OFF; {before}"));
        refused(&redeem(&server, &code, &[]), 400, "invalid_grant");
        refused(&refresh(&server, &renewal), 400, "invalid_grant");
        server.app().callers.forget();
        assert_ne!(api_status(&server, &access), 200, "{before}");
        let answer = post(&server, "/oauth/introspect", &[("token", &access)]).expect(200);
        assert_eq!(answer.text(), r#"{"active":false}"#, "{before}");
        server.alter_stored(&format!("PRAGMA foreign_keys = OFF; {after}"));
        refresh(&server, &renewal).expect(200);
    }
}
