//! Signing in and out.
//!
//! Every failed attempt gets the same page, whatever is wrong: the address, the password, or the membership. Attempts
//! are counted per network and per address, whether or not it is known.

use axum::response::Response;
use hyper::StatusCode;
use minijinja::context;
use secrecy::{ExposeSecret as _, SecretString};

use crate::engine::error::Error;
use crate::engine::limits::Limit;
use crate::engine::tokens;
use crate::http::browser::{self, Browser};
use crate::http::extract::{BodyParams, Visit, bucket, text};
use crate::http::oauth::authorize::Trusted;
use crate::http::{headers, html};
use crate::ids::AccountId;
use crate::oauth::{passwords, sessions, sign_in_links};
use crate::store::Db;
use crate::wire::fold::fold;
use crate::wire::params::Tree;

/// The path of a one-time link, without the secret at its end.
pub const LINK_PATH: &str = "/oauth/sign-in/";

const FAILED: &str = "The email address or the password is wrong.";
const INCOMPLETE: &str = "Enter your email address and your password.";

/// What a member signs in for.
enum Purpose {
    /// To answer the request of an application.
    Application(Trusted),
    /// Nothing in particular: the page for an invitation link that does not work leads here.
    None,
}

impl Purpose {
    async fn find(visit: &Visit, params: &Tree) -> Result<Self, Error> {
        match text(params, "client_id") {
            Some(_) => Ok(Self::Application(Trusted::find(visit, params).await?)),
            None => Ok(Self::None),
        }
    }

    /// The account whose members may sign in; `None` for any.
    fn account_id(&self) -> Option<AccountId> {
        match self {
            Self::Application(trusted) => Some(trusted.application.account_id),
            Self::None => None,
        }
    }

    /// The page to sign in, with what was wrong with the last attempt.
    fn page(&self, browser: &Browser, status: StatusCode, fault: Option<&str>) -> Result<Response, Error> {
        if let Self::Application(trusted) = self {
            return trusted.sign_in_page(browser, status, fault);
        }
        let hidden: [(&str, &str); 0] = [];
        let page = context! { application => "", hidden, csrf_token => browser.csrf_token(), fault };
        html::page(status, "oauth/sign_in.html", &page, "")
    }

    fn fulfilled(&self) -> Result<Response, Error> {
        match self {
            Self::Application(trusted) => trusted.again(),
            Self::None => signed_in(),
        }
    }
}

fn signed_in() -> Result<Response, Error> {
    let text = "Go back to the application and connect it again, or reload the page that asked you to sign in.";
    html::notice(StatusCode::OK, "You are signed in", text)
}

/// The page to sign in for nothing in particular.
pub async fn show(visit: Visit) -> Result<Response, Error> {
    let browser = Browser::of(&visit)?;
    browser.mark(&visit.app, Purpose::None.page(&browser, StatusCode::OK, None)?)
}

/// Signs in with a password, then goes back to the request of an application, if there is one.
pub async fn with_password(visit: Visit, BodyParams(params): BodyParams) -> Result<Response, Error> {
    let browser = Browser::of_form(&visit, &params)?;
    let purpose = Purpose::find(&visit, &params).await?;
    let address = text(&params, "email_address").unwrap_or_default();
    let password = SecretString::from(text(&params, "password").unwrap_or_default());
    if address.trim().is_empty() || password.expose_secret().is_empty() {
        // An incomplete form does not count as an attempt: not here, and not for those who read the log.
        return purpose.page(&browser, StatusCode::BAD_REQUEST, Some(INCOMPLETE));
    }

    let app = &visit.app;
    let account_id = purpose.account_id();
    // First for the network that it comes from: so one place cannot use up the attempts of many addresses without using
    // up its own. An address has the same attempts with and without an application, or there would be twice as many.
    let of_address = || bucket(&fold(address.trim()));
    let counted = visit.limit_attempts().and_then(|()| app.limits.take(Limit::SignIn, of_address(), app.clock.now()));
    if let Err(error) = counted {
        let text = "Too many attempts to sign in. Wait a minute and try again.";
        let mut response = purpose.page(&browser, StatusCode::TOO_MANY_REQUESTS, Some(text))?;
        headers::refuse(response.headers_mut(), &error);
        return Ok(response);
    }
    let candidate = app.store.read(move |db| Ok::<_, Error>(passwords::candidate(db, account_id, &address)?)).await?;
    let (claimed, now, request_id) = (candidate.user_id(), app.clock.now(), visit.call.request_id.clone());
    let cookie = match app.password_checks.prove(candidate, password).await? {
        Some(proof) => browser.sign_in(&visit, move |db| Ok(proof.user(db)?)).await?,
        None => None,
    };
    let Some(cookie) = cookie else {
        visit.write(move |db| Ok(sessions::note_failure(db, account_id, claimed, &request_id, now)?)).await?;
        return purpose.page(&browser, StatusCode::UNPROCESSABLE_ENTITY, Some(FAILED));
    };
    browser::set_cookie(app, purpose.fulfilled()?, &cookie)
}

/// A page with a button. The link is not checked, since scanners open links, too.
pub async fn show_link(visit: Visit) -> Result<Response, Error> {
    let browser = Browser::of(&visit)?;
    let values = context! { csrf_token => browser.csrf_token() };
    browser.mark(&visit.app, html::page(StatusCode::OK, "oauth/link.html", &values, "")?)
}

/// Signs in; the link works once.
pub async fn with_link(visit: Visit, BodyParams(params): BodyParams) -> Result<Response, Error> {
    let browser = Browser::of_form(&visit, &params)?;
    visit.limit_attempts()?;
    let token = tokens::in_address(visit.head.uri.path().strip_prefix(LINK_PATH).unwrap_or_default()).to_owned();
    let (now, request_id) = (visit.app.clock.now(), visit.call.request_id.clone());
    let redeem = move |db: &mut Db| Ok(sign_in_links::redeem(db, &token, &request_id, now)?);
    let cookie = browser.sign_in(&visit, redeem).await?;
    let Some(cookie) = cookie else {
        return Err(Error::Forbidden("This link has been used or has expired. Ask for a new one."));
    };
    browser::set_cookie(&visit.app, signed_in()?, &cookie)
}

/// Signs out, to sign in as another member for the same application.
pub async fn sign_out(visit: Visit, BodyParams(params): BodyParams) -> Result<Response, Error> {
    let browser = Browser::of_form(&visit, &params)?;
    let trusted = Trusted::find(&visit, &params).await?;
    let (now, request_id) = (visit.app.clock.now(), visit.call.request_id.clone());
    visit.write(move |db| Ok(sessions::end(db, browser.cookie.expose_secret(), &request_id, now)?)).await?;
    trusted.again()
}
