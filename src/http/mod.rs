//! The HTTP side: one request from its first byte to its answer.
//!
//! [`handle`] wraps every answer: request id, panic guard, the headers of protocol.md section 3, one log line, metrics.
//! Inside it, what lies under the base path goes through `operations`, what belongs to OAuth through `oauth`, everything
//! else is one of the [`documents`].

mod api;
mod browser;
pub mod documents;
mod endpoints;
mod headers;
mod html;
mod invitations;
mod oauth;
mod object;
mod request;
mod sandbox;
mod visit;

pub use oauth::SIGN_IN_LINK_PATH;

use std::net::IpAddr;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt as _;
use hyper::header::{HeaderName, HeaderValue};
use hyper::{Method, Request, Response};

use crate::clock::Stopwatch;
use crate::engine::context::Remarks;
use crate::engine::error::Error;
use crate::ids::{AccountId, UserId};
use crate::resources::registry::REGISTRY;
use crate::server::app::App;
use crate::server::listen::{Body, RequestBody};

/// The base path of the API.
pub const BASE_PATH: &str = "/api/v1";

/// What the log and the metrics may know of a request.
#[derive(Default)]
pub struct Trace {
    /// The operation's id in the API description, or the page.
    operation: Option<&'static str>,
    /// The caller's account and user.
    caller: Option<(AccountId, UserId)>,
    /// What went wrong behind an answer that is no error of the API.
    cause: Option<String>,
    /// What of the request nobody took notice of; only looked for in the sandbox.
    ignored: Option<String>,
}

/// A successful answer.
pub struct Answer {
    content: Content,
    /// A header of ours that tells something about the answer; its value is `true`.
    mark: Option<HeaderName>,
    /// What the rules have to say beside it.
    remarks: Option<Arc<Remarks>>,
}

enum Content {
    /// 200 with JSON.
    Json(Vec<u8>),
    /// 204.
    Empty,
    /// A page that is no part of the API.
    Page(Response<Body>),
}

impl Answer {
    fn json(body: Vec<u8>) -> Self {
        Self { content: Content::Json(body), mark: None, remarks: None }
    }

    /// The answer to a write: 200 with its body, 204 without one.
    fn written(body: Option<Vec<u8>>) -> Self {
        Self { content: body.map_or(Content::Empty, Content::Json), mark: None, remarks: None }
    }

    fn page(response: Response<Body>) -> Self {
        Self { content: Content::Page(response), mark: None, remarks: None }
    }

    fn with(self, mark: HeaderName) -> Self {
        Self { mark: Some(mark), ..self }
    }

    fn remarking(self, remarks: Arc<Remarks>) -> Self {
        Self { remarks: Some(remarks), ..self }
    }

    fn into_response(self) -> Response<Body> {
        let mut response = match self.content {
            Content::Json(body) => headers::json(200, body),
            Content::Empty => headers::empty(),
            Content::Page(response) => response,
        };
        if let Some(mark) = self.mark {
            response.headers_mut().insert(mark, HeaderValue::from_static("true"));
        }
        if let Some(remarks) = self.remarks {
            api::additions::tell(&remarks, response.headers_mut());
        }
        response
    }
}

/// Answers a request. This never fails: whatever happens becomes an answer in the documented shape, unless a sandbox was told
/// otherwise.
pub async fn handle(app: Arc<App>, request: Request<RequestBody>, peer: IpAddr) -> Response<Body> {
    match &app.sandbox {
        Some(sandbox) if sandbox::gate::is_needed(sandbox) && !sandbox::is_for(request.uri().path()) => {
            Box::pin(sandbox::gate::pass(&app, sandbox, request, peer)).await
        }
        _ => serve(&app, request, peer).await.0,
    }
}

