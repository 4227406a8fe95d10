//! The accept loop: connections with deadlines, a bound on their number, and a drain at the end.
//!
//! It serves any handler and knows no route. It is our own since a ready-made loop has no deadline for the head of a
//! request nor for an answer that its client does not read, so that a client that does nothing holds a connection for
//! ever; and it leaves Nagle's algorithm on, which delays small answers.

mod write_deadline;

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};

use write_deadline::WriteDeadline;

/// A whole answer: every one is put together before it is sent.
pub type Body = Full<Bytes>;

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

/// How long the loop rests when the system has no file descriptor to spare.
const REST_AFTER_REFUSAL: Duration = Duration::from_millis(50);

/// Serves connections until `stop` holds true, then lets running requests end.
pub async fn serve<H, F>(listener: TcpListener, bounds: Bounds, mut stop: watch::Receiver<bool>, handler: H)
where
    H: Fn(Request<Incoming>, SocketAddr) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Response<Body>> + Send + 'static,
{
    let permits = Arc::new(Semaphore::new(bounds.connections));
    let graceful = GracefulShutdown::new();
    let mut protocol = http1::Builder::new();
    protocol.timer(TokioTimer::new()).header_read_timeout(bounds.header_timeout);
    loop {
        let accepted = tokio::select! {
            accepted = accept(&listener, &permits) => accepted,
            _ = stop.wait_for(|stopped| *stopped) => break,
        };
        let (stream, peer, permit) = match accepted {
            Ok(accepted) => accepted,
            Err(cause) => {
                tracing::warn!(%cause, "a connection could not be accepted");
                tokio::time::sleep(REST_AFTER_REFUSAL).await;
                continue;
            }
        };
        let handler = handler.clone();
        let service = service_fn(move |request| {
            let answer = handler(request, peer);
            async move { Ok::<_, Infallible>(answer.await) }
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

async fn accept(
    listener: &TcpListener,
    permits: &Arc<Semaphore>,
) -> io::Result<(TcpStream, SocketAddr, tokio::sync::OwnedSemaphorePermit)> {
    let permit = Arc::clone(permits).acquire_owned().await.map_err(io::Error::other)?;
    let (stream, peer) = listener.accept().await?;
    stream.set_nodelay(true)?;
    Ok((stream, peer, permit))
}
