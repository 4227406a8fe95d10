//! The PostgreSQL server of stories that are about it: the one that the run was given, or one of the story's own.

use invited_cluster::{Cluster, HASTY};

use super::database::{self, Database};

/// A server on which databases can be made. It has to outlive them.
pub(crate) struct PostgresServer {
    url: String,
    _own: Option<Cluster>,
}

impl PostgresServer {
    /// The server of the run, or else one that is made for this story and goes with it.
    pub(crate) fn start() -> Self {
        if let Some(url) = database::server() {
            return Self { url, _own: None };
        }
        let own = Cluster::start(HASTY).expect("PostgreSQL's programs are installed and start");
        Self { url: own.url(), _own: Some(own) }
    }

    /// Makes a database on it.
    pub(crate) fn database(&self) -> Database {
        Database::on_server(&self.url)
    }

    /// Makes one without a schema.
    pub(crate) fn empty_database(&self) -> Database {
        Database::empty_on(&self.url)
    }
}
