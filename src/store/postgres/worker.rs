//! The threads that work off jobs, each with its connection.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use crate::clock::Stopwatch;
use crate::store::db::Engine;
use crate::store::job::{Job, Message};
use crate::store::postgres::address::Address;
use crate::store::postgres::manner::Manner;
use crate::store::postgres::session::Session;
use crate::store::{Db, Error, Statistics};

/// The wait after the first attempt to connect that failed; it doubles up to the last.
const FIRST_WAIT: Duration = Duration::from_millis(50);
const LAST_WAIT: Duration = Duration::from_secs(2);

/// How often a job is run at most.
const MOST_ATTEMPTS: u32 = 5;

/// A thread that works off jobs.
pub(super) struct Worker {
    /// Which of the threads it is, counted from 1.
    number: usize,
    db: Option<Db>,
    address: Address,
    manner: Manner,
    jobs: flume::Receiver<Message>,
    statistics: Arc<Statistics>,
    most_attempts: u32,
    wait: Duration,
    /// Since when the server could not be reached.
    failed: Option<Stopwatch>,
}

/// When a job's transaction is ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    /// Before the job is answered.
    First,
    /// Afterwards: a transaction that has only read can be relied upon before its end.
    Afterwards,
}

impl Worker {
    pub(super) fn new(
        number: usize,
        address: &Address,
        manner: &Manner,
        jobs: &flume::Receiver<Message>,
        statistics: &Arc<Statistics>,
    ) -> Self {
        Self {
            number,
            db: None,
            address: address.clone(),
            manner: manner.clone(),
            jobs: jobs.clone(),
            statistics: Arc::clone(statistics),
            most_attempts: MOST_ATTEMPTS,
            wait: FIRST_WAIT,
            failed: None,
        }
    }

    /// The same with a connection that was made already.
    pub(super) fn with(self, session: Option<Session>) -> Self {
        Self { db: session.map(connected_to), ..self }
    }

    /// The life of a thread that writes.
    pub(super) fn write(mut self) {
        while let Ok(Some(mut job)) = self.jobs.recv() {
            let ended = self.run(job.as_mut(), End::First);
            self.statistics.count_writes(1, ended.is_ok());
            let position = self.session().map(|session| session.position()).unwrap_or_default();
            self.statistics.note_written(position);
            job.answer(ended);
        }
    }

    /// The life of a thread that reads.
    pub(super) fn read(mut self) {
        while let Ok(Some(mut job)) = self.jobs.recv() {
            let ran = self.run(job.as_mut(), End::Afterwards);
            self.statistics.count_read();
            job.answer(ran);
            self.leave();
        }
    }

    /// The life of a thread that reads from a replica. What the replica cannot do, or not yet, the primary's readers do: it is there to
    /// take work off them, and nobody is to be worse off by it.
    pub(super) fn follow(mut self, primary: &flume::Sender<Message>) {
        self.most_attempts = 1;
        while let Ok(Some(mut job)) = self.jobs.recv() {
            if self.has_followed(job.as_ref()) && self.run(job.as_mut(), End::Afterwards).is_ok() && !self.is_spoilt() {
                self.statistics.count_late_read();
                job.answer(Ok(()));
            } else if let Err(refused) = primary.try_send(Some(job))
                && let Some(job) = refused.into_inner()
            {
                job.answer(Err(Error::Overloaded));
            }
            self.leave();
        }
    }

    /// Whether the replica has all that a job must see. It is asked only where it is not known from before.
    fn has_followed(&mut self, job: &dyn Job) -> bool {
        let since = job.since();
        if since <= self.statistics.followed() {
            return true;
        }
        let followed = self.connected().and_then(|db| session(db)?.followed());
        match followed {
            Ok(position) => self.statistics.note_followed(position),
            Err(cause) => tracing::debug!(%cause, "a replica was not reached"),
        }
        since <= self.statistics.followed()
    }

    /// Whether the connection or its transaction has failed the last job, so that its outcome says nothing of the job itself.
    fn is_spoilt(&mut self) -> bool {
        self.session().is_none_or(|session| session.has_failed())
    }

    fn session(&mut self) -> Option<&mut Session> {
        self.db.as_mut().and_then(|db| session(db).ok())
    }

    /// Runs a job in a transaction of its own, again where it failed for a reason that is likely to be gone.
    fn run(&mut self, job: &mut dyn Job, end: End) -> Result<(), Error> {
        let (mut attempt, most_attempts) = (1, self.most_attempts);
        loop {
            let db = self.connected()?;
            session(db)?.expect_job(job.is_kept());
            let keep = job.run(db);
            let ended = if end == End::First { session(db)?.end(keep) } else { Ok(()) };
            let is_over = attempt == most_attempts || !session(db)?.may_try_again();
            match (&ended, keep && is_over) {
                (Ok(()), true) => db.act_after_commit(),
                _ => db.forget_acts(0),
            }
            if is_over {
                self.let_go_if_broken();
                return ended;
            }
            tracing::debug!(attempt, "a job is run again");
            self.leave();
            thread::sleep(self.pause(attempt));
            attempt += 1;
        }
    }

    /// Ends what is left of a transaction in which nothing is to be kept.
    fn leave(&mut self) {
        if let Some(session) = self.session()
            && let Err(cause) = session.end(false)
        {
            tracing::debug!(%cause, "a transaction was not ended");
        }
        self.let_go_if_broken();
    }

    fn let_go_if_broken(&mut self) {
        if self.session().is_some_and(|session| session.is_broken()) {
            tracing::warn!("a connection to the database was lost");
            self.db = None;
        }
    }

    /// The wait before another attempt. It differs between threads, so that two that met do not meet again.
    fn pause(&self, attempt: u32) -> Duration {
        let number = u32::try_from(self.number).unwrap_or(1);
        Duration::from_millis(2) * attempt * (1 + number % 7)
    }

    /// The connection, made anew where it was lost. While nobody answers, jobs are refused without each of them trying.
    fn connected(&mut self) -> Result<&mut Db, Error> {
        if self.db.is_none() {
            if self.failed.is_some_and(|since| since.elapsed() < self.wait) {
                return Err(Error::Unavailable("the database server cannot be reached".to_owned()));
            }
            match Session::connect(&self.address, &self.manner) {
                Ok(session) => {
                    self.db = Some(connected_to(session));
                    (self.failed, self.wait) = (None, FIRST_WAIT);
                }
                Err(cause) => {
                    self.wait = if self.failed.is_some() { (self.wait * 2).min(LAST_WAIT) } else { FIRST_WAIT };
                    self.failed = Some(Stopwatch::start());
                    return Err(cause);
                }
            }
        }
        self.db.as_mut().ok_or(Error::Stopped)
    }
}

fn connected_to(session: Session) -> Db {
    Db::new(Engine::Postgres(Box::new(session)))
}

fn session(db: &mut Db) -> Result<&mut Session, Error> {
    match &mut db.engine {
        Engine::Postgres(session) => Ok(session),
        Engine::Sqlite(_) => Err(Error::Stopped),
    }
}
