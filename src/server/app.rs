//! The application: the parts that every request shares, and how they are put together.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::clock::{Clock, Stopwatch, Timestamp};
use crate::engine::access::Caller;
use crate::engine::context::{Context, WriteMode};
use crate::engine::error::Error;
use crate::engine::limits::Limits;
use crate::engine::recent_writes::RecentWrites;
use crate::engine::request_id::RequestId;
use crate::engine::schema::MIGRATIONS;
use crate::engine::tokens::{self, Callers, Turn};
use crate::engine::tuning::{Tuned, Tuning};
use crate::entropy::Entropy;
use crate::mail::outbox::Outbox;
use crate::mail::{Templates, Transport};
use crate::oauth::passwords::PasswordChecks;
use crate::sandbox::Sandbox;
use crate::sandbox::journal::Journal;
use crate::sandbox::seed::{self, Seed};
use crate::server::settings::Config;
use crate::server::telemetry::Metrics;
use crate::server::timekeeper::Timekeeper;
use crate::server::uploads::Uploads;
use crate::store::{self, Db, Param, Place, Store, Work, migrate};
use crate::wire::kind::time;

/// A table that every write of the API inserts into.
const WRITTEN_BY_ALL: &str = "audit";

/// Time limit for a write, counted from the arrival of its request.
const WRITE_TIMEOUT: Duration = Duration::from_secs(5);

/// The largest difference between two clocks that is ignored.
const CLOCK_TOLERANCE: Duration = Duration::from_secs(2);

/// How often the planting of a large seed logs its progress.
const PROGRESS_EVERY: Duration = Duration::from_secs(1);

pub struct App {
    pub config: Config,
    pub store: Store,
    pub clock: Arc<Clock>,
    pub entropy: Arc<Entropy>,
    /// A source of its own for mail delivery, whose timing must not change what requests draw.
    pub mail_entropy: Arc<Entropy>,
    /// Cache of the callers behind recently used tokens.
    pub callers: Arc<Callers>,
    recent_writes: RecentWrites,
    pub limits: Arc<Limits>,
    pub metrics: Metrics,
    pub password_checks: PasswordChecks,
    pub timekeeper: Arc<Timekeeper>,
    pub uploads: Uploads,
    pub mail: Transport,
    pub(super) templates: Templates,
    pub(super) outbox: Arc<Outbox>,
    pub tuned: Tuned,
    /// Present only in a sandbox, where a bearer token also stands for its member's consent. Only planting the
    /// sandbox's own seed sets it, and `serve` refuses a database that holds that seed.
    pub sandbox: Option<Arc<Sandbox>>,
}

impl App {
    /// Opens the database, migrates it if the settings allow that, and puts the parts together.
    pub async fn start(config: Config, clock: Clock, entropy: Entropy) -> Result<Self, NotStarted> {
        let mail = config.mail.open(config.address.base_url.as_deref()).map_err(NotStarted::Mail)?;
        let templates = Templates::load(config.mail.templates.as_deref()).map_err(NotStarted::Mail)?;
        let store = open_store(&config)?;
        let in_database = NotStarted::of(&config.place());
        if config.migrate_on_start {
            let applied = migrate::apply(&store.patient(), MIGRATIONS, clock.now()).await.map_err(&in_database)?;
            if applied.from != applied.to {
                tracing::info!(from = applied.from, to = applied.to, "migrated the database");
            }
        } else {
            migrate::check(&store, MIGRATIONS).await.map_err(in_database)?;
        }
        let tuned = Tuned::new(Tuning {
            rates: config.rates,
            rate_mails_per_address: config.rate_mails_per_address,
            rate_mails_per_account: config.rate_mails_per_account,
            invitation_days: config.invitation_days,
            base_url: config.base_url(),
            profile: config.profile,
        });
        let (tuned_outbox, from) = (tuned.clone(), config.mail.from.as_ref());
        Ok(Self {
            limits: Arc::new(Limits::new(tuned.clone())),
            callers: Arc::default(),
            recent_writes: RecentWrites::default(),
            metrics: Metrics::default(),
            password_checks: PasswordChecks::default(),
            timekeeper: Arc::default(),
            uploads: Uploads::default(),
            outbox: Arc::new(Outbox {
                is_on: mail.is_on(),
                domain: from.map_or("localhost", |from| from.domain()).to_owned(),
                most_for_address: Box::new(move || tuned_outbox.look(|tuning| tuning.rate_mails_per_address)),
                under_way: Arc::default(),
                bell: Arc::default(),
            }),
            mail,
            templates,
            tuned,
            sandbox: None,
            clock: Arc::new(clock),
            mail_entropy: Arc::new(entropy.branch("mail")),
            entropy: Arc::new(entropy),
            store,
            config,
        })
    }

