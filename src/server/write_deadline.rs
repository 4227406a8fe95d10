//! A stream on which nobody can make the server wait for ever by not reading.
//!
//! HTTP has no word for "I have stopped listening": a client that asks and does not read looks like one that is slow,
//! and the protocol library waits for it without a deadline. So the deadline is here, below the protocol. What is
//! bounded is the time in which not a single byte leaves, and not the time of an answer: that would cut off an honest
//! client on a poor line in the middle of a large page. The system takes bytes in large pieces, so the deadline must
//! leave a poor line the time for one piece.
//!
//! Invariants: a timer exists only while bytes wait to leave, so that an answer that leaves at once costs nothing more
//! than it did; and reading is not touched, since it has deadlines of its own.

use std::future::Future;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

/// A stream whose writing fails with [`io::ErrorKind::TimedOut`] when it makes no progress for too long.
pub struct WriteDeadline<S> {
    stream: S,
    patience: Patience,
}

impl<S> WriteDeadline<S> {
    /// Allows bytes to wait this long.
    pub fn new(stream: S, longest: Duration) -> Self {
        Self { stream, patience: Patience { longest, waiting: None } }
    }
}

/// How long to wait, and the timer while there is something to wait for.
struct Patience {
    longest: Duration,
    waiting: Option<Pin<Box<Sleep>>>,
}

impl Patience {
    /// Passes on what the stream says; when it has said nothing but "not yet" for too long, says that it failed.
    fn judge<T>(&mut self, context: &mut Context<'_>, said: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if said.is_ready() {
            self.waiting = None;
            return said;
        }
        let longest = self.longest;
        let waiting = self.waiting.get_or_insert_with(|| Box::pin(sleep(longest)));
        // Asking the timer is also what makes it wake this task.
        waiting.as_mut().poll(context).map(|()| Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for WriteDeadline<S> {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for WriteDeadline<S> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let Self { stream, patience } = self.get_mut();
        let said = Pin::new(stream).poll_write(context, bytes);
        patience.judge(context, said)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let Self { stream, patience } = self.get_mut();
        let said = Pin::new(stream).poll_write_vectored(context, pieces);
        patience.judge(context, said)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Self { stream, patience } = self.get_mut();
        let said = Pin::new(stream).poll_flush(context);
        patience.judge(context, said)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Self { stream, patience } = self.get_mut();
        let said = Pin::new(stream).poll_shutdown(context);
        patience.judge(context, said)
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use super::*;

    const LONGEST: Duration = Duration::from_millis(300);

    /// Takes a byte each time that it is told to, and is not ready otherwise.
    struct Scripted {
        ready: bool,
    }

    impl Scripted {
        fn say<T>(&self, value: T) -> Poll<io::Result<T>> {
            if self.ready { Poll::Ready(Ok(value)) } else { Poll::Pending }
        }
    }

    impl AsyncWrite for Scripted {
        fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, _: &[u8]) -> Poll<io::Result<usize>> {
            self.say(1)
        }

        fn poll_write_vectored(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
            pieces: &[IoSlice<'_>],
        ) -> Poll<io::Result<usize>> {
            self.say(pieces.len())
        }

        fn is_write_vectored(&self) -> bool {
            true
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            self.say(())
        }

        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            self.say(())
        }
    }

    fn scripted(ready: bool) -> WriteDeadline<Scripted> {
        WriteDeadline::new(Scripted { ready }, LONGEST)
    }

    #[tokio::test]
    async fn each_way_of_writing_fails_when_it_is_never_ready() {
        let mut stream = scripted(false);
        let written = poll_fn(|context| Pin::new(&mut stream).poll_write(context, b"a")).await;
        assert_eq!(written.unwrap_err().kind(), io::ErrorKind::TimedOut);
        let mut stream = scripted(false);
        let written = poll_fn(|context| Pin::new(&mut stream).poll_write_vectored(context, &[])).await;
        assert_eq!(written.unwrap_err().kind(), io::ErrorKind::TimedOut);
        let mut stream = scripted(false);
        let flushed = poll_fn(|context| Pin::new(&mut stream).poll_flush(context)).await;
        assert_eq!(flushed.unwrap_err().kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test]
    async fn each_byte_that_leaves_gives_the_whole_time_again() {
        let mut stream = scripted(false);
        for _ in 0..4 {
            stream.stream.ready = false;
            let waited = poll_fn(|context| Pin::new(&mut stream).poll_write(context, b"a"));
            assert!(tokio::time::timeout(LONGEST / 2, waited).await.is_err(), "it was given up too early");
            stream.stream.ready = true;
            assert_eq!(poll_fn(|context| Pin::new(&mut stream).poll_write(context, b"a")).await.unwrap(), 1);
        }
    }

    #[tokio::test]
    async fn what_leaves_at_once_needs_no_timer_and_stays_in_pieces() {
        let mut stream = scripted(true);
        assert!(stream.is_write_vectored());
        let pieces = [IoSlice::new(b"head"), IoSlice::new(b"body")];
        assert_eq!(poll_fn(|context| Pin::new(&mut stream).poll_write_vectored(context, &pieces)).await.unwrap(), 2);
        assert!(stream.patience.waiting.is_none());
    }
}
