//! One keep-alive connection of the load generator with at most one request on its way.

use std::io::{ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use mio::net::TcpStream;

use super::response;

/// What a readiness event led to.
pub(crate) enum Progress {
    Waiting,
    Answered(Answer),
}

/// A whole answer. Its bytes stay in the caller's buffer if they came in one piece.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) length: usize,
    pub(crate) sent_at: Instant,
    in_buffer: usize,
}

impl Answer {
    /// The first bytes as text, to show what went wrong.
    pub(crate) fn beginning(&self, buffer: &[u8]) -> String {
        let bytes = &buffer[..self.in_buffer.min(2000)];
        String::from_utf8_lossy(bytes).into_owned()
    }
}

pub(crate) struct Connection {
    stream: TcpStream,
    /// The request on its way and how much of it the socket has taken.
    request: Vec<u8>,
    sent: usize,
    sent_at: Instant,
    /// Bytes of a head that came in pieces. Empty in the usual case.
    partial_head: Vec<u8>,
    /// Once the head is known: status, length of the whole answer, bytes that are still missing.
    expected: Option<(response::Head, usize)>,
}

impl Connection {
    pub(crate) fn open(address: SocketAddr) -> Result<Connection> {
        let stream = std::net::TcpStream::connect(address).with_context(|| format!("connecting to {address}"))?;
        stream.set_nodelay(true)?;
        stream.set_nonblocking(true)?;
        Ok(Connection {
            stream: TcpStream::from_std(stream),
            request: Vec::with_capacity(1024),
            sent: 0,
            sent_at: Instant::now(),
            partial_head: Vec::new(),
            expected: None,
        })
    }

    pub(crate) fn stream(&mut self) -> &mut TcpStream {
        &mut self.stream
    }

    /// Starts the next request. The last one must have been answered.
    pub(crate) fn send(&mut self, now: Instant, write_request: &mut dyn FnMut(&mut Vec<u8>)) -> Result<()> {
        self.request.clear();
        write_request(&mut self.request);
        self.sent = 0;
        self.sent_at = now;
        self.continue_sending()
    }

    /// Sends what the socket takes; a later readiness event brings the rest.
    pub(crate) fn continue_sending(&mut self) -> Result<()> {
        while self.sent < self.request.len() {
            match self.stream.write(&self.request[self.sent..]) {
                Ok(0) => bail!("the server closed a connection while a request was sent"),
                Ok(written) => self.sent += written,
                Err(cause) if cause.kind() == ErrorKind::WouldBlock => break,
                Err(cause) if cause.kind() == ErrorKind::Interrupted => {}
                Err(cause) => return Err(cause).context("sending a request"),
            }
        }
        Ok(())
    }

    /// Reads what has come. Events are edge-triggered, so it reads until the answer is whole or nothing is left;
    /// after a whole answer nothing more can come before the next request.
    pub(crate) fn receive(&mut self, buffer: &mut [u8]) -> Result<Progress> {
        loop {
            let count = match self.stream.read(buffer) {
                Ok(0) => bail!("the server closed a connection"),
                Ok(count) => count,
                Err(cause) if cause.kind() == ErrorKind::WouldBlock => {
                    return Ok(Progress::Waiting);
                }
                Err(cause) if cause.kind() == ErrorKind::Interrupted => continue,
                Err(cause) => return Err(cause).context("reading an answer"),
            };
            if self.take(&buffer[..count])? {
                let Some((head, _)) = self.expected.take() else {
                    bail!("an answer ended before it began");
                };
                self.partial_head.clear();
                return Ok(Progress::Answered(Answer {
                    status: head.status,
                    length: head.length,
                    sent_at: self.sent_at,
                    in_buffer: count,
                }));
            }
        }
    }

    /// Accounts for the bytes that came. True when the answer is whole.
    fn take(&mut self, bytes: &[u8]) -> Result<bool> {
        if let Some((_, missing)) = &mut self.expected {
            if bytes.len() > *missing {
                bail!("the server sent more than one answer to one request");
            }
            *missing -= bytes.len();
            return Ok(*missing == 0);
        }
        let (head, received) = if self.partial_head.is_empty() {
            (response::head(bytes)?, bytes.len())
        } else {
            self.partial_head.extend_from_slice(bytes);
            (response::head(&self.partial_head)?, self.partial_head.len())
        };
        match head {
            None => {
                if self.partial_head.is_empty() {
                    self.partial_head.extend_from_slice(bytes);
                }
                Ok(false)
            }
            Some(head) if received > head.length => {
                bail!("the server sent more than one answer to one request")
            }
            Some(head) => {
                self.expected = Some((head, head.length - received));
                Ok(head.length == received)
            }
        }
    }
}
