//! Where the data of a server under test is.

use std::path::PathBuf;

/// A database of a run.
#[derive(Clone, Debug)]
pub(crate) enum Database {
    /// A file of SQLite.
    File(PathBuf),
    /// A database on the run's own PostgreSQL server.
    OnServer {
        url: String,
        /// Connections of the server under test that write to it; `None` for its default.
        writing_connections: Option<usize>,
    },
}

impl Database {
    /// What the setting `database` of the server has to be.
    pub(crate) fn setting(&self) -> String {
        match self {
            Database::File(path) => format!("sqlite:{}", path.display()),
            Database::OnServer { url, .. } => url.clone(),
        }
    }

    pub(crate) fn writing_connections(&self) -> Option<usize> {
        match self {
            Database::File(_) => None,
            Database::OnServer { writing_connections, .. } => *writing_connections,
        }
    }

    /// The same with another number of connections that write to it.
    pub(crate) fn with_writing_connections(&self, connections: Option<usize>) -> Database {
        match self {
            Database::File(path) => Database::File(path.clone()),
            Database::OnServer { url, .. } => Database::OnServer { url: url.clone(), writing_connections: connections },
        }
    }
}
