//! What can go wrong in a database, in three classes: the caller may retry, a rule of the schema was broken, or the
//! program is wrong.

/// A failure of the store.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// The queue is full. Nothing was done; a retry may succeed.
    #[error("the queue of the database is full")]
    Overloaded,
    /// The store is shutting down. Nothing was done.
    #[error("the database is shut down")]
    Stopped,
    /// The database cannot do its work: disk, lock, memory, time. Nothing was done; a retry may succeed.
    #[error("the database is unavailable: {0}")]
    Unavailable(String),
    /// A unique index refused a row; the text names the index, or else its columns.
    #[error("a row breaks the unique index on {0}")]
    Unique(String),
    /// A job panicked. What it did was undone.
    #[error("a database job panicked")]
    Panicked,
    /// A statement is wrong, or the data is not what the program expects.
    #[error("a statement failed: {0}")]
    Statement(String),
    /// What the settings say of the database cannot be used, or what is there cannot be worked with.
    #[error("{0}")]
    Unusable(String),
    /// The schema of the database is not the one that this program works with.
    #[error("{0}")]
    Schema(String),
}

/// A unique index whose violation a rule expects.
///
/// Engines name it in their own way: PostgreSQL says the index, SQLite its columns, unless it is an index on an
/// expression.
#[derive(Clone, Copy, Debug)]
pub struct UniqueIndex {
    /// Its name.
    pub name: &'static str,
    /// Its columns, as `table.column, table.column`.
    pub columns: &'static str,
}

impl Error {
    /// Turns a violation of this index into something else; other errors stay.
    pub fn on_constraint<E: From<Self>>(self, index: UniqueIndex, refusal: impl FnOnce() -> E) -> E {
        if self.is_violation_of(index) { refusal() } else { self.into() }
    }

    /// Whether this index has refused a row.
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

fn is_unique(extended_code: i32) -> bool {
    matches!(extended_code, rusqlite::ffi::SQLITE_CONSTRAINT_UNIQUE | rusqlite::ffi::SQLITE_CONSTRAINT_PRIMARYKEY)
}

/// The name of the index in `UNIQUE constraint failed: index 'name'`, or else the columns that stand there.
fn index_name(message: &str) -> &str {
    let named = message.rsplit_once(": ").map_or(message, |(_, named)| named);
    named.strip_prefix("index '").and_then(|name| name.strip_suffix('\'')).unwrap_or(named)
}
