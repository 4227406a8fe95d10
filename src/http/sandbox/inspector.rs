//! `GET /sandbox/inspector`: the latest requests on a page, for the person whose client does not do what it should.

use askama::Template;
use hyper::{Response, StatusCode};

use crate::engine::error::Error;
use crate::http::html::{self, STYLE};
use crate::http::sandbox::{Asked, har};
use crate::sandbox::journal::{Exchange, Wanted};
use crate::server::listen::Body;
use crate::wire::kind;

/// Requests that the page shows.
const SHOWN: usize = 200;

#[derive(Template)]
#[template(path = "sandbox/requests.html")]
struct Page {
    lines: Vec<Line>,
}

struct Line {
    status: String,
    method: String,
    target: String,
    at: String,
    milliseconds: u64,
    fault: Option<u64>,
    ignored: Option<String>,
    curl: String,
    answer: String,
}

/// The page.
pub(super) fn show(asked: &Asked<'_>) -> Result<Response<Body>, Error> {
    asked.query(&[])?;
    let exchanges = asked.sandbox.journal.read(&Wanted::default());
    let base_url = asked.visit.app.base_url();
    let lines = exchanges.iter().rev().take(SHOWN).map(|exchange| Line::of(exchange, &base_url)).collect();
    html::html(StatusCode::OK, &Page { lines }, "")
}

impl Line {
    fn of(exchange: &Exchange, base_url: &str) -> Self {
        Self {
            status: exchange.status.map_or_else(|| "no answer".to_owned(), |status| status.to_string()),
            method: exchange.method.as_str().to_owned(),
            target: exchange.target().to_owned(),
            at: kind::time(exchange.at.0),
            milliseconds: exchange.microseconds / 1_000,
            fault: exchange.fault,
            ignored: exchange.ignored.clone(),
            curl: har::line(exchange, base_url),
            answer: readable(&exchange.response_body),
        }
    }
}

/// A body as people read it: JSON with a line for each value.
fn readable(body: &[u8]) -> String {
    let json: Option<serde_json::Value> = serde_json::from_slice(body).ok();
    let pretty = json.and_then(|json| serde_json::to_string_pretty(&json).ok());
    pretty.unwrap_or_else(|| String::from_utf8_lossy(body).into_owned())
}
