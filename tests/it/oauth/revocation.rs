//! Revocation and introspection of tokens.

use super::{
    CALLBACK, FOREIGN, OTHER, SANDBOX_APP, api_status, pair, post, post_as, redeem, refresh, refused, register,
    tokens_of,
};
use crate::support::{Server, ordered_json, token};

fn revoke(server: &Server, client: (&str, &str), token: &str) {
    let answer = post_as(server, "/oauth/revoke", client, &[("token", token)]).expect(200);
    assert_eq!(answer.text(), "{}");
    assert_eq!(answer.header("cache-control"), Some("no-store"));
}

fn introspect(server: &Server, client: (&str, &str), token: &str) -> String {
    post_as(server, "/oauth/introspect", client, &[("token", token)]).expect(200).text().to_owned()
}

const INACTIVE: &str = r#"{"active":false}"#;

#[test]
fn a_revoked_token_is_refused_at_once() {
    let server = Server::start();
    let (access, renewal) = tokens_of(&server, token::ADMINISTRATOR);
    assert_eq!(api_status(&server, &access), 200);
    revoke(&server, SANDBOX_APP, &access);
    assert_eq!(api_status(&server, &access), 401);
    let (access, _) = pair(&refresh(&server, &renewal));
    assert_eq!(api_status(&server, &access), 200, "the grant continues");
}

#[test]
fn a_revoked_refresh_token_ends_the_whole_grant() {
    let server = Server::start();
    let (first, renewal) = tokens_of(&server, token::ADMINISTRATOR);
    let (second, renewal) = pair(&refresh(&server, &renewal));
    assert_eq!(api_status(&server, &second), 200);
    revoke(&server, SANDBOX_APP, &renewal);
    for access in [first, second] {
        assert_eq!(api_status(&server, &access), 401);
    }
    refused(&refresh(&server, &renewal), 400, "invalid_grant");
}

#[test]
fn unknown_and_foreign_tokens_are_silently_ignored() {
    let server = Server::start();
    register(&server, OTHER, 1, &[CALLBACK]);
    register(&server, FOREIGN, 2, &[CALLBACK]);
    let (access, renewal) = tokens_of(&server, token::ADMINISTRATOR);
    for client in [OTHER, FOREIGN] {
        for token in [access.as_str(), &renewal, token::ADMINISTRATOR, "nobody"] {
            revoke(&server, client, token);
        }
    }
    revoke(&server, SANDBOX_APP, token::ADMINISTRATOR);
    assert_eq!(api_status(&server, &access), 200);
    assert_eq!(api_status(&server, token::ADMINISTRATOR), 200, "operators' tokens belong to no application");
    refresh(&server, &renewal).expect(200);
    refused(&post(&server, "/oauth/revoke", &[]), 400, "invalid_request");
    refused(&post(&server, "/oauth/introspect", &[]), 400, "invalid_request");
}

#[test]
fn a_token_of_the_account_is_described() {
    let server = Server::start();
    register(&server, OTHER, 1, &[CALLBACK]);
    let code = super::code_of(&server, token::PROJECT_LEAD, &[("scope", "read")]);
    let (access, renewal) = pair(&redeem(&server, &code, &[]));
    let issuer = format!("http://{}", server.address());
    let expected = format!(
        r#"{{"active":true,"scope":"read","client_id":"sandbox-app","username":"project_lead@example.com","token_type":"Bearer","iat":1925089445,"sub":"5","iss":"{issuer}"}}"#
    );
    assert_eq!(introspect(&server, SANDBOX_APP, &access), expected);
    assert_eq!(introspect(&server, OTHER, &access), expected);
    let described = ordered_json::read(&introspect(&server, SANDBOX_APP, &renewal)).unwrap();
    assert_eq!(described.keys(), ["active", "scope", "client_id", "username", "iat", "sub", "iss"]);
    assert_eq!(
        introspect(&server, OTHER, &renewal),
        INACTIVE,
        "only its own application may introspect a refresh token"
    );
    let of_operator = ordered_json::read(&introspect(&server, SANDBOX_APP, token::PUNCH_CLOCK)).unwrap();
    assert_eq!(of_operator.keys(), ["active", "username", "token_type", "iat", "sub", "iss"]);
}

#[test]
fn foreign_tokens_are_reported_as_inactive() {
    let server = Server::start();
    register(&server, FOREIGN, 2, &[CALLBACK]);
    let (access, renewal) = tokens_of(&server, token::ADMINISTRATOR);
    for token in [&access, &renewal, token::ADMINISTRATOR, "nobody"] {
        assert_eq!(introspect(&server, FOREIGN, token), INACTIVE);
    }
    let (_, newer) = pair(&refresh(&server, &renewal));
    assert_eq!(introspect(&server, SANDBOX_APP, &renewal), INACTIVE, "it is used up");
    revoke(&server, SANDBOX_APP, &newer);
    for token in [&access, &newer] {
        assert_eq!(introspect(&server, SANDBOX_APP, token), INACTIVE);
    }
}
