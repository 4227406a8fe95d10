//! How often a request waits for the database server.
//!
//! On a network each round trip takes time, during which a record being written stays locked. A count shows what no
//! rate on loopback can, and does not depend on the machine.

use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use invited::testing::Stopwatch;
use serde_json::{Value, json};

use crate::oauth::{authorize_path, set_password};
use crate::support::browser::Browser;
use crate::support::postgres::PostgresServer;
use crate::support::proxy::{self, Fate, Judge};
use crate::support::{Answer, Server, token};

/// The round trips of an update: one to read the record, one for the rest.
const OF_AN_UPDATE: usize = 2;

/// How often an operation is measured.
const TIMES: usize = 3;

const INVITATIONS: &str = "/account_invitations";

/// A request: method, path and body.
type Asked = (&'static str, String, Value);

/// The silence after which the server counts as waiting.
const SILENCE: Duration = Duration::from_millis(25);

/// Counts how often the server waits on a connection.
///
/// A round trip is everything the server sends without a reply in between, and the reply. Packets and messages do not
/// show it: of two pipelined statements, the first may be answered before the second is read. So replies are held back
/// until the server has been silent for a while; what it sends after a reply is another round trip.
struct Counting {
    counted: Arc<AtomicUsize>,
    /// While the server is sending: the time since its last bytes.
    turn: Mutex<Option<Stopwatch>>,
}

impl Judge for Counting {
    fn question(&self, _: &[u8]) -> Fate {
        if self.turn.lock().unwrap().replace(Stopwatch::start()).is_none() {
            self.counted.fetch_add(1, Ordering::SeqCst);
        }
        Fate::Arrives
    }

    fn answer(&self, _: &[u8]) -> Fate {
        loop {
            let mut turn = self.turn.lock().unwrap();
            let silent_for = turn.as_ref().map(Stopwatch::elapsed);
            match silent_for {
                Some(silent_for) if silent_for < SILENCE => {
                    drop(turn);
                    thread::sleep(SILENCE - silent_for);
                }
                _ => {
                    *turn = None;
                    return Fate::Arrives;
                }
            }
        }
    }
}

/// A server with one writer and one reader, and the round trips to its database.
struct Case {
    server: Server,
    counted: Arc<AtomicUsize>,
    /// Dropped last, since it hosts the database.
    _postgres: PostgresServer,
}

impl Case {
    fn new() -> Self {
        let postgres = PostgresServer::start();
        let database = postgres.database();
        let counted = Arc::<AtomicUsize>::default();
        let of_all = Arc::clone(&counted);
        let url = proxy::before(&database.setting(), move || Counting {
            counted: Arc::clone(&of_all),
            turn: Mutex::default(),
        });
        let server = Server::start_over(database, &[("database", &url), ("connections", "1"), ("readers", "1")]);
        Self { server, counted, _postgres: postgres }
    }

    fn ask(&self, request: &Asked) -> Answer {
        let (method, path, body) = request;
        let request = self.server.request(method, path).bearer(token::ADMINISTRATOR);
        let answer = if body.is_null() { request.send() } else { request.json(body).send() };
        assert!(matches!(answer.status, 200 | 204), "{answer}");
        answer
    }

    /// The round trips so far, over all connections. Waits until nothing is in flight.
    fn counted(&self) -> usize {
        loop {
            let counted = self.counted.load(Ordering::SeqCst);
            thread::sleep(3 * SILENCE);
            if counted == self.counted.load(Ordering::SeqCst) {
                return counted;
            }
        }
    }

    /// The round trips of an operation, measured several times with different numbers. The first run prepares the
    /// statements. The fewest of the others count: now and then the server reloads the caller.
    fn round_trips(&self, request: impl Fn(usize) -> Asked) -> usize {
        self.round_trips_of(|number| drop(self.ask(&request(number))))
    }

    fn round_trips_of(&self, act: impl Fn(usize)) -> usize {
        act(0);
        let counted = (1..=TIMES).map(|number| {
            let before = self.counted();
            act(number);
            self.counted() - before
        });
        counted.min().unwrap()
    }

    /// Invites a person of this number.
    fn invited(&self, number: usize) -> String {
        self.ask(&("POST", INVITATIONS.to_owned(), person(number))).ids().remove(0)
    }
}

fn person(number: usize) -> Value {
    json!({"account_invitation": {
        "email_address": format!("person.{number}@example.test"), "full_name": format!("Person {number}"),
    }})
}

fn people(numbers: Range<usize>) -> Value {
    let elements: Vec<Value> = numbers.map(|number| person(number)["account_invitation"].clone()).collect();
    json!({"account_invitations": elements})
}

#[test]
fn an_update_waits_for_the_database_twice() {
    let case = Case::new();
    let before = case.counted();
    assert_eq!(case.counted(), before, "the idle server queries the database");
    for fields in [&["bill_rate_in_cents"][..], &["bill_rate_in_cents", "cost_rate_in_cents"]] {
        let update = case.round_trips(|number| update(1, fields, number));
        assert!(update <= OF_AN_UPDATE, "an update of {fields:?} takes {update} round trips, not {OF_AN_UPDATE}");
    }
}

/// On a network, one round trip more or less would tell whether an address is known.
#[test]
fn a_failed_sign_in_waits_as_often_for_a_known_address_as_for_an_unknown_one() {
    let case = Case::new();
    set_password(&case.server, 5, "correct horse battery");
    for path in [&authorize_path(&[]), "/oauth/sign-in"] {
        let [known, unknown] = ["project_lead@example.com", "nobody@example.test"].map(|address| {
            case.round_trips_of(|_| {
                Browser::new(&case.server).sign_in(path, address, "wrong horse battery").expect(422);
            })
        });
        assert_eq!(known, unknown, "{path}");
    }
}

fn update(id: usize, fields: &[&str], number: usize) -> Asked {
    let attributes: Value = fields.iter().map(|field| ((*field).to_owned(), json!(number + 1))).collect();
    ("PUT", format!("{INVITATIONS}/{id}"), json!({"account_invitation": attributes}))
}

/// Prints the figures, for which there is no rule. `--nocapture` shows them.
#[test]
fn the_round_trips_of_every_operation_are_printed() {
    let case = Case::new();
    let ids: Vec<String> = (0..=TIMES).map(|number| case.invited(number)).collect();
    let one = |number: usize| format!("{INVITATIONS}/{}", ids[number]);
    let list = format!("{INVITATIONS}?include=default_role,invitee,inviter");
    let tell = |name: &str, request: &dyn Fn(usize) -> Asked| {
        let round_trips = case.round_trips(request);
        println!("{name}: {round_trips} round trips");
        assert!(round_trips > 0, "{name} made no query through the proxy");
    };
    tell("show", &|number| ("GET", one(number), Value::Null));
    tell("list with three includes", &|_| ("GET", list.clone(), Value::Null));
    tell("update of one field", &|number| update(1, &["bill_rate_in_cents"], number));
    tell("update of two fields", &|number| update(1, &["bill_rate_in_cents", "cost_rate_in_cents"], number));
    tell("resend", &|number| ("PUT", format!("{}/resend", one(number)), Value::Null));
    tell("delete", &|number| ("DELETE", one(number), Value::Null));
    tell("create", &|number| ("POST", INVITATIONS.to_owned(), person(10 + number)));
    tell("bulk create of 2", &|number| ("POST", INVITATIONS.to_owned(), people(20 + 2 * number..22 + 2 * number)));
}
