//! Requests are answered in time, whatever holds the database.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use invited::testing::{Entropy, Stopwatch, TemporaryFolder};
use rusqlite::Connection;
use serde_json::json;

use crate::binary::serving;
use crate::postgres::processes::account;
use crate::process::{Client, Program, begin, expect_closed, sqlite};
use crate::support::postgres::PostgresServer;
use crate::support::proxy::{self, Fate, Judge};
use crate::support::{Server, token, within};

const PATH: &str = "/api/v1/account_invitations";

/// A request that waits is answered after five seconds. `LATEST` allows for a busy machine, but not for two waits in a
/// row.
const EARLIEST: Duration = Duration::from_millis(4_500);
const LATEST: Duration = Duration::from_secs(9);

/// `drain_timeout` of these servers, and when they have to be gone: before the requests that wait are answered.
const DRAIN: &str = "2";
const GONE_WITHIN: Duration = EARLIEST;

/// A server as a process.
fn serve(database: &str) -> (Program, SocketAddr) {
    serving::serve(database, &["--mail", "none", "--body-timeout", "60", "--drain-timeout", DRAIN])
}

fn person(name: &str) -> String {
    json!({"account_invitation": {"full_name": name, "email_address": format!("{name}@example.test")}}).to_string()
}

/// Creates an invitation; returns the status and the time until the answer.
fn create(address: SocketAddr, bearer: &str, name: &str) -> Option<(u16, Duration)> {
    let mut client = Client::connect(address, bearer).ok()?;
    let since = Stopwatch::start();
    let (status, _) = client.send("POST", PATH, &person(name)).ok()?;
    Some((status, since.elapsed()))
}

/// A write whose body the server has asked for, so it is under way.
struct Begun {
    stream: TcpStream,
    body: String,
}

impl Begun {
    fn create(address: SocketAddr, bearer: &str, name: &str) -> Self {
        let (mut stream, body) = (TcpStream::connect(address).unwrap(), person(name));
        stream.set_read_timeout(Some(LATEST)).unwrap();
        let head = format!(
            "POST {PATH} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {bearer}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n",
            body.len()
        );
        begin(&mut stream, &head);
        Self { stream, body }
    }

    /// Sends the body, after which only the database is waited for.
    fn wait(mut self) -> Waiting {
        self.stream.write_all(self.body.as_bytes()).unwrap();
        Waiting(self.stream)
    }
}

/// A write that waits for the database.
struct Waiting(TcpStream);

impl Waiting {
    /// What the server still says; nothing if it cuts the connection.
    fn rest(mut self) -> String {
        let mut said = Vec::new();
        // A connection that is cut may end with an error.
        if let Err(cause) = self.0.read_to_end(&mut said) {
            assert_eq!(cause.kind(), ErrorKind::ConnectionReset);
        }
        String::from_utf8(said).unwrap()
    }
}

/// Ends a program politely; returns how long that took.
fn time_to_end(program: Program) -> Duration {
    let since = Stopwatch::start();
    let (status, _) = program.stop();
    assert!(status.success(), "{status:?}");
    since.elapsed()
}

#[test]
fn a_held_lock_delays_each_write_by_five_seconds_and_not_one_after_the_other() {
    let folder = TemporaryFolder::create(&Entropy::system()).unwrap();
    let database = sqlite(&folder.database());
    let owner = account(&database);
    let (program, address) = serve(&database);
    let holder = Connection::open(folder.database()).unwrap();
    holder.busy_timeout(Duration::from_secs(5)).unwrap();
    holder.execute_batch("BEGIN IMMEDIATE").unwrap();
    thread::scope(|scope| {
        let owner = owner.as_str();
        let waiting: Vec<_> =
            (0..10).map(|number| scope.spawn(move || create(address, owner, &format!("held{number}")))).collect();
        for write in waiting {
            let (status, elapsed) = write.join().unwrap().unwrap();
            assert_eq!(status, 503);
            assert!((EARLIEST..LATEST).contains(&elapsed), "answered after {elapsed:?}");
        }
        // Reads go on, and an asked server ends, though writes wait again.
        let mut client = Client::connect(address, owner).unwrap();
        assert_eq!(client.send("GET", PATH, "").unwrap().0, 200);
        let stopped: Vec<Waiting> =
            (0..6).map(|number| Begun::create(address, owner, &format!("stopped{number}")).wait()).collect();
        let elapsed = time_to_end(program);
        assert!(elapsed < GONE_WITHIN, "it took {elapsed:?} to end");
        expect_closed(address);
        for write in stopped {
            assert_eq!(write.rest(), "", "a write that still waits is cut off");
        }
    });
    holder.execute_batch("COMMIT").unwrap();
    let made: i64 = holder.query_row("SELECT count(*) FROM account_invitations", [], |row| row.get(0)).unwrap();
    assert_eq!(made, 0, "what was answered 503 or cut off did not happen");
}

