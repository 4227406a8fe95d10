//! A mail server that misbehaves on purpose.
//!
//! The sink gets a manner per connection; the last one applies to all further connections. Where a manner says nothing,
//! the sink behaves normally. Mails are kept exactly as they were on the wire.

use std::io::{self, BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Duration;

/// How long a stalled connection waits.
const PATIENCE: Duration = Duration::from_secs(20);

/// A point at which a mail server replies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moment {
    /// A client has connected.
    Greeting,
    /// The client has introduced itself.
    Hello,
    /// Encryption was asked for.
    StartTls,
    /// Credentials were given.
    Authentication,
    /// A sender was named.
    Sender,
    /// A recipient was named.
    Recipient,
    /// A whole message has arrived.
    Message,
}

/// How a connection behaves.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Manner {
    Kind,
    /// Sends this reply at that moment. Instead of a greeting, it is the last one.
    Replies(Moment, &'static str),
    /// Stalls at that moment until the test releases it.
    Stalls(Moment),
    /// Closes the connection at that moment without a reply.
    Drops(Moment),
}

impl Manner {
    fn is_usual_at(self, moment: Moment) -> bool {
        match self {
            Self::Kind => true,
            Self::Replies(unusual, _) | Self::Stalls(unusual) | Self::Drops(unusual) => unusual != moment,
        }
    }
}

/// A completely received message, whatever the reply.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    /// The sender in MAIL FROM.
    pub(crate) sender: String,
    /// The recipients in RCPT TO.
    pub(crate) recipients: Vec<String>,
    /// Everything between DATA and the line with only a dot, unchanged.
    pub(crate) wire: Vec<u8>,
    /// Whether it was accepted.
    pub(crate) is_accepted: bool,
}

impl Received {
    /// The message without SMTP's doubled dots (RFC 5321, section 4.5.2).
    pub(crate) fn message(&self) -> Vec<u8> {
        let lines = self.wire.split_inclusive(|byte| *byte == b'\n');
        lines.flat_map(|line| line.strip_prefix(b".").unwrap_or(line)).copied().collect()
    }
}

/// The state shared by the connections and the test.
#[derive(Default)]
struct Shared {
    received: Mutex<Vec<Received>>,
    connections: Mutex<usize>,
    names: Mutex<Vec<String>>,
    stalled: AtomicUsize,
    is_released: Mutex<bool>,
    released: Condvar,
    is_over: AtomicBool,
}

pub(crate) struct Sink {
    address: SocketAddr,
    shared: Arc<Shared>,
}

impl Sink {
    /// Starts one with these manners, in order.
    pub(crate) fn start(manners: &[Manner]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let sink = Self { address: listener.local_addr().unwrap(), shared: Arc::default() };
        let (shared, manners) = (Arc::clone(&sink.shared), manners.to_vec());
        thread::spawn(move || {
            for stream in listener.incoming() {
                if shared.is_over.load(Ordering::SeqCst) {
                    break;
                }
                let number = {
                    let mut connections = shared.connections.lock().unwrap();
                    *connections += 1;
                    *connections - 1
                };
                let manner = manners.get(number).or(manners.last()).copied().unwrap_or(Manner::Kind);
                let shared = Arc::clone(&shared);
                // Clients that disconnect halfway are what some tests are about.
                thread::spawn(move || stream.and_then(|stream| Connection { stream, manner, shared }.serve()));
            }
        });
        sink
    }

    /// Its address for the setting `mail`.
    pub(crate) fn setting(&self) -> String {
        format!("smtp://{}", self.address)
    }

    /// The accepted messages.
    pub(crate) fn accepted(&self) -> Vec<Received> {
        self.received().into_iter().filter(|message| message.is_accepted).collect()
    }

    /// The completely received messages, whatever the reply.
    pub(crate) fn received(&self) -> Vec<Received> {
        self.shared.received.lock().unwrap().clone()
    }

    /// The number of connections so far.
    pub(crate) fn connections(&self) -> usize {
        *self.shared.connections.lock().unwrap()
    }

    /// The number of connections that have come as far as where they stall.
    pub(crate) fn stalled(&self) -> usize {
        self.shared.stalled.load(Ordering::SeqCst)
    }