/// Answers a request, and tells what the log knows of it.
async fn serve(app: &Arc<App>, request: Request<RequestBody>, peer: IpAddr) -> (Response<Body>, Trace) {
    let stopwatch = Stopwatch::start();
    let request_id = headers::request_id(app, request.headers());
    let method = known_method(request.method());
    let mut trace = Trace::default();
    let answer = guard(answer(app, request, peer, &request_id, &mut trace)).await;
    let cause = answer.as_ref().err().and_then(Error::cause).map(str::to_owned).or(trace.cause.take());
    let mut response = answer.map_or_else(|error| headers::error(&error), Answer::into_response);
    let elapsed = stopwatch.elapsed();
    headers::complete(response.headers_mut(), &request_id, elapsed);
    let status = response.status().as_u16();
    if status == 429 && !app.tuned.profile().tells_when_to_retry {
        response.headers_mut().remove(hyper::header::RETRY_AFTER);
    }
    let operation = trace.operation.unwrap_or("none");
    app.metrics.count(operation, status, elapsed.as_secs_f64());
    let (account, user) = trace.caller.map(|(account, user)| (account.get(), user.get())).unzip();
    let microseconds = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX);
    if status >= 500 {
        tracing::error!(method, operation, status, microseconds, request_id, account, user, cause, "request");
    } else {
        tracing::info!(method, operation, status, microseconds, request_id, account, user, "request");
    }
    (response, trace)
}

/// Every path that a request can have that is no page, with names in braces.
fn known_paths() -> Vec<String> {
    let operations = REGISTRY.iter().flat_map(|entry| {
        entry.resource.operations.iter().map(|operation| format!("{BASE_PATH}{}", entry.resource.path(operation.verb)))
    });
    operations.chain(oauth::paths()).chain(invitations::paths()).collect()
}

/// The name of a usual method. Anything else is the client's own text, which the log does not repeat.
fn known_method(method: &Method) -> &'static str {
    const KNOWN: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
    KNOWN.into_iter().find(|known| method.as_str() == *known).unwrap_or("other")
}

/// Turns a panic into a 500, so that it costs one answer and not the connection's task.
async fn guard(answer: impl Future<Output = Result<Answer, Error>>) -> Result<Answer, Error> {
    AssertUnwindSafe(answer)
        .catch_unwind()
        .await
        .unwrap_or_else(|_| Err(Error::Internal("the handler of a request panicked".to_owned())))
}

async fn answer(
    app: &Arc<App>,
    request: Request<RequestBody>,
    peer: IpAddr,
    request_id: &str,
    trace: &mut Trace,
) -> Result<Answer, Error> {
    if let Some((endpoint, name)) = oauth::find(request.method(), request.uri().path()) {
        trace.operation = Some(name);
        // On the heap: a request of the API must not carry around, and copy, the room that a sign-in needs.
        let answer = Box::pin(oauth::answer(app, endpoint, request, peer, request_id, trace));
        return Ok(Answer::page(answer.await));
    }
    if let Some((endpoint, name)) = invitations::find(request.method(), request.uri().path()) {
        trace.operation = Some(name);
        let answer = Box::pin(invitations::answer(app, endpoint, request, peer, request_id, trace));
        return Ok(Answer::page(answer.await));
    }
    if let Some(sandbox) = sandbox::find(app, request.uri().path()) {
        return Ok(Answer::page(Box::pin(sandbox::answer(app, sandbox, request, peer, request_id, trace)).await));
    }
    if let Some(page) = documents::find(app, &request) {
        trace.operation = Some(page.name());
        return page.answer(app).await.map(Answer::page);
    }
    api::operations::answer(app, request, request_id, trace).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_becomes_a_500_in_the_documented_shape() {
        let panics = async { panic!("on purpose") };
        let error = guard(panics).await.err();
        assert_eq!(error.as_ref().map(Error::status), Some(500));
        let body = error.map(|error| error.body()).unwrap_or_default();
        assert_eq!(
            String::from_utf8_lossy(&body),
            r#"{"errors":[{"type":"system","message":"An internal error occurred. Please report the request id."}]}"#
        );
    }
}
