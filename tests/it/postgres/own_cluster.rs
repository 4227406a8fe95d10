//! A PostgreSQL server for one test that changes passwords or certificates, or stops the server.

use invited_cluster::Cluster;

use crate::support::Server;
use crate::support::database::{Database, execute};

/// Starts one with an empty database and returns that database's URL.
pub(super) fn start() -> (Cluster, String) {
    start_with(&[])
}

/// The same with further lines of `postgresql.conf`.
pub(super) fn start_with(settings: &[&str]) -> (Cluster, String) {
    let cluster = Cluster::start_hasty(settings).expect("PostgreSQL's programs are installed and start");
    let url = make_database(&cluster, "team", "");
    (cluster, url)
}

/// Creates a database, with further words of `CREATE DATABASE`; returns its URL.
pub(super) fn make_database(cluster: &Cluster, name: &str, more: &str) -> String {
    execute(&as_administrator(cluster, "postgres"), &format!("CREATE DATABASE {name} {more}"));
    as_administrator(cluster, name)
}

/// A database's URL for the superuser.
pub(super) fn as_administrator(cluster: &Cluster, database: &str) -> String {
    format!("{}/{database}", cluster.url())
}

/// A database's URL for another user.
pub(super) fn as_user(cluster: &Cluster, user: &str, password: &str, database: &str) -> String {
    format!("postgres://{user}:{password}@127.0.0.1:{}/{database}", cluster.port())
}

/// Our server with the sandbox's seed over a database.
pub(super) fn serve(url: &str, settings: &[(&'static str, &str)]) -> Server {
    Server::start_over(Database::Elsewhere(url.to_owned()), settings)
}
