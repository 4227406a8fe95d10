//! Client authentication: HTTP Basic, or parameters (RFC 6749, section 2.3.1).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::header::{self, HeaderMap};
use percent_encoding::percent_decode_str;

use crate::engine::limits::Limit;
use crate::http::extract::{Visit, text};
use crate::http::oauth::refused::Refused;
use crate::oauth::applications::{self, Application};
use crate::oauth::exchange::UNKNOWN_CLIENT;
use crate::oauth::refusal::{Code, Refusal, refusal};
use crate::store::Db;
use crate::wire::params::Tree;

/// Authenticates the application and counts its request.
pub async fn authenticate(visit: &Visit, params: &Tree) -> Result<Application, Refused> {
    let refused = if uses_basic(&visit.head.headers) { Refused::Basic } else { Refused::Request };
    let (client_id, secret) = credentials(&visit.head.headers, params).map_err(refused)?;
    let authenticate = move |db: &mut Db| applications::authenticate(db, &client_id, &secret);
    let application = visit.app.store.read(authenticate).await?.ok_or(refused(UNKNOWN_CLIENT))?;
    visit.app.limits.take(Limit::TokenRequest, application.id.get(), visit.app.clock.now())?;
    Ok(application)
}

fn uses_basic(headers: &HeaderMap) -> bool {
    headers.get_all(header::AUTHORIZATION).iter().any(|value| {
        let scheme = value.as_bytes().split(|byte| *byte == b' ').next().unwrap_or_default();
        scheme.eq_ignore_ascii_case(b"basic")
    })
}

/// Client id and secret.
fn credentials(headers: &HeaderMap, params: &Tree) -> Result<(String, String), Refusal> {
    let (client_id, secret) = (text(params, "client_id"), text(params, "client_secret"));
    if !uses_basic(headers) {
        return client_id.zip(secret).ok_or(UNKNOWN_CLIENT);
    }
    let mut given = headers.get_all(header::AUTHORIZATION).iter();
    let only = given.next().filter(|_| given.next().is_none());
    let credentials = only.and_then(|only| basic(only.to_str().ok()?)).ok_or(UNKNOWN_CLIENT)?;
    if secret.is_some() || client_id.is_some_and(|client_id| client_id != credentials.0) {
        let sentence = "The application authenticates in two ways at once. Use either the header or the parameters.";
        return Err(refusal(Code::InvalidRequest, sentence));
    }
    Ok(credentials)
}

/// The credentials in a Basic header: both halves are form-encoded, then Base64.
fn basic(header: &str) -> Option<(String, String)> {
    let (_, encoded) = header.split_once(' ')?;
    let decoded = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (client_id, secret) = decoded.split_once(':')?;
    let decode = |half: &str| {
        let spaced = half.replace('+', " ");
        percent_decode_str(&spaced).decode_utf8().ok().map(std::borrow::Cow::into_owned)
    };
    Some((decode(client_id)?, decode(secret)?))
}
