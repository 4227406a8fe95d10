//! `GET /sandbox/mailbox`: what the sandbox would have mailed.
//!
//! It is there in the sandbox alone, while mail stays in memory: the links in these mails are what makes members.

use std::time::Duration;

use hyper::{Method, Response, StatusCode, Uri};
use secrecy::ExposeSecret as _;

use super::object::{Object, array};
use super::request;
use super::visit::text;
use crate::app::App;
use crate::error::Error;
use crate::mail::{Mail, Mailbox, Transport};
use crate::server::Body;
use crate::wire::kind;

const PATH: &str = "/sandbox/mailbox";

/// The longest wait for a mail, in seconds.
const LONGEST_WAIT: u64 = 60;

/// The mailbox that a request asks for, if there is one.
pub fn find<'a>(app: &'a App, method: &Method, path: &str) -> Option<&'a Mailbox> {
    let is_here = app.is_sandbox && path == PATH && matches!(*method, Method::GET | Method::HEAD);
    match &app.mail {
        Transport::Memory(mailbox) if is_here => Some(mailbox),
        _ => None,
    }
}

/// The mails, to one address where one is named; the first is waited for where there is time for that.
pub async fn answer(mailbox: &Mailbox, uri: &Uri) -> Result<Response<Body>, Error> {
    let params = request::query(uri)?;
    let wait = match text(&params, "wait") {
        None => 0,
        Some(seconds) => seconds.parse().ok().filter(|seconds| *seconds <= LONGEST_WAIT).ok_or_else(|| {
            Error::Syntax(format!("wait must be a whole number of seconds from 0 to {LONGEST_WAIT}."))
        })?,
    };
    let mails = mailbox.wait_for(text(&params, "to").as_deref(), Duration::from_secs(wait)).await;
    Ok(Object::new().raw("messages", &array(mails.iter().map(message))).answer(StatusCode::OK))
}

fn message(mail: &Mail) -> Object {
    let invitation_id = mail.invitation_id.map(|id| id.to_string());
    Object::new()
        .text("to", &mail.to)
        .text("subject", &mail.subject)
        .text("text", &mail.text)
        .text("html", &mail.html)
        .text("message_id", &mail.message_id)
        .text_or_null("invitation_id", invitation_id.as_deref())
        .text("link", mail.link.expose_secret())
        .text("token", mail.token.expose_secret())
        .text("sent_at", &kind::time(mail.sent_at.0))
}
