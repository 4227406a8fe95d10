//! `invited migrate`: brings the database schema up to date.

use anyhow::Result;
use clap::Args;

use crate::cli::settings::Given;
use crate::cli::{block_on, close, output};
use crate::clock::Clock;
use crate::engine::schema::MIGRATIONS;
use crate::server::app::{NotStarted, open_store};
use crate::server::settings::Database;
use crate::store::migrate;

/// Bring the database schema up to date
///
/// Creates the database file if there is none. `serve` does the same when it starts, unless the setting
/// migrate_on_start is false.
#[derive(Args)]
pub struct MigrateCommand {
    #[command(flatten)]
    settings: Given<Database>,
}

impl MigrateCommand {
    pub fn run(self) -> Result<()> {
        let config = self.settings.read()?;
        block_on(async {
            let store = open_store(&config)?;
            let applied = migrate::apply(&store, MIGRATIONS, Clock::system().now()).await;
            close(store).await?;
            let applied = applied.map_err(NotStarted::of(&config.place()))?;
            if applied.from == applied.to {
                return output::print(format_args!("The schema is up to date: version {}.", applied.to));
            }
            let (from, to) = (applied.from, applied.to);
            output::print(format_args!("Migrated the schema from version {from} to version {to}."))
        })
    }
}
