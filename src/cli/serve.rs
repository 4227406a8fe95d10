//! `invited serve`: the server for a real team.

use anyhow::{Context as _, Result, bail};
use clap::Args;

use crate::cli::settings::Given;
use crate::cli::{block_on, close, require_database};
use crate::clock::Clock;
use crate::entropy::Entropy;
use crate::files;
use crate::oauth::redirects;
use crate::resources::accounts;
use crate::run::{Running, StopSignals};
use crate::sandbox::seed;
use crate::server::app::{App, require_sound_database};
use crate::server::settings::{Config, Way};
use crate::server::telemetry;
use crate::store::Place;

/// Serve the API
///
/// Serves the API over one database until SIGTERM or Ctrl-C; a second signal also ends the requests in progress.
///
/// Every setting can be given as a flag, as an environment variable, or in a file.
#[derive(Args)]
pub struct ServeCommand {
    #[command(flatten)]
    settings: Given<Config>,
}

impl ServeCommand {
    pub fn run(self) -> Result<()> {
        let config = self.settings.read()?;
        config.require_base_url()?;
        require_database(&config)?;
        if matches!(config.mail.way, Way::Memory) {
            bail!("setting mail: memory is only for a sandbox, since its mails are lost when the process ends");
        }
        block_on(async {
            let _log = telemetry::start_log(&config);
            let mut stop = StopSignals::register()?;
            let listen = config.address.listen;
            require_sound_database(&config)?;
            let app = App::start(config, Clock::system(), Entropy::system()).await?;
            app.require_writable_database().await?;
            if app.store.read(seed::is_marked).await? {
                let path = app.config.place().to_string();
                close(app.store).await?;
                bail!("setting database: {path} was made by `invited sandbox`, whose tokens are publicly known");
            }
            if let Place::File(path) = app.config.place()
                && files::is_open_to_others(&path)
            {
                let file = path.display();
                tracing::warn!(
                    "other users can read or change the database: unless that is intended, run chmod 600 {file}*"
                );
            }
            if !app.store.read(accounts::exist).await? {
                tracing::warn!("there is no account and so no token yet: create one with `invited account create`");
            }
            if !is_private(&app.base_url()) {
                tracing::warn!("base_url is not https://, so passwords, tokens and cookies can be read on the way");
            }
            if matches!(app.config.mail.way, Way::None) {
                tracing::warn!("mail is off, so invitations are not sent: set mail, or hand over links");
            }
            if app.config.has_unknown_proxy() {
                tracing::warn!(
                    "base_url is public and listen is on loopback, so a proxy must be in front, but trusted_proxies is \
                     empty: all clients share one limit of sign-ins, and log and audit trail show the proxy's address"
                );
            }
            let running =
                Running::start(app).await.with_context(|| format!("setting listen: cannot listen on {listen}"))?;
            tracing::info!(address = %running.address, "serving");
            stop.received().await;
            tracing::info!("stopping");
            running.stop(stop.received_again()).await;
            Ok(())
        })
    }
}

/// Whether traffic to it stays on this machine or is encrypted.
fn is_private(base_url: &str) -> bool {
    base_url.strip_prefix("http://").is_none_or(redirects::is_loopback)
}
