//! Two servers, over SQLite and over PostgreSQL, get the same requests and must answer alike to the last byte.
//!
//! Their clocks are frozen at the same moment and their randomness is the same, so ids, times and secrets are equal
//! too. Requests, valid and invalid, are generated from a seed. In between, time advances, mails are sent, and expired
//! rows are swept. At the end the rows of both databases are compared.
//!
//! A failed run prints its seed; `INVITED_TEST_SEED` repeats that run, or picks another.

mod api;
mod asked;
mod beside;
mod builds;
mod dice;
mod known;
mod tables;
mod values;

use std::collections::BTreeMap;

use invited::testing::REGISTRY;

use asked::Asked;
use dice::Dice;
use known::Known;
use tables::Tables;

use crate::support::client::Lost;
use crate::support::database::Database;
use crate::support::postgres::PostgresServer;
use crate::support::{Answer, Server, token};

const REQUESTS: usize = 8_000;

/// Differences after which a run stops.
const ENOUGH: usize = 5;

/// How much of a body a difference shows.
const SHOWN: usize = 1_200;

/// The default seed.
const SEED: u64 = 20_310_102;

/// Headers with the system's own time and duration. All others are compared.
const OF_THE_MOMENT: [&str; 2] = ["date", "x-runtime"];

const SETTINGS: &[(&str, &str)] = &[
    // Links and mails contain the base URL, which would otherwise have a different port for each server.
    ("base_url", "http://people.example.test"),
    ("keep_expired_days", "3"),
    ("keep_mails_days", "5"),
    ("keep_revoked_days", "2"),
    ("rate_mails_per_address", "2"),
    ("rate_resend_per_invitation", "1"),
];

/// Both servers and their databases.
struct Pair {
    sqlite: Server,
    postgres: Server,
    tables: Tables,
}

impl Pair {
    fn start(on_server: Database) -> Self {
        let sqlite = Server::start_over(Database::in_file(), SETTINGS);
        let postgres = Server::start_over(on_server, SETTINGS);
        let tables = Tables::open(&sqlite.database_path(), postgres.database());
        Self { sqlite, postgres, tables }
    }

    /// Sends a request to both servers concurrently; returns the answer, or the difference.
    fn ask(&self, asked: &Asked) -> Result<Answer, String> {
        let [sqlite, postgres] = [&self.sqlite, &self.postgres].map(|server| asked.to(server.address()));
        let answers = std::thread::scope(|scope| {
            let other = scope.spawn(|| postgres.try_send());
            let one = sqlite.try_send();
            [one, other.join().unwrap_or_else(|cause| std::panic::resume_unwind(cause))]
        });
        match answers {
            // Agreeing on a 500 is no agreement.
            [Ok(one), Ok(other)] if face(&one) == face(&other) && one.status < 500 => {
                if asked.is_write() && (one.status >= 300 || one.header("invited-dry-run").is_some()) {
                    self.tables.align_next_ids();
                }
                Ok(one)
            }
            [one, other] => Err(difference(&one, &other)),
        }
    }

    /// Does something besides requests, on both.
    fn happen(&self, dice: &mut Dice) -> Result<(), String> {
        let both = [&self.sqlite, &self.postgres];
        let counts = match dice.below(8) {
            0..4 => both.map(Server::deliver),
            4 => {
                let swept = both.map(Server::sweep);
                self.tables.align_next_ids();
                swept
            }
            _ => {
                let seconds = [1, 61, 3_600, 20_000, 2 * 86_400][dice.below(5)];
                both.map(|server| {
                    server.advance_seconds(seconds);
                    0
                })
            }
        };
        if counts[0] == counts[1] { Ok(()) } else { Err(format!("as many mails or rows as {counts:?}")) }
    }
}

/// The compared parts of an answer.
fn face(answer: &Answer) -> (u16, Vec<&(String, String)>, &[u8]) {
    let headers = answer.headers.iter().filter(|(name, _)| !OF_THE_MOMENT.contains(&name.as_str()));
    (answer.status, headers.collect(), &answer.body)
}

/// Both answers, with as much of long bodies as shows the difference.
fn difference(one: &Result<Answer, Lost>, other: &Result<Answer, Lost>) -> String {
    let body = |answer: &Result<Answer, Lost>| answer.as_ref().map(|it| it.body.clone()).unwrap_or_default();
    let same = body(one).iter().zip(&body(other)).take_while(|(one, other)| one == other).count();
    let show = |answer: &Result<Answer, Lost>| match answer {
        Ok(answer) => {
            let from = if answer.body.len() > SHOWN { same.saturating_sub(SHOWN / 3) } else { 0 };
            let body = String::from_utf8_lossy(answer.body.get(from..).unwrap_or_default()).into_owned();
            let body: String = body.chars().take(SHOWN).collect();
            format!("{} {:?}\nfrom byte {from}: {body}", answer.status, answer.headers)
        }
        Err(lost) => lost.to_string(),
    };
    format!("SQLite      {}\nPostgreSQL  {}", show(one), show(other))
}

