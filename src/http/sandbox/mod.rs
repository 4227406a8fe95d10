//! The sandbox's control plane: what a test suite does to the server beside using it.
//!
//! It is JSON over HTTP under `/sandbox/`, one line of a table for each thing. It is mounted where the app has a
//! [`crate::sandbox::Sandbox`], which only the sandbox's own start makes: to `serve` these paths do not exist. Nobody proves who
//! they are here, since everything in a sandbox is public, so that it listens on loopback unless it is told otherwise.
//!
//! Invariants. A request that is wrong in any way changes nothing. What has an effect on rows, clock or mail is over when it is
//! answered: whoever moves the clock by a month finds the invitations expired.

mod accounts;
mod clock;
mod faults;
pub mod gate;
mod har;
mod inspector;
mod mailbox;
mod read;
mod requests;
mod seats;
mod settings;
mod state;

use std::net::IpAddr;
use std::sync::Arc;

use hyper::header::{self, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};

use crate::clock::Stopwatch;
use crate::engine::error::Error;
use crate::http::endpoints::{self, Line, delete, get, post, put};
use crate::http::visit::Visit;
use crate::http::{Trace, headers};
use crate::sandbox::Sandbox;
use crate::server::app::App;
use crate::server::listen::{Body, RequestBody};

/// What machines read of it; a story compares it with the table.
const DESCRIPTION: &str = include_str!("../../../docs/sandbox.openapi.json");

/// Below which everything is the control plane's.
const PREFIX: &str = "/sandbox/";

/// What can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Endpoint {
    Description,
    Mailbox,
    EmptyMailbox,
    Clock,
    SetClock,
    AdvanceClock,
    Seats,
    Faults,
    OrderFault,
    ClearFaults,
    RemoveFault,
    Requests,
    Inspector,
    ForgetRequests,
    Reset,
    Snapshots,
    KeepSnapshot,
    Snapshot,
    RemoveSnapshot,
    RestoreSnapshot,
    CreateAccount,
    Settings,
    ChangeSettings,
}

const ENDPOINTS: &[Line<Endpoint>] = &[
    get("/sandbox/openapi.json", Endpoint::Description, "sandbox.openapi"),
    get("/sandbox/mailbox", Endpoint::Mailbox, "sandbox.mailbox"),
    delete("/sandbox/mailbox", Endpoint::EmptyMailbox, "sandbox.mailbox.empty"),
    get("/sandbox/clock", Endpoint::Clock, "sandbox.clock"),
    put("/sandbox/clock", Endpoint::SetClock, "sandbox.clock.set"),
    post("/sandbox/clock/advance", Endpoint::AdvanceClock, "sandbox.clock.advance"),
    get("/sandbox/seats", Endpoint::Seats, "sandbox.seats"),
    get("/sandbox/faults", Endpoint::Faults, "sandbox.faults"),
    post("/sandbox/faults", Endpoint::OrderFault, "sandbox.faults.order"),
    delete("/sandbox/faults", Endpoint::ClearFaults, "sandbox.faults.clear"),
    delete("/sandbox/faults/{id}", Endpoint::RemoveFault, "sandbox.faults.remove"),
    get("/sandbox/requests", Endpoint::Requests, "sandbox.requests"),
    get("/sandbox/inspector", Endpoint::Inspector, "sandbox.inspector"),
    delete("/sandbox/requests", Endpoint::ForgetRequests, "sandbox.requests.forget"),
    post("/sandbox/reset", Endpoint::Reset, "sandbox.reset"),
    get("/sandbox/snapshots", Endpoint::Snapshots, "sandbox.snapshots"),
    put("/sandbox/snapshots/{name}", Endpoint::KeepSnapshot, "sandbox.snapshots.keep"),
    get("/sandbox/snapshots/{name}", Endpoint::Snapshot, "sandbox.snapshot"),
    delete("/sandbox/snapshots/{name}", Endpoint::RemoveSnapshot, "sandbox.snapshots.remove"),
    post("/sandbox/snapshots/{name}/restore", Endpoint::RestoreSnapshot, "sandbox.snapshots.restore"),
    post("/sandbox/accounts", Endpoint::CreateAccount, "sandbox.accounts.create"),
    get("/sandbox/settings", Endpoint::Settings, "sandbox.settings"),
    put("/sandbox/settings", Endpoint::ChangeSettings, "sandbox.settings.change"),
];

