//! The store: database work as synchronous closures on database threads.
//!
//! HTTP is asynchronous, a database connection is not. A rule of the product is therefore an ordinary function that is
//! handed a [`Db`] and runs to its end on a thread of the store; [`Store::read`] and [`Store::write`] carry it there
//! and its result back. The alternatives, a storage trait with an implementation for each engine, or asynchronous
//! functions over a transaction, cost every rule either a second version or lifetimes and boxes; and only this shape
//! lets one thread commit the writes of many requests together.
//!
//! Invariants: a write is answered only after its commit is durable; a job that fails or panics leaves no trace and
//! harms no neighbour; queues are bounded, and a full one refuses at once. The store knows no particular resource.

mod db;
mod dialect;
mod error;
pub mod migrate;
mod postgres;
pub mod sql;
mod sqlite;
mod threads;

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::oneshot;

pub use db::{Db, Param, Row};
pub use dialect::Dialect;
pub use error::{Error, UniqueIndex};

/// How a store is opened.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where the database is.
    pub place: Place,
    /// What a commit waits for.
    pub durability: Durability,
    /// Reading threads.
    pub readers: usize,
    /// Jobs that may wait, for writes and for reads.
    pub queue_length: usize,
    /// Most writes that one commit makes durable.
    pub batch_length: usize,
    /// Longest time that a read may run.
    pub read_timeout: Duration,
}

/// Where a database is.
#[derive(Clone, Debug)]
pub enum Place {
    /// In a file, which SQLite reads and writes.
    File(PathBuf),
    /// On a PostgreSQL server.
    Server(Server),
}

/// A PostgreSQL server, and how it is used.
#[derive(Clone, Debug)]
pub struct Server {
    /// Its URL, which may hold a password.
    pub url: SecretString,
    /// The URL of a server that follows it, for reads.
    pub replica: Option<SecretString>,
    /// Connections that write.
    pub connections: usize,
    /// Whether a pooler stands before it that gives every transaction another connection.
    pub is_pooled: bool,
    /// Certificates that its own may be signed with, in PEM, beside the well-known ones.
    pub authorities: Option<PathBuf>,
}

impl Server {
    /// A server that is used with one connection that writes.
    pub fn at(url: &str) -> Self {
        let url = SecretString::from(url.to_owned());
        Self { url, replica: None, connections: 1, is_pooled: false, authorities: None }
    }
}

impl fmt::Display for Place {
    /// As people may see it: of a server, without user and password.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(out, "{}", path.display()),
            Self::Server(server) => {
                let rest = server.url.expose_secret().split_once("://").map_or("", |(_, rest)| rest);
                let place = rest.rsplit_once('@').map_or(rest, |(_, place)| place);
                write!(out, "postgres://{}", place.split('?').next().unwrap_or_default())
            }
        }
    }
}

/// What a commit waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// The disk: an answered write survives a power cut.
    Full,
    /// The operating system: an answered write survives the death of the process.
    Normal,
    /// As `Normal`, but a power cut may also harm the file. For databases that are thrown away.
    Off,
}

/// A handle to the database. Clones share it; when the last one is gone, or one is closed, the threads end.
#[derive(Clone)]
pub struct Store {
    writes: flume::Sender<Message>,
    reads: flume::Sender<Message>,
    statistics: Arc<Statistics>,
    threads: Arc<threads::Threads>,
}

/// What a database thread is sent: a job, or `None` to end after the jobs before it.
type Message = Option<Box<dyn Job>>;

/// Work done since the start.
#[derive(Debug, Default)]
pub struct Statistics {
    commits: AtomicU64,
    writes: AtomicU64,
    reads: AtomicU64,
}

impl Statistics {
    fn count_writes(&self, jobs: u64, is_committed: bool) {
        self.writes.fetch_add(jobs, Ordering::Relaxed);
        self.commits.fetch_add(u64::from(is_committed), Ordering::Relaxed);
    }

    fn count_read(&self) {
        self.reads.fetch_add(1, Ordering::Relaxed);
    }

    /// Commits of at least one write.
    pub fn commits(&self) -> u64 {
        self.commits.load(Ordering::Relaxed)
    }

    /// Write jobs that were run.
    pub fn writes(&self) -> u64 {
        self.writes.load(Ordering::Relaxed)
    }

