//! `GET /sandbox/inspector`: the latest requests on a page, for debugging a client.

use axum::response::Response;
use hyper::StatusCode;
use minijinja::context;

use crate::engine::error::Error;
use crate::http::html;
use crate::http::sandbox::extract::Control;
use crate::http::sandbox::har;
use crate::ids::FaultId;
use crate::sandbox::journal::{Exchange, Wanted};
use crate::wire::kind;

/// Requests that the page shows.
const SHOWN: usize = 200;

pub async fn show(control: Control) -> Result<Response, Error> {
    let exchanges = control.sandbox.journal.read(&Wanted::default());
    let base_url = control.app.base_url();
    let line = |exchange: &Exchange| {
        context! {
            status => exchange.status.map_or_else(|| "no answer".to_owned(), |status| status.to_string()),
            method => exchange.method.as_str(),
            target => exchange.target(),
            at => kind::time(exchange.at.0),
            milliseconds => exchange.microseconds / 1_000,
            fault => exchange.fault.map(FaultId::get),
            ignored => exchange.ignored.as_deref(),
            curl => har::line(exchange, &base_url),
            answer => readable(&exchange.response_body),
        }
    };
    let lines: Vec<_> = exchanges.iter().rev().take(SHOWN).map(line).collect();
    html::page(StatusCode::OK, "sandbox/requests.html", &context! { lines }, "")
}

/// A body for people: JSON is indented.
fn readable(body: &[u8]) -> String {
    let json: Option<serde_json::Value> = serde_json::from_slice(body).ok();
    let pretty = json.and_then(|json| serde_json::to_string_pretty(&json).ok());
    pretty.unwrap_or_else(|| String::from_utf8_lossy(body).into_owned())
}
