//! `invited sandbox`: the same server, over a database with seeded accounts.

use std::io::{self, IsTerminal as _};
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;

use anyhow::{Context as _, Result, anyhow, bail};
use clap::Args;
use clap::builder::Resettable;
use serde::{Serialize, Serializer};
use serde_json::json;
use tokio::sync::oneshot;

use crate::cli::settings::Given;
use crate::cli::{block_on, close, output, request_lines};
use crate::clock::{Clock, Timestamp};
use crate::entropy::Entropy;
use crate::http::{BASE_PATH, quoted};
use crate::resources::accounts;
use crate::run::{Running, StopSignals};
use crate::sandbox::TemporaryFolder;
use crate::sandbox::seed::{self, Generated, Seed, Token, read_start};
use crate::server::app::{App, require_sound_database};
use crate::server::settings::Config;
use crate::server::telemetry;
use crate::store::{Durability, Place};

/// The longest accepted seed, in bytes.
const LONGEST_SEED: u64 = 64 * 1_024 * 1_024;

/// The default start of a predictable sandbox: 2031-01-01T00:00:00Z.
const BEGINNING: Timestamp = Timestamp(1_924_992_000_000_000);

/// Serve a seeded account on loopback, to develop and test a client against
///
/// Without --database, the data lives in a temporary file that is removed at the end. A database that was not created
/// by a sandbox is refused, and INVITED_DATABASE is ignored. Rate limits are off unless they are set. Ids and tokens
/// are the same in every run.
///
/// --seed loads another seed than the standard one, --generate adds made-up rows. With --random-seed the clock stands
/// still and nothing is secret: the same requests get the same answers, links and tokens in every run.
#[derive(Args)]
#[command(mut_arg("database", |flag| flag.help("Database to keep the data in: sqlite:PATH").env(Resettable::Reset)))]
pub struct SandboxCommand {
    /// Allow a --listen address that other machines can reach; they can do everything in this sandbox
    #[arg(long)]
    allow_remote: bool,
    /// Print only errors: no greeting and no line for each request
    #[arg(long)]
    quiet: bool,
    /// When ready, print one line of JSON with the addresses and tokens, and nothing else
    #[arg(long)]
    json: bool,
    /// End when standard input closes. A program that holds the other end of a pipe leaves no sandbox behind, even if
    /// it is killed
    #[arg(long)]
    until_stdin_closes: bool,
    /// What the sandbox holds, in YAML or JSON, as described in docs/SEEDS.md
    #[arg(long, value_name = "FILE")]
    seed: Option<PathBuf>,
    /// Print the JSON Schema of seeds and exit
    #[arg(long)]
    seed_schema: bool,
    /// Rows to make up: invitations=100000[,members=500,roles=20,accounts=3]
    #[arg(long, value_name = "ROWS")]
    generate: Option<Generated>,
    /// Make everything predictable: the same random numbers in every run, and a clock that stands still
    #[arg(long, value_name = "NUMBER")]
    random_seed: Option<u64>,
    /// Time at which the sandbox starts, such as 2031-02-01T00:00:00Z
    #[arg(long, value_name = "TIME", value_parser = read_start)]
    now: Option<Timestamp>,
    #[command(flatten)]
    settings: Given<Config>,
}

impl SandboxCommand {
    pub fn run(self) -> Result<()> {
        if self.seed_schema { output::print_json_text(&seed::schema()) } else { block_on(self.serve()) }
    }

    /// The requested seed. An error in it is reported before anything is created.
    fn read_seed(&self) -> Result<Arc<Seed>> {
        let seed = match &self.seed {
            None => Seed::standard()?,
            Some(path) => {
                let name = path.display();
                let length = std::fs::metadata(path).with_context(|| format!("cannot read {name}"))?.len();
                if length > LONGEST_SEED {
                    bail!("{name} is longer than {LONGEST_SEED} bytes; use --generate for many rows");
                }
                let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {name}"))?;
                Arc::new(Seed::read(&text).map_err(|wrong| anyhow!("{name}:{wrong}"))?)
            }
        };
        let Some(generated) = self.generate else { return Ok(seed) };
        Ok(Arc::new(Seed::clone(&seed).with(generated, self.random_seed.unwrap_or_default())))
    }

    /// The clock starts at the requested time, else at that of the seed. It stands still in a predictable sandbox.
    fn clock(&self, seed: &Seed) -> Clock {
        let is_predictable = self.random_seed.is_some();
        let now = self.now.or(seed.now).or(is_predictable.then_some(BEGINNING));
        let clock = Clock::system();
        clock.set(now, Some(seed.is_frozen.unwrap_or(is_predictable)));
        clock
    }

    /// Whether each request is shown as a line.
    fn has_lines(&self) -> bool {
        !self.quiet && !self.json && io::stdout().is_terminal()
    }

    /// The settings, and the folder of the database if it is temporary.
    fn configure(&self) -> Result<(Config, Option<TemporaryFolder>)> {
        let values = self.settings.values(|name| name != "database")?;
        let mut config = Config::of_sandbox()?;
        let mut given = config.clone();
        given.apply(&values);
        let mut folder = None;
        if given.database.place.is_none() {
            let temporary =
                TemporaryFolder::create(&Entropy::system()).context("no folder for a temporary database")?;
            temporary.remove_abandoned(Clock::system().now());
            config.database.place = Some(Place::File(temporary.database()));
            config.durability = Durability::Off;
            folder = Some(temporary);
        }
        if io::stderr().is_terminal() {
            config.log_json = false;
        }
        if self.quiet || self.has_lines() {
            config.log_level = tracing::Level::WARN;
        }
        let config = config.with(&values)?;
        let listen = config.address.listen;
        if !listen.ip().is_loopback() && !self.allow_remote {
            bail!(
                "setting listen: other machines can reach {listen} and could do everything in this sandbox: listen on \
                 127.0.0.1, or add --allow-remote"
            );
        }
        if config.cors_origins.iter().any(|origin| origin == "*") {
            bail!(
                "setting cors_origins: the control plane of a sandbox must not be open to every web page: list the \
                 origins of your front ends"
            );
        }
        config.require_base_url()?;
        Ok((config, folder))
    }

