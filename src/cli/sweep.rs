//! `invited sweep`: one sweep, as a server does at every `sweep_interval`, for operators who set that to 0.

use anyhow::Result;
use clap::Args;
use serde_json::json;

use crate::cli::with_app;
use crate::cli::within::InDatabase;
use crate::server::retention;
use crate::server::settings::{Database, Kept};

/// Expire invitations and delete what has been kept long enough, for servers whose sweep_interval is 0
#[derive(Args)]
pub struct SweepCommand {
    #[command(flatten)]
    within: InDatabase<SweepSettings>,
}

#[derive(Args)]
struct SweepSettings {
    #[command(flatten)]
    database: Database,
    #[command(flatten)]
    kept: Kept,
}

impl SweepCommand {
    pub fn run(self) -> Result<()> {
        let rows = with_app(self.within.existing()?, |app| async move { retention::sweep(&app).await })?;
        self.within.print(&json!({ "rows": rows }), format_args!("Rows that were marked or deleted: {rows}"))
    }
}