    /// Read jobs that were run.
    pub fn reads(&self) -> u64 {
        self.reads.load(Ordering::Relaxed)
    }
}

impl Store {
    /// Opens the database, making the file if there is none, and starts the threads.
    pub fn open(options: &Options) -> Result<Self, Error> {
        match &options.place {
            Place::File(path) => sqlite::open(path, options),
            Place::Server(server) => postgres::open(server, options),
        }
    }

    /// Runs a job that only reads, in one read transaction. It may be run again, as a write may.
    pub async fn read<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: FnMut(&mut Db) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        submit(&self.reads, work, Fate::Kept).await
    }

    /// Runs a job that may write. What it wrote is durable when this returns `Ok`, and undone when it returns `Err`. A job that
    /// got into another one's way is undone and run again, so that it must find its captives as they were.
    pub async fn write<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: FnMut(&mut Db) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        submit(&self.writes, work, Fate::Kept).await
    }

    /// Runs a job as [`Store::write`] does, and undoes it whatever it returns.
    pub async fn rehearse<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: FnMut(&mut Db) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        submit(&self.writes, work, Fate::Undone).await
    }

    /// Work done since the start.
    pub fn statistics(&self) -> &Statistics {
        &self.statistics
    }

    /// Writes that wait for the writer.
    pub fn waiting_writes(&self) -> usize {
        self.writes.len()
    }

    /// Waits until every accepted job is done and the database is closed; what other clones ask for later is refused.
    pub fn close(&self) {
        self.threads.join(&self.writes, &self.reads);
    }
}

async fn submit<T, E, F>(queue: &flume::Sender<Message>, work: F, fate: Fate) -> Result<T, E>
where
    F: FnMut(&mut Db) -> Result<T, E> + Send + 'static,
    T: Send + 'static,
    E: From<Error> + Send + 'static,
{
    let (reply, answer) = oneshot::channel();
    let job = Task { work, outcome: None, fate, reply };
    queue.try_send(Some(Box::new(job))).map_err(|refused| match refused {
        flume::TrySendError::Full(_) => Error::Overloaded,
        flume::TrySendError::Disconnected(_) => Error::Stopped,
    })?;
    answer.await.unwrap_or_else(|_| Err(Error::Stopped.into()))
}

/// What a database thread knows of a job: it is run inside a transaction, and answered when that has ended.
trait Job: Send {
    /// Runs the work, for the first time or once more; `false` asks to undo it.
    fn run(&mut self, db: &mut Db) -> bool;

    /// Whether what it does is meant to last if it goes well.
    fn is_kept(&self) -> bool;

    /// Sends the answer. With an `Err`, the transaction did not become durable, and nothing that the job has seen or
    /// done can be relied upon.
    fn answer(self: Box<Self>, ended: Result<(), Error>);
}

/// What becomes of the changes of a job that succeeds.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    Kept,
    Undone,
}

struct Task<F, T, E> {
    work: F,
    outcome: Option<Result<T, E>>,
    fate: Fate,
    reply: oneshot::Sender<Result<T, E>>,
}

impl<F, T, E> Job for Task<F, T, E>
where
    F: FnMut(&mut Db) -> Result<T, E> + Send,
    T: Send,
    E: From<Error> + Send,
{
    fn run(&mut self, db: &mut Db) -> bool {
        // After a panic the closure is not called again, and what it did is undone: nothing half done is seen.
        let outcome = catch_unwind(AssertUnwindSafe(|| (self.work)(db)));
        let outcome = outcome.unwrap_or_else(|_| Err(Error::Panicked.into()));
        let keep = outcome.is_ok() && self.fate == Fate::Kept;
        self.outcome = Some(outcome);
        keep
    }

    fn is_kept(&self) -> bool {
        self.fate == Fate::Kept
    }

    fn answer(self: Box<Self>, ended: Result<(), Error>) {
        let outcome = match (ended, self.outcome) {
            (Ok(()), Some(outcome)) => outcome,
            (Ok(()), None) => Err(Error::Stopped.into()),
            (Err(error), _) => Err(error.into()),
        };
        // The client may have gone; its answer goes nowhere, which is no reason to stop the thread.
        let _ = self.reply.send(outcome);
    }
}
