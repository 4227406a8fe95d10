//! `invited migrate`: brings the database schema up to date.

use anyhow::Result;
use clap::Args;

use crate::cli::settings::Given;
use crate::cli::{block_on, close};
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
            let store = open_store(&config).map_err(NotStarted::from)?;
            let applied = migrate::apply(&store, MIGRATIONS, Clock::system().now()).await;
            close(store).await?;
            let applied = applied.map_err(NotStarted::from)?;
            if applied.from == applied.to {
                println!("The schema is up to date: version {}.", applied.to);
            } else {
                println!("Migrated the schema from version {} to version {}.", applied.from, applied.to);
            }
            Ok(())
        })
    }
}