/// A request to the control plane.
struct Asked<'a> {
    sandbox: &'a Arc<Sandbox>,
    visit: Visit<'a>,
}

/// Whether a path is of the control plane, where there is one.
pub fn is_for(path: &str) -> bool {
    path.starts_with(PREFIX)
}

/// The sandbox, where the path is of its control plane.
pub fn find<'a>(app: &'a App, path: &str) -> Option<&'a Arc<Sandbox>> {
    app.sandbox.as_ref().filter(|_| is_for(path))
}

/// Answers a request to the control plane.
pub async fn answer(
    app: &Arc<App>,
    sandbox: &Arc<Sandbox>,
    request: Request<RequestBody>,
    peer: IpAddr,
    request_id: &str,
    trace: &mut Trace,
) -> Response<Body> {
    let (head, body) = request.into_parts();
    let path = head.uri.path().to_owned();
    let Some((endpoint, name)) = endpoints::find(ENDPOINTS, &head.method, &path) else {
        return unknown(&head.method, &path);
    };
    trace.operation = Some(name);
    let visit = Visit { app, head, peer, request_id, since: Stopwatch::start() };
    let asked = Asked { sandbox, visit };
    let answer = match endpoint {
        Endpoint::Description => Ok(headers::json(200, DESCRIPTION.into())),
        Endpoint::Mailbox => mailbox::show(&asked).await,
        Endpoint::EmptyMailbox => mailbox::empty(&asked),
        Endpoint::Clock => Ok(clock::show(&asked)),
        Endpoint::SetClock => clock::set(&asked, body).await,
        Endpoint::AdvanceClock => clock::advance(&asked, body).await,
        Endpoint::Seats => seats::show(&asked).await,
        Endpoint::Faults => faults::list(&asked),
        Endpoint::OrderFault => faults::order(&asked, body).await,
        Endpoint::ClearFaults => faults::clear(&asked),
        Endpoint::RemoveFault => faults::remove(&asked),
        Endpoint::Requests => requests::list(&asked),
        Endpoint::Inspector => inspector::show(&asked),
        Endpoint::ForgetRequests => requests::forget(&asked),
        Endpoint::Reset => state::reset(&asked, body).await,
        Endpoint::Snapshots => state::list(&asked),
        Endpoint::KeepSnapshot => state::keep(&asked, body).await,
        Endpoint::Snapshot => state::show(&asked),
        Endpoint::RemoveSnapshot => state::remove(&asked),
        Endpoint::RestoreSnapshot => state::restore(&asked, body).await,
        Endpoint::CreateAccount => accounts::create(&asked, body).await,
        Endpoint::Settings => settings::show(&asked),
        Endpoint::ChangeSettings => settings::change(&asked, body).await,
    };
    answer.unwrap_or_else(|error| {
        trace.cause = error.cause().map(str::to_owned);
        headers::error(&error)
    })
}

/// The answer to what there is not: it says what there is.
fn unknown(method: &Method, path: &str) -> Response<Body> {
    let methods = endpoints::methods(ENDPOINTS, path);
    if methods.is_empty() {
        let known: Vec<String> = ENDPOINTS.iter().map(|line| format!("{} {}", line.method(), line.path())).collect();
        return told(StatusCode::NOT_FOUND, &format!("There is no {method} {path}. There is: {}.", known.join(", ")));
    }
    let methods = methods.join(", ");
    let mut response = told(StatusCode::METHOD_NOT_ALLOWED, &format!("{path} takes {methods}."));
    if let Ok(methods) = HeaderValue::try_from(methods) {
        response.headers_mut().insert(header::ALLOW, methods);
    }
    response
}

/// A refusal in the shape of the API's errors.
fn told(status: StatusCode, sentence: &str) -> Response<Body> {
    let mut response = headers::error(&Error::Syntax(sentence.to_owned()));
    *response.status_mut() = status;
    response
}
