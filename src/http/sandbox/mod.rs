//! The sandbox's control plane: what a test suite can do to the server besides using it.
//!
//! JSON over HTTP under `/sandbox/`. It is served only if the app has a `Sandbox`, which only `invited sandbox`
//! makes: for `invited serve` these paths do not exist. It needs no token, since everything in a sandbox is public; so
//! a sandbox listens on loopback unless it is started with `--allow-remote`, and its `gate` keeps out the pages of
//! other origins.
//!
//! Invariants. A request with any error changes nothing. Effects on rows, clock and mail are complete when the answer
//! is sent: after the clock has moved by a month, the invitations have expired.

mod accounts;
mod clock;
mod curl;
mod description;
mod extract;
mod faults;
pub mod gate;
mod har;
pub mod intercept;
mod mailbox;
mod requests;
mod settings;
mod snapshots;

use std::sync::LazyLock;

use axum::Router;
use axum::extract::{MatchedPath, Request};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse as _, Response};
use hyper::header::{self, HeaderValue};
use hyper::{Method, StatusCode};
use serde_json::{Map, Value as Json};

use crate::engine::error::Error;
use crate::http::router::{DELETE, GET, NamedRoute, POST, PUT, Routes, says};
use crate::http::{headers, request};
use crate::sandbox::faults::{Fault, OrderedFault};
use crate::server::listen::Body;
use accounts::{AccountAnswer, AccountRequest, SeatList};
use clock::{ClockAdvance, ClockAnswer, ClockChange};
use extract::Nothing;
use faults::ListedFaults;
use mailbox::MailboxContent;
use requests::RequestList;
use settings::{Settings, SettingsChange};
use snapshots::{SnapshotInfo, SnapshotList};

static ROUTES: LazyLock<Routes> = LazyLock::new(|| {
    Routes::new()
        .on(GET, "/sandbox/openapi.json", "Description", describe)
        .described(says("This description.").answer::<Map<String, Json>>())
        .on(POST, "/sandbox/reset", "Reset", snapshots::reset)
        .described(says("Go back to the seed in every respect; snapshots stay.").body::<Nothing>())
        .on(GET, "/sandbox/snapshots", "ListSnapshots", snapshots::list)
        .described(says("All snapshots, by name.").answer::<SnapshotList>())
        .on(PUT, "/sandbox/snapshots/{name}", "KeepSnapshot", snapshots::keep)
        .described(says("Save rows, mail and clock under a name.").body::<Nothing>().answer::<SnapshotInfo>())
        .on(GET, "/sandbox/snapshots/{name}", "ShowSnapshot", snapshots::show)
        .described(says("A snapshot.").answer::<SnapshotInfo>())
        .on(DELETE, "/sandbox/snapshots/{name}", "RemoveSnapshot", snapshots::remove)
        .described(says("Delete a snapshot."))
        .on(POST, "/sandbox/snapshots/{name}/restore", "RestoreSnapshot", snapshots::restore)
        .described(says("Restore a snapshot.").body::<Nothing>())
        .on(GET, "/sandbox/clock", "ShowClock", clock::show)
        .described(says("The sandbox's time.").answer::<ClockAnswer>())
        .on(PUT, "/sandbox/clock", "SetClock", clock::set)
        .described(
            says("Set, stop or start the clock, and do what is due by then.")
                .body::<ClockChange>()
                .answer::<ClockAnswer>(),
        )
        .on(POST, "/sandbox/clock/advance", "AdvanceClock", clock::advance)
        .described(says("Move the clock forward.").body::<ClockAdvance>().answer::<ClockAnswer>())
        .on(GET, "/sandbox/mailbox", "ListMails", mailbox::list)
        .described(says("Mail kept in memory, newest first.").query(mailbox::QUERY).answer::<MailboxContent>())
        .on(DELETE, "/sandbox/mailbox", "EmptyMailbox", mailbox::empty)
        .described(says("Delete all mail."))
        .on(GET, "/sandbox/faults", "ListFaults", faults::list)
        .described(says("All faults, in the order in which they are tried.").answer::<ListedFaults>())
        .on(POST, "/sandbox/faults", "OrderFault", faults::order)
        .described(says("Add a fault for the next requests.").body::<Fault>().answer::<OrderedFault>())
        .on(DELETE, "/sandbox/faults", "ClearFaults", faults::clear)
        .described(says("Delete all faults."))
        .on(DELETE, "/sandbox/faults/{id}", "RemoveFault", faults::remove)
        .described(says("Delete a fault."))
        .on(GET, "/sandbox/requests", "ListRequests", requests::list)
        .described(says("The latest requests, oldest first.").query(requests::QUERY).answer::<RequestList>())
        .on(DELETE, "/sandbox/requests", "ForgetRequests", requests::forget)
        .described(says("Delete the recorded requests."))
        .on(GET, "/sandbox/inspector", "ShowInspector", requests::inspect)
        .described(says("The latest 200 requests as a page.").page())
        .on(GET, "/sandbox/seats", "ListSeats", accounts::seats)
        .described(says("What each account would have been billed.").answer::<SeatList>())
        .on(POST, "/sandbox/accounts", "CreateAccount", accounts::create)
        .described(
            says("Create an account with a token for each level.").body::<AccountRequest>().answer::<AccountAnswer>(),
        )
        .on(GET, "/sandbox/settings", "ShowSettings", settings::show)
        .described(says("The current settings.").answer::<Settings>())
        .on(PUT, "/sandbox/settings", "ChangeSettings", settings::change)
        .described(
            says("Change settings; those left out keep their value.").body::<SettingsChange>().answer::<Settings>(),
        )
});

