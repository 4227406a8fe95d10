//! Requests outside the API: links and mails, the pages and answers of invitees, OAuth, and the server's own pages.

use crate::oauth::{CALLBACK as REDIRECT_URI, SANDBOX_APP};
use serde_json::{Map, Value, json};

use super::api::with_caller;
use super::asked::Asked;
use super::dice::Dice;
use super::known::{Browser, Known};
use super::values;
use crate::support::answers::PASSWORD;
use crate::support::token;

/// A member who has a password from the start.
pub(super) const SIGNER: &str = "signer@example.test";

/// The server's own pages, except metrics, which contain times and engine counters.
const PAGES: &[&str] = &[
    "/health/live",
    "/health/ready",
    "/docs",
    "/api/v1/openapi.json",
    "/.well-known/oauth-authorization-server",
    "/.well-known/openid-configuration",
    "/nothing/here",
    "/api/v1/users%00",
    "/api/v1/users/1/nothing",
];

/// What must have succeeded in a run, besides every operation of the API.
pub(super) const CALLED: &[&str] = &[
    "link",
    "mails",
    "mailbox",
    "offer",
    "decision",
    "lookup",
    "accept",
    "decline",
    "token",
    "/oauth/introspect",
    "/oauth/revoke",
    "authorize",
    "consent",
    "sign in",
];

#[derive(Clone, Copy)]
enum Place {
    Link,
    Mails,
    Mailbox,
    Offer,
    Decision,
    Answer,
    Token,
    EndOfToken,
    Authorize,
    Consent,
    SignIn,
    Page,
}

const PLACES: &[(usize, Place)] = &[
    (3, Place::Link),
    (3, Place::Mails),
    (6, Place::Mailbox),
    (4, Place::Offer),
    (3, Place::Decision),
    (6, Place::Answer),
    (6, Place::Token),
    (4, Place::EndOfToken),
    (4, Place::Authorize),
    (3, Place::Consent),
    (2, Place::SignIn),
    (1, Place::Page),
];

pub(super) fn request(dice: &mut Dice, known: &Known) -> Asked {
    let asked = to_place(dice, known);
    if dice.once_in(40) { asked.broken(dice) } else { asked }
}

fn to_place(dice: &mut Dice, known: &Known) -> Asked {
    match dice.weighted(PLACES) {
        Place::Link => {
            let id = values::id(dice, known, "account_invitations");
            with_caller(dice, known, Asked::new("POST", &format!("/invitations/{id}/link")).called("link"))
        }
        Place::Mails => {
            let id = values::id(dice, known, "account_invitations");
            with_caller(dice, known, Asked::new("GET", &format!("/invitations/{id}/mails")).called("mails"))
        }
        Place::Mailbox => {
            let to = dice.recent(&known.addresses).cloned().unwrap_or_default();
            Asked::new("GET", "/sandbox/mailbox").called("mailbox").query(&[("to".to_owned(), to)])
        }
        Place::Offer => {
            let path = format!("/invitations/{}", link(dice, known));
            with_browser(dice, known, Asked::new("GET", &path).called("offer")).0
        }
        Place::Decision => decision(dice, known),
        Place::Answer => answer(dice, known),
        Place::Token => exchange(dice, known),
        Place::EndOfToken => end_of_token(dice, known),
        Place::Authorize => authorize(dice, known),
        Place::Consent => consent(dice, known),
        Place::SignIn => sign_in(dice, known),
        Place::Page => Asked::new("GET", dice.one_of(PAGES)),
    }
}

/// The start of every run: an invitation is accepted, so that a password for signing in exists. The mail is sent
/// between the two requests.
pub(super) fn invite_signer() -> [Asked; 2] {
    let person =
        json!({"account_invitation": {"full_name": "Sign Er", "email_address": SIGNER, "permission": "administrator"}});
    let create = Asked::new("POST", "/api/v1/account_invitations")
        .header("Authorization", &format!("Bearer {}", token::OWNER))
        .body(Some("application/json"), person.to_string().into_bytes());
    [create, Asked::new("GET", &format!("/sandbox/mailbox?to={SIGNER}"))]
}

