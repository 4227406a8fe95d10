//! The pages that people see, and the headers that keep them to themselves.
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

use crate::engine::error::Error;
use crate::server::listen::Body;

/// The style of every page. It stands in the page itself, and is allowed by its hash.
pub const STYLE: &str = include_str!("../../templates/pages/style.css");

static STYLE_SOURCE: LazyLock<String> =
    LazyLock::new(|| format!("'sha256-{}'", STANDARD.encode(Sha256::digest(STYLE.as_bytes()))));

/// A heading and a sentence.
#[derive(Template)]
#[template(path = "pages/notice.html")]
pub struct Notice<'a> {
    /// The language, by its code.
    pub language: &'a str,
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
    let notice = Notice { language: "en", heading: "This does not work", text: &error.to_string() };
    // A page that cannot be printed is worth a status all the same.
    html(status, &notice, "").unwrap_or_else(|_| {
        let mut response = Response::new(Body::default());
        *response.status_mut() = status;
        response
    })
}
