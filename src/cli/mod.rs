//! The command line: one file for each command, with its arguments and its `run`.

mod account;
mod app;
mod backup;
mod copy;
mod erase;
mod grant;
mod invitation;
mod mail;
mod membership;
mod migrate;
mod output;
mod people;
mod request_lines;
mod sandbox;
mod seats;
mod serve;
mod settings;
mod sweep;
mod token;
mod user;
mod within;

use std::ffi::OsString;
use std::future::Future;

use anyhow::{Context as _, Result, bail};
use clap::{Parser, Subcommand};

use crate::clock::Clock;
use crate::engine::error::Error;
use crate::entropy::Entropy;
use crate::http::api_description;
use crate::server::app::{App, named};
use crate::server::settings::{Config, Way, default_file};
use crate::store::{Place, Store};

/// An account-invitation server that speaks the Kantata OX API
///
/// To try it, run `invited sandbox`: a server with a seeded account on loopback. To run it for a team: `invited account
/// create`, then `invited serve`.
#[derive(Parser)]
#[command(name = "invited", version)]
struct Invited {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Sandbox(sandbox::SandboxCommand),
    Serve(serve::ServeCommand),
    #[command(subcommand)]
    Account(account::AccountCommand),
    #[command(subcommand)]
    Token(token::TokenCommand),
    #[command(subcommand)]
    User(user::UserCommand),
    #[command(subcommand)]
    App(app::AppCommand),
    #[command(subcommand)]
    Grant(grant::GrantCommand),
    #[command(subcommand)]
    Membership(membership::MembershipCommand),
    #[command(subcommand)]
    Invitation(invitation::InvitationCommand),
    #[command(subcommand)]
    Mail(mail::MailCommand),
    Seats(seats::SeatsCommand),
    Erase(erase::EraseCommand),
    Sweep(sweep::SweepCommand),
    Migrate(migrate::MigrateCommand),
    Copy(copy::CopyCommand),
    Backup(backup::BackupCommand),
    /// Print the description of the API (OpenAPI 3.1, JSON)
    #[command(name = "openapi")]
    OpenApi {
        /// Scheme, host and port of the server that clients will use; without it, the addresses are relative
        #[arg(long, value_name = "URL", default_value = "", hide_default_value = true)]
        base_url: String,
    },
    /// Print a settings file with every setting, its default and what it does
    Config,
}

/// Runs the program with these arguments, the program's name first.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> Result<()> {
    let parsed = match Invited::try_parse_from(arguments) {
        Err(wrong) if wrong.use_stderr() => wrong.exit(),
        Err(help) => return output::print(help.render()),
        Ok(parsed) => parsed,
    };
    match parsed.command {
        Command::Sandbox(command) => command.run(),
        Command::Serve(command) => command.run(),
        Command::Account(command) => command.run(),
        Command::Token(command) => command.run(),
        Command::User(command) => command.run(),
        Command::App(command) => command.run(),
        Command::Grant(command) => command.run(),
        Command::Membership(command) => command.run(),
        Command::Invitation(command) => command.run(),
        Command::Mail(command) => command.run(),
        Command::Seats(command) => command.run(),
        Command::Erase(command) => command.run(),
        Command::Sweep(command) => command.run(),
        Command::Migrate(command) => command.run(),
        Command::Copy(command) => command.run(),
        Command::Backup(command) => command.run(),
        Command::OpenApi { base_url } => output::print_json_text(&api_description(base_url.trim_end_matches('/'))),
        Command::Config => output::print(default_file()),
    }
}

/// Runs asynchronous work to its end on a runtime of all cores.
fn block_on<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().context("cannot start the runtime")?.block_on(work)
}

/// Refuses a database that does not exist, before anything would create it.
fn require_database(config: &Config) -> Result<()> {
    match config.place() {
        // Where the system cannot say, opening the file fails with the reason.
        Place::File(path) if !path.try_exists().unwrap_or(true) => {
            bail!("the database {} does not exist: create it with `invited account create`", path.display())
        }
        Place::File(_) | Place::Server(_) => Ok(()),
    }
}

/// Waits for the threads of a database to end, without blocking the runtime.
async fn close(store: Store) -> Result<()> {
    Ok(tokio::task::spawn_blocking(move || store.close()).await?)
}

/// Runs a command that needs the database and then ends. It takes its time from the same clock as the servers on that
/// database, and its work has no deadline: no client waits for it.
fn with_app<T, F>(mut config: Config, work: impl FnOnce(App) -> F) -> Result<T>
where
    F: Future<Output = Result<T, Error>>,
{
    // A command sends no mail: a mail setting that cannot be used must not stop it.
    config.mail.way = Way::None;
    let place = config.place();
    block_on(async {
        let mut app = App::start(config, Clock::system(), Entropy::system()).await?;
        app.store = app.store.patient();
        let store = app.store.clone();
        let result = match app.follow_database_clock().await {
            Ok(()) => work(app).await,
            Err(cause) => Err(cause.into()),
        };
        close(store).await?;
        result.map_err(|error| match error {
            Error::Unavailable(cause) => anyhow::anyhow!("{}", named(&place, &cause)),
            error => spoken(&error),
        })
    })
}

/// An error of a rule for the terminal: with its cause, which clients are not shown.
fn spoken(error: &Error) -> anyhow::Error {
    anyhow::anyhow!("{}", error.cause().map_or_else(|| error.to_string(), str::to_owned))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_consistent() {
        super::Invited::command().debug_assert();
    }
}
