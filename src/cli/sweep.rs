//! `invited sweep`: marks and removes what is over, once.
//!
//! A server sweeps by itself at every `sweep_interval`. This is for operators who set it to 0 and choose the hour.

use anyhow::Result;
use clap::Args;
use serde::Serialize;

use crate::cli::settings::Given;
use crate::cli::{Missing, output, spoken, with_app};
use crate::server::retention;
use crate::server::settings::{Database, Kept};

/// Run one sweep, for servers whose sweep_interval is 0: expire invitations, delete what has been kept long enough
#[derive(Args)]
pub struct Sweep {
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    settings: Given<SweepSettings>,
}

#[derive(Args)]
struct SweepSettings {
    #[command(flatten)]
    database: Database,
    #[command(flatten)]
    kept: Kept,
}

#[derive(Serialize)]
struct Swept {
    rows: usize,
}

impl Sweep {
    pub fn run(self) -> Result<()> {
        let rows = with_app(self.settings.read()?, Missing::Refused, |app| async move {
            retention::sweep(&app).await.map_err(|error| spoken(&error))
        })?;
        output::print(self.json, &Swept { rows }, format_args!("Rows that were marked or deleted: {rows}"))
    }
}
