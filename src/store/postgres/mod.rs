//! The PostgreSQL engine: a few threads, each with a connection of its own and a transaction for each job.
//!
//! A thread drives its connection with a runtime of one thread, so that a rule is the same synchronous function as with
//! SQLite. Whatever need not be waited for travels with something else (`session`). A job that met another one on its way,
//! or whose connection was lost before its end was sent, is run again, a few times and before anybody is answered: a deadlock,
//! or a server that was started anew, is a slow answer to the client and no failure (`worker`).
//!
//! Invariants. A job's changes are durable before it is answered. A connection that breaks costs the jobs that were on it at
//! most a 503, and is made anew, after a while that grows while nobody answers. A read that a caller's own write came before
//! is done where that write is seen.

mod address;
mod manner;
mod session;
mod trouble;
mod values;
mod worker;

use std::sync::Arc;
use std::thread;

use secrecy::ExposeSecret as _;

use crate::store::job::Message;
use crate::store::threads::{self, Group, Threads};
use crate::store::{Error, Options, Server, Statistics, Store};
use address::Address;
use manner::Manner;
use worker::Worker;

pub(super) use address::place_of;
pub(super) use session::Session;
pub(super) use values::found;

pub(super) fn open(server: &Server, options: &Options) -> Result<Store, Error> {
    let authorities = server.authorities.as_deref();
    let primary = Address::read(server.url.expose_secret(), authorities, server.is_pooled)?;
    let replica = server.replica.as_ref().map(|url| Address::read(url.expose_secret(), authorities, server.is_pooled));
    let replica = replica.transpose().map_err(|cause| Error::Unusable(format!("database_replica: {cause}")))?;
    let replica = replica.map(Address::of_follower);
    let statistics = Arc::new(Statistics::default());
    let writing = Manner::of_writes(server.is_pooled);
    let writing = if replica.is_some() { writing.telling() } else { writing };
    let reading = Manner::of_reads(server.is_pooled, options.read_timeout);
    let first = connect(&primary, &writing)?;

    let (writes, waiting): (_, flume::Receiver<Message>) = flume::bounded(options.queue_length.max(1));
    let mut session = Some(first);
    let writers = start("writer", server.connections, |number| {
        let worker = Worker::new(number, &primary, &writing, &waiting, &statistics).with(session.take());
        move || worker.write()
    })?;
    let (reads, waiting) = flume::bounded(options.queue_length.max(64));
    let readers = start("reader", options.readers, |number| {
        let worker = Worker::new(number, &primary, &reading, &waiting, &statistics);
        move || worker.read()
    })?;
    let mut groups = vec![Group::new(&reads, readers), Group::new(&writes, writers)];
    let mut late_reads = None;
    if let Some(replica) = replica {
        let (queue, waiting) = flume::bounded(options.queue_length.max(64));
        let followers = start("follower", options.readers, |number| {
            let worker = Worker::new(number, &replica, &reading, &waiting, &statistics);
            let reads = reads.clone();
            move || worker.follow(&reads)
        })?;
        // It hands jobs on to the readers, so that it ends before them.
        groups.insert(0, Group::new(&queue, followers));
        late_reads = Some(queue);
    }
    Ok(Store { writes, reads, late_reads, statistics, threads: Arc::new(Threads::new(groups)) })
}

/// Connects, so that whoever starts the server is told at once what is wrong with its address. On a thread of its own, since a
/// connection drives itself, which no thread of another runtime may do.
fn connect(address: &Address, manner: &Manner) -> Result<Session, Error> {
    let (address, manner) = (address.clone(), manner.clone());
    thread::spawn(move || Session::connect(&address, &manner)).join().map_err(|_| Error::Panicked)?
}

/// Starts threads of one kind, at least one.
fn start<W: FnOnce() + Send + 'static>(
    kind: &str,
    threads: usize,
    mut worker: impl FnMut(usize) -> W,
) -> Result<Vec<thread::JoinHandle<()>>, Error> {
    (1..=threads.max(1)).map(|number| threads::spawn(format!("{kind}-{number}"), worker(number))).collect()
}
