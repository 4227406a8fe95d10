//! `invited migrate`: brings the database's schema up to date.

use anyhow::Result;
use clap::{ArgMatches, Command};

use crate::cli::settings;
use crate::clock::Clock;
use crate::engine::schema::MIGRATIONS;
use crate::server::app::{NotStarted, open_store};
use crate::server::settings::Config;
use crate::store::migrate;

pub fn command() -> Command {
    let command = Command::new("migrate").about("Bring the database's schema up to date").long_about(
        "Bring the database's schema up to date, making the file if there is none.\n\n\
             `serve` does the same when it starts, unless the setting migrate_on_start says otherwise.",
    );
    settings::add_flags(command, settings::is_of_database)
}

pub fn run(matches: &ArgMatches) -> Result<()> {
    let config = Config::new(&settings::values(matches, &[], &[])?)?;
    super::block_on(async {
        let store = open_store(&config).map_err(NotStarted::from)?;
        let applied = migrate::apply(&store, MIGRATIONS, Clock::system().now()).await;
        super::close(store).await?;
        let applied = applied.map_err(NotStarted::from)?;
        if applied.from == applied.to {
            println!("The schema is up to date: version {}.", applied.to);
        } else {
            println!("The schema was brought from version {} to version {}.", applied.from, applied.to);
        }
        Ok(())
    })
}
