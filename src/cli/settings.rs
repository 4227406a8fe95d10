//! Settings on the command line: each is a flag, and `invited config` prints the file.

use std::marker::PhantomData;
use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::builder::OsStr;
use clap::{Arg, ArgMatches, Args, Command, Error, FromArgMatches, value_parser};

use crate::server::settings::{Config, Environment, Values, name_of, parse_file, variable};

/// The settings that were given as flags, those of the group `G`, and the settings file.
///
/// Clap only collects their texts. They are read together with variables and file, so that all problems are reported at
/// once and a variable of a setting that is no flag of this command counts, too.
pub struct Given<G> {
    file: Option<PathBuf>,
    flags: Values,
    group: PhantomData<G>,
}

impl<G: Args> Given<G> {
    /// The texts of file, variables and flags; variables whose setting is not `heeded` do not count.
    pub fn values(&self, heeded: impl Fn(&str) -> bool) -> Result<Values> {
        let mut values = Values::new();
        if let Some(path) = &self.file {
            let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
            values = parse_file(&text)?;
        }
        for (name, value) in Environment::current().settings(heeded)? {
            // A blank value overrides the file and leaves the command's own default.
            if value.is_empty() {
                values.remove(&name);
            } else {
                values.insert(name, value);
            }
        }
        values.extend(self.flags.clone());
        Ok(values)
    }

    pub fn read(&self) -> Result<Config> {
        Ok(Config::defaults()?.with(&self.values(|_| true)?)?)
    }

    fn arguments() -> impl Iterator<Item = Arg> {
        let group = G::augment_args(Command::new("settings"));
        group.get_arguments().map(flag).collect::<Vec<_>>().into_iter()
    }
}

/// A setting as a flag that takes any text.
fn flag(setting: &Arg) -> Arg {
    let (name, is_empty) = (name_of(setting), setting.get_default_values().iter().all(|default| default.is_empty()));
    let setting = setting.clone().value_parser(value_parser!(String)).hide_default_value(is_empty);
    setting.env(OsStr::from(variable(&name))).hide_env_values(true).id(name)
}

impl<G: Args> Args for Given<G> {
    fn augment_args(command: Command) -> Command {
        let file = Arg::new("config").long("config").value_name("FILE").value_parser(value_parser!(PathBuf));
        command.arg(file.help("Settings file; `invited config` prints one")).args(Self::arguments())
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl<G: Args> FromArgMatches for Given<G> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        let mut given = Self { file: matches.get_one("config").cloned(), flags: Values::new(), group: PhantomData };
        for name in Self::arguments().map(|flag| name_of(&flag)) {
            if matches.value_source(&name) == Some(clap::parser::ValueSource::CommandLine)
                && let Some(text) = matches.get_one::<String>(&name).cloned()
            {
                given.flags.insert(name, text);
            }
        }
        Ok(given)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        Self::from_arg_matches(matches).map(|given| *self = given)
    }
}
