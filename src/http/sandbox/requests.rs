//! `/sandbox/requests`: what was asked and answered, as JSON, as an HTTP archive, or as lines of curl.

use hyper::header::{self, HeaderMap, HeaderValue};
use hyper::{Response, StatusCode};

use crate::engine::error::Error;
use crate::http::headers;
use crate::http::object::{Object, array};
use crate::http::sandbox::{Asked, har};
use crate::http::visit::text;
use crate::sandbox::journal::{Exchange, Wanted, texts};
use crate::server::listen::Body;
use crate::wire::kind;
use crate::wire::params::Tree;

/// The requests that fit, oldest first.
pub(super) fn list(asked: &Asked<'_>) -> Result<Response<Body>, Error> {
    let params = asked.query(&["format", "after", "method", "path", "status", "account_id"])?;
    let wanted = Wanted {
        after: number(&params, "after")?.unwrap_or_default(),
        method: text(&params, "method"),
        path: text(&params, "path"),
        status: number(&params, "status")?,
        account_id: number(&params, "account_id")?,
    };
    let exchanges = asked.sandbox.journal.read(&wanted);
    let base_url = &asked.visit.app.base_url();
    match text(&params, "format").as_deref() {
        None | Some("json") => {
            let requests = array(exchanges.iter().map(object));
            Ok(Object::new().raw("requests", &requests).answer(StatusCode::OK))
        }
        Some("har") => Ok(headers::json(200, har::archive(&exchanges, base_url).into_bytes())),
        Some("curl") => Ok(plain(har::lines(&exchanges, base_url))),
        Some(_) => Err(Error::Syntax("format must be json, har or curl.".to_owned())),
    }
}

/// Forgets them.
pub(super) fn forget(asked: &Asked<'_>) -> Result<Response<Body>, Error> {
    asked.query(&[])?;
    asked.sandbox.journal.clear();
    Ok(headers::empty())
}

fn number<T: std::str::FromStr>(params: &Tree, name: &str) -> Result<Option<T>, Error> {
    let wrong = |_| Error::Syntax(format!("{name} must be a whole number."));
    text(params, name).map(|text| text.parse().map_err(wrong)).transpose()
}

fn plain(text: String) -> Response<Body> {
    let mut response = Response::new(Body::from(text));
    let plain = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, plain);
    response
}

fn object(exchange: &Exchange) -> Object {
    let (account, user) = exchange.caller.unzip();
    let object = Object::new()
        .text("id", &exchange.number.to_string())
        .text("at", &kind::time(exchange.at.0))
        .text("method", exchange.method.as_str())
        .text("path", exchange.target())
        .raw("request_headers", &pairs(&exchange.request_headers))
        .text("request_body", &String::from_utf8_lossy(&exchange.request_body));
    let object = match exchange.status {
        Some(status) => object.int("status", i64::from(status)),
        None => object.raw("status", b"null"),
    };
    object
        .raw("response_headers", &pairs(&exchange.response_headers))
        .text("response_body", &String::from_utf8_lossy(&exchange.response_body))
        .int("microseconds", i64::try_from(exchange.microseconds).unwrap_or(i64::MAX))
        .text("operation", exchange.operation)
        .text_or_null("account_id", account.map(|id| id.to_string()).as_deref())
        .text_or_null("user_id", user.map(|id| id.to_string()).as_deref())
        .text_or_null("fault_id", exchange.fault.map(|number| number.to_string()).as_deref())
        .text_or_null("ignored", exchange.ignored.as_deref())
}

/// Headers as one object for each, since a name may be there twice.
fn pairs(headers: &HeaderMap) -> Vec<u8> {
    array(texts(headers).map(|(name, value)| Object::new().text("name", name).text("value", &value)))
}
