//! The browser in front of which a member sits: one cookie, and the token that a form needs to count.
//!
//! The cookie is 256 random bits. Before somebody signs in it means nothing to the database; signing in replaces it, so
//! that nobody can plant a cookie and wait for its session. A form carries a hash of the cookie: a page of another site
//! can send a form here, and the cookie with it, but cannot know the hash. The text that is hashed begins differently
//! from what the database stores, so that neither can stand for the other.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hyper::Response;
use hyper::header::{self, HeaderValue};
use secrecy::{ExposeSecret as _, SecretString};
use subtle::ConstantTimeEq as _;

use crate::engine::error::Error;
use crate::engine::tokens;
use crate::http::visit::{Visit, text};
use crate::oauth::sessions::{self, MemberSession};
use crate::server::app::App;
use crate::server::listen::Body;
use crate::wire::params::Tree;

/// The parameter in which a form proves itself.
pub const CSRF_PARAMETER: &str = "csrf_token";

/// Length of a cookie: 256 bits in base64url.
const COOKIE_LENGTH: usize = 43;

/// A browser, by its cookie.
pub struct Browser {
    cookie: SecretString,
    is_new: bool,
}

impl Browser {
    /// The browser that a request comes from; one that has no cookie gets one.
    pub fn of(visit: &Visit<'_>) -> Result<Self, Error> {
        if let Some(cookie) = given_cookie(visit) {
            return Ok(Self { cookie: SecretString::from(cookie), is_new: false });
        }
        Ok(Self { cookie: tokens::generate(&visit.app.entropy, "")?, is_new: true })
    }

    /// What the browser's cookie says.
    pub fn cookie(&self) -> &str {
        self.cookie.expose_secret()
    }

    /// What a form for this browser has to carry.
    pub fn csrf_token(&self) -> String {
        URL_SAFE_NO_PAD.encode(tokens::hash(&format!("form of {}", self.cookie())))
    }

    /// Whether a form was made for this browser.
    pub fn has_made(&self, params: &Tree) -> bool {
        let given = text(params, CSRF_PARAMETER).unwrap_or_default();
        let is_same: bool = given.as_bytes().ct_eq(self.csrf_token().as_bytes()).into();
        is_same && !self.is_new
    }

    /// Who is signed in.
    pub async fn session(&self, app: &App) -> Result<Option<MemberSession>, Error> {
        if self.is_new {
            return Ok(None);
        }
        let (cookie, now) = (self.cookie.clone(), app.clock.now());
        Ok(app.store.read(move |db| sessions::find(db, cookie.expose_secret(), now)).await?)
    }

    /// Gives the browser its cookie, if it has none yet.
    pub fn mark(&self, app: &App, mut response: Response<Body>) -> Result<Response<Body>, Error> {
        if self.is_new {
            set_cookie(app, &mut response, self.cookie())?;
        }
        Ok(response)
    }
}

/// Refuses a form that was not made for this browser, or for a session that it no longer has.
pub fn require_own_form(browser: &Browser, params: &Tree) -> Result<(), Error> {
    if browser.has_made(params) {
        return Ok(());
    }
    Err(Error::Forbidden(
        "This page is too old, or cookies are switched off. Go back, load the page again, and repeat.",
    ))
}

/// Behind TLS the name promises that the cookie was set by this host, for all of it, and travels encrypted.
fn cookie_name(app: &App) -> &'static str {
    if app.base_url().starts_with("https://") { "__Host-invited_session" } else { "invited_session" }
}

fn given_cookie(visit: &Visit<'_>) -> Option<String> {
    let wanted = cookie_name(visit.app);
    let lines = visit.head.headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
    let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let value = pairs.find(|(name, _)| *name == wanted).map(|(_, value)| value)?;
    let is_ours = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    (value.len() == COOKIE_LENGTH && value.bytes().all(is_ours)).then(|| value.to_owned())
}

/// Sets the cookie for as long as the browser runs; how long a session lasts is decided here, not there.
pub fn set_cookie(app: &App, response: &mut Response<Body>, value: &str) -> Result<(), Error> {
    let name = cookie_name(app);
    let secure = if name.starts_with("__Host-") { "; Secure" } else { "" };
    let cookie = format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax{secure}");
    let mut cookie = HeaderValue::try_from(cookie).map_err(|cause| Error::Internal(cause.to_string()))?;
    cookie.set_sensitive(true);
    response.headers_mut().append(header::SET_COOKIE, cookie);
    Ok(())
}
