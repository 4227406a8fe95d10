//! `GET /sandbox/inspector`: the latest requests on a page, for debugging a client.

use axum::extract::State;
use axum::response::Response;
use hyper::StatusCode;
use serde::Serialize;

use crate::engine::error::Error;
use crate::http::html;
use crate::http::sandbox::extract::Control;
use crate::http::sandbox::har;
use crate::sandbox::journal::{Exchange, Wanted};
use crate::wire::kind;

/// Requests that the page shows.
const SHOWN: usize = 200;

#[derive(Serialize)]
struct InspectorPage {
    lines: Vec<Line>,
}

#[derive(Serialize)]
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

pub async fn show(State(control): State<Control>) -> Result<Response, Error> {
    let exchanges = control.sandbox.journal.read(&Wanted::default());
    let base_url = control.app.base_url();
    let lines = exchanges.iter().rev().take(SHOWN).map(|exchange| Line::of(exchange, &base_url)).collect();
    html::page(StatusCode::OK, "sandbox/requests.html", &InspectorPage { lines }, "")
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

/// A body for people: JSON is indented.
fn readable(body: &[u8]) -> String {
    let json: Option<serde_json::Value> = serde_json::from_slice(body).ok();
    let pretty = json.and_then(|json| serde_json::to_string_pretty(&json).ok());
    pretty.unwrap_or_else(|| String::from_utf8_lossy(body).into_owned())
}
