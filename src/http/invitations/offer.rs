//! The pages of an invitation: who invites to what, and the two answers.
//!
//! Plain HTML without script. Mailbox scanners open every link, and some submit every form they find; so accepting
//! takes a password, or a ticked box of a signed-in user, and declining takes a ticked box.

use axum::response::Response;
use hyper::StatusCode;
use minijinja::context;
use minijinja::value::Serde;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;

use crate::engine::error::Error;
use crate::engine::tokens;
use crate::http::browser::{self, Browser};
use crate::http::extract::{BodyParams, Visit, text};
use crate::http::invitations::answers;
use crate::http::{headers, html};
use crate::language::Language;
use crate::oauth::sessions;
use crate::resources::invitations::acceptance::{self, Acceptance, CONFIRMATION, OpenInvitation};
use crate::resources::invitations::links::PATH;
use crate::server::delivery;
use crate::store::Db;
use crate::wire::changes::Violation;
use crate::wire::params::Tree;

#[derive(Serialize)]
struct OfferPage<'a> {
    inviter: &'a str,
    account: &'a str,
    name: &'a str,
    address: &'a str,
    permission: &'a str,
    role: Option<&'a str>,
    date: String,
    is_granted: bool,
    is_signed_in: bool,
    /// The accounts whose membership ends.
    elsewhere: String,
    fault: Option<FormFault>,
    csrf_token: String,
}

/// What is wrong with an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
enum FormFault {
    DeclineUnconfirmed,
    MoveUnconfirmed,
    CannotLeave,
    Password,
}

/// What a page without a form says.
#[derive(Clone, Copy, Debug, Serialize)]
enum Notice {
    Welcome,
    Declined,
    /// The one answer to a link that does not work. It sets no cookie, so that it is the same every time.
    DeadLink,
    TooManyAttempts,
    StaleForm,
}

pub async fn show(visit: Visit) -> Result<Response, Error> {
    let browser = Browser::of(&visit)?;
    let page = offer_page(&visit, &browser, StatusCode::OK, None).await;
    or_dead_link(&visit, page.and_then(|page| browser.mark(&visit.app, page)))
}

pub async fn decide(visit: Visit, BodyParams(params): BodyParams) -> Result<Response, Error> {
    let browser = Browser::of(&visit)?;
    let language = visit.app.config.mail_language;
    if !browser.has_made(&params) {
        return notice(language, StatusCode::FORBIDDEN, Notice::StaleForm, "");
    }
    let again = StatusCode::UNPROCESSABLE_ENTITY;
    let decision = match Decision::read(&params) {
        Ok(decision) => decision,
        // Such a form can never succeed, so it does not count as an attempt.
        Err(fault) => return or_dead_link(&visit, offer_page(&visit, &browser, again, Some(fault)).await),
    };
    if let Err(error) = visit.limit_attempts() {
        let mut response = notice(language, StatusCode::TOO_MANY_REQUESTS, Notice::TooManyAttempts, "")?;
        headers::refuse(response.headers_mut(), &error);
        return Ok(response);
    }
    let answer = match decision {
        Decision::Decline => decline(&visit, &browser).await,
        Decision::Accept(password) => accept(&visit, &browser, &params, password).await,
    };
    let answer = match answer {
        Err(Error::Invalid(faults)) => offer_page(&visit, &browser, again, form_fault(&faults)).await,
        answer => answer,
    };
    or_dead_link(&visit, answer)
}

/// What a form asks for.
enum Decision {
    /// With a new password, or without one in the session of a signed-in user.
    Accept(Option<SecretString>),
    Decline,
}

impl Decision {
    /// Reads a form, or says what is wrong with it, whether or not the link works.
    fn read(params: &Tree) -> Result<Self, FormFault> {
        match text(params, "decision").as_deref() {
            Some("decline") if is_ticked(params, "confirm_decline") => Ok(Self::Decline),
            Some("decline") => Err(FormFault::DeclineUnconfirmed),
            _ => {
                let password = text(params, "password").map(answers::new_password).transpose();
                password.map(Self::Accept).map_err(|_| FormFault::Password)
            }
        }
    }
}

fn is_ticked(params: &Tree, name: &str) -> bool {
    text(params, name).as_deref() == Some("yes")
}

async fn accept(
    visit: &Visit,
    browser: &Browser,
    params: &Tree,
    password: Option<SecretString>,
) -> Result<Response, Error> {
    let app = &visit.app;
    let password = match password {
        Some(password) => Some(answers::hash(visit, password).await?),
        None => None,
    };
    let mut answer = Acceptance {
        token: token(visit),
        password,
        is_move_confirmed: is_ticked(params, CONFIRMATION),
        signed_in: None,
    };
    // A dead link goes the whole way, too: what it costs must not show that it is dead.
    let seen = match look(visit, browser).await {
        Err(Error::NotFound) => None,
        seen => Some(seen?),
    };
    let (context, cookie) = (visit.context(), browser.cookie.clone());
    let accept = move |db: &mut Db| {
        answer.signed_in = sessions::user(db, cookie.expose_secret(), context.now)?;
        Ok(Some(acceptance::accept(db, &context, &answer)?.0.user_id))
    };
    let cookie = browser.sign_in(visit, accept).await?;
    let offer = seen.ok_or(Error::NotFound)?.offer;
    let welcome =
        notice(delivery::spoken(app, offer.language.as_deref()), StatusCode::OK, Notice::Welcome, &offer.account_name)?;
    match cookie {
        Some(cookie) => browser::set_cookie(app, welcome, &cookie),
        None => Ok(welcome),
    }
}

