//! The end of a transaction: committed for good, or gone for good.
//!
//! A commit writes its pages to the log, the last one with a mark, and then waits for the disk. If the disk fails then,
//! SQLite rolls back, but the pages stay in the log, complete, until the next commit writes over them. Nobody sees
//! them: the log's index does not count them. But a start after a crash rebuilds that index from the log, and would
//! find a transaction whose client was told that nothing was done.
//!
//! So a failed commit is followed by one that changes nothing and does not wait for the disk. It takes the place of the
//! first of those pages. That voids the others as well, since the checksum of a page includes those before it. To
//! truncate the log instead would need its valid length, which another process may be changing.
//!
//! What remains is a power cut while the disk is failing, when nobody knows what reached it.

use rusqlite::{Connection, ErrorCode};

use crate::store::Error;

/// A commit that failed.
pub(super) enum Failure {
    /// Nothing of it is left.
    Undone(Error),
    /// A later start may find it, until [`void`] succeeds.
    Uncertain(Error),
}

pub(super) fn commit(connection: &Connection) -> Result<(), Failure> {
    let Err(cause) = execute(connection, "COMMIT") else { return Ok(()) };
    // SQLite has rolled back already, unless another program stands in the way; then this fails.
    let _ = execute(connection, "ROLLBACK");
    let is_complete = may_be_complete(&cause);
    match void(connection) {
        Err(_) if is_complete => Err(Failure::Uncertain(Error::Uncertain(cause.to_string()))),
        _ => Err(Failure::Undone(cause.into())),
    }
}

/// Writes over what failed commits have left in the log.
pub(super) fn void(connection: &Connection) -> Result<(), Error> {
    let waits: i64 = connection.query_row("PRAGMA synchronous", [], |row| row.get(0))?;
    connection.pragma_update(None, "synchronous", "OFF")?;
    let voided = connection.execute_batch("BEGIN IMMEDIATE; PRAGMA user_version = 0; COMMIT");
    if voided.is_err() {
        // Without a transaction this fails.
        let _ = execute(connection, "ROLLBACK");
    }
    connection.pragma_update(None, "synchronous", waits)?;
    Ok(voided?)
}

/// Whether a commit may have failed after its mark was written: not if it was the writing that failed.
fn may_be_complete(cause: &rusqlite::Error) -> bool {
    let is_of_writing = cause.sqlite_error().is_some_and(|error| {
        error.code == ErrorCode::DiskFull || error.extended_code == rusqlite::ffi::SQLITE_IOERR_WRITE
    });
    !is_of_writing
}

fn execute(connection: &Connection, sql: &str) -> rusqlite::Result<()> {
    connection.prepare_cached(sql)?.execute([]).map(drop)
}