    /// The names under which clients introduced themselves.
    pub(crate) fn names(&self) -> Vec<String> {
        self.shared.names.lock().unwrap().clone()
    }

    /// Releases everything that stalls.
    pub(crate) fn release(&self) {
        *self.shared.is_released.lock().unwrap() = true;
        self.shared.released.notify_all();
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.shared.is_over.store(true, Ordering::SeqCst);
        self.release();
        // One more connection, so that the listener notices the end.
        let _ = TcpStream::connect(self.address);
    }
}

struct Connection {
    stream: TcpStream,
    manner: Manner,
    shared: Arc<Shared>,
}

impl Connection {
    fn serve(mut self) -> io::Result<()> {
        self.stream.set_read_timeout(Some(PATIENCE))?;
        let mut lines = BufReader::new(self.stream.try_clone()?);
        let mut goes_on = self.answer_at(Moment::Greeting, "220 sink.test")?;
        let (mut sender, mut recipients) = (String::new(), Vec::new());
        while goes_on {
            let mut line = String::new();
            if lines.read_line(&mut line)? == 0 {
                break;
            }
            let line = line.trim_end();
            let argument = || line.split(['<', '>']).nth(1).unwrap_or_default().to_owned();
            goes_on = match line.get(..4).unwrap_or_default().to_ascii_uppercase().as_str() {
                "EHLO" | "HELO" => {
                    self.shared.names.lock().unwrap().push(line[4..].trim().to_owned());
                    self.answer_at(Moment::Hello, "250-sink.test\r\n250-STARTTLS\r\n250-AUTH PLAIN\r\n250 8BITMIME")?
                }
                "STAR" => self.answer_at(Moment::StartTls, "454 4.7.0 Not now")?,
                "AUTH" => self.answer_at(Moment::Authentication, "235 2.7.0 welcome")?,
                "MAIL" => {
                    (sender, recipients) = (argument(), Vec::new());
                    self.answer_at(Moment::Sender, "250 sender noted")?
                }
                "RCPT" => {
                    recipients.push(argument());
                    self.answer_at(Moment::Recipient, "250 recipient noted")?
                }
                "DATA" => {
                    self.say("354 go on")?;
                    let (sender, recipients, wire) = (sender.clone(), recipients.clone(), read_data(&mut lines)?);
                    let is_accepted = self.manner.is_usual_at(Moment::Message);
                    // Kept before the reply, since the client may look as soon as it has it.
                    self.shared.received.lock().unwrap().push(Received { sender, recipients, wire, is_accepted });
                    self.answer_at(Moment::Message, "250 taken")?
                }
                "QUIT" => {
                    self.say("221 bye")?;
                    false
                }
                _ => self.say("250 well")?,
            };
        }
        Ok(())
    }

    /// Replies in the connection's manner; returns whether the connection continues.
    fn answer_at(&mut self, moment: Moment, usual: &str) -> io::Result<bool> {
        if self.manner.is_usual_at(moment) {
            return self.say(usual);
        }
        match self.manner {
            Manner::Drops(_) => Ok(false),
            Manner::Replies(_, reply) => Ok(self.say(reply)? && moment != Moment::Greeting),
            Manner::Kind | Manner::Stalls(_) => {
                self.shared.stalled.fetch_add(1, Ordering::SeqCst);
                let is_released = self.shared.is_released.lock().unwrap();
                drop(self.shared.released.wait_timeout_while(is_released, PATIENCE, |released| !*released));
                self.say(usual)
            }
        }
    }

    fn say(&mut self, reply: &str) -> io::Result<bool> {
        self.stream.write_all(format!("{reply}\r\n").as_bytes())?;
        Ok(true)
    }
}

/// Everything up to the line with only a dot.
pub(crate) fn read_data(lines: &mut BufReader<TcpStream>) -> io::Result<Vec<u8>> {
    let mut wire = Vec::new();
    loop {
        let mut line = Vec::new();
        if lines.read_until(b'\n', &mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if line == b".\r\n" {
            return Ok(wire);
        }
        wire.extend_from_slice(&line);
    }
}
