//! Invitations beyond the API: the pages on which people answer, the same as JSON for teams with a front end of their own,
//! and what administrators need besides.
//!
//! Invariants. `GET` and `HEAD` change nothing, however often and by whomever a link is opened; an answer takes a form that this
//! browser was given, and something that a person does: a password typed, a box ticked. A token that cannot be used is
//! answered in one way, whatever the reason. Nothing of a page leads anywhere else, and no address of it is told to the next.

mod answers;
mod manage;
mod pages;

use std::net::IpAddr;
use std::sync::Arc;

use hyper::{Method, Request, Response};

use crate::clock::Stopwatch;
use crate::http::endpoints::{self, Line, get, post};
use crate::http::visit::Visit;
use crate::http::{Trace, headers, html};
use crate::resources::invitations::links::PATH;
use crate::server::app::App;
use crate::server::listen::{Body, RequestBody};

/// What can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// The page behind a link.
    Show,
    /// What the person decided there.
    Decide,
    /// What the page shows, as JSON.
    LookUp,
    /// Accepting, as JSON.
    Accept,
    /// Declining, as JSON.
    Decline,
    /// A link to hand over.
    Link,
    /// What became of the mails.
    Mails,
}

const ENDPOINTS: &[Line<Endpoint>] = &[
    post("/invitations/lookup", Endpoint::LookUp, "invitation.lookup"),
    post("/invitations/accept", Endpoint::Accept, "invitation.accept"),
    post("/invitations/decline", Endpoint::Decline, "invitation.decline"),
    post("/invitations/{id}/link", Endpoint::Link, "invitation.link"),
    get("/invitations/{id}/mails", Endpoint::Mails, "invitation.mails"),
    get("/invitations/{token}", Endpoint::Show, "invitation.show"),
    post("/invitations/{token}", Endpoint::Decide, "invitation.decide"),
];

/// The endpoint that a request is for, if it is one, and its name in logs and metrics.
pub fn find(method: &Method, path: &str) -> Option<(Endpoint, &'static str)> {
    path.starts_with(PATH).then(|| endpoints::find(ENDPOINTS, method, path)).flatten()
}

/// Every path that is found here.
pub fn paths() -> impl Iterator<Item = String> {
    ENDPOINTS.iter().map(|line| line.path().to_owned())
}

impl Endpoint {
    /// Whether people are in front of it.
    fn is_page(self) -> bool {
        matches!(self, Self::Show | Self::Decide)
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
        Endpoint::Show => pages::show(&visit).await,
        Endpoint::Decide => pages::decide(&visit, body).await,
        Endpoint::LookUp => answers::look_up(&visit, body).await,
        Endpoint::Accept => answers::accept(&visit, body).await,
        Endpoint::Decline => answers::decline(&visit, body).await,
        Endpoint::Link => manage::link(&visit, trace).await,
        Endpoint::Mails => manage::mails(&visit, trace).await,
    };
    answer.unwrap_or_else(|error| {
        trace.cause = error.cause().map(str::to_owned);
        if endpoint.is_page() {
            let mut response = html::error(&error);
            headers::refuse(response.headers_mut(), &error);
            response
        } else {
            headers::error(&error)
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_find_their_endpoint() {
        let (get, post) = (&Method::GET, &Method::POST);
        for (method, path, expected) in [
            (get, "/invitations/lnk_x", Some(Endpoint::Show)),
            (&Method::HEAD, "/invitations/lnk_x", Some(Endpoint::Show)),
            (post, "/invitations/lnk_x", Some(Endpoint::Decide)),
            (post, "/invitations/lookup", Some(Endpoint::LookUp)),
            (post, "/invitations/accept", Some(Endpoint::Accept)),
            (post, "/invitations/decline", Some(Endpoint::Decline)),
            (get, "/invitations/accept", Some(Endpoint::Show)),
            (post, "/invitations/7/link", Some(Endpoint::Link)),
            (get, "/invitations/7/mails", Some(Endpoint::Mails)),
            (get, "/invitations/7/link", None),
            (post, "/invitations/7/7/link", None),
            (post, "/invitations//link", None),
            (get, "/invitations/", None),
            (get, "/invitations", None),
            (&Method::PUT, "/invitations/lnk_x", None),
            (&Method::OPTIONS, "/invitations/lnk_x", None),
        ] {
            assert_eq!(find(method, path).map(|(endpoint, _)| endpoint), expected, "{method} {path}");
        }
    }
}