    /// Plants the seed and turns the server into a sandbox. Returns `false`, and changes nothing, if the database holds
    /// accounts that no sandbox made.
    pub async fn become_sandbox(&mut self, seed: &Arc<Seed>) -> Result<bool, store::Error> {
        let (now, days) = (self.clock.now(), self.config.invitation_days);
        let progress = Arc::new(AtomicU64::new(0));
        let (planted, written) = (Arc::clone(seed), Arc::clone(&progress));
        let store = self.store.patient();
        let planting = store.write(move |db| seed::plant(db, &planted, now, days, &written));
        tokio::pin!(planting);
        let of = seed.generated_rows();
        let is_planted = loop {
            tokio::select! {
                is_planted = &mut planting => break is_planted?,
                () = tokio::time::sleep(PROGRESS_EVERY) => {
                    tracing::info!(rows = progress.load(Ordering::Relaxed), of, "planting the seed");
                }
            }
        };
        let journal = Journal::of(self.config.keep_requests, self.config.keep_request_bytes);
        self.sandbox = is_planted.then(|| Arc::new(Sandbox::of(Arc::clone(seed), journal)));
        Ok(is_planted)
    }

    /// A check, for use in a transaction, whether the clock is believed before something that cannot be undone.
    pub fn clock_check(&self) -> impl Fn(&mut Db, Timestamp) -> Result<bool, store::Error> + Clone + Send + use<> {
        let (timekeeper, clock, is_sandbox) =
            (Arc::clone(&self.timekeeper), Arc::clone(&self.clock), self.sandbox.is_some());
        move |db, now| if is_sandbox { Ok(true) } else { timekeeper.believes(db, now, clock.is_frozen()) }
    }

    /// Adopts the time of a database that other servers share, except in a sandbox.
    pub async fn follow_database_clock(&self) -> Result<(), store::Error> {
        if self.sandbox.is_some() {
            return Ok(());
        }
        let asking = Stopwatch::start();
        let ask = |db: &mut Db| match db.dialect().clock() {
            Some(sql) => db.one(sql, &[], |row| row.int(0).map(Timestamp).map(Some)),
            None => Ok::<_, store::Error>(None),
        };
        let Some(told) = self.store.read(ask).await? else { return Ok(()) };
        let elapsed = asking.elapsed();
        let now = told.plus(elapsed / 2);
        if self.clock.follow(now, CLOCK_TOLERANCE + elapsed) {
            tracing::warn!(now = time(now.0), "this machine's clock differs from the database's, which decides");
        }
        Ok(())
    }

    /// Public URL of this server, without a trailing slash.
    pub fn base_url(&self) -> String {
        self.tuned.look(|tuning| tuning.base_url.clone())
    }

    /// Fails while writes are switched off for maintenance.
    pub fn require_writes(&self) -> Result<(), Error> {
        if self.config.queue_length == 0 {
            return Err(Error::Unavailable("writes are switched off (queue_length is 0)".to_owned()));
        }
        Ok(())
    }

    /// Fails if the database would refuse every write, unless writes are switched off anyway.
    pub async fn require_writable_database(&self) -> Result<(), NotStarted> {
        if self.require_writes().is_err() {
            return Ok(());
        }
        let obstacle = self.store.rehearse(|db| match db.dialect().write_obstacle() {
            Some(sql) => db.one(sql, &[Param::Text(WRITTEN_BY_ALL)], |row| Ok(row.maybe_text(0)?.map(str::to_owned))),
            None => Ok::<_, store::Error>(None),
        });
        let in_database = NotStarted::of(&self.config.place());
        match obstacle.await.map_err(&in_database)? {
            Some(obstacle) => Err(in_database(store::Error::Unusable(obstacle))),
            None => Ok(()),
        }
    }

