//! `invited copy`: moves everything from one database into another.

use std::io::{IsTerminal as _, Write as _, stderr};
use std::sync::Arc;

use anyhow::Result;
use clap::error::ErrorKind;
use clap::{Arg, ArgAction, ArgMatches, Command};
use serde_json::{Value as Json, json};

use crate::cli::people;
use crate::clock::Clock;
use crate::server::settings;
use crate::store::Place;
use crate::transfer::copy::{self, Copied, CopyOptions, Progress, ProgressCallback, Stage};

/// Rows between two lines about a large table, where nobody watches.
const ROWS_BETWEEN_LINES: u64 = 100_000;

pub fn command() -> Command {
    let place =
        |name: &'static str, help: &'static str| Arg::new(name).long(name).value_name("URL").required(true).help(help);
    Command::new("copy")
        .about("Copy everything from one database into another, between SQLite and PostgreSQL or within one")
        .long_about(
            "Copy everything from one database into another, between SQLite and PostgreSQL or within one, and compare \
             both.\n\n\
             Both have the schema of this program: a source of another version is refused, the target's is made. The \
             source may be served while it is copied, and the copy is its state at the beginning; what is written to \
             it later is not in the copy, so stop the server before a move. Nobody may serve the target.\n\n\
             The target changes in one transaction: a copy that breaks off leaves it as it was and is simply run \
             again. A target that holds accounts is refused, unless it is unchanged since an earlier copy of the same \
             source, or --replace is given.\n\n\
             Ids stay, also as ids of the past: none is given again that source or target has given.\n\n\
             Example: invited copy --from sqlite:invited.sqlite --to postgres://invited@localhost/invited",
        )
        .args([
            place("from", "The source: sqlite:FILE, or postgres://USER:PASSWORD@HOST/NAME"),
            place("to", "The target, in the same way; a file that is not there is made, a database on a server is not"),
            Arg::new("replace")
                .long("replace")
                .action(ArgAction::SetTrue)
                .help("Replace whatever the target holds; it is lost"),
            people::json_argument().help("Print JSON, with the rows and the SHA-256 of each table"),
        ])
}

pub fn run(matches: &ArgMatches) -> Result<()> {
    let options = CopyOptions {
        from: place(matches, "from"),
        to: place(matches, "to"),
        replaces: matches.get_flag("replace"),
        now: Clock::system().now(),
        on_progress: listener(),
    };
    let (from, to) = (options.from.to_string(), options.to.to_string());
    let copied = super::block_on(async { Ok(copy::run(options).await?) })?;
    if matches.get_flag("json") {
        println!("{}", told(&from, &to, &copied));
    } else {
        println!("Copied {} rows from {from} to {to}. Source and target agree in every row.", copied.rows());
    }
    Ok(())
}

fn told(from: &str, to: &str, copied: &Copied) -> Json {
    let tables = copied.0.iter().map(|(name, told)| json!({"name": name, "rows": told.rows, "sha256": told.sha256}));
    json!({
        "from": from,
        "to": to,
        "rows": copied.rows(),
        "sha256": copied.sha256(),
        "tables": tables.collect::<Vec<_>>(),
    })
}

/// The place that an argument names. A refusal does not repeat it, since a password may stand in it.
fn place(matches: &ArgMatches, name: &str) -> Place {
    let text = matches.get_one::<String>(name).map(String::as_str).unwrap_or_default();
    settings::place(text).unwrap_or_else(|reason| wrong_usage(&mut command(), &format!("the URL of --{name} {reason}")))
}

/// Ends the program as it ends for an argument that is unknown.
pub(super) fn wrong_usage(command: &mut Command, reason: &str) -> ! {
    command.error(ErrorKind::ValueValidation, reason).exit()
}

/// Tells on standard error how far it is: on a terminal in a line that changes, elsewhere in lines of which each table
/// has at least one.
pub(super) fn listener() -> ProgressCallback {
    let is_watched = stderr().is_terminal();
    Arc::new(move |progress| {
        let line = line(progress);
        let (is_done, is_copied) = (progress.rows >= progress.of, progress.stage == Stage::Copying);
        // Whoever cannot be told how far it is can be told at the end.
        let _ = match is_watched {
            true if is_done => writeln!(stderr(), "\r{line}\x1b[K"),
            true => write!(stderr(), "\r{line}\x1b[K"),
            false if is_done && is_copied || progress.rows.is_multiple_of(ROWS_BETWEEN_LINES) => {
                writeln!(stderr(), "{line}")
            }
            false => Ok(()),
        };
    })
}

fn line(progress: &Progress<'_>) -> String {
    let stage = match progress.stage {
        Stage::Copying => "copied",
        Stage::Comparing => "compared",
    };
    format!("{}: {stage} {} of {} rows", progress.table, progress.rows, progress.of)
}
