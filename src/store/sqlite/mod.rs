//! The SQLite engine: one writing thread with group commit, and reading threads with connections of their own.
//!
//! The writer waits for a job, opens a transaction, runs the job and those queued behind it in a savepoint each,
//! commits once, and only then answers (`writer`). Batches form by themselves while the disk is busy with the previous
//! commit, so there is no timer and a lone request waits for nothing. `BEGIN IMMEDIATE` takes the write lock at once,
//! so another process on the same file (a command of this program) can only delay a transaction, not break it halfway.
//!
//! The writer checkpoints a grown write-ahead log after it has answered (`log`); SQLite's own checkpoints run inside a
//! commit.

mod commit;
mod compact;
mod connection;
mod files;
mod log;
mod reader;
mod soundness;
mod writer;

use std::path::Path;
use std::sync::Arc;

use crate::store::db::Engine;
use crate::store::{Db, Error, Options, Statistics, Store, threads};
use connection::{open_reader, open_writer};
use files::Files;
use log::{Log, Schedule};
use reader::read_one_by_one;
use writer::Writer;

pub(super) fn open(path: &Path, options: &Options) -> Result<Store, Error> {
    let statistics = Arc::new(Statistics::default());
    let log = Arc::new(Log::default());
    let mut connection = Some(open_writer(path, options.durability, Arc::clone(&log))?);
    let files = Files::of(path);
    let writers = threads::start("writer", 1, options.queue_length.max(1), |_, jobs| {
        let connection = connection.take().ok_or(Error::Stopped)?;
        let writer = Writer {
            db: Db::new(Engine::Sqlite(connection)),
            jobs,
            batch_length: options.batch_length.max(1),
            log: Arc::clone(&log),
            schedule: Schedule::default(),
            files: files.clone(),
            is_misplaced: false,
            is_log_needed: false,
            may_hold_failed_commit: false,
        };
        let shared = Arc::clone(&statistics);
        Ok(move || writer.work(&shared))
    })?;
    let readers = threads::start("reader", options.readers, options.queue_length.max(64), |_, jobs| {
        let (reader, files) = (open_reader(path)?, files.clone());
        let (shared, timeout) = (Arc::clone(&statistics), options.read_timeout);
        Ok(move || read_one_by_one(reader, &files, &jobs, timeout, &shared))
    })?;
    Ok(Store::of(None, readers, writers, statistics))
}