    /// Reads on behalf of a caller, including at least what that caller wrote through this server.
    pub async fn read_for<T: Send + 'static>(&self, caller: &Caller, work: impl Work<T, Error>) -> Result<T, Error> {
        let store = self.store.of_tenant(caller.account_id.get());
        if store.position().is_none() {
            return store.read(work).await;
        }
        let since = caller.user_id().map(|user_id| self.recent_writes.of(user_id)).unwrap_or_default();
        store.read_late(since, work).await
    }

    /// Writes on behalf of a caller, unless writes are switched off for maintenance. Fails with
    /// [`Error::CallerChanged`] if the caller's rights have changed since the request was judged.
    pub async fn write_for<T: Send + 'static>(
        &self,
        caller: &Arc<Caller>,
        turn: Turn,
        work: impl Work<T, Error>,
    ) -> Result<T, Error> {
        let written = self.writable_store(caller)?.write(for_unchanged(caller, turn, work)).await?;
        // Later reads of this caller include it.
        if let Some(user_id) = caller.user_id() {
            self.recent_writes.note(user_id, &self.store);
        }
        Ok(written)
    }

    /// Does the same as [`App::write_for`], then undoes it.
    pub async fn rehearse_for<T: Send + 'static>(
        &self,
        caller: &Arc<Caller>,
        turn: Turn,
        work: impl Work<T, Error>,
    ) -> Result<T, Error> {
        self.writable_store(caller)?.rehearse(for_unchanged(caller, turn, work)).await
    }

    /// The store with a fair share for the caller's account. Fails while writes are switched off for maintenance.
    fn writable_store(&self, caller: &Caller) -> Result<Store, Error> {
        self.require_writes()?;
        Ok(self.store.of_tenant(caller.account_id.get()))
    }

    /// What a rule needs, besides the database, to write for this caller.
    pub fn context(&self, caller: &Arc<Caller>, request_id: Option<&Arc<RequestId>>) -> Context {
        let tuning = self.tuned.get();
        Context {
            caller: Arc::clone(caller),
            now: self.clock.now(),
            request_id: request_id.map(Arc::clone),
            entropy: Arc::clone(&self.entropy),
            limits: Arc::clone(&self.limits),
            callers: Arc::clone(&self.callers),
            invitation_days: tuning.invitation_days,
            activates_at_once: tuning.profile.activates_at_once,
            invite_domains: Arc::clone(&self.config.invite_domains),
            outbox: Arc::clone(&self.outbox),
            remarks: Arc::default(),
            mode: WriteMode::Part,
        }
    }
}

/// The work, after a check of its caller in the same transaction.
fn for_unchanged<T>(caller: &Arc<Caller>, turn: Turn, mut work: impl Work<T, Error>) -> impl Work<T, Error> {
    let caller = Arc::clone(caller);
    move |db: &mut Db| {
        tokens::require_unchanged(db, &caller, turn)?;
        work(db)
    }
}

#[derive(Debug, thiserror::Error)]
pub enum NotStarted {
    #[error("setting database: {0}")]
    Store(String),
    #[error("the settings of mail: {0}")]
    Mail(String),
}

impl NotStarted {
    /// A failure of the database at this place.
    pub fn of(place: &Place) -> impl Fn(store::Error) -> Self + use<> {
        let place = place.clone();
        move |cause| Self::Store(named(&place, &cause.to_string()))
    }
}

/// A message about a database, with the place in front unless the message names it already.
pub fn named(place: &Place, trouble: &str) -> String {
    let place = place.to_string();
    if trouble.contains(&place) { trouble.to_owned() } else { format!("{place}: {trouble}") }
}

/// Fails if the configured database is a damaged file. Only servers call this: short commands check less.
pub fn require_sound_database(config: &Config) -> Result<(), NotStarted> {
    let place = config.place();
    Store::require_sound(&place).map_err(NotStarted::of(&place))
}

/// Opens the configured database without migrating it.
pub fn open_store(config: &Config) -> Result<Store, NotStarted> {
    let place = config.place();
    let opened = Store::open(&store::Options {
        place: place.clone(),
        durability: config.durability,
        readers: config.readers,
        queue_length: config.queue_length,
        batch_length: config.batch_length,
        read_timeout: config.read_timeout,
        write_timeout: WRITE_TIMEOUT,
    });
    opened.map_err(NotStarted::of(&place))
}
