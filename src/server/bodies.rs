//! The bodies of requests and answers as they go over the wire.
//!
//! Both are ordinary almost always. What is not ordinary is for the sandbox: a request of which a copy is kept as it is read, and an
//! answer that breaks off. They are here, below every handler, so that handlers are the same whether or not somebody looks on.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use hyper::body::{Body as HttpBody, Bytes, Frame, Incoming, SizeHint};

/// The body of a request, as it arrives.
pub struct RequestBody {
    incoming: Incoming,
    /// What is kept of it, and how many bytes at most.
    copy: Option<(Copy, usize)>,
}

/// What has been read of a body so far.
pub type Copy = Arc<Mutex<Vec<u8>>>;

impl RequestBody {
    /// Keeps a copy of what is read from here on, of so many bytes at most. What nobody reads is not in it.
    pub fn copied(self, most: usize) -> (Self, Copy) {
        let copy = Copy::default();
        (Self { copy: Some((Arc::clone(&copy), most)), ..self }, copy)
    }
}

impl From<Incoming> for RequestBody {
    fn from(incoming: Incoming) -> Self {
        Self { incoming, copy: None }
    }
}

impl HttpBody for RequestBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let polled = Pin::new(&mut self.incoming).poll_frame(context);
        if let (Some((copy, most)), Poll::Ready(Some(Ok(frame)))) = (&self.copy, &polled)
            && let Some(data) = frame.data_ref()
        {
            let mut copy = copy.lock().unwrap_or_else(PoisonError::into_inner);
            let room = most.saturating_sub(copy.len());
            copy.extend_from_slice(&data[..data.len().min(room)]);
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
    }
}

/// The body of an answer: every one is put together before it is sent.
#[derive(Clone, Default)]
pub struct Body {
    whole: Bytes,
    is_sent: bool,
    /// After how many bytes the connection breaks.
    breaks_after: Option<usize>,
    /// Whether what comes before the break was given the time to leave.
    has_paused: bool,
}

impl Body {
    /// All of it.
    pub fn bytes(&self) -> &Bytes {
        &self.whole
    }

    /// The same body, of which only the beginning arrives: its length is announced as ever, and then the connection breaks.
    #[must_use]
    pub fn breaking_after(self, length: usize) -> Self {
        Self { breaks_after: Some(length), ..self }
    }
}

impl<T: Into<Bytes>> From<T> for Body {
    fn from(whole: T) -> Self {
        Self { whole: whole.into(), ..Self::default() }
    }
}

/// The answer was broken off on purpose.
#[derive(Debug, thiserror::Error)]
#[error("the answer was broken off on purpose")]
pub struct BrokenOff;

impl HttpBody for Body {
    type Data = Bytes;
    type Error = BrokenOff;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BrokenOff>>> {
        if self.is_sent && self.breaks_after.is_some() && !self.has_paused {
            // A connection that has to wait sends what it has; one that fails throws it away.
            self.has_paused = true;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        let frame = match (self.is_sent, self.breaks_after) {
            (false, None) if self.whole.is_empty() => None,
            (false, None) => Some(Ok(Frame::data(std::mem::take(&mut self.whole)))),
            (false, Some(length)) => {
                let length = length.min(self.whole.len());
                Some(Ok(Frame::data(self.whole.slice(..length))))
            }
            (true, None) => None,
            (true, Some(_)) => Some(Err(BrokenOff)),
        };
        self.is_sent = true;
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.breaks_after.is_none() && (self.is_sent || self.whole.is_empty())
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(if self.is_sent { 0 } else { self.whole.len() as u64 })
    }
}

/// Marks an answer of which nothing is to arrive: the connection ends instead.
#[derive(Clone, Copy)]
pub struct Dropped;
