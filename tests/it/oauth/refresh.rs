//! Refresh tokens: each works once and is replaced.

use super::{CALLBACK, OTHER, api_status, code, pair, post, post_as, redeem, refresh, refused, register, tokens_of};
use crate::support::{Server, token};

#[test]
fn a_refresh_token_is_replaced_each_time() {
    let server = Server::start();
    let (first_access, first) = tokens_of(&server, token::ADMINISTRATOR);
    let (second_access, second) = pair(&refresh(&server, &first));
    let (third_access, third) = pair(&refresh(&server, &second));
    assert!(first != second && second != third && first_access != second_access);
    for access in [&first_access, &second_access, &third_access] {
        assert_eq!(api_status(&server, access), 200, "access tokens do not expire");
    }
}

#[test]
fn a_reused_refresh_token_revokes_its_whole_family() {
    let server = Server::start();
    let (first_access, first) = tokens_of(&server, token::ADMINISTRATOR);
    let (second_access, second) = pair(&refresh(&server, &first));
    refused(&refresh(&server, &first), 400, "invalid_grant");
    refused(&refresh(&server, &second), 400, "invalid_grant");
    for access in [first_access, second_access] {
        assert_eq!(api_status(&server, &access), 401);
    }
    let (access, _) = tokens_of(&server, token::ADMINISTRATOR);
    assert_eq!(api_status(&server, &access), 200, "another consent is another family");
}

#[test]
fn use_by_another_application_revokes_the_family_too() {
    let server = Server::start();
    register(&server, OTHER, 1, &[CALLBACK]);
    let (access, renewal) = tokens_of(&server, token::ADMINISTRATOR);
    let fields = [("grant_type", "refresh_token"), ("refresh_token", renewal.as_str())];
    refused(&post_as(&server, "/oauth/token", OTHER, &fields), 400, "invalid_grant");
    refused(&refresh(&server, &renewal), 400, "invalid_grant");
    assert_eq!(api_status(&server, &access), 401);
}

#[test]
fn a_scope_may_be_narrowed_and_not_widened() {
    let server = Server::start();
    let (_, renewal) = pair(&redeem(&server, &code(&server, &[("scope", "read write")]), &[]));
    let with_scope = |renewal: &str, scope: &str| {
        let fields = [("grant_type", "refresh_token"), ("refresh_token", renewal), ("scope", scope)];
        post(&server, "/oauth/token", &fields)
    };
    refused(&with_scope(&renewal, "read admin"), 400, "invalid_scope");
    let narrowed = with_scope(&renewal, "read");
    assert_eq!(narrowed.json()["scope"], "read");
    let (_, renewal) = pair(&narrowed);
    assert_eq!(refresh(&server, &renewal).json()["scope"], "read write", "the grant keeps its scope");
}

#[test]
fn an_access_token_cannot_refresh_and_a_refresh_token_grants_no_access() {
    let server = Server::start();
    let (access, renewal) = tokens_of(&server, token::ADMINISTRATOR);
    refused(&refresh(&server, &access), 400, "invalid_grant");
    assert_eq!(api_status(&server, &renewal), 401);
}
