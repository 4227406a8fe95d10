//! Mails over real SMTP: what arrives, how it gets there, and what becomes of those that do not.
//!
//! Two mail servers take them. One is of another make and does everything right (`server`), so that what it understands
//! is what the rest of the world understands. The other is our own and misbehaves where a story wants it to
//! (`support::sink`). No story sends a mail before it says so: the worker is off.

mod arrival;
mod canceled;
mod encryption;
mod injection;
pub(crate) mod server;
mod trouble;

use serde_json::{Value, json};

use crate::support::{Server, Sink, token};

/// A server of ours that sends to a sink, unencrypted, and waits three seconds at most.
fn sender(sink: &Sink) -> Server {
    sender_with(sink, &[])
}

/// The same with some further settings.
fn sender_with(sink: &Sink, settings: &[(&'static str, &str)]) -> Server {
    let address = sink.setting();
    let usual = [("mail", address.as_str()), ("mail_starttls", "none"), ("mail_timeout", "3")];
    Server::start_with(&[&usual, settings].concat())
}

/// The administrator invites somebody with an address of their own; the answer is the invitation's id.
#[track_caller]
fn invite(server: &Server, full_name: &str, email_address: &str) -> String {
    server.invite(&json!({"full_name": full_name, "email_address": email_address}))
}

/// What the administrator is told about the mails of an invitation, the newest first.
#[track_caller]
fn mails(server: &Server, invitation: &str) -> Vec<Value> {
    let path = format!("/invitations/{invitation}/mails");
    let answer = server.request_at_root("GET", &path).bearer(token::ADMINISTRATOR).send().expect(200);
    answer.json()["mails"].as_array().expect("mails are a list").clone()
}

/// The only mail of an invitation: its state, and what was said last.
#[track_caller]
fn only_mail(server: &Server, invitation: &str) -> (String, String) {
    let mails = mails(server, invitation);
    let [mail] = mails.as_slice() else { panic!("there is not one mail: {mails:?}") };
    let text = |name: &str| mail[name].as_str().unwrap_or_default().to_owned();
    (text("state"), text("last_reply"))
}

/// Expects that the only mail of an invitation is in a state, and what was said to contain some words.
#[track_caller]
fn expect_mail(server: &Server, invitation: &str, state: &str, words: &str) {
    let (found, reply) = only_mail(server, invitation);
    assert_eq!(found, state, "{reply}");
    assert!(reply.contains(words), "{words:?} is not in {reply:?}");
}

/// The one address of a page that stands in a text.
#[track_caller]
fn link<'a>(server: &Server, text: &'a str) -> &'a str {
    let beginning = format!("http://{}/invitations/", server.address());
    let found: Vec<&str> =
        text.split(['"', ' ', '\r', '\n', '<', '>']).filter(|word| word.starts_with(&beginning)).collect();
    let [link] = found.as_slice() else { panic!("there is not one link in {text}") };
    assert_eq!(text.matches("://").count(), 1, "there is another address in {text}");
    link
}

/// The status of the page behind a link.
#[track_caller]
fn page_status(server: &Server, link: &str) -> u16 {
    let path = link.trim_start_matches(&format!("http://{}", server.address()));
    server.request_at_root("GET", path).send().status
}
