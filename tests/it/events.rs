//! Subscribed events: what those who poll are told, and how they ask.
//!
//! - `told`: which change is which event, and what is none.
//! - `asked`: filters, order, pages, the nine days, payloads, the subject, the types.
//! - `poller`: a client that polls misses nothing and handles nothing twice.

mod asked;
mod poller;
mod told;

use serde_json::{Value, json};

use crate::support::{Answer, Server, token};

/// The list of events with a query string, as an administrator sees it.
#[track_caller]
fn ask(server: &Server, query: &str) -> Answer {
    server.get(&format!("/subscribed_events?{query}")).bearer(token::ADMINISTRATOR).send().expect(200)
}

/// The events of the first account since an id, in the order of their ids: type and id of the subject.
#[track_caller]
fn since(server: &Server, last: i64) -> Vec<String> {
    let mut events = ask(server, "per_page=200").records();
    events.sort_by_key(id_of);
    let line = |event: &Value| format!("{} {}", event["event_type"].as_str().unwrap(), event["subject_id"]);
    events.iter().filter(|event| id_of(event) > last).map(line).collect()
}

fn id_of(event: &Value) -> i64 {
    event["id"].as_str().unwrap().parse().unwrap()
}

/// The id of the last row of the trail.
fn last(server: &Server) -> i64 {
    server.number("SELECT coalesce(max(id), 0) FROM audit")
}

/// What the administrator's request is told as.
#[track_caller]
fn told(server: &Server, method: &str, path: &str, body: &Value) -> Vec<String> {
    let before = last(server);
    write(server, method, path, body);
    since(server, before)
}

#[track_caller]
fn write(server: &Server, method: &str, path: &str, body: &Value) -> Answer {
    let request = server.request(method, path).bearer(token::ADMINISTRATOR);
    let answer = if body.is_null() { request.send() } else { request.json(body).send() };
    assert!([200, 204].contains(&answer.status), "{answer}");
    answer
}

/// A role that the administrator makes; its id.
fn role(server: &Server, name: &str) -> String {
    write(server, "POST", "/roles", &json!({"role": {"name": name}})).ids().remove(0)
}