/// Ten invitations of one account wait for a row that a stranger has locked.
#[test]
fn a_held_row_of_one_account_does_not_delay_another() {
    let postgres = PostgresServer::start();
    let server = Server::start_over(postgres.database(), &[("connections", "4"), ("rate_create", "0")]);
    server.stored("BEGIN; UPDATE tallies SET total = total WHERE account_id = 1");
    thread::scope(|scope| {
        let address = server.address();
        let held: Vec<_> = (0..20)
            .map(|number| scope.spawn(move || create(address, token::OWNER, &format!("held{number}"))))
            .collect();
        assert!(within(Duration::from_secs(10), || server.app().store.waiting_writes() > 10), "they do not wait");
        for number in 0..5 {
            let name = format!("other{number}");
            let (status, elapsed) = create(address, token::OTHER_ADMINISTRATOR, &name).unwrap();
            assert_eq!(status, 200);
            assert!(elapsed < EARLIEST, "the other account waited {elapsed:?}");
        }
        for write in held {
            let (status, elapsed) = write.join().unwrap().unwrap();
            assert_eq!(status, 503);
            assert!((EARLIEST..LATEST).contains(&elapsed), "answered after {elapsed:?}");
        }
    });
    server.stored("ROLLBACK");
    let held = "SELECT count(*) FROM account_invitations WHERE email_key LIKE 'held%'";
    assert_eq!(server.stored(held), ["0"], "what was answered 503 did not happen");
    assert_eq!(create(server.address(), token::OWNER, "after").unwrap().0, 200);
}

/// Passes nothing on while it is stalled, and closes nothing.
struct Stalling(Arc<AtomicBool>);

impl Stalling {
    fn judge(&self) -> Fate {
        while self.0.load(Ordering::SeqCst) {
            thread::park();
        }
        Fate::Arrives
    }
}

impl Judge for Stalling {
    fn question(&self, _: &[u8]) -> Fate {
        self.judge()
    }

    fn answer(&self, _: &[u8]) -> Fate {
        self.judge()
    }
}

#[test]
fn a_database_that_stalls_without_closing_is_answered_in_time_and_holds_up_no_stop() {
    let postgres = PostgresServer::start();
    let database = postgres.empty_database();
    let owner = account(&database.setting());
    let is_stalled = Arc::new(AtomicBool::new(false));
    let stalls = Arc::clone(&is_stalled);
    let url = proxy::before(&database.setting(), move || Stalling(Arc::clone(&stalls)));
    let (program, address) = serve(&url);
    let ask = |path: &str| {
        let mut client = Client::connect(address, &owner).unwrap();
        let since = Stopwatch::start();
        (client.send("GET", path, "").unwrap().0, since.elapsed())
    };
    assert_eq!((ask("/health/ready").0, ask(PATH).0), (200, 200));
    // Begun before, since a caller whom the database does not know is not asked for a body.
    let write = Begun::create(address, &owner, "stopped");
    is_stalled.store(true, Ordering::SeqCst);
    thread::scope(|scope| {
        let waiting: Vec<_> =
            ["/health/ready", PATH, "/health/ready"].map(|path| scope.spawn(move || ask(path))).into_iter().collect();
        let (owner, name) = (owner.as_str(), "stalled");
        let write = scope.spawn(move || create(address, owner, name).unwrap());
        for (status, elapsed) in waiting.into_iter().chain([write]).map(|asked| asked.join().unwrap()) {
            assert_eq!(status, 503);
            assert!(elapsed < LATEST, "answered after {elapsed:?}");
        }
        assert_eq!(ask("/health/live").0, 200);
    });
    let stopped = write.wait();
    let elapsed = time_to_end(program);
    assert!(elapsed < GONE_WITHIN, "it took {elapsed:?} to end");
    assert_eq!(stopped.rest(), "", "a write that still waits is cut off");
}
