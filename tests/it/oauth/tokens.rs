//! The token endpoint: five encodings of a request, two ways to authenticate, and the answers.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::{CALLBACK, api_status, code, encoded, post, post_as, redeem, refused, register};
use crate::support::{Answer, Server, ordered_json};

fn fields(code: &str) -> Vec<(&str, &str)> {
    vec![
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", CALLBACK),
        ("client_id", "sandbox-app"),
        ("client_secret", "sandbox-secret"),
    ]
}

#[test]
fn all_four_encodings_of_a_request_work() {
    let server = Server::start();
    let post = |target: &str| server.request_at_root("POST", target);
    let works = |answer: Answer| {
        let answer = answer.expect(200);
        assert_eq!(api_status(&server, answer.json()["access_token"].as_str().unwrap()), 200);
    };
    works(post("/oauth/token").form(&encoded(&fields(&code(&server, &[])))).send());
    works(post("/oauth/token").body(None, encoded(&fields(&code(&server, &[])))).send());
    let code_for_json = code(&server, &[]);
    let object: serde_json::Map<String, serde_json::Value> =
        fields(&code_for_json).into_iter().map(|(name, value)| (name.to_owned(), json!(value))).collect();
    works(post("/oauth/token").json(&object.into()).send());
    let twice = format!("grant_type=password&code=x&{}", encoded(&fields(&code(&server, &[]))));
    works(post("/oauth/token").form(&twice).send());
}

#[test]
fn an_answer_has_its_keys_in_order_and_no_blank_ones() {
    let server = Server::start();
    let answer = redeem(&server, &code(&server, &[("scope", "")]), &[]).expect(200);
    let body = ordered_json::read(answer.text()).unwrap();
    assert_eq!(body.keys(), ["access_token", "token_type", "refresh_token", "created_at"]);
    assert_eq!(answer.json()["token_type"], "Bearer");
    assert_eq!(answer.json()["created_at"], 1_925_089_445);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.header("pragma"), Some("no-cache"));
    assert_eq!(answer.header("etag"), None);

    let answer = redeem(&server, &code(&server, &[("scope", "read write")]), &[]).expect(200);
    let body = ordered_json::read(answer.text()).unwrap();
    assert_eq!(body.keys(), ["access_token", "token_type", "refresh_token", "scope", "created_at"]);
    assert_eq!(answer.json()["scope"], "read write");

    let answer = post(&server, "/oauth/token", &[("grant_type", "client_credentials")]).expect(200);
    let body = ordered_json::read(answer.text()).unwrap();
    assert_eq!(body.keys(), ["access_token", "token_type", "created_at"]);
}

#[test]
fn access_tokens_do_not_expire() {
    let server = Server::start();
    let (access, _) = super::tokens_of(&server, crate::support::token::ADMINISTRATOR);
    server.advance_seconds(10 * 365 * 86_400);
    server.app().callers.forget();
    assert_eq!(api_status(&server, &access), 200);
}

#[test]
fn client_credentials_act_as_the_applications_member() {
    let server = Server::start();
    let answer = post(&server, "/oauth/token", &[("grant_type", "client_credentials")]).expect(200);
    let access = answer.json()["access_token"].as_str().unwrap().to_owned();
    let made = json!({"account_invitation": {"full_name": "N", "email_address": "n@example.test"}});
    let made = server.post("/account_invitations").bearer(&access).json(&made).send().expect(200);
    assert_eq!(made.record()["inviter_id"], "2");
    server.alter_stored("UPDATE account_memberships SET disabled_at = 1 WHERE user_id = 2");
    let answer = post(&server, "/oauth/token", &[("grant_type", "client_credentials")]);
    refused(&answer, 400, "unauthorized_client");
    server.app().callers.forget();
    assert_eq!(api_status(&server, &access), 401);
}

