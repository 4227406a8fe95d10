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
mod job;
pub mod migrate;
mod postgres;
pub mod sql;
mod sqlite;
mod statistics;
mod threads;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};

pub use db::{Db, Kept, Param, Row};
pub use dialect::Dialect;
pub use error::{Error, UniqueIndex};
use job::{Fate, Message};
pub use statistics::{Position, Statistics};

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

impl Options {
    /// Options for a command that does one job: one reader, and no batches worth waiting for.
    pub fn for_one_job(place: Place, read_timeout: Duration) -> Self {
        Self { place, durability: Durability::Full, readers: 1, queue_length: 16, batch_length: 16, read_timeout }
    }
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
            Self::Server(server) => out.write_str(&postgres::place_of(server.url.expose_secret())),
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
    /// Reads that need not see the newest, where a replica is there for them.
    late_reads: Option<flume::Sender<Message>>,
    statistics: Arc<Statistics>,
    threads: Arc<threads::Threads>,
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
        job::submit(&self.reads, work, Fate::Kept, Position::default()).await
    }

    /// The same, on a replica if there is one that has followed up to a position. What was written after that may not be seen.
    pub async fn read_late<T, E, F>(&self, since: Position, work: F) -> Result<T, E>
    where
        F: FnMut(&mut Db) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        job::submit(self.late_reads.as_ref().unwrap_or(&self.reads), work, Fate::Kept, since).await
    }

    /// Up to where writes that were answered have come: whoever reads late from there on sees them. `None` without a replica, where
    /// every read sees everything.
    pub fn position(&self) -> Option<Position> {
        self.late_reads.as_ref().map(|_| self.statistics.written())
    }

    /// Runs a job that may write. What it wrote is durable when this returns `Ok`, and undone when it returns `Err`. A job that
    /// got into another one's way is undone and run again, so that it must find its captives as they were.
    pub async fn write<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: FnMut(&mut Db) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        job::submit(&self.writes, work, Fate::Kept, Position::default()).await
    }

    /// Runs a job as [`Store::write`] does, and undoes it whatever it returns.
    pub async fn rehearse<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: FnMut(&mut Db) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        job::submit(&self.writes, work, Fate::Undone, Position::default()).await
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
        self.threads.join();
    }
}
