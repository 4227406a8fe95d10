//! The HTTP side: one request from its first byte to its answer.
//!
//! [`Service::answer`] wraps every answer: request id, panic guard, the headers of docs/WIRE.md, Answers, one log line,
//! metrics. Inside it, paths below the base path go through the pipeline of [`api`], all others through an axum router.

mod addresses;
mod api;
mod browser;
mod call;
mod client_address;
mod cors;
mod extract;
mod headers;
mod html;
mod images;
mod invitations;
mod json;
mod monitoring;
mod oauth;
mod photos;
mod reference;
mod request;
mod router;
mod sandbox;
mod shell;
mod wellformed;

pub use api::route::BASE_PATH;
pub use monitoring::metrics_only;
pub use oauth::SIGN_IN_LINK_PATH;
pub use reference::api_description;
pub use shell::quoted;

use std::net::IpAddr;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use axum::Router;
use axum::extract::Request as RoutedRequest;
use axum::response::IntoResponse as _;
use futures_util::FutureExt as _;
use http_body_util::BodyExt as _;
use hyper::header;
use hyper::{Method, Request, Response, StatusCode, Uri};
use tower::ServiceExt as _;

use crate::engine::error::Error;
use crate::server::app::App;
use crate::server::listen::{Body, RequestBody};
use api::route;
use call::Call;

/// The server as a function from requests to answers.
pub struct Service {
    app: Arc<App>,
    /// Everything that is not the API.
    router: Router,
}

impl Service {
    pub fn of(app: Arc<App>) -> Self {
        let own = monitoring::routes(&app).and(reference::routes());
        let routes = own.and(images::routes()).and(photos::routes());
        let mut router = routes.router.merge(oauth::ROUTES.router.clone());
        router = router.merge(invitations::ROUTES.router.clone()).merge(addresses::ROUTES.router.clone());
        let has_sandbox = app.sandbox.is_some();
        if has_sandbox {
            router = router.merge(sandbox::router());
        }
        let unknown = move |request: RoutedRequest| async move {
            match has_sandbox && sandbox::is_for(request.uri().path()) {
                true => sandbox::unknown(&request),
                false => Error::NotFound.into_response(),
            }
        };
        Self { app, router: router.fallback(unknown).method_not_allowed_fallback(unknown) }
    }

    /// Answers a request. This never fails: every error becomes an answer in the documented shape, unless a fault of a
    /// sandbox says otherwise.
    pub async fn answer(&self, request: Request<RequestBody>, peer: IpAddr) -> Response<Body> {
        let origin = cors::shared_with(&self.app, &request);
        let call = Arc::new(Call::begin(Arc::clone(&self.app), request.headers(), peer, origin));
        self.admit(&call, request).await
    }

    /// Answers a request, unless it is malformed or the gate of a sandbox refuses it. A preflight of a listed origin is
    /// answered here.
    async fn admit(&self, call: &Arc<Call>, request: Request<RequestBody>) -> Response<Body> {
        if let Err(refusal) = wellformed::admit(&self.app, &request) {
            return self.complete(call, known_method(request.method()), headers::error(refusal));
        }
        if call.shared_with.is_some() && cors::is_preflight(&request) {
            call.set_operation("preflight");
            return self.complete(call, known_method(request.method()), cors::preflight());
        }
        let Some(sandbox) = &self.app.sandbox else { return self.serve(call, request).await };
        if sandbox::intercept::is_needed(sandbox) && !sandbox::is_for(request.uri().path()) {
            let next = |request| self.serve(call, request);
            return Box::pin(sandbox::intercept::answer(call, sandbox, request, next)).await;
        }
        self.serve(call, request).await
    }

    async fn serve(&self, call: &Arc<Call>, request: Request<RequestBody>) -> Response<Body> {
        let method = known_method(request.method());
        let response = guard(self.dispatch(call, request)).await.unwrap_or_else(headers::error);
        self.complete(call, method, response)
    }

