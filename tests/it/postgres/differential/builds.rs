//! Two processes that start with the same random seed answer the same requests alike, to the last byte.
//!
//! This proves that `--random-seed` makes a run repeatable. With the program of another build it shows what has changed
//! on the wire:
//!
//! `INVITED_COMPARE_BUILD=PATH INVITED_COMPARE_REQUESTS=20000 cargo nextest run builds_answer_alike --no-capture`

use std::net::{SocketAddr, TcpListener};
use std::process::{Command, Stdio};

use serde_json::json;

use super::asked::Asked;
use super::dice::Dice;
use super::known::Known;
use super::{ENOUGH, Outcome, SEED, beside, difference, face, next};
use crate::process::{Program, command};
use crate::support::Answer;

/// The default number of requests.
const REQUESTS: usize = 1_000;

const OPTIONS: &[&str] = &[
    "sandbox",
    "--json",
    "--random-seed=1",
    "--base-url=http://people.example.test",
    "--rate-mails-per-address=2",
    "--rate-resend-per-invitation=1",
];

/// Starts a program on a free port, chosen here because both programs need the same base URL.
fn start(mut command: Command) -> (Program, SocketAddr) {
    let address = TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("a port is free");
    command.arg(format!("--listen={address}")).stderr(Stdio::null());
    let mut program = Program::start(command);
    assert!(program.line().contains("api_url"), "the program prints its greeting");
    (program, address)
}

/// Pages and the API description are compared without their text, and OAuth's refusals without their description: words
/// may improve.
fn is_alike(one: &Answer, other: &Answer) -> bool {
    let bare = |answer: &Answer| {
        let mut answer = answer.clone();
        // The order of headers with different names means nothing (RFC 9110, section 5.3).
        answer.headers.sort();
        let is_html = answer.header("content-type").is_some_and(|kind| kind.starts_with("text/html"));
        let is_page = is_html || answer.text().contains("\"openapi\":\"3.");
        let description = answer.text().find("\"error_description\":");
        if let Some(length) = is_page.then_some(0).or(description) {
            answer.body.truncate(length);
            answer.headers.retain(|(name, _)| name != "content-length" && name != "etag");
        }
        answer
    };
    let (one, other) = (bare(one), bare(other));
    face(&one) == face(&other)
}

fn ask(servers: &[SocketAddr; 2], asked: &Asked) -> Result<Answer, String> {
    match servers.map(|address| asked.to(address).try_send()) {
        [Ok(one), Ok(other)] if is_alike(&one, &other) => {
            if asked.is_write() {
                // Sends queued mails now: the worker runs at no fixed pace.
                let _ = servers.map(|address| advance(0).to(address).send());
            }
            Ok(one)
        }
        [one, other] => Err(difference(&one, &other)),
    }
}

/// Advances the clock, which also sends due mails and removes expired rows.
fn advance(seconds: u64) -> Asked {
    let body = json!({"seconds": seconds}).to_string().into_bytes();
    Asked::new("POST", "/sandbox/clock/advance").body(Some("application/json"), body)
}

fn run(servers: &[SocketAddr; 2], requests: usize, seed: u64) -> Outcome {
    let (mut dice, mut known, mut outcome) = (Dice::new(seed), Known::default(), Outcome::default());
    let [invite, look] = beside::invite_signer();
    for asked in [invite, advance(1), look] {
        known.learn(&asked, &ask(servers, &asked).unwrap_or_else(|difference| panic!("{difference}")));
    }
    let accept = beside::accept_as_signer(&known);
    ask(servers, &accept).unwrap_or_else(|difference| panic!("{difference}"));
    for number in 1..=requests {
        let asked = match dice.below(16) {
            0 => advance([1, 61, 3_600, 20_000, 2 * 86_400][dice.below(5)]),
            _ => next(&mut dice, &mut known),
        };
        match ask(servers, &asked) {
            Ok(answer) => {
                *outcome.statuses.entry(answer.status).or_default() += 1;
                known.learn(&asked, &answer);
            }
            Err(difference) => outcome.differences.push(format!("request {number}: {}\n{difference}", asked.curl())),
        }
        if outcome.differences.len() >= ENOUGH {
            break;
        }
    }
    outcome
}

#[test]
fn builds_answer_alike() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse().ok());
    let this = command(OPTIONS);
    let mut other = command(OPTIONS);
    if let Ok(path) = std::env::var("INVITED_COMPARE_BUILD") {
        let mut build = Command::new(path);
        build.args(OPTIONS).stdin(Stdio::null()).stdout(Stdio::piped());
        other = build;
    }
    let ([_this, _other], servers) = {
        let (this, other) = (start(this), start(other));
        ([this.0, other.0], [this.1, other.1])
    };
    let requests = number("INVITED_COMPARE_REQUESTS").unwrap_or(REQUESTS);
    let seed = std::env::var("INVITED_TEST_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(SEED);
    let outcome = run(&servers, requests, seed);
    println!("{requests} requests: {:?}", outcome.statuses);
    assert!(outcome.differences.is_empty(), "{}", outcome.differences.join("\n\n"));
    assert!([200, 204, 401, 403, 404, 422].iter().all(|status| outcome.statuses.contains_key(status)));
}
