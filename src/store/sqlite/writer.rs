//! The one thread that writes.

use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::Duration;

use crate::clock::Stopwatch;
use crate::store::job::Job;
use crate::store::queue::Queue;
use crate::store::sqlite::connection::{connection, end_open_transaction, is_busy};
use crate::store::{Db, Error, Statistics};

/// Longest time for which a batch collects jobs.
const BATCH_TIME: Duration = Duration::from_millis(5);

/// Longest wait for another process that writes to the same file.
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// Size of the write-ahead log, in pages of 4 KiB, that triggers a checkpoint.
const CHECKPOINT_PAGES: i32 = 1_000;

pub(super) struct Writer {
    pub(super) db: Db,
    pub(super) jobs: Arc<Queue>,
    pub(super) batch_length: usize,
    /// Size of the write-ahead log after the latest commit.
    pub(super) log_pages: Arc<AtomicI32>,
}

impl Writer {
    /// Ends when the queue is closed and empty.
    pub(super) fn work(mut self, statistics: &Statistics) {
        let mut batch: Vec<Box<dyn Job>> = Vec::with_capacity(self.batch_length);
        while let Some(first) = self.jobs.take() {
            if first.wanted().is_abandoned() {
                self.jobs.finish(first.terms().tenant);
                continue;
            }
            batch.push(first);
            let ended = self.write_batch(&mut batch);
            statistics.count_writes(batch.len() as u64, ended.is_ok());
            for job in batch.drain(..) {
                self.jobs.finish(job.terms().tenant);
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
        let begun = self.begin(batch[0].as_ref());
        let ran = begun.and_then(|()| self.run_queued(batch));
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

    /// Takes the write lock, as long as the job that asks for it is wanted.
    fn begin(&mut self, job: &dyn Job) -> Result<(), Error> {
        let since = Stopwatch::start();
        loop {
            let begun = connection(&mut self.db)?.prepare_cached("BEGIN IMMEDIATE")?.execute([]);
            let is_busy = begun.as_ref().is_err_and(is_busy);
            if !is_busy || job.wanted().is_abandoned() || since.elapsed() > LONGEST_WAIT {
                return Ok(begun.map(drop)?);
            }
        }
    }

    fn run_queued(&mut self, batch: &mut Vec<Box<dyn Job>>) -> Result<(), Error> {
        let stopwatch = Stopwatch::start();
        let mut next = 0;
        while next < batch.len() {
            self.run_in_savepoint(batch[next].as_mut())?;
            next += 1;
            if next == batch.len() && next < self.batch_length && stopwatch.elapsed() < BATCH_TIME {
                batch.extend(self.jobs.take_waiting());
            }
        }
        Ok(())
    }

    /// A job that nobody waits for any more is left out, even if it has just run.
    fn run_in_savepoint(&mut self, job: &mut dyn Job) -> Result<(), Error> {
        if job.wanted().is_abandoned() {
            return Ok(());
        }
        self.db.exec("SAVEPOINT job", &[])?;
        let acts = self.db.acts();
        if !(job.run(&mut self.db) && job.wanted().claim()) {
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
