//! Failures of the store: some may succeed on a retry, some are expected refusals, the rest are defects or bad data.

use crate::wire::describe::UniqueIndex;

#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// The queue is full. Nothing was done; a retry may succeed.
    #[error("the database queue is full")]
    Overloaded,
    /// The store is shutting down. Nothing was done.
    #[error("the database is shut down")]
    Stopped,
    /// Out of disk, memory or time, or locked. Nothing was done; a retry may succeed.
    #[error("the database is unavailable: {0}")]
    Unavailable(String),
    /// The database failed during the commit: the job's changes may be durable or not.
    #[error("the database did not say whether the write was committed; look before you repeat it: {0}")]
    Uncertain(String),
    /// What a job required ([`crate::store::Db::require`]) no longer holds; nothing was done.
    #[error("what the job required no longer holds")]
    Unmet,
    /// A unique index refused a row; the text is the name of the index or its columns.
    #[error("a row violates the unique index on {0}")]
    Unique(String),
    /// A job panicked; its changes were undone.
    #[error("a database job panicked")]
    Panicked,
    /// The engine refused a statement, or a job issued one at the wrong time.
    #[error("a statement failed: {0}")]
    Statement(String),
    /// Stored data is not what the program expects.
    #[error("unexpected data: {0}")]
    Data(String),
    /// The configured database cannot be used.
    #[error("{0}")]
    Unusable(String),
    /// The schema is not the one that this program needs.
    #[error("{0}")]
    Schema(String),
}

impl Error {
    /// Replaces a violation of this index; passes other errors on.
    pub fn on_constraint<E: From<Self>>(self, index: UniqueIndex, refusal: impl FnOnce() -> E) -> E {
        if self.is_violation_of(index) { refusal() } else { self.into() }
    }

    pub fn is_violation_of(&self, index: UniqueIndex) -> bool {
        matches!(self, Self::Unique(named) if named == index.name || named == index.columns)
    }
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode as Code;
        let text = error.to_string();
        let rusqlite::Error::SqliteFailure(cause, message) = error else {
            return Self::Statement(text);
        };
        let text = match meaning(cause.code) {
            Some(meaning) => format!("{meaning} ({text})"),
            None => text,
        };
        match cause.code {
            Code::ConstraintViolation if is_unique(cause.extended_code) => {
                Self::Unique(index_name(message.as_deref().unwrap_or_default()).to_owned())
            }
            Code::SystemIoFailure
            | Code::DiskFull
            | Code::DatabaseBusy
            | Code::DatabaseLocked
            | Code::CannotOpen
            | Code::ReadOnly
            | Code::OutOfMemory
            | Code::OperationInterrupted
            | Code::DatabaseCorrupt
            | Code::NotADatabase
            | Code::PermissionDenied
            | Code::FileLockingProtocolFailed => Self::Unavailable(text),
            _ => Self::Statement(text),
        }
    }
}

/// What SQLite's own messages mean to the operator.
fn meaning(code: rusqlite::ErrorCode) -> Option<&'static str> {
    use rusqlite::ErrorCode as Code;
    match code {
        Code::DiskFull => Some("the disk is full"),
        // Also when a full disk has no room for the index of the log.
        Code::SystemIoFailure => Some("the disk is full or fails"),
        Code::ReadOnly | Code::PermissionDenied => Some("the file or its folder must not be written to"),
        Code::DatabaseCorrupt => Some("the file is damaged: restore a backup"),
        Code::NotADatabase => Some("the file is no SQLite database"),
        _ => None,
    }
}

fn is_unique(extended_code: i32) -> bool {
    matches!(extended_code, rusqlite::ffi::SQLITE_CONSTRAINT_UNIQUE | rusqlite::ffi::SQLITE_CONSTRAINT_PRIMARYKEY)
}

/// The name of the index in `UNIQUE constraint failed: index 'name'`, or the columns listed instead.
fn index_name(message: &str) -> &str {
    let named = message.rsplit_once(": ").map_or(message, |(_, named)| named);
    named.strip_prefix("index '").and_then(|name| name.strip_suffix('\'')).unwrap_or(named)
}

#[cfg(test)]
mod tests {
    use rusqlite::ffi;

    use super::*;

    #[test]
    fn trouble_with_a_file_is_told_in_words_of_an_operator() {
        for (code, meaning) in [
            (ffi::SQLITE_FULL, "the disk is full"),
            (ffi::SQLITE_IOERR_SHMSIZE, "the disk is full or fails"),
            (ffi::SQLITE_IOERR_FSYNC, "the disk is full or fails"),
            (ffi::SQLITE_READONLY, "must not be written to"),
            (ffi::SQLITE_READONLY_DIRECTORY, "must not be written to"),
            (ffi::SQLITE_CORRUPT, "is damaged: restore a backup"),
            (ffi::SQLITE_NOTADB, "is no SQLite database"),
        ] {
            let error = Error::from(rusqlite::Error::SqliteFailure(ffi::Error::new(code), None));
            assert!(matches!(&error, Error::Unavailable(_)) && error.to_string().contains(meaning), "{code}: {error}");
        }
    }
}
