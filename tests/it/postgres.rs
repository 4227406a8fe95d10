//! PostgreSQL: what is particular to it, and what it has in common with SQLite. These tests start their own server if
//! the run has none, or if they stop it.

#[cfg(target_os = "linux")]
mod clock;
mod collisions;
mod copy;
mod cut;
mod differential;
mod encryption;
mod failover;
mod held;
mod listings;
mod load;
mod migrations;
mod neighbours;
mod outage;
mod own_cluster;
mod plans;
mod pooler;
pub(crate) mod processes;
mod replica;
mod round_trips;
mod several_servers;
mod startup;
mod told_once;
mod transactions;
mod workers;

use serde_json::json;
use tokio::runtime::{Builder, Runtime};
use tokio_postgres::{Client, NoTls};

use crate::support::{Answer, Server, token};

/// A session of the test's own in the database of a server.
fn session(server: &Server) -> (Runtime, Client) {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let client = runtime.block_on(async {
        let (client, connection) = tokio_postgres::connect(&server.database().setting(), NoTls).await.unwrap();
        tokio::spawn(connection);
        client
    });
    (runtime, client)
}

fn update(server: &Server, rate: u64) -> Answer {
    let body = json!({"account_invitation": {"bill_rate_in_cents": rate}});
    server.put("/account_invitations/2").bearer(token::ADMINISTRATOR).json(&body).send()
}