/// The next request: about known records, and now and then a repetition of an earlier one.
fn next(dice: &mut Dice, known: &mut Known) -> Asked {
    match dice.below(16) {
        0 => dice.pick(&known.asked).cloned().unwrap_or_else(|| api::request(dice, known)),
        1..4 => beside::request(dice, known),
        _ => api::request(dice, known),
    }
}

/// The result of a run.
#[derive(Default)]
struct Outcome {
    differences: Vec<String>,
    /// How often each operation succeeded, and how often each status occurred.
    succeeded: BTreeMap<&'static str, usize>,
    statuses: BTreeMap<u16, usize>,
}

/// Sends everything to both servers until there are enough differences, then compares the stored rows.
fn run(pair: &Pair, seed: u64) -> Outcome {
    let (mut dice, mut known, mut outcome) = (Dice::new(seed), Known::default(), Outcome::default());
    begin(pair, &mut known);
    for number in 1..=REQUESTS {
        if dice.once_in(15)
            && let Err(difference) = pair.happen(&mut dice)
        {
            outcome.differences.push(format!("before request {number}: {difference}"));
        }
        let asked = next(&mut dice, &mut known);
        match pair.ask(&asked) {
            Ok(answer) => {
                *outcome.statuses.entry(answer.status).or_default() += 1;
                if answer.status < 400 {
                    *outcome.succeeded.entry(asked.what).or_default() += 1;
                }
                known.learn(&asked, &answer);
            }
            Err(difference) => outcome.differences.push(format!("request {number}: {}\n{difference}", asked.curl())),
        }
        if outcome.differences.len() >= ENOUGH {
            break;
        }
    }
    outcome.differences.extend(pair.tables.differences());
    outcome
}

/// Invites and accepts, so that a password for signing in exists.
fn begin(pair: &Pair, known: &mut Known) {
    let ask = |asked: &Asked| pair.ask(asked).unwrap_or_else(|difference| panic!("{}\n{difference}", asked.curl()));
    let [invite, look] = beside::invite_signer();
    ask(&invite);
    assert_eq!([pair.sqlite.deliver(), pair.postgres.deliver()], [1, 1]);
    known.learn(&look, &ask(&look));
    ask(&beside::accept_as_signer(known)).expect(200);
}

#[test]
fn both_engines_answer_alike_to_the_last_byte() {
    let server = PostgresServer::start();
    let pair = Pair::start(server.database());
    let seed = std::env::var("INVITED_TEST_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(SEED);
    let Outcome { differences, succeeded, statuses } = run(&pair, seed);
    let found = differences.len();
    assert!(found == 0, "INVITED_TEST_SEED={seed}: {found} differences\n\n{}", differences.join("\n\n"));
    println!("{statuses:?} {succeeded:?}");
    // The default run must be rich: every operation was not only tried but succeeded.
    if seed == SEED {
        let operations = REGISTRY.iter().flat_map(|entry| entry.resource.operations).map(|operation| operation.id);
        let never = operations.chain(beside::CALLED.iter().copied()).filter(|what| !succeeded.contains_key(what));
        assert_eq!(never.collect::<Vec<_>>(), Vec::<&str>::new(), "these never succeeded");
        for status in [200, 204, 302, 303, 400, 401, 403, 404, 412, 415, 422, 429] {
            assert!(statuses.contains_key(&status), "no answer had the status {status}");
        }
    }
}

#[test]
fn the_comparison_detects_a_single_letter() {
    let server = PostgresServer::start();
    let pair = Pair::start(server.database());
    let ask = || {
        let asked = Asked::new("GET", "/api/v1/users/me");
        pair.ask(&asked.header("Authorization", &format!("Bearer {}", token::ADMINISTRATOR)))
    };
    assert_eq!((ask().map(|answer| answer.status), pair.tables.differences()), (Ok(200), Vec::new()));
    pair.postgres.alter_stored("UPDATE users SET full_name = 'Adam Administrato\u{433}' WHERE id = 2");
    let (difference, of_tables) = (ask().unwrap_err(), pair.tables.differences());
    assert!(difference.contains("Administrator") && difference.contains("Administrato\u{433}"), "{difference}");
    assert!(of_tables.len() == 1 && of_tables[0].starts_with("users has 1 row"), "{of_tables:?}");
}
