//! The threads that run jobs, each with its connection.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use crate::clock::Stopwatch;
use crate::store::db::Engine;
use crate::store::job::Job;
use crate::store::postgres::address::ServerAddress;
use crate::store::postgres::connection::Connection;
use crate::store::postgres::settings::SessionSettings;
use crate::store::queue::{Queue, Refused};
use crate::store::{Db, Error, Statistics};

/// The pause after a failed attempt to connect; it doubles from the first to the last.
const FIRST_WAIT: Duration = Duration::from_millis(50);
const LAST_WAIT: Duration = Duration::from_secs(2);

/// Most attempts to run a job.
const MOST_ATTEMPTS: u32 = 5;

pub(super) struct Worker {
    /// Counted from 1.
    number: usize,
    db: Option<Db>,
    address: ServerAddress,
    settings: SessionSettings,
    jobs: Arc<Queue>,
    statistics: Arc<Statistics>,
    most_attempts: u32,
    wait: Duration,
    /// Runs since the last failed attempt to connect.
    failed: Option<Stopwatch>,
    /// What the last job showed about the server: why it failed, or that it committed a write.
    outage: Option<Error>,
    has_committed: bool,
}

/// When a job's transaction is ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    BeforeAnswer,
    /// What was only read is valid before the transaction ends.
    AfterAnswer,
}

impl Worker {
    pub(super) fn new(
        number: usize,
        address: &ServerAddress,
        settings: &SessionSettings,
        jobs: Arc<Queue>,
        statistics: &Arc<Statistics>,
        connection: Option<Connection>,
    ) -> Self {
        Self {
            number,
            db: connection.map(db),
            address: address.clone(),
            settings: settings.clone(),
            jobs,
            statistics: Arc::clone(statistics),
            most_attempts: MOST_ATTEMPTS,
            wait: FIRST_WAIT,
            failed: None,
            outage: None,
            has_committed: false,
        }
    }

    pub(super) fn write(mut self) {
        let mut done = None;
        while let Some(mut job) = self.jobs.take(done) {
            done = Some(job.terms().tenant);
            if !job.wanted().is_abandoned() {
                let ended = self.run(job.as_mut(), End::BeforeAnswer);
                self.statistics.count_writes(1, ended.is_ok());
                if job.terms().is_of_request() {
                    self.note_health();
                }
                let position = self.connection().map(|connection| connection.position).unwrap_or_default();
                self.statistics.note_written(position);
                job.answer(ended);
            }
        }
    }

    fn note_health(&mut self) {
        match self.outage.take() {
            Some(cause) => self.statistics.health.failed(&cause),
            None if self.has_committed => self.statistics.health.succeeded(),
            None => {}
        }
    }

    pub(super) fn read(mut self) {
        let mut done = None;
        while let Some(mut job) = self.jobs.take(done) {
            done = Some(job.terms().tenant);
            if !job.wanted().is_abandoned() {
                let ran = self.run(job.as_mut(), End::AfterAnswer);
                self.statistics.count_read();
                job.answer(ran);
                self.roll_back();
            }
        }
    }

    /// Reads from a replica. The primary's readers get the jobs that it cannot do, or not yet: a replica may only
    /// relieve them, never make an answer worse.
    pub(super) fn follow(mut self, primary: &Queue) {
        self.most_attempts = 1;
        let mut done = None;
        while let Some(mut job) = self.jobs.take(done) {
            done = Some(job.terms().tenant);
            let runs = !job.wanted().is_abandoned() && self.has_followed(job.as_ref());
            if runs && self.run(job.as_mut(), End::AfterAnswer).is_ok() && !self.has_failed() {
                self.statistics.count_late_read();
                job.answer(Ok(()));
            } else if let Err(Refused { job, cause }) = primary.push(job) {
                job.answer(Err(cause));
            }
            self.roll_back();
        }
    }

