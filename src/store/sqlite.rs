//! The SQLite engine: one writing thread with group commit, and reading threads with connections of their own.
//!
//! The writer waits for a job, opens a transaction, runs the job and those queued behind it in a savepoint each,
//! commits once, and only then answers. Batches form by themselves while the disk is busy with the previous commit, so
//! there is no timer and a lone request waits for nothing. `BEGIN IMMEDIATE` takes the write lock at once, so another
//! process on the same file (a command of this program) can only delay a transaction, not break it halfway.
//!
//! The writer checkpoints a grown write-ahead log after it has answered; SQLite's own checkpoints run inside a commit.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::thread;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use crate::clock::Stopwatch;
use crate::store::db::Engine;
use crate::store::job::{Job, Message};
use crate::store::{Db, Durability, Error, Options, Statistics, Store, threads};

/// Longest time for which a batch collects jobs.
const BATCH_TIME: Duration = Duration::from_millis(5);

/// Size of the write-ahead log, in pages of 4 KiB, that triggers a checkpoint.
const CHECKPOINT_PAGES: i32 = 1_000;

/// Longest wait for another process that writes to the same file.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

const SWITCH_TRIES: usize = 250;
const SWITCH_PAUSE: Duration = Duration::from_millis(20);

/// Prepared statements cached by each connection.
const CACHED_STATEMENTS: usize = 256;

/// Instructions of SQLite's virtual machine between two checks of a read's time limit.
const STEPS_BETWEEN_CHECKS: i32 = 20_000;

pub(super) fn open(path: &Path, options: &Options) -> Result<Store, Error> {
    let statistics = Arc::new(Statistics::default());
    let log_pages = Arc::new(AtomicI32::new(0));
    let mut connection = Some(open_writer(path, options.durability, Arc::clone(&log_pages))?);
    let writers = threads::start("writer", 1, options.queue_length.max(1), |_, jobs| {
        let connection = connection.take().ok_or(Error::Stopped)?;
        let writer = Writer {
            db: Db::new(Engine::Sqlite(connection)),
            jobs,
            batch_length: options.batch_length.max(1),
            log_pages: Arc::clone(&log_pages),
            is_ending: false,
        };
        let shared = Arc::clone(&statistics);
        Ok(move || writer.work(&shared))
    })?;
    let readers = threads::start("reader", options.readers, options.queue_length.max(64), |_, jobs| {
        let (reader, shared, timeout) = (open_reader(path)?, Arc::clone(&statistics), options.read_timeout);
        Ok(move || read_one_by_one(reader, &jobs, timeout, &shared))
    })?;
    Ok(Store::of(None, readers, writers, statistics))
}

fn open_writer(path: &Path, durability: Durability, log_pages: Arc<AtomicI32>) -> Result<Connection, Error> {
    let mut connection = Connection::open(path).map_err(|cause| cannot_open(path, &cause))?;
    configure(&connection)?;
    use_write_ahead_log(&connection)?;
    let synchronous = match durability {
        Durability::Full => "FULL",
        Durability::Normal => "NORMAL",
        Durability::Off => "OFF",
    };
    connection.pragma_update(None, "synchronous", synchronous)?;
    connection.pragma_update(None, "wal_autocheckpoint", 0)?;
    // Overwrites deleted content wherever that adds no I/O.
    connection.pragma_update(None, "secure_delete", "FAST")?;
    connection.wal_hook(Some(move |_: &mut _, pages| {
        log_pages.store(pages, Ordering::Relaxed);
        Ok(())
    }))?;
    Ok(connection)
}

