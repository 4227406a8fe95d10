//! OAuth 2.0: the flow as members and applications see it, and the defence against misuse.
//!
//! Most tests let the sandbox consent by a bearer token. `pages` and `sign_in` go through the forms, with a small
//! browser that keeps its cookie and submits the page's fields.

mod applications;
mod authorize;
mod codes;
mod commands;
mod concurrency;
mod discovery;
mod grants;
mod pages;
mod refresh;
mod revocation;
pub(crate) mod secrets;
mod sign_in;
mod tokens;

use std::collections::BTreeMap;

use invited::testing::Actor;
use invited::testing::applications::{NewApplication, insert};
use invited::testing::passwords::{self, Grants, HashedPassword};
use percent_encoding::percent_decode_str;

use crate::support::browser::{Browser, Fields, encoded, is_guarded_page};
use crate::support::{Answer, Server, token};

/// The redirect URI of the sandbox's application.
pub(crate) const CALLBACK: &str = "http://127.0.0.1:8765/callback";

/// A second application of the first account, and one of the second.
const OTHER: (&str, &str) = ("other-app", "other-secret");
const FOREIGN: (&str, &str) = ("foreign-app", "foreign-secret");

/// A verifier and its challenge, the example of RFC 7636.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// Registers another application; in its own name it acts as the account's owner or administrator.
fn register(server: &Server, (client_id, secret): (&'static str, &'static str), account: i64, uris: &'static [&str]) {
    let now = server.app().clock.now();
    let (account_id, user_id) = (account.into(), if account == 1 { 2 } else { 21 }.into());
    server.write(move |db| {
        let uris: Vec<String> = uris.iter().map(|uri| (*uri).to_owned()).collect();
        let new = NewApplication { account_id, user_id, client_id, secret, name: client_id, redirect_uris: &uris };
        Ok(insert(db, &new, now)?)
    });
}

/// Gives a member of the first account a password, which ends their grants.
pub(crate) fn set_password(server: &Server, user_id: i64, password: &str) {
    set_password_and(Grants::End, server, user_id, password);
}

/// The same, and says what becomes of the grants.
fn set_password_and(grants: Grants, server: &Server, user_id: i64, password: &str) {
    let hashed = HashedPassword::new(&password.to_owned().into(), &server.app().entropy).unwrap();
    let now = server.app().clock.now();
    server.write(move |db| Ok(passwords::set(db, 1.into(), user_id.into(), &hashed, grants, Actor::OPERATOR, now)?));
    server.app().callers.forget();
}

/// The authorization path of the sandbox's application with some parameters changed; `""` omits one.
pub(crate) fn authorize_path(changed: Fields<'_>) -> String {
    let mut fields =
        vec![("client_id", "sandbox-app"), ("redirect_uri", CALLBACK), ("response_type", "code"), ("state", "st&te=1")];
    for (name, value) in changed {
        fields.retain(|(known, _)| known != name);
        if !value.is_empty() {
            fields.push((name, value));
        }
    }
    format!("/oauth/authorize?{}", encoded(&fields))
}

/// The target of a redirect: the address without its query, and the query's parameters.
#[track_caller]
pub(crate) fn location(answer: &Answer) -> (String, BTreeMap<String, String>) {
    let location = answer.header("location").unwrap_or_else(|| panic!("missing Location: {answer}"));
    let (place, query) = location.split_once('?').unwrap_or((location, ""));
    let decode = |text: &str| percent_decode_str(text).decode_utf8().unwrap().into_owned();
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    (place.to_owned(), pairs.map(|(name, value)| (decode(name), decode(value))).collect())
}

/// A code for the sandbox's application, consented to with this token.
#[track_caller]
fn code_of(server: &Server, bearer: &str, changed: Fields<'_>) -> String {
    let answer = server.request_at_root("GET", &authorize_path(changed)).bearer(bearer).send().expect(302);
    let (place, parameters) = location(&answer);
    assert_eq!(place, CALLBACK);
    parameters.get("code").unwrap_or_else(|| panic!("missing code: {answer}")).clone()
}

/// A code with the administrator's consent.
#[track_caller]
fn code(server: &Server, changed: Fields<'_>) -> String {
    code_of(server, token::ADMINISTRATOR, changed)
}

/// Posts a form with an application's credentials.
fn post_as(server: &Server, path: &str, (client_id, secret): (&str, &str), fields: Fields<'_>) -> Answer {
    let all = [&[("client_id", client_id), ("client_secret", secret)], fields].concat();
    server.request_at_root("POST", path).form(&encoded(&all)).send()
}

pub(crate) const SANDBOX_APP: (&str, &str) = ("sandbox-app", "sandbox-secret");

/// Posts a form with the sandbox application's credentials.
pub(crate) fn post(server: &Server, path: &str, fields: Fields<'_>) -> Answer {
    post_as(server, path, SANDBOX_APP, fields)
}

/// Redeems a code at the usual redirect URI.
pub(crate) fn redeem(server: &Server, code: &str, more: Fields<'_>) -> Answer {
    let fields = [("grant_type", "authorization_code"), ("code", code), ("redirect_uri", CALLBACK)];
    post(server, "/oauth/token", &[&fields, more].concat())
}

pub(crate) fn refresh(server: &Server, refresh_token: &str) -> Answer {
    post(server, "/oauth/token", &[("grant_type", "refresh_token"), ("refresh_token", refresh_token)])
}

/// Access and refresh token with the consent of a member of the first account.
#[track_caller]
fn tokens_of(server: &Server, bearer: &str) -> (String, String) {
    pair(&redeem(server, &code_of(server, bearer, &[]), &[]))
}

/// Access and refresh token of an answer.
#[track_caller]
pub(crate) fn pair(answer: &Answer) -> (String, String) {
    assert_eq!(answer.status, 200, "{answer}");
    let json = answer.json();
    let text = |name: &str| json[name].as_str().unwrap_or_else(|| panic!("missing {name}: {answer}")).to_owned();
    (text("access_token"), text("refresh_token"))
}

/// The status of an API call with a token.
fn api_status(server: &Server, bearer: &str) -> u16 {
    server.get("/account_invitations?per_page=1").bearer(bearer).send().status
}

/// Expects a JSON refusal.
#[track_caller]
fn refused(answer: &Answer, status: u16, code: &str) {
    assert_eq!(answer.status, status, "{answer}");
    let json = answer.json();
    assert_eq!(json["error"], code, "{answer}");
    let keys: Vec<&String> = json.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["error", "error_description"]);
    let description = json["error_description"].as_str().unwrap();
    assert!(
        description.is_ascii() && description.ends_with('.') && !description.contains(['"', '\\']),
        "{description}"
    );
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.header("content-type"), Some("application/json; charset=utf-8"));
}

/// Expects a redirect that reports an error to the sandbox's application.
#[track_caller]
fn refused_by_redirect(answer: &Answer, code: &str, state: Option<&str>) {
    let (place, parameters) = location(answer);
    assert_eq!(place, CALLBACK, "{answer}");
    assert_eq!(parameters.get("error").map(String::as_str), Some(code), "{answer}");
    assert!(parameters.contains_key("error_description"), "{answer}");
    assert_eq!(parameters.get("state").map(String::as_str), state, "{answer}");
    assert!(!parameters.contains_key("code"), "{answer}");
}

/// Expects an error page of this server, without a redirect.
#[track_caller]
fn refused_on_a_page(answer: &Answer, status: u16) {
    assert_eq!(answer.status, status, "{answer}");
    assert_eq!(answer.header("location"), None, "{answer}");
    is_guarded_page(answer);
}
