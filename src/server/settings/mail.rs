//! The settings of mail.

use std::path::PathBuf;

use secrecy::SecretString;

use crate::mail::{Encryption, Relay, Settings, Way};
use crate::server::settings::read::{Reader, at_least_one, choice, hours, seconds};

/// The settings of mail. Those of a mail server count only where one is named.
pub(super) fn read(reader: &mut Reader<'_>) -> Settings {
    let connections = reader.read("mail_connections", at_least_one).unwrap_or(1);
    let encryption = reader.read("mail_starttls", encryption).unwrap_or(Encryption::Required);
    let credentials = reader.optional("mail_user", |text| Ok(text.to_owned())).map(|name| {
        let password = reader.optional("mail_password", |text| Ok(text.to_owned())).unwrap_or_default();
        (name, SecretString::from(password))
    });
    let authorities = reader.optional("mail_ca_file", |text| Ok(PathBuf::from(text)));
    let relay = |host, port, encryption| Relay { host, port, encryption, credentials, authorities, connections };
    let way = reader.read("mail", |text| mail_way(text, encryption, relay)).unwrap_or(Way::None);
    Settings {
        way,
        from: reader.optional("mail_from", |text| text.trim().parse().map_err(|_| "is no mail address".to_owned())),
        timeout: reader.read("mail_timeout", seconds).unwrap_or_default(),
        connections,
        give_up: reader.read("mail_give_up_hours", hours).unwrap_or_default(),
        templates: reader.optional("mail_templates", |text| Ok(PathBuf::from(text))),
    }
}

pub(super) fn mail_way(
    text: &str,
    starttls: Encryption,
    relay: impl FnOnce(String, Option<u16>, Encryption) -> Relay,
) -> Result<Way, String> {
    let (scheme, rest) = text.split_once(':').unwrap_or((text, ""));
    let encryption = if scheme == "smtps" { Encryption::Implicit } else { starttls };
    match (scheme, rest) {
        ("none", "") => Ok(Way::None),
        ("memory", "") => Ok(Way::Memory),
        ("files", folder) if !folder.is_empty() => Ok(Way::Files(PathBuf::from(folder))),
        ("smtp" | "smtps", rest) => {
            let (host, port) = mail_server(rest.trim_start_matches('/').trim_end_matches('/'))
                .ok_or("must be a host, and a port where it is not the usual one")?;
            Ok(Way::Smtp(relay(host, port, encryption)))
        }
        _ => Err("must be smtp://HOST[:PORT], smtps://HOST[:PORT], files:FOLDER, memory or none".to_owned()),
    }
}

/// Host and port; an IPv6 address is written in brackets.
pub(super) fn mail_server(text: &str) -> Option<(String, Option<u16>)> {
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

pub(super) fn encryption(text: &str) -> Result<Encryption, String> {
    choice(
        text,
        &[("required", Encryption::Required), ("opportunistic", Encryption::Opportunistic), ("none", Encryption::None)],
    )
}
