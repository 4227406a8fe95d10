//! A request to one of the pages or endpoints beside the API, before its body is read.

use std::net::IpAddr;
use std::sync::Arc;

use hyper::header::{self, HeaderValue};
use hyper::http::request::Parts;
use hyper::{Response, StatusCode};

use crate::clock::Stopwatch;
use crate::engine::error::Error;
use crate::engine::limits::Kind;
use crate::engine::tokens;
use crate::http::{html, request};
use crate::server::app::App;
use crate::server::listen::{Body, RequestBody};
use crate::store::Db;
use crate::wire::params::Tree;

/// A request without its body.
pub struct Visit<'a> {
    /// The parts of the server.
    pub app: &'a Arc<App>,
    /// Method, path and headers.
    pub head: Parts,
    /// From where it comes.
    pub peer: IpAddr,
    /// Its id.
    pub request_id: &'a str,
    /// Since when it is read.
    pub since: Stopwatch,
}

impl Visit<'_> {
    /// The parameters of query and body together.
    pub async fn params(&self, body: RequestBody) -> Result<Tree, Error> {
        request::query_and_body(self.app, &self.head.uri, &self.head.headers, body, self.since).await
    }

    /// The parameters of the body alone, for secrets, which have no place in an address.
    pub async fn body(&self, body: RequestBody) -> Result<Tree, Error> {
        request::body(self.app, &self.head.headers, body, self.since).await
    }

    /// Carries out a write, unless writes are switched off for maintenance.
    pub async fn write<T: Send + 'static>(
        &self,
        work: impl FnMut(&mut Db) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        self.app.require_writes()?;
        self.app.store.write(work).await
    }

    /// Counts an attempt with a secret for the network that it comes from.
    pub fn limit_attempts(&self) -> Result<(), Error> {
        self.app.limits.take(Kind::SignInOfPeer, bucket(&network(self.peer)), self.app.clock.now())
    }
}

/// A parameter that is text; a blank one is as good as absent (RFC 6749, section 3.1).
pub fn text(params: &Tree, name: &str) -> Option<String> {
    params.get(name)?.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}

/// Sends the browser elsewhere.
pub fn redirect(status: StatusCode, location: &str) -> Result<Response<Body>, Error> {
    let location = HeaderValue::try_from(location).map_err(|cause| Error::Internal(cause.to_string()))?;
    let mut response = Response::new(Body::default());
    *response.status_mut() = status;
    response.headers_mut().insert(header::LOCATION, location);
    html::keep_private(response.headers_mut());
    Ok(response)
}

/// The part of a network address that one customer has: all of an IPv4 address, half of an IPv6 one.
fn network(peer: IpAddr) -> String {
    match peer.to_canonical() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => format!("{:x?}", &address.segments()[..4]),
    }
}

/// The bucket of a text.
pub fn bucket(text: &str) -> i64 {
    let mut first = [0; 8];
    first.copy_from_slice(&tokens::hash(text)[..8]);
    i64::from_be_bytes(first)
}
