//! A member's browser: one cookie, and the token that makes its forms count.
//!
//! The cookie is 256 random bits. Before sign-in it means nothing to the database. Signing in replaces it, so an
//! attacker cannot plant a cookie and wait for its session. Forms carry a hash of the cookie: another site can make the
//! browser send a form and the cookie with it, but cannot know the hash. The hashed text begins differently from what
//! the database stores, so neither can replace the other.

use std::sync::Arc;

use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hyper::header::{self, HeaderMap, HeaderValue};
use secrecy::{ExposeSecret as _, SecretString};
use subtle::ConstantTimeEq as _;

use crate::engine::error::Error;
use crate::engine::tokens;
use crate::http::extract::{Visit, text};
use crate::ids::UserId;
use crate::oauth::redirects;
use crate::oauth::sessions::{self, MemberSession};
use crate::server::app::App;
use crate::store::{Db, Work};
use crate::wire::params::Tree;

/// The parameter with the token of a form.
pub const CSRF_PARAMETER: &str = "csrf_token";

/// Length of a cookie: 256 bits in base64url.
const COOKIE_LENGTH: usize = 43;

/// A browser, by its cookie.
pub struct Browser {
    pub cookie: SecretString,
    is_new: bool,
}

impl Browser {
    /// The browser of a request; one without a cookie gets one.
    pub fn of(visit: &Visit) -> Result<Self, Error> {
        if let Some(cookie) = given_cookie(&visit.app, &visit.head.headers) {
            return Ok(Self { cookie: SecretString::from(cookie), is_new: false });
        }
        Ok(Self { cookie: tokens::generate(&visit.app.entropy, "")?, is_new: true })
    }

    /// The browser of a form. One that was made for another browser, or for a session that has ended, is refused.
    pub fn of_form(visit: &Visit, params: &Tree) -> Result<Self, Error> {
        let browser = Self::of(visit)?;
        if browser.has_made(params) {
            return Ok(browser);
        }
        Err(Error::Forbidden("This page is too old, or cookies are disabled. Go back, reload the page and try again."))
    }

    /// The token for forms of this browser.
    pub fn csrf_token(&self) -> String {
        URL_SAFE_NO_PAD.encode(tokens::hash(&format!("form of {}", self.cookie.expose_secret())))
    }

    /// Whether a form was made for this browser.
    pub fn has_made(&self, params: &Tree) -> bool {
        let given = text(params, CSRF_PARAMETER).unwrap_or_default();
        let is_same: bool = given.as_bytes().ct_eq(self.csrf_token().as_bytes()).into();
        is_same && !self.is_new
    }

    pub async fn session(&self, app: &App) -> Result<Option<MemberSession>, Error> {
        if self.is_new {
            return Ok(None);
        }
        let (cookie, now) = (self.cookie.clone(), app.clock.now());
        Ok(app.store.read(move |db| sessions::find(db, cookie.expose_secret(), now)).await?)
    }

    /// Sets the cookie of a new browser.
    pub fn mark(&self, app: &App, response: Response) -> Result<Response, Error> {
        if self.is_new { set_cookie(app, response, &self.cookie) } else { Ok(response) }
    }

    /// Signs in the user that `work` finds, in the same transaction, and returns the new cookie; `None` without a user,
    /// or if that user may not act.
    pub async fn sign_in(
        &self,
        visit: &Visit,
        mut work: impl Work<Option<UserId>, Error>,
    ) -> Result<Option<SecretString>, Error> {
        let (app, now, request_id) = (Arc::clone(&visit.app), visit.app.clock.now(), visit.call.request_id.clone());
        let before = self.cookie.clone();
        let begin = move |db: &mut Db| match work(db)? {
            Some(user_id) => sessions::begin(db, &app.entropy, user_id, before.expose_secret(), &request_id, now),
            None => Ok(None),
        };
        visit.write(begin).await
    }
}

/// With TLS, the prefix guarantees that the cookie was set by this host and is only sent encrypted. On loopback the
/// name includes the port, since browsers send a cookie to every port of a host.
fn cookie_name(app: &App) -> String {
    let base_url = app.base_url();
    if base_url.starts_with("https://") {
        return "__Host-invited_session".to_owned();
    }
    let authority = redirects::authority(&base_url);
    if !redirects::is_loopback(authority) {
        return "invited_session".to_owned();
    }
    let (_, port) = redirects::host_and_port(authority);
    format!("invited_session_{}", port.unwrap_or("80"))
}

/// Whether a request carries a cookie of this server.
pub fn has_cookie(app: &App, headers: &HeaderMap) -> bool {
    given_cookie(app, headers).is_some()
}

fn given_cookie(app: &App, headers: &HeaderMap) -> Option<String> {
    let wanted = cookie_name(app);
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
    let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let value = pairs.find(|(name, _)| *name == wanted).map(|(_, value)| value)?;
    let is_ours = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    (value.len() == COOKIE_LENGTH && value.bytes().all(is_ours)).then(|| value.to_owned())
}

/// Sets a cookie without an expiry: the server decides how long a session lasts.
pub fn set_cookie(app: &App, mut response: Response, value: &SecretString) -> Result<Response, Error> {
    let (name, value) = (cookie_name(app), value.expose_secret());
    let secure = if name.starts_with("__Host-") { "; Secure" } else { "" };
    let cookie = format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax{secure}");
    let mut cookie = HeaderValue::try_from(cookie).map_err(|cause| Error::Internal(cause.to_string()))?;
    cookie.set_sensitive(true);
    response.headers_mut().append(header::SET_COOKIE, cookie);
    Ok(response)
}
