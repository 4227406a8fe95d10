//! `invited sandbox`: the same server, over a database with a seeded account, ready at once.

use std::io::{IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context as _, Result, anyhow, bail};
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use serde_json::{Map, Value as Json};

use crate::cli::{request_lines, settings};
use crate::clock::{Clock, Timestamp};
use crate::entropy::Entropy;
use crate::http::BASE_PATH;
use crate::resources::accounts;
use crate::run::{Running, StopSignals};
use crate::sandbox::seed::{self, Generated, Seed, Token, read_start};
use crate::sandbox::{DEFAULTS, TemporaryFolder};
use crate::server::app::App;
use crate::server::settings::Config;
use crate::server::telemetry;
use crate::wire::kind::print_text;

/// The longest seed that is read, in bytes.
const LONGEST_SEED: u64 = 64 * 1_024 * 1_024;

/// When a sandbox starts that repeats itself, unless it is said: 2031-01-01T00:00:00Z.
const BEGINNING: Timestamp = Timestamp(1_924_992_000_000_000);

pub fn command() -> Command {
    let command = Command::new("sandbox")
        .about("Serve a seeded account on loopback, to develop and test against")
        .long_about(
            "Serve a seeded account on loopback, to develop and test a client of the API against.\n\n\
             Without --database the data lives in a temporary file that is removed at the end.\n\
             A database that the sandbox did not make is refused, and INVITED_DATABASE is not heeded.\n\
             Rate limits are off unless they are set. Ids and tokens are the same in every run.\n\n\
             --seed plants another seed than the standard one, --generate adds rows that are made up. With --random-seed the \
             clock stands still and nothing is secret: the same requests get the same answers, links and tokens in every run.",
        )
        .arg(
            Arg::new("allow_remote")
                .long("allow-remote")
                .action(ArgAction::SetTrue)
                .help("Listen where other machines reach it; whoever does can do everything in this sandbox"),
        )
        .arg(
            Arg::new("quiet")
                .long("quiet")
                .action(ArgAction::SetTrue)
                .help("Print nothing, neither the greeting nor a line for each request; only what goes wrong"),
        )
        .arg(
            Arg::new("json")
                .long("json")
                .action(ArgAction::SetTrue)
                .help("When ready, print one line of JSON with the addresses and tokens, and nothing else"),
        )
        .arg(
            Arg::new("seed")
                .long("seed")
                .value_name("FILE")
                .value_parser(value_parser!(PathBuf))
                .help("What the sandbox holds, in YAML or JSON; docs/SEEDS.md tells how it is written"),
        )
        .arg(
            Arg::new("seed_schema")
                .long("seed-schema")
                .action(ArgAction::SetTrue)
                .help("Print the JSON Schema of seeds, and end"),
        )
        .arg(
            Arg::new("generate")
                .long("generate")
                .value_name("ROWS")
                .value_parser(value_parser!(Generated))
                .help("Rows to make up: invitations=100000[,members=500,roles=20,accounts=3]"),
        )
        .arg(
            Arg::new("random_seed")
                .long("random-seed")
                .value_name("NUMBER")
                .value_parser(value_parser!(u64))
                .help("Make everything predictable: the same randomness in every run, and a clock that stands still"),
        )
        .arg(
            Arg::new("now")
                .long("now")
                .value_name("TIME")
                .value_parser(read_start)
                .help("When the sandbox starts, such as 2031-02-01T00:00:00Z"),
        );
    settings::add_flags(command, |_| true)
        .mut_arg("database", |flag| flag.help("The database, if it is to be kept: sqlite:PATH"))
}

pub fn run(matches: &ArgMatches) -> Result<()> {
    if matches.get_flag("seed_schema") {
        return announce(&seed::schema());
    }
    super::block_on(serve(matches))
}

/// The seed that is asked for. Whatever is wrong with it is told before anything is made.
fn read_seed(matches: &ArgMatches) -> Result<Arc<Seed>> {
    let seed = match matches.get_one::<PathBuf>("seed") {
        None => Seed::standard()?,
        Some(path) => {
            let name = path.display();
            let length = std::fs::metadata(path).with_context(|| format!("cannot read {name}"))?.len();
            if length > LONGEST_SEED {
                bail!("{name} is longer than {LONGEST_SEED} bytes; make rows up with --generate instead");
            }
            let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {name}"))?;
            Arc::new(Seed::read(&text).map_err(|wrong| anyhow!("{name}:{wrong}"))?)
        }
    };
    let Some(generated) = matches.get_one::<Generated>("generate") else { return Ok(seed) };
    let random_seed = matches.get_one("random_seed").copied().unwrap_or_default();
    Ok(Arc::new(Seed::clone(&seed).with(*generated, random_seed)))
}

/// The clock: at the moment that is asked for, else at that of the seed. What is to repeat itself begins at the same moment each
/// time, and stands there.
fn clock(matches: &ArgMatches, seed: &Seed) -> Clock {
    let is_repeatable = matches.contains_id("random_seed");
    let now = matches.get_one::<Timestamp>("now").copied().or(seed.now).or(is_repeatable.then_some(BEGINNING));
    let clock = Clock::system();
    clock.set(now, Some(seed.is_frozen.unwrap_or(is_repeatable)));
    clock
}

