//! Texts become settings: values by name are applied to the defaults, and what is wrong with them is collected.

use std::collections::BTreeMap;
use std::error::Error as _;

use clap::builder::Resettable;
use clap::{Arg, Args as _, Command, FromArgMatches as _};

use crate::engine::tuning::PerMinute;
use crate::server::settings::config::Config;
use crate::server::settings::mail::Way;

/// The similarity, from 0 to 1, at which one name counts as a misspelling of another.
const NEAR: f64 = 0.85;

/// Values by the names of their settings, still as text.
pub type Values = BTreeMap<String, String>;

/// Every problem with the settings, one sentence each.
#[derive(Debug, thiserror::Error)]
#[error("{}", .0.join("\n"))]
pub struct Problems(pub Vec<String>);

impl From<clap::Error> for Problems {
    fn from(error: clap::Error) -> Self {
        Self(vec![error.to_string()])
    }
}

/// A command whose arguments are the settings.
pub fn arguments() -> Command {
    Config::augment_args(Command::new("settings").no_binary_name(true))
}

/// A setting's name, which is its key in the file.
pub fn name_of(argument: &Arg) -> String {
    argument.get_long().unwrap_or_default().replace('-', "_")
}

/// The environment variable of a setting.
pub fn variable(name: &str) -> String {
    format!("INVITED_{}", name.to_uppercase())
}

/// Whether the value may hold a password, so that it is never repeated.
pub fn is_secret(setting: &Arg) -> bool {
    setting.is_hide_env_values_set()
}

/// The end of a sentence about an unknown name: the nearest `known` one, formatted by `written`, if any is near.
pub fn did_you_mean<'a>(name: &str, known: impl Iterator<Item = &'a str>, written: impl Fn(&str) -> String) -> String {
    let name = name.to_lowercase().replace('-', "_");
    let likeness = |known: &'a str| (strsim::jaro_winkler(&name, known), known);
    let nearest = known.map(likeness).max_by(|one, other| one.0.total_cmp(&other.0));
    let nearest = nearest.filter(|(likeness, _)| *likeness >= NEAR);
    nearest.map_or_else(String::new, |(_, nearest)| format!(": did you mean {}?", written(nearest)))
}

fn missing(name: &str) -> String {
    let (flag, variable) = (name.replace('_', "-"), variable(name));
    format!("setting {name} is missing: give --{flag}, set {variable}, or write it into the file of --config")
}

impl Config {
    pub fn defaults() -> Result<Self, Problems> {
        let matches = arguments().try_get_matches_from::<_, &str>([])?;
        Ok(Self::from_arg_matches(&matches)?)
    }

    /// The defaults of a sandbox: no limits that a test suite would run into, and mail that stays in memory.
    pub fn of_sandbox() -> Result<Self, Problems> {
        let mut config = Self::defaults()?;
        config.rates = PerMinute::default();
        config.bounds.max_connections_per_peer = 0;
        (config.rate_mails_per_address, config.rate_mails_per_account) = (0, 0);
        // Anyone who can reach a sandbox can do everything in it anyway.
        config.metrics_on_main_listener = true;
        (config.mail.way, config.mail.from) = (Way::Memory, "invitations@sandbox.example.com".parse().ok());
        Ok(config)
    }

    /// Replaces the settings that have a value here, and checks what depends on several of them.
    pub fn with(mut self, values: &Values) -> Result<Self, Problems> {
        let mut problems = self.apply(values);
        if self.database.place.is_none() && !values.contains_key("database") {
            problems.push(missing("database"));
        }
        if !matches!(self.mail.way, Way::None) && self.mail.from.is_none() && problems.is_empty() {
            problems.push(missing("mail_from"));
        }
        if problems.is_empty() { Ok(self) } else { Err(Problems(problems)) }
    }

    /// Replaces the settings that have a value here; returns what is wrong with the others.
    pub fn apply(&mut self, values: &Values) -> Vec<String> {
        let settings = arguments();
        // Without defaults, a parsed value updates its own setting and no other.
        let bare = settings.clone().mut_args(|argument| argument.default_value(Resettable::Reset));
        let mut apply = |(name, text): (&String, &String)| {
            let Some(setting) = settings.get_arguments().find(|argument| name_of(argument) == *name) else {
                let names: Vec<String> = settings.get_arguments().map(name_of).collect();
                let nearest = did_you_mean(name, names.iter().map(String::as_str), |known| format!("{known:?}"));
                return Some(format!("there is no setting {name:?}{nearest}"));
            };
            // A value that may hold a password may also end in a blank.
            let text = if is_secret(setting) { text } else { text.trim() };
            if let Err(reason) = require_plain(text) {
                return Some(sentence(setting, text, reason));
            }
            let flag = format!("--{}={text}", setting.get_long()?);
            let parsed = bare.clone().try_get_matches_from([flag]);
            let updated = parsed.and_then(|matches| self.update_from_arg_matches(&matches));
            updated.err().map(|error| problem(setting, text, &error))
        };
        values.iter().filter_map(&mut apply).collect()
    }

    /// Refuses to serve or to print a link when other machines may connect but the URL they use is unknown.
    pub fn require_base_url(&self) -> Result<(), Problems> {
        if self.address.base_url.is_none() && !self.address.listen.ip().is_loopback() {
            return Err(Problems(vec![missing("base_url")]));
        }
        Ok(())
    }
}

fn problem(setting: &Arg, text: &str, error: &clap::Error) -> String {
    // Only clap's own parser of truth values gives no source.
    let reason = error.source().map_or_else(|| "must be true or false".to_owned(), ToString::to_string);
    sentence(setting, text, &reason)
}

