//! The accept loop: connections with deadlines, a bound on their number, and a drain at the end.
//!
//! It serves any handler and knows no route. Ready-made loops have no deadline for a request's head, nor for an answer
//! that its client does not read, so an idle client would hold a connection for ever; and they leave Nagle's algorithm
//! on, which delays small answers.
//!
//! A client that closes its sending half still gets its answer: only the deadlines of reads and writes end a running
//! request, never the end of a client's input.
//!
//! Invariants: a failing socket affects only its own client, one peer leaves connections to the others, and nothing
//! here outlasts the drain.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use crate::server::bodies::BrokenOff;
pub use crate::server::bodies::{Body, Dropped, RequestBody};
use crate::server::patience::{PatientStream, Progress};
use crate::server::peers::Peers;
use crate::server::proxies::TrustedProxies;
pub use crate::server::settings::Bounds;

/// Largest head of a request, in bytes.
pub const LONGEST_HEAD: usize = 64 * 1_024;

/// Pause after the system had no resources for another socket.
const REST_AFTER_REFUSAL: Duration = Duration::from_millis(50);

/// Error codes for being out of file descriptors (`EMFILE`, `ENFILE`) or memory (`ENOMEM`, `ENOBUFS`). The standard
/// library has no names for most of them.
#[cfg(any(target_os = "linux", target_os = "android"))]
const EXHAUSTED: [i32; 4] = [24, 23, 12, 105];
#[cfg(all(unix, not(any(target_os = "linux", target_os = "android"))))]
const EXHAUSTED: [i32; 4] = [24, 23, 12, 55];
#[cfg(not(unix))]
const EXHAUSTED: [i32; 2] = [10_024, 10_055];

/// Serves connections until `stop` becomes true, then lets running requests end.
pub async fn serve<H, F>(
    listener: TcpListener,
    bounds: Bounds,
    proxies: TrustedProxies,
    mut stop: watch::Receiver<bool>,
    handler: H,
) where
    H: Fn(Request<RequestBody>, SocketAddr) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Response<Body>> + Send + 'static,
{
    let permits = Arc::new(Semaphore::new(bounds.max_connections));
    let peers = Peers::of(bounds.max_connections_per_peer, proxies);
    let graceful = GracefulShutdown::new();
    // Dropping it at the end aborts the requests that still run, and abandons their database work.
    let (_end, ended) = watch::channel(());
    let mut protocol = http1::Builder::new();
    // `PatientStream` has its own deadlines.
    protocol.header_read_timeout(None).half_close(true).max_buf_size(LONGEST_HEAD);
    loop {
        let (stream, peer, permit) = tokio::select! {
            accepted = accept(&listener, &permits) => accepted,
            _ = stop.wait_for(|stopped| *stopped) => break,
        };
        let Ok(place) = peers.place(peer.ip()) else { continue };
        let (handler, progress) = (handler.clone(), Progress::default());
        let stream = PatientStream::new(stream, bounds, progress.clone());
        let service = service_fn(move |request| {
            progress.begin();
            let (answer, progress) = (handler(request.map(RequestBody::from), peer), progress.clone());
            let is_sent = |answer: &Response<Body>| answer.extensions().get::<Dropped>().is_none();
            async move {
                let answer = answer.await;
                progress.end();
                Some(answer).filter(is_sent).ok_or(BrokenOff)
            }
        });
        let connection = graceful.watch(protocol.serve_connection(TokioIo::new(stream), service));
        let mut ended = ended.clone();
        tokio::spawn(async move {
            tokio::select! {
                // A client that breaks off its connection is not an error of the server.
                _ = connection => {}
                _ = ended.changed() => {}
            }
            drop((permit, place));
        });
    }
    drop(listener);
    if tokio::time::timeout(bounds.drain_timeout, graceful.shutdown()).await.is_err() {
        tracing::warn!("some requests did not end in time and were aborted");
    }
}

/// Waits for a permit, then for a client.
async fn accept(listener: &TcpListener, permits: &Arc<Semaphore>) -> (TcpStream, SocketAddr, OwnedSemaphorePermit) {
    let Ok(permit) = Arc::clone(permits).acquire_owned().await else {
        // The semaphore is never closed; a closed one would never give a permit.
        return std::future::pending().await;
    };
    loop {
        let accepted = listener.accept().await.and_then(|(stream, peer)| {
            stream.set_nodelay(true)?;
            Ok((stream, peer))
        });
        match accepted {
            Ok((stream, peer)) => return (stream, peer, permit),
            // Retrying at once would only busy-wait until resources are freed.
            Err(cause) if means_exhaustion(&cause) => {
                tracing::warn!(%cause, "cannot accept connections at the moment");
                tokio::time::sleep(REST_AFTER_REFUSAL).await;
            }
            // An error of this one socket, for instance a client that has already gone.
            Err(cause) => tracing::debug!(%cause, "a connection was lost before it was accepted"),
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
