//! `invited backup`: the state of a running database in one new file.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use serde_json::json;

use crate::cli::block_on;
use crate::cli::copy::{Discreet, listener};
use crate::cli::within::InDatabase;
use crate::clock::Clock;
use crate::entropy::Entropy;
use crate::transfer::backup;

/// Write the state of a database to a new file, while servers use it
///
/// The file is an SQLite database with the state at this moment. It appears only when it is complete and on disk, and
/// only its owner can read it: it holds everybody's addresses. An SQLite database of any schema version can be backed
/// up; a PostgreSQL database must have the schema of this program.
///
/// To restore it, stop the server, then replace an SQLite database with the file (and remove the -wal and -shm files
/// beside it), or run: invited copy --from sqlite:FILE --to postgres://USER@HOST/NAME --replace
#[derive(Args)]
pub struct BackupCommand {
    /// The file, which must not exist yet
    #[arg(long, value_name = "FILE", value_parser = Discreet(file))]
    to: PathBuf,
    #[command(flatten)]
    within: InDatabase,
}

/// The file to write, also where it is named like a database.
fn file(text: &str) -> Result<PathBuf, String> {
    let path = text.strip_prefix("sqlite://").or_else(|| text.strip_prefix("sqlite:")).unwrap_or(text);
    if path == "-" || path.starts_with(':') {
        return Err("must be a file: a backup cannot be written to standard output or memory".to_owned());
    }
    if path.is_empty() || path.contains("://") {
        return Err("must be a file; use `invited copy` to copy to a database on a server".to_owned());
    }
    Ok(PathBuf::from(path))
}

impl BackupCommand {
    pub fn run(self) -> Result<()> {
        let database = self.within.settings.read()?.place();
        let now = Clock::system().now();
        let made =
            block_on(async { Ok(backup::make(&database, &self.to, (now, &Entropy::system()), listener()).await?) })?;
        let (tables, bytes) = (BTreeMap::from_iter(made.tables), made.bytes);
        let (from, to, rows) = (database.to_string(), self.to.display().to_string(), tables.values().sum::<u64>());
        let text = format!("Wrote {rows} rows of {from} to {to} ({bytes} bytes).");
        self.within.print(&json!({"from": from, "to": to, "rows": rows, "bytes": bytes, "tables": tables}), text)
    }
}
