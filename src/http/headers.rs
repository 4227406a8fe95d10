//! The headers of answers (docs/WIRE.md, D4 and D5).

use std::sync::Arc;
use std::time::Duration;

use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::{Response, StatusCode};

use crate::engine::error::Error;
use crate::server::app::App;
use crate::server::listen::Body;
use crate::wire::entity_tag;

pub const JSON: HeaderValue = HeaderValue::from_static("application/json; charset=utf-8");
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const RUNTIME: HeaderName = HeaderName::from_static("x-runtime");

/// What a body without a content type was read as, if that failed.
pub const READ_AS: HeaderName = HeaderName::from_static("invited-read-as");
pub const FORM: HeaderValue = HeaderValue::from_static("application/x-www-form-urlencoded");

/// Says that the clock is frozen, so a client that waits for a rate limit would wait for ever.
pub const CLOCK: HeaderName = HeaderName::from_static("invited-clock");
pub const FROZEN: HeaderValue = HeaderValue::from_static("frozen; POST /sandbox/clock/advance ends the wait");

/// Headers of an ordinary answer, with some to spare.
const USUAL_HEADERS: usize = 16;

/// Headers that every answer has. `Cache-Control` may be set otherwise by a page.
static ALWAYS: [(HeaderName, HeaderValue); 6] = [
    (header::CACHE_CONTROL, HeaderValue::from_static("no-cache, no-store")),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::X_FRAME_OPTIONS, HeaderValue::from_static("SAMEORIGIN")),
    (header::X_XSS_PROTECTION, HeaderValue::from_static("1; mode=block")),
    (HeaderName::from_static("x-download-options"), HeaderValue::from_static("noopen")),
    (HeaderName::from_static("x-permitted-cross-domain-policies"), HeaderValue::from_static("none")),
];

/// An answer with JSON. A success has a weak `ETag` of its body.
pub fn json(status: u16, body: Vec<u8>) -> Response<Body> {
    let tag = (status == 200).then(|| entity_tag::of(&body));
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = with_room(status, Body::from(body));
    response.headers_mut().insert(header::CONTENT_TYPE, JSON);
    if let Some(tag) = tag.and_then(|tag| HeaderValue::try_from(tag).ok()) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    response
}

/// A response that need not grow for the headers that every answer has.
fn with_room(status: StatusCode, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = HeaderMap::with_capacity(USUAL_HEADERS);
    response
}

/// A 204.
pub fn empty() -> Response<Body> {
    with_room(StatusCode::NO_CONTENT, Body::default())
}

/// The answer to a refused request, in the shape of the API's errors. It carries the error along, for the log line and
/// for pages, which show it differently.
pub fn error(error: Error) -> Response<Body> {
    let mut response = json(error.status(), error.body());
    refuse(response.headers_mut(), &error);
    response.extensions_mut().insert(Arc::new(error));
    response
}

/// The records that are in the way of elements of a body: `0=17, 3=20` says that record 17 is in the way of the first.
const EXISTING: HeaderName = HeaderName::from_static("invited-existing");

/// Adds what an answer to a refused request has, whatever its body: when to try again, what is in its way, and that the
/// connection ends.
pub fn refuse(headers: &mut HeaderMap, error: &Error) {
    let in_the_way: Vec<String> = error.in_the_way().iter().map(|(index, id)| format!("{index}={id}")).collect();
    if let Some(existing) = HeaderValue::from_str(&in_the_way.join(", ")).ok().filter(|_| !in_the_way.is_empty()) {
        headers.insert(EXISTING, existing);
    }
    if let Some(seconds) = error.retry_after() {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    if matches!(error, Error::TooSlow | Error::TooLarge(_)) {
        // The rest of the body is not read, so nothing else can follow on this connection.
        headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
}

/// For answers that hold a secret or lead to one: they are not stored, and the next page does not learn their address.
pub fn keep_private(headers: &mut HeaderMap) {
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
}

/// Adds what every answer has.
pub fn complete(headers: &mut HeaderMap, request_id: &str, elapsed: Duration) {
    for (name, value) in &ALWAYS {
        if !headers.contains_key(name) {
            headers.insert(name, value.clone());
        }
    }
    if let Ok(id) = HeaderValue::from_str(request_id) {
        headers.insert(REQUEST_ID, id);
    }
    if let Ok(runtime) = HeaderValue::try_from(format!("{}.{:06}", elapsed.as_secs(), elapsed.subsec_micros())) {
        headers.insert(RUNTIME, runtime);
    }
}

/// The client's own request id where it is harmless, else a fresh random UUID.
pub fn request_id(app: &App, headers: &HeaderMap) -> String {
    let given = headers.get(REQUEST_ID).and_then(|id| id.to_str().ok());
    let is_harmless = |id: &&str| {
        (1..=255).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    };
    match given.filter(is_harmless) {
        Some(id) => id.to_owned(),
        None => app.entropy.bytes().map_or_else(|_| "unknown".to_owned(), |bytes| uuid(&bytes)),
    }
}

/// A UUID of version 4 (RFC 9562, section 5.4).
fn uuid(random: &[u8; 32]) -> String {
    let bits = random.iter().take(16).fold(0, |bits: u128, byte| bits << 8 | u128::from(*byte));
    let bits = bits & !(0xf << 76) & !(0b11 << 62) | 0x4 << 76 | 0b10 << 62;
    let mut text = format!("{bits:032x}");
    [8, 13, 18, 23].into_iter().for_each(|place| text.insert(place, '-'));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uuid_has_its_version_and_its_variant() {
        assert_eq!(uuid(&[0xff; 32]), "ffffffff-ffff-4fff-bfff-ffffffffffff");
        assert_eq!(uuid(&[0x00; 32]), "00000000-0000-4000-8000-000000000000");
    }
}
