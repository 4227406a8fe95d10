//! The SQLite engine: one writing thread with group commit, and reading threads with connections of their own.
//!
//! The writer blocks for a job, opens a transaction, runs the job in a savepoint, takes what is already queued, commits
//! once, and only then answers. Batches form by themselves while the disk works on the commit before, so there is no
//! timer and a lone request waits for nothing. `BEGIN IMMEDIATE` takes the write lock at once: another process on the
//! same file (a command of this program) is waited for, never met in the middle.
//!
//! Checkpoints are made by the writer, after it has answered, when the write-ahead log has grown: SQLite's own would
//! run inside a commit that somebody waits for.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use crate::clock::Stopwatch;
use crate::store::db::Engine;
use crate::store::job::{Job, Message};
use crate::store::threads::{self, Group, Threads};
use crate::store::{Db, Durability, Error, Options, Statistics, Store};

/// Longest time that a batch collects further jobs.
const BATCH_TIME: Duration = Duration::from_millis(5);

/// Pages of the write-ahead log (4 KiB each) after which a checkpoint is made.
const CHECKPOINT_PAGES: i32 = 1_000;

/// How long a write waits for another process that writes to the same file.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Prepared statements that each connection keeps.
const KEPT_STATEMENTS: usize = 256;

/// Steps of SQLite's machine between two looks at the time of a read.
const STEPS_BETWEEN_CHECKS: i32 = 20_000;

pub(super) fn open(path: &Path, options: &Options) -> Result<Store, Error> {
    let statistics = Arc::new(Statistics::default());
    let (writes, waiting_writes) = flume::bounded(options.queue_length.max(1));
    let (reads, waiting_reads) = flume::bounded(options.queue_length.max(64));

    let log_pages = Arc::new(AtomicI32::new(0));
    let connection = open_writer(path, options.durability, Arc::clone(&log_pages))?;
    let writer = Writer {
        db: Db::new(Engine::Sqlite(connection)),
        jobs: waiting_writes,
        batch_length: options.batch_length.max(1),
        log_pages,
        is_ending: false,
    };
    let mut readers = Vec::new();
    let shared = Arc::clone(&statistics);
    let writer = threads::spawn("writer".to_owned(), move || writer.work(&shared))?;
    for number in 1..=options.readers.max(1) {
        let reader = open_reader(path)?;
        let (waiting, shared, timeout) = (waiting_reads.clone(), Arc::clone(&statistics), options.read_timeout);
        readers.push(threads::spawn(format!("reader-{number}"), move || {
            read_one_by_one(reader, &waiting, timeout, &shared);
        })?);
    }
    let groups = vec![Group::new(&reads, readers), Group::new(&writes, vec![writer])];
    Ok(Store { writes, reads, late_reads: None, statistics, threads: Arc::new(Threads::new(groups)) })
}

fn open_writer(path: &Path, durability: Durability, log_pages: Arc<AtomicI32>) -> Result<Connection, Error> {
    let mut connection = Connection::open(path).map_err(|cause| cannot_open(path, &cause))?;
    configure(&connection)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    let synchronous = match durability {
        Durability::Full => "FULL",
        Durability::Normal => "NORMAL",
        Durability::Off => "OFF",
    };
    connection.pragma_update(None, "synchronous", synchronous)?;
    connection.pragma_update(None, "wal_autocheckpoint", 0)?;
    // What is deleted or replaced is overwritten wherever that costs no page more.
    connection.pragma_update(None, "secure_delete", "FAST")?;
    connection.wal_hook(Some(move |_: &mut _, pages| {
        log_pages.store(pages, Ordering::Relaxed);
        Ok(())
    }))?;
    Ok(connection)
}

fn open_reader(path: &Path) -> Result<Connection, Error> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(|cause| cannot_open(path, &cause))?;
    configure(&connection)?;
    connection.pragma_update(None, "query_only", true)?;
    Ok(connection)
}

fn cannot_open(path: &Path, cause: &rusqlite::Error) -> Error {
    Error::Unavailable(format!("cannot open {}: {cause}", path.display()))
}

/// What writer and readers have in common.
///
/// Without `QPSG` a bound `LIMIT` marks its statement for a new plan at each use, which silently defeats the statement
/// cache and triples the price of a small query. With it, plans do not depend on bound values, so partial indexes need
/// their conditions literally in the statement.
fn configure(connection: &Connection) -> Result<(), Error> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.set_prepared_statement_cache_capacity(KEPT_STATEMENTS);
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "cache_size", -32_768)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.pragma_update(None, "trusted_schema", false)?;
    Ok(())
}

/// The connection that writes, and what it lives from.
struct Writer {
    db: Db,
    jobs: flume::Receiver<Message>,
    batch_length: usize,
    /// Size of the write-ahead log after the latest commit.
    log_pages: Arc<AtomicI32>,
    /// Whether the message to end has come.
    is_ending: bool,
}

impl Writer {
    /// The life of the writer. It ends when it is told to, or when every handle to the store is gone.
    fn work(mut self, statistics: &Statistics) {
        let mut batch: Vec<Box<dyn Job>> = Vec::with_capacity(self.batch_length);
        while !self.is_ending
            && let Ok(Some(first)) = self.jobs.recv()
        {
            batch.push(first);
            let ended = self.write_batch(&mut batch);
            statistics.count_writes(batch.len() as u64, ended.is_ok());
            for job in batch.drain(..) {
                job.answer(ended.clone());
            }
            if self.log_pages.load(Ordering::Relaxed) >= CHECKPOINT_PAGES {
                self.checkpoint("PASSIVE");
            }
        }
        self.checkpoint("TRUNCATE");
    }

