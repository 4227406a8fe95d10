//! A slow mail server that detects mails in delivery twice at once, and repeated mails.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use invited::testing::Stopwatch;

use crate::support::sink::read_data;

/// How long a delivery takes: enough for another worker to start it too.
const TAKES: Duration = Duration::from_millis(60);

/// A worker whose connection ends within this after a mail may not have recorded that it was sent.
const SETTLED_WITHIN: Duration = Duration::from_secs(3);

/// A received mail.
#[derive(Clone, Debug)]
pub(crate) struct Delivery {
    pub(crate) message_id: String,
    recipient: String,
    token: String,
    connection: usize,
    at: Duration,
}

#[derive(Default)]
struct State {
    delivered: Vec<Delivery>,
    under_way: BTreeSet<String>,
    overlapping: Vec<String>,
    connections: usize,
    /// When connections ended.
    ends: BTreeMap<usize, Duration>,
}

struct Shared {
    state: Mutex<State>,
    clock: Stopwatch,
    is_over: AtomicBool,
}

pub(crate) struct Post {
    address: SocketAddr,
    shared: Arc<Shared>,
}

impl Post {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let shared =
            Arc::new(Shared { state: Mutex::default(), clock: Stopwatch::start(), is_over: AtomicBool::new(false) });
        let post = Self { address, shared: Arc::clone(&shared) };
        thread::spawn(move || {
            for stream in listener.incoming() {
                if shared.is_over.load(Ordering::SeqCst) {
                    break;
                }
                let (Ok(stream), shared) = (stream, Arc::clone(&shared)) else { continue };
                thread::spawn(move || {
                    let number = {
                        let mut state = shared.state.lock().unwrap();
                        state.connections += 1;
                        state.connections
                    };
                    // Workers killed halfway are what is tested.
                    let _ = serve(&stream, number, &shared);
                    shared.state.lock().unwrap().ends.insert(number, shared.clock.elapsed());
                });
            }
        });
        post
    }

    /// Its address for the setting `mail`.
    pub(crate) fn setting(&self) -> String {
        format!("smtp://{}", self.address)
    }

    /// The token in a mail to this address.
    pub(crate) fn token_for(&self, recipient: &str) -> Option<String> {
        let state = self.shared.state.lock().unwrap();
        state.delivered.iter().rfind(|mail| mail.recipient == recipient).map(|mail| mail.token.clone())
    }

    /// All received mails, in order.
    pub(crate) fn delivered(&self) -> Vec<Delivery> {
        self.shared.state.lock().unwrap().delivered.clone()
    }

    /// Mails that were in delivery twice at once.
    pub(crate) fn overlapping(&self) -> Vec<String> {
        self.shared.state.lock().unwrap().overlapping.clone()
    }

    /// Repeated mails: the number whose worker died before it can have recorded them as sent, and the others, which
    /// must not exist.
    pub(crate) fn repeated(&self) -> (usize, Vec<Delivery>) {
        let state = self.shared.state.lock().unwrap();
        let mut last: BTreeMap<&str, &Delivery> = BTreeMap::new();
        let (mut excused, mut others) = (0, Vec::new());
        for mail in &state.delivered {
            if let Some(before) = last.insert(&mail.message_id, mail) {
                let end = state.ends.get(&before.connection);
                if end.is_some_and(|end| *end < before.at + SETTLED_WITHIN) {
                    excused += 1;
                } else {
                    others.push(before.clone());
                }
            }
        }
        (excused, others)
    }
}

impl Drop for Post {
    fn drop(&mut self) {
        self.shared.is_over.store(true, Ordering::SeqCst);
        // One more connection, so that the listener notices the end.
        let _ = TcpStream::connect(self.address);
    }
}

fn serve(stream: &TcpStream, connection: usize, shared: &Shared) -> io::Result<()> {
    let mut lines = BufReader::new(stream.try_clone()?);
    let say = |reply: &str| (&*stream).write_all(format!("{reply}\r\n").as_bytes());
    say("220 post.test")?;
    let mut recipient = String::new();
    loop {
        let mut line = String::new();
        if lines.read_line(&mut line)? == 0 {
            return Ok(());
        }
        match line.get(..4).unwrap_or_default().to_ascii_uppercase().as_str() {
            "EHLO" => say("250-post.test\r\n250 8BITMIME")?,
            "RCPT" => {
                recipient = line.split(['<', '>']).nth(1).unwrap_or_default().to_owned();
                say("250 recipient noted")?;
            }
            "DATA" => {
                say("354 go on")?;
                // Lines wrapped for transport are joined again.
                let text = String::from_utf8_lossy(&read_data(&mut lines)?).replace("=\r\n", "");
                let message_id = text.lines().find_map(|line| line.strip_prefix("Message-ID: ")).unwrap_or_default();
                take(shared, connection, message_id, &recipient, &text);
                say("250 taken")?;
            }
            "QUIT" => return say("221 bye"),
            _ => say("250 well")?,
        }
    }
}

/// Keeps a mail, and spends some time on its delivery.
fn take(shared: &Shared, connection: usize, message_id: &str, recipient: &str, text: &str) {
    let message_id = message_id.to_owned();
    {
        let mut state = shared.state.lock().unwrap();
        if !state.under_way.insert(message_id.clone()) {
            state.overlapping.push(message_id.clone());
        }
    }
    thread::sleep(TAKES);
    let mut state = shared.state.lock().unwrap();
    state.under_way.remove(&message_id);
    let (recipient, token, at) = (recipient.to_owned(), token(text), shared.clock.elapsed());
    state.delivered.push(Delivery { message_id, recipient, token, connection, at });
}

/// The token of the link in a mail.
fn token(text: &str) -> String {
    let (_, rest) = text.split_once("/invitations/").unwrap_or_default();
    rest.chars().take_while(|character| character.is_ascii_alphanumeric() || "-_".contains(*character)).collect()
}
