//! The application: its parts by name, and how they start and stop.

use std::sync::Arc;

use crate::access::{Caller, Policy};
use crate::clock::Clock;
use crate::config::Config;
use crate::context::Context;
use crate::entropy::Entropy;
use crate::error::Error;
use crate::limits::Limits;
use crate::mail::{Templates, Transport};
use crate::oauth::passwords::Checks;
use crate::outbox::Outbox;
use crate::recent_writes::RecentWrites;
use crate::sandbox::Sandbox;
use crate::schema::MIGRATIONS;
use crate::store::{self, Db, Store, migrate};
use crate::telemetry::Metrics;
use crate::tokens::Callers;

/// Everything that serves requests. It is shared by all of them.
pub struct App {
    /// The settings.
    pub config: Config,
    /// The database.
    pub store: Store,
    /// Wall time.
    pub clock: Arc<Clock>,
    /// Randomness.
    pub entropy: Arc<Entropy>,
    /// Randomness for the sending of mails, which goes on beside requests.
    pub mail_entropy: Arc<Entropy>,
    /// Who may do what.
    pub policy: Policy,
    /// The callers that were seen lately.
    pub callers: Arc<Callers>,
    /// Who has written lately.
    pub recent_writes: RecentWrites,
    /// Rate limits.
    pub limits: Arc<Limits>,
    /// Counters and durations.
    pub metrics: Metrics,
    /// Where passwords are checked.
    pub password_checks: Checks,
    /// What carries mails.
    pub mail: Transport,
    /// What mails say.
    pub templates: Templates,
    /// Where rules put mails.
    pub outbox: Arc<Outbox>,
    /// How others reach this server, without a slash at the end; never taken from what a request says.
    pub base_url: String,
    /// What a sandbox has besides, and nothing else: there a bearer token stands for its member's consent, too. Only the sandbox's
    /// own planting of its seed makes one, and `serve` refuses a database that holds that seed.
    pub sandbox: Option<Arc<Sandbox>>,
}

impl App {
    /// Opens the database, brings its schema up to date where the settings allow it, and puts the parts together.
    pub async fn start(config: Config, clock: Clock, entropy: Entropy) -> Result<Self, NotStarted> {
        let mail = Transport::open(&config.mail).map_err(NotStarted::Mail)?;
        let templates = Templates::load(config.mail.templates.as_deref()).map_err(NotStarted::Mail)?;
        let store = open_store(&config)?;
        if config.migrate_on_start {
            let applied = migrate::apply(&store, MIGRATIONS, clock.now()).await?;
            if applied.from != applied.to {
                tracing::info!(from = applied.from, to = applied.to, "the database's schema was brought up to date");
            }
        } else {
            migrate::check(&store, MIGRATIONS).await?;
        }
        Ok(Self {
            policy: Policy::new(config.create_level),
            limits: Arc::new(Limits::new(config.rates)),
            callers: Arc::default(),
            recent_writes: RecentWrites::default(),
            metrics: Metrics::default(),
            password_checks: Checks::default(),
            outbox: Arc::new(Outbox {
                is_on: mail.is_on(),
                domain: domain_of(&config),
                most_for_address: config.rate_mails_per_address,
                bell: Arc::default(),
            }),
            mail,
            templates,
            base_url: config.base_url.clone().unwrap_or_else(|| format!("http://{}", config.listen)),
            sandbox: None,
            clock: Arc::new(clock),
            mail_entropy: Arc::new(entropy.branch("mail")),
            entropy: Arc::new(entropy),
            store,
            config,
        })
    }

    /// Refuses what would write while writes are switched off for maintenance.
    pub fn require_writes(&self) -> Result<(), Error> {
        if self.config.queue_length == 0 {
            return Err(Error::Unavailable("writes are switched off (queue_length is 0)".to_owned()));
        }
        Ok(())
    }

    /// Reads for a caller, who sees at least what the caller has written through this server.
    pub async fn read_for<T, F>(&self, caller: &Caller, work: F) -> Result<T, Error>
    where
        F: FnMut(&mut Db) -> Result<T, Error> + Send + 'static,
        T: Send + 'static,
    {
        let since = caller.user_id().map(|user_id| self.recent_writes.of(user_id)).unwrap_or_default();
        self.store.read_late(since, work).await
    }

    /// Remembers that a user's write is about to be answered, for the reads that follow it.
    pub fn note_write(&self, user_id: Option<i64>) {
        if let Some(user_id) = user_id {
            self.recent_writes.note(user_id, &self.store);
        }
    }

    /// What a write of this caller needs besides the database.
    pub fn context(&self, caller: &Arc<Caller>, request_id: Option<&str>) -> Context {
        Context {
            caller: Arc::clone(caller),
            now: self.clock.now(),
            request_id: request_id.map(str::to_owned),
            entropy: Arc::clone(&self.entropy),
            limits: Arc::clone(&self.limits),
            callers: Arc::clone(&self.callers),
            invitation_days: self.config.invitation_days,
            invite_domains: Arc::clone(&self.config.invite_domains),
            outbox: Arc::clone(&self.outbox),
            remarks: Arc::default(),
            is_rehearsal: false,
            is_whole_job: false,
            has_taken_limit: Arc::default(),
        }
    }
}

/// Why the parts could not be put together.
#[derive(Debug, thiserror::Error)]
pub enum NotStarted {
    /// The database.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// The settings of mail name something that cannot be used.
    #[error("the settings of mail: {0}")]
    Mail(String),
}

/// The right side of Message-IDs: the domain that mails come from.
fn domain_of(config: &Config) -> String {
    config.mail.from.as_ref().map_or("localhost", |from| from.domain()).to_owned()
}

/// Opens the database of the settings, as it is.
pub fn open_store(config: &Config) -> Result<Store, store::Error> {
    Store::open(&store::Options {
        place: config.database.clone(),
        durability: config.durability,
        readers: config.readers,
        queue_length: config.queue_length,
        batch_length: config.batch_length,
        read_timeout: config.read_timeout,
    })
}