pub(super) fn accept_as_signer(known: &Known) -> Asked {
    let body = json!({"token": known.links.last(), "password": PASSWORD});
    Asked::new("POST", "/invitations/accept").body(Some("application/json"), body.to_string().into_bytes())
}

/// A mailed or handed over link, or an invalid one.
fn link(dice: &mut Dice, known: &Known) -> String {
    match dice.below(8) {
        0 => dice.one_of(&["lnk_x", "%00", "lnk_%F0%9F%98%80", "1"]).to_owned(),
        _ => dice.recent(&known.links).cloned().unwrap_or_else(|| "lnk_none".to_owned()),
    }
}

/// Sends a page's cookie, if there is one yet.
fn with_browser(dice: &mut Dice, known: &Known, asked: Asked) -> (Asked, Option<Browser>) {
    match dice.recent(&known.browsers) {
        Some(browser) if !dice.once_in(5) => (asked.header("Cookie", &browser.cookie), Some(browser.clone())),
        _ => (asked, None),
    }
}

/// A page's form, mostly with the right form token.
fn from_page(dice: &mut Dice, known: &Known, path: &str, mut fields: Vec<(&str, String)>) -> Asked {
    let (asked, browser) = with_browser(dice, known, Asked::new("POST", path));
    let csrf = browser.map(|browser| browser.csrf).filter(|_| !dice.once_in(10)).unwrap_or_default();
    fields.push(("csrf_token", csrf));
    let pairs: Vec<(String, String)> = fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    asked.form(&pairs)
}

fn decision(dice: &mut Dice, known: &Known) -> Asked {
    let path = format!("/invitations/{}", link(dice, known));
    let fields = match dice.below(4) {
        0 => vec![("decision", "accept".to_owned()), ("password", PASSWORD.to_owned())],
        1 => vec![("decision", "accept".to_owned()), ("password", "short\u{0}".to_owned())],
        2 => vec![("decision", "decline".to_owned())],
        _ => vec![("decision", "decline".to_owned()), ("confirm_decline", "yes".to_owned())],
    };
    from_page(dice, known, &path, fields).called("decision")
}

fn answer(dice: &mut Dice, known: &Known) -> Asked {
    let action = dice.one_of(&["lookup", "lookup", "accept", "accept", "decline"]);
    let mut body = Map::from_iter([("token".to_owned(), Value::from(link(dice, known)))]);
    if action == "accept" {
        let password = if dice.once_in(4) { values::text(dice, known) } else { PASSWORD.to_owned() };
        body.insert("password".to_owned(), Value::from(password));
        let is_confirmed = if dice.once_in(2) { Value::from(true) } else { values::wrong(dice, known) };
        body.insert("confirm_move".to_owned(), is_confirmed);
    }
    Asked::new("POST", &format!("/invitations/{action}")).called(action).params(dice, &body)
}

/// Adds the application's credentials, mostly the right ones.
fn prove(dice: &mut Dice, known: &Known, body: &mut Map<String, Value>) {
    let client = if dice.once_in(8) { values::text(dice, known) } else { SANDBOX_APP.0.to_owned() };
    let secret = if dice.once_in(10) { values::text(dice, known) } else { SANDBOX_APP.1.to_owned() };
    body.insert("client_id".to_owned(), Value::from(client));
    body.insert("client_secret".to_owned(), Value::from(secret));
}