async fn serve(matches: &ArgMatches) -> Result<()> {
    let seed = read_seed(matches)?;
    // Signals come first: from here on, whatever is made is also removed.
    let mut stop = StopSignals::register()?;
    let mut values = settings::values(matches, DEFAULTS, &["database"])?;
    let folder = match values.contains_key("database") {
        true => None,
        false => Some(TemporaryFolder::create(&Entropy::system()).context("no folder for a temporary database")?),
    };
    if let Some(folder) = &folder {
        values.insert("database", format!("sqlite:{}", folder.database().display()));
        values.entry("durability").or_insert_with(|| "off".to_owned());
    }
    let is_quiet = matches.get_flag("quiet");
    let has_lines = !is_quiet && !matches.get_flag("json") && request_lines::are_wanted();
    if std::io::stderr().is_terminal() {
        values.entry("log_format").or_insert_with(|| "text".to_owned());
    }
    if is_quiet || has_lines {
        values.entry("log_level").or_insert_with(|| "warn".to_owned());
    }
    let config = Config::new(&values)?;
    if !config.listen.ip().is_loopback() && !matches.get_flag("allow_remote") {
        bail!(
            "setting listen: other machines reach {}, and whoever does can do everything in a sandbox: listen on \
             127.0.0.1, or add --allow-remote",
            config.listen
        );
    }
    config.require_base_url()?;
    let _log = telemetry::start_log(&config);
    let listen = config.listen;
    let entropy = matches.get_one("random_seed").map_or_else(Entropy::system, |number| Entropy::seeded(*number));
    let mut app = App::start(config, clock(matches, &seed), entropy).await?;
    let path = app.config.database.to_string();
    if app.store.read(accounts::exist).await? {
        if matches.contains_id("random_seed") {
            super::close(app.store).await?;
            bail!("setting database: {path} holds accounts already; --random-seed needs a database that is new");
        }
        if matches.contains_id("seed") || matches.contains_id("generate") {
            tracing::warn!(database = path, "the database holds accounts already and is kept; nothing was planted");
        }
    }
    if !app.become_sandbox(&seed).await? {
        super::close(app.store).await?;
        bail!("setting database: {path} holds accounts that no sandbox made; give the sandbox a database of its own");
    }
    let planted = Arc::clone(&seed);
    let tokens = app.store.read(move |db| seed::known_tokens(db, &planted)).await?;
    let running = Running::start(app).await.with_context(|| format!("setting listen: cannot listen on {listen}"))?;
    let base_url = &running.app.base_url();
    if matches.get_flag("json") {
        announce(&as_json(base_url, &tokens))?;
    } else if !is_quiet {
        announce(&greeting(base_url, &tokens, &seed))?;
    }
    if let Some(sandbox) = running.app.sandbox.as_ref().filter(|_| has_lines) {
        sandbox.journal.tell(request_lines::print);
    }
    stop.received().await;
    running.stop(stop.received()).await;
    Ok(())
}

/// Standard output may be a pipe that somebody waits on, so it is flushed.
fn announce(text: &str) -> Result<()> {
    let mut out = std::io::stdout();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).context("standard output is closed")
}

/// One line for programs, with the keys in the documented order.
fn as_json(base_url: &str, tokens: &[Token]) -> String {
    let text = |text: &str| {
        let mut out = Vec::new();
        print_text(text, &mut out);
        String::from_utf8(out).unwrap_or_default()
    };
    let tokens: Vec<String> =
        tokens.iter().map(|token| format!("{}:{}", text(&token.name), text(&token.token))).collect();
    format!(
        "{{\"base_url\":{},\"api_url\":{},\"tokens\":{{{}}}}}\n",
        text(base_url),
        text(&format!("{base_url}{BASE_PATH}")),
        tokens.join(",")
    )
}

/// A few lines for people, with a command that can be pasted as it stands.
fn greeting(base_url: &str, tokens: &[Token], seed: &Seed) -> String {
    let mut text = format!("The sandbox is ready at {base_url}{BASE_PATH}\n\n");
    if let Some((id, token)) = seed.example() {
        let body = Json::Object(Map::from_iter([(
            "account_invitation".to_owned(),
            serde_json::json!({"permission": "collaborator", "bill_rate_in_cents": 12_500}),
        )]));
        let invited =
            serde_json::json!({"account_invitation": {"full_name": "Nia New", "email_address": "nia@example.test"}});
        let headers = format!("-H 'Authorization: Bearer {token}' -H 'Content-Type: application/json'");
        let invitations = format!("{base_url}{BASE_PATH}/account_invitations");
        text.push_str(&format!(
            "Update an invitation:\n\n\
             curl -X PUT '{invitations}/{id}?include=inviter' {headers} -d '{body}'\n\n\
             Invite somebody, and look at the mail that would have been sent:\n\n\
             curl -X POST '{invitations}' {headers} -d '{invited}'\n\
             curl '{base_url}/sandbox/mailbox?to=nia@example.test&wait=5'\n\n"
        ));
    }
    text.push_str("Tokens:\n");
    for token in tokens {
        text.push_str(&format!("  {}\n", token.token));
    }
    text.push_str(&format!(
        "\nReference: {base_url}/docs    Requests: {base_url}/sandbox/inspector    Stop with Ctrl-C.\n"
    ));
    text
}
