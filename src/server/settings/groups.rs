//! Settings that some commands need without the others.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use secrecy::SecretString;

use crate::engine::tuning::OnOff;
use crate::server::settings::values::{
    Maybe, at_least_one, is_pooled, listen, optional, optional_url, place, replica, seconds,
};
use crate::store::{Place, Server};

/// How to reach the database: what every command that opens one has to know.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Database")]
pub struct Database {
    /// The database: sqlite:PATH or postgres://USER:PASSWORD@HOST/NAME
    #[arg(long = "database", value_name = "URL", value_parser = place, hide_env_values = true)]
    pub place: Option<Place>,
    /// Pooler in front of PostgreSQL: none, or transaction for PgBouncer and others that pool by transaction
    #[arg(long = "database-pooler", value_name = "MODE", default_value = "none", value_parser = is_pooled)]
    is_pooled: OnOff,
    /// PostgreSQL replica to read from; a client that has just written still reads from the primary
    #[arg(
        long = "database-replica",
        value_name = "URL",
        default_value = "",
        value_parser = replica,
        hide_env_values = true
    )]
    replica: Maybe<SecretString>,
    /// PEM file of certificates to trust for PostgreSQL, in addition to the well-known ones
    #[arg(long = "database-ca-file", value_name = "FILE", default_value = "", value_parser = optional::<PathBuf>)]
    authorities: Maybe<PathBuf>,
}

/// Where the server is: what a command that prints a link has to know.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Server")]
pub struct Address {
    /// Address and port to listen on; port 0 picks a free one. Without an address, only this machine can connect
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8080", value_parser = listen)]
    pub listen: SocketAddr,
    /// URL of this server for clients and invitees, such as https://people.example.com; may be empty on loopback
    #[arg(long, value_name = "URL", default_value = "", value_parser = optional_url)]
    pub base_url: Maybe<String>,
}

/// What a connection may take.
#[derive(Args, Clone, Copy, Debug)]
pub struct Bounds {
    /// Maximum number of open connections; more have to wait
    #[arg(long, value_name = "COUNT", default_value = "1024", value_parser = at_least_one)]
    pub max_connections: usize,
    /// Maximum number of open connections of one address that is not in trusted_proxies; more are closed. 0 for no
    /// limit
    #[arg(long, value_name = "COUNT", default_value = "256")]
    pub max_connections_per_peer: usize,
    /// Time limit for the headers of a request
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = seconds)]
    pub header_timeout: Duration,
    /// Time that a connection may rest between two requests; a proxy should close its idle connections earlier
    #[arg(long, value_name = "SECONDS", default_value = "75", value_parser = seconds)]
    pub idle_timeout: Duration,
    /// Time limit for the body of a request; then it gets 408
    #[arg(long, value_name = "SECONDS", default_value = "30", value_parser = seconds)]
    pub body_timeout: Duration,
    // Progress restarts it, so it does not cut off a client that reads a large page over a poor line; but the kernel
    // buffers large pieces, and one must fit into this time.
    /// Time limit for a client to accept more of a response
    #[arg(long, value_name = "SECONDS", default_value = "30", value_parser = seconds)]
    pub write_timeout: Duration,
    /// How long a stopping server waits for requests in progress
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = seconds)]
    pub drain_timeout: Duration,
}

/// For how many days things that are over are kept; 0 for ever.
#[derive(Args, Clone, Copy, Debug, Default)]
#[command(next_help_heading = "Retention")]
pub struct Kept {
    /// Days to keep expired invitations; 0 for ever
    #[arg(long = "keep-expired-days", value_name = "DAYS", default_value = "0")]
    pub expired: u32,
    /// Days to keep what became of a mail; 0 for ever
    #[arg(long = "keep-mails-days", value_name = "DAYS", default_value = "90")]
    pub mails: u32,
    /// Days to keep revoked tokens and grants; 0 for ever
    #[arg(long = "keep-revoked-days", value_name = "DAYS", default_value = "90")]
    pub revoked: u32,
    /// Days to keep the audit trail; 0 for ever
    #[arg(long = "keep-audit-days", value_name = "DAYS", default_value = "0")]
    pub audit: u32,
}

impl Database {
    pub fn with_connections(&self, connections: usize) -> Place {
        let Self { place, is_pooled, replica, authorities } = self.clone();
        match place {
            Some(Place::Server(server)) => {
                Place::Server(Server { replica, connections, is_pooled, authorities, ..server })
            }
            Some(file) => file,
            None => Place::File(PathBuf::new()),
        }
    }
}
