//! How the text of a setting becomes a value. An error is the end of a sentence that names the setting and its text.

use std::fmt::Display;
use std::net::{Ipv4Addr, SocketAddr, ToSocketAddrs as _};
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;

use crate::engine::access::{Level, Permission};
use crate::language::{LANGUAGES, Language};
use crate::mail::Encryption;
use crate::store::{Durability, Place, Server};

/// A setting that may be empty. Clap must not see the `Option`: it would not pass on an empty text.
pub(super) type Maybe<T> = Option<T>;

/// `None` for an empty text.
fn unless_empty<T>(text: &str, read: fn(&str) -> Result<T, String>) -> Result<Option<T>, String> {
    if text.is_empty() { Ok(None) } else { read(text).map(Some) }
}

pub(super) fn optional<T: FromStr<Err: Display>>(text: &str) -> Result<Option<T>, String> {
    unless_empty(text, parse)
}

/// An address to listen on. A name stands for its first IPv4 address, or else for its first address; a missing host
/// stands for loopback.
pub(super) fn listen(text: &str) -> Result<SocketAddr, String> {
    const EXAMPLE: &str = "must be ADDRESS:PORT, such as 127.0.0.1:8080, localhost:8080 or [::1]:8080";
    let (host, port) = text.rsplit_once(':').unwrap_or(("", text));
    let port: u16 = port.parse().map_err(|_| EXAMPLE.to_owned())?;
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    if host.is_empty() {
        return Ok((Ipv4Addr::LOCALHOST, port).into());
    }
    let found =
        (host, port).to_socket_addrs().map_err(|cause| format!("{EXAMPLE} ({host} has no address: {cause})"))?;
    let found: Vec<SocketAddr> = found.collect();
    let best = found.iter().find(|address| address.is_ipv4()).or(found.first());
    best.copied().ok_or_else(|| format!("{EXAMPLE} ({host} has no address)"))
}

pub(super) fn optional_listen(text: &str) -> Result<Option<SocketAddr>, String> {
    unless_empty(text, listen)
}

pub(super) fn replica(text: &str) -> Result<Option<SecretString>, String> {
    unless_empty(text, |text| match place(text) {
        Ok(Place::Server(server)) => Ok(server.url),
        _ => Err("must be postgres://USER@HOST/NAME".to_owned()),
    })
}

/// Where a database is. The error does not repeat the text, which may hold a password.
pub fn place(text: &str) -> Result<Place, String> {
    if text.starts_with("postgres://") || text.starts_with("postgresql://") {
        return Ok(Place::Server(Server::at(text)));
    }
    let path = text.strip_prefix("sqlite://").or_else(|| text.strip_prefix("sqlite:"));
    match path {
        // SQLite would take these for a database in memory, or for a URI with options.
        Some(path) if path.starts_with([':', '?']) || path.starts_with("file:") => {
            Err("must name a file; databases in memory are not supported".to_owned())
        }
        Some(path) if !path.is_empty() => Ok(Place::File(PathBuf::from(path))),
        _ => Err("must be sqlite:PATH or postgres://USER@HOST/NAME".to_owned()),
    }
}

pub fn base_url(text: &str) -> Result<String, String> {
    let text = text.trim_end_matches('/');
    match text.split_once("://") {
        Some(("http" | "https", rest)) if !rest.is_empty() && !rest.contains(['/', '?', '#', '@', ' ']) => {
            Ok(text.to_owned())
        }
        _ => Err("must be http:// or https:// and a host, without a path".to_owned()),
    }
}

pub(super) fn optional_url(text: &str) -> Result<Option<String>, String> {
    unless_empty(text, base_url)
}

/// Whether this can be a label of a domain.
pub(super) fn is_label(label: &str) -> bool {
    !label.is_empty() && label.chars().all(|character| character.is_ascii_alphanumeric() || character == '-')
}

/// Comma-separated origins as browsers write them: in lower case, and without the port where it is the usual one.
pub(super) fn origins(text: &str) -> Result<Arc<[String]>, String> {
    let read = |piece: &str| {
        let piece = piece.trim().to_ascii_lowercase();
        if piece == "*" {
            return Ok(piece);
        }
        if piece.contains('*') {
            return Err("an origin is written in full; only * alone stands for all".to_owned());
        }
        let origin = base_url(&piece).map_err(|wrong| format!("an origin {wrong}"))?;
        let usual = if origin.starts_with("https:") { ":443" } else { ":80" };
        Ok(origin.strip_suffix(usual).map_or(origin.clone(), str::to_owned))
    };
    if text.is_empty() { Ok(Arc::default()) } else { text.split(',').map(read).collect() }
}

