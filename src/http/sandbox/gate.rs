//! The gate: who may talk to a sandbox at all.
//!
//! A sandbox needs no token for its control plane, and its tokens are public. So any web page that its developer visits
//! could drive it: browsers let every page send simple requests to loopback, and a page whose name is made to resolve
//! to 127.0.0.1 (DNS rebinding) may even read the answers. Loopback keeps out other machines, but not the pages in this
//! machine's browser. The gate judges by what browsers say about a request, which scripts cannot change.
//!
//! Invariants. Every request passes here before a handler, a fault or the journal sees it: API, pages and control
//! plane. A program that is not a browser sends neither `Origin` nor `Sec-Fetch-Site` and is admitted, and so is a page
//! that the setting `cors_origins` lists. A refused request changes nothing.

use std::net::{Ipv4Addr, Ipv6Addr};

use hyper::header::{self, HeaderMap, HeaderName};
use hyper::http::uri::Authority;
use hyper::{Method, Request};

use crate::engine::error::Error;
use crate::http::browser;
use crate::http::cors;
use crate::http::sandbox::is_for;
use crate::oauth::redirects;
use crate::server::app::App;

/// How the page that sends a request is related to its target, in a browser's words.
const SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

const FOREIGN_PAGE: &str = "A sandbox takes no requests from pages of another origin.";

const NOT_JSON: &str = "The control plane of a sandbox takes only JSON. \
    Send the header Content-Type: application/json, even with an empty body.";

/// Refuses a request that a page of another origin may have made.
pub fn admit<B>(app: &App, request: &Request<B>) -> Result<(), Error> {
    let headers = request.headers();
    let hosts = headers.get_all(header::HOST).iter().map(|host| host.to_str().unwrap_or_default());
    // A target in absolute form counts more than the header (RFC 9112, section 3.2.2).
    let named = request.uri().authority().map(Authority::as_str);
    if !hosts.chain(named).all(|host| is_ours(app, host)) {
        return Err(Error::Misdirected);
    }
    if matches!(*request.method(), Method::GET | Method::HEAD) {
        return Ok(());
    }
    let is_control = is_for(request.uri().path());
    if !is_from_no_other_origin(app, headers, is_control) {
        return Err(Error::Forbidden(FOREIGN_PAGE));
    }
    if is_control && !is_json(request.method(), headers) {
        return Err(Error::Unsupported(NOT_JSON));
    }
    Ok(())
}

/// An IP address cannot be made to mean another machine, and `localhost` is always this one. Any other name must be
/// that of the setting `base_url`.
fn is_ours(app: &App, authority: &str) -> bool {
    let (host, _) = redirects::host_and_port(authority);
    let is_address = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        Some(inner) => inner.parse::<Ipv6Addr>().is_ok(),
        None => host.parse::<Ipv4Addr>().is_ok(),
    };
    let name = host.strip_suffix('.').unwrap_or(host);
    is_address
        || name.eq_ignore_ascii_case("localhost")
        || app.tuned.look(|tuning| {
            let (ours, _) = redirects::host_and_port(redirects::authority(&tuning.base_url));
            name.eq_ignore_ascii_case(ours)
        })
}

fn is_from_no_other_origin(app: &App, headers: &HeaderMap, is_control: bool) -> bool {
    let mut origins = headers.get_all(header::ORIGIN).iter();
    if origins.next().is_some_and(|origin| cors::is_listed(app, origin)) && origins.next().is_none() {
        return true;
    }
    let site = headers.get(SITE).map(header::HeaderValue::as_bytes);
    let is_own = |origin: &str| match origin {
        // Our pages ask for no referrer, so browsers do not name their origin either. An old browser, or one that does
        // not trust the address, sends no `Sec-Fetch-Site`. Then the cookie decides, which browsers do not send with a
        // form of another site; the form's own token does the rest.
        "null" => match site {
            Some(site) => site == b"same-origin",
            None => !is_control && browser::has_cookie(app, headers),
        },
        origin => is_own_origin(app, headers, origin),
    };
    site != Some(b"cross-site")
        && headers.get_all(header::ORIGIN).iter().all(|origin| origin.to_str().is_ok_and(is_own))
}

/// Whether an origin is this server, as the request names it or as the setting `base_url` does.
fn is_own_origin(app: &App, headers: &HeaderMap, origin: &str) -> bool {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    host.is_some_and(|host| redirects::authority(origin).eq_ignore_ascii_case(host))
        || app.tuned.look(|tuning| origin.eq_ignore_ascii_case(&tuning.base_url))
}

/// Whether a request says that it is JSON. No page can say that to another origin unasked.
fn is_json(method: &Method, headers: &HeaderMap) -> bool {
    let says_json = |value: &header::HeaderValue| {
        let media_type = value.as_bytes().split(|byte| *byte == b';').next().unwrap_or_default();
        media_type.trim_ascii().eq_ignore_ascii_case(b"application/json")
    };
    let mut given = headers.get_all(header::CONTENT_TYPE).iter();
    match given.next() {
        Some(first) => says_json(first) && given.all(says_json),
        // These must say it even without a body, since a page can send an empty one.
        None => !matches!(*method, Method::POST | Method::PUT | Method::PATCH),
    }
}