/// Switches to the write-ahead log. Of two programs that open a new file at once SQLite refuses one without waiting for
/// the busy timeout, so the wait is here.
fn use_write_ahead_log(connection: &Connection) -> Result<(), Error> {
    let mut tries = SWITCH_TRIES;
    while let Err(cause) = connection.pragma_update(None, "journal_mode", "WAL") {
        tries -= 1;
        if tries == 0 || cause.sqlite_error_code() != Some(ErrorCode::DatabaseBusy) {
            return Err(cause.into());
        }
        thread::sleep(SWITCH_PAUSE);
    }
    Ok(())
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

/// Settings of both writer and readers.
///
/// Without `QPSG` a bound `LIMIT` makes SQLite plan its statement again at each use, which silently defeats the
/// statement cache and triples the cost of a small query. With it, plans do not depend on bound values, so partial
/// indexes need their conditions literally in the statement.
fn configure(connection: &Connection) -> Result<(), Error> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.set_prepared_statement_cache_capacity(CACHED_STATEMENTS);
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "cache_size", -32_768)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.pragma_update(None, "trusted_schema", false)?;
    Ok(())
}

struct Writer {
    db: Db,
    jobs: flume::Receiver<Message>,
    batch_length: usize,
    /// Size of the write-ahead log after the latest commit.
    log_pages: Arc<AtomicI32>,
    is_ending: bool,
}

impl Writer {
    /// Ends at a `None` message, or when every handle to the store is gone.
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

    /// Runs the first job of `batch` and those queued behind it in one transaction.
    fn write_batch(&mut self, batch: &mut Vec<Box<dyn Job>>) -> Result<(), Error> {
        end_open_transaction(&mut self.db);
        let begun = self.db.exec("BEGIN IMMEDIATE", &[]);
        let ran = begun.and_then(|_| self.run_queued(batch));
        let committed = ran.and_then(|()| self.db.exec("COMMIT", &[]).map(drop));
        match committed {
            Ok(()) => self.db.act_after_commit(),
            Err(_) => self.db.forget_acts(0),
        }
        committed.map_err(|cause| {
            tracing::error!(%cause, jobs = batch.len(), "a batch of writes could not be committed");
            // SQLite may have rolled back already, as it does when the disk is full; then this fails.
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
        let acts = self.db.acts();
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
            tracing::warn!(%cause, "a checkpoint failed; will retry");
        }
    }
}

/// One read transaction per job, so a job sees a consistent snapshot.
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

/// The time limit applies to the job alone: a transaction that was begun is always ended.
fn read_in_transaction(db: &mut Db, job: &mut dyn Job, timeout: Duration) -> Result<(), Error> {
    end_open_transaction(db);
    db.exec("BEGIN", &[])?;
    let stopwatch = Stopwatch::start();
    connection(db)?.progress_handler(STEPS_BETWEEN_CHECKS, Some(move || stopwatch.elapsed() > timeout))?;
    job.run(db);
    connection(db)?.progress_handler(0, None::<fn() -> bool>)?;
    db.exec("COMMIT", &[]).map(drop)
}

fn connection(db: &mut Db) -> Result<&mut Connection, Error> {
    match &mut db.engine {
        Engine::Sqlite(connection) => Ok(connection),
        Engine::Postgres(_) => Err(Error::Stopped),
    }
}

/// Rolls back a transaction that a failure has left open: after a failed `COMMIT` or `ROLLBACK`, every later `BEGIN` of
/// the connection would fail.
fn end_open_transaction(db: &mut Db) {
    if connection(db).is_ok_and(|connection| !connection.is_autocommit()) {
        tracing::warn!("a transaction was left open and is rolled back");
        // If this fails, so does the next statement, whose error is reported.
        let _ = db.exec("ROLLBACK", &[]);
    }
}

impl Store {
    /// Writes a snapshot of one file into another, empty one while writes to the first go on. Unlike a copy of pages,
    /// it leaves out deleted content. It cannot run inside a transaction, hence the connection of its own, which is
    /// writable since only a writable connection removes the write-ahead log when it closes last.
    pub fn write_compact(from: &Path, into: &Path) -> Result<(), Error> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(from, flags).map_err(|cause| cannot_open(from, &cause))?;
        configure(&connection)?;
        let name = into.to_str().ok_or_else(|| Error::Unavailable(format!("{} is not UTF-8", into.display())))?;
        connection.execute("VACUUM INTO ?1", [name])?;
        Ok(())
    }
}
