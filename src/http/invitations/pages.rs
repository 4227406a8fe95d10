//! The pages of an invitation: who invites whom to what, and the two answers to that.
//!
//! Plain HTML, without a line of script. Programs that guard mailboxes open every link and some send every form that they
//! find; so an acceptance takes a password, or a box ticked by somebody who is signed in, and a decline takes a box ticked.

use std::sync::Arc;

use askama::Template;
use hyper::{Response, StatusCode};
use secrecy::{ExposeSecret as _, SecretString};

use crate::engine::access::Caller;
use crate::engine::error::Error;
use crate::http::browser::{self, Browser};
use crate::http::headers;
use crate::http::html::{self, Notice, STYLE};
use crate::http::visit::{Visit, text};
use crate::language::{Language, Texts, fill};
use crate::oauth::sessions;
use crate::resources::invitations::acceptance::{self, Acceptance, CONFIRMATION, OpenInvitation};
use crate::resources::invitations::links::PATH;
use crate::server::delivery;
use crate::server::listen::{Body, RequestBody};
use crate::wire::params::Tree;

/// What a box says that was ticked.
const TICKED: &str = "yes";

/// The page.
#[derive(Template)]
#[template(path = "invitations/offer.html")]
struct OfferPage<'a> {
    language: &'a str,
    texts: &'a Texts,
    heading: String,
    for_whom: String,
    what: String,
    until: String,
    not_granted: Option<String>,
    move_warning: Option<String>,
    is_signed_in: bool,
    /// What a password manager keeps the password under.
    address: &'a str,
    fault: Option<&'a str>,
    csrf_token: &'a str,
}

/// `GET /invitations/TOKEN`.
pub async fn show(visit: &Visit<'_>) -> Result<Response<Body>, Error> {
    let browser = Browser::of(visit)?;
    match look(visit, &browser).await? {
        Some(seen) => browser.mark(visit.app, offer_page(visit, &browser, &seen, StatusCode::OK, None)?),
        None => dead(visit),
    }
}

/// `POST /invitations/TOKEN`.
pub async fn decide(visit: &Visit<'_>, body: RequestBody) -> Result<Response<Body>, Error> {
    let params = visit.body(body).await?;
    let browser = Browser::of(visit)?;
    let texts = visit.app.config.mail_language.texts();
    if !browser.has_made(&params) {
        return notice(visit.app.config.mail_language, StatusCode::FORBIDDEN, texts.title, texts.stale_form);
    }
    if let Err(error) = visit.limit_attempts() {
        let mut response =
            notice(visit.app.config.mail_language, StatusCode::TOO_MANY_REQUESTS, texts.title, texts.too_many)?;
        headers::refuse(response.headers_mut(), &error);
        return Ok(response);
    }
    match text(&params, "decision").as_deref() {
        Some("decline") => decline(visit, &browser, &params).await,
        _ => accept(visit, &browser, &params).await,
    }
}

async fn accept(visit: &Visit<'_>, browser: &Browser, params: &Tree) -> Result<Response<Body>, Error> {
    let app = visit.app;
    // The password first: what it costs must not tell whether the link is one that works.
    let password = match text(params, "password") {
        Some(password) => Some(app.password_checks.hash(SecretString::from(password), Arc::clone(&app.entropy)).await),
        None => None,
    };
    let password = match password.transpose() {
        Ok(password) => password,
        Err(Error::Syntax(_)) => return again(visit, browser, |texts| texts.password_fault).await,
        Err(error) => return Err(error),
    };
    let answer = Acceptance {
        token: token(visit),
        password,
        is_move_confirmed: text(params, CONFIRMATION).as_deref() == Some(TICKED),
        signed_in: browser.session(app).await?.map(|session| session.user_id),
    };
    let seen = look(visit, browser).await?;
    let context = app.context(&Arc::new(Caller::unknown()), Some(visit.request_id));
    let (entropy, request_id) = (Arc::clone(&app.entropy), visit.request_id.to_owned());
    let before = SecretString::from(browser.cookie().to_owned());
    let work = visit.write(move |db| {
        let (accepted, _) = acceptance::accept(db, &context, &answer)?;
        sessions::begin(db, &entropy, accepted.user_id, before.expose_secret(), &request_id, context.now)
    });
    match work.await {
        Ok(cookie) => {
            let Some(seen) = seen else { return dead(visit) };
            let language = delivery::spoken(app, &seen.offer);
            let texts = language.texts();
            let heading = fill(texts.welcome, &[("account", &seen.offer.account_name)]);
            let mut response = notice(language, StatusCode::OK, &heading, texts.welcome_text)?;
            if let Some(cookie) = cookie {
                browser::set_cookie(app, &mut response, cookie.expose_secret())?;
            }
            Ok(response)
        }
        Err(Error::NotFound) => dead(visit),
        Err(Error::Invalid(faults)) => {
            let is_about = |name: &str| faults.iter().any(|fault| fault.field == name || fault.message == name);
            let fault = |texts: &'static Texts| {
                if is_about(CONFIRMATION) {
                    texts.move_unconfirmed
                } else if is_about("password") {
                    texts.password_fault
                } else if is_about(acceptance::CANNOT_LEAVE) {
                    texts.cannot_leave
                } else {
                    // That it is not granted stands on the page already.
                    ""
                }
            };
            again(visit, browser, fault).await
        }
        Err(error) => Err(error),
    }
}

