//! Mail: its text ([`message`]), its transports (`smtp`, `files`, [`mailbox`]) and its queue ([`outbox`]).
//!
//! The setting `mail` names one of a few transports, so they are an enum and no trait. A transport gets a finished mail
//! and returns the outcome; the outbox decides on retries.

mod files;
pub mod mailbox;
pub mod message;
pub mod outbox;
mod smtp;
mod topic;

use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;

use crate::wire::display;

pub use files::Folder;
pub use mailbox::Mailbox;
pub use message::{Mail, Templates};
pub use smtp::Smtp;
pub use topic::Topic;

#[derive(Clone, Debug)]
pub struct Relay {
    pub host: String,
    /// By default the usual one of the encryption.
    pub port: Option<u16>,
    pub encryption: Encryption,
    /// Name and password.
    pub credentials: Option<(String, SecretString)>,
    /// A file of certificates to trust besides the well-known ones.
    pub authorities: Option<PathBuf>,
    /// The name under which this server introduces itself (EHLO).
    pub hello: String,
    pub connections: usize,
    /// Time limit to send one mail.
    pub timeout: Duration,
}

/// How a connection to a mail server is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encryption {
    /// From its first byte (RFC 8314).
    Implicit,
    /// STARTTLS or nothing.
    Required,
    /// STARTTLS if offered. Vulnerable to STARTTLS stripping.
    Opportunistic,
    None,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// A later attempt may succeed.
    ForNow(String),
    /// This mail or its recipient was refused: no attempt will succeed.
    ForGood(String),
    /// The mail server refuses this sender, or the settings cannot work. This mail is not at fault and waits; the
    /// operator has to act.
    OfSender(String),
}

/// In characters.
const REPLY_LENGTH: usize = 500;

/// A reply as it may be stored and printed. Replies are untrusted: they may hold terminal commands, or a NUL, which
/// PostgreSQL refuses. A settlement that failed for that would send the mail again and again.
pub fn harmless(reply: &str) -> String {
    display::line(reply).chars().take(REPLY_LENGTH).collect()
}

impl Failure {
    /// The mail server's reply, or whatever else went wrong, without mail addresses, which no log may hold.
    pub fn for_log(&self) -> String {
        let (Self::ForNow(reason) | Self::ForGood(reason) | Self::OfSender(reason)) = self;
        let shown = |word: &str| if word.contains('@') { "[address]" } else { word }.to_owned();
        harmless(reason).split_whitespace().map(shown).collect::<Vec<_>>().join(" ")
    }
}

pub enum Transport {
    None,
    Memory(Mailbox),
    Files(Folder),
    Smtp(Smtp),
}

impl Transport {
    pub fn is_on(&self) -> bool {
        !matches!(self, Self::None)
    }

    /// Sends a mail. Answer and failure are for people to read.
    pub async fn send(&self, mail: &Mail) -> Result<String, Failure> {
        match self {
            Self::None => Err(Failure::ForNow("mail is switched off (the setting mail is none)".to_owned())),
            Self::Memory(mailbox) => {
                mailbox.put(mail);
                Ok("kept in memory".to_owned())
            }
            Self::Files(folder) => folder.put(mail),
            Self::Smtp(smtp) => smtp.send(mail).await,
        }
    }
}