    /// Runs the first job of `batch` and what is queued behind it in one transaction.
    fn write_batch(&mut self, batch: &mut Vec<Box<dyn Job>>) -> Result<(), Error> {
        leave_transaction(&mut self.db);
        let begun = self.db.exec("BEGIN IMMEDIATE", &[]);
        let ran = begun.and_then(|_| self.run_queued(batch));
        let committed = ran.and_then(|()| self.db.exec("COMMIT", &[]).map(drop));
        match committed {
            Ok(()) => self.db.act_after_commit(),
            Err(_) => self.db.forget_acts(0),
        }
        committed.map_err(|cause| {
            tracing::error!(%cause, jobs = batch.len(), "a batch of writes was not committed");
            // The transaction may be gone already, as it is after a full disk; then there is nothing to undo.
            let _ = self.db.exec("ROLLBACK", &[]);
            Error::Unavailable(cause.to_string())
        })
    }

    fn run_queued(&mut self, batch: &mut Vec<Box<dyn Job>>) -> Result<(), Error> {
        let stopwatch = Stopwatch::start();
        let mut next = 0;
        while next < batch.len() {
            self.run_in_savepoint(batch[next].as_mut())?;
            next += 1;
            if next == batch.len() && next < self.batch_length && stopwatch.elapsed() < BATCH_TIME {
                match self.jobs.try_recv() {
                    Ok(Some(job)) => batch.push(job),
                    Ok(None) => self.is_ending = true,
                    Err(_) => {}
                }
            }
        }
        Ok(())
    }

    fn run_in_savepoint(&mut self, job: &mut dyn Job) -> Result<(), Error> {
        self.db.exec("SAVEPOINT job", &[])?;
        let acts = self.db.waiting_acts();
        if !job.run(&mut self.db) {
            self.db.forget_acts(acts);
            self.db.exec("ROLLBACK TO job", &[])?;
        }
        self.db.exec("RELEASE job", &[])?;
        Ok(())
    }

    fn checkpoint(&mut self, mode: &str) {
        self.log_pages.store(0, Ordering::Relaxed);
        let done = connection(&mut self.db).and_then(|connection| {
            Ok(connection.query_row(&format!("PRAGMA wal_checkpoint({mode})"), [], |_| Ok(()))?)
        });
        if let Err(cause) = done {
            tracing::warn!(%cause, "a checkpoint failed and will be tried again");
        }
    }
}

/// The life of a reader: one read transaction for each job, so that a job sees one state of the data.
fn read_one_by_one(
    connection: Connection,
    jobs: &flume::Receiver<Message>,
    timeout: Duration,
    statistics: &Statistics,
) {
    let mut db = Db::new(Engine::Sqlite(connection));
    while let Ok(Some(mut job)) = jobs.recv() {
        let ended = read_in_transaction(&mut db, job.as_mut(), timeout);
        statistics.count_read();
        job.answer(ended);
    }
}

/// Only the job itself is bound by the time limit: a transaction that was begun is always ended.
fn read_in_transaction(db: &mut Db, job: &mut dyn Job, timeout: Duration) -> Result<(), Error> {
    leave_transaction(db);
    db.exec("BEGIN", &[])?;
    let stopwatch = Stopwatch::start();
    connection(db)?.progress_handler(STEPS_BETWEEN_CHECKS, Some(move || stopwatch.elapsed() > timeout))?;
    job.run(db);
    connection(db)?.progress_handler(0, None::<fn() -> bool>)?;
    db.exec("COMMIT", &[]).map(drop)
}

/// What this engine's own statements are said to.
fn connection(db: &mut Db) -> Result<&mut Connection, Error> {
    match &mut db.engine {
        Engine::Sqlite(connection) => Ok(connection),
        Engine::Postgres(_) => Err(Error::Stopped),
    }
}

/// Ends a transaction that a failure has left open. Without this, one failed `COMMIT` or `ROLLBACK` would make every
/// later `BEGIN` of the connection fail.
fn leave_transaction(db: &mut Db) {
    if connection(db).is_ok_and(|connection| !connection.is_autocommit()) {
        tracing::warn!("a transaction was left open and is rolled back");
        // If this fails too, so will the next statement, and its error is told.
        let _ = db.exec("ROLLBACK", &[]);
    }
}

impl Store {
    /// Writes the state of a file at this moment into another one, which must be empty, while others go on writing to the
    /// first. What was deleted does not come along, which is why this is no copy of pages. No transaction may be
    /// open for it, so that it has a connection of its own; one that might write, since only such a one takes the log along
    /// when it is the last to close.
    pub fn write_compact(from: &Path, into: &Path) -> Result<(), Error> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(from, flags).map_err(|cause| cannot_open(from, &cause))?;
        configure(&connection)?;
        let name = into.to_str().ok_or_else(|| Error::Unavailable(format!("{} is not UTF-8", into.display())))?;
        connection.execute("VACUUM INTO ?1", [name])?;
        Ok(())
    }
}
