//! Whose fault a refusal is. It follows from the command that the reply answers, not from its first digit: until a
//! recipient is named, no reply can be about one.

use std::fmt::{self, Display};

use lettre::transport::smtp::response::Response;

use crate::mail::Failure;

/// What a reply answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage<'a> {
    Greeting,
    /// With the name that was given.
    Hello(&'a str),
    StartTls,
    Authentication,
    Sender,
    Recipient,
    Data,
}

/// Refusals that ask for encryption or for other credentials (RFC 4954, section 6), in reply to any command.
const OF_SETTINGS: [&str; 5] = ["454", "530", "534", "535", "538"];

/// Words in a refused recipient's x.7.1 reply that blame the sender instead.
const OF_SENDER: [&str; 2] = ["relay", "block"];

impl Stage<'_> {
    /// What follows from a negative reply.
    pub(super) fn judge(self, response: &Response) -> Failure {
        let text = text(response);
        let is_for_good = text.starts_with('5');
        let is_of_sender = match self {
            Self::Greeting | Self::Hello(_) | Self::StartTls | Self::Authentication | Self::Sender => is_for_good,
            Self::Recipient => is_for_good && is_relay_denied(&text),
            Self::Data => false,
        };
        let reason = format!("{text} (in reply to {self})");
        if is_of_sender || is_of_settings(&text) {
            Failure::OfSender(reason)
        } else if is_for_good {
            Failure::ForGood(reason)
        } else {
            Failure::ForNow(reason)
        }
    }
}

fn is_of_settings(text: &str) -> bool {
    OF_SETTINGS.iter().any(|code| text.starts_with(code))
}

/// Whether a recipient was refused (RFC 3463: 5.7.1, not authorized) because of where the mail comes from.
fn is_relay_denied(text: &str) -> bool {
    let is_unauthorized = text.split_whitespace().nth(1) == Some("5.7.1");
    let text = text.to_ascii_lowercase();
    is_unauthorized && OF_SENDER.iter().any(|word| text.contains(word))
}

/// A reply as one line.
pub(super) fn text(response: &Response) -> String {
    let lines: Vec<&str> = response.message().collect();
    format!("{} {}", response.code(), lines.join(" ")).trim_end().to_owned()
}

impl Display for Stage<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Greeting => formatter.write_str("the connection"),
            Self::Hello(name) => write!(formatter, "EHLO {name}"),
            Self::StartTls => formatter.write_str("STARTTLS"),
            Self::Authentication => formatter.write_str("AUTH"),
            Self::Sender => formatter.write_str("MAIL FROM"),
            Self::Recipient => formatter.write_str("RCPT TO"),
            Self::Data => formatter.write_str("DATA"),
        }
    }
}