fn exchange(dice: &mut Dice, known: &Known) -> Asked {
    let grant = dice.one_of(&["authorization_code", "refresh_token", "client_credentials", "password", "\u{0}"]);
    let mut body = Map::from_iter([("grant_type".to_owned(), Value::from(grant))]);
    prove(dice, known, &mut body);
    let or_text = |dice: &mut Dice, found: Option<&String>| match found {
        Some(found) if !dice.once_in(8) => found.clone(),
        _ => values::text(dice, known),
    };
    let (code, refresh) = (dice.recent(&known.codes), dice.recent(&known.refresh_tokens));
    body.insert("code".to_owned(), Value::from(or_text(dice, code)));
    body.insert("refresh_token".to_owned(), Value::from(or_text(dice, refresh)));
    body.insert("redirect_uri".to_owned(), Value::from(REDIRECT_URI));
    if dice.once_in(3) {
        body.insert("scope".to_owned(), Value::from(dice.one_of(&["read", "read write", "a\u{0}b", "\"", "é"])));
    }
    if dice.once_in(5) {
        body.insert("code_verifier".to_owned(), Value::from(values::text(dice, known)));
    }
    Asked::new("POST", "/oauth/token").called("token").params(dice, &body)
}

fn end_of_token(dice: &mut Dice, known: &Known) -> Asked {
    let tokens = if dice.once_in(2) { &known.tokens } else { &known.refresh_tokens };
    let token = dice.pick(tokens).filter(|_| !dice.once_in(8)).cloned();
    let token = token.unwrap_or_else(|| values::text(dice, known));
    let mut body = Map::from_iter([("token".to_owned(), Value::from(token))]);
    prove(dice, known, &mut body);
    let path = dice.one_of(&["/oauth/introspect", "/oauth/introspect", "/oauth/introspect", "/oauth/revoke"]);
    Asked::new("POST", path).called(path).params(dice, &body)
}

/// The parameters of an authorization request.
fn asking(dice: &mut Dice, known: &Known) -> Vec<(&'static str, String)> {
    let client = if dice.once_in(8) { values::text(dice, known) } else { SANDBOX_APP.0.to_owned() };
    let place = if dice.once_in(10) { values::text(dice, known) } else { REDIRECT_URI.to_owned() };
    let mut asking = vec![
        ("client_id", client),
        ("redirect_uri", place),
        ("response_type", dice.one_of(&["code", "code", "code", "code", "token"]).to_owned()),
        ("state", values::text(dice, known)),
    ];
    if dice.once_in(3) {
        asking.push(("scope", dice.one_of(&["read write", "read", "a\u{0}b", "é"]).to_owned()));
    }
    if dice.once_in(4) {
        asking.push(("code_challenge", "c".repeat(42 + dice.below(4))));
        asking.push(("code_challenge_method", dice.one_of(&["plain", "S256", "x"]).to_owned()));
    }
    asking
}

fn authorize(dice: &mut Dice, known: &Known) -> Asked {
    let asking: Vec<(String, String)> =
        asking(dice, known).into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    let asked = Asked::new("GET", "/oauth/authorize").called("authorize").query(&asking);
    // In the sandbox a bearer token counts as its member's consent.
    if dice.once_in(2) { with_caller(dice, known, asked) } else { with_browser(dice, known, asked).0 }
}

fn consent(dice: &mut Dice, known: &Known) -> Asked {
    let mut fields = asking(dice, known);
    let path = if dice.once_in(6) { "/oauth/sign-out" } else { "/oauth/authorize" };
    fields.push(("decision", dice.one_of(&["allow", "allow", "deny", "\u{0}"]).to_owned()));
    from_page(dice, known, path, fields).called("consent")
}

fn sign_in(dice: &mut Dice, known: &Known) -> Asked {
    let mut fields = asking(dice, known);
    let address = match dice.below(4) {
        0 => values::text(dice, known),
        1 => dice.pick(&known.addresses).cloned().unwrap_or_default(),
        _ => SIGNER.to_owned(),
    };
    fields.push(("email_address", address));
    fields.push(("password", if dice.once_in(4) { values::text(dice, known) } else { PASSWORD.to_owned() }));
    from_page(dice, known, "/oauth/sign-in", fields).called("sign in")
}
