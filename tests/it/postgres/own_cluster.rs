//! A PostgreSQL server of a story's own, for what the others could not bear: passwords, certificates, outages.

use invited_cluster::{Cluster, HASTY};

use crate::support::Server;
use crate::support::database::{Database, execute};

/// Starts one with an empty database; the answer has the URL of that.
pub(super) fn start() -> (Cluster, String) {
    start_with(&[])
}

/// The same with further lines of `postgresql.conf`.
pub(super) fn start_with(settings: &[&str]) -> (Cluster, String) {
    let cluster = Cluster::start(&[HASTY, settings].concat()).expect("PostgreSQL's programs are installed and start");
    let url = make_database(&cluster, "team", "");
    (cluster, url)
}

/// Makes a database, with further words of `CREATE DATABASE`; the answer is its URL.
pub(super) fn make_database(cluster: &Cluster, name: &str, more: &str) -> String {
    execute(&as_administrator(cluster, "postgres"), &format!("CREATE DATABASE {name} {more}"));
    as_administrator(cluster, name)
}

/// The URL of a database for the user who may do everything.
pub(super) fn as_administrator(cluster: &Cluster, database: &str) -> String {
    format!("{}/{database}", cluster.url())
}

/// The URL of a database for another user.
pub(super) fn as_user(cluster: &Cluster, user: &str, password: &str, database: &str) -> String {
    format!("postgres://{user}:{password}@127.0.0.1:{}/{database}", cluster.port())
}

/// A server of ours with the sandbox's seed over a database.
pub(super) fn serve(url: &str, settings: &[(&'static str, &str)]) -> Server {
    Server::start_over(Database::Elsewhere(url.to_owned()), settings)
}
