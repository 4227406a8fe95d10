//! Mails over real SMTP: their contents, their transport, and what happens to undeliverable ones.
//!
//! Two mail servers receive them. `server` is third-party software that follows the standards, so it understands what
//! others understand. `support::sink` is our own and misbehaves on request. The worker is off, so each test decides
//! when mails are sent.

mod arrival;
mod canceled;
mod encryption;
mod hello;
mod injection;
mod links;
pub(crate) mod server;
mod trouble;

use serde_json::{Value, json};

use crate::support::{Server, Sink, token};

/// A server that sends to a sink, unencrypted, with a timeout of three seconds.
fn sender(sink: &Sink) -> Server {
    sender_with(sink, &[])
}

/// The same with further settings.
fn sender_with(sink: &Sink, settings: &[(&'static str, &str)]) -> Server {
    let address = sink.setting();
    let usual = [("mail", address.as_str()), ("mail_starttls", "none"), ("mail_timeout", "3")];
    Server::start_with(&[&usual, settings].concat())
}

/// Invites as the administrator; returns the invitation's id.
#[track_caller]
fn invite(server: &Server, full_name: &str, email_address: &str) -> String {
    server.invite(&json!({"full_name": full_name, "email_address": email_address}))
}

/// The mails of an invitation as the administrator sees them, newest first.
#[track_caller]
fn mails(server: &Server, invitation: &str) -> Vec<Value> {
    let path = format!("/invitations/{invitation}/mails");
    let answer = server.request_at_root("GET", &path).bearer(token::ADMINISTRATOR).send().expect(200);
    answer.json()["mails"].as_array().expect("mails are a list").clone()
}

/// The only mail of an invitation: its state and the last reply.
#[track_caller]
fn only_mail(server: &Server, invitation: &str) -> (String, String) {
    let mails = mails(server, invitation);
    let [mail] = mails.as_slice() else { panic!("not exactly one mail: {mails:?}") };
    let text = |name: &str| mail[name].as_str().unwrap_or_default().to_owned();
    (text("state"), text("last_reply"))
}

/// Expects the state of an invitation's only mail, and words of the last reply.
#[track_caller]
fn expect_mail(server: &Server, invitation: &str, state: &str, words: &str) {
    let (found, reply) = only_mail(server, invitation);
    assert_eq!(found, state, "{reply}");
    assert!(reply.contains(words), "{words:?} is not in {reply:?}");
}

/// The only link to a page in a text.
#[track_caller]
fn link<'a>(server: &Server, text: &'a str) -> &'a str {
    let beginning = format!("http://{}/invitations/", server.address());
    let found: Vec<&str> =
        text.split(['"', ' ', '\r', '\n', '<', '>']).filter(|word| word.starts_with(&beginning)).collect();
    let [link] = found.as_slice() else { panic!("not exactly one link in {text}") };
    assert_eq!(text.matches("://").count(), 1, "there is another URL in {text}");
    link
}

/// The status of the page behind a link.
#[track_caller]
fn page_status(server: &Server, link: &str) -> u16 {
    let path = link.trim_start_matches(&format!("http://{}", server.address()));
    server.request_at_root("GET", path).send().status
}
