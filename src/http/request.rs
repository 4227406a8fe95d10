//! What is read of a request: the token, and the parameters of query and body.

use std::error::Error as StdError;
use std::sync::Arc;

use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::Uri;
use hyper::body::{Body, Bytes};
use hyper::header::{self, HeaderMap};
use hyper::http::request::Parts;
use tokio::time::Instant;

use crate::engine::access::Caller;
use crate::engine::error::Error;
use crate::engine::tokens;
use crate::http::call::Call;
use crate::server::app::App;
use crate::wire::params::{self, Params, Tree};

/// How many times a write is judged if its caller keeps changing.
const MOST_JUDGED: usize = 3;

/// The body of a request, from the accept loop or from the router.
pub trait Incoming: Body<Data = Bytes, Error: Into<Box<dyn StdError + Send + Sync>>> {}

impl<B: Body<Data = Bytes, Error: Into<Box<dyn StdError + Send + Sync>>>> Incoming for B {}

/// The bearer token of a request (docs/WIRE.md, C18).
///
/// A wrong header is not compensated by the query string.
fn token(app: &App, uri: &Uri, headers: &HeaderMap) -> Result<String, Error> {
    let mut given = headers.get_all(header::AUTHORIZATION).iter();
    let token = match (given.next(), given.next()) {
        (Some(only), None) => only.to_str().ok().and_then(bearer).map(str::to_owned),
        (None, _) if app.config.token_in_query => {
            // An unreadable query string holds no token; the error about it comes later.
            let query = params::query(uri.query().unwrap_or_default()).unwrap_or_default();
            query.tree.get("access_token").and_then(|token| token.as_str()).map(str::to_owned)
        }
        _ => None,
    };
    token.ok_or(Error::Unauthenticated)
}

/// `Bearer` in any case, blanks, and the token.
fn bearer(header: &str) -> Option<&str> {
    let (scheme, token) = header.trim().split_once([' ', '\t'])?;
    let token = token.trim_start();
    let is_token = !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic());
    (scheme.eq_ignore_ascii_case("bearer") && is_token).then_some(token)
}

/// The caller behind the token of a request.
pub async fn caller(app: &App, uri: &Uri, headers: &HeaderMap) -> Result<Arc<Caller>, Error> {
    let token = tokens::hash(&token(app, uri, headers)?);
    app.callers.find(&app.store, token).await?.ok_or(Error::Unauthenticated)
}

/// Carries out a write of a permitted caller. A write that finds its caller changed ([`Error::CallerChanged`]) is
/// judged again, with the caller as it is now.
pub async fn write_as<T, W: Future<Output = Result<T, Error>>>(
    app: &App,
    head: &Parts,
    mut caller: Arc<Caller>,
    permit: impl Fn(&Caller) -> Result<(), Error>,
    write: impl Fn(Arc<Caller>) -> W,
) -> Result<T, Error> {
    for _ in 1..MOST_JUDGED {
        match write(Arc::clone(&caller)).await {
            Err(Error::CallerChanged) => {
                let token = tokens::hash(&token(app, &head.uri, &head.headers)?);
                caller = app.callers.find_anew(&app.store, token).await?.ok_or(Error::Unauthenticated)?;
                permit(&caller)?;
            }
            written => return written,
        }
    }
    write(caller).await
}

/// The parameters of the query string.
pub fn query(uri: &Uri) -> Result<Tree, Error> {
    Ok(query_params(uri)?.tree)
}

/// The same, with what was lost.
pub fn query_params(uri: &Uri) -> Result<Params, Error> {
    Ok(params::query(uri.query().unwrap_or_default())?)
}

/// The parameters of query and body together (docs/WIRE.md, C1).
pub async fn params(call: &Call, head: &Parts, body: impl Incoming) -> Result<Params, Error> {
    let query = query_params(&head.uri)?;
    Ok(params::merge(query, body_params(call, &head.headers, body).await?))
}

/// The parameters of the body alone.
pub async fn body(call: &Call, headers: &HeaderMap, body: impl Incoming) -> Result<Tree, Error> {
    Ok(body_params(call, headers, body).await?.tree)
}

async fn body_params(call: &Call, headers: &HeaderMap, body: impl Incoming) -> Result<Params, Error> {
    let bytes = collect(call, body).await?;
    let header = |name| headers.get(name).map(header::HeaderValue::as_bytes);
    note_type(call, header(header::CONTENT_TYPE), &bytes);
    Ok(params::body(header(header::CONTENT_TYPE), header(header::CONTENT_ENCODING), &bytes)?)
}

/// Remembers that a body came without a type, and was read as a form.
pub fn note_type(call: &Call, content_type: Option<&[u8]>, body: &[u8]) {
    if !body.is_empty() && content_type.is_none_or(|kind| kind.trim_ascii().is_empty()) {
        let _ = call.is_read_as_form.set(());
    }
}

/// The whole body, within the limits of size and time (docs/WIRE.md, C20, C21).
pub async fn collect(call: &Call, body: impl Incoming) -> Result<Bytes, Error> {
    collect_up_to(call, call.app.config.body_limit, body).await
}

/// The same with a limit of its own, in bytes.
pub async fn collect_up_to(call: &Call, limit: usize, body: impl Incoming) -> Result<Bytes, Error> {
    if body.is_end_stream() {
        return Ok(Bytes::new());
    }
    if body.size_hint().lower() > limit as u64 {
        return Err(Error::TooLarge(limit));
    }
    match tokio::time::timeout_at(deadline(call), Limited::new(body, limit).collect()).await {
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(cause)) if cause.is::<LengthLimitError>() => Err(Error::TooLarge(limit)),
        Ok(Err(_)) => Err(Error::Syntax("The request body could not be read.".to_owned())),
        Err(_) => Err(Error::TooSlow),
    }
}

/// When the body must have arrived.
fn deadline(call: &Call) -> Instant {
    Instant::from_std(call.since.deadline(call.app.config.bounds.body_timeout))
}

/// Until when a body may wait to be read: half of its time, so that it can still arrive in the other half.
pub fn patience(call: &Call) -> Instant {
    Instant::from_std(call.since.deadline(call.app.config.bounds.body_timeout / 2))
}
