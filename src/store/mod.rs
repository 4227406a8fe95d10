//! The store: database work as synchronous closures on database threads.
//!
//! HTTP is asynchronous, a database connection is not. A rule is therefore an ordinary function that gets a [`Db`] and
//! runs to its end on a thread of the store; [`Store::read`] and [`Store::write`] carry it there and its result back.
//! The alternatives, a storage trait with one implementation per engine, or asynchronous functions over a transaction,
//! cost every rule a second version, or lifetimes and boxes; and only this shape lets one thread commit the writes of
//! many requests together.
//!
//! Invariants: a write is answered only after its commit is durable; a job that fails or panics leaves no trace and
//! does not affect others; queues are bounded, and a full one refuses at once. The store knows no particular resource.

mod db;
mod dialect;
mod error;
mod health;
mod job;
pub mod migrate;
mod postgres;
mod queue;
mod row;
pub mod sql;
mod sqlite;
mod statistics;
mod submit;
mod threads;
mod value;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};

use crate::files;
pub use db::Db;
pub use dialect::Dialect;
pub use error::Error;
pub use job::Work;
use job::{JobError, NO_TENANT, Tenant, Terms};
use queue::Queue;
pub use row::Row;
pub use statistics::{Position, Statistics};
use submit::submit;
use threads::{Group, Threads};
pub use value::{OwnedParam, Param};

/// Longest wait for a probe write.
const PROBE_PATIENCE: Duration = Duration::from_secs(1);

#[derive(Clone, Debug)]
pub struct Options {
    pub place: Place,
    pub durability: Durability,
    /// Reading threads.
    pub readers: usize,
    /// Waiting jobs per queue: one for writes, one for reads.
    pub queue_length: usize,
    /// Most writes in one commit.
    pub batch_length: usize,
    pub read_timeout: Duration,
    /// Longest time until a write is answered, once it is submitted.
    pub write_timeout: Duration,
}

impl Options {
    /// Options for a command that runs one job.
    pub fn for_one_job(place: Place, read_timeout: Duration) -> Self {
        let (readers, queue_length, batch_length) = (1, 16, 16);
        let (durability, write_timeout) = (Durability::Full, read_timeout);
        Self { place, durability, readers, queue_length, batch_length, read_timeout, write_timeout }
    }
}

/// Where a database is.
#[derive(Clone, Debug)]
pub enum Place {
    /// SQLite.
    File(PathBuf),
    /// PostgreSQL.
    Server(Server),
}

#[derive(Clone, Debug)]
pub struct Server {
    /// May contain a password.
    pub url: SecretString,
    /// URL of a streaming replica for reads.
    pub replica: Option<SecretString>,
    /// Writing connections.
    pub connections: usize,
    /// Whether a transaction pooler is in between, which may give every transaction another connection.
    pub is_pooled: bool,
    /// PEM file of certificate authorities to trust beside the well-known ones.
    pub authorities: Option<PathBuf>,
}

impl Server {
    /// One writing connection, and neither replica nor pooler.
    pub fn at(url: &str) -> Self {
        let url = SecretString::from(url.to_owned());
        Self { url, replica: None, connections: 1, is_pooled: false, authorities: None }
    }
}

impl fmt::Display for Place {
    /// Leaves out user and password.
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
    /// The operating system: an answered write survives a crash of the process.
    Normal,
    /// As `Normal`, but a power cut may also corrupt the file. For disposable databases.
    Off,
}

/// A handle to the database. Clones share it; when the last is dropped, or any is closed, the threads end.
#[derive(Clone)]
pub struct Store {
    parts: Arc<Parts>,
    tenant: Tenant,
    limits: Limits,
}

struct Parts {
    writes: Arc<Queue>,
    reads: Arc<Queue>,
    /// Reads for the replica, if there is one.
    late_reads: Option<Arc<Queue>>,
    statistics: Arc<Statistics>,
    threads: Threads,
}

/// The longest times until jobs are answered.
#[derive(Clone, Copy, Default)]
struct Limits {
    read: Option<Duration>,
    write: Option<Duration>,
}

