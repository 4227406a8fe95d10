//! `invited sweep`: marks and removes what is over, once.
//!
//! A server does that by itself, as often as `sweep_interval` says. This is for those who set it to 0 and choose the hour.

use anyhow::Result;
use clap::{ArgMatches, Command};
use serde_json::json;

use crate::cli::{Missing, people, settings, spoken, with_app};
use crate::server::retention;

pub fn command() -> Command {
    let command = Command::new("sweep")
        .about("Mark and remove once what is over, for servers whose sweep_interval is 0")
        .arg(people::json_argument().help("Print JSON"));
    settings::add_flags(command, |setting| settings::is_of_database(setting) || setting.name.starts_with("keep_"))
}

pub fn run(matches: &ArgMatches) -> Result<()> {
    let rows = with_app(matches, Missing::Refused, |app| async move {
        retention::sweep(&app).await.map_err(|error| spoken(&error))
    })?;
    if matches.get_flag("json") {
        println!("{}", json!({ "rows": rows }));
    } else {
        println!("Rows that were marked or removed: {rows}");
    }
    Ok(())
}