async fn decline(visit: &Visit<'_>, browser: &Browser, params: &Tree) -> Result<Response<Body>, Error> {
    if text(params, "confirm_decline").as_deref() != Some(TICKED) {
        return again(visit, browser, |texts| texts.decline_unconfirmed).await;
    }
    let Some(seen) = look(visit, browser).await? else { return dead(visit) };
    let (context, token) = (visit.app.context(&Arc::new(Caller::unknown()), Some(visit.request_id)), token(visit));
    match visit.write(move |db| acceptance::decline(db, &context, token.expose_secret())).await {
        Ok(()) => {
            let language = delivery::spoken(visit.app, &seen.offer);
            notice(language, StatusCode::OK, language.texts().declined, language.texts().declined_text)
        }
        Err(Error::NotFound) => dead(visit),
        Err(error) => Err(error),
    }
}

/// The token in the path, as it stands there: nothing in it is ever percent-encoded.
fn token(visit: &Visit<'_>) -> SecretString {
    SecretString::from(visit.head.uri.path().strip_prefix(PATH).unwrap_or_default().to_owned())
}

async fn look(visit: &Visit<'_>, browser: &Browser) -> Result<Option<OpenInvitation>, Error> {
    let signed_in = browser.session(visit.app).await?.map(|session| session.user_id);
    let (token, now) = (token(visit), visit.app.clock.now());
    match visit.app.store.read(move |db| acceptance::look(db, token.expose_secret(), signed_in, now)).await {
        Ok(seen) => Ok(Some(seen)),
        Err(Error::NotFound) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The page once more, with what was wrong.
async fn again(
    visit: &Visit<'_>,
    browser: &Browser,
    fault: impl FnOnce(&'static Texts) -> &'static str,
) -> Result<Response<Body>, Error> {
    let Some(seen) = look(visit, browser).await? else { return dead(visit) };
    let fault = fault(delivery::spoken(visit.app, &seen.offer).texts());
    let fault = Some(fault).filter(|fault| !fault.is_empty());
    offer_page(visit, browser, &seen, StatusCode::UNPROCESSABLE_ENTITY, fault)
}

fn offer_page(
    visit: &Visit<'_>,
    browser: &Browser,
    seen: &OpenInvitation,
    status: StatusCode,
    fault: Option<&str>,
) -> Result<Response<Body>, Error> {
    let offer = &seen.offer;
    let language = delivery::spoken(visit.app, offer);
    let (texts, date) = (language.texts(), language.date(offer.expires_on));
    let elsewhere: Vec<&str> = seen.elsewhere.iter().map(|member| member.account_name.as_str()).collect();
    let elsewhere = elsewhere.join(", ");
    let words = [
        ("inviter", offer.inviter_name.as_str()),
        ("account", &offer.account_name),
        ("name", &offer.full_name),
        ("address", &offer.email_address),
        ("permission", language.permission(offer.permission.name())),
        ("role", offer.role_name.as_deref().unwrap_or_default()),
        ("date", &date),
        ("elsewhere", &elsewhere),
    ];
    let page = OfferPage {
        language: language.code(),
        texts,
        heading: fill(texts.heading, &words),
        for_whom: fill(texts.for_whom, &words),
        what: fill(if offer.role_name.is_some() { texts.with_role } else { texts.as_what }, &words),
        until: fill(texts.until, &words),
        not_granted: (!offer.is_granted).then(|| fill(texts.not_granted, &words)),
        move_warning: (!seen.elsewhere.is_empty()).then(|| fill(texts.move_warning, &words)),
        is_signed_in: seen.is_signed_in,
        address: &offer.email_address,
        fault,
        csrf_token: &browser.csrf_token(),
    };
    html::html(status, &page, "")
}

/// The one answer to a link that does not work. It sets no cookie and has no form, so that it is the same every time.
fn dead(visit: &Visit<'_>) -> Result<Response<Body>, Error> {
    let language = visit.app.config.mail_language;
    notice(language, StatusCode::NOT_FOUND, language.texts().dead, language.texts().dead_text)
}

fn notice(language: Language, status: StatusCode, heading: &str, text: &str) -> Result<Response<Body>, Error> {
    html::html(status, &Notice { language: language.code(), heading, text }, "")
}