/// Comma-separated domains, in lower case and without the dot of the root.
pub(super) fn domains(text: &str) -> Result<Arc<[String]>, String> {
    let read = |piece: &str| {
        let domain = piece.trim().trim_end_matches('.').to_ascii_lowercase();
        let labels = domain.strip_prefix("*.").unwrap_or(&domain);
        if labels.split('.').all(is_label) { Ok(domain) } else { Err(format!("{piece:?} is not a domain")) }
    };
    if text.is_empty() { Ok(Arc::default()) } else { text.split(',').map(read).collect() }
}

/// The value of a name.
fn choice<T: Copy>(text: &str, choices: &[(&str, T)]) -> Result<T, String> {
    let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
    let chosen = choices.iter().find(|(name, _)| *name == text).map(|(_, value)| *value);
    chosen.ok_or_else(|| format!("must be one of {}", names.join(", ")))
}

pub(super) fn is_json(text: &str) -> Result<bool, String> {
    choice(text, &[("json", true), ("text", false)])
}

pub(super) fn is_pooled(text: &str) -> Result<bool, String> {
    choice(text, &[("none", false), ("transaction", true)])
}

pub(super) fn durability(text: &str) -> Result<Durability, String> {
    choice(text, &[("full", Durability::Full), ("normal", Durability::Normal), ("off", Durability::Off)])
}

pub(super) fn encryption(text: &str) -> Result<Encryption, String> {
    let (required, opportunistic) = (Encryption::Required, Encryption::Opportunistic);
    choice(text, &[("required", required), ("opportunistic", opportunistic), ("none", Encryption::None)])
}

pub(super) fn language(text: &str) -> Result<Language, String> {
    choice(text, &LANGUAGES.iter().map(|(language, code)| (*code, *language)).collect::<Vec<_>>())
}

pub(super) fn level(text: &str) -> Result<Level, String> {
    match text.parse().map(Permission::level) {
        Ok(level) if level >= Level::ProjectLead => Ok(level),
        _ => Err("must be project_lead or a level above it".to_owned()),
    }
}

fn parse<T: FromStr<Err: Display>>(text: &str) -> Result<T, String> {
    text.parse().map_err(|cause: T::Err| cause.to_string())
}

pub(super) fn at_least_one(text: &str) -> Result<usize, String> {
    parse(text).and_then(|number| if number > 0 { Ok(number) } else { Err("must be at least 1".to_owned()) })
}

/// Threads; 0 stands for one more than there are cores, since one account never gets them all.
pub(super) fn readers(text: &str) -> Result<usize, String> {
    let cores = || std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
    parse(text).map(|count| if count > 0 { count } else { cores() + 1 })
}

/// Memory for recorded requests: enough for the largest one with its answer, and no more than a machine can spare.
pub(super) fn record_bytes(text: &str) -> Result<usize, String> {
    const LEAST: usize = 1_024 * 1_024;
    const MOST: usize = 1_024 * LEAST;
    match parse(text)? {
        bytes @ LEAST..=MOST => Ok(bytes),
        _ => Err(format!("must be from {LEAST} to {MOST}")),
    }
}

pub fn days(text: &str) -> Result<i64, String> {
    match parse(text)? {
        days @ 1..=3_650 => Ok(days),
        _ => Err("must be from 1 to 3650".to_owned()),
    }
}

pub(super) fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = parse(text)?;
    if seconds > 0.0 && seconds <= 86_400.0 {
        Ok(Duration::from_secs_f64(seconds))
    } else {
        Err("must be more than 0 and at most 86400 seconds".to_owned())
    }
}

/// Time between two runs of something, or `None` for never.
pub(super) fn interval(text: &str) -> Result<Option<Duration>, String> {
    if text == "0" { Ok(None) } else { seconds(text).map(Some) }
}

pub(super) fn hours(text: &str) -> Result<Duration, String> {
    parse(text).map(|hours: u32| Duration::from_secs(u64::from(hours) * 3_600))
}