    /// Whether the replica has reached the job's position; asks it only if what it last said is not enough.
    fn has_followed(&mut self, job: &dyn Job) -> bool {
        let since = job.terms().since;
        if since <= self.statistics.followed() {
            return true;
        }
        let followed = self.connected().and_then(|db| connection(db)?.followed());
        match followed {
            Ok(position) => self.statistics.note_followed(position),
            Err(cause) => tracing::debug!(%cause, "cannot reach the replica"),
        }
        since <= self.statistics.followed()
    }

    /// Whether the last job's connection or transaction failed, so its result says nothing about the job itself.
    fn has_failed(&mut self) -> bool {
        self.connection().is_none_or(|connection| connection.has_failed)
    }

    fn connection(&mut self) -> Option<&mut Connection> {
        self.db.as_mut().and_then(|db| connection(db).ok())
    }

    /// Runs a job in a transaction of its own; retries it after a failure that may be temporary.
    fn run(&mut self, job: &mut dyn Job, end: End) -> Result<(), Error> {
        let (mut attempt, most_attempts) = (1, self.most_attempts);
        self.has_committed = false;
        loop {
            let db = self.connected()?;
            connection(db)?.expect_job(job);
            let keep = job.run(db);
            let ended = if end == End::BeforeAnswer { connection(db)?.end(keep) } else { Ok(()) };
            let is_given_up = attempt == most_attempts || job.wanted().is_abandoned();
            let is_over = is_given_up || !connection(db)?.may_retry();
            match (&ended, keep && is_over) {
                (Ok(()), true) => db.act_after_commit(),
                _ => db.forget_acts(0),
            }
            if is_over {
                self.outage = connection(db)?.outage.take();
                self.has_committed = keep && ended.is_ok();
                self.drop_if_broken();
                return ended;
            }
            tracing::debug!(attempt, "retrying a job");
            self.roll_back();
            thread::sleep(self.pause(attempt));
            attempt += 1;
        }
    }

    /// Rolls back the transaction if it is still open.
    fn roll_back(&mut self) {
        if let Some(connection) = self.connection()
            && let Err(cause) = connection.end(false)
        {
            tracing::debug!(%cause, "cannot end a transaction");
        }
        self.drop_if_broken();
    }

    fn drop_if_broken(&mut self) {
        if self.connection().is_some_and(|connection| connection.is_broken()) {
            tracing::warn!("lost a connection to the database");
            self.db = None;
        }
    }

    /// The pause before a retry. It differs between threads, so the same two jobs do not collide again.
    fn pause(&self, attempt: u32) -> Duration {
        let number = u32::try_from(self.number).unwrap_or(1);
        Duration::from_millis(2) * attempt * (1 + number % 7)
    }

    /// The connection, replaced if it was lost. An unreachable server is not tried again for every job.
    fn connected(&mut self) -> Result<&mut Db, Error> {
        if self.db.is_none() {
            if self.failed.is_some_and(|since| since.elapsed() < self.wait) {
                return Err(Error::Unavailable("the database server cannot be reached".to_owned()));
            }
            match Connection::connect(&self.address, &self.settings) {
                Ok(connection) => {
                    self.db = Some(db(connection));
                    (self.failed, self.wait) = (None, FIRST_WAIT);
                }
                Err(cause) => {
                    self.wait = if self.failed.is_some() { (self.wait * 2).min(LAST_WAIT) } else { FIRST_WAIT };
                    self.failed = Some(Stopwatch::start());
                    self.outage = Some(cause.clone());
                    return Err(cause);
                }
            }
        }
        self.db.as_mut().ok_or(Error::Stopped)
    }
}

fn db(connection: Connection) -> Db {
    Db::new(Engine::Postgres(Box::new(connection)))
}

fn connection(db: &mut Db) -> Result<&mut Connection, Error> {
    match &mut db.engine {
        Engine::Postgres(connection) => Ok(connection),
        Engine::Sqlite(_) => Err(Error::Stopped),
    }
}
