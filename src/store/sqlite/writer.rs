//! The one thread that writes.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use crate::clock::Stopwatch;
use crate::store::health::Health;
use crate::store::job::Job;
use crate::store::queue::Queue;
use crate::store::sqlite::commit::{self, Failure};
use crate::store::sqlite::connection::{BUSY_TIMEOUT, connection, end_open_transaction, is_busy};
use crate::store::sqlite::files::Files;
use crate::store::sqlite::log::{Checkpoint, Log, Schedule};
use crate::store::{Db, Error, Statistics};

/// Longest time for which a batch collects jobs.
const BATCH_TIME: Duration = Duration::from_millis(5);

/// The pause between two attempts at a checkpoint.
const BETWEEN_ATTEMPTS: Duration = Duration::from_millis(1);

/// How often an idle writer checks that the files are still in their place.
const LOOK_EVERY: Duration = Duration::from_millis(500);

pub(super) struct Writer {
    pub(super) db: Db,
    pub(super) jobs: Arc<Queue>,
    pub(super) batch_length: usize,
    pub(super) log: Arc<Log>,
    pub(super) schedule: Schedule,
    pub(super) files: Files,
    /// Whether a file is not where it was opened.
    pub(super) is_misplaced: bool,
    /// Whether the log then holds what the file does not.
    pub(super) is_log_needed: bool,
    /// Whether the log may hold a commit that failed.
    pub(super) may_hold_failed_commit: bool,
}

impl Writer {
    /// Ends when the queue is closed and empty.
    pub(super) fn work(mut self, statistics: &Statistics) {
        let mut batch: Vec<Box<dyn Job>> = Vec::with_capacity(self.batch_length);
        let mut done = Vec::with_capacity(self.batch_length);
        while let Ok(first) = self.jobs.take_within(done.drain(..), LOOK_EVERY) {
            let Some(first) = first else {
                // The next job gets the error.
                let _ = self.require_place(&statistics.health);
                continue;
            };
            if first.wanted().is_abandoned() {
                done.push(first.terms().tenant);
                continue;
            }
            batch.push(first);
            statistics.health.begin();
            let found = self.require_place(&statistics.health);
            let ended = found.and_then(|()| self.write_batch(&mut batch, &statistics.health));
            statistics.health.end();
            statistics.count_writes(batch.len() as u64, ended.is_ok());
            for job in batch.drain(..) {
                done.push(job.terms().tenant);
                job.answer(ended.clone());
            }
            if let Some(checkpoint) = self.schedule.due(self.log.pages()) {
                self.checkpoint(checkpoint);
            }
        }
        self.checkpoint(Checkpoint::Emptying);
    }

    /// Runs the first job of `batch` and those queued behind it in one transaction.
    fn write_batch(&mut self, batch: &mut Vec<Box<dyn Job>>, health: &Health) -> Result<(), Error> {
        end_open_transaction(&mut self.db);
        let begun = self.begin(batch[0].as_ref());
        let commits = self.log.commits();
        let Err(cause) = begun.and_then(|()| self.run_queued(batch)).and_then(|()| self.commit()) else {
            self.db.act_after_commit();
            // A batch whose jobs wrote nothing proves nothing.
            if self.log.commits() != commits {
                health.succeeded();
            }
            // Jobs may have joined the batch after the first look.
            return self.require_place(health).map_err(|cause| Error::Uncertain(cause.to_string()));
        };
        self.db.forget_acts(0);
        tracing::debug!(%cause, jobs = batch.len(), "a batch of writes could not be committed");
        // SQLite may have rolled back already, as it does when the disk is full; then this fails.
        let _ = self.db.exec("ROLLBACK", &[]);
        let cause = match cause {
            Error::Uncertain(cause) => Error::Uncertain(format!("{}: {cause}", self.files)),
            cause => Error::Unavailable(format!("{}: {cause}", self.files)),
        };
        // A job that was given up while it waited for another process says nothing about the disk.
        if batch.iter().any(|job| job.terms().is_of_request() && !job.wanted().is_abandoned()) {
            health.failed(&cause);
        }
        Err(cause)
    }

    fn commit(&mut self) -> Result<(), Error> {
        commit::commit(connection(&mut self.db)?).map_err(|failure| match failure {
            Failure::Undone(cause) => cause,
            Failure::Uncertain(cause) => {
                self.may_hold_failed_commit = true;
                cause
            }
        })
    }

    /// Fails while a file is not where it was opened. Once it is gone, all that the log holds goes into the file that
    /// is still open.
    fn require_place(&mut self, health: &Health) -> Result<(), Error> {
        let found = connection(&mut self.db).and_then(|connection| self.files.require_place(connection));
        let was_misplaced = std::mem::replace(&mut self.is_misplaced, found.is_err());
        self.is_log_needed = self.is_misplaced && (self.is_log_needed || !was_misplaced);
        if self.is_log_needed {
            // Readers that have not noticed may stand in the way for a moment.
            self.is_log_needed = !self.checkpoint(Checkpoint::Emptying);
        }
        match &found {
            Err(cause) if !was_misplaced => health.failed(cause),
            Ok(()) if was_misplaced => health.succeeded(),
            _ => {}
        }
        found
    }

    /// Takes the write lock, waiting for it while the job is wanted.
    fn begin(&mut self, job: &dyn Job) -> Result<(), Error> {
        if self.may_hold_failed_commit {
            commit::void(connection(&mut self.db)?)?;
            self.may_hold_failed_commit = false;
        }
        let since = Stopwatch::start();
        loop {
            let begun = connection(&mut self.db)?.prepare_cached("BEGIN IMMEDIATE")?.execute([]);
            let is_busy = begun.as_ref().is_err_and(is_busy);
            if !is_busy || job.wanted().is_abandoned() || since.elapsed() > BUSY_TIMEOUT {
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

    /// Leaves out an abandoned job, even if it has just run.
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

    /// Whether the log is empty, as far as the checkpoint was to empty it.
    ///
    /// A wait is made of many short attempts. SQLite looks once, at the beginning of an attempt, at how far each reader
    /// has come; a newer reader may then take the place that the attempt waits for, and two that take turns in it would
    /// make one long attempt wait in vain.
    fn checkpoint(&mut self, checkpoint: Checkpoint) -> bool {
        let (mode, patience) = match checkpoint {
            Checkpoint::Passing => ("PASSIVE", Duration::ZERO),
            Checkpoint::Waiting(patience) => ("RESTART", patience),
            Checkpoint::Emptying => ("TRUNCATE", Duration::ZERO),
        };
        let (sql, since) = (format!("PRAGMA wal_checkpoint({mode})"), Stopwatch::start());
        loop {
            let done = connection(&mut self.db)
                .and_then(|connection| Ok(connection.query_row(&sql, [], |row| row.get::<_, bool>(0))?));
            match done {
                // Another process that checkpoints makes an attempt fail at once.
                Ok(true) if since.elapsed() < patience => thread::sleep(BETWEEN_ATTEMPTS),
                Ok(is_busy) => return !is_busy,
                Err(cause) => {
                    tracing::warn!(%cause, "a checkpoint failed; will retry");
                    return false;
                }
            }
        }
    }
}