fn sentence(setting: &Arg, text: &str, reason: &str) -> String {
    // A value that may hold a password is not repeated: the sentence may end up in a log.
    let shown = if is_secret(setting) { "the value (not shown)".to_owned() } else { format!("{text:?}") };
    format!("setting {}: {shown}: {reason}", name_of(setting))
}

/// Refuses control characters, wherever a value comes from: no setting needs one, and it would end up in a header or a
/// URL. The error is the end of a sentence.
pub fn require_plain(text: &str) -> Result<(), &'static str> {
    match text.chars().any(char::is_control) {
        true => Err("has a line end or another control character inside"),
        false => Ok(()),
    }
}

/// A settings file with every default and its help.
pub fn default_file() -> String {
    let mut file = String::from(
        "# Settings of invited. Each can also be given as a flag (--name-with-hyphens)\n\
         # or as an environment variable (INVITED_NAME). A secret can be in a file that\n\
         # a variable names (INVITED_MAIL_PASSWORD_FILE, INVITED_DATABASE_FILE).\n",
    );
    for setting in arguments().get_arguments() {
        let help = setting.get_help().map(ToString::to_string).unwrap_or_default();
        let default = setting.get_default_values().first().map(|text| text.to_string_lossy());
        let example = default.unwrap_or_else(|| setting.get_value_names().unwrap_or_default().concat().into());
        file.push_str(&format!("\n# {help}.\n#{} = {example:?}\n", name_of(setting)));
    }
    file
}

/// The values of a settings file: a flat table of strings, numbers and booleans.
pub fn parse_file(text: &str) -> Result<Values, Problems> {
    let table: toml::Table = text.parse().map_err(|cause| Problems(vec![format!("the settings file: {cause}")]))?;
    let (mut values, mut problems) = (Values::new(), Vec::new());
    for (name, value) in table {
        let text = match value {
            toml::Value::String(text) => text,
            toml::Value::Integer(number) => number.to_string(),
            toml::Value::Float(number) => number.to_string(),
            toml::Value::Boolean(truth) => truth.to_string(),
            _ => {
                problems.push(format!("setting {name} in the file must be a string, a number or a boolean"));
                continue;
            }
        };
        values.insert(name, text);
    }
    if problems.is_empty() { Ok(values) } else { Err(Problems(problems)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(given: &[(&str, &str)]) -> Result<Config, Problems> {
        let values = given.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Config::defaults().unwrap().with(&values)
    }

    #[test]
    fn the_arguments_are_consistent_and_their_defaults_can_be_read() {
        arguments().debug_assert();
        assert!(read(&[("database", "sqlite:x")]).is_ok());
    }

    #[test]
    fn a_value_replaces_its_own_setting_only() {
        let mut config = Config::of_sandbox().unwrap();
        config.batch_length = 7;
        let config = config.with(&Values::from([("database".to_owned(), "sqlite:x".to_owned())])).unwrap();
        assert_eq!((config.batch_length, config.rates.create), (7, 0));
        assert!(read(&[("database", "sqlite:x"), ("metrics_listen", "")]).unwrap().metrics_listen.is_none());
    }

    #[test]
    fn all_problems_are_reported_at_once() {
        let wrong = [("database", "mysql:x"), ("rate_create", "-1"), ("durability", "maybe"), ("strict", "yes")];
        assert_eq!(
            read(&wrong).unwrap_err().0,
            [
                "setting database: the value (not shown): must be sqlite:PATH or postgres://USER@HOST/NAME",
                "setting durability: \"maybe\": must be one of full, normal, off",
                "setting rate_create: \"-1\": -1 is not in 0..=4294967295",
                "setting strict: \"yes\": must be true or false",
            ]
        );
    }

    #[test]
    fn a_control_character_is_refused_in_every_setting() {
        for setting in arguments().get_arguments() {
            let name = name_of(setting);
            let refusal = read(&[("database", "sqlite:x"), (&name, "https://a\nb")]).unwrap_err();
            let shown = if is_secret(setting) { "the value (not shown)" } else { "\"https://a\\nb\"" };
            let expected = format!("setting {name}: {shown}: has a line end or another control character inside");
            assert_eq!(refusal.0, [expected]);
        }
    }

    #[test]
    fn the_memory_of_recorded_requests_has_bounds() {
        let read = |bytes: &str| read(&[("database", "sqlite:x"), ("keep_request_bytes", bytes)]);
        for bytes in ["1048576", "1073741824"] {
            assert!(read(bytes).is_ok(), "{bytes}");
        }
        for bytes in ["0", "1048575", "1073741825", "18446744073709551615"] {
            let expected = format!("setting keep_request_bytes: \"{bytes}\": must be from 1048576 to 1073741824");
            assert_eq!(read(bytes).unwrap_err().0, [expected]);
        }
    }

    #[test]
    fn the_default_file_reads_back_as_the_defaults() {
        let file = default_file().replace("\n#", "\n");
        let lines: Vec<&str> = file.lines().filter(|line| line.contains(" = \"")).collect();
        let values = parse_file(&lines.join("\n")).unwrap();
        assert_eq!(values.len(), arguments().get_arguments().count());
        let problems = Config::defaults().unwrap().apply(&values);
        assert!(matches!(problems.as_slice(), [only] if only.contains("setting database")), "{problems:?}");
        assert_eq!(read(&[("colour", "1")]).unwrap_err().0[0], "there is no setting \"colour\"");
        let refusal = read(&[("base_ur", "1")]).unwrap_err();
        assert_eq!(refusal.0[0], "there is no setting \"base_ur\": did you mean \"base_url\"?");
    }
}
