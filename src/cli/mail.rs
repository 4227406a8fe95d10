//! `invited mail`: tests mail, shows what became of mails, retries failed ones, and writes the built-in templates.

use std::fs::{File, create_dir_all};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand, value_parser};
use secrecy::SecretString;
use serde_json::{Value as Json, json};

use crate::cli::within::{InAccount, InDatabase};
use crate::cli::{block_on, output};
use crate::clock::Clock;
use crate::entropy::Entropy;
use crate::mail::message::{BUILT_IN, Cover};
use crate::mail::outbox::{self, QueuedMail, STATES};
use crate::mail::{Failure, Templates};
use crate::server::settings::{self, Config};
use crate::store::Place;

/// The columns of a table of mails.
pub const COLUMNS: &[&str] = &["id", "state", "created_at", "kind", "invitation_id", "to", "attempts", "last_reply"];

/// Test mail, look at mails, and send failed ones again
#[derive(Subcommand)]
pub enum MailCommand {
    /// Send a test mail and print the reply of the mail server
    Test {
        /// Where to send the mail
        address: String,
        #[command(flatten)]
        within: InDatabase<TestSettings>,
    },
    /// List the newest mails of an account and what became of them
    List {
        /// Only mails in this state
        #[arg(long, value_parser = PossibleValuesParser::new(STATES.iter().map(|(_, name)| *name)))]
        state: Option<String>,
        /// Maximum number of mails
        #[arg(long, value_name = "COUNT", default_value = "100", value_parser = value_parser!(i64).range(1..))]
        limit: i64,
        #[command(flatten)]
        within: InAccount,
    },
    /// Send the failed mails of an account again, at once and with their full time
    Retry {
        /// Also those whose recipient or text the mail server has refused for good
        #[arg(long)]
        refused: bool,
        #[command(flatten)]
        within: InAccount,
    },
    /// Write the built-in mail templates to a folder, for the setting mail_templates
    Templates {
        /// The folder; it is created if it does not exist, and no file in it is replaced
        folder: PathBuf,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

#[derive(Args)]
pub struct TestSettings {
    #[command(flatten)]
    mail: settings::MailSettings,
    /// URL of the server that will send mail; its host is the name (EHLO) for the test, too
    #[arg(long, value_name = "URL", default_value = "")]
    base_url: String,
}

impl MailCommand {
    pub fn run(self) -> Result<()> {
        match self {
            Self::Test { address, within } => test(address.trim(), &within),
            Self::List { state, limit, within } => {
                let mails = within.read(move |db, operator| {
                    Ok(outbox::of_account(db, operator.account_id, state.as_deref(), limit)?)
                })?;
                let rows: Vec<Json> = mails.iter().map(row).collect();
                let table = output::table(COLUMNS, &rows);
                within.print(&json!({ "mails": rows }), table)
            }
            Self::Retry { refused, within } => {
                let (queued, left) = within.write(false, move |db, context, account| {
                    let queued = outbox::retry_failed(db, account, refused, context.now)?;
                    Ok((queued, outbox::count_refused(db, account)?))
                })?;
                let sentence = match left {
                    0 => String::new(),
                    left => format!("\nRefused for good, and left alone without --refused: {left}"),
                };
                within.print(
                    &json!({"queued": queued, "refused": left}),
                    format_args!("Failed mails to send again: {queued}{sentence}"),
                )
            }
            Self::Templates { folder, json } => {
                let files = write_templates(&folder)?;
                if json { output::print_json(&json!({ "files": files })) } else { output::print(files.join("\n")) }
            }
        }
    }
}

fn test(to: &str, within: &InDatabase<TestSettings>) -> Result<()> {
    let mut config = Config::defaults()?;
    // A test mail needs no database: this one is never opened.
    config.database.place = Some(Place::File(PathBuf::new()));
    let config = config.with(&within.settings.values(|_| true)?)?;
    let settings = config.mail;
    let templates = Templates::load(settings.templates.as_deref()).map_err(anyhow::Error::msg)?;
    // The settings require a sender unless mail is off.
    let Some(from) = settings.from.as_ref() else {
        bail!("mail is switched off: say how to send it with --mail, INVITED_MAIL or the file of --config");
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
    let transport = settings.open(config.address.base_url.as_deref()).map_err(anyhow::Error::msg)?;
    let sent = block_on(async {
        let mail = templates.test(cover);
        Ok(match mail {
            Ok(mail) => transport.send(&mail).await.map(|reply| (mail, reply)),
            Err(failure) => Err(failure),
        })
    })?;
    match sent {
        Ok((mail, reply)) => {
            within.print(&json!({"to": mail.to, "message_id": mail.message_id, "reply": reply}), &reply)
        }
        Err(Failure::ForNow(reply)) => bail!("the mail was not sent, though a later attempt may succeed: {reply}"),
        Err(Failure::ForGood(reply)) => bail!("the mail is refused for good: {reply}"),
        Err(Failure::OfSender(reply)) => {
            bail!("no mail can be sent to anyone until the settings of mail or the mail server are changed: {reply}")
        }
    }
}

/// A mail as the API shows it, with its id, its kind, and its invitation if it is about one.
pub fn row(mail: &QueuedMail) -> Json {
    let mut row = json!(mail);
    row["id"] = json!(mail.id);
    row["kind"] = json!(mail.topic.name());
    row["invitation_id"] = json!(mail.topic.invitation_id());
    row
}

fn write_templates(folder: &Path) -> Result<Vec<String>> {
    let files: Vec<(PathBuf, &str)> = BUILT_IN.iter().map(|(name, text)| (folder.join(name), *text)).collect();
    // All are checked before the first is written: a refusal leaves the folder as it was.
    if let Some((path, _)) = files.iter().find(|(path, _)| path.exists()) {
        bail!("{} exists and is not replaced: choose another folder, or remove the file first", path.display());
    }
    create_dir_all(folder).with_context(|| format!("cannot create the folder {}", folder.display()))?;
    for (path, text) in &files {
        let written = File::create_new(path).and_then(|mut file| file.write_all(text.as_bytes()));
        written.with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(files.iter().map(|(path, _)| path.display().to_string()).collect())
}
