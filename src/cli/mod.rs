//! The commands, one file each.

mod account;
mod app;
mod backup;
mod copy;
mod csv;
mod erase;
mod invitation;
mod listing;
mod mail;
mod membership;
mod migrate;
mod openapi;
mod people;
mod request_lines;
mod sandbox;
mod seats;
mod serve;
mod settings;
mod sign_in;
mod sweep;
mod token;
mod user;

use std::ffi::OsString;
use std::future::Future;

use anyhow::{Context as _, Result, bail};
use clap::{ArgMatches, Command};

use crate::clock::Clock;
use crate::entropy::Entropy;
use crate::mail::Way;
use crate::server::app::App;
use crate::server::settings::Config;
use crate::store::{Place, Store};

/// The whole command line.
pub fn command() -> Command {
    Command::new("invited")
        .version(env!("CARGO_PKG_VERSION"))
        .about("An account-invitation server that speaks the Kantata OX API")
        .long_about(
            "An account-invitation server that speaks the Kantata OX API.\n\n\
             To try it, run `invited sandbox`: a server with a seeded account on loopback.\n\
             To run it for a team: `invited account create`, then `invited serve`.",
        )
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommands([
            sandbox::command(),
            serve::command(),
            account::command(),
            token::command(),
            user::command(),
            app::command(),
            membership::command(),
            invitation::command(),
            mail::command(),
            seats::command(),
            erase::command(),
            sweep::command(),
            migrate::command(),
            copy::command(),
            backup::command(),
            openapi::command(),
            settings::command(),
        ])
}

/// Runs the program with these arguments, the program's name first.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> Result<()> {
    let matches = match command().try_get_matches_from(arguments) {
        Ok(matches) => matches,
        // Help and version come this way too; the library prints each where it belongs and picks the exit code.
        Err(answer) => answer.exit(),
    };
    match matches.subcommand() {
        Some(("sandbox", matches)) => sandbox::run(matches),
        Some(("serve", matches)) => serve::run(matches),
        Some(("account", matches)) => account::run(matches),
        Some(("token", matches)) => token::run(matches),
        Some(("user", matches)) => user::run(matches),
        Some(("app", matches)) => app::run(matches),
        Some(("membership", matches)) => membership::run(matches),
        Some(("invitation", matches)) => invitation::run(matches),
        Some(("mail", matches)) => mail::run(matches),
        Some(("seats", matches)) => seats::run(matches),
        Some(("erase", matches)) => erase::run(matches),
        Some(("sweep", matches)) => sweep::run(matches),
        Some(("migrate", matches)) => migrate::run(matches),
        Some(("copy", matches)) => copy::run(matches),
        Some(("backup", matches)) => backup::run(matches),
        Some(("openapi", _)) => openapi::run(),
        Some(("config", _)) => settings::run(),
        _ => Ok(()),
    }
}

/// Runs asynchronous work to its end on a runtime of all cores.
fn block_on<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("the runtime could not start")?
        .block_on(work)
}

/// What a command does when the file of its database is not there.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Missing {
    /// It makes one.
    Made,
    /// It refuses: what it is asked for can only be in a database that was made before, so the path is mistyped.
    Refused,
}

/// Refuses a database that does not exist, before anything would make it.
fn require_database(config: &Config) -> Result<()> {
    match &config.database {
        // Where the system does not tell, opening the file will tell why.
        Place::File(path) if !path.try_exists().unwrap_or(true) => {
            bail!("the database {} does not exist: make it with `invited account create`", path.display())
        }
        Place::File(_) | Place::Server(_) => Ok(()),
    }
}

/// Waits until the threads of a database have ended, which must not hold up the runtime.
async fn close(store: Store) -> Result<()> {
    Ok(tokio::task::spawn_blocking(move || store.close()).await?)
}

/// Runs a command that needs the database and then ends.
fn with_app<T, F>(matches: &ArgMatches, missing: Missing, work: impl FnOnce(App) -> F) -> Result<T>
where
    F: Future<Output = Result<T>>,
{
    let mut config = Config::new(&settings::values(matches, &[], &[])?)?;
    // A command sends no mail, so that it neither makes a folder for mails nor minds what cannot be used.
    config.mail.way = Way::None;
    if missing == Missing::Refused {
        require_database(&config)?;
    }
    block_on(async {
        let app = App::start(config, Clock::system(), Entropy::system()).await?;
        let store = app.store.clone();
        let result = work(app).await;
        close(store).await?;
        result
    })
}

/// Turns an error of a rule into one for the terminal.
fn spoken(error: &crate::engine::error::Error) -> anyhow::Error {
    let body = String::from_utf8(error.body()).unwrap_or_default();
    let first = serde_json::from_str::<serde_json::Value>(&body)
        .ok()
        .and_then(|body| body.pointer("/errors/0/message")?.as_str().map(str::to_owned));
    anyhow::anyhow!("{}", error.cause().map(str::to_owned).or(first).unwrap_or(body))
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_command_line_is_consistent() {
        super::command().debug_assert();
    }
}
