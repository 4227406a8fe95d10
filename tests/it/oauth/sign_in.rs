//! Signing in: it does not reveal accounts, attempts are limited, and a link works once.

use invited::testing::{applications, sign_in_links};
use secrecy::ExposeSecret as _;

use super::{Browser, authorize_path, is_guarded_page, refused_on_a_page, set_password};
use crate::support::{Answer, Server};

const PASSWORD: &str = "correct horse battery";
const ADDRESS: &str = "project_lead@example.com";

fn attempt(server: &Server, address: &str, password: &str) -> Answer {
    Browser::new(server).sign_in(&authorize_path(&[]), address, password)
}

/// The page without its form token, which is always different.
fn without_token(answer: &Answer) -> String {
    let (before, rest) = answer.text().split_once("name=\"csrf_token\" value=\"").unwrap();
    format!("{before}{}", rest.split_once('"').unwrap().1)
}

#[test]
fn every_failed_attempt_gets_the_same_page() {
    let server = Server::start();
    set_password(&server, 5, PASSWORD);
    set_password(&server, 10, PASSWORD);
    set_password(&server, 6, "another password");
    let long = "x".repeat(2_000);
    let wrong = attempt(&server, ADDRESS, "wrong horse battery");
    refused_on_a_page(&wrong, 422);
    for (address, password) in [
        ("nobody@example.test", PASSWORD),
        ("disabled@example.com", PASSWORD),
        ("administrator@example.com", PASSWORD),
        ("administrator@example.com", "x"),
        ("other_administrator@example.com", PASSWORD),
        ("project_creator@example.com", PASSWORD),
        (ADDRESS, long.as_str()),
        (ADDRESS, "Correct horse battery"),
        ("x", "x"),
        ("project_lead@example.com\0", PASSWORD),
        ("\0", "\0"),
    ] {
        // Hashing decides the time: each attempt costs exactly one, for any address.
        let checks = server.app().password_checks.made();
        let answer = attempt(&server, address, password);
        refused_on_a_page(&answer, 422);
        assert_eq!(without_token(&answer), without_token(&wrong), "{address}");
        assert_eq!(server.app().password_checks.made(), checks + 1, "{address}");
    }
    assert_eq!(server.stored("SELECT count(*) FROM sessions"), ["0"]);
    attempt(&server, ADDRESS, PASSWORD).expect(303);
}

#[test]
fn attempts_per_address_are_limited_for_known_and_unknown_ones() {
    let server = Server::start_with(&[("rate_sign_in", "2")]);
    set_password(&server, 5, PASSWORD);
    for address in [ADDRESS, "nobody@example.test"] {
        attempt(&server, address, "wrong").expect(422);
        attempt(&server, &format!(" {} ", address.to_uppercase()), "wrong").expect(422);
        let answer = attempt(&server, address, PASSWORD);
        refused_on_a_page(&answer, 429);
        assert_eq!(answer.header("retry-after"), Some("30"));
    }
    attempt(&server, "administrator@example.com", "wrong").expect(422);
    server.advance_seconds(30);
    attempt(&server, ADDRESS, PASSWORD).expect(303);
}

#[test]
fn an_address_has_the_same_attempts_with_and_without_an_application() {
    let server = Server::start_with(&[("rate_sign_in", "2")]);
    set_password(&server, 5, PASSWORD);
    let attempt = |path: &str, password: &str| Browser::new(&server).sign_in(path, ADDRESS, password);
    attempt(&authorize_path(&[]), "wrong").expect(422);
    attempt("/oauth/sign-in", "wrong").expect(422);
    attempt(&authorize_path(&[]), PASSWORD).expect(429);
    attempt("/oauth/sign-in", PASSWORD).expect(429);
}

/// A commit takes long, so an attempt without one would tell that its address is unknown.
#[test]
fn every_failed_attempt_waits_for_a_commit() {
    let server = Server::start_on_file();
    set_password(&server, 5, PASSWORD);
    let log = format!("{}-wal", server.database_path().display());
    let committed = || std::fs::read(&log).unwrap();
    for path in [&authorize_path(&[]), "/oauth/sign-in"] {
        for address in [ADDRESS, "nobody@example.test"] {
            let before = committed();
            Browser::new(&server).sign_in(path, address, "wrong horse battery").expect(422);
            assert!(committed() != before, "{path} {address}");
        }
    }
}

