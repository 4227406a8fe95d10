//! The PostgreSQL engine: a few threads, each with a connection of its own, and a transaction per job.
//!
//! A thread drives its connection with a single-threaded runtime, so a rule is the same synchronous function as with
//! SQLite. Statements share round trips where their results are not needed (`connection`). A job that hits a
//! serialization conflict, or loses its connection before its commit was sent, is retried a few times before it is
//! answered: a client sees a deadlock or a server restart as a slow answer, not as a failure (`worker`).
//!
//! Invariants: a job's changes are durable before it is answered. A broken connection costs its job at most a 503, and
//! is replaced, with growing pauses while the server is unreachable. A read never misses the caller's own write.

mod address;
pub(super) mod connection;
mod errors;
mod settings;
pub(super) mod values;
mod worker;

use std::sync::Arc;
use std::thread;

use secrecy::ExposeSecret as _;

use crate::store::threads;
use crate::store::{Error, Options, Server, Statistics, Store};
use address::ServerAddress;
use connection::Connection;
use settings::SessionSettings;
use worker::Worker;

pub(super) use address::place_of;

pub(super) fn open(server: &Server, options: &Options) -> Result<Store, Error> {
    let authorities = server.authorities.as_deref();
    let primary = ServerAddress::read(server.url.expose_secret(), authorities, server.is_pooled)?;
    let replica =
        server.replica.as_ref().map(|url| ServerAddress::read(url.expose_secret(), authorities, server.is_pooled));
    let replica = replica.transpose().map_err(|cause| Error::Unusable(format!("database_replica: {cause}")))?;
    let replica = replica.map(ServerAddress::of_replica);
    let statistics = Arc::new(Statistics::default());
    let writing = SessionSettings::of_writes(server.is_pooled, replica.is_some());
    let reading = SessionSettings::of_reads(server.is_pooled, options.read_timeout);
    let mut first = Some(connect(&primary, &writing)?);

    let (length, most_reads) = (options.queue_length.max(1), options.queue_length.max(64));
    let writers = threads::start("writer", server.connections, length, |number, jobs| {
        let worker = Worker::new(number, &primary, &writing, jobs, &statistics, first.take());
        Ok(move || worker.write())
    })?;
    let readers = threads::start("reader", options.readers, most_reads, |number, jobs| {
        let worker = Worker::new(number, &primary, &reading, jobs, &statistics, None);
        Ok(move || worker.read())
    })?;
    let follow = |replica| {
        threads::start("follower", options.readers, most_reads, |number, jobs| {
            let worker = Worker::new(number, &replica, &reading, jobs, &statistics, None);
            let reads = Arc::clone(&readers.queue);
            Ok(move || worker.follow(&reads))
        })
    };
    let followers = replica.map(follow).transpose()?;
    Ok(Store::of(followers, readers, writers, statistics))
}

/// Connects once at startup to report a wrong address at once. On a separate thread, since a connection has a runtime
/// of its own, which must not run inside another one.
fn connect(address: &ServerAddress, settings: &SessionSettings) -> Result<Connection, Error> {
    let (address, settings) = (address.clone(), settings.clone());
    thread::spawn(move || Connection::connect(&address, &settings)).join().map_err(|_| Error::Panicked)?
}
