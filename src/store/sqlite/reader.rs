//! A thread that reads, one job after the other.

use std::time::Duration;

use rusqlite::Connection;

use crate::clock::Stopwatch;
use crate::store::db::Engine;
use crate::store::job::Job;
use crate::store::queue::Queue;
use crate::store::sqlite::connection::{connection, end_open_transaction};
use crate::store::sqlite::files::Files;
use crate::store::{Db, Error, Statistics};

/// Instructions of SQLite's virtual machine between two checks of a read's time limit.
const STEPS_BETWEEN_CHECKS: i32 = 20_000;

/// How long a reader may go on with files that are no longer in their place.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// One read transaction per job, so a job sees a consistent snapshot.
pub(super) fn read_one_by_one(
    connection: Connection,
    files: &Files,
    jobs: &Queue,
    timeout: Duration,
    statistics: &Statistics,
) {
    let mut db = Db::new(Engine::Sqlite(connection));
    let (mut looked, mut done) = (None, None);
    while let Some(mut job) = jobs.take(done) {
        done = Some(job.terms().tenant);
        if !job.wanted().is_abandoned() {
            let found = require_place(&mut db, files, &mut looked);
            let ended = found.and_then(|()| read_in_transaction(&mut db, job.as_mut(), timeout));
            statistics.count_read();
            job.answer(ended);
        }
    }
}

/// Looks for the files now and then, and before every job while they are not in their place.
fn require_place(db: &mut Db, files: &Files, looked: &mut Option<Stopwatch>) -> Result<(), Error> {
    if looked.is_none_or(|looked: Stopwatch| looked.elapsed() >= LOOK_EVERY) {
        *looked = None;
        files.require_place(connection(db)?)?;
        *looked = Some(Stopwatch::start());
    }
    Ok(())
}

/// Interrupts a job that takes too long or is abandoned. A transaction that was begun is always ended.
fn read_in_transaction(db: &mut Db, job: &mut dyn Job, timeout: Duration) -> Result<(), Error> {
    end_open_transaction(db);
    db.exec("BEGIN", &[])?;
    let (stopwatch, wanted) = (Stopwatch::start(), job.wanted().clone());
    let is_over = move || wanted.is_abandoned() || stopwatch.elapsed() > timeout;
    connection(db)?.progress_handler(STEPS_BETWEEN_CHECKS, Some(is_over))?;
    job.run(db);
    connection(db)?.progress_handler(0, None::<fn() -> bool>)?;
    db.exec("COMMIT", &[]).map(drop)
}
