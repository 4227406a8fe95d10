//! `invited sandbox`: the same server, over a database with a seeded account, ready at once.

use std::io::{IsTerminal as _, Write as _};

use anyhow::{Context as _, Result, bail};
use clap::{Arg, ArgAction, ArgMatches, Command};
use serde_json::{Map, Value as Json};

use super::{request_lines, settings};
use crate::api::BASE_PATH;
use crate::app::App;
use crate::clock::Clock;
use crate::config::Config;
use crate::entropy::Entropy;
use crate::lifecycle::{Running, StopSignals};
use crate::sandbox::{DEFAULTS, TemporaryFolder, seed};
use crate::telemetry;
use crate::wire::kind::print_text;

pub fn command() -> Command {
    let command = Command::new("sandbox")
        .about("Serve a seeded account on loopback, to develop and test against")
        .long_about(
            "Serve a seeded account on loopback, to develop and test a client of the API against.\n\n\
             Without --database the data lives in a temporary file that is removed at the end.\n\
             A database that the sandbox did not make is refused, and INVITED_DATABASE is not heeded.\n\
             Rate limits are off unless they are set. Ids and tokens are the same in every run.",
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
        );
    settings::add_flags(command, |_| true)
        .mut_arg("database", |flag| flag.help("The database, if it is to be kept: sqlite:PATH"))
}

pub fn run(matches: &ArgMatches) -> Result<()> {
    super::block_on(serve(matches))
}

async fn serve(matches: &ArgMatches) -> Result<()> {
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
    let _log = telemetry::start_log(&config).context("the log could not start")?;
    let listen = config.listen;
    let mut app = App::start(config, Clock::system(), Entropy::system()).await?;
    if !app.become_sandbox().await? {
        let path = app.config.database.to_string();
        super::close(app.store).await?;
        bail!("setting database: {path} holds accounts that no sandbox made; give the sandbox a database of its own");
    }
    let running = Running::start(app).await.with_context(|| format!("setting listen: cannot listen on {listen}"))?;
    let base_url = &running.app.base_url();
    if matches.get_flag("json") {
        announce(&as_json(base_url))?;
    } else if !is_quiet {
        announce(&greeting(base_url))?;
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
fn as_json(base_url: &str) -> String {
    let text = |text: &str| {
        let mut out = Vec::new();
        print_text(text, &mut out);
        String::from_utf8(out).unwrap_or_default()
    };
    let tokens: Vec<String> =
        seed::tokens().iter().map(|(name, token)| format!("{}:{}", text(name), text(token))).collect();
    format!(
        "{{\"base_url\":{},\"api_url\":{},\"tokens\":{{{}}}}}\n",
        text(base_url),
        text(&format!("{base_url}{BASE_PATH}")),
        tokens.join(",")
    )
}

/// A few lines for people, with a command that can be pasted as it stands.
fn greeting(base_url: &str) -> String {
    let body = Json::Object(Map::from_iter([(
        "account_invitation".to_owned(),
        serde_json::json!({"permission": "collaborator", "bill_rate_in_cents": 12_500}),
    )]));
    let invited =
        serde_json::json!({"account_invitation": {"full_name": "Nia New", "email_address": "nia@example.test"}});
    let headers = "-H 'Authorization: Bearer sandbox-administrator' -H 'Content-Type: application/json'";
    let mut text = format!(
        "The sandbox is ready at {base_url}{BASE_PATH}\n\
         \n\
         Update an invitation:\n\
         \n\
         curl -X PUT '{base_url}{BASE_PATH}/account_invitations/1?include=inviter' {headers} -d '{body}'\n\
         \n\
         Invite somebody, and look at the mail that would have been sent:\n\
         \n\
         curl -X POST '{base_url}{BASE_PATH}/account_invitations' {headers} -d '{invited}'\n\
         curl '{base_url}/sandbox/mailbox?to=nia@example.test&wait=5'\n\
         \n\
         Tokens, one for each level:\n"
    );
    for (_, token) in seed::tokens() {
        text.push_str("  ");
        text.push_str(&token);
        text.push('\n');
    }
    text.push_str(&format!(
        "\nReference: {base_url}/docs    Control plane: {base_url}/sandbox/openapi.json    Stop with Ctrl-C.\n"
    ));
    text
}
