//! `invited backup`: the state of a running database in one new file.

use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::{Arg, ArgMatches, Command};
use serde_json::{Map, Value as Json, json};

use crate::cli::copy::{listener, wrong_usage};
use crate::cli::{people, settings};
use crate::clock::Clock;
use crate::server::settings::Config;
use crate::transfer::backup;

pub fn command() -> Command {
    let command = Command::new("backup")
        .about("Write the state of a database into one new file, while it is served")
        .long_about(
            "Write the state of a database at this moment into one new file of SQLite, while it is served.\n\n\
             The file is there only when it is complete and on the disk, and only its owner can read it: it holds \
             everybody's addresses. Of a database of SQLite the file has the same schema; a database on PostgreSQL \
             must have the schema of this program.\n\n\
             To restore it, stop the server, then put the file in the place of a database of SQLite (and remove the \
             files -wal and -shm beside that), or run: invited copy --from sqlite:FILE --to postgres://USER@HOST/NAME \
             --replace",
        )
        .args([
            Arg::new("to").long("to").value_name("FILE").required(true).help("The file, which must not be there yet"),
            people::json_argument().help("Print JSON, with the rows of each table"),
        ]);
    settings::add_flags(command, |setting| setting.name == "database")
}

pub fn run(matches: &ArgMatches) -> Result<()> {
    let config = Config::new(&settings::values(matches, &[], &[])?)?;
    let file = file(matches);
    let (from, name) = (config.database.to_string(), file.display().to_string());
    let made =
        super::block_on(async { Ok(backup::make(&config.database, &file, Clock::system().now(), listener()).await?) })?;
    let rows: u64 = made.tables.iter().map(|(_, rows)| rows).sum();
    if matches.get_flag("json") {
        let tables: Map<String, Json> =
            made.tables.iter().map(|(table, rows)| ((*table).to_owned(), Json::from(*rows))).collect();
        println!("{}", json!({"from": from, "to": name, "rows": rows, "bytes": made.bytes, "tables": tables}));
    } else {
        println!("Wrote {rows} rows of {from} into {name} ({} bytes).", made.bytes);
    }
    Ok(())
}

/// The file that is to be made, also where it is named like a database.
fn file(matches: &ArgMatches) -> PathBuf {
    let text = matches.get_one::<String>("to").map(String::as_str).unwrap_or_default();
    let path = text.strip_prefix("sqlite://").or_else(|| text.strip_prefix("sqlite:")).unwrap_or(text);
    if path.is_empty() || path.contains("://") {
        wrong_usage(&mut command(), "--to must be a file; use `invited copy` to copy into a database on a server");
    }
    Path::new(path).to_owned()
}
