//! `invited sweep`: one sweep, as a server does at every `sweep_interval`, for operators who set that to 0.

use anyhow::{Result, bail};
use clap::Args;
use serde_json::json;

use crate::cli::with_app;
use crate::cli::within::InDatabase;
use crate::engine::error::Error;
use crate::server::settings::{Database, Kept};
use crate::server::{retention, timekeeper};

/// Expire invitations and delete what has been kept long enough, for servers whose sweep_interval is 0
#[derive(Args)]
pub struct SweepCommand {
    /// Trust the clock, even if it is days ahead of when it was last believed
    #[arg(long)]
    trust_clock: bool,
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
        let is_trusted = self.trust_clock;
        let rows = with_app(self.within.existing()?, |app| async move {
            if is_trusted {
                let now = app.clock.now();
                app.store.write(move |db| Ok::<_, Error>(timekeeper::believe(db, now)?)).await?;
            }
            retention::sweep_if_believed(&app).await
        })?;
        let Some(rows) = rows else {
            bail!(
                "nothing was swept: the clock is days ahead of when it was last believed. If it is right, because no \
                 server has run for days, run `invited sweep --trust-clock`; a sweep that is an hour to two days from \
                 now believes it anyway"
            );
        };
        self.within.print(&json!({ "rows": rows }), format_args!("Rows that were marked or deleted: {rows}"))
    }
}
