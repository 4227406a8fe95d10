//! The way of a request through a sandbox: what was ordered happens to it, and it is written down.
//!
//! All of it is around the handling, which is that of `serve` and knows nothing of it. The wait of a fault comes after the request had
//! its effect, as with a server that is slow: whoever loses patience has invited somebody all the same.

use std::net::IpAddr;
use std::sync::Arc;

use hyper::body::Bytes;
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::{Request, Response, StatusCode};

use crate::clock::Stopwatch;
use crate::engine::access::{BELOW_LEVEL, Caller};
use crate::engine::error::Error;
use crate::engine::tokens;
use crate::http::{Trace, headers, request, serve};
use crate::sandbox::Sandbox;
use crate::sandbox::faults::{self, Drop, Effect};
use crate::sandbox::journal::{Exchange, KEPT_OF_BODY};
use crate::server::app::App;
use crate::server::listen::{Body, BodyCopy, Dropped, RequestBody};
use crate::wire::changes::Fault;

/// Tells which fault had its hand in an answer.
const FAULT: HeaderName = HeaderName::from_static("invited-fault");

/// What is said where the vendor's texts are about one request and its values.
const ORDERED: &str = "This refusal was ordered from the sandbox.";

/// Whether anything may happen to requests on their way.
pub fn is_needed(sandbox: &Sandbox) -> bool {
    sandbox.journal.is_on() || sandbox.faults.are_there()
}

/// Handles a request as `serve` does, with what was ordered for it.
pub async fn pass(app: &Arc<App>, sandbox: &Sandbox, request: Request<RequestBody>, peer: IpAddr) -> Response<Body> {
    let since = Stopwatch::start();
    let mut exchange = begin(app, &request);
    let effect = if sandbox.faults.are_there() { effect(app, sandbox, &request).await } else { Effect::default() };
    let (head, body) = request.into_parts();
    let (body, copy) = body.copied(KEPT_OF_BODY);
    let request = Request::from_parts(head, body);
    let (mut response, trace) = match (effect.drop, effect.status) {
        (Some(Drop::BeforeCommit), _) => {
            let trace = trace(app, &request).await;
            read(app, request, since).await;
            (Response::new(Body::default()), trace)
        }
        (_, Some((status, retry_after))) => {
            let trace = trace(app, &request).await;
            let refusal = refusal(app, &request, status, retry_after);
            read(app, request, since).await;
            (refusal, trace)
        }
        _ => serve(app, request, peer).await,
    };
    if effect.fault > 0 {
        response.headers_mut().insert(FAULT, HeaderValue::from(effect.fault));
        exchange.fault = Some(effect.fault);
    }
    if effect.is_truncated {
        let half = response.body().bytes().len() / 2;
        response = response.map(|body| body.breaking_after(half));
    }
    if effect.drop.is_some() {
        response.extensions_mut().insert(Dropped);
    }
    exchange.microseconds = u64::try_from(since.elapsed().as_micros()).unwrap_or(u64::MAX);
    end(sandbox, exchange, &copy, &response, trace);
    if !effect.wait.is_zero() {
        tokio::time::sleep(effect.wait).await;
    }
    response
}

/// What is told of a request that nobody handles: who asked.
async fn trace(app: &Arc<App>, request: &Request<RequestBody>) -> Trace {
    let caller = caller(app, request).await;
    let caller = caller.and_then(|caller| Some((caller.account_id, caller.user_id()?)));
    Trace { caller, ..Trace::default() }
}

/// Reads a request that nobody handles, for the journal.
async fn read(app: &App, request: Request<RequestBody>, since: Stopwatch) {
    // Whatever is wrong with the body, the answer is the one that was ordered.
    let _ = request::collect(app, request.into_body(), since).await;
}

/// What was ordered for a request; nothing where no fault is for it.
async fn effect(app: &Arc<App>, sandbox: &Sandbox, request: &Request<RequestBody>) -> Effect {
    let caller = if sandbox.faults.ask_for_accounts() { caller(app, request).await } else { None };
    let account_id = caller.map(|caller| caller.account_id);
    let asked = faults::Request { method: request.method().as_str(), path: request.uri().path(), account_id };
    sandbox.faults.meet(&asked, &app.entropy).ok().flatten().unwrap_or_default()
}

/// A request's caller, where the token tells of one.
async fn caller(app: &Arc<App>, request: &Request<RequestBody>) -> Option<Arc<Caller>> {
    let token = request::token(app, request.uri(), request.headers()).ok()?;
    app.callers.find(&app.store, tokens::hash(&token)).await.ok()?
}

/// The answer that was ordered, with the body that this server has for such a status.
fn refusal(app: &App, request: &Request<RequestBody>, status: u16, retry_after: Option<u64>) -> Response<Body> {
    let error = match status {
        400 => Error::Syntax(ORDERED.to_owned()),
        401 => Error::Unauthenticated,
        403 => Error::Forbidden(BELOW_LEVEL),
        404 => Error::NotFound,
        408 => Error::TooSlow,
        412 => Error::Stale,
        413 => Error::TooLarge(app.config.body_limit),
        415 => Error::Unsupported(ORDERED),
        422 => Error::Invalid(vec![Fault::base(ORDERED)]),
        429 => Error::RateLimited(0),
        500 => Error::Internal(ORDERED.to_owned()),
        _ => Error::Unavailable(ORDERED.to_owned()),
    };
    let mut response = headers::error(&error);
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
    let answered = response.headers_mut();
    answered.remove(header::RETRY_AFTER);
    if let Some(seconds) = retry_after {
        answered.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    let request_id = headers::request_id(app, request.headers());
    headers::complete(answered, &request_id, std::time::Duration::ZERO);
    response
}

/// What is known of an exchange when the request has come.
fn begin(app: &App, request: &Request<RequestBody>) -> Exchange {
    Exchange {
        number: 0,
        at: app.clock.now(),
        method: request.method().clone(),
        uri: request.uri().clone(),
        request_headers: request.headers().clone(),
        request_body: Bytes::new(),
        status: None,
        response_headers: HeaderMap::new(),
        response_body: Bytes::new(),
        microseconds: 0,
        operation: "none",
        caller: None,
        fault: None,
        ignored: None,
    }
}

/// Writes down what has become of it.
fn end(sandbox: &Sandbox, exchange: Exchange, copy: &BodyCopy, response: &Response<Body>, trace: Trace) {
    let is_answered = response.extensions().get::<Dropped>().is_none();
    let read = std::mem::take(&mut *copy.lock());
    let body = response.body().bytes();
    sandbox.journal.write(Exchange {
        request_body: Bytes::from(read),
        status: is_answered.then(|| response.status().as_u16()),
        response_headers: if is_answered { response.headers().clone() } else { HeaderMap::new() },
        response_body: if is_answered { body.slice(..body.len().min(KEPT_OF_BODY)) } else { Bytes::new() },
        operation: trace.operation.unwrap_or("none"),
        caller: trace.caller,
        ignored: trace.ignored,
        ..exchange
    });
}
