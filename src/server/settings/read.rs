//! How the text of a setting becomes a value, and what is said when it does not.
//!
//! Every problem is kept, with the name of its setting, so that all are told at once.

use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use crate::engine::access::{Level, Permission};
use crate::language::{LANGUAGES, Language};
use crate::server::settings::Values;
use crate::server::settings::table::SETTINGS;
use crate::store::{Durability, Place, Server};
use crate::wire::kind::Dates;

/// Settings whose values nobody is to see.
const MAY_HOLD_PASSWORDS: [&str; 4] = ["database", "database_replica", "mail", "mail_password"];

/// Reads settings by their names.
pub(super) struct Reader<'a> {
    values: &'a Values,
    pub(super) problems: Vec<String>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(values: &'a Values) -> Self {
        Self { values, problems: Vec::new() }
    }

    /// A setting that has to have a value.
    pub(super) fn read<T>(&mut self, name: &str, read: impl FnOnce(&str) -> Result<T, String>) -> Option<T> {
        let value = self.optional(name, read);
        if value.is_none() && self.text(name).is_none() {
            self.problems.push(missing(name));
        }
        value
    }

    /// A setting that may be empty.
    pub(super) fn optional<T>(&mut self, name: &str, read: impl FnOnce(&str) -> Result<T, String>) -> Option<T> {
        let text = self.text(name)?;
        match read(&text) {
            Ok(value) => Some(value),
            Err(reason) => {
                // What may hold a password is not repeated: the sentence may end up in a log.
                let told =
                    if MAY_HOLD_PASSWORDS.contains(&name) { "the value".to_owned() } else { format!("{text:?}") };
                self.problems.push(format!("setting {name}: {told} {reason}"));
                None
            }
        }
    }

    fn text(&self, name: &str) -> Option<String> {
        let default = || SETTINGS.iter().find(|setting| setting.name == name)?.default.map(str::to_owned);
        self.values.get(name).cloned().or_else(default).filter(|text| !text.is_empty())
    }
}

/// The sentence for a setting that has no value; it says how to give one.
pub(super) fn missing(name: &str) -> String {
    let Some(setting) = SETTINGS.iter().find(|setting| setting.name == name) else {
        return name.to_owned();
    };
    format!(
        "setting {name} is missing: give --{} {}, set {}, or write it into the file of --config ({})",
        setting.flag(),
        setting.placeholder,
        setting.variable(),
        setting.text
    )
}

pub(super) fn parse<T: FromStr>(text: &str) -> Result<T, String> {
    text.trim().parse().map_err(|_| "cannot be read".to_owned())
}

/// Where a database is. The reason of a refusal holds nothing of the text, in which a password may stand.
pub(crate) fn place(text: &str) -> Result<Place, String> {
    if text.starts_with("postgres://") || text.starts_with("postgresql://") {
        return Ok(Place::Server(Server::at(text)));
    }
    let path = text.strip_prefix("sqlite://").or_else(|| text.strip_prefix("sqlite:"));
    match path {
        Some(path) if !path.is_empty() => Ok(Place::File(PathBuf::from(path))),
        _ => Err("is no database that this program knows: write sqlite:PATH or postgres://USER@HOST/NAME".to_owned()),
    }
}

pub(crate) fn base_url(text: &str) -> Result<String, String> {
    let text = text.trim_end_matches('/');
    match text.split_once("://") {
        Some(("http" | "https", rest)) if !rest.is_empty() && !rest.contains(['/', '?', '#', '@', ' ']) => {
            Ok(text.to_owned())
        }
        _ => Err("must be http:// or https:// and a host, without a path".to_owned()),
    }
}

/// Seconds between two times that something is done, or `None` for never.
pub(super) fn interval(text: &str) -> Result<Option<Duration>, String> {
    if text.trim() == "0" { Ok(None) } else { seconds(text).map(Some) }
}

pub(super) fn hours(text: &str) -> Result<Duration, String> {
    let hours: u32 = parse(text)?;
    Ok(Duration::from_secs(u64::from(hours) * 3_600))
}

pub(super) fn language(text: &str) -> Result<Language, String> {
    Language::of_code(text).ok_or_else(|| {
        let codes: Vec<&str> = LANGUAGES.iter().map(|(_, code)| *code).collect();
        format!("must be one of {}", codes.join(", "))
    })
}

/// Domains with commas, in lower case and without the dot of the root.
pub(super) fn domains(text: &str) -> Result<Arc<[String]>, String> {
    let is_label = |label: &str| {
        !label.is_empty() && label.chars().all(|character| character.is_ascii_alphanumeric() || character == '-')
    };
    let read = |piece: &str| {
        let domain = piece.trim().trim_end_matches('.').to_ascii_lowercase();
        let labels = domain.strip_prefix("*.").unwrap_or(&domain);
        if labels.split('.').all(is_label) { Ok(domain) } else { Err(format!("{piece:?} is no domain")) }
    };
    text.split(',').map(read).collect()
}

pub(super) fn choice<T: Copy>(text: &str, choices: &[(&str, T)]) -> Result<T, String> {
    let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
    let chosen = choices.iter().find(|(name, _)| *name == text).map(|(_, value)| *value);
    chosen.ok_or_else(|| format!("must be one of {}", names.join(", ")))
}

pub(crate) fn dates(text: &str) -> Result<Dates, String> {
    choice(text, &[("days", Dates::Days), ("times", Dates::Times)])
}

pub(super) fn durability(text: &str) -> Result<Durability, String> {
    choice(text, &[("full", Durability::Full), ("normal", Durability::Normal), ("off", Durability::Off)])
}

pub(super) fn level(text: &str) -> Result<Level, String> {
    match text.parse().map(Permission::level) {
        Ok(level) if level >= Level::ProjectLead => Ok(level),
        _ => Err("must be project_lead or a level above it".to_owned()),
    }
}

pub(super) fn at_least_one(text: &str) -> Result<usize, String> {
    parse(text).and_then(|number: usize| if number > 0 { Ok(number) } else { Err("must be at least 1".to_owned()) })
}

pub(crate) fn days(text: &str) -> Result<i64, String> {
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
        Err("must be more than 0 seconds and at most a day".to_owned())
    }
}

pub(super) fn threads(asked: usize) -> usize {
    if asked > 0 { asked } else { std::thread::available_parallelism().map_or(2, std::num::NonZero::get) }
}
