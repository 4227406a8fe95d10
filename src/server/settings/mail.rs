//! The settings of mail.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use lettre::Address;
use secrecy::SecretString;

use crate::mail::{Encryption, Folder, Mailbox, Relay, Smtp, Transport};
use crate::server::settings::values::{Maybe, at_least_one, encryption, hours, optional, seconds};

#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Mail")]
pub struct MailSettings {
    /// How mail is sent: smtp://HOST or smtps://HOST, also with :PORT, files:FOLDER, memory (sandbox only) or none
    #[arg(long = "mail", value_name = "WAY", default_value = "none", value_parser = way, hide_env_values = true)]
    pub way: Way,
    /// Sender address of mails
    #[arg(long = "mail-from", value_name = "ADDRESS", default_value = "", value_parser = optional::<Address>)]
    pub from: Maybe<Address>,
    /// User name for the mail server, if it requires one
    #[arg(long = "mail-user", value_name = "NAME", default_value = "")]
    user: String,
    /// Password for the mail server; other users can see a flag, but not a variable or a file
    #[arg(long = "mail-password", value_name = "SECRET", default_value = "", hide_env_values = true)]
    password: SecretString,
    /// Encryption with smtp://: required, opportunistic, or none for a server on the same machine
    #[arg(long = "mail-starttls", value_name = "MODE", default_value = "required", value_parser = encryption)]
    starttls: Encryption,
    /// PEM file of certificates to trust for mail, in addition to the well-known ones
    #[arg(long = "mail-ca-file", value_name = "FILE", default_value = "", value_parser = optional::<PathBuf>)]
    ca_file: Maybe<PathBuf>,
    /// Time limit for sending one mail
    #[arg(long = "mail-timeout", value_name = "SECONDS", default_value = "30", value_parser = seconds)]
    pub timeout: Duration,
    /// Maximum number of mails being sent at the same time
    #[arg(
        id = "mail_connections",
        long = "mail-connections",
        value_name = "COUNT",
        default_value = "4",
        value_parser = at_least_one
    )]
    pub connections: usize,
    /// How long to retry a mail that cannot be delivered
    #[arg(long = "mail-give-up-hours", value_name = "HOURS", default_value = "72", value_parser = hours)]
    pub give_up: Duration,
    /// Folder of mail templates that replace the built-in ones; `invited mail templates` creates it
    #[arg(long = "mail-templates", value_name = "FOLDER", default_value = "", value_parser = optional::<PathBuf>)]
    pub templates: Maybe<PathBuf>,
}

#[derive(Clone, Debug)]
pub enum Way {
    None,
    /// Shown by the sandbox.
    Memory,
    /// A folder.
    Files(PathBuf),
    /// With the encryption that the URL demands.
    Smtp {
        host: String,
        port: Option<u16>,
        encryption: Option<Encryption>,
    },
}

impl MailSettings {
    /// Opens what sends mail.
    pub fn open(&self) -> Result<Transport, String> {
        Ok(match &self.way {
            Way::None => Transport::None,
            Way::Memory => Transport::Memory(Mailbox::default()),
            Way::Files(path) => Transport::Files(Folder::open(path)?),
            Way::Smtp { host, port, encryption } => Transport::Smtp(Smtp::open(Relay {
                host: host.clone(),
                port: *port,
                encryption: encryption.unwrap_or(self.starttls),
                credentials: (!self.user.is_empty()).then(|| (self.user.clone(), self.password.clone())),
                authorities: self.ca_file.clone(),
                hello: "[127.0.0.1]".to_owned(),
                connections: self.connections,
                timeout: self.timeout,
            })?),
        })
    }
}

fn way(text: &str) -> Result<Way, String> {
    let (scheme, rest) = text.split_once(':').unwrap_or((text, ""));
    match (scheme, rest) {
        ("none", "") => Ok(Way::None),
        ("memory", "") => Ok(Way::Memory),
        ("files", folder) if !folder.is_empty() => Ok(Way::Files(PathBuf::from(folder))),
        ("smtp" | "smtps", rest) => {
            let (host, port) = mail_server(rest.trim_start_matches('/').trim_end_matches('/'))
                .ok_or("must be a host, with a port unless it is the usual one")?;
            let encryption = (scheme == "smtps").then_some(Encryption::Implicit);
            Ok(Way::Smtp { host, port, encryption })
        }
        _ => Err("must be smtp://HOST[:PORT], smtps://HOST[:PORT], files:FOLDER, memory or none".to_owned()),
    }
}

/// Host and port; an IPv6 address is written in brackets.
fn mail_server(text: &str) -> Option<(String, Option<u16>)> {
    let is_host = |host: &str| {
        !host.is_empty()
            && host.chars().all(|character| character.is_ascii_alphanumeric() || "-._:".contains(character))
    };
    let (host, rest) = match text.strip_prefix('[') {
        Some(inner) => inner.split_once(']')?,
        None => text.split_at(text.find(':').unwrap_or(text.len())),
    };
    let port = match rest.strip_prefix(':') {
        Some(port) => Some(port.parse().ok()?),
        None if rest.is_empty() => None,
        None => return None,
    };
    is_host(host).then(|| (host.to_owned(), port))
}
