//! Recorded requests as an HTTP archive, version 1.2, for browser tools.

use std::time::Duration;

use hyper::HeaderMap;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value as Json, json};

use crate::clock::Timestamp;
use crate::sandbox::exchange::{RecordedExchange, texts};
use crate::sandbox::journal::Page;

/// A name and a value; a name can repeat.
#[derive(Serialize, JsonSchema)]
pub struct Header {
    name: String,
    value: String,
}

pub fn headers(headers: &HeaderMap) -> Vec<Header> {
    texts(headers).map(|(name, value)| Header { name: name.to_owned(), value }).collect()
}

pub fn archive(page: &Page, base_url: &str) -> String {
    let entries: Vec<Json> = page.exchanges.iter().map(|exchange| entry(exchange, base_url)).collect();
    let creator = json!({"name": "invited", "version": env!("CARGO_PKG_VERSION")});
    let mut log = json!({"version": "1.2", "creator": creator, "entries": entries});
    if let Some(last) = page.last_of_cut() {
        log["comment"] = format!("There are more: ask with after={last}.").into();
    }
    json!({"log": log}).to_string()
}

fn entry(exchange: &RecordedExchange, base_url: &str) -> Json {
    // The format wants milliseconds, and allows fractions.
    let milliseconds = Duration::from_micros(exchange.microseconds).as_secs_f64() * 1_000.0;
    let url = format!("{base_url}{}", exchange.target());
    let mut request = json!({
        "method": exchange.method.as_str(),
        "url": url,
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": headers(&exchange.request_headers),
        "queryString": query(exchange),
        "headersSize": -1,
        "bodySize": exchange.request_body.length,
    });
    if !exchange.request_body.kept.is_empty() {
        request["postData"] = json!({
            "mimeType": header(&exchange.request_headers, "content-type"),
            "text": String::from_utf8_lossy(&exchange.request_body.kept),
        });
    }
    json!({
        "startedDateTime": moment(exchange.at),
        "time": milliseconds,
        "request": request,
        "response": {
            // 0 means that the connection ended without an answer.
            "status": exchange.status.unwrap_or_default(),
            "statusText": "",
            "httpVersion": "HTTP/1.1",
            "cookies": [],
            "headers": headers(&exchange.response_headers),
            "content": {
                "size": exchange.response_body.length,
                "mimeType": header(&exchange.response_headers, "content-type"),
                "text": String::from_utf8_lossy(&exchange.response_body.kept),
            },
            "redirectURL": header(&exchange.response_headers, "location"),
            "headersSize": -1,
            "bodySize": exchange.response_body.length,
        },
        "cache": {},
        "timings": {"send": 0, "wait": milliseconds, "receive": 0},
    })
}

/// A moment to the microsecond. Empty outside the years 1 to 9999, which no clock of ours reaches.
fn moment(at: Timestamp) -> String {
    jiff::Timestamp::from_microsecond(at.0).map(|at| format!("{at:.6}")).unwrap_or_default()
}

fn query(exchange: &RecordedExchange) -> Vec<Json> {
    let text = exchange.target().split_once('?').map_or("", |(_, query)| query);
    let decode =
        |text: &str| percent_encoding::percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned();
    let parameter = |pair: &str| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        json!({"name": decode(name), "value": decode(value)})
    };
    text.split('&').filter(|pair| !pair.is_empty()).map(parameter).collect()
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}
