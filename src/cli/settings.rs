//! Settings on the command line: every line of the table is a flag, and `invited config` prints the file.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::{Arg, ArgMatches, Command, value_parser};

use crate::server::settings::{self, SETTINGS, Setting, Values};

/// The command that prints the default settings file.
pub fn command() -> Command {
    Command::new("config").about("Print a settings file with every setting, its default and what it does")
}

/// Prints the file.
#[expect(clippy::unnecessary_wraps, reason = "every command has this shape")]
pub fn run() -> Result<()> {
    print!("{}", settings::default_file());
    Ok(())
}

/// Whether a setting says where the database is and how to get there, which every command that opens it has to know.
pub fn is_of_database(setting: &Setting) -> bool {
    setting.name.starts_with("database")
}

/// Adds the flags of these settings, and `--config`.
pub fn add_flags(command: Command, wanted: impl Fn(&Setting) -> bool) -> Command {
    let file = Arg::new("config")
        .long("config")
        .value_name("FILE")
        .value_parser(value_parser!(PathBuf))
        .help("A settings file; `invited config` prints one");
    let flags = SETTINGS.iter().filter(|setting| wanted(setting)).map(|setting| {
        let default = match setting.default {
            Some(default) if !default.is_empty() => format!(", default: {default}"),
            _ => String::new(),
        };
        Arg::new(setting.name).long(setting.flag()).value_name(setting.placeholder).help(format!(
            "{} [{}{default}]",
            setting.text,
            setting.variable()
        ))
    });
    command.arg(file).args(flags)
}

/// The values of flags, variables and file, over the command's own defaults. Of the settings in `unheeded` the
/// environment's variables do not count.
pub fn values(matches: &ArgMatches, own_defaults: &[(&'static str, &str)], unheeded: &[&str]) -> Result<Values> {
    let mut values: Values = own_defaults.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
    if let Some(path) = matches.get_one::<PathBuf>("config") {
        let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        values.extend(settings::parse_file(&text)?);
    }
    for setting in SETTINGS {
        let flag = matches.try_get_one::<String>(setting.name).ok().flatten().cloned();
        let variable = || (!unheeded.contains(&setting.name)).then(|| std::env::var(setting.variable()).ok())?;
        if let Some(value) = flag.or_else(variable) {
            values.insert(setting.name, value);
        }
    }
    Ok(values)
}
