//! The bodies of requests and answers as they go over the wire.
//!
//! The sandbox needs two extras: a copy of a request body, kept as it is read, and an answer that breaks off. They are
//! here, below every handler, so handlers behave the same whether or not a sandbox records or breaks them.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use hyper::body::{Body as HttpBody, Bytes, Frame, Incoming, SizeHint};
use parking_lot::Mutex;

/// The body of a request, as it arrives.
pub struct RequestBody {
    incoming: Incoming,
    /// The copy to fill, and its largest size in bytes.
    copy: Option<(SharedCopy, usize)>,
}

/// What was read of a body so far.
#[derive(Default)]
pub struct BodyCopy {
    /// The start.
    pub kept: Vec<u8>,
    pub length: usize,
    /// Whether the body has ended.
    pub is_whole: bool,
}

pub type SharedCopy = Arc<Mutex<BodyCopy>>;

impl RequestBody {
    /// Copies up to `most` bytes while they are read; bytes that no handler reads are not copied.
    pub fn copied(self, most: usize) -> (Self, SharedCopy) {
        let copy = SharedCopy::default();
        copy.lock().is_whole = self.incoming.is_end_stream();
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
        if let (Some((copy, most)), Poll::Ready(read)) = (&self.copy, &polled) {
            let mut copy = copy.lock();
            if let Some(Ok(frame)) = read
                && let Some(data) = frame.data_ref()
            {
                let room = most.saturating_sub(copy.kept.len());
                copy.kept.extend_from_slice(&data[..data.len().min(room)]);
                copy.length += data.len();
            }
            copy.is_whole = read.is_none() || self.incoming.is_end_stream();
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

/// The body of an answer, which is complete before it is sent.
#[derive(Clone, Default)]
pub struct Body {
    whole: Bytes,
    is_sent: bool,
    /// Number of bytes after which the connection breaks.
    breaks_after: Option<usize>,
    /// Whether the bytes before the break were given time to leave.
    has_paused: bool,
}

impl Body {
    pub fn bytes(&self) -> &Bytes {
        &self.whole
    }

    /// A body that announces its full length, but breaks the connection after `length` bytes.
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
            // Pending makes hyper flush what it has buffered; an error would discard it.
            self.has_paused = true;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        let frame = match (self.is_sent, self.breaks_after) {
            (false, None) => Some(std::mem::take(&mut self.whole)).filter(|whole| !whole.is_empty()).map(Ok),
            (false, Some(length)) => Some(Ok(self.whole.slice(..length.min(self.whole.len())))),
            (true, None) => None,
            (true, Some(_)) => Some(Err(BrokenOff)),
        };
        self.is_sent = true;
        Poll::Ready(frame.map(|frame| frame.map(Frame::data)))
    }

    fn is_end_stream(&self) -> bool {
        self.breaks_after.is_none() && (self.is_sent || self.whole.is_empty())
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(if self.is_sent { 0 } else { self.whole.len() as u64 })
    }
}

/// An extension that marks an answer of which no byte is to arrive: the connection is closed instead.
#[derive(Clone, Copy)]
pub struct Dropped;
