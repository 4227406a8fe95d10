//! A client that sends a mixed load to any server that answers, and records the answers.
//!
//! An answer can be lost, and a 503 may hide a commit. With an `Idempotency-Key` the client retries elsewhere until it
//! knows; without one it records that the outcome is unknown and leaves the invitation alone.

pub(crate) mod ledger;
pub(crate) mod post;

use std::net::SocketAddr;
use std::thread;
use std::time::Duration;

use invited::testing::Stopwatch;
use serde_json::{Value, json};

use crate::process::{Client, Reply};
use ledger::{Ledger, State};
use post::Post;

const PATH: &str = "/api/v1/account_invitations";

/// How long a client retries if that is safe. Longer than any outage in these tests.
const PATIENCE: Duration = Duration::from_secs(60);

/// The pause between two requests, and before a retry.
const REST: Duration = Duration::from_millis(4);
const REST_BEFORE_RETRY: Duration = Duration::from_millis(25);

/// A client and its servers.
pub(crate) struct Visitor<'a> {
    /// Makes its addresses, marks and keys unique.
    pub(crate) number: i64,
    pub(crate) servers: Vec<SocketAddr>,
    pub(crate) token: &'a str,
    /// Where its mails arrive, if anywhere.
    pub(crate) post: Option<&'a Post>,
    /// Started with the test.
    pub(crate) clock: &'a Stopwatch,
    connection: Option<Client>,
    at: usize,
    marks: i64,
    ledger: Ledger,
}

impl<'a> Visitor<'a> {
    pub(crate) fn new(number: i64, servers: &[SocketAddr], token: &'a str, clock: &'a Stopwatch) -> Self {
        let at = usize::try_from(number).unwrap_or_default() % servers.len();
        let (servers, ledger) = (servers.to_vec(), Ledger::default());
        Self { number, servers, token, post: None, clock, connection: None, at, marks: 0, ledger }
    }

    /// Sends requests until the time is over or there were enough; returns what it knows.
    pub(crate) fn work(mut self, until: Duration, most: i64) -> Ledger {
        for turn in 0..most {
            if self.clock.elapsed() > until {
                break;
            }
            match turn % 20 {
                0 | 3 | 6 | 9 | 12 => self.create(1),
                15 => self.create(5),
                1 | 4 | 7 | 10 | 13 => self.update(),
                2 | 11 => self.resend(),
                5 | 14 => self.delete(),
                8 | 17 => self.accept(),
                16 => self.list(),
                _ => self.look(),
            }
            thread::sleep(REST);
        }
        self.ledger
    }

    fn create(&mut self, size: usize) {
        let people: Vec<(String, i64)> = (0..size).map(|_| self.mark()).map(|mark| (address(mark), mark)).collect();
        let body: Vec<Value> = people
            .iter()
            .map(|(address, mark)| json!({"full_name": "N", "email_address": address, "bill_rate_in_cents": mark}))
            .collect();
        let body = json!({ "account_invitations": body }).to_string();
        let answer = self.write("POST", PATH, &body, 200);
        let ids = answer.map(|reply| {
            let body: Value = serde_json::from_str(&reply.body).unwrap();
            let results = body["results"].as_array().unwrap().clone();
            results.iter().map(|result| result["id"].as_str().unwrap().parse().unwrap()).collect::<Vec<i64>>()
        });
        self.ledger.created(&people, ids.as_deref());
    }

    fn update(&mut self) {
        let Some((address, id)) = self.ledger.newest_pending() else { return };
        let mark = self.mark();
        let body = json!({"account_invitation": {"bill_rate_in_cents": mark}}).to_string();
        let answer = self.write("PUT", &format!("{PATH}/{id}"), &body, 200);
        self.ledger.expect("update", mark, answer.is_some());
        self.ledger.became(&address, State::Pending { mark }, answer.is_some());
    }

    fn resend(&mut self) {
        let Some((address, id)) = self.ledger.newest_pending().filter(|_| self.post.is_some()) else { return };
        let answer = self.write("PUT", &format!("{PATH}/{id}/resend"), "", 200);
        self.ledger.expect("resend", id, answer.is_some());
        self.ledger.resent(&address);
    }

    fn delete(&mut self) {
        let Some((address, id)) = self.ledger.oldest_pending() else { return };
        let answer = self.write("DELETE", &format!("{PATH}/{id}"), "", 204);
        self.ledger.expect("delete", id, answer.is_some());
        self.ledger.became(&address, State::Absent, answer.is_some());
    }

