//! The pages on which the owner of a changed address confirms it.
//!
//! As with invitations, opening a link changes nothing: mailbox scanners open every link, and some submit every form,
//! so confirming takes a ticked box. All links that do not work get the same answer.

use std::sync::LazyLock;

use axum::response::Response;
use hyper::StatusCode;
use minijinja::context;
use minijinja::value::Serde;
use serde::Serialize;

use crate::engine::error::Error;
use crate::engine::tokens;
use crate::http::browser::Browser;
use crate::http::extract::{BodyParams, Visit, text};
use crate::http::router::{GET, POST, Routes};
use crate::http::{headers, html};
use crate::language::Language;
use crate::resources::addresses::{self, PATH};
use crate::server::delivery;

const CLAIM: &str = "/addresses/{token}";

/// A link whose token was cut off.
const CUT: &str = "/addresses";

pub static ROUTES: LazyLock<Routes> = LazyLock::new(|| {
    let shown = Routes::new().on(GET, CLAIM, "address.show", show).on(GET, CUT, "address.show", show);
    shown.on(POST, CLAIM, "address.confirm", confirm).mapped(html::show_refusal)
});

/// What a page without a form says.
#[derive(Clone, Copy, Debug, Serialize)]
enum Notice {
    Confirmed,
    DeadLink,
    TooManyAttempts,
    StaleForm,
}

async fn show(visit: Visit) -> Result<Response, Error> {
    let browser = Browser::of(&visit)?;
    let page = claim_page(&visit, &browser, StatusCode::OK, false).await;
    or_dead_link(&visit, page.and_then(|page| browser.mark(&visit.app, page)))
}

async fn confirm(visit: Visit, BodyParams(params): BodyParams) -> Result<Response, Error> {
    let browser = Browser::of(&visit)?;
    let language = visit.app.config.mail_language;
    if !browser.has_made(&params) {
        return notice(language, StatusCode::FORBIDDEN, Notice::StaleForm);
    }
    if text(&params, "confirm_address").as_deref() != Some("yes") {
        // Such a form can never succeed, so it does not count as an attempt.
        let again = claim_page(&visit, &browser, StatusCode::UNPROCESSABLE_ENTITY, true).await;
        return or_dead_link(&visit, again);
    }
    if let Err(error) = visit.limit_attempts() {
        let mut response = notice(language, StatusCode::TOO_MANY_REQUESTS, Notice::TooManyAttempts)?;
        headers::refuse(response.headers_mut(), &error);
        return Ok(response);
    }
    let (context, token) = (visit.context(), token(&visit));
    let confirmed = visit.write(move |db| addresses::confirm(db, &context, &token)).await;
    let page = confirmed.and_then(|claim| {
        let language = delivery::spoken(&visit.app, claim.language.as_deref());
        notice(language, StatusCode::OK, Notice::Confirmed)
    });
    or_dead_link(&visit, page)
}

fn token(visit: &Visit) -> String {
    tokens::in_address(visit.head.uri.path().strip_prefix(PATH).unwrap_or_default()).to_owned()
}

async fn claim_page(
    visit: &Visit,
    browser: &Browser,
    status: StatusCode,
    is_unconfirmed: bool,
) -> Result<Response, Error> {
    let (token, now) = (token(visit), visit.app.clock.now());
    let claim = visit.app.store.read(move |db| addresses::look(db, &token, now)).await?;
    let language = delivery::spoken(&visit.app, claim.language.as_deref());
    let page = context! {
        account => claim.account_name.as_str(),
        name => claim.full_name.as_str(),
        address => claim.email_address.as_str(),
        is_unconfirmed,
        csrf_token => browser.csrf_token(),
    };
    html::page(status, &format!("addresses/claim.{}.html", language.code()), &page, "")
}

fn or_dead_link(visit: &Visit, answer: Result<Response, Error>) -> Result<Response, Error> {
    match answer {
        Err(Error::NotFound) => notice(visit.app.config.mail_language, StatusCode::NOT_FOUND, Notice::DeadLink),
        other => other,
    }
}

fn notice(language: Language, status: StatusCode, notice: Notice) -> Result<Response, Error> {
    let template = format!("addresses/notice.{}.html", language.code());
    html::page(status, &template, &context! { notice => Serde(notice) }, "")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::LANGUAGES;

    #[test]
    fn every_page_can_be_printed_in_every_language() -> Result<(), Error> {
        use Notice::*;
        for (language, code) in LANGUAGES {
            for it in [Confirmed, DeadLink, TooManyAttempts, StaleForm] {
                notice(*language, StatusCode::OK, it)?;
            }
            for is_unconfirmed in [false, true] {
                let values =
                    context! { account => "A", name => "N", address => "a@b.c", is_unconfirmed, csrf_token => "t" };
                let page = html::render(&format!("addresses/claim.{code}.html"), &values)?;
                assert_eq!(page.contains("id=\"fault\""), is_unconfirmed, "{code}");
            }
        }
        Ok(())
    }
}
