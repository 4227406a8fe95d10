//! Whether a file is damaged, checked before it is served: a server on a damaged file refuses some requests as if the
//! failure were temporary, and each write may add to the damage.
//!
//! Reading all of a large file would delay the start, so the check ends after a second. By then it has seen hundreds of
//! megabytes. A complete check in the background would keep the log from being emptied meanwhile.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode};

use crate::clock::Stopwatch;
use crate::store::sqlite::connection::open_reader;
use crate::store::{Error, Place, Store};

const LONGEST: Duration = Duration::from_secs(1);

/// Instructions of SQLite's virtual machine between two looks at the time.
const STEPS_BETWEEN_LOOKS: i32 = 1_000;

impl Store {
    /// Fails if a database file is there and damaged, as far as one second shows.
    pub fn require_sound(place: &Place) -> Result<(), Error> {
        match place {
            Place::File(path) if path.exists() => require_sound_within(path, LONGEST),
            Place::File(_) | Place::Server(_) => Ok(()),
        }
    }
}

fn require_sound_within(path: &Path, longest: Duration) -> Result<(), Error> {
    // Whatever else is wrong with the file is reported when it is opened to be used.
    let Ok(mut connection) = open_reader(path) else { return Ok(()) };
    let stopwatch = Stopwatch::start();
    connection.progress_handler(STEPS_BETWEEN_LOOKS, Some(move || stopwatch.elapsed() > longest))?;
    let Some(damage) = damage(&connection) else { return Ok(()) };
    Err(Error::Unusable(format!(
        "{} is damaged ({damage}): restore a backup, or recover what is left of it with `sqlite3 {} .recover`",
        path.display(),
        path.display()
    )))
}

/// The first damage found, if any is found in time.
fn damage(connection: &Connection) -> Option<String> {
    match connection.query_row("PRAGMA quick_check(1)", [], |row| row.get::<_, String>(0)) {
        Ok(found) if found == "ok" => None,
        Ok(found) => Some(found.lines().collect::<Vec<_>>().join(" ")),
        Err(cause) if cause.sqlite_error_code() == Some(ErrorCode::DatabaseCorrupt) => Some(cause.to_string()),
        Err(cause) => {
            tracing::debug!(%cause, "the database file was not read to its end");
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_look_at_a_large_file_ends_in_time() {
        let mut connection = Connection::open_in_memory().unwrap_or_else(|cause| unreachable!("{cause}"));
        let fill = "CREATE TABLE t (x); WITH RECURSIVE n (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n LIMIT 100000) \
                    INSERT INTO t SELECT x FROM n";
        assert!(connection.execute_batch(fill).is_ok());
        assert!(connection.progress_handler(STEPS_BETWEEN_LOOKS, Some(|| true)).is_ok());
        let checked = connection.query_row("PRAGMA quick_check(1)", [], |_| Ok(()));
        let code = checked.err().and_then(|cause| cause.sqlite_error_code());
        assert_eq!(code, Some(ErrorCode::OperationInterrupted));
        assert_eq!(damage(&connection), None);
    }
}
