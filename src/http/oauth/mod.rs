//! OAuth over HTTP (protocol.md section 10): pages for members, JSON for applications.
//!
//! What a member sees is plain HTML, without a line of script. What goes wrong there is told on a page, with two
//! exceptions: once it is certain that an application asks, and that its answer may go where the request says, the
//! application is told by a redirect; and an application that asks by itself is told in JSON, as RFC 6749 has it.
//!
//! Invariants. Nobody is ever sent to an address that was not registered, or back to anything but the request that was
//! made here. A form works only in the browser that it was made for. GET and HEAD change nothing, but for one thing: in
//! the sandbox, a bearer token stands for its member's consent.

mod authorize;
mod client;
mod discovery;
mod html;
mod json;
mod sign_in;
mod token;

pub use sign_in::LINK_PATH as SIGN_IN_LINK_PATH;

use std::net::IpAddr;
use std::sync::Arc;

use hyper::{Method, Request, Response};

use crate::clock::Stopwatch;
use crate::http::endpoints::{self, Line, get, post};
use crate::http::visit::Visit;
use crate::http::{Trace, headers};
use crate::server::app::App;
use crate::server::listen::{Body, RequestBody};

/// What can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// The page on which a member consents, or signs in first.
    Authorize,
    /// What the member decided there.
    Decide,
    /// Signing in with a password.
    SignIn,
    /// The page behind a one-time link.
    ShowLink,
    /// Signing in with a one-time link.
    UseLink,
    /// Signing out.
    SignOut,
    /// Tokens for an application.
    Token,
    /// The end of a token.
    Revoke,
    /// What is known of a token.
    Introspect,
    /// What this server can do.
    Discovery,
}

const ENDPOINTS: &[Line<Endpoint>] = &[
    get("/oauth/authorize", Endpoint::Authorize, "oauth.authorize"),
    post("/oauth/authorize", Endpoint::Decide, "oauth.decide"),
    post("/oauth/sign-in", Endpoint::SignIn, "oauth.sign_in"),
    post("/oauth/sign-out", Endpoint::SignOut, "oauth.sign_out"),
    post("/oauth/token", Endpoint::Token, "oauth.token"),
    post("/oauth/revoke", Endpoint::Revoke, "oauth.revoke"),
    post("/oauth/introspect", Endpoint::Introspect, "oauth.introspect"),
    get("/.well-known/oauth-authorization-server", Endpoint::Discovery, "oauth.discovery"),
    get("/.well-known/openid-configuration", Endpoint::Discovery, "oauth.discovery"),
    get("/oauth/sign-in/{secret}", Endpoint::ShowLink, "oauth.show_link"),
    post("/oauth/sign-in/{secret}", Endpoint::UseLink, "oauth.use_link"),
];

/// What the paths of all endpoints begin with. Nearly every request is for none of them.
const BEGINNINGS: [&str; 2] = ["/oauth/", "/.well-known/"];

/// The endpoint that a request is for, if it is one, and its name in logs and metrics.
pub fn find(method: &Method, path: &str) -> Option<(Endpoint, &'static str)> {
    let is_here = BEGINNINGS.iter().any(|beginning| path.starts_with(beginning));
    is_here.then(|| endpoints::find(ENDPOINTS, method, path)).flatten()
}

/// Every path that is found here.
pub fn paths() -> impl Iterator<Item = String> {
    ENDPOINTS.iter().map(|line| line.path().to_owned())
}

impl Endpoint {
    /// Whether applications ask here by themselves.
    fn is_for_programs(self) -> bool {
        matches!(self, Self::Token | Self::Revoke | Self::Introspect | Self::Discovery)
    }
}

/// Answers a request to one of the endpoints.
pub async fn answer(
    app: &Arc<App>,
    endpoint: Endpoint,
    request: Request<RequestBody>,
    peer: IpAddr,
    request_id: &str,
    trace: &mut Trace,
) -> Response<Body> {
    let since = Stopwatch::start();
    let (head, body) = request.into_parts();
    let visit = Visit { app, head, peer, request_id, since };
    let answer = match endpoint {
        Endpoint::Authorize => authorize::show(&visit).await,
        Endpoint::Decide => authorize::decide(&visit, body).await,
        Endpoint::SignIn => sign_in::with_password(&visit, body).await,
        Endpoint::ShowLink => sign_in::show_link(&visit),
        Endpoint::UseLink => sign_in::with_link(&visit, body).await,
        Endpoint::SignOut => sign_in::sign_out(&visit, body).await,
        Endpoint::Token => token::token(&visit, body).await,
        Endpoint::Revoke => token::revoke(&visit, body).await,
        Endpoint::Introspect => token::introspect(&visit, body).await,
        Endpoint::Discovery => Ok(discovery::document(app)),
    };
    let error = match answer {
        Ok(response) => return response,
        Err(error) => error,
    };
    trace.cause = error.cause().map(str::to_owned);
    let mut response = if endpoint.is_for_programs() { json::error(&error) } else { crate::http::html::error(&error) };
    headers::refuse(response.headers_mut(), &error);
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_find_their_endpoint() {
        let (get, post) = (&Method::GET, &Method::POST);
        for (method, path, expected) in [
            (get, "/oauth/authorize", Some(Endpoint::Authorize)),
            (&Method::HEAD, "/oauth/authorize", Some(Endpoint::Authorize)),
            (post, "/oauth/authorize", Some(Endpoint::Decide)),
            (post, "/oauth/sign-in", Some(Endpoint::SignIn)),
            (get, "/oauth/sign-in", None),
            (get, "/oauth/sign-in/inl_x", Some(Endpoint::ShowLink)),
            (post, "/oauth/sign-in/inl_x", Some(Endpoint::UseLink)),
            (get, "/oauth/sign-in/", None),
            (get, "/oauth/sign-in/a/b", None),
            (get, "/oauth/token", None),
            (&Method::PUT, "/oauth/token", None),
            (&Method::OPTIONS, "/oauth/authorize", None),
            (post, "/oauth/token", Some(Endpoint::Token)),
            (post, "/oauth/token/", None),
            (get, "/.well-known/openid-configuration", Some(Endpoint::Discovery)),
        ] {
            assert_eq!(find(method, path).map(|(endpoint, _)| endpoint), expected, "{method} {path}");
        }
    }
}
