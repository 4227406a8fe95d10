//! Cross-origin resource sharing: which front ends in a browser may read what this server answers.
//!
//! None may, unless the setting `cors_origins` names them. A library's layer would take every OPTIONS for a preflight;
//! here a method that a path does not know is 404.
//!
//! Invariants. Cookies are never shared: a front end has its bearer token, and the pages' cookie stays with the pages.
//! Every answer to a listed origin can be read, refusals above all, since a client that cannot read a 401 can only
//! guess. A preflight asks what may be sent, not who sends it, so it needs no token.

use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::{Method, Request, Response};

use crate::http::headers;
use crate::http::sandbox;
use crate::server::app::App;
use crate::server::listen::Body;

/// The origin that stands for all.
const ANY: &str = "*";

/// What programs call, as opposed to people: the API, tokens, the answers to invitations, and a control plane.
const SHARED: [&str; 5] = ["/api/v1", "/oauth/", "/invitations/", "/.well-known/", sandbox::BASE_PATH];

static OF_PREFLIGHT: [(HeaderName, HeaderValue); 3] = [
    (header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, HEAD, POST, PUT, PATCH, DELETE")),
    (
        header::ACCESS_CONTROL_ALLOW_HEADERS,
        HeaderValue::from_static(
            "Authorization, Content-Type, Idempotency-Key, If-Match, Invited-Dry-Run, Invited-Strict, X-Request-Id",
        ),
    ),
    // Ten minutes, in seconds, so that browsers soon forget a setting that was taken back.
    (header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600")),
];

/// What a script may read besides the few headers that every script may.
const EXPOSED: HeaderValue = HeaderValue::from_static(
    "ETag, Idempotent-Replayed, Invited-Clock, Invited-Dry-Run, Invited-Existing, Invited-Fault, \
     Invited-Read-As, Invited-Seats-Over, Retry-After, WWW-Authenticate, X-Request-Id, X-Runtime",
);

/// The origin to share the answer with, if the request comes from one that is listed.
pub fn shared_with<B>(app: &App, request: &Request<B>) -> Option<HeaderValue> {
    let listed = &app.config.cors_origins;
    if listed.is_empty() || !SHARED.iter().any(|start| request.uri().path().starts_with(start)) {
        return None;
    }
    let origin = request.headers().get(header::ORIGIN)?;
    if listed.iter().any(|listed| listed == ANY) {
        return Some(HeaderValue::from_static(ANY));
    }
    is_listed(app, origin).then(|| origin.clone())
}

/// Whether the setting names an origin.
pub fn is_listed(app: &App, origin: &HeaderValue) -> bool {
    app.config.cors_origins.iter().any(|listed| origin.as_bytes().eq_ignore_ascii_case(listed.as_bytes()))
}

/// Whether a browser asks beforehand what it may send.
pub fn is_preflight<B>(request: &Request<B>) -> bool {
    *request.method() == Method::OPTIONS && request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
}

/// The answer to a preflight.
pub fn preflight() -> Response<Body> {
    let mut response = headers::empty();
    response.headers_mut().extend(OF_PREFLIGHT.iter().cloned());
    response
}

/// Lets an origin read an answer.
pub fn share(headers: &mut HeaderMap, origin: Option<&HeaderValue>) {
    let Some(origin) = origin else { return };
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
    headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
    headers.append(header::VARY, HeaderValue::from_static("Origin"));
}