#[test]
fn attempts_per_client_are_limited_over_all_addresses() {
    let server = Server::start_with(&[("rate_sign_in_per_peer", "2")]);
    attempt(&server, "a@example.test", "wrong").expect(422);
    attempt(&server, "b@example.test", "wrong").expect(422);
    refused_on_a_page(&attempt(&server, "c@example.test", "wrong"), 429);
    let mut browser = Browser::new(&server);
    let page = browser.get("/oauth/sign-in/inl_x");
    let token = page.text().split_once("value=\"").unwrap().1.split('"').next().unwrap().to_owned();
    let answer = browser.post("/oauth/sign-in/inl_x", &format!("csrf_token={token}"));
    refused_on_a_page(&answer, 429);
}

fn link(server: &Server, user_id: i64) -> String {
    let (now, entropy) = (server.app().clock.now(), server.app().entropy.clone());
    let token = server.write(move |db| sign_in_links::create(db, &entropy, 1.into(), user_id.into(), now));
    format!("/oauth/sign-in/{}", token.expose_secret())
}

fn press(browser: &mut Browser, path: &str) -> Answer {
    let page = browser.get(path).expect(200);
    is_guarded_page(&page);
    let token = page.text().split_once("value=\"").unwrap().1.split('"').next().unwrap().to_owned();
    browser.post(path, &format!("csrf_token={token}"))
}

#[test]
fn a_link_signs_in_once_and_only_when_the_button_is_pressed() {
    let server = Server::start();
    let path = link(&server, 5);
    let before = server.stored("SELECT * FROM sign_in_links");
    for method in ["HEAD", "GET", "GET", "GET"] {
        server.request_at_root(method, &path).send().expect(200);
    }
    assert_eq!(server.stored("SELECT * FROM sign_in_links"), before, "a scanner changes nothing");
    let mut browser = Browser::new(&server);
    browser.get(&authorize_path(&[])).expect(200);
    press(&mut browser, &path).expect(200);
    let consent = browser.get(&authorize_path(&[])).expect(200);
    assert!(consent.text().contains("Lea Lead"), "{consent}");
    refused_on_a_page(&press(&mut Browser::new(&server), &path), 403);
    assert_eq!(server.stored("SELECT count(*) FROM sessions"), ["1"]);
}

#[test]
fn a_link_works_for_fifteen_minutes_and_for_active_members() {
    let server = Server::start();
    let (early, late) = (link(&server, 5), link(&server, 5));
    server.advance_seconds(15 * 60 - 1);
    press(&mut Browser::new(&server), &early).expect(200);
    server.advance_seconds(1);
    let mut bodies = std::collections::BTreeSet::new();
    for path in [&late, &early, &link(&server, 10), "/oauth/sign-in/inl_unknown"] {
        let answer = press(&mut Browser::new(&server), path);
        refused_on_a_page(&answer, 403);
        bodies.insert(answer.text().to_owned());
    }
    assert_eq!(bodies.len(), 1, "all of them get the same page");
    set_password(&server, 5, PASSWORD);
    let path = link(&server, 5);
    set_password(&server, 5, "another password");
    refused_on_a_page(&press(&mut Browser::new(&server), &path), 403);
}

fn is_signed_in(browser: &mut Browser) -> bool {
    browser.get(&authorize_path(&[])).expect(200).text().contains("Lea Lead")
}

