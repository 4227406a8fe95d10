//! OAuth over HTTP (docs/WIRE.md, OAuth 2.0): pages for members, JSON for applications.
//!
//! The pages are plain HTML without script. Errors appear on a page, with two exceptions: once the application and its
//! redirect URI are verified, errors go there; and the endpoints for applications answer JSON (RFC 6749).
//!
//! Invariants. Redirects lead only to registered addresses, or back to the request that was made here. A form works
//! only in the browser that it was made for. GET and HEAD change nothing, with one exception: in the sandbox, a bearer
//! token counts as its member's consent.

mod authorize;
mod client;
mod discovery;
mod refused;
mod sign_in;
mod token;

pub use sign_in::LINK_PATH as SIGN_IN_LINK_PATH;

use std::sync::LazyLock;

use crate::http::html;
use crate::http::router::{GET, POST, Routes};

pub static ROUTES: LazyLock<Routes> = LazyLock::new(|| {
    let pages = Routes::new()
        .on(GET, "/oauth/authorize", "oauth.authorize", authorize::show)
        .on(POST, "/oauth/authorize", "oauth.decide", authorize::decide)
        .on(GET, "/oauth/sign-in", "oauth.show_sign_in", sign_in::show)
        .on(POST, "/oauth/sign-in", "oauth.sign_in", sign_in::with_password)
        .on(POST, "/oauth/sign-out", "oauth.sign_out", sign_in::sign_out)
        .on(GET, "/oauth/sign-in/{secret}", "oauth.show_link", sign_in::show_link)
        .on(POST, "/oauth/sign-in/{secret}", "oauth.use_link", sign_in::with_link)
        .mapped(html::show_refusal);
    let endpoints = Routes::new()
        .on(POST, "/oauth/token", "oauth.token", token::token)
        .on(POST, "/oauth/revoke", "oauth.revoke", token::revoke)
        .on(POST, "/oauth/introspect", "oauth.introspect", token::introspect)
        .on(GET, "/.well-known/oauth-authorization-server", "oauth.discovery", discovery::metadata)
        .on(GET, "/.well-known/openid-configuration", "oauth.discovery", discovery::metadata)
        .mapped(refused::show_error);
    pages.and(endpoints)
});
