//! The accept loop: connections with deadlines, a bound on their number, and a drain at the end.
//!
//! It serves any handler and knows no route. It is our own since a ready-made loop has no deadline for the head of a
//! request nor for an answer that its client does not read, so that a client that does nothing holds a connection for
//! ever; and it leaves Nagle's algorithm on, which delays small answers.
//!
//! Invariants: a socket that fails costs nobody but its client anything, and nothing here outlasts the order to stop
//! for longer than the drain.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use crate::server::write_deadline::WriteDeadline;

pub use crate::server::bodies::{Body, BrokenOff, Dropped, RequestBody};

/// Bounds of the loop.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Connections at a time; further ones wait in the backlog.
    pub connections: usize,
    /// Longest time for the head of a request, and between two requests.
    pub header_timeout: Duration,
    /// Longest time in which nothing of an answer leaves since its client does not read.
    pub write_timeout: Duration,
    /// Longest time that requests may take to end once the server is told to stop.
    pub drain_timeout: Duration,
}

/// How long the loop rests when the system has nothing to make a socket of.
const REST_AFTER_REFUSAL: Duration = Duration::from_millis(50);

/// What the system says when it is out of file descriptors (`EMFILE`, `ENFILE`) or memory (`ENOMEM`, `ENOBUFS`).
///
/// The standard library has no names for most of these, and numbers alone are no reason for a dependency.
#[cfg(any(target_os = "linux", target_os = "android"))]
const EXHAUSTED: [i32; 4] = [24, 23, 12, 105];
#[cfg(all(unix, not(any(target_os = "linux", target_os = "android"))))]
const EXHAUSTED: [i32; 4] = [24, 23, 12, 55];
#[cfg(not(unix))]
const EXHAUSTED: [i32; 2] = [10_024, 10_055];

/// Serves connections until `stop` holds true, then lets running requests end.
pub async fn serve<H, F>(listener: TcpListener, bounds: Bounds, mut stop: watch::Receiver<bool>, handler: H)
where
    H: Fn(Request<RequestBody>, SocketAddr) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Response<Body>> + Send + 'static,
{
    let permits = Arc::new(Semaphore::new(bounds.connections));
    let graceful = GracefulShutdown::new();
    let mut protocol = http1::Builder::new();
    protocol.timer(TokioTimer::new()).header_read_timeout(bounds.header_timeout);
    loop {
        let (stream, peer, permit) = tokio::select! {
            accepted = accept(&listener, &permits) => accepted,
            _ = stop.wait_for(|stopped| *stopped) => break,
        };
        let handler = handler.clone();
        let service = service_fn(move |request| {
            let answer = handler(request.map(RequestBody::from), peer);
            async move { Some(answer.await).filter(|answer| !is_dropped(answer)).ok_or(BrokenOff) }
        });
        let stream = TokioIo::new(WriteDeadline::new(stream, bounds.write_timeout));
        let connection = graceful.watch(protocol.serve_connection(stream, service));
        tokio::spawn(async move {
            // What a client breaks off is its own affair.
            let _ = connection.await;
            drop(permit);
        });
    }
    drop(listener);
    if tokio::time::timeout(bounds.drain_timeout, graceful.shutdown()).await.is_err() {
        tracing::warn!("some requests did not end in time and were cut off");
    }
}

fn is_dropped(answer: &Response<Body>) -> bool {
    answer.extensions().get::<Dropped>().is_some()
}

/// Waits for a client, for whom there is a permit, and for as long as that takes.
async fn accept(listener: &TcpListener, permits: &Arc<Semaphore>) -> (TcpStream, SocketAddr, OwnedSemaphorePermit) {
    let Ok(permit) = Arc::clone(permits).acquire_owned().await else {
        // Nobody closes the semaphore; if somebody did, there would never be a permit again.
        return std::future::pending().await;
    };
    loop {
        let accepted = listener.accept().await.and_then(|(stream, peer)| {
            stream.set_nodelay(true)?;
            Ok((stream, peer))
        });
        match accepted {
            Ok((stream, peer)) => return (stream, peer, permit),
            // Trying again at once would only keep a processor busy until something is given back.
            Err(cause) if means_exhaustion(&cause) => {
                tracing::warn!(%cause, "no connection can be accepted at the moment");
                tokio::time::sleep(REST_AFTER_REFUSAL).await;
            }
            // The trouble of one socket: its client has gone before it was received, for instance.
            Err(cause) => tracing::debug!(%cause, "a connection was lost before it began"),
        }
    }
}

fn means_exhaustion(cause: &io::Error) -> bool {
    cause.raw_os_error().is_some_and(|code| EXHAUSTED.contains(&code))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_os = "linux")]
    fn the_loop_rests_when_the_system_is_exhausted_and_not_for_the_trouble_of_one_socket() {
        let says = |code| io::Error::from_raw_os_error(code).to_string();
        for (code, text) in
            [(24, "Too many open files"), (23, "Too many open files in system"), (105, "No buffer space available")]
        {
            assert!(says(code).starts_with(text), "{}", says(code));
            assert!(means_exhaustion(&io::Error::from_raw_os_error(code)), "{text}");
        }
        let memory = io::Error::from_raw_os_error(12);
        assert!(memory.kind() == io::ErrorKind::OutOfMemory && means_exhaustion(&memory));
        // Interrupted, aborted, forbidden by a firewall, not connected any more.
        for code in [4, 103, 1, 107] {
            assert!(!means_exhaustion(&io::Error::from_raw_os_error(code)), "{}", says(code));
        }
        assert!(!means_exhaustion(&io::ErrorKind::InvalidInput.into()));
    }
}
