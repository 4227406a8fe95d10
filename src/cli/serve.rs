//! `invited serve`: the server for a real team.

use anyhow::{Context as _, Result, bail};
use clap::{ArgMatches, Command};

use crate::cli::settings;
use crate::clock::Clock;
use crate::entropy::Entropy;
use crate::mail::Way;
use crate::resources::accounts;
use crate::run::{Running, StopSignals};
use crate::sandbox::seed;
use crate::server::app::App;
use crate::server::settings::Config;
use crate::server::telemetry;

pub fn command() -> Command {
    let command = Command::new("serve").about("Serve the API").long_about(
        "Serve the API over one database until SIGTERM or Ctrl-C; a second one ends requests that still run.\n\n\
         Every setting can be given as a flag, as a variable of the environment, or in a file.",
    );
    settings::add_flags(command, |_| true)
}

pub fn run(matches: &ArgMatches) -> Result<()> {
    let config = Config::new(&settings::values(matches, &[], &[])?)?;
    config.require_base_url()?;
    super::require_database(&config)?;
    if matches!(config.mail.way, Way::Memory) {
        bail!("setting mail: memory is for the sandbox; whatever is put there is gone with the process");
    }
    super::block_on(async {
        let _log = telemetry::start_log(&config);
        let mut stop = StopSignals::register()?;
        let listen = config.listen;
        let app = App::start(config, Clock::system(), Entropy::system()).await?;
        app.require_writable_database().await?;
        if app.store.read(seed::is_marked).await? {
            let path = app.config.database.to_string();
            super::close(app.store).await?;
            bail!(
                "setting database: {path} was made by `invited sandbox`, whose administrator tokens are publicly known"
            );
        }
        if !app.store.read(accounts::exist).await? {
            tracing::warn!("there is no account yet, so nobody has a token: make one with `invited account create`");
        }
        if matches!(app.config.mail.way, Way::None) {
            tracing::warn!("mail is off, so that nobody gets an invitation: set mail, or hand links over");
        }
        let running =
            Running::start(app).await.with_context(|| format!("setting listen: cannot listen on {listen}"))?;
        tracing::info!(address = %running.address, "serving");
        stop.received().await;
        tracing::info!("stopping");
        running.stop(stop.received()).await;
        Ok(())
    })
}
