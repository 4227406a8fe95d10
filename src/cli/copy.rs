//! `invited copy`: copies everything from one database to another.

use std::ffi::OsStr;
use std::io::{IsTerminal as _, Write as _, stderr};
use std::sync::Arc;

use anyhow::{Result, anyhow};
use clap::builder::TypedValueParser;
use clap::error::ErrorKind;
use clap::{Arg, Args, Command};
use serde_json::{Value as Json, json};

use crate::cli::{block_on, output};
use crate::clock::Clock;
use crate::server::settings::{self, COPY_FROM, COPY_TO, Environment};
use crate::store::Place;
use crate::transfer::copy::{self, CopyOptions, ProgressCallback, Stage};

/// Rows between two progress lines about a large table, where standard error is not a terminal.
const ROWS_BETWEEN_LINES: u64 = 100_000;

/// Copy everything from one database to another, within or between SQLite and PostgreSQL, and compare both
///
/// Both have the schema of this program: a source of another version is refused, and the target's schema is created.
/// The source may be in use meanwhile; the copy is its state at the beginning. Later writes are not copied, so stop
/// the server before a move. No server may use the target.
///
/// The target changes in one transaction: an interrupted copy leaves it as it was and can simply be run again. A
/// target that holds accounts is refused, unless it is unchanged since an earlier copy of the same source, or
/// --replace is given.
///
/// Ids are kept. An id that the source or the target has ever used is not used again.
///
/// Other users can see a flag. Put a URL with a password into the variable INVITED_COPY_FROM or INVITED_COPY_TO, or
/// into a file that INVITED_COPY_FROM_FILE or INVITED_COPY_TO_FILE names.
///
/// Example: invited copy --from sqlite:invited.sqlite --to postgres://invited@localhost/invited
#[derive(Args)]
pub struct CopyCommand {
    /// The source: sqlite:FILE or postgres://USER:PASSWORD@HOST/NAME
    #[arg(long, value_name = "URL", value_parser = Discreet(settings::place))]
    from: Option<Place>,
    /// The target, in the same form; a file is created if it does not exist, a database on a server is not
    #[arg(long, value_name = "URL", value_parser = Discreet(settings::place))]
    to: Option<Place>,
    /// Replace whatever the target holds; it is lost
    #[arg(long)]
    replace: bool,
    /// Print JSON, with the rows and the SHA-256 of each table
    #[arg(long)]
    json: bool,
}

impl CopyCommand {
    pub fn run(self) -> Result<()> {
        let (source, target) = (given(self.from, "from", COPY_FROM)?, given(self.to, "to", COPY_TO)?);
        let (from, to) = (source.to_string(), target.to_string());
        let (now, on_progress) = (Clock::system().now(), listener());
        let options = CopyOptions { from: source, to: target, replaces: self.replace, now, on_progress };
        let copied = block_on(async { Ok(copy::run(options).await?) })?;
        let rows: u64 = copied.iter().map(|(_, checksum)| checksum.rows).sum();
        if self.json {
            let sha256 = copy::checksum_of_all(&copied);
            let tables = copied.iter().map(|(name, sum)| json!({"name": name, "rows": sum.rows, "sha256": sum.sha256}));
            let tables: Vec<Json> = tables.collect();
            return output::print_json(
                &json!({"from": from, "to": to, "rows": rows, "sha256": sha256, "tables": tables}),
            );
        }
        output::print(format_args!("Copied {rows} rows from {from} to {to}. Source and target agree in every row."))
    }
}

/// The database of a flag, or else of a variable.
fn given(of_flag: Option<Place>, flag: &str, name: &str) -> Result<Place> {
    let of_variable = Environment::current().secret(name)?;
    let variable = settings::variable(name);
    match (of_flag, of_variable) {
        (Some(place), _) => Ok(place),
        (None, Some(text)) => settings::place(&text).map_err(|reason| anyhow!("{variable}: {reason}")),
        (None, None) => {
            let sentence = format!("a database is missing: give --{flag}, or set {variable}\n");
            clap::Error::raw(ErrorKind::MissingRequiredArgument, sentence).exit()
        }
    }
}

/// Parses an argument that may hold a password: unlike clap's own, its error does not repeat the text.
#[derive(Clone)]
pub struct Discreet<T>(pub fn(&str) -> Result<T, String>);

impl<T: Clone + Send + Sync + 'static> TypedValueParser for Discreet<T> {
    type Value = T;

    fn parse_ref(&self, command: &Command, argument: Option<&Arg>, text: &OsStr) -> Result<T, clap::Error> {
        let parsed = text.to_str().ok_or_else(|| "must be UTF-8".to_owned()).and_then(self.0);
        parsed.map_err(|reason| {
            let name = argument.map(ToString::to_string).unwrap_or_default();
            clap::Error::raw(ErrorKind::ValueValidation, format!("{name}: {reason}\n")).with_cmd(command)
        })
    }
}

/// Reports progress on standard error: in a terminal as one line that changes, elsewhere with at least one line per
/// table.
pub fn listener() -> ProgressCallback {
    let is_watched = stderr().is_terminal();
    Arc::new(move |progress| {
        let is_copied = progress.stage == Stage::Copying;
        let stage = if is_copied { "copied" } else { "compared" };
        let line = format!("{}: {stage} {} of {} rows", progress.table, progress.rows, progress.of);
        let is_done = progress.rows >= progress.of;
        // A progress line that cannot be written is no reason to stop.
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
