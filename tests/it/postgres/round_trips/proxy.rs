//! A proxy between the server and its database that counts how often the server waits.
//!
//! A round trip is whatever the server sends without having been told anything meanwhile, and the answer to it. How it is
//! cut into packets and messages says nothing: of two statements that travel together, the first may be answered before
//! the second is read. So answers are held back until the server has been silent for a while. What it sends after it has
//! got one is then another round trip, and nothing else is.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream, ToSocketAddrs as _};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use invited::testing::clock::Stopwatch;

/// How long the server has to be silent until it counts as waiting.
const SILENCE: Duration = Duration::from_millis(25);

/// Where PostgreSQL listens when a URL does not say it.
const USUAL_PORT: &str = ":5432";

/// Counts as long as it is kept; its threads end with the process.
pub(super) struct Proxy {
    counted: Arc<AtomicUsize>,
}

impl Proxy {
    /// A proxy before the database of a URL, and the URL by which the database is reached through it.
    pub(super) fn before(url: &str) -> (Self, String) {
        let (scheme_and_user, place) = url.rsplit_once('@').expect("the URL names a user");
        let (server, name) = place.split_once('/').expect("the URL names a database");
        let server = if server.contains(':') { server.to_owned() } else { format!("{server}{USUAL_PORT}") };
        let server = server.to_socket_addrs().expect("the server has an address").next().expect("at least one");
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let proxy = Self { counted: Arc::default() };
        let counted = Arc::clone(&proxy.counted);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                forward(client, server, &counted);
            }
        });
        (proxy, format!("{scheme_and_user}@{address}/{name}"))
    }

    /// The round trips so far, over all connections. It waits until nothing is on its way any more.
    pub(super) fn round_trips(&self) -> usize {
        loop {
            let counted = self.counted.load(Ordering::SeqCst);
            thread::sleep(3 * SILENCE);
            if counted == self.counted.load(Ordering::SeqCst) {
                return counted;
            }
        }
    }
}

/// Whose turn it is on a connection: while the client has begun to ask, since when it is silent.
type Turn = Mutex<Option<Stopwatch>>;

fn forward(mut client: TcpStream, server: SocketAddr, counted: &Arc<AtomicUsize>) {
    let mut server = TcpStream::connect(server).expect("the database server can be reached");
    for stream in [&client, &server] {
        stream.set_nodelay(true).unwrap();
    }
    let (mut from_client, mut from_server) = (client.try_clone().unwrap(), server.try_clone().unwrap());
    let (asking, counted) = (Arc::new(Turn::default()), Arc::clone(counted));
    let answering = Arc::clone(&asking);
    thread::spawn(move || {
        carry(&mut from_client, &mut server, || {
            if asking.lock().unwrap().replace(Stopwatch::start()).is_none() {
                counted.fetch_add(1, Ordering::SeqCst);
            }
        });
    });
    thread::spawn(move || carry(&mut from_server, &mut client, || wait_for_silence(&answering)));
}

/// Carries bytes until one side has closed; `before` is done before each piece is passed on.
fn carry(from: &mut TcpStream, to: &mut TcpStream, mut before: impl FnMut()) {
    let mut piece = [0; 16 * 1024];
    while let Ok(length @ 1..) = from.read(&mut piece) {
        before();
        if to.write_all(&piece[..length]).is_err() {
            break;
        }
    }
    // It may be closed already.
    let _ = to.shutdown(Shutdown::Write);
}

fn wait_for_silence(turn: &Turn) {
    loop {
        let mut asking = turn.lock().unwrap();
        let silent_for = asking.as_ref().map(Stopwatch::elapsed);
        match silent_for {
            Some(silent_for) if silent_for < SILENCE => {
                drop(asking);
                thread::sleep(SILENCE - silent_for);
            }
            _ => {
                *asking = None;
                return;
            }
        }
    }
}
