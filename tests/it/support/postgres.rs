//! The PostgreSQL server of PostgreSQL tests: the run's, or a new one.

use invited_cluster::Cluster;

use super::database::{self, Database};

/// A server on which databases can be created. It must outlive them.
pub(crate) struct PostgresServer {
    url: String,
    _own: Option<Cluster>,
}

impl PostgresServer {
    /// The server of the run, or a new one that ends with the test.
    pub(crate) fn start() -> Self {
        if let Some(url) = database::server().or_else(|| std::env::var("INVITED_TEST_POSTGRES").ok()) {
            return Self { url, _own: None };
        }
        let own = Cluster::start_hasty(&[]).expect("PostgreSQL's programs are installed and start");
        Self { url: own.url(), _own: Some(own) }
    }

    pub(crate) fn database(&self) -> Database {
        Database::on_server(&self.url)
    }

    /// Creates one without a schema.
    pub(crate) fn empty_database(&self) -> Database {
        Database::empty_on(&self.url)
    }
}
