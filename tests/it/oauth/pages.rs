//! The whole flow through the pages, and what makes a form valid.

use super::{
    Browser, CALLBACK, authorize_path, code_of, encoded, is_guarded_page, location, redeem, refused_by_redirect,
    refused_on_a_page, register, set_password,
};
use crate::support::browser::hidden;
use crate::support::{Answer, Server, token};

const PASSWORD: &str = "correct horse battery";
const ADDRESS: &str = "project_lead@example.com";

fn with_password() -> Server {
    let server = Server::start();
    set_password(&server, 5, PASSWORD);
    server
}

/// A signed in member's browser, and the page that asks for consent.
fn at_consent() -> (Server, Browser, Answer) {
    let server = with_password();
    let mut browser = Browser::new(&server);
    browser.sign_in(&authorize_path(&[]), ADDRESS, PASSWORD).expect(303);
    let consent = browser.get(&authorize_path(&[])).expect(200);
    (server, browser, consent)
}

#[test]
fn a_member_signs_in_consents_and_the_application_acts_for_the_member() {
    let server = with_password();
    let mut browser = Browser::new(&server);
    let page = browser.get(&authorize_path(&[])).expect(200);
    is_guarded_page(&page);
    assert!(page.text().contains("Sandbox application") && page.text().contains("<label for=\"password\">"), "{page}");
    let anonymous = browser.cookie.clone();

    let typed = [("email_address", " Project_Lead@example.com "), ("password", PASSWORD)];
    let signed_in = browser.submit(&page, "/oauth/sign-in", &typed).expect(303);
    let cookie = signed_in.header("set-cookie").unwrap();
    assert!(cookie.ends_with("; Path=/; HttpOnly; SameSite=Lax"), "{cookie}");
    assert_ne!(browser.cookie, anonymous, "signing in changes the cookie");
    let (place, _) = location(&signed_in);
    assert_eq!(place, "/oauth/authorize");

    let consent = browser.get(signed_in.header("location").unwrap()).expect(200);
    is_guarded_page(&consent);
    for part in ["Sandbox application", "Lea Lead", ADDRESS, "project lead", "127.0.0.1:8765"] {
        assert!(consent.text().contains(part), "{part} is missing: {consent}");
    }
    let policy = consent.header("content-security-policy").unwrap();
    assert!(policy.contains("form-action 'self' http://127.0.0.1:8765;"), "{policy}");

    let answer = browser.submit(&consent, "/oauth/authorize", &[("decision", "allow")]).expect(303);
    let (place, parameters) = location(&answer);
    assert_eq!(place, CALLBACK);
    assert_eq!(parameters.keys().collect::<Vec<_>>(), ["code", "state"]);
    assert_eq!(parameters["state"], "st&te=1");

    let (access, _) = super::pair(&redeem(&server, &parameters["code"], &[]));
    let made = serde_json::json!({"account_invitation": {"full_name": "N", "email_address": "n@example.test"}});
    let made = server.post("/account_invitations").bearer(&access).json(&made).send().expect(200);
    assert_eq!(made.record()["inviter_id"], "5", "the application acts as the member");
}

#[test]
fn denying_sends_the_application_an_error() {
    let (server, mut browser, consent) = at_consent();
    let answer = browser.submit(&consent, "/oauth/authorize", &[("decision", "deny")]).expect(303);
    refused_by_redirect(&answer, "access_denied", Some("st&te=1"));
    let undecided = browser.submit(&consent, "/oauth/authorize", &[]);
    refused_on_a_page(&undecided, 400);
    assert_eq!(server.stored("SELECT count(*) FROM grants"), ["0"]);
}

#[test]
fn a_form_without_its_token_or_with_another_browsers_is_refused() {
    let (server, mut browser, consent) = at_consent();
    let own = hidden(&consent, "/oauth/authorize");
    let token = own.iter().find(|(name, _)| name == "csrf_token").unwrap().1.clone();
    let mut stranger = Browser::new(&server);
    let foreign = hidden(&stranger.get(&authorize_path(&[])), "/oauth/sign-in")[0].1.clone();
    for (action, more) in [
        ("/oauth/authorize", "decision=allow"),
        ("/oauth/sign-out", ""),
        ("/oauth/sign-in", "email_address=a&password=b"),
        ("/oauth/sign-in/inl_x", ""),
    ] {
        for csrf_token in ["", "x", &foreign] {
            let fields: Vec<(&str, &str)> = own
                .iter()
                .map(|(name, value)| (name.as_str(), if name == "csrf_token" { csrf_token } else { value.as_str() }))
                .collect();
            let answer = browser.post(action, &format!("{}&{more}", encoded(&fields)));
            refused_on_a_page(&answer, 403);
        }
        let without_cookie = server.request_at_root("POST", action).form(&format!("csrf_token={token}")).send();
        refused_on_a_page(&without_cookie, 403);
    }
    assert_eq!(server.stored("SELECT count(*) FROM grants"), ["0"]);
    browser.submit(&consent, "/oauth/authorize", &[("decision", "allow")]).expect(303);
}

