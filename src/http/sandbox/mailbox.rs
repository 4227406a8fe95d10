//! `/sandbox/mailbox`: the mail that the sandbox would have sent, with the links that make members.

use std::time::Duration;

use hyper::{StatusCode, Uri};
use schemars::JsonSchema;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;

use crate::clock::Timestamp;
use crate::engine::error::Error;
use crate::http::extract::text;
use crate::http::json::Json;
use crate::http::request;
use crate::http::router::Parameters;
use crate::http::sandbox::extract::Control;
use crate::ids::InvitationId;
use crate::mail::{Mail, Mailbox, Transport};

/// The longest wait for mail, in seconds.
const LONGEST_WAIT: u64 = 60;

pub const QUERY: Parameters = &[
    ("to", "Only mail to this address.", "string"),
    ("wait", "How many seconds to wait for the first one, from 0 to 60.", "integer"),
];

#[derive(Serialize, JsonSchema)]
pub struct MailboxContent {
    messages: Vec<MailboxMessage>,
}

/// A mail.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Mail")]
struct MailboxMessage {
    to: String,
    subject: String,
    text: String,
    html: String,
    message_id: String,
    /// Null for a mail that is not about an invitation.
    invitation_id: Option<InvitationId>,
    /// Null, like `token`, for a mail without a link.
    link: Option<String>,
    token: Option<String>,
    sent_at: Timestamp,
}

pub async fn list(control: Control, uri: Uri) -> Result<Json<MailboxContent>, Error> {
    let params = request::query(&uri)?;
    let wait = match text(&params, "wait") {
        None => 0,
        Some(seconds) => seconds.parse().ok().filter(|seconds| *seconds <= LONGEST_WAIT).ok_or_else(|| {
            Error::Syntax(format!("wait must be a whole number of seconds from 0 to {LONGEST_WAIT}."))
        })?,
    };
    // No address has a blank, so a blank was a plus sign that the client did not escape.
    let to = text(&params, "to").map(|to| to.trim().replace(' ', "+"));
    let mails = mailbox(&control)?.wait_for(to.as_deref(), Duration::from_secs(wait)).await;
    Ok(Json(MailboxContent { messages: mails.into_iter().map(MailboxMessage::from).collect() }))
}

pub async fn empty(control: Control) -> Result<StatusCode, Error> {
    mailbox(&control)?.empty();
    Ok(StatusCode::NO_CONTENT)
}

fn mailbox(control: &Control) -> Result<&Mailbox, Error> {
    match &control.app.mail {
        Transport::Memory(mailbox) => Ok(mailbox),
        _ => Err(Error::Syntax("There is no mailbox: the setting mail sends mail elsewhere.".to_owned())),
    }
}

impl From<Mail> for MailboxMessage {
    fn from(mail: Mail) -> Self {
        Self {
            to: mail.to,
            subject: mail.subject,
            text: mail.text,
            html: mail.html,
            message_id: mail.message_id,
            invitation_id: mail.invitation_id,
            link: unless_blank(&mail.link),
            token: unless_blank(&mail.token),
            sent_at: mail.sent_at,
        }
    }
}

fn unless_blank(secret: &SecretString) -> Option<String> {
    Some(secret.expose_secret().to_owned()).filter(|text| !text.is_empty())
}
