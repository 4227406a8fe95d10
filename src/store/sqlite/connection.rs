//! Connections and their settings.

use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use crate::store::db::Engine;
use crate::store::sqlite::log::{LARGE_BYTES, Log};
use crate::store::{Db, Durability, Error};

/// Longest wait for another process that holds a lock on the same file.
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// The writer's, which then checks whether its job is still wanted, and waits again.
pub(super) const WRITER_BUSY_TIMEOUT: Duration = Duration::from_millis(50);

const SWITCH_TRIES: usize = 250;
const SWITCH_PAUSE: Duration = Duration::from_millis(20);

/// Prepared statements cached by each connection.
const CACHED_STATEMENTS: usize = 256;

pub(super) fn open_writer(path: &Path, durability: Durability, log: Arc<Log>) -> Result<Connection, Error> {
    let mut connection = Connection::open(path).map_err(|cause| cannot_open(path, &cause))?;
    configure(&connection)?;
    use_write_ahead_log(&connection)?;
    connection.busy_timeout(WRITER_BUSY_TIMEOUT)?;
    let synchronous = match durability {
        Durability::Full => "FULL",
        Durability::Normal => "NORMAL",
        Durability::Off => "OFF",
    };
    connection.pragma_update(None, "synchronous", synchronous)?;
    connection.pragma_update(None, "wal_autocheckpoint", 0)?;
    connection.pragma_update(None, "journal_size_limit", LARGE_BYTES)?;
    // Overwrites deleted content wherever that adds no I/O.
    connection.pragma_update(None, "secure_delete", "FAST")?;
    // A read opens the log, so its files exist from now on.
    connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
    connection.wal_hook(Some(move |_: &mut _, pages| {
        log.grown_to(pages);
        Ok(())
    }))?;
    Ok(connection)
}

/// Switches to the write-ahead log. When two programs open a new file at once, SQLite refuses one of them without
/// waiting for the busy timeout, so the wait is here.
fn use_write_ahead_log(connection: &Connection) -> Result<(), Error> {
    let mut tries = SWITCH_TRIES;
    while let Err(cause) = connection.pragma_update(None, "journal_mode", "WAL") {
        tries -= 1;
        if tries == 0 || !is_busy(&cause) {
            return Err(cause.into());
        }
        thread::sleep(SWITCH_PAUSE);
    }
    Ok(())
}

/// Whether another process holds a lock.
pub(super) fn is_busy(cause: &rusqlite::Error) -> bool {
    cause.sqlite_error_code() == Some(ErrorCode::DatabaseBusy)
}

pub(super) fn open_reader(path: &Path) -> Result<Connection, Error> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(|cause| cannot_open(path, &cause))?;
    configure(&connection)?;
    connection.pragma_update(None, "query_only", true)?;
    Ok(connection)
}

pub(super) fn cannot_open(path: &Path, cause: &rusqlite::Error) -> Error {
    Error::Unavailable(format!("cannot open {}: {cause}", path.display()))
}

/// Settings of both writer and readers.
///
/// Without `QPSG` a bound `LIMIT` makes SQLite plan its statement again at each use, which silently defeats the
/// statement cache and triples the cost of a small query. With it, plans do not depend on bound values, so partial
/// indexes need their conditions literally in the statement.
pub(super) fn configure(connection: &Connection) -> Result<(), Error> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.set_prepared_statement_cache_capacity(CACHED_STATEMENTS);
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "cache_size", -32_768)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.pragma_update(None, "trusted_schema", false)?;
    Ok(())
}

pub(super) fn connection(db: &mut Db) -> Result<&mut Connection, Error> {
    match &mut db.engine {
        Engine::Sqlite(connection) => Ok(connection),
        Engine::Postgres(_) => Err(Error::Stopped),
    }
}

/// Rolls back a transaction that a failure has left open: after a failed `COMMIT` or `ROLLBACK`, every later `BEGIN` of
/// the connection would fail.
pub(super) fn end_open_transaction(db: &mut Db) {
    if connection(db).is_ok_and(|connection| !connection.is_autocommit()) {
        tracing::warn!("a transaction was left open and is rolled back");
        // If this fails, so does the next statement, whose error is reported.
        let _ = db.exec("ROLLBACK", &[]);
    }
}
