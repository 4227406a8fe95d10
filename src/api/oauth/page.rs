//! The pages that members see, and the headers that keep them to themselves.
//!
//! A page may load nothing, run nothing, be framed by nobody and send its form only where it is meant to go. A browser
//! holds a form to that on the whole way, so that the page of consent also names the place where the answer goes.

use std::sync::LazyLock;

use askama::Template;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::{Response, StatusCode};
use sha2::{Digest as _, Sha256};

use crate::error::Error;
use crate::server::Body;

/// The style of every page. It stands in the page itself, and is allowed by its hash.
const STYLE: &str = include_str!("../../../templates/oauth/style.css");

static STYLE_SOURCE: LazyLock<String> =
    LazyLock::new(|| format!("'sha256-{}'", STANDARD.encode(Sha256::digest(STYLE.as_bytes()))));

/// Names and values that a form carries without showing them.
pub type Hidden<'a> = [(&'static str, &'a str)];

/// Where a member signs in for an application.
#[derive(Template)]
#[template(path = "oauth/sign_in.html")]
pub struct SignIn<'a> {
    /// Name of the application.
    pub application: &'a str,
    /// The request that is gone on with.
    pub hidden: &'a Hidden<'a>,
    /// Proves the form.
    pub csrf_token: &'a str,
    /// What was wrong with the attempt before.
    pub fault: Option<&'a str>,
}

/// Where a member decides.
#[derive(Template)]
#[template(path = "oauth/consent.html")]
pub struct Consent<'a> {
    /// Name of the application.
    pub application: &'a str,
    /// Where the answer goes.
    pub host: &'a str,
    /// Name of the account.
    pub account: &'a str,
    /// The member's name.
    pub full_name: &'a str,
    /// The member's address.
    pub email_address: &'a str,
    /// What the member may do.
    pub permission: &'a str,
    /// What the application calls it.
    pub scope: &'a str,
    /// The request that is decided.
    pub hidden: &'a Hidden<'a>,
    /// Proves the forms.
    pub csrf_token: &'a str,
}

/// Behind a one-time link.
#[derive(Template)]
#[template(path = "oauth/link.html")]
pub struct Link<'a> {
    /// Proves the form.
    pub csrf_token: &'a str,
}

/// A heading and a sentence.
#[derive(Template)]
#[template(path = "oauth/notice.html")]
pub struct Notice<'a> {
    /// The heading.
    pub heading: &'a str,
    /// The sentence.
    pub text: &'a str,
}

/// A page as an answer. Its forms go to this server, and from there to `further`, a source of a content security policy.
pub fn html(status: StatusCode, page: &impl Template, further: &str) -> Result<Response<Body>, Error> {
    let text = page.render().map_err(|cause| Error::Internal(cause.to_string()))?;
    let policy = format!(
        "default-src 'none'; style-src {}; form-action 'self' {further}; frame-ancestors 'none'; base-uri 'none'",
        *STYLE_SOURCE
    );
    let policy = HeaderValue::try_from(policy).map_err(|cause| Error::Internal(cause.to_string()))?;
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(HeaderName::from_static("content-security-policy"), policy);
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    keep_private(headers);
    Ok(response)
}

/// What holds a secret or leads to one is neither stored nor told to the next page.
pub fn keep_private(headers: &mut HeaderMap) {
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
}

/// The page for a request that ends early.
pub fn error(error: &Error) -> Response<Body> {
    let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let notice = Notice { heading: "This does not work", text: &error.message() };
    // A page that cannot be printed is worth a status all the same.
    html(status, &notice, "").unwrap_or_else(|_| {
        let mut response = Response::new(Body::default());
        *response.status_mut() = status;
        response
    })
}