#[test]
fn a_form_from_before_signing_in_is_stale_afterwards() {
    let server = with_password();
    let mut browser = Browser::new(&server);
    let before = browser.get(&authorize_path(&[]));
    browser.sign_in(&authorize_path(&[]), ADDRESS, PASSWORD).expect(303);
    let again = [("email_address", ADDRESS), ("password", PASSWORD)];
    refused_on_a_page(&browser.submit(&before, "/oauth/sign-in", &again), 403);
}

#[test]
fn the_fields_of_a_form_are_checked_again() {
    let (server, mut browser, consent) = at_consent();
    let with = |name: &str, value: &str| -> String {
        let fields = hidden(&consent, "/oauth/authorize");
        let changed: Vec<(&str, &str)> = fields
            .iter()
            .map(|(known, kept)| (known.as_str(), if known == name { value } else { kept.as_str() }))
            .chain([("decision", "allow")])
            .collect();
        encoded(&changed)
    };
    for (name, value) in [
        ("redirect_uri", "https://evil.example/"),
        ("redirect_uri", "//evil.example/"),
        ("redirect_uri", "http://127.0.0.1.example.com:8765/callback"),
        ("client_id", "nobody"),
    ] {
        let form = with(name, value);
        for action in ["/oauth/authorize", "/oauth/sign-out"] {
            refused_on_a_page(&browser.post(action, &form), 400);
        }
    }
    let answer = browser.post("/oauth/authorize", &with("response_type", "token")).expect(303);
    refused_by_redirect(&answer, "unsupported_response_type", Some("st&te=1"));
    assert_eq!(server.stored("SELECT count(*) FROM grants"), ["0"]);
}

#[test]
fn signing_in_leads_back_to_the_request_and_nowhere_else() {
    let server = with_password();
    let mut browser = Browser::new(&server);
    let path = format!("{}&return_to=https://evil.example/&next=//evil.example", authorize_path(&[]));
    let answer = browser.sign_in(&path, ADDRESS, PASSWORD).expect(303);
    let location = answer.header("location").unwrap();
    assert!(location.starts_with("/oauth/authorize?") && !location.contains("evil"), "{location}");
}

#[test]
fn foreign_texts_are_escaped() {
    let server = with_password();
    server.alter_stored("UPDATE applications SET name = '<img src=x onerror=alert(1)>\"'");
    let mut browser = Browser::new(&server);
    let state = "\"><script>alert(1)</script>";
    let page = browser.get(&authorize_path(&[("state", state), ("scope", "<b>")])).expect(200);
    is_guarded_page(&page);
    assert!(!page.text().contains("<img"), "{page}");
    browser.submit(&page, "/oauth/sign-in", &[("email_address", ADDRESS), ("password", PASSWORD)]).expect(303);
    let consent = browser.get(&authorize_path(&[("state", state), ("scope", "<b>")])).expect(200);
    assert!(!consent.text().contains("<img") && !consent.text().contains("<b>"), "{consent}");
    let answer = browser.submit(&consent, "/oauth/authorize", &[("decision", "allow")]).expect(303);
    assert_eq!(location(&answer).1["state"], state);
}

#[test]
fn a_session_belongs_to_one_account() {
    let server = with_password();
    register(&server, super::FOREIGN, 2, &["https://foreign.example/cb"]);
    let mut browser = Browser::new(&server);
    browser.sign_in(&authorize_path(&[]), ADDRESS, PASSWORD).expect(303);
    let foreign = authorize_path(&[("client_id", "foreign-app"), ("redirect_uri", "https://foreign.example/cb")]);
    let page = browser.get(&foreign).expect(200);
    assert!(page.text().contains("action=\"/oauth/sign-in\""), "the page asks to sign in: {page}");
    let refused = browser.submit(&page, "/oauth/sign-in", &[("email_address", ADDRESS), ("password", PASSWORD)]);
    refused_on_a_page(&refused, 422);
}

#[test]
fn signing_out_requires_a_new_sign_in() {
    let (_server, mut browser, consent) = at_consent();
    let answer = browser.submit(&consent, "/oauth/sign-out", &[]).expect(303);
    let page = browser.get(answer.header("location").unwrap()).expect(200);
    assert!(page.text().contains("action=\"/oauth/sign-in\""), "{page}");
}

#[test]
fn a_consent_after_the_session_ended_requires_a_sign_in() {
    let (server, mut browser, consent) = at_consent();
    server.advance_seconds(31 * 60);
    let answer = browser.submit(&consent, "/oauth/authorize", &[("decision", "allow")]).expect(303);
    assert_eq!(location(&answer).0, "/oauth/authorize");
    assert_eq!(server.stored("SELECT count(*) FROM grants"), ["0"]);
}

#[test]
fn reading_changes_nothing_even_with_head() {
    let server = with_password();
    let before = server.everything_stored();
    let path = authorize_path(&[]);
    for method in ["HEAD", "GET"] {
        server.request_at_root(method, &path).send().expect(200);
    }
    server.request_at_root("HEAD", &path).bearer(token::ADMINISTRATOR).send().expect(200);
    assert_eq!(server.everything_stored(), before);
    assert!(!code_of(&server, token::ADMINISTRATOR, &[]).is_empty());
}
