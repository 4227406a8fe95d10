//! The database and the account in which a command works.

use std::fmt::Display;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Result;
use clap::Args;
use serde_json::Value as Json;

use crate::cli::settings::Given;
use crate::cli::{output, require_database, with_app};
use crate::clock::Timestamp;
use crate::engine::access::Caller;
use crate::engine::context::{Context, WriteMode};
use crate::engine::error::Error;
use crate::ids::AccountId;
use crate::resources::accounts;
use crate::server::settings::{Address, Config, Database};
use crate::store::Db;

// Comments about these structs must not be doc comments: clap would take them for the help of a command.

#[derive(Args)]
pub struct InDatabase<G: Args = Database> {
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub settings: Given<G>,
}

#[derive(Args)]
pub struct InAccount<G: Args = Database> {
    /// Id of the account; needed only if there are several
    #[arg(long, value_name = "ID")]
    account: Option<AccountId>,
    #[command(flatten)]
    pub database: InDatabase<G>,
}

#[derive(Args)]
pub struct PersonArgs<G: Args = Database> {
    /// Mail address of the person
    #[arg(value_name = "ADDRESS")]
    pub email: String,
    #[command(flatten)]
    pub within: InAccount<G>,
}

// What a command needs that prints a link to the server.
#[derive(Args)]
pub struct LinkSettings {
    #[command(flatten)]
    database: Database,
    #[command(flatten)]
    address: Address,
}

impl<G: Args> InDatabase<G> {
    pub fn print(&self, record: &Json, text: impl Display) -> Result<()> {
        if self.json { output::print_json(record) } else { output::print(text) }
    }

    /// The settings, whose database must exist: a command that needs what an earlier one wrote does not create it.
    pub fn existing(&self) -> Result<Config> {
        let config = self.settings.read()?;
        require_database(&config)?;
        Ok(config)
    }

    pub fn read<T: Send + 'static>(&self, work: impl Fn(&mut Db) -> Result<T, Error> + Send + 'static) -> Result<T> {
        self.read_at(move |db, _| work(db))
    }

    /// The same for work that depends on the time.
    fn read_at<T: Send + 'static>(
        &self,
        work: impl Fn(&mut Db, Timestamp) -> Result<T, Error> + Send + 'static,
    ) -> Result<T> {
        with_app(self.existing()?, |app| async move {
            let now = app.clock.now();
            app.store.read(move |db| work(db, now)).await
        })
    }

    /// Writes as an operator of no account, or rolls the write back if it is a rehearsal.
    pub fn write<T: Send + 'static>(
        &self,
        is_rehearsal: bool,
        work: impl Fn(&mut Db, &Context) -> Result<T, Error> + Send + 'static,
    ) -> Result<T> {
        with_app(self.existing()?, |app| async move {
            let mode = if is_rehearsal { WriteMode::DryRun } else { WriteMode::Part };
            let context = Context { mode, ..app.context(&Arc::new(Caller::unknown()), None) };
            let job = move |db: &mut Db| work(db, &context);
            if is_rehearsal { app.store.rehearse(job).await } else { app.store.write(job).await }
        })
    }
}

/// What a command prints: as JSON, and for people.
pub type Words = (Json, String);

/// Prints something that is about to be committed, once.
///
/// The job that prints it is run again if its transaction fails. What it has printed is void then, and a second secret
/// below the first would not say which of them counts.
pub struct Teller {
    is_json: bool,
    has_told: AtomicBool,
}

impl Teller {
    pub fn new(is_json: bool) -> Self {
        Self { is_json, has_told: AtomicBool::new(false) }
    }

    pub fn tell(&self, (record, text): Words) -> Result<(), Error> {
        if self.has_told.swap(true, Ordering::Relaxed) {
            return Err(Error::Internal("the secret that was shown is void; run the command again".to_owned()));
        }
        let told = if self.is_json { output::tell_json(&record) } else { output::tell(text) };
        told.map_err(|cause| Error::Internal(format!("nothing was changed: {cause:#}")))
    }
}

impl<G: Args> InAccount<G> {
    /// Writes, and prints the result before it is committed: a secret of which only a hash is stored cannot be printed
    /// again. What cannot be printed is not written.
    pub fn write_and_tell(
        &self,
        work: impl Fn(&mut Db, &Context, AccountId) -> Result<Words, Error> + Send + 'static,
    ) -> Result<()> {
        let teller = Teller::new(self.database.json);
        self.write(false, move |db, context, account| teller.tell(work(db, context, account)?))
    }

    pub fn print(&self, record: &Json, text: impl Display) -> Result<()> {
        self.database.print(record, text)
    }

    pub fn read<T: Send + 'static>(
        &self,
        work: impl Fn(&mut Db, &Caller) -> Result<T, Error> + Send + 'static,
    ) -> Result<T> {
        self.read_at(move |db, operator, _| work(db, operator))
    }

    /// The same for work that depends on the time.
    pub fn read_at<T: Send + 'static>(
        &self,
        work: impl Fn(&mut Db, &Caller, Timestamp) -> Result<T, Error> + Send + 'static,
    ) -> Result<T> {
        let account = self.account;
        self.database.read_at(move |db, now| {
            let operator = Caller::operator(account_or_only(db, account)?);
            work(db, &operator, now)
        })
    }

    pub fn write<T: Send + 'static>(
        &self,
        is_rehearsal: bool,
        work: impl Fn(&mut Db, &Context, AccountId) -> Result<T, Error> + Send + 'static,
    ) -> Result<T> {
        let account = self.account;
        self.database.write(is_rehearsal, move |db, context| {
            let account = account_or_only(db, account)?;
            work(db, &context.for_caller(Caller::operator(account)), account)
        })
    }
}

impl InAccount<LinkSettings> {
    /// The URL with which a link begins.
    pub fn base_url(&self) -> Result<String> {
        let config = self.database.settings.read()?;
        config.require_base_url()?;
        Ok(config.base_url())
    }
}

/// The account with this id, or the only one.
pub fn account_or_only(db: &mut Db, id: Option<AccountId>) -> Result<AccountId, Error> {
    let accounts: Vec<AccountId> = accounts::list(db)?.into_iter().map(|account| account.id).collect();
    let refusal = match (id, accounts.as_slice()) {
        (Some(id), known) if known.contains(&id) => return Ok(id),
        (None, [only]) => return Ok(*only),
        (Some(id), _) => format!("There is no account {id}."),
        (None, []) => "There is no account yet: create one with `invited account create`.".to_owned(),
        (None, _) => "There are several accounts: name one with --account.".to_owned(),
    };
    Err(Error::Syntax(refusal))
}
