//! What the handlers beside the API take of a request: axum extractors, and functions on what they bring.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::response::{IntoResponse as _, Response};
use hyper::StatusCode;
use hyper::header::{self, HeaderValue};
use hyper::http::request::Parts;

use crate::engine::access::Caller;
use crate::engine::context::Context;
use crate::engine::error::Error;
use crate::engine::limits::Limit;
use crate::engine::tokens;
use crate::http::call::Call;
use crate::http::{headers, request};
use crate::server::app::App;
use crate::store::Work;
use crate::wire::params::Tree;

/// A request without its body.
pub struct Visit {
    pub app: Arc<App>,
    pub call: Arc<Call>,
    /// Method, path and headers.
    pub head: Parts,
}

impl<S: Sync> FromRequestParts<S> for Visit {
    type Rejection = Error;

    async fn from_request_parts(head: &mut Parts, _: &S) -> Result<Self, Error> {
        let call = call(head)?;
        Ok(Self { app: Arc::clone(&call.app), call, head: head.clone() })
    }
}

/// The call that the server has put beside the request.
pub fn call(head: &Parts) -> Result<Arc<Call>, Error> {
    let call = head.extensions.get::<Arc<Call>>().map(Arc::clone);
    call.ok_or_else(|| Error::Internal("a request was routed without its call".to_owned()))
}

impl Visit {
    /// What a rule needs to write for a person who is known only by a secret.
    pub fn context(&self) -> Context {
        self.app.context(&Arc::new(Caller::unknown()), Some(&self.call.request_id))
    }

    /// Carries out a write, unless writes are switched off for maintenance.
    pub async fn write<T: Send + 'static>(&self, work: impl Work<T, Error>) -> Result<T, Error> {
        self.app.require_writes()?;
        self.app.store.write(work).await
    }

    /// Counts an attempt with a secret for the network that it comes from.
    pub fn limit_attempts(&self) -> Result<(), Error> {
        self.app.limits.take(Limit::SignInOfPeer, bucket(&network(self.call.request_id.client)), self.app.clock.now())
    }
}

/// Parameters with a secret. In an address they would end up in other people's logs and histories, and RFC 6749 forbids
/// that (section 2.3.1).
const SECRETS: &[&str] =
    &["access_token", "client_secret", "code", "code_verifier", "csrf_token", "password", "refresh_token", "token"];

/// The parameters of a body. Those of the query string are ignored, except that a secret among them is refused, so that
/// its sender learns of the mistake.
pub struct BodyParams(pub Tree);

impl<S: Sync> FromRequest<S> for BodyParams {
    type Rejection = Error;

    async fn from_request(request: Request, _: &S) -> Result<Self, Error> {
        let (head, body) = request.into_parts();
        let query = request::query(&head.uri)?;
        if let Some(secret) = SECRETS.iter().find(|name| query.contains_key(**name)) {
            return Err(Error::Syntax(format!("Send {secret} in the body of the request, never in its address.")));
        }
        Ok(Self(request::body(&*call(&head)?, &head.headers, body).await?))
    }
}

/// A parameter that is text; a blank one counts as absent (RFC 6749, section 3.1).
pub fn text(params: &Tree, name: &str) -> Option<String> {
    params.get(name)?.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}

/// Sends the browser elsewhere.
pub fn redirect(status: StatusCode, location: &str) -> Result<Response, Error> {
    let location = HeaderValue::try_from(location).map_err(|cause| Error::Internal(cause.to_string()))?;
    let mut response = (status, [(header::LOCATION, location)]).into_response();
    headers::keep_private(response.headers_mut());
    Ok(response)
}

/// The part of a network address that one customer has: all of an IPv4 address, half of an IPv6 one.
fn network(client: IpAddr) -> String {
    match client {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => format!("{:x?}", &address.segments()[..4]),
    }
}

/// The rate limit bucket of a text.
pub fn bucket(text: &str) -> i64 {
    let mut first = [0; 8];
    first.copy_from_slice(&tokens::hash(text)[..8]);
    i64::from_be_bytes(first)
}
