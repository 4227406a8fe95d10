//! `/sandbox/mailbox`: what the sandbox would have mailed. The links in these mails are what makes members.

use std::time::Duration;

use hyper::{Response, StatusCode};
use secrecy::ExposeSecret as _;

use crate::engine::error::Error;
use crate::http::headers;
use crate::http::object::{Object, array};
use crate::http::sandbox::Asked;
use crate::http::visit::text;
use crate::mail::{Mail, Mailbox, Transport};
use crate::server::listen::Body;
use crate::wire::kind;

/// The longest wait for a mail, in seconds.
const LONGEST_WAIT: u64 = 60;

/// The mails, to one address where one is named; the first is waited for where there is time for that.
pub(super) async fn show(asked: &Asked<'_>) -> Result<Response<Body>, Error> {
    let params = asked.query(&["to", "wait"])?;
    let wait = match text(&params, "wait") {
        None => 0,
        Some(seconds) => seconds.parse().ok().filter(|seconds| *seconds <= LONGEST_WAIT).ok_or_else(|| {
            Error::Syntax(format!("wait must be a whole number of seconds from 0 to {LONGEST_WAIT}."))
        })?,
    };
    let mails = mailbox(asked)?.wait_for(text(&params, "to").as_deref(), Duration::from_secs(wait)).await;
    Ok(Object::new().raw("messages", &array(mails.iter().map(message))).answer(StatusCode::OK))
}

/// Throws all mails away.
pub(super) fn empty(asked: &Asked<'_>) -> Result<Response<Body>, Error> {
    asked.query(&[])?;
    mailbox(asked)?.empty();
    Ok(headers::empty())
}

fn mailbox<'a>(asked: &'a Asked<'_>) -> Result<&'a Mailbox, Error> {
    match &asked.visit.app.mail {
        Transport::Memory(mailbox) => Ok(mailbox),
        _ => Err(Error::Syntax("There is no mailbox: the setting mail sends mails elsewhere.".to_owned())),
    }
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