    async fn serve(self) -> Result<()> {
        let seed = self.read_seed()?;
        // Signals come first: from here on, everything that is created is also removed.
        let mut stop = StopSignals::register()?;
        let mut input = Input::watch(self.until_stdin_closes)?;
        let (config, _folder) = self.configure()?;
        let _log = telemetry::start_log(&config);
        let listen = config.address.listen;
        let entropy = self.random_seed.map_or_else(Entropy::system, Entropy::seeded);
        require_sound_database(&config)?;
        let mut app = App::start(config, self.clock(&seed), entropy).await?;
        let path = app.config.place().to_string();
        if app.store.read(accounts::exist).await? {
            if self.random_seed.is_some() {
                close(app.store).await?;
                bail!("setting database: {path} already holds accounts; --random-seed needs a new database");
            }
            if self.seed.is_some() || self.generate.is_some() {
                tracing::warn!(database = path, "the database already holds accounts and is kept; no seed was loaded");
            }
        }
        if !app.become_sandbox(&seed).await? {
            close(app.store).await?;
            bail!("setting database: {path} holds accounts that were not created by a sandbox; use another database");
        }
        let planted = Arc::clone(&seed);
        let tokens = app.store.read(move |db| seed::known_tokens(db, &planted)).await?;
        let running =
            Running::start(app).await.with_context(|| format!("setting listen: cannot listen on {listen}"))?;
        let base_url = &running.app.base_url();
        if self.json {
            let ready = Ready { base_url, api_url: format!("{base_url}{BASE_PATH}"), tokens: &tokens };
            output::tell_json(&ready)?;
        } else if !self.quiet {
            output::tell(greeting(base_url, &tokens, &seed))?;
        }
        if let Some(sandbox) = running.app.sandbox.as_ref().filter(|_| self.has_lines()) {
            sandbox.journal.tell(request_lines::print);
        }
        tokio::select! {
            () = stop.received() => {}
            () = input.closed() => {}
        }
        running.stop(stop.received_again()).await;
        Ok(())
    }
}

/// Standard input, watched for its end.
struct Input(Option<oneshot::Receiver<()>>);

impl Input {
    /// Reads on a separate thread, which ends with the process: the runtime would wait for a blocked read.
    fn watch(is_wanted: bool) -> Result<Self> {
        if !is_wanted {
            return Ok(Self(None));
        }
        let (sender, closed) = oneshot::channel();
        let read = move || {
            // The bytes mean nothing. An input that cannot be read counts as closed.
            let _ = io::copy(&mut io::stdin(), &mut io::sink());
            let _ = sender.send(());
        };
        thread::Builder::new().name("input".to_owned()).spawn(read).context("cannot watch standard input")?;
        Ok(Self(Some(closed)))
    }

    async fn closed(&mut self) {
        match &mut self.0 {
            // An error means that the thread has ended.
            Some(closed) => drop(closed.await),
            None => std::future::pending().await,
        }
    }
}

/// The line for programs; its keys are in the documented order.
#[derive(Serialize)]
struct Ready<'a> {
    base_url: &'a str,
    api_url: String,
    #[serde(serialize_with = "by_name")]
    tokens: &'a [Token],
}

fn by_name<S: Serializer>(tokens: &[Token], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(tokens.iter().map(|token| (&token.name, &token.token)))
}

/// A few lines for people, with commands that can be pasted.
fn greeting(base_url: &str, tokens: &[Token], seed: &Seed) -> String {
    let mut text = format!("The sandbox is ready at {base_url}{BASE_PATH}\n\n");
    if let Some((id, token)) = seed.example() {
        let change = json!({"account_invitation": {"permission": "collaborator", "bill_rate_in_cents": 12_500}});
        let invited = json!({"account_invitation": {"full_name": "Nia New", "email_address": "nia@example.com"}});
        let word = |text: String| quoted(text.as_bytes());
        let headers =
            format!("-H {} -H 'Content-Type: application/json'", word(format!("Authorization: Bearer {token}")));
        let invitations = format!("{base_url}{BASE_PATH}/account_invitations");
        let (one, all) = (word(format!("{invitations}/{id}?include=inviter")), word(invitations));
        let (change, invited) = (word(change.to_string()), word(invited.to_string()));
        let mailbox = word(format!("{base_url}/sandbox/mailbox?to=nia@example.com&wait=5"));
        text.push_str(&format!(
            "Update an invitation:\n\n\
             curl -g -X PUT {one} {headers} --data-raw {change}\n\n\
             Create one, and look at the mail that would have been sent:\n\n\
             curl -g -X POST {all} {headers} --data-raw {invited}\n\
             curl -g {mailbox}\n\n"
        ));
    }
    let tokens: String = tokens.iter().map(|token| format!("  {}\n", token.token)).collect();
    text.push_str(&format!(
        "Tokens:\n{tokens}\nReference: {base_url}/docs    Requests: {base_url}/sandbox/inspector    Stop with Ctrl-C.\n"
    ));
    text
}