#[test]
fn missing_unknown_and_malformed_parameters_are_named() {
    let server = Server::start();
    for (fields, code) in [
        (&[][..], "invalid_request"),
        (&[("grant_type", "")], "invalid_request"),
        (&[("grant_type", "password"), ("username", "a"), ("password", "b")], "unsupported_grant_type"),
        (&[("grant_type", "Authorization_Code")], "unsupported_grant_type"),
        (&[("grant_type", "authorization_code")], "invalid_request"),
        (&[("grant_type", "authorization_code"), ("code", "x")], "invalid_request"),
        (&[("grant_type", "authorization_code"), ("redirect_uri", CALLBACK)], "invalid_request"),
        (&[("grant_type", "refresh_token")], "invalid_request"),
        (&[("grant_type", "refresh_token"), ("refresh_token", "x")], "invalid_grant"),
        (&[("grant_type", "client_credentials"), ("scope", "a\\b")], "invalid_scope"),
    ] {
        refused(&post(&server, "/oauth/token", fields), 400, code);
    }
    let post = |kind: Option<&str>, body: &str| {
        server.request_at_root("POST", "/oauth/token").body(kind, body.as_bytes()).send()
    };
    for (kind, body) in [
        (Some("application/json"), "{"),
        (Some("application/json"), "[]"),
        (Some("application/json"), r#"{"grant_type":{"a":1}}"#),
        (Some("application/x-www-form-urlencoded"), "%zz"),
        (Some("text/plain"), "grant_type=client_credentials"),
        (None, "a=1&a[b]=2"),
    ] {
        refused(&post(kind, body), 400, "invalid_request");
    }
    refused(&server.request_at_root("POST", "/oauth/token?%zz").send(), 400, "invalid_request");
    let server = Server::start_with(&[("body_limit", "100")]);
    let large = server.request_at_root("POST", "/oauth/token").form(&"a".repeat(101)).send();
    refused(&large, 413, "invalid_request");
}

#[test]
fn other_methods_are_not_found() {
    let server = Server::start();
    for method in ["GET", "PUT", "DELETE", "OPTIONS"] {
        server.request_at_root(method, "/oauth/token").send().expect(404);
    }
}

fn basic(server: &Server, path: &str, header: &str, fields: super::Fields<'_>) -> Answer {
    server.request_at_root("POST", path).header("Authorization", header).form(&encoded(fields)).send()
}

#[test]
fn an_application_authenticates_with_a_header_or_with_parameters() {
    let server = Server::start();
    register(&server, ("odd:app%", "s e+c/r%t"), 1, &[CALLBACK]);
    let own_name = [("grant_type", "client_credentials")];
    let header = |text: &str| format!("Basic {}", STANDARD.encode(text));
    basic(&server, "/oauth/token", &header("sandbox-app:sandbox-secret"), &own_name).expect(200);
    basic(&server, "/oauth/token", &header("sandbox-app:sandbox-secret").replace("Basic", "bAsIc"), &own_name)
        .expect(200);
    basic(&server, "/oauth/token", &header("odd%3Aapp%25:s+e%2Bc%2Fr%25t"), &own_name).expect(200);
    post_as(&server, "/oauth/token", ("odd:app%", "s e+c/r%t"), &own_name).expect(200);
    let same = [("grant_type", "client_credentials"), ("client_id", "sandbox-app")];
    basic(&server, "/oauth/token", &header("sandbox-app:sandbox-secret"), &same).expect(200);
}

#[test]
fn every_failed_authentication_is_an_invalid_client() {
    let server = Server::start();
    let own_name = [("grant_type", "client_credentials")];
    let mut bodies = std::collections::BTreeSet::new();
    for path in ["/oauth/token", "/oauth/revoke", "/oauth/introspect"] {
        for client in [
            ("nobody", "sandbox-secret"),
            ("sandbox-app\0", "sandbox-secret"),
            ("sandbox-app", "wrong"),
            ("sandbox-app", "sandbox-secret\0"),
            ("sandbox-app", ""),
            ("", ""),
        ] {
            let answer = post_as(&server, path, client, &own_name);
            refused(&answer, 401, "invalid_client");
            assert_eq!(answer.header("www-authenticate"), None, "the scheme was not tried");
            bodies.insert(answer.text().to_owned());
        }
        for text in
            ["sandbox-app:wrong", "nobody:sandbox-secret", "sandbox-app%00:sandbox-secret", "sandbox-app", ":", ""]
        {
            let answer = basic(&server, path, &format!("Basic {}", STANDARD.encode(text)), &own_name);
            refused(&answer, 401, "invalid_client");
            assert!(answer.header("www-authenticate").is_some_and(|value| value.starts_with("Basic ")), "{answer}");
            bodies.insert(answer.text().to_owned());
        }
        refused(&basic(&server, path, "Basic ***", &own_name), 401, "invalid_client");
    }
    assert_eq!(bodies.len(), 1, "{bodies:?}");
}

#[test]
fn two_authentication_methods_at_once_are_refused() {
    let server = Server::start();
    let header = format!("Basic {}", STANDARD.encode("sandbox-app:sandbox-secret"));
    for more in [[("client_secret", "sandbox-secret")], [("client_id", "nobody")]] {
        let fields = [&[("grant_type", "client_credentials")][..], &more].concat();
        refused(&basic(&server, "/oauth/token", &header, &fields), 400, "invalid_request");
    }
}

#[test]
fn token_requests_are_rate_limited() {
    let server = Server::start_with(&[("rate_token", "2")]);
    let own_name = [("grant_type", "client_credentials")];
    post(&server, "/oauth/token", &own_name).expect(200);
    post(&server, "/oauth/token", &own_name).expect(200);
    let answer = post(&server, "/oauth/token", &own_name);
    refused(&answer, 429, "temporarily_unavailable");
    assert_eq!(answer.header("retry-after"), Some("30"));
    server.advance_seconds(30);
    post(&server, "/oauth/token", &own_name).expect(200);
}

#[test]
fn nothing_is_written_while_writes_are_switched_off() {
    let server = Server::start_with(&[("queue_length", "0")]);
    let answer = post(&server, "/oauth/token", &[("grant_type", "client_credentials")]);
    refused(&answer, 503, "temporarily_unavailable");
    assert!(answer.header("retry-after").is_some());
}
