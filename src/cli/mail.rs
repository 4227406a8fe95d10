//! `invited mail`: whether mail works, what became of the mails, and the templates to start from.

use std::io::Write as _;
use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgMatches, Command, value_parser};
use secrecy::SecretString;
use serde_json::{Value as Json, json};

use crate::cli::{block_on, listing, people, settings};
use crate::clock::Clock;
use crate::entropy::Entropy;
use crate::mail::message::{BUILT_IN, Cover};
use crate::mail::outbox::{self, MailFilter, QueuedMail, STATES};
use crate::mail::{Failure, Mail, Settings, Templates, Transport};
use crate::server::settings::Config;
use crate::wire::kind::time;

/// A mail goes out without the database, but settings are only read with one: this one is named and never opened.
const NO_DATABASE: &[(&str, &str)] = &[("database", "sqlite:unused")];

/// What tables show of a mail.
pub(super) const COLUMNS: &[&str] = &["id", "state", "created_at", "invitation_id", "to", "attempts", "last_reply"];

pub fn command() -> Command {
    let test = Command::new("test")
        .about("Send a mail to see that mail works, and print what the mail server answers")
        .arg(Arg::new("address").value_name("ADDRESS").required(true).help("Where the mail goes"))
        .arg(people::json_argument().help("Print JSON"));
    let state = Arg::new("state")
        .long("state")
        .value_name("STATE")
        .value_parser(PossibleValuesParser::new(STATES.iter().map(|(_, name)| *name)))
        .help("Only mails of this state");
    let limit = Arg::new("limit")
        .long("limit")
        .value_name("COUNT")
        .value_parser(value_parser!(i64).range(1..))
        .default_value("100")
        .help("Print so many at most");
    let list = Command::new("list").about("List the newest mails of an account and what became of them").args([
        state,
        limit,
        people::account_argument(),
        people::json_argument(),
    ]);
    let retry = Command::new("retry")
        .about("Have the failed mails of an account sent again, at once and with their full time")
        .args([people::account_argument(), people::json_argument().help("Print JSON")]);
    let templates = Command::new("templates")
        .about("Write the program's mail templates into a folder, for the setting mail_templates")
        .arg(
            Arg::new("folder")
                .value_name("FOLDER")
                .required(true)
                .value_parser(value_parser!(PathBuf))
                .help("The folder; it is made if there is none, and files in it are never replaced"),
        )
        .arg(people::json_argument().help("Print JSON"));
    let is_of_mail = |name: &str| name == "mail" || name.starts_with("mail_");
    Command::new("mail")
        .about("Test the way of mails, look at them, and have failed ones sent again")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(settings::add_flags(test, |setting| is_of_mail(setting.name)))
        .subcommands([list, retry].map(|command| settings::add_flags(command, settings::is_of_database)))
        .subcommand(templates)
}

pub fn run(matches: &ArgMatches) -> Result<()> {
    match matches.subcommand() {
        Some(("test", matches)) => test(matches),
        Some(("list", matches)) => list(matches),
        Some(("retry", matches)) => retry(matches),
        Some(("templates", matches)) => templates(matches),
        _ => Ok(()),
    }
}

fn test(matches: &ArgMatches) -> Result<()> {
    let to = matches.get_one::<String>("address").cloned().unwrap_or_default();
    let config = Config::new(&settings::values(matches, NO_DATABASE, &[])?)?;
    let mail = test_mail(&config.mail, to.trim())?;
    let sent = block_on(async {
        let transport = Transport::open(&config.mail).map_err(anyhow::Error::msg)?;
        Ok(transport.send(&mail).await)
    })?;
    match sent {
        Ok(reply) if matches.get_flag("json") => {
            println!("{}", json!({"to": mail.to, "message_id": mail.message_id, "reply": reply}));
        }
        Ok(reply) => println!("{reply}"),
        Err(Failure::ForNow(reply)) => bail!("no mail has left, though a later attempt may succeed: {reply}"),
        Err(Failure::ForGood(reply)) => bail!("the mail server refuses the mail for good: {reply}"),
    }
    Ok(())
}

/// A mail that says that mail works.
fn test_mail(settings: &Settings, to: &str) -> Result<Mail> {
    let templates = Templates::load(settings.templates.as_deref()).map_err(anyhow::Error::msg)?;
    // Without an address to come from, reading the settings has seen to it that mail is off.
    let Some(from) = settings.from.as_ref() else {
        bail!("mail is switched off: say how it leaves with --mail, INVITED_MAIL or the file of --config");
    };
    let cover = Cover {
        from,
        to,
        message_id: &outbox::message_id(&Entropy::system(), from.domain())?,
        invitation_id: None,
        link: SecretString::default(),
        token: SecretString::default(),
        now: Clock::system().now(),
    };
    templates.test(cover).map_err(anyhow::Error::msg)
}

fn list(matches: &ArgMatches) -> Result<()> {
    let state = matches.get_one::<String>("state").cloned();
    let most = matches.get_one::<i64>("limit").copied().unwrap_or_default();
    let mails = people::read(matches, move |db, operator| {
        Ok(outbox::list(db, MailFilter::Account(operator.account_id, state.as_deref(), most))?)
    })?;
    listing::print(matches, "mails", COLUMNS, mails.iter().map(row).collect());
    Ok(())
}

/// A mail with the members that the API gives it, and what it belongs to.
pub(super) fn row(mail: &QueuedMail) -> Json {
    json!({
        "id": mail.id.to_string(),
        "invitation_id": mail.invitation_id.to_string(),
        "message_id": mail.message_id,
        "to": mail.recipient,
        "state": mail.state,
        "attempts": mail.attempts,
        "last_reply": mail.last_reply,
        "next_attempt_at": mail.due_at.map(|moment| time(moment.0)),
        "created_at": time(mail.created_at.0),
        "updated_at": time(mail.updated_at.0),
    })
}

fn retry(matches: &ArgMatches) -> Result<()> {
    let queued =
        people::write(matches, |db, context| Ok(outbox::retry_failed(db, context.caller.account_id, context.now)?))?;
    if matches.get_flag("json") {
        println!("{}", json!({ "queued": queued }));
    } else {
        println!("Failed mails that are sent again: {queued}");
    }
    Ok(())
}

fn templates(matches: &ArgMatches) -> Result<()> {
    let folder = matches.get_one::<PathBuf>("folder").cloned().unwrap_or_default();
    let files: Vec<(PathBuf, &str)> = BUILT_IN.iter().map(|(name, text)| (folder.join(name), *text)).collect();
    // All are looked at before any is written, so that a refusal leaves the folder as it was.
    if let Some((path, _)) = files.iter().find(|(path, _)| path.exists()) {
        bail!("{} is there already and is not replaced: name another folder, or remove it first", path.display());
    }
    std::fs::create_dir_all(&folder).with_context(|| format!("the folder {} cannot be made", folder.display()))?;
    for (path, text) in &files {
        let written = std::fs::File::create_new(path).and_then(|mut file| file.write_all(text.as_bytes()));
        written.with_context(|| format!("{} cannot be written", path.display()))?;
    }
    if matches.get_flag("json") {
        let paths: Vec<String> = files.iter().map(|(path, _)| path.display().to_string()).collect();
        println!("{}", json!({ "files": paths }));
    } else {
        files.iter().for_each(|(path, _)| println!("{}", path.display()));
    }
    Ok(())
}
