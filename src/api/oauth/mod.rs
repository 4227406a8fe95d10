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
mod json;
mod page;
mod sign_in;
mod token;

pub use sign_in::LINK_PATH as SIGN_IN_LINK_PATH;

use std::net::IpAddr;
use std::sync::Arc;

use hyper::body::Incoming;
use hyper::{Method, Request, Response};

use super::visit::Visit;
use super::{Trace, headers};
use crate::app::App;
use crate::clock::Stopwatch;
use crate::server::Body;

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

/// Every endpoint with a path of its own: whether it is asked with POST, its path, and its name in logs and metrics.
const ENDPOINTS: &[(bool, &str, Endpoint, &str)] = &[
    (false, "/oauth/authorize", Endpoint::Authorize, "oauth.authorize"),
    (true, "/oauth/authorize", Endpoint::Decide, "oauth.decide"),
    (true, "/oauth/sign-in", Endpoint::SignIn, "oauth.sign_in"),
    (true, "/oauth/sign-out", Endpoint::SignOut, "oauth.sign_out"),
    (true, "/oauth/token", Endpoint::Token, "oauth.token"),
    (true, "/oauth/revoke", Endpoint::Revoke, "oauth.revoke"),
    (true, "/oauth/introspect", Endpoint::Introspect, "oauth.introspect"),
    (false, "/.well-known/oauth-authorization-server", Endpoint::Discovery, "oauth.discovery"),
    (false, "/.well-known/openid-configuration", Endpoint::Discovery, "oauth.discovery"),
    // Below this path, the rest is the secret of a link.
    (false, sign_in::LINK_PATH, Endpoint::ShowLink, "oauth.show_link"),
    (true, sign_in::LINK_PATH, Endpoint::UseLink, "oauth.use_link"),
];

/// What the paths of all endpoints begin with. Nearly every request is for none of them.
const BEGINNINGS: [&str; 2] = ["/oauth/", "/.well-known/"];

/// The endpoint that a request is for, if it is one.
pub fn find(method: &Method, path: &str) -> Option<Endpoint> {
    if !BEGINNINGS.iter().any(|beginning| path.starts_with(beginning)) {
        return None;
    }
    let is_post = match *method {
        Method::GET | Method::HEAD => false,
        Method::POST => true,
        _ => return None,
    };
    let is_here = |known: &str| match known.ends_with('/') {
        true => path.strip_prefix(known).is_some_and(|rest| !rest.is_empty() && !rest.contains('/')),
        false => path == known,
    };
    ENDPOINTS.iter().find(|(posts, known, ..)| *posts == is_post && is_here(known)).map(|(_, _, endpoint, _)| *endpoint)
}

impl Endpoint {
    /// Name in logs and metrics.
    fn name(self) -> &'static str {
        ENDPOINTS.iter().find(|(_, _, endpoint, _)| *endpoint == self).map_or("", |(.., name)| name)
    }

    /// Whether applications ask here by themselves.
    fn is_for_programs(self) -> bool {
        matches!(self, Self::Token | Self::Revoke | Self::Introspect | Self::Discovery)
    }
}

/// Answers a request to one of the endpoints.
pub async fn answer(
    app: &Arc<App>,
    endpoint: Endpoint,
    request: Request<Incoming>,
    peer: IpAddr,
    request_id: &str,
    trace: &mut Trace,
) -> Response<Body> {
    trace.operation = Some(endpoint.name());
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
    let mut response = if endpoint.is_for_programs() { json::error(&error) } else { super::page::error(&error) };
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
            assert_eq!(find(method, path), expected, "{method} {path}");
        }
    }
}
