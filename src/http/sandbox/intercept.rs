//! The sandbox's middleware: it applies faults and records requests.
//!
//! It wraps the ordinary handling, which knows nothing of it. A fault's delay comes after the request had its effect,
//! as with a slow server: a client that gives up waiting has invited a person all the same.

use std::sync::Arc;

use hyper::body::Bytes;
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::{Request, Response, StatusCode};

use crate::engine::access::{BELOW_LEVEL, Caller};
use crate::engine::error::Error;
use crate::http::call::Call;
use crate::http::{cors, headers, request};
use crate::ids::ExchangeId;
use crate::sandbox::Sandbox;
use crate::sandbox::exchange::{KEPT_OF_BODY, RecordedBody, RecordedExchange};
use crate::sandbox::faults::{self, Drop, Effect};
use crate::server::listen::{Body, Dropped, RequestBody};

/// The fault that was applied.
const FAULT: HeaderName = HeaderName::from_static("invited-fault");

/// Stands in for the vendor's texts about a particular request and its values.
const ORDERED: &str = "This refusal was ordered from the sandbox.";

/// Whether there is anything to apply or record.
pub fn is_needed(sandbox: &Sandbox) -> bool {
    sandbox.journal.is_on() || sandbox.faults.are_there()
}

/// Answers a request with `next`, or as a fault says.
pub async fn answer<F: Future<Output = Response<Body>>>(
    call: &Call,
    sandbox: &Sandbox,
    request: Request<RequestBody>,
    next: impl FnOnce(Request<RequestBody>) -> F,
) -> Response<Body> {
    let at = call.app.clock.now();
    let effect = if sandbox.faults.are_there() { effect(call, sandbox, &request).await } else { Effect::default() };
    let (head, body) = request.into_parts();
    let (method, uri, request_headers) = (head.method.clone(), head.uri.clone(), head.headers.clone());
    let (body, copy) = body.copied(KEPT_OF_BODY);
    let request = Request::from_parts(head, body);
    let mut response = match (effect.drop, effect.status) {
        (Some(Drop::BeforeCommit), _) => {
            read(call, request).await;
            Response::new(Body::default())
        }
        (_, Some((status, retry_after))) => {
            read(call, request).await;
            refusal(call, status, retry_after)
        }
        _ => next(request).await,
    };
    if let Some(fault) = effect.fault {
        response.headers_mut().insert(FAULT, HeaderValue::from(fault.get()));
    }
    if effect.is_truncated {
        let half = response.body().bytes().len() / 2;
        response = response.map(|body| body.breaking_after(half));
    }
    if effect.drop.is_some() {
        response.extensions_mut().insert(Dropped);
    }
    let is_answered = effect.drop.is_none();
    let copy = std::mem::take(&mut *copy.lock());
    sandbox.journal.write(&RecordedExchange {
        id: ExchangeId::new(0),
        at,
        method,
        uri,
        request_headers,
        request_body: RecordedBody { kept: copy.kept.into(), length: copy.length, is_whole: copy.is_whole },
        status: is_answered.then(|| response.status().as_u16()),
        response_headers: if is_answered { response.headers().clone() } else { HeaderMap::new() },
        response_body: if is_answered { start_of(response.body().bytes()) } else { RecordedBody::default() },
        microseconds: u64::try_from(call.since.elapsed().as_micros()).unwrap_or(u64::MAX),
        operation: call.operation(),
        caller: call.caller(),
        fault: effect.fault,
        ignored: call.ignored.get().cloned(),
    });
    if !effect.wait.is_zero() {
        tokio::time::sleep(effect.wait).await;
    }
    response
}

/// The part of an answer's body that the journal copies.
fn start_of(body: &Bytes) -> RecordedBody {
    RecordedBody { kept: body.slice(..body.len().min(KEPT_OF_BODY)), length: body.len(), is_whole: true }
}

/// Records the caller and the body of a request that is not handled.
async fn read(call: &Call, request: Request<RequestBody>) {
    if let Some(caller) = caller(call, &request).await {
        call.set_caller(&caller);
    }
    // Whatever is wrong with the body, the answer is that of the fault.
    let _ = request::collect(call, request.into_body()).await;
}

/// The effect of the first fault that matches a request.
async fn effect(call: &Call, sandbox: &Sandbox, request: &Request<RequestBody>) -> Effect {
    let caller = if sandbox.faults.ask_for_accounts() { caller(call, request).await } else { None };
    let account_id = caller.map(|caller| caller.account_id);
    let asked = faults::Request { method: request.method().as_str(), path: request.uri().path(), account_id };
    sandbox.faults.meet(&asked, &call.app.entropy).ok().flatten().unwrap_or_default()
}

/// The caller, if the token is valid.
async fn caller(call: &Call, request: &Request<RequestBody>) -> Option<Arc<Caller>> {
    request::caller(&call.app, request.uri(), request.headers()).await.ok()
}

/// The answer that a fault orders, with the body that this server sends with such a status.
fn refusal(call: &Call, status: u16, retry_after: Option<u64>) -> Response<Body> {
    let error = match status {
        400 => Error::Syntax(ORDERED.to_owned()),
        401 => Error::Unauthenticated,
        403 => Error::Forbidden(BELOW_LEVEL),
        404 => Error::NotFound,
        408 => Error::TooSlow,
        412 => Error::Stale,
        413 => Error::TooLarge(call.app.config.body_limit),
        415 => Error::Unsupported(ORDERED),
        422 => Error::rule(ORDERED),
        429 => Error::RateLimited(0),
        500 => Error::Internal(ORDERED.to_owned()),
        _ => Error::Unavailable(ORDERED.to_owned()),
    };
    let mut response = headers::error(error);
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
    let answered = response.headers_mut();
    answered.remove(header::RETRY_AFTER);
    if let Some(seconds) = retry_after {
        answered.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    headers::complete(answered, &call.request_id, std::time::Duration::ZERO);
    cors::share(answered, call.shared_with.as_ref());
    response
}
