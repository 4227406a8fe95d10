//! Mail: what it says ([`message`]) and how it leaves (`smtp`, `files`, [`mailbox`]).
//!
//! A transport is one of a few kinds that the setting `mail` names, so it is an enum and no trait. It is handed a finished
//! mail and says what became of it; when to try again is decided by the outbox.

mod files;
pub mod mailbox;
pub mod message;
pub mod outbox;
mod smtp;

use std::path::PathBuf;
use std::time::Duration;

use lettre::Address;
use secrecy::SecretString;

pub use mailbox::Mailbox;
pub use message::{Mail, Templates};

/// How mail leaves, as the settings say it.
#[derive(Clone, Debug)]
pub enum Way {
    None,
    /// Into memory, where the sandbox shows it.
    Memory,
    /// As files of a folder, one for each mail.
    Files(PathBuf),
    Smtp(Relay),
}

#[derive(Clone, Debug)]
pub struct Relay {
    pub host: String,
    /// Its port; the usual one of the encryption without.
    pub port: Option<u16>,
    pub encryption: Encryption,
    /// Name and password, for a server that wants them.
    pub credentials: Option<(String, SecretString)>,
    /// A file of certificates to trust beside the well-known ones.
    pub authorities: Option<PathBuf>,
    pub connections: usize,
}

/// How a connection to a mail server is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encryption {
    /// From its first byte (RFC 8314).
    Implicit,
    /// By STARTTLS, or not at all used.
    Required,
    /// By STARTTLS where the server offers it. Who can change what is sent can take the offer away.
    Opportunistic,
    /// Not.
    None,
}

/// From whom mails come, how they leave, and how long that may take.
#[derive(Clone, Debug)]
pub struct Settings {
    pub way: Way,
    pub from: Option<Address>,
    /// Longest time for one mail.
    pub timeout: Duration,
    pub connections: usize,
    /// After how long a mail that nobody takes is given up.
    pub give_up: Duration,
    /// A folder of templates that replace those of the program.
    pub templates: Option<PathBuf>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// A later attempt may succeed. What was said, or went wrong.
    ForNow(String),
    /// No attempt will. What was said.
    ForGood(String),
}

pub enum Transport {
    None,
    Memory(Mailbox),
    Files(files::Folder),
    Smtp(smtp::Smtp),
}

impl Transport {
    pub fn open(settings: &Settings) -> Result<Self, String> {
        Ok(match &settings.way {
            Way::None => Self::None,
            Way::Memory => Self::Memory(Mailbox::default()),
            Way::Files(path) => Self::Files(files::Folder::open(path)?),
            Way::Smtp(relay) => Self::Smtp(smtp::Smtp::open(relay, settings.timeout)?),
        })
    }

    pub fn is_on(&self) -> bool {
        !matches!(self, Self::None)
    }

    /// Sends a mail. What was answered, or why it did not leave; either is for people to read.
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
