//! Authorization requests: what is allowed, and where errors are reported.

use super::{
    CALLBACK, CHALLENGE, authorize_path, code, location, redeem, refused_by_redirect, refused_on_a_page, register,
};
use crate::support::{Answer, Server, token};

fn ask(server: &Server, changed: super::Fields<'_>) -> Answer {
    server.request_at_root("GET", &authorize_path(changed)).bearer(token::ADMINISTRATOR).send()
}

#[test]
fn in_the_sandbox_a_bearer_token_counts_as_its_members_consent() {
    let server = Server::start();
    let answer = ask(&server, &[]).expect(302);
    let (place, parameters) = location(&answer);
    assert_eq!((place.as_str(), parameters["state"].as_str()), (CALLBACK, "st&te=1"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    redeem(&server, &parameters["code"], &[]).expect(200);
    refused_on_a_page(&server.request_at_root("GET", &authorize_path(&[])).bearer("nobody").send(), 401);
    let foreign = server.request_at_root("GET", &authorize_path(&[])).bearer(token::OTHER_ADMINISTRATOR).send();
    refused_by_redirect(&foreign.expect(302), "access_denied", Some("st&te=1"));
}

#[test]
fn an_unknown_application_or_redirect_uri_gets_a_page_and_never_a_redirect() {
    let server = Server::start();
    for changed in [
        ("client_id", ""),
        ("client_id", "nobody"),
        ("client_id", "SANDBOX-APP"),
        ("client_id", "sandbox-app\0"),
        ("redirect_uri", ""),
        ("redirect_uri", "https://evil.example/"),
        ("redirect_uri", "http://127.0.0.1.example.com:8765/callback"),
        ("redirect_uri", "http://localhost:99999/callback"),
        ("redirect_uri", "http://127.0.0.1:8765/callback#x"),
        ("redirect_uri", "HTTP://127.0.0.1:8765/callback"),
        ("redirect_uri", "http://127.0.0.1:8765/callback\r\nX: y"),
        ("redirect_uri", "http://127.0.0.1:8765@evil.example/callback"),
        ("redirect_uri", "javascript:alert(1)"),
    ] {
        // Even with another error that would be reported by a redirect.
        for other in [("state", "x"), ("response_type", "token")] {
            refused_on_a_page(&ask(&server, &[changed, other]), 400);
        }
    }
    refused_on_a_page(&server.request_at_root("GET", "/oauth/authorize").send(), 400);
    refused_on_a_page(&server.request_at_root("GET", "/oauth/authorize?%zz").send(), 400);
    refused_on_a_page(&server.request_at_root("GET", "/oauth/authorize?client_id[]=sandbox-app").send(), 400);
}

/// A client under test listens on a free port, at the path of its library.
#[test]
fn in_the_sandbox_an_application_on_loopback_may_be_anywhere_on_it() {
    let server = Server::start();
    for uri in ["http://127.0.0.1:51234/callback", "http://[::1]:9/", "http://localhost:3000/api/auth/callback/invited"]
    {
        let answer = ask(&server, &[("redirect_uri", uri)]).expect(302);
        let (place, parameters) = location(&answer);
        assert_eq!(place, uri);
        // The code is still bound to the very address that it was sent to.
        redeem(&server, &parameters["code"], &[]).expect(400);
        let (_, parameters) = location(&ask(&server, &[("redirect_uri", uri)]).expect(302));
        redeem(&server, &parameters["code"], &[("redirect_uri", uri)]).expect(200);
    }
    register(&server, super::OTHER, 1, &["https://shop.example.com/cb"]);
    for uri in ["http://127.0.0.1:51234/callback", "https://shop.example.com/cb/", "https://shop.example.com:8443/cb"] {
        refused_on_a_page(&ask(&server, &[("client_id", "other-app"), ("redirect_uri", uri)]), 400);
    }
}

#[test]
fn every_other_error_is_reported_to_the_application() {
    let server = Server::start();
    let short = "x".repeat(42);
    let long = "x".repeat(129);
    let scope = "x".repeat(1_025);
    for (changed, code) in [
        (&[("response_type", "")][..], "invalid_request"),
        (&[("response_type", "token")], "unsupported_response_type"),
        (&[("response_type", "code id_token")], "unsupported_response_type"),
        (&[("response_mode", "fragment")], "invalid_request"),
        (&[("scope", "a\"b")], "invalid_scope"),
        (&[("scope", &scope)], "invalid_scope"),
        (&[("code_challenge_method", "S256")], "invalid_request"),
        (&[("code_challenge", CHALLENGE), ("code_challenge_method", "s256")], "invalid_request"),
        (&[("code_challenge", CHALLENGE), ("code_challenge_method", "none")], "invalid_request"),
        (&[("code_challenge", &short)], "invalid_request"),
        (&[("code_challenge", &long)], "invalid_request"),
        (
            &[("code_challenge", "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEj=="), ("code_challenge_method", "S256")],
            "invalid_request",
        ),
    ] {
        refused_by_redirect(&ask(&server, changed).expect(302), code, Some("st&te=1"));
        let without_token = server.request_at_root("GET", &authorize_path(changed)).send().expect(302);
        refused_by_redirect(&without_token, code, Some("st&te=1"));
    }
}

#[test]
fn too_long_a_state_is_not_returned() {
    let server = Server::start();
    let (most, more) = ("é".repeat(1_024), "é".repeat(1_025));
    refused_by_redirect(&ask(&server, &[("state", &more)]).expect(302), "invalid_request", None);
    let (_, parameters) = location(&ask(&server, &[("state", &most)]).expect(302));
    assert_eq!(parameters["state"], most);
    let (_, parameters) = location(&ask(&server, &[("state", "")]).expect(302));
    assert!(!parameters.contains_key("state"));
}

#[test]
fn a_redirect_uri_keeps_its_query() {
    let server = Server::start();
    let uri = "https://app.example/cb?tenant=7&code=x";
    register(&server, super::OTHER, 1, &["https://app.example/other", "https://app.example/cb?tenant=7&code=x"]);
    let answer = ask(&server, &[("client_id", "other-app"), ("redirect_uri", uri)]).expect(302);
    let location = answer.header("location").unwrap();
    assert!(location.starts_with(&format!("{uri}&code=inc_")), "{location}");
    assert!(location.ends_with("&state=st%26te%3D1"), "{location}");
}

#[test]
fn of_a_repeated_key_the_last_one_counts() {
    let server = Server::start();
    let path = format!("{}&redirect_uri=https%3A%2F%2Fevil.example", authorize_path(&[]));
    refused_on_a_page(&server.request_at_root("GET", &path).bearer(token::ADMINISTRATOR).send(), 400);
    let path = format!("/oauth/authorize?redirect_uri=https%3A%2F%2Fevil.example&{}", &authorize_path(&[])[17..]);
    let answer = server.request_at_root("GET", &path).bearer(token::ADMINISTRATOR).send().expect(302);
    assert_eq!(location(&answer).0, CALLBACK);
}

#[test]
fn every_code_is_different() {
    let server = Server::start();
    let codes: std::collections::BTreeSet<String> = (0..20).map(|_| code(&server, &[])).collect();
    assert_eq!(codes.len(), 20);
    assert!(codes.iter().all(|code| code.len() == "inc_".len() + 43), "{codes:?}");
}

#[test]
fn expired_codes_are_swept_after_a_day() {
    let server = Server::start();
    for _ in 0..5 {
        code(&server, &[]);
    }
    let used = code(&server, &[]);
    redeem(&server, &used, &[]).expect(200);
    server.advance_seconds(300 + 86_399);
    server.sweep();
    assert_eq!(server.stored("SELECT count(*) FROM grants"), ["6"], "a day is not over");
    server.advance_seconds(1);
    server.sweep();
    assert_eq!(server.stored("SELECT count(*) FROM grants"), ["1"], "the used one");
}
