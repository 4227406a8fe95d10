//! `/sandbox/requests`: recorded requests and answers, as JSON, HTTP archive, lines of curl, or a page.

use std::num::NonZero;

use axum::response::{IntoResponse as _, Response};
use hyper::{StatusCode, Uri};
use minijinja::context;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::clock::Timestamp;
use crate::engine::error::Error;
use crate::http::extract::text;
use crate::http::json::Json;
use crate::http::router::Parameters;
use crate::http::sandbox::curl;
use crate::http::sandbox::extract::Control;
use crate::http::sandbox::har::{self, Header};
use crate::http::{headers, html, request};
use crate::ids::{AccountId, ExchangeId, FaultId, UserId};
use crate::sandbox::exchange::RecordedExchange;
use crate::sandbox::journal::Wanted;
use crate::wire::kind;
use crate::wire::params::Tree;

pub const QUERY: Parameters = &[
    ("format", "json (the default), har for an HTTP archive (1.2), or curl for one command per line.", "string"),
    ("after", "Only requests with a higher id.", "integer"),
    ("limit", "At most this many, oldest first.", "integer"),
    ("method", "Only requests with this method.", "string"),
    ("path", "Only requests whose path matches; `*` stands for any text.", "string"),
    ("status", "Only requests with this status.", "integer"),
    ("account_id", "Only requests of this account's callers.", "string"),
];

/// Requests that the page shows.
const SHOWN: usize = 200;

/// Requests and answers, at most a few megabytes at once.
#[derive(Serialize, JsonSchema)]
pub struct RequestList {
    requests: Vec<RecordedRequest>,
    /// Present only if there are more: send it as `after` to get them.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_after: Option<ExchangeId>,
}

/// A request and its answer.
#[derive(Serialize, JsonSchema)]
struct RecordedRequest {
    id: ExchangeId,
    at: Timestamp,
    method: String,
    /// With the query.
    path: String,
    request_headers: Vec<Header>,
    /// As much of it as was read, up to 64 KiB.
    request_body: String,
    /// How many bytes of it were read.
    request_body_size: usize,
    /// null if the connection ended without an answer.
    status: Option<u16>,
    response_headers: Vec<Header>,
    /// Up to 64 KiB of it.
    response_body: String,
    response_body_size: usize,
    microseconds: u64,
    operation: &'static str,
    account_id: Option<AccountId>,
    user_id: Option<UserId>,
    fault_id: Option<FaultId>,
    /// The parameters that had no effect.
    ignored: Option<String>,
}

pub async fn list(control: Control, uri: Uri) -> Result<Response, Error> {
    let params = request::query(&uri)?;
    let wanted = Wanted {
        after: number(&params, "after")?.unwrap_or_default(),
        method: text(&params, "method"),
        path: text(&params, "path"),
        status: number(&params, "status")?,
        account_id: number(&params, "account_id")?,
        limit: number(&params, "limit")?.map(NonZero::get),
    };
    let page = control.sandbox.journal.read(&wanted);
    let next_after = page.last_of_cut();
    let base_url = &control.app.base_url();
    match text(&params, "format").as_deref() {
        None | Some("json") => {
            let requests = page.exchanges.into_iter().map(RecordedRequest::from).collect();
            Ok(Json(RequestList { requests, next_after }).into_response())
        }
        Some("har") => Ok(headers::json(200, har::archive(&page, base_url).into_bytes()).into_response()),
        Some("curl") => {
            let mut lines: String =
                page.exchanges.iter().map(|exchange| curl::line(exchange, base_url) + "\n").collect();
            if let Some(last) = next_after {
                lines.push_str(&format!("# There are more: ask with after={last}.\n"));
            }
            Ok(lines.into_response())
        }
        Some(_) => Err(Error::Syntax("format must be json, har or curl.".to_owned())),
    }
}

pub async fn forget(control: Control) -> StatusCode {
    control.sandbox.journal.clear();
    StatusCode::NO_CONTENT
}

fn number<T: std::str::FromStr>(params: &Tree, name: &str) -> Result<Option<T>, Error> {
    let wrong = |_| Error::Syntax(format!("{name} must be a whole number."));
    text(params, name).map(|text| text.parse().map_err(wrong)).transpose()
}

impl From<RecordedExchange> for RecordedRequest {
    fn from(exchange: RecordedExchange) -> Self {
        let (account_id, user_id) = exchange.caller.unzip();
        Self {
            id: exchange.id,
            at: exchange.at,
            method: exchange.method.to_string(),
            path: exchange.target().to_owned(),
            request_headers: har::headers(&exchange.request_headers),
            request_body: String::from_utf8_lossy(&exchange.request_body.kept).into_owned(),
            request_body_size: exchange.request_body.length,
            status: exchange.status,
            response_headers: har::headers(&exchange.response_headers),
            response_body: String::from_utf8_lossy(&exchange.response_body.kept).into_owned(),
            response_body_size: exchange.response_body.length,
            microseconds: exchange.microseconds,
            operation: exchange.operation,
            account_id,
            user_id,
            fault_id: exchange.fault,
            ignored: exchange.ignored,
        }
    }
}

/// The latest requests on a page, for debugging a client.
pub async fn inspect(control: Control) -> Result<Response, Error> {
    let page = control.sandbox.journal.latest(SHOWN);
    let base_url = control.app.base_url();
    let line = |exchange: &RecordedExchange| {
        context! {
            status => exchange.status.map_or_else(|| "no answer".to_owned(), |status| status.to_string()),
            method => exchange.method.as_str(),
            target => exchange.target(),
            at => kind::time(exchange.at.0),
            milliseconds => format!("{}.{}", exchange.microseconds / 1_000, exchange.microseconds % 1_000 / 100),
            fault => exchange.fault.map(FaultId::get),
            ignored => exchange.ignored.as_deref(),
            curl => curl::line(exchange, &base_url),
            answer => readable(&exchange.response_body.kept),
        }
    };
    let lines: Vec<_> = page.exchanges.iter().map(line).collect();
    html::page(StatusCode::OK, "sandbox/requests.html", &context! { lines }, "")
}

/// A body for people: JSON is indented.
fn readable(body: &[u8]) -> String {
    let json: Option<Value> = serde_json::from_slice(body).ok();
    let pretty = json.and_then(|json| serde_json::to_string_pretty(&json).ok());
    pretty.unwrap_or_else(|| String::from_utf8_lossy(body).into_owned())
}
