//! The PostgreSQL engine: a few threads, each with a connection of its own and a transaction for each job.
//!
//! A thread drives its connection with a runtime of one thread, so that a rule is the same synchronous function as with
//! SQLite. Whatever need not be waited for travels with something else (`session`). A job that met another one on its way,
//! or whose connection was lost before its end was sent, is run again, a few times and before anybody is answered: a deadlock,
//! or a server that was started anew, is a slow answer to the client and no failure.
//!
//! Invariants. A job's changes are durable before it is answered. A connection that breaks costs the jobs that were on it at
//! most a 503, and is made anew, after a while that grows while nobody answers.

mod address;
mod session;
mod trouble;
mod values;

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use secrecy::ExposeSecret as _;

use super::db::Engine;
use super::threads::{self, Threads};
use super::{Db, Error, Job, Message, Options, Server, Statistics, Store};
use crate::clock::Stopwatch;
use address::Address;

pub(super) use session::Session;
pub(super) use values::found;

/// The wait after the first attempt to connect that failed; it doubles up to the last.
const FIRST_WAIT: Duration = Duration::from_millis(50);
const LAST_WAIT: Duration = Duration::from_secs(2);

/// How often a job is run at most.
const MOST_ATTEMPTS: u32 = 5;

/// How long a statement of a write may wait for a lock, and run.
const LOCK_WITHIN: &str = "5s";
const WRITE_WITHIN: &str = "30s";

pub(super) fn open(server: &Server, options: &Options) -> Result<Store, Error> {
    let address = Address::read(server.url.expose_secret(), server.authorities.as_deref(), server.is_pooled)?;
    let statistics = Arc::new(Statistics::default());
    let (writes, waiting_writes) = flume::bounded(options.queue_length.max(1));
    let (reads, waiting_reads) = flume::bounded(options.queue_length.max(64));
    let writing = Manner::of_writes(server.is_pooled);
    let reading = Manner::of_reads(server.is_pooled, options.read_timeout);
    // Whoever starts the server is told at once what is wrong with the address. On a thread of its own, since a connection
    // drives itself, which no thread of another runtime may do.
    let (there, manner) = (address.clone(), writing.clone());
    let first = thread::spawn(move || Session::connect(&there, &manner)).join().map_err(|_| Error::Panicked)??;
    let worker = |number, session: Option<Session>, manner: &Manner, jobs: &flume::Receiver<Message>| Worker {
        number,
        db: session.map(connected_to),
        address: address.clone(),
        manner: manner.clone(),
        jobs: jobs.clone(),
        statistics: Arc::clone(&statistics),
        wait: FIRST_WAIT,
        failed: None,
    };
    let (mut writers, mut readers, mut first) = (Vec::new(), Vec::new(), Some(first));
    for number in 1..=server.connections.max(1) {
        let worker = worker(number, first.take(), &writing, &waiting_writes);
        writers.push(threads::spawn(format!("writer-{number}"), move || worker.write())?);
    }
    for number in 1..=options.readers.max(1) {
        let worker = worker(number, None, &reading, &waiting_reads);
        readers.push(threads::spawn(format!("reader-{number}"), move || worker.read())?);
    }
    Ok(Store { writes, reads, statistics, threads: Arc::new(Threads::new(readers, writers)) })
}

/// How a connection is spoken to.
#[derive(Clone)]
struct Manner {
    /// What is said once, when it was made.
    first_words: String,
    /// What begins each transaction.
    begin: String,
}

impl Manner {
    fn of_writes(is_pooled: bool) -> Self {
        let limits = [("lock_timeout", LOCK_WITHIN), ("statement_timeout", WRITE_WITHIN)];
        Self::new(is_pooled, "READ COMMITTED", "READ WRITE", &limits)
    }

    /// One state of the data for all that a job reads.
    fn of_reads(is_pooled: bool, within: Duration) -> Self {
        let within = format!("{}ms", within.as_millis().max(1));
        Self::new(is_pooled, "REPEATABLE READ", "READ ONLY", &[("statement_timeout", &within)])
    }

    /// What can be said once is: a pooler's connection belongs to others, too, so that there each transaction says it.
    fn new(is_pooled: bool, isolation: &str, access: &str, limits: &[(&str, &str)]) -> Self {
        let set =
            |word: &str| limits.iter().map(|(name, value)| format!("; {word} {name} = '{value}'")).collect::<String>();
        if is_pooled {
            let begin = format!("BEGIN ISOLATION LEVEL {isolation} {access}{}", set("SET LOCAL"));
            return Self { first_words: String::new(), begin };
        }
        let first_words =
            format!("SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL {isolation} {access}{}", set("SET"));
        Self { first_words, begin: "BEGIN".to_owned() }
    }
}

/// A thread that works off jobs.
struct Worker {
    /// Which of the threads it is, counted from 1.
    number: usize,
    db: Option<Db>,
    address: Address,
    manner: Manner,
    jobs: flume::Receiver<Message>,
    statistics: Arc<Statistics>,
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
    /// The life of a thread that writes.
    fn write(mut self) {
        while let Ok(Some(mut job)) = self.jobs.recv() {
            let ended = self.run(job.as_mut(), End::First);
            self.statistics.count_writes(1, ended.is_ok());
            job.answer(ended);
        }
    }

    /// The life of a thread that reads.
    fn read(mut self) {
        while let Ok(Some(mut job)) = self.jobs.recv() {
            let ran = self.run(job.as_mut(), End::Afterwards);
            self.statistics.count_read();
            job.answer(ran);
            self.leave();
        }
    }

    /// Runs a job in a transaction of its own, again where it failed for a reason that is likely to be gone.
    fn run(&mut self, job: &mut dyn Job, end: End) -> Result<(), Error> {
        let mut attempt = 1;
        loop {
            let db = self.connected()?;
            session(db)?.expect_job(job.is_kept());
            let keep = job.run(db);
            let ended = if end == End::First { session(db)?.end(keep) } else { Ok(()) };
            let is_over = attempt == MOST_ATTEMPTS || !session(db)?.may_try_again();
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
        if let Some(session) = self.db.as_mut().and_then(|db| session(db).ok())
            && let Err(cause) = session.end(false)
        {
            tracing::debug!(%cause, "a transaction was not ended");
        }
        self.let_go_if_broken();
    }

    fn let_go_if_broken(&mut self) {
        if self.db.as_mut().and_then(|db| session(db).ok()).is_some_and(|session| session.is_broken()) {
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
