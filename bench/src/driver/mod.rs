//! The load generator: a closed loop over HTTP/1.1 keep-alive connections.
//!
//! It shares the machine's cores with the server that it measures, so every cycle it spends is a cycle that
//! the server does not get. Hence one thread, one readiness queue, no runtime, no HTTP library, no copy of an
//! answer that arrives whole, and no allocation after the first answers. A general client costs three to five
//! times as much per request and would mostly measure itself.
//!
//! Closed loop means that a connection sends its next request when the last one was answered. The figures are
//! therefore throughput at a given concurrency, and latencies under saturation, not under a chosen load.
//!
//! Every answer's status is compared with the expected one. An answer of another status counts as an error
//! and never as an answer.

mod connection;
pub(crate) mod response;
#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use mio::{Events, Interest, Poll, Token};

use crate::interrupt::Interrupt;
use connection::{Connection, Progress};

/// How long the last answers of a cell may take after its time is over.
const DRAIN: Duration = Duration::from_secs(10);

/// One cell of the plan: how many connections, how long, and which status is the right one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Load {
    pub(crate) address: SocketAddr,
    pub(crate) connections: usize,
    /// Time at the start that is not counted: connections open, caches and branch predictors settle.
    pub(crate) warm_up: Duration,
    pub(crate) duration: Duration,
    pub(crate) expected_status: u16,
}

/// What one cell gave.
#[derive(Clone, Debug, Default)]
pub(crate) struct Measured {
    /// Answers with the expected status inside the counted time.
    pub(crate) answers: u64,
    /// Answers with the expected status, those of the warm-up and of the end included.
    pub(crate) answers_in_all: u64,
    pub(crate) errors: u64,
    pub(crate) seconds: f64,
    pub(crate) bytes: u64,
    /// Nanoseconds per counted answer, ascending.
    pub(crate) latencies: Vec<u32>,
    /// The first answer that was not the expected one, for the message.
    pub(crate) first_fault: Option<String>,
}

impl Measured {
    pub(crate) fn per_second(&self) -> f64 {
        if self.seconds > 0.0 { self.answers as f64 / self.seconds } else { 0.0 }
    }
}

/// Drives one cell to its end. `write_request` appends the next request's bytes to an empty buffer.
pub(crate) fn drive(
    load: &Load,
    interrupt: &Interrupt,
    write_request: &mut dyn FnMut(&mut Vec<u8>),
) -> Result<Measured> {
    let mut poll = Poll::new().context("the readiness queue of the driver")?;
    let mut events = Events::with_capacity(load.connections.max(16));
    let mut connections = Vec::with_capacity(load.connections);
    for index in 0..load.connections {
        let mut connection = Connection::open(load.address)?;
        poll.registry().register(connection.stream(), Token(index), Interest::READABLE | Interest::WRITABLE)?;
        connections.push(connection);
    }

    let mut buffer = vec![0u8; 256 * 1024];
    let mut measured = Measured { latencies: Vec::with_capacity(1 << 18), ..Measured::default() };
    let start = Instant::now();
    let count_from = start + load.warm_up;
    let end = count_from + load.duration;
    for connection in &mut connections {
        connection.send(Instant::now(), write_request)?;
    }
    let mut in_flight = connections.len();

    while in_flight > 0 {
        if interrupt.is_raised() {
            bail!("interrupted");
        }
        if let Err(cause) = poll.poll(&mut events, Some(Duration::from_millis(100))) {
            if cause.kind() == std::io::ErrorKind::Interrupted {
                continue;
            }
            return Err(cause).context("waiting for answers");
        }
        let now = Instant::now();
        if now > end + DRAIN {
            bail!("{in_flight} requests got no answer within {DRAIN:?} after the end of the load");
        }
        for event in &events {
            let Some(connection) = connections.get_mut(event.token().0) else {
                continue;
            };
            if event.is_writable() {
                connection.continue_sending()?;
            }
            let answer = match connection.receive(&mut buffer)? {
                Progress::Waiting => continue,
                Progress::Answered(answer) => answer,
            };
            let now = Instant::now();
            if answer.status == load.expected_status {
                measured.answers_in_all += 1;
                if now >= count_from && now < end {
                    measured.answers += 1;
                    measured.bytes += answer.length as u64;
                    measured.latencies.push(nanoseconds(now - answer.sent_at));
                }
            } else {
                measured.errors += 1;
                if measured.first_fault.is_none() {
                    measured.first_fault = Some(format!(
                        "status {} instead of {}: {}",
                        answer.status,
                        load.expected_status,
                        answer.beginning(&buffer)
                    ));
                }
            }
            if now < end {
                connection.send(now, write_request)?;
            } else {
                in_flight -= 1;
            }
        }
    }
    measured.seconds = load.duration.as_secs_f64();
    measured.latencies.sort_unstable();
    Ok(measured)
}

fn nanoseconds(duration: Duration) -> u32 {
    u32::try_from(duration.as_nanos()).unwrap_or(u32::MAX)
}
