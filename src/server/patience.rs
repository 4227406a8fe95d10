//! How long a connection may keep the server waiting for a request.
//!
//! There are two waits. A head must arrive soon: otherwise a client that sends a byte now and then could hold a
//! connection for ever. Between requests, a client may rest for longer than a proxy keeps idle connections: if the
//! server closed first, a request could meet a closing connection. Hyper has one deadline for both waits, so they are
//! here, below it.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep_until};
use tokio_io_timeout::TimeoutWriter;

use crate::clock::Stopwatch;
use crate::server::settings::Bounds;

/// Counts the requests of a connection that have begun and that are answered.
#[derive(Clone, Default)]
pub struct Progress {
    begun: Arc<AtomicUsize>,
    answered: Arc<AtomicUsize>,
}

impl Progress {
    /// The head of a request has arrived.
    pub fn begin(&self) {
        self.begun.fetch_add(1, Ordering::Relaxed);
    }

    /// The answer to it is known.
    pub fn end(&self) {
        self.answered.fetch_add(1, Ordering::Relaxed);
    }
}

/// A stream whose reads fail when a head, or the pause between two requests, takes too long.
pub struct PatientStream {
    inner: Pin<Box<TimeoutWriter<TcpStream>>>,
    bounds: Bounds,
    progress: Progress,
    /// How many requests were answered when this wait began.
    answered: usize,
    /// Whether part of the next head has arrived.
    has_begun: bool,
    deadline: Option<Instant>,
    /// Made when a read first waits, then reused.
    sleep: Option<Pin<Box<Sleep>>>,
}

impl PatientStream {
    pub fn new(stream: TcpStream, bounds: Bounds, progress: Progress) -> Self {
        let mut inner = Box::pin(TimeoutWriter::new(stream));
        inner.as_mut().set_timeout_pinned(Some(bounds.write_timeout));
        Self { inner, bounds, progress, answered: 0, has_begun: false, deadline: None, sleep: None }
    }

    /// Whether a request is being read or answered; that has other deadlines.
    fn is_busy(&mut self) -> bool {
        let answered = self.progress.answered.load(Ordering::Relaxed);
        if answered != self.answered {
            (self.answered, self.has_begun, self.deadline) = (answered, false, None);
        }
        self.progress.begun.load(Ordering::Relaxed) != answered
    }

    /// Ready when the current wait has lasted too long.
    fn poll_deadline(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let is_pause = self.answered > 0 && !self.has_begun;
        let patience = if is_pause { self.bounds.idle_timeout } else { self.bounds.header_timeout };
        let deadline = *self.deadline.get_or_insert_with(|| Instant::from_std(Stopwatch::start().deadline(patience)));
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        if sleep.deadline() != deadline {
            sleep.as_mut().reset(deadline);
        }
        sleep.as_mut().poll(context)
    }
}

impl AsyncRead for PatientStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let is_busy = self.is_busy();
        let before = buffer.filled().len();
        let read = self.inner.as_mut().poll_read(context, buffer);
        if is_busy {
            return read;
        }
        if read.is_pending() {
            ready!(self.poll_deadline(context));
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        if buffer.filled().len() > before && !self.has_begun {
            self.has_begun = true;
            if self.answered > 0 {
                // The pause is over; the deadline of the head begins.
                self.deadline = None;
            }
        }
        read
    }
}

impl AsyncWrite for PatientStream {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.inner.as_mut().poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.inner.as_mut().poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.inner.as_mut().poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.inner.as_mut().poll_shutdown(context)
    }
}
