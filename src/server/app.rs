//! The application: its parts by name, and how they start and stop.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::clock::Clock;
use crate::engine::access::{Caller, Policy};
use crate::engine::context::Context;
use crate::engine::error::Error;
use crate::engine::limits::Limits;
use crate::engine::recent_writes::RecentWrites;
use crate::engine::schema::MIGRATIONS;
use crate::engine::tokens::Callers;
use crate::engine::tuning::{Tuned, Tuning};
use crate::entropy::Entropy;
use crate::ids::UserId;
use crate::mail::outbox::Outbox;
use crate::mail::{Templates, Transport};
use crate::oauth::passwords::Checks;
use crate::sandbox::Sandbox;
use crate::sandbox::seed::{self, Progress, Seed};
use crate::server::settings::Config;
use crate::server::telemetry::Metrics;
use crate::store::{self, Db, Param, Store, migrate};

/// The table to which every write of the API adds a row.
const WRITTEN_BY_EVERYONE: &str = "audit";

/// How often a long planting says how far it is.
const TOLD_EVERY: Duration = Duration::from_secs(1);

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
    /// What can be changed while it runs.
    pub tuned: Tuned,
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
                most_for_address: config.rate_mails_per_address.into(),
                under_way: Arc::default(),
                bell: Arc::default(),
            }),
            mail,
            templates,
            tuned: Tuned::new(Tuning {
                rates: config.rates,
                rate_mails_per_address: config.rate_mails_per_address,
                invitation_days: config.invitation_days,
                base_url: config.base_url.clone().unwrap_or_else(|| format!("http://{}", config.listen)),
                profile: config.profile,
            }),
            sandbox: None,
            clock: Arc::new(clock),
            mail_entropy: Arc::new(entropy.branch("mail")),
            entropy: Arc::new(entropy),
            store,
            config,
        })
    }

    /// Writes the seed and makes the server a sandbox. `false` when the database holds accounts that no sandbox made; then the
    /// server stays what it was.
    pub async fn become_sandbox(&mut self, seed: &Arc<Seed>) -> Result<bool, store::Error> {
        let (now, days) = (self.clock.now(), self.config.invitation_days);
        let progress = Arc::new(Progress::default());
        let (planted, written) = (Arc::clone(seed), Arc::clone(&progress));
        let planting = self.store.write(move |db| seed::plant_with(db, &planted, (now, days), &written));
        tokio::pin!(planting);
        let of = seed.generated_rows();
        let is_planted = loop {
            tokio::select! {
                is_planted = &mut planting => break is_planted?,
                () = tokio::time::sleep(TOLD_EVERY) => tracing::info!(rows = progress.rows(), of, "planting the seed"),
            }
        };
        self.sandbox = is_planted.then(|| Arc::new(Sandbox::of(Arc::clone(seed), self.config.keep_requests)));
        Ok(is_planted)
    }

    /// Has something else be in force from now on.
    pub fn tune(&self, tuning: Tuning) {
        self.limits.set(tuning.rates);
        self.outbox.most_for_address.store(tuning.rate_mails_per_address, Ordering::Relaxed);
        self.tuned.set(tuning);
    }

    /// How others reach this server, without a slash at the end.
    pub fn base_url(&self) -> String {
        self.tuned.get().base_url.clone()
    }

    /// Refuses what would write while writes are switched off for maintenance.
    pub fn require_writes(&self) -> Result<(), Error> {
        if self.config.queue_length == 0 {
            return Err(Error::Unavailable("writes are switched off (queue_length is 0)".to_owned()));
        }
        Ok(())
    }

    /// Refuses a database that would refuse every write, unless none is meant to be made.
    pub async fn require_writable_database(&self) -> Result<(), NotStarted> {
        if self.require_writes().is_err() {
            return Ok(());
        }
        let obstacle = self.store.rehearse(|db| match db.dialect().keeps_from_writing() {
            Some(sql) => {
                db.one(sql, &[Param::Text(WRITTEN_BY_EVERYONE)], |row| Ok(row.maybe_text(0)?.map(str::to_owned)))
            }
            None => Ok::<_, store::Error>(None),
        });
        match obstacle.await? {
            Some(obstacle) => Err(store::Error::Unusable(obstacle).into()),
            None => Ok(()),
        }
    }

    /// Reads for a caller, who sees at least what the caller has written through this server.
    pub async fn read_for<T, F>(&self, caller: &Caller, work: F) -> Result<T, Error>
    where
        F: FnMut(&mut Db) -> Result<T, Error> + Send + 'static,
        T: Send + 'static,
    {
        if self.store.position().is_none() {
            return self.store.read(work).await;
        }
        let since = caller.user_id().map(|user_id| self.recent_writes.of(user_id)).unwrap_or_default();
        self.store.read_late(since, work).await
    }

    /// Remembers that a user's write is about to be answered, for the reads that follow it.
    pub fn note_write(&self, user_id: Option<UserId>) {
        if let Some(user_id) = user_id {
            self.recent_writes.note(user_id, &self.store);
        }
    }

    /// What a write of this caller needs besides the database.
    pub fn context(&self, caller: &Arc<Caller>, request_id: Option<&str>) -> Context {
        let tuning = self.tuned.get();
        Context {
            caller: Arc::clone(caller),
            now: self.clock.now(),
            request_id: request_id.map(str::to_owned),
            entropy: Arc::clone(&self.entropy),
            limits: Arc::clone(&self.limits),
            callers: Arc::clone(&self.callers),
            invitation_days: tuning.invitation_days,
            activates_at_once: tuning.profile.activates_at_once,
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
    #[error("setting database: {0}")]
    Store(store::Error),
    /// The settings of mail name something that cannot be used.
    #[error("the settings of mail: {0}")]
    Mail(String),
}

/// Not as the source of the error, which would be told a second time.
impl From<store::Error> for NotStarted {
    fn from(cause: store::Error) -> Self {
        Self::Store(cause)
    }
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
