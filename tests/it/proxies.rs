//! Behind a proxy: whose request it is, for limits, audit trail and log, and what never counts as an attempt.

use std::sync::Arc;

use invited::testing::{Caller, erase};
use serde_json::json;

use crate::exact::put_json;
use crate::oauth::{authorize_path, set_password};
use crate::support::answers::PASSWORD;
use crate::support::browser::Browser;
use crate::support::{Answer, Server, token};

/// A server that counts two attempts a minute, and trusts a proxy on its own machine or none.
fn server(trusted_proxies: &str) -> Server {
    Server::start_with(&[("rate_sign_in_per_peer", "2"), ("trusted_proxies", trusted_proxies)])
}

/// A well-formed attempt to accept with a link that does not work, as a proxy passes it on.
fn attempt(server: &Server, header: (&str, &str)) -> Answer {
    let body = json!({"token": "lnk_unknown", "password": PASSWORD});
    server.request_at_root("POST", "/invitations/accept").header(header.0, header.1).json(&body).send()
}

fn from(client: &str) -> (&'static str, &str) {
    ("X-Forwarded-For", client)
}

#[test]
fn attempts_are_counted_for_each_client_behind_a_trusted_proxy() {
    let server = server("127.0.0.1");
    for _ in 0..2 {
        attempt(&server, from("203.0.113.9")).expect(404);
    }
    attempt(&server, from("203.0.113.9")).expect(429);
    attempt(&server, from("198.51.100.1, 203.0.113.9")).expect(429);
    attempt(&server, ("Forwarded", "for=203.0.113.9")).expect(429);
    attempt(&server, from("203.0.113.10")).expect(404);
    attempt(&server, ("Forwarded", "for=\"[2001:db8::1]:443\"")).expect(404);
}

#[test]
fn without_a_trusted_proxy_a_client_cannot_choose_its_address() {
    for trusted in ["", "10.0.0.0/8"] {
        let server = server(trusted);
        attempt(&server, from("203.0.113.1")).expect(404);
        attempt(&server, ("Forwarded", "for=203.0.113.2")).expect(404);
        attempt(&server, from("203.0.113.3")).expect(429);
    }
}

#[test]
fn what_is_not_well_formed_is_no_attempt() {
    let server = server("");
    let (_, link) = server.invite_by_mail("vera@example.test");
    let change = json!({"user": {"email_address": "new@example.test"}});
    server.put("/users/7").bearer(token::COLLABORATOR).json(&change).send().expect(200);
    let claim = format!("/addresses/{}", server.mailed("new@example.test"));
    let confirm = |ticked: &[(&str, &str)]| {
        let mut browser = Browser::new(&server);
        let page = browser.get(&claim).expect(200);
        browser.reply(&page, &claim, ticked)
    };
    let sign_in = |address: &str, password: &str| {
        let mut browser = Browser::new(&server);
        let page = browser.get("/oauth/sign-in").expect(200);
        browser.submit(&page, "/oauth/sign-in", &[("email_address", address), ("password", password)])
    };
    for _ in 0..3 {
        let post = |path: &str, body| server.request_at_root("POST", path).json(&body).send();
        post("/invitations/accept", json!({"token": "x", "password": "short"})).expect(422);
        post("/invitations/accept", json!({"password": PASSWORD})).expect(404);
        post("/invitations/decline", json!({})).expect(404);
        let mut browser = Browser::new(&server);
        browser.decide(&link, &[("password", "short")]).expect(422);
        browser.decide(&link, &[("decision", "decline")]).expect(422);
        confirm(&[]).expect(422);
        // Nor for those who read the log: a wrong password is a 422.
        for (address, password) in [("", ""), (" ", PASSWORD), ("vera@example.test", "")] {
            let page = sign_in(address, password).expect(400);
            assert!(page.text().contains("Enter your email address and your password."), "{page}");
        }
    }
    server.accept_link(&link).expect(200);
    confirm(&[("confirm_address", "yes")]).expect(200);
    sign_in("vera@example.test", PASSWORD).expect(429);
}

#[test]
fn the_audit_trail_has_the_clients_address_until_the_person_is_erased() {
    let server = server("127.0.0.1");
    let body = r#"{"account_invitation":{"billability_target":1}}"#;
    put_json(&server, "/account_invitations/2", token::ADMINISTRATOR, body).expect(200);
    server
        .put("/account_invitations/3")
        .bearer(token::ADMINISTRATOR)
        .header("X-Forwarded-For", "198.51.100.1, 2001:db8::1")
        .json(&json!({"account_invitation": {"billability_target": 2}}))
        .send()
        .expect(200);
    let addresses = "SELECT client_address FROM audit WHERE actor_user_id = 2 ORDER BY id";
    assert_eq!(server.stored(addresses), ["127.0.0.1", "2001:db8::1"]);
    // A refused sign-in has no actor.
    for (user, address) in [(2, "administrator@example.com"), (5, "project_lead@example.com")] {
        set_password(&server, user, PASSWORD);
        Browser::new(&server).sign_in(&authorize_path(&[]), address, "wrong horse battery").expect(422);
    }
    let refused = "SELECT subject_id, client_address FROM audit WHERE action = 'session.refuse' ORDER BY id";
    assert_eq!(server.stored(refused), ["2|127.0.0.1", "5|127.0.0.1"]);
    let context = server.app().context(&Arc::new(Caller::operator(1.into())), None);
    server.write(move |db| erase(db, &context, "administrator@example.com"));
    assert_eq!(server.stored(&format!("{addresses} LIMIT 2")), ["null", "null"]);
    assert_eq!(server.stored(refused), ["2|null", "5|127.0.0.1"], "of others nothing is erased");
}
