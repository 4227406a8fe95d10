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

/// Parts of words in the reply to a recipient that blame the sender instead.
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

/// Whether a recipient was refused because of where the mail comes from. Servers say so in words; the enhanced code
/// (RFC 3463) is one about security (x.7.x), or missing. Any other is about the recipient. Addresses are no words: they
/// may contain anything.
fn is_relay_denied(text: &str) -> bool {
    let enhanced = text.split_whitespace().nth(1).filter(|word| is_enhanced_code(word));
    let blames_sender = |word: &str| {
        let word = word.to_ascii_lowercase();
        !word.contains('@') && OF_SENDER.iter().any(|part| word.contains(part))
    };
    enhanced.is_none_or(|code| code.starts_with("5.7.")) && text.split_whitespace().any(blames_sender)
}

fn is_enhanced_code(word: &str) -> bool {
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    word.split('.').count() == 3 && word.split('.').all(is_number)
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
