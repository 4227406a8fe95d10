//! The settings of mail.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use lettre::Address;
use secrecy::{ExposeSecret as _, SecretString};

use crate::mail::{Encryption, Folder, Mailbox, Relay, Smtp, Transport};
use crate::server::settings::values::{Maybe, at_least_one, encryption, hours, is_label, optional, seconds};
use crate::wire::kind::is_mailbox;

#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Mail")]
pub struct MailSettings {
    /// How mail is sent: smtp://HOST or smtps://HOST, also with :PORT, files:FOLDER, memory (sandbox only) or none
    #[arg(long = "mail", value_name = "WAY", default_value = "none", value_parser = way, hide_env_values = true)]
    pub way: Way,
    /// Sender address of mails
    #[arg(long = "mail-from", value_name = "ADDRESS", default_value = "", value_parser = sender)]
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
    /// Name for this server to introduce itself with (EHLO); if empty, the host of base_url, or the domain of mail_from
    /// if that host is not a name with a dot
    #[arg(long = "mail-hello", value_name = "NAME", default_value = "", value_parser = hello)]
    hello: Maybe<String>,
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
    /// Opens what sends mail for the server at this URL.
    pub fn open(&self, base_url: Option<&str>) -> Result<Transport, String> {
        Ok(match &self.way {
            Way::None => Transport::None,
            Way::Memory => Transport::Memory(Mailbox::default()),
            Way::Files(path) => Transport::Files(Folder::open(path)?),
            Way::Smtp { host, port, encryption } => Transport::Smtp(Smtp::open(Relay {
                host: host.clone(),
                port: *port,
                encryption: encryption.unwrap_or(self.starttls),
                credentials: self.credentials()?,
                authorities: self.ca_file.clone(),
                hello: self.hello_name(base_url),
                connections: self.connections,
                timeout: self.timeout,
            })?),
        })
    }

    /// Name and password, or neither: one without the other would be ignored or refused.
    fn credentials(&self) -> Result<Option<(String, SecretString)>, String> {
        let missing = |given: &str, missing: &str| {
            Err(format!(
                "setting {given} has a value, but {missing} has none: give both, or neither to send without signing in"
            ))
        };
        match (self.user.is_empty(), self.password.expose_secret().is_empty()) {
            (true, true) => Ok(None),
            (false, false) => Ok(Some((self.user.clone(), self.password.clone()))),
            (false, true) => missing("mail_user", "mail_password"),
            (true, false) => missing("mail_password", "mail_user"),
        }
    }

    /// Strict mail servers refuse all mail from a name without a dot, or from an address.
    fn hello_name(&self, base_url: Option<&str>) -> String {
        let of_url = || base_url.and_then(host_name).map(str::to_owned);
        let of_sender = || self.from.as_ref().map(|from| from.domain().to_owned());
        self.hello.clone().or_else(of_url).or_else(of_sender).unwrap_or_else(|| "localhost".to_owned())
    }
}

/// The host in a URL, if it is a name with a dot.
fn host_name(url: &str) -> Option<&str> {
    let (_, authority) = url.split_once("://")?;
    let host = authority.rsplit_once(':').map_or(authority, |(host, _)| host).trim_end_matches('.');
    let is_name = host.contains('.') && !host.starts_with('[') && host.parse::<Ipv4Addr>().is_err();
    is_name.then_some(host)
}

/// A name, or an address in brackets (RFC 5321, section 4.1.3).
fn hello(text: &str) -> Result<Option<String>, String> {
    let is_address = |inner: &str| match inner.strip_prefix("IPv6:") {
        Some(address) => address.parse::<Ipv6Addr>().is_ok(),
        None => inner.parse::<Ipv4Addr>().is_ok(),
    };
    let is_known = match text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(inner) => is_address(inner),
        None => text.is_empty() || text.split('.').all(is_label),
    };
    match is_known {
        true => Ok(Some(text.to_owned()).filter(|text| !text.is_empty())),
        false => Err("must be a host name such as people.example.com, or [192.0.2.1]".to_owned()),
    }
}

/// Follows the rule for every other mail address: what that allows can be mailed.
fn sender(text: &str) -> Result<Option<Address>, String> {
    if !text.is_empty() && !is_mailbox(text) {
        return Err("must be one mail address, without a name".to_owned());
    }
    optional(text)
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