    /// Adds what every answer has, counts it, and logs a line.
    fn complete(&self, call: &Call, method: &'static str, mut response: Response<Body>) -> Response<Body> {
        let elapsed = call.since.elapsed();
        headers::complete(response.headers_mut(), &call.request_id, elapsed);
        cors::share(response.headers_mut(), call.shared_with.as_ref());
        let status = response.status().as_u16();
        if status == 429 && !self.app.tuned.profile().tells_when_to_retry {
            response.headers_mut().remove(header::RETRY_AFTER);
        }
        self.explain(call, &mut response);
        let operation = call.operation();
        let (request_id, client) = (&*call.request_id.text, tracing::field::display(call.request_id.client));
        self.app.metrics.count(operation, status, elapsed.as_secs_f64());
        let (account, user) = call.caller().map(|(account, user)| (account.get(), user.get())).unzip();
        let microseconds = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX);
        if status >= 500 {
            let cause = response.extensions().get::<Arc<Error>>().and_then(|error| error.cause());
            tracing::error!(
                method,
                operation,
                status,
                microseconds,
                request_id,
                client,
                account,
                user,
                cause,
                "request"
            );
        } else {
            tracing::info!(method, operation, status, microseconds, request_id, client, account, user, "request");
        }
        response
    }

    /// Adds a header that says what the vendor's text of a refusal does not.
    fn explain(&self, call: &Call, response: &mut Response<Body>) {
        match response.status() {
            StatusCode::BAD_REQUEST if call.is_read_as_form.get().is_some() => {
                response.headers_mut().insert(headers::READ_AS, headers::FORM);
            }
            StatusCode::TOO_MANY_REQUESTS if self.app.sandbox.is_some() && self.app.clock.is_frozen() => {
                response.headers_mut().insert(headers::CLOCK, headers::FROZEN);
            }
            _ => (),
        }
    }

    async fn dispatch(&self, call: &Arc<Call>, request: Request<RequestBody>) -> Result<Response<Body>, Error> {
        let is_description =
            request.uri().path() == reference::DESCRIPTION && matches!(*request.method(), Method::GET | Method::HEAD);
        match route::place(request.uri().path()) {
            Some(segments) if !is_description => api::operations::answer(call, &segments, request).await,
            // On the heap: a request of the API must not carry around, and copy, the room that a sign-in needs.
            _ => Box::pin(self.route(call, request)).await,
        }
    }

    async fn route(&self, call: &Arc<Call>, mut request: Request<RequestBody>) -> Result<Response<Body>, Error> {
        let is_head = *request.method() == Method::HEAD;
        if let Some(uri) = without_last_slash(request.uri()) {
            *request.uri_mut() = uri;
        }
        request.extensions_mut().insert(Arc::clone(call));
        let Ok(response) = self.router.clone().oneshot(request).await;
        let (mut head, body) = response.into_parts();
        if !is_head {
            // Hyper adds it, unless the answer has no body.
            head.headers.remove(header::CONTENT_LENGTH);
        }
        if head.status == StatusCode::NOT_FOUND {
            head.headers.remove(header::ALLOW);
        }
        let body = body.collect().await.map_err(|cause| Error::Internal(cause.to_string()))?;
        Ok(Response::from_parts(head, Body::from(body.to_bytes())))
    }
}

/// Paths of pages, to which people come by links that mail programs may have changed.
const PAGES: [&str; 3] = ["/invitations/", "/addresses/", "/oauth/"];

/// The address of a page without its last slash, which means nothing there, as in the API (C15); `None` if it has none.
fn without_last_slash(uri: &Uri) -> Option<Uri> {
    let path = uri.path().strip_suffix('/').filter(|_| PAGES.iter().any(|page| uri.path().starts_with(page)))?;
    let target = uri.query().map_or_else(|| path.to_owned(), |query| format!("{path}?{query}"));
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(target.parse().ok()?);
    Uri::from_parts(parts).ok()
}

/// The name of a usual method. Anything else is the client's own text, which the log does not repeat.
fn known_method(method: &Method) -> &'static str {
    const KNOWN: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
    KNOWN.into_iter().find(|known| method.as_str() == *known).unwrap_or("other")
}

/// Turns a panic into a 500, so that it costs one answer and not the connection.
async fn guard<T>(answer: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    AssertUnwindSafe(answer)
        .catch_unwind()
        .await
        .unwrap_or_else(|_| Err(Error::Internal("the handler of a request panicked".to_owned())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_becomes_a_500_in_the_documented_shape() {
        let panics = async { panic!("on purpose") };
        let error = guard::<()>(panics).await.err();
        assert_eq!(error.as_ref().map(Error::status), Some(500));
        let body = error.map(|error| error.body()).unwrap_or_default();
        assert_eq!(
            String::from_utf8_lossy(&body),
            r#"{"errors":[{"type":"system","message":"An internal error occurred. Please report the request id."}]}"#
        );
    }
}