#[test]
fn a_session_ends_when_it_is_idle_and_after_half_a_day() {
    let server = Server::start();
    set_password(&server, 5, PASSWORD);
    let mut browser = Browser::new(&server);
    browser.sign_in(&authorize_path(&[]), ADDRESS, PASSWORD).expect(303);
    for _ in 0..24 {
        assert!(is_signed_in(&mut browser));
        server.advance_seconds(30 * 60 - 1);
    }
    assert!(is_signed_in(&mut browser));
    server.advance_seconds(24);
    assert!(!is_signed_in(&mut browser), "the session has ended after twelve hours");
    let mut browser = Browser::new(&server);
    browser.sign_in(&authorize_path(&[]), ADDRESS, PASSWORD).expect(303);
    server.sweep();
    assert_eq!(server.stored("SELECT count(*) FROM sessions"), ["1"], "the old one is swept");
    server.advance_seconds(30 * 60);
    assert!(!is_signed_in(&mut browser), "the session has ended after half an idle hour");
}

#[test]
fn signing_in_again_ends_the_browsers_old_session() {
    let server = Server::start();
    let mut browser = Browser::new(&server);
    press(&mut browser, &link(&server, 5)).expect(200);
    let mut stolen = Browser::new(&server);
    stolen.cookie.clone_from(&browser.cookie);
    assert!(is_signed_in(&mut stolen));
    press(&mut browser, &link(&server, 5)).expect(200);
    assert!(is_signed_in(&mut browser));
    assert!(!is_signed_in(&mut stolen));
}

#[test]
fn a_session_ends_with_the_membership_and_with_the_password() {
    let server = Server::start();
    set_password(&server, 5, PASSWORD);
    let mut browser = Browser::new(&server);
    browser.sign_in(&authorize_path(&[]), ADDRESS, PASSWORD).expect(303);
    server.alter_stored("UPDATE account_memberships SET disabled_at = 1 WHERE user_id = 5");
    assert!(!is_signed_in(&mut browser));
    server.alter_stored("UPDATE account_memberships SET disabled_at = NULL WHERE user_id = 5");
    assert!(is_signed_in(&mut browser));
    set_password(&server, 5, "another password");
    assert!(!is_signed_in(&mut browser));
    attempt(&server, ADDRESS, PASSWORD).expect(422);
    attempt(&server, ADDRESS, "another password").expect(303);
}

#[test]
fn behind_tls_the_cookie_is_host_only_and_secure() {
    let server = Server::start_with(&[("base_url", "https://people.example.com")]);
    let page = server.request_at_root("GET", &authorize_path(&[])).send().expect(200);
    let cookie = page.header("set-cookie").unwrap();
    assert!(cookie.starts_with("__Host-invited_session="), "{cookie}");
    assert!(cookie.ends_with("; Path=/; HttpOnly; SameSite=Lax; Secure"), "{cookie}");
}

#[test]
fn a_deleted_application_is_unknown_on_every_page() {
    let server = Server::start();
    let mut browser = Browser::new(&server);
    let page = browser.get(&authorize_path(&[])).expect(200);
    let now = server.app().clock.now();
    assert!(server.write(move |db| Ok(applications::delete(db, "sandbox-app", now)?)));
    refused_on_a_page(&browser.get(&authorize_path(&[])), 400);
    refused_on_a_page(&browser.submit(&page, "/oauth/sign-in", &[("email_address", ADDRESS)]), 400);
}

#[test]
fn two_servers_on_one_loopback_host_have_different_cookies() {
    let [one, other] = [Server::start(), Server::start()];
    let cookies = [&one, &other].map(|server| {
        let page = Browser::new(server).get(&authorize_path(&[]));
        let cookie = page.header("set-cookie").unwrap().split('=').next().unwrap().to_owned();
        assert_eq!(cookie, format!("invited_session_{}", server.address().port()));
        cookie
    });
    assert_ne!(cookies[0], cookies[1]);
    for (base_url, start) in [
        ("http://people.example.com:8080", "invited_session="),
        ("http://[::1]", "invited_session_80="),
        ("http://[::1]:8080", "invited_session_8080="),
        ("http://localhost", "invited_session_80="),
    ] {
        let named = Server::start_with(&[("base_url", base_url)]);
        let cookie = Browser::new(&named).get(&authorize_path(&[])).header("set-cookie").unwrap().to_owned();
        assert!(cookie.starts_with(start), "{base_url}: {cookie}");
    }
}
