//! Reads the text of a seed. Every JSON text is a YAML text, so one reader serves both.
//!
//! Aliases and merge keys of YAML work, within limits that stop a file from growing without end by its aliases.

use serde_saphyr::{DefaultMessageFormatter, Error, MessageFormatter as _, Options};

use crate::sandbox::seed::file::File;
use crate::sandbox::seed::written::SeedError;

pub(super) fn parse(text: &str) -> Result<File, SeedError> {
    serde_saphyr::from_str_with_options(text, limits()).map_err(|error| {
        let (line, column) = error.location().map_or((1, 1), |place| (place.line(), place.column()));
        SeedError { line: line.max(1), column: column.max(1), sentence: sentence(&error) }
    })
}

/// A file that is long by itself is read; one that grows by its aliases is not.
fn limits() -> Options {
    serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_events: 20_000_000,
            max_nodes: 20_000_000,
            max_depth: 32,
            max_aliases: 10_000,
            enforce_alias_anchor_ratio: false,
        },
        alias_limits: serde_saphyr::alias_limits! { max_total_replayed_events: 200_000, max_replay_stack_depth: 8 },
        strict_booleans: true,
        with_snippet: false,
    }
}

/// The reader's error in one line, in this program's own words where it has any.
fn sentence(error: &Error) -> String {
    let sentence = match error {
        Error::Message { msg, .. } => msg.clone(),
        Error::SerdeUnknownField { field, expected, .. } => {
            format!("There is no key {field} here; there is {}.", expected.join(", "))
        }
        Error::SerdeUnknownVariant { variant, expected, .. } => {
            format!("{variant} is not possible here; write {}.", expected.join(", "))
        }
        Error::SerdeMissingField { field, .. } => format!("The key {field} is missing here; add it."),
        Error::DuplicateMappingKey { key: Some(key), .. } => format!("The key {key} is here twice; keep one of them."),
        Error::NullIntoString { .. } => "There is no text here; write one, or leave the key out.".to_owned(),
        Error::Eof { .. } => "The file is empty or incomplete; a seed begins with accounts.".to_owned(),
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
            let message = DefaultMessageFormatter.format_message(other);
            format!(
                "This cannot be read: {}; see the schema, which --seed-schema prints.",
                message.trim_end_matches('.')
            )
        }
    };
    sentence.replace(char::is_control, " ")
}