/// The control plane of a sandbox.
pub fn router() -> Router {
    ROUTES.router.clone().route_layer(from_fn(refuse_unknown_parameters))
}

/// The start of every path of the control plane.
pub const BASE_PATH: &str = "/sandbox/";

/// Whether a path belongs to the control plane, if there is one.
pub fn is_for(path: &str) -> bool {
    path.starts_with(BASE_PATH)
}

async fn describe() -> hyper::Response<Body> {
    headers::json(200, description::document(&ROUTES.list).to_string().into())
}

/// Requests are read strictly: a test that sets something unknown would prove nothing.
async fn refuse_unknown_parameters(request: Request, next: Next) -> Result<Response, Error> {
    let params = request::query(request.uri())?;
    let method = if request.method() == Method::HEAD { "GET" } else { request.method().as_str() };
    let route = routes_at(&request).find(|route| route.method == method);
    let query = route.and_then(|route| route.description.as_ref()).map_or(&[][..], |description| description.query);
    let known: Vec<&str> = query.iter().map(|(name, ..)| *name).collect();
    match params.keys().find(|name| !known.contains(&name.as_str())) {
        None => Ok(next.run(request).await),
        Some(name) if known.is_empty() => Err(Error::Syntax(format!("There is no parameter {name} here."))),
        Some(name) => Err(Error::Syntax(format!("There is no parameter {name}; there is {}.", known.join(", ")))),
    }
}

/// The routes with the path of a request, whatever their method.
fn routes_at(request: &Request) -> impl Iterator<Item = &'static NamedRoute> {
    let path = request.extensions().get::<MatchedPath>().cloned();
    ROUTES.list.iter().filter(move |route| path.as_ref().is_some_and(|path| path.as_str() == route.path))
}

/// 404 or 405, listing the routes that exist.
pub fn unknown(request: &Request) -> Response {
    let (method, path) = (request.method(), request.uri().path());
    let methods: Vec<&str> = routes_at(request).map(|route| route.method).collect();
    if methods.is_empty() {
        let known: Vec<String> = ROUTES.list.iter().map(|route| format!("{} {}", route.method, route.path)).collect();
        let sentence = format!("There is no {method} {path}. There is: {}.", known.join(", "));
        return (StatusCode::NOT_FOUND, Error::Syntax(sentence)).into_response();
    }
    let methods = methods.join(", ");
    let mut response =
        (StatusCode::METHOD_NOT_ALLOWED, Error::Syntax(format!("{path} takes {methods}."))).into_response();
    if let Ok(methods) = HeaderValue::try_from(methods) {
        response.headers_mut().insert(header::ALLOW, methods);
    }
    response
}
