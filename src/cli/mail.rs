//! `invited mail`: tests mail, shows what became of mails, retries failed ones, and writes the built-in templates.

use std::io::Write as _;
use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand, value_parser};
use secrecy::SecretString;
use serde::Serialize;

use crate::cli::block_on;
use crate::cli::in_account::InAccount;
use crate::cli::output::{self, Form};
use crate::cli::settings::Given;
use crate::clock::Clock;
use crate::entropy::Entropy;
use crate::mail::message::{BUILT_IN, Cover};
use crate::mail::outbox::{self, About, Listed, STATES};
use crate::mail::{Failure, Settings, Templates, Transport};
use crate::server::settings::{self, Config};
use crate::store::Place;
use crate::wire::kind::time;

/// The columns of a table of mails.
pub const COLUMNS: &[&str] = &["id", "state", "created_at", "invitation_id", "to", "attempts", "last_reply"];

/// Test mail, look at mails, and send failed ones again
#[derive(Subcommand)]
pub enum Mail {
    Test(Test),
    List(List),
    Retry(Retry),
    Templates(WriteTemplates),
}

impl Mail {
    pub fn run(self) -> Result<()> {
        match self {
            Self::Test(command) => command.run(),
            Self::List(command) => command.run(),
            Self::Retry(command) => command.run(),
            Self::Templates(command) => command.run(),
        }
    }
}

/// Send a test mail and print the reply of the mail server
#[derive(Args)]
pub struct Test {
    /// Where to send the mail
    address: String,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    settings: Given<settings::Mail>,
}

#[derive(Serialize)]
struct Sent {
    to: String,
    message_id: String,
    reply: String,
}

impl Test {
    fn run(self) -> Result<()> {
        let mut config = Config::defaults()?;
        // A test mail needs no database: this one is never opened.
        config.database.place = Some(Place::File(PathBuf::new()));
        let settings = config.with(&self.settings.values(|_| true)?)?.mail.settings();
        let mail = test_mail(&settings, self.address.trim())?;
        let sent = block_on(async {
            let transport = Transport::open(&settings).map_err(anyhow::Error::msg)?;
            Ok(transport.send(&mail).await)
        })?;
        match sent {
            Ok(reply) => {
                let sent = Sent { to: mail.to, message_id: mail.message_id, reply };
                output::print(self.json, &sent, &sent.reply)
            }
            Err(Failure::ForNow(reply)) => bail!("the mail was not sent, though a later attempt may succeed: {reply}"),
            Err(Failure::ForGood(reply)) => bail!("the mail server refused the mail for good: {reply}"),
        }
    }
}

fn test_mail(settings: &Settings, to: &str) -> Result<crate::mail::Mail> {
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
    templates.test(cover).map_err(anyhow::Error::msg)
}

/// List the newest mails of an account and what became of them
#[derive(Args)]
pub struct List {
    /// Only mails in this state
    #[arg(long, value_parser = PossibleValuesParser::new(STATES.iter().map(|(_, name)| *name)))]
    state: Option<String>,
    /// Maximum number of mails
    #[arg(long, value_name = "COUNT", default_value = "100", value_parser = value_parser!(i64).range(1..))]
    limit: i64,
    #[command(flatten)]
    within: InAccount,
}

/// A mail as the API shows it, with its invitation.
#[derive(Serialize)]
pub struct Row {
    id: String,
    invitation_id: String,
    message_id: String,
    to: String,
    state: String,
    attempts: i64,
    last_reply: Option<String>,
    next_attempt_at: Option<String>,
    created_at: String,
    updated_at: String,
}

impl From<Listed> for Row {
    fn from(mail: Listed) -> Self {
        Self {
            id: mail.id.to_string(),
            invitation_id: mail.invitation_id.to_string(),
            message_id: mail.message_id,
            to: mail.recipient,
            state: mail.state,
            attempts: mail.attempts,
            last_reply: mail.last_reply,
            next_attempt_at: mail.due_at.map(|moment| time(moment.0)),
            created_at: time(mail.created_at.0),
            updated_at: time(mail.updated_at.0),
        }
    }
}

impl List {
    fn run(self) -> Result<()> {
        let Self { state, limit, within } = self;
        let mails = within.read(move |db, operator| {
            Ok(outbox::list(db, About::Account(operator.account_id, state.as_deref(), limit))?)
        })?;
        let rows: Vec<Row> = mails.into_iter().map(Row::from).collect();
        output::print_rows(Form::json_if(within.json), "mails", COLUMNS, &rows)
    }
}

/// Send the failed mails of an account again, at once and with their full time
#[derive(Args)]
pub struct Retry {
    #[command(flatten)]
    within: InAccount,
}

#[derive(Serialize)]
struct Queued {
    queued: usize,
}

impl Retry {
    fn run(self) -> Result<()> {
        let retry = |db: &mut _, context: &crate::engine::context::Context| {
            Ok(outbox::retry_failed(db, context.caller.account_id, context.now)?)
        };
        let queued = self.within.write(retry)?;
        output::print(self.within.json, &Queued { queued }, format_args!("Failed mails to send again: {queued}"))
    }
}

/// Write the built-in mail templates to a folder, for the setting mail_templates
#[derive(Args)]
pub struct WriteTemplates {
    /// The folder; it is created if it does not exist, and no file in it is replaced
    folder: PathBuf,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Written {
    files: Vec<String>,
}

impl WriteTemplates {
    fn run(self) -> Result<()> {
        let folder = self.folder;
        let files: Vec<(PathBuf, &str)> = BUILT_IN.iter().map(|(name, text)| (folder.join(name), *text)).collect();
        // All are checked before the first is written: a refusal leaves the folder as it was.
        if let Some((path, _)) = files.iter().find(|(path, _)| path.exists()) {
            bail!("{} exists and is not replaced: choose another folder, or remove the file first", path.display());
        }
        std::fs::create_dir_all(&folder).with_context(|| format!("cannot create the folder {}", folder.display()))?;
        for (path, text) in &files {
            let written = std::fs::File::create_new(path).and_then(|mut file| file.write_all(text.as_bytes()));
            written.with_context(|| format!("cannot write {}", path.display()))?;
        }
        let written = Written { files: files.iter().map(|(path, _)| path.display().to_string()).collect() };
        output::print_lines(self.json, &written, &written.files)
    }
}
