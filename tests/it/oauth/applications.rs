//! Applications: what can be registered, and what a deletion removes.

use invited::testing::applications;

use super::{OTHER, api_status, code, post, redeem, refresh, refused, register, tokens_of};
use crate::support::{Server, token};

fn is_registered(server: &Server, address: &'static str, uris: &'static [&str]) -> bool {
    let (now, entropy) = (server.app().clock.now(), server.app().entropy.clone());
    server.write(move |db| {
        let uris: Vec<String> = uris.iter().map(|uri| (*uri).to_owned()).collect();
        Ok(applications::create(db, &entropy, 1.into(), address, "Shop", &uris, now).is_ok())
    })
}

#[test]
fn registration_needs_absolute_web_addresses_and_an_active_member() {
    let server = Server::start();
    assert!(is_registered(&server, "owner@example.com", &["https://a.example/cb", "http://localhost:1/"]));
    for (address, uris) in [
        ("owner@example.com", &[][..]),
        ("owner@example.com", &["/cb"]),
        ("owner@example.com", &["https://a.example/cb", "javascript:alert(1)"]),
        ("owner@example.com", &["https://a.example/#x"]),
        ("owner@example.com", &["http://a.example/cb"]),
        ("disabled@example.com", &["https://a.example/cb"]),
        ("nobody@example.test", &["https://a.example/cb"]),
        ("other_administrator@example.com", &["https://a.example/cb"]),
    ] {
        assert!(!is_registered(&server, address, uris), "{address} {uris:?}");
    }
}

/// RFC 9700, section 4.1.1: a code must not travel unencrypted, wherever its address came from.
#[test]
fn an_address_without_tls_that_was_registered_before_is_trusted_no_more() {
    let server = Server::start();
    let unsafe_one = "http://shop.example.com/callback";
    register(&server, OTHER, 1, &["http://shop.example.com/callback", super::CALLBACK]);
    for (uri, status) in [(unsafe_one, 400), (super::CALLBACK, 302)] {
        let path = super::authorize_path(&[("client_id", OTHER.0), ("redirect_uri", uri)]);
        let answer = server.request_at_root("GET", &path).bearer(token::ADMINISTRATOR).send().expect(status);
        assert_eq!(answer.header("location").is_some(), status == 302, "{answer}");
    }
    assert_eq!(server.stored("SELECT count(*) FROM grants"), ["1"]);
}

#[test]
fn deleting_an_application_deletes_everything_of_it_and_nothing_else() {
    let server = Server::start();
    register(&server, OTHER, 1, &[super::CALLBACK]);
    let (access, renewal) = tokens_of(&server, token::ADMINISTRATOR);
    let unused = code(&server, &[]);
    let own = post(&server, "/oauth/token", &[("grant_type", "client_credentials")]).json();
    let own = own["access_token"].as_str().unwrap().to_owned();
    let now = server.app().clock.now();
    let callers = server.app().callers.clone();
    assert!(server.write(move |db| {
        callers.forget_after_commit(db);
        Ok(applications::delete(db, "sandbox-app", now)?)
    }));
    for token in [access, own] {
        assert_eq!(api_status(&server, &token), 401);
    }
    refused(&refresh(&server, &renewal), 401, "invalid_client");
    refused(&redeem(&server, &unused, &[]), 401, "invalid_client");
    assert_eq!(api_status(&server, token::ADMINISTRATOR), 200);
    super::post_as(&server, "/oauth/token", OTHER, &[("grant_type", "client_credentials")]).expect(200);
    assert_eq!(server.stored("SELECT count(*) FROM grants WHERE revoked_at IS NULL"), ["0"]);
    assert_eq!(
        server.stored("SELECT action, before, after FROM audit WHERE subject_type = 'applications'"),
        [r#"application.delete|{"client_id":"sandbox-app","name":"Sandbox application"}|null"#]
    );
}
