//! A seed as it is written: the keys of the file, each value with the place where it stands.
//!
//! The reader of YAML reads JSON too, since every JSON text is a YAML text. It builds these types directly, so that what is of the wrong
//! kind is refused where it stands; what only makes sense together is judged afterwards, in `check`, with the places that were
//! kept. Aliases and merge keys of YAML work, within limits that no bomb of aliases gets through.

use std::fmt;

use serde::Deserialize;
use serde::de::{self, Deserializer, Visitor};
use serde_saphyr::{DefaultMessageFormatter, Error, MessageFormatter as _, Options, Spanned};

/// A value with the place where it stands.
pub(super) type At<T> = Spanned<T>;

/// What is wrong with a seed file, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{line}:{column}: {sentence}")]
pub struct Wrong {
    /// The line, counted from 1.
    pub line: u64,
    /// The character in the line, counted from 1.
    pub column: u64,
    /// What is wrong, and what to do.
    pub sentence: String,
}

impl Wrong {
    /// Says what is wrong with a value.
    pub(super) fn with<T>(value: &At<T>, sentence: impl Into<String>) -> Self {
        Self { line: value.referenced.line(), column: value.referenced.column(), sentence: sentence.into() }
    }
}

/// The file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    /// For editors, which find the schema by it.
    #[serde(rename = "$schema")]
    pub _schema: Option<String>,
    pub clock: Option<Clock>,
    pub accounts: At<Vec<At<Account>>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Clock {
    pub now: Option<At<String>>,
    pub frozen: Option<bool>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Account {
    pub id: Option<At<i64>>,
    pub name: At<String>,
    pub language: Option<At<String>>,
    pub seats: Option<At<i64>>,
    pub created_days_ago: Option<At<i64>>,
    #[serde(default)]
    pub roles: Vec<Role>,
    #[serde(default)]
    pub members: Vec<Member>,
    #[serde(default)]
    pub invitations: Vec<Invitation>,
    #[serde(default)]
    pub applications: Vec<Application>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Role {
    pub id: Option<At<i64>>,
    pub name: At<String>,
    pub created_days_ago: Option<At<i64>>,
    pub deleted_days_ago: Option<At<i64>>,
    #[serde(default)]
    pub external_references: Vec<At<ExternalReference>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Member {
    pub id: Option<At<i64>>,
    pub membership_id: Option<At<i64>>,
    pub full_name: At<String>,
    pub email_address: At<String>,
    pub headline: Option<At<String>>,
    pub permission: At<String>,
    pub owner: Option<At<bool>>,
    pub role: Option<At<Named>>,
    pub bill_rate_in_cents: Option<At<i64>>,
    pub cost_rate_in_cents: Option<At<i64>>,
    pub billability_target: Option<At<i64>>,
    #[serde(default)]
    pub default_read_only: bool,
    pub token: Option<At<String>>,
    pub password: Option<At<String>>,
    pub created_days_ago: Option<At<i64>>,
    pub disabled_days_ago: Option<At<i64>>,
    #[serde(default)]
    pub external_references: Vec<At<ExternalReference>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Invitation {
    pub id: Option<At<i64>>,
    pub invitee_id: Option<At<i64>>,
    pub full_name: At<String>,
    pub email_address: At<String>,
    pub headline: Option<At<String>>,
    pub permission: Option<At<String>>,
    pub role: Option<At<Named>>,
    pub bill_rate_in_cents: Option<At<i64>>,
    pub cost_rate_in_cents: Option<At<i64>>,
    pub billability_target: Option<At<i64>>,
    #[serde(default)]
    pub default_read_only: bool,
    pub inviter: Option<At<Named>>,
    pub state: Option<At<String>>,
    pub created_days_ago: Option<At<i64>>,
    pub expires_in_days: Option<At<i64>>,
    pub answered_days_ago: Option<At<i64>>,
    pub link_token: Option<At<String>>,
    #[serde(default)]
    pub external_references: Vec<At<ExternalReference>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Application {
    pub name: At<String>,
    pub client_id: At<String>,
    pub secret: At<String>,
    pub redirect_uris: At<Vec<At<String>>>,
    pub member: Option<At<Named>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ExternalReference {
    pub service_name: At<String>,
    pub service_model: At<String>,
    pub service_model_ref: At<Named>,
    pub status: Option<At<String>>,
    pub external_message: Option<At<String>>,
    pub external_link: Option<At<String>>,
    pub external_status: Option<At<String>>,
    pub locked: Option<bool>,
}

/// How a record is named: by its id, or by its name or address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Named {
    Id(i64),
    Text(String),
}

impl fmt::Display for Named {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(id) => write!(out, "{id}"),
            Self::Text(text) => write!(out, "{text:?}"),
        }
    }
}

impl<'de> Deserialize<'de> for Named {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;

        impl Visitor<'_> for Either {
            type Value = Named;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("an id or a text")
            }

            fn visit_i64<E: de::Error>(self, id: i64) -> Result<Named, E> {
                Ok(Named::Id(id))
            }

            fn visit_u64<E: de::Error>(self, id: u64) -> Result<Named, E> {
                i64::try_from(id).map(Named::Id).map_err(|_| E::custom("there is no such id"))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Named, E> {
                Ok(Named::Text(text.to_owned()))
            }
        }

        deserializer.deserialize_any(Either)
    }
}

/// Reads a file.
pub(super) fn parse(text: &str) -> Result<File, Wrong> {
    serde_saphyr::from_str_with_options(text, limits()).map_err(|error| {
        let (line, column) = error.location().map_or((1, 1), |place| (place.line(), place.column()));
        Wrong { line: line.max(1), column: column.max(1), sentence: sentence(&error) }
    })
}

/// What a file may ask of its reader. A file that is long by itself is read; one that grows by aliases is not.
fn limits() -> Options {
    serde_saphyr::options! {
        budget: serde_saphyr::budget! { max_events: 20_000_000, max_nodes: 20_000_000, max_depth: 32, max_aliases: 10_000, enforce_alias_anchor_ratio: false },
        alias_limits: serde_saphyr::alias_limits! { max_total_replayed_events: 200_000, max_replay_stack_depth: 8 },
        strict_booleans: true,
        with_snippet: false,
    }
}

/// What the reader found, in one line of this program's own words where it has any.
fn sentence(error: &Error) -> String {
    let said = match error {
        Error::SerdeUnknownField { field, expected, .. } => {
            format!("There is no key {field} here; there is {}.", expected.join(", "))
        }
        Error::SerdeMissingField { field, .. } => format!("The key {field} is missing here; add it."),
        Error::DuplicateMappingKey { key: Some(key), .. } => format!("The key {key} is here twice; keep one of them."),
        Error::NullIntoString { .. } => "There is no text here; write one, or leave the key out.".to_owned(),
        Error::Eof { .. } => "The file is empty, or breaks off here; a seed begins with accounts.".to_owned(),
        Error::Unexpected { expected, .. } if expected.contains("sequence") => "Write a list here.".to_owned(),
        Error::Unexpected { expected, .. } if expected.contains("mapping") => {
            "Write keys with their values here.".to_owned()
        }
        Error::Unexpected { expected, .. } if expected.contains("scalar") => "Write one value here.".to_owned(),
        Error::MultipleDocuments { .. } => "A second document begins here; a seed is one.".to_owned(),
        Error::InvalidBooleanStrict { .. } => "Write true or false here.".to_owned(),
        Error::InvalidScalar { ty, .. } if ty.contains("integer") || ty.starts_with('i') => {
            "Write a whole number here.".to_owned()
        }
        Error::AliasReplayLimitExceeded { .. }
        | Error::AliasExpansionLimitExceeded { .. }
        | Error::AliasReplayStackDepthExceeded { .. }
        | Error::Budget { .. } => {
            "The file is too long, too deep, or repeats too much by aliases; write less.".to_owned()
        }
        other => {
            let said = DefaultMessageFormatter.format_message(other);
            format!("This cannot be read: {}; see the schema, which --seed-schema prints.", said.trim_end_matches('.'))
        }
    };
    said.replace(char::is_control, " ")
}