impl Store {
    /// Opens the database, creating the file if it does not exist, and starts the threads.
    pub fn open(options: &Options) -> Result<Self, Error> {
        let store = match &options.place {
            Place::File(path) => {
                let cannot = |cause| Error::Unavailable(format!("cannot open {}: {cause}", path.display()));
                files::ensure(path).map_err(cannot)?;
                sqlite::open(path, options)
            }
            Place::Server(server) => postgres::open(server, options),
        };
        let limits = Limits { read: Some(options.read_timeout), write: Some(options.write_timeout) };
        store.map(|store| Self { limits, ..store })
    }

    /// The same store for jobs without a deadline: for the work of the program itself, such as a migration.
    #[must_use]
    pub fn patient(&self) -> Self {
        Self { limits: Limits::default(), ..self.clone() }
    }

    /// The same store for jobs of a tenant, which gets a fair share of the threads.
    #[must_use]
    pub fn of_tenant(&self, tenant: Tenant) -> Self {
        Self { tenant, ..self.clone() }
    }

    /// Followers hand jobs on to the readers, so they end first.
    fn of(followers: Option<Group>, readers: Group, writers: Group, statistics: Arc<Statistics>) -> Self {
        let (writes, reads) = (Arc::clone(&writers.queue), Arc::clone(&readers.queue));
        let late_reads = followers.as_ref().map(|followers| Arc::clone(&followers.queue));
        let groups: Vec<Group> = followers.into_iter().chain([readers, writers]).collect();
        let parts = Arc::new(Parts { writes, reads, late_reads, statistics, threads: Threads(groups.into()) });
        Self { parts, tenant: NO_TENANT, limits: Limits::default() }
    }

    /// Runs a job in a read-only transaction. It may be run again, as by [`Store::write`].
    pub async fn read<T: Send + 'static, E: JobError>(&self, work: impl Work<T, E>) -> Result<T, E> {
        submit(&self.parts.reads, work, self.reading(Position::default())).await
    }

    fn reading(&self, since: Position) -> Terms {
        Terms { commits: false, since, tenant: self.tenant, limit: self.limits.read }
    }

    fn writing(&self, commits: bool) -> Terms {
        Terms { commits, since: Position::default(), tenant: self.tenant, limit: self.limits.write }
    }

    /// Like [`Store::read`], but on a replica if there is one that has reached `since`; later writes may be missing.
    pub async fn read_late<T: Send + 'static, E: JobError>(
        &self,
        since: Position,
        work: impl Work<T, E>,
    ) -> Result<T, E> {
        let queue = self.parts.late_reads.as_ref().unwrap_or(&self.parts.reads);
        submit(queue, work, self.reading(since)).await
    }

    /// The position that includes every write answered so far, for [`Store::read_late`]. `None` without a replica, when
    /// every read includes them anyway.
    pub fn position(&self) -> Option<Position> {
        self.parts.late_reads.as_ref().map(|_| self.parts.statistics.written())
    }

    /// Runs a job that may write. Its changes are durable if this returns `Ok`, and undone if it returns `Err`. A job
    /// that hits a serialization conflict is rolled back and retried, so the closure must not consume what it captures.
    pub async fn write<T: Send + 'static, E: JobError>(&self, work: impl Work<T, E>) -> Result<T, E> {
        submit(&self.parts.writes, work, self.writing(true)).await
    }

    /// Runs a job as [`Store::write`] does, but always undoes it.
    pub async fn rehearse<T: Send + 'static, E: JobError>(&self, work: impl Work<T, E>) -> Result<T, E> {
        submit(&self.parts.writes, work, self.writing(false)).await
    }

    /// Fails if a write is stuck, or if the last write failed and a probe write, made now, is not committed either.
    pub async fn require_writes(&self) -> Result<(), Error> {
        self.statistics().health.require_progress()?;
        let Some(cause) = self.statistics().health.cause() else { return Ok(()) };
        let probe = self.write(|db| db.exec(db.dialect().write_probe(), &[]).map(drop));
        tokio::time::timeout(PROBE_PATIENCE, probe).await.unwrap_or(Err(cause))
    }

    pub fn statistics(&self) -> &Statistics {
        &self.parts.statistics
    }

    pub fn waiting_writes(&self) -> usize {
        self.parts.writes.len()
    }

    /// Waits until every accepted job is done and the database is closed; jobs submitted later are refused.
    pub fn close(&self) {
        self.close_within(Duration::MAX);
    }

    /// The same, but no longer than this; `false` if a job is stuck.
    pub fn close_within(&self, patience: Duration) -> bool {
        self.parts.threads.join(patience)
    }
}
