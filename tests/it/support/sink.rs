//! A mail server that misbehaves on purpose, so that a story can say what becomes of a mail then.
//!
//! Each connection has a manner, given when the sink is made; the last manner holds for all that follow. What a manner does
//! not speak of goes the usual way. Nothing is repaired or hidden: a mail is kept as it stood on the wire.

use std::io::{self, BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Duration;

/// A connection that says nothing, or a story that releases nothing, is given up after this.
const PATIENCE: Duration = Duration::from_secs(20);

/// A point at which a mail server answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moment {
    /// Somebody has connected.
    Greeting,
    /// A recipient was named.
    Recipient,
    /// A whole message has come.
    Message,
}

/// How a connection goes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Manner {
    /// As it should.
    Kind,
    /// At that moment this is answered. In place of a greeting it is the last that is said.
    Replies(Moment, &'static str),
    /// At that moment nothing is said until the story releases it.
    Stalls(Moment),
    /// At that moment the connection is closed without a word.
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

/// A message whose end has come, whatever was answered.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    /// Who was named as its sender.
    pub(crate) sender: String,
    /// Who was named as its recipients, one for each command.
    pub(crate) recipients: Vec<String>,
    /// All between the command DATA and the line with the dot alone, as it stood there.
    pub(crate) wire: Vec<u8>,
    /// Whether it was answered that it is taken.
    pub(crate) is_accepted: bool,
}

impl Received {
    /// The message, with the dots taken out that SMTP puts in (RFC 5321, section 4.5.2).
    pub(crate) fn message(&self) -> Vec<u8> {
        let lines = self.wire.split_inclusive(|byte| *byte == b'\n');
        lines.flat_map(|line| line.strip_prefix(b".").unwrap_or(line)).copied().collect()
    }
}

/// What the connections share with the story.
#[derive(Default)]
struct Shared {
    received: Mutex<Vec<Received>>,
    connections: Mutex<usize>,
    is_released: Mutex<bool>,
    released: Condvar,
    is_over: AtomicBool,
}

/// The mail server.
pub(crate) struct Sink {
    address: SocketAddr,
    shared: Arc<Shared>,
}

impl Sink {
    /// Starts one whose connections go these ways, one after the other.
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
                // A client that goes away in the middle is what some stories are about.
                thread::spawn(move || stream.and_then(|stream| Connection { stream, manner, shared }.serve()));
            }
        });
        sink
    }

    /// Its address as the setting `mail` has it.
    pub(crate) fn setting(&self) -> String {
        format!("smtp://{}", self.address)
    }

    /// The messages that were taken.
    pub(crate) fn accepted(&self) -> Vec<Received> {
        self.received().into_iter().filter(|message| message.is_accepted).collect()
    }

    /// The messages whose end has come, whatever was answered.
    pub(crate) fn received(&self) -> Vec<Received> {
        self.shared.received.lock().unwrap().clone()
    }

    /// How many have connected.
    pub(crate) fn connections(&self) -> usize {
        *self.shared.connections.lock().unwrap()
    }

    /// Lets go on whatever stalls.
    pub(crate) fn release(&self) {
        *self.shared.is_released.lock().unwrap() = true;
        self.shared.released.notify_all();
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.shared.is_over.store(true, Ordering::SeqCst);
        self.release();
        // One connection more, so that the listener sees it is over.
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
                "EHLO" | "HELO" => self.say("250-sink.test\r\n250 8BITMIME")?,
                "MAIL" => {
                    (sender, recipients) = (argument(), Vec::new());
                    self.say("250 sender noted")?
                }
                "RCPT" => {
                    recipients.push(argument());
                    self.answer_at(Moment::Recipient, "250 recipient noted")?
                }
                "DATA" => {
                    self.say("354 go on")?;
                    let (sender, recipients, wire) = (sender.clone(), recipients.clone(), read_data(&mut lines)?);
                    let is_accepted = self.manner.is_usual_at(Moment::Message);
                    // Kept before it is answered, since whoever hears the answer looks at once.
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

    /// Answers in the connection's manner; whether the connection goes on.
    fn answer_at(&mut self, moment: Moment, usual: &str) -> io::Result<bool> {
        if self.manner.is_usual_at(moment) {
            return self.say(usual);
        }
        match self.manner {
            Manner::Drops(_) => Ok(false),
            Manner::Replies(_, reply) => Ok(self.say(reply)? && moment != Moment::Greeting),
            Manner::Kind | Manner::Stalls(_) => {
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

/// All up to the line with a dot alone.
fn read_data(lines: &mut BufReader<TcpStream>) -> io::Result<Vec<u8>> {
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
