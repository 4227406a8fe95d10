//! What only a PostgreSQL server can tell, whatever engine the other stories run on.
//!
//! - `copy`: databases that move to a server, away from one, and between two; backups of one.
//!
//! A story takes the server that `INVITED_TEST_DATABASE` names, or starts one that goes with it.

mod copy;

use invited_cluster::{Cluster, HASTY};

use crate::support::database::{Database, server};

/// A server on which a story makes its databases.
pub(crate) struct Postgres {
    url: String,
    _cluster: Option<Cluster>,
}

impl Postgres {
    pub(crate) fn start() -> Self {
        if let Some(url) = server() {
            return Self { url, _cluster: None };
        }
        let cluster = Cluster::start(HASTY).unwrap();
        Self { url: cluster.url(), _cluster: Some(cluster) }
    }

    /// A database without a schema.
    pub(crate) fn database(&self) -> Database {
        Database::empty_on(&self.url)
    }
}
