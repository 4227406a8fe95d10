//! Signing in and out.
//!
//! Every attempt that fails is answered by the same page, whatever is wrong: the address, the password, or the member.
//! Attempts are counted for the network that they come from and for the address that they name, known or not.

use std::sync::Arc;

use hyper::{Response, StatusCode};
use secrecy::{ExposeSecret as _, SecretString};

use crate::engine::error::Error;
use crate::engine::limits::Kind;
use crate::http::browser::{self, Browser, require_own_form};
use crate::http::headers;
use crate::http::html::{self, Notice};
use crate::http::oauth::authorize::Trusted;
use crate::http::oauth::html::Link;
use crate::http::visit::{Visit, bucket, redirect, text};
use crate::ids::{AccountId, UserId};
use crate::oauth::{passwords, sessions, sign_in_links};
use crate::server::listen::{Body, RequestBody};
use crate::wire::fold::fold;

/// The path of a one-time link, without the secret at its end.
pub const LINK_PATH: &str = "/oauth/sign-in/";

const FAILED: &str = "The mail address or the password is not right.";

/// `POST /oauth/sign-in`: with a password, on the way to an application.
pub async fn with_password(visit: &Visit<'_>, body: RequestBody) -> Result<Response<Body>, Error> {
    let params = visit.params(body).await?;
    let browser = Browser::of(visit)?;
    require_own_form(&browser, &params)?;
    let trusted = Trusted::find(visit, &params).await?;
    let address = text(&params, "email_address").unwrap_or_default();
    let password = SecretString::from(text(&params, "password").unwrap_or_default());

    let account_id = trusted.application.account_id;
    if let Err(error) = limit(visit, Some((account_id, &address))) {
        return too_many(&trusted, &browser, &error);
    }
    let candidate =
        visit.app.store.read(move |db| Ok::<_, Error>(passwords::candidate(db, account_id, &address)?)).await?;
    let user_id = visit.app.password_checks.user_of(candidate, password).await?;
    let cookie = match user_id {
        Some(user_id) => begin(visit, &browser, user_id).await?,
        None => None,
    };
    match cookie {
        Some(cookie) => {
            let mut response = redirect(StatusCode::SEE_OTHER, &trusted.again())?;
            browser::set_cookie(visit.app, &mut response, cookie.expose_secret())?;
            Ok(response)
        }
        None => trusted.sign_in_page(&browser, StatusCode::UNPROCESSABLE_ENTITY, Some(FAILED)),
    }
}

fn too_many(trusted: &Trusted, browser: &Browser, error: &Error) -> Result<Response<Body>, Error> {
    let text = "There were too many attempts to sign in. Wait a minute and try again.";
    let mut response = trusted.sign_in_page(browser, StatusCode::TOO_MANY_REQUESTS, Some(text))?;
    headers::refuse(response.headers_mut(), error);
    Ok(response)
}

/// Counts an attempt: for the network that it comes from first, so that one place cannot use up the attempts of many
/// addresses without using up its own.
fn limit(visit: &Visit<'_>, member: Option<(AccountId, &str)>) -> Result<(), Error> {
    let now = visit.app.clock.now();
    visit.limit_attempts()?;
    match member {
        Some((account, address)) => {
            visit.app.limits.take(Kind::SignIn, bucket(&format!("{account} {}", fold(address.trim()))), now)
        }
        None => Ok(()),
    }
}

async fn begin(visit: &Visit<'_>, browser: &Browser, user_id: UserId) -> Result<Option<SecretString>, Error> {
    let (app, now) = (Arc::clone(visit.app), visit.app.clock.now());
    let before = SecretString::from(browser.cookie().to_owned());
    let request_id = visit.request_id.to_owned();
    visit.write(move |db| sessions::begin(db, &app.entropy, user_id, before.expose_secret(), &request_id, now)).await
}

/// `GET /oauth/sign-in/SECRET`: a page with a button. The link is not looked at, since scanners open links too.
pub fn show_link(visit: &Visit<'_>) -> Result<Response<Body>, Error> {
    let browser = Browser::of(visit)?;
    let response = html::html(StatusCode::OK, &Link { csrf_token: &browser.csrf_token() }, "")?;
    browser.mark(visit.app, response)
}

/// `POST /oauth/sign-in/SECRET`: uses the link up.
pub async fn with_link(visit: &Visit<'_>, body: RequestBody) -> Result<Response<Body>, Error> {
    let params = visit.params(body).await?;
    let browser = Browser::of(visit)?;
    require_own_form(&browser, &params)?;
    limit(visit, None)?;
    let token = visit.head.uri.path().strip_prefix(LINK_PATH).unwrap_or_default().to_owned();
    let (app, now) = (Arc::clone(visit.app), visit.app.clock.now());
    let before = SecretString::from(browser.cookie().to_owned());
    let request_id = visit.request_id.to_owned();
    let cookie = visit
        .write(move |db| match sign_in_links::redeem(db, &token, now)? {
            Some(user_id) => sessions::begin(db, &app.entropy, user_id, before.expose_secret(), &request_id, now),
            None => Ok(None),
        })
        .await?;
    let Some(cookie) = cookie else {
        return Err(Error::Forbidden("This link was used already, or its time is over. Ask for another one."));
    };
    let notice = Notice {
        language: "en",
        heading: "You are signed in",
        text: "Go back to the application that you want to use, and connect it again; or reload the page that asked you \
               to sign in.",
    };
    let mut response = html::html(StatusCode::OK, &notice, "")?;
    browser::set_cookie(visit.app, &mut response, cookie.expose_secret())?;
    Ok(response)
}

/// `POST /oauth/sign-out`: for somebody else to sign in, on the way to the same application.
pub async fn sign_out(visit: &Visit<'_>, body: RequestBody) -> Result<Response<Body>, Error> {
    let params = visit.params(body).await?;
    let browser = Browser::of(visit)?;
    require_own_form(&browser, &params)?;
    let trusted = Trusted::find(visit, &params).await?;
    let cookie = SecretString::from(browser.cookie().to_owned());
    visit.write(move |db| Ok(sessions::end(db, cookie.expose_secret())?)).await?;
    redirect(StatusCode::SEE_OTHER, &trusted.again())
}