    /// Follows a mailed link. A link that is dead after a lost answer was accepted.
    fn accept(&mut self) {
        let Some(post) = self.post else { return };
        let invited = self.ledger.acceptable().find_map(|(address, id, mark)| {
            let token = post.token_for(&address)?;
            Some((address, id, mark, token))
        });
        let Some((address, id, mark, token)) = invited else { return };
        let body = json!({"token": token, "password": "correct horse battery staple"}).to_string();
        let mut is_lost = false;
        let start = Stopwatch::start();
        loop {
            match self.ask_once("POST", "/invitations/accept", &body, None) {
                Some(reply) if reply.status == 200 => self.ledger.note_seats_over(&reply),
                Some(reply) if reply.status == 404 && is_lost => {}
                Some(reply) => panic!("the link of {address} was answered {}: {}", reply.status, reply.body),
                None => {
                    assert!(start.elapsed() < PATIENCE, "no server answers");
                    is_lost = true;
                    continue;
                }
            }
            break;
        }
        self.ledger.expect("accept", id, true);
        self.ledger.became(&address, State::Member { mark }, true);
    }

    fn list(&mut self) {
        let reply = self.read(&format!("{PATH}?per_page=20&include=invitee"));
        assert_eq!(reply.status, 200, "{}", reply.body);
    }

    /// What one server answered is visible through the next.
    fn look(&mut self) {
        let Some((address, id, mark)) = self.ledger.certain_pending() else { return };
        self.move_on();
        let reply = self.read(&format!("{PATH}/{id}"));
        assert_eq!(reply.status, 200, "{address}: {}", reply.body);
        let body: Value = serde_json::from_str(&reply.body).unwrap();
        assert_eq!(body["account_invitations"][id.to_string()]["bill_rate_in_cents"], json!(mark), "{address}");
    }

    /// Sends a write, every other one with a key; `None` if the outcome is unknown.
    fn write(&mut self, method: &str, path: &str, body: &str, expected: u16) -> Option<Reply> {
        self.ledger.figures.writes += 1;
        let key = self
            .ledger
            .figures
            .writes
            .is_multiple_of(2)
            .then(|| format!("key-{}-{}", self.number, self.ledger.figures.writes));
        let reply = match &key {
            None => self.ask_once(method, path, body, None),
            Some(key) => Some(self.ask_until_known(method, path, body, Some(key))),
        };
        match &reply {
            None => self.ledger.figures.unknown += 1,
            Some(reply) => {
                assert_eq!(reply.status, expected, "{method} {path} {body}: {}", reply.body);
                self.ledger.figures.replayed += u64::from(reply.headers.contains_key("idempotent-replayed"));
                self.ledger.note_seats_over(reply);
                self.ledger.figures.answered_at.push(self.clock.elapsed());
            }
        }
        reply
    }

    fn read(&mut self, path: &str) -> Reply {
        self.ask_until_known("GET", path, "", None)
    }

    fn ask_until_known(&mut self, method: &str, path: &str, body: &str, key: Option<&str>) -> Reply {
        let start = Stopwatch::start();
        loop {
            if let Some(reply) = self.ask_once(method, path, body, key) {
                return reply;
            }
            assert!(start.elapsed() < PATIENCE, "nobody answers {method} {path}");
        }
    }

    /// Sends a request once; `None` if the answer was lost or is a 503. Then the next server is used.
    fn ask_once(&mut self, method: &str, path: &str, body: &str, key: Option<&str>) -> Option<Reply> {
        let start = Stopwatch::start();
        let mut connection = loop {
            let connected = self.connection.take().map_or_else(|| self.connect(), Ok);
            match connected {
                Ok(connection) => break connection,
                // Nothing was sent, so nothing can have happened.
                Err(cause) => assert!(start.elapsed() < PATIENCE, "no server listens: {cause}"),
            }
            self.move_on();
        };
        self.ledger.figures.requests += 1;
        let headers: Vec<(&str, &str)> = key.map(|key| ("Idempotency-Key", key)).into_iter().collect();
        match connection.ask(method, path, &headers, body) {
            Err(_) => {
                self.ledger.figures.lost += 1;
                self.move_on();
                None
            }
            Ok(reply) if reply.status == 503 => {
                assert!(reply.headers.contains_key("retry-after"), "a 503 has no Retry-After");
                self.ledger.figures.unavailable += 1;
                self.move_on();
                None
            }
            Ok(reply) => {
                self.connection = Some(connection);
                Some(reply)
            }
        }
    }

    fn connect(&self) -> std::io::Result<Client> {
        Client::connect(self.servers[self.at], self.token)
    }

    fn move_on(&mut self) {
        thread::sleep(REST_BEFORE_RETRY);
        self.connection = None;
        self.at = (self.at + 1) % self.servers.len();
    }

    /// A number unique to each effect.
    fn mark(&mut self) -> i64 {
        self.marks += 1;
        self.number * 100_000 + self.marks
    }
}

fn address(mark: i64) -> String {
    format!("person.{mark}@example.test")
}
