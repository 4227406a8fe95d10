//! A proxy between the server and its database that counts how often the server waits.
//!
//! A round trip is everything the server sends without a reply in between, and the reply. Packets and messages do not
//! show it: of two pipelined statements, the first may be answered before the second is read. So replies are held back
//! until the server has been silent for a while; what it sends after a reply is another round trip.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream, ToSocketAddrs as _};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use invited::testing::Stopwatch;

/// The silence after which the server counts as waiting.
const SILENCE: Duration = Duration::from_millis(25);

/// PostgreSQL's default port.
const USUAL_PORT: &str = ":5432";

/// Counts while it exists; its threads end with the process.
pub(super) struct Proxy {
    counted: Arc<AtomicUsize>,
}

impl Proxy {
    /// A proxy to the database of a URL, and the URL that leads through it.
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

    /// The round trips so far, over all connections. Waits until nothing is in flight.
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

/// While the client is sending: the time since its last bytes.
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

/// Forwards bytes until one side has closed; calls `before` before each piece.
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