/// The fault to show. That an invitation is not granted any more is on the page already.
fn form_fault(faults: &[Violation]) -> Option<FormFault> {
    let is_about = |name: &str| faults.iter().any(|fault| fault.field == name || fault.message == name);
    let known = [
        (CONFIRMATION, FormFault::MoveUnconfirmed),
        ("password", FormFault::Password),
        (acceptance::CANNOT_LEAVE, FormFault::CannotLeave),
    ];
    known.into_iter().find(|(name, _)| is_about(name)).map(|(_, fault)| fault)
}

async fn decline(visit: &Visit, browser: &Browser) -> Result<Response, Error> {
    let seen = look(visit, browser).await?;
    let (context, token) = (visit.context(), token(visit));
    visit.write(move |db| acceptance::decline(db, &context, token.expose_secret())).await?;
    notice(delivery::spoken(&visit.app, seen.offer.language.as_deref()), StatusCode::OK, Notice::Declined, "")
}

fn token(visit: &Visit) -> SecretString {
    let written = visit.head.uri.path().strip_prefix(PATH).unwrap_or_default();
    SecretString::from(tokens::in_address(written).to_owned())
}

async fn look(visit: &Visit, browser: &Browser) -> Result<OpenInvitation, Error> {
    let signed_in = browser.session(&visit.app).await?.map(|session| session.user_id);
    let (token, now) = (token(visit), visit.app.clock.now());
    visit.app.store.read(move |db| acceptance::look(db, token.expose_secret(), signed_in, now)).await
}

/// The offer, with what was wrong with an answer.
async fn offer_page(
    visit: &Visit,
    browser: &Browser,
    status: StatusCode,
    fault: Option<FormFault>,
) -> Result<Response, Error> {
    let seen = look(visit, browser).await?;
    let offer = &seen.offer;
    let language = delivery::spoken(&visit.app, offer.language.as_deref());
    let elsewhere: Vec<&str> = seen.elsewhere.iter().map(|member| member.account_name.as_str()).collect();
    let page = OfferPage {
        inviter: &offer.inviter_name,
        account: &offer.account_name,
        name: &offer.full_name,
        address: &offer.email_address,
        permission: language.permission(offer.permission.name()),
        role: offer.role_name.as_deref(),
        date: language.date(offer.expires_on),
        is_granted: offer.is_granted,
        is_signed_in: seen.is_signed_in,
        elsewhere: elsewhere.join(", "),
        fault,
        csrf_token: browser.csrf_token(),
    };
    html::page(status, &format!("invitations/offer.{}.html", language.code()), &page, "")
}

fn or_dead_link(visit: &Visit, answer: Result<Response, Error>) -> Result<Response, Error> {
    match answer {
        Err(Error::NotFound) => notice(visit.app.config.mail_language, StatusCode::NOT_FOUND, Notice::DeadLink, ""),
        other => other,
    }
}

fn notice(language: Language, status: StatusCode, notice: Notice, account: &str) -> Result<Response, Error> {
    let template = format!("invitations/notice.{}.html", language.code());
    html::page(status, &template, &context! { notice => Serde(notice), account }, "")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::LANGUAGES;

    #[test]
    fn every_page_can_be_printed_in_every_language() -> Result<(), Error> {
        use {FormFault::*, Notice::*};
        for (language, code) in LANGUAGES {
            for it in [Welcome, Declined, DeadLink, TooManyAttempts, StaleForm] {
                notice(*language, StatusCode::OK, it, "Team")?;
            }
            let faults = [DeclineUnconfirmed, MoveUnconfirmed, CannotLeave, Password].map(Some);
            let mut printed = Vec::new();
            for (round, fault) in faults.into_iter().chain([None]).enumerate() {
                let page = OfferPage {
                    inviter: "Bea",
                    account: "Team",
                    name: "Ada",
                    address: "ada@example.com",
                    permission: language.permission("collaborator"),
                    role: Some("Developer").filter(|_| round % 2 == 0),
                    date: language.date(22_311),
                    is_granted: round != 1,
                    is_signed_in: round == 2,
                    elsewhere: if round == 3 { "Other".to_owned() } else { String::new() },
                    fault,
                    csrf_token: "token".to_owned(),
                };
                printed.push(html::render(&format!("invitations/offer.{code}.html"), &page)?);
            }
            printed.sort();
            printed.dedup();
            assert_eq!(printed.len(), 5, "{code}");
        }
        Ok(())
    }
}
