//! kill -9 while a mail is under way, at each step between its claim and its settlement: it arrives all the same, and one that
//! arrives twice is the same mail.

use std::collections::BTreeSet;
use std::thread;
use std::time::Duration;

use invited::clock::Stopwatch;
use invited::entropy::Entropy;
use invited::sandbox::TemporaryFolder;
use rusqlite::Connection;
use serde_json::json;

use crate::process::{Client, Program, address, sqlite};
use crate::support::sink::{Manner, Moment, Sink};
use crate::support::{token, within};

/// A claim runs out after seven seconds with the timeout of two that is set here. On a machine that is busy with other stories an
/// attempt may take longer than that, and the next comes half a minute later.
const PATIENCE: Duration = Duration::from_secs(100);

/// When the process is killed.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// The request was answered; a worker may or may not have claimed the mail.
    Answered,
    /// The mail is claimed, and the mail server is silent.
    Connected,
    /// Half of the dialogue is over.
    Named,
    /// The mail server has the whole mail and has not said so.
    Handed,
    /// It has said so; the worker may or may not have written that down.
    Taken,
}

const STEPS: [Step; 5] = [Step::Answered, Step::Connected, Step::Named, Step::Handed, Step::Taken];

impl Step {
    /// How the mail server treats the first connection.
    fn manner(self) -> Manner {
        match self {
            // Nobody may have connected yet, so that the first connection may be that of the second start.
            Self::Answered => Manner::Kind,
            Self::Connected => Manner::Stalls(Moment::Greeting),
            Self::Named => Manner::Stalls(Moment::Recipient),
            Self::Handed => Manner::Stalls(Moment::Message),
            Self::Taken => Manner::Kind,
        }
    }

    fn has_come(self, sink: &Sink) -> bool {
        match self {
            Self::Answered => true,
            // The connection stands before anything is said on it, and stalls from then on.
            Self::Connected | Self::Named => sink.connections() > 0,
            Self::Handed => !sink.received().is_empty(),
            Self::Taken => !sink.accepted().is_empty(),
        }
    }
}

fn message_id(message: &[u8]) -> String {
    let text = String::from_utf8_lossy(message).into_owned();
    text.lines().find_map(|line| line.strip_prefix("Message-ID: ")).unwrap().to_owned()
}

/// Kills the program at one step and starts it again; returns the Message-IDs that the mail server has seen.
fn kill_at(step: Step) -> Vec<String> {
    let folder = TemporaryFolder::create(&Entropy::system()).unwrap();
    let sink = Sink::start(&[step.manner(), Manner::Kind]);
    let (url, way) = (sqlite(&folder.database()), sink.setting());
    let arguments =
        ["--database", &url, "--mail", &way, "--mail-starttls", "none", "--mail-timeout", "2", "--durability", "full"];
    let (program, greeting) = Program::sandbox(&arguments);
    let mut client = Client::connect(address(&greeting), token::ADMINISTRATOR).unwrap();
    let body = json!({"account_invitation": {"full_name": "N", "email_address": "n@example.test"}}).to_string();
    let (status, body) = client.send("POST", "/api/v1/account_invitations", &body).unwrap();
    assert_eq!(status, 200, "{body}");
    assert!(within(PATIENCE, || step.has_come(&sink)), "{step:?} does not come");
    if matches!(step, Step::Named) {
        thread::sleep(Duration::from_millis(100));
    }
    program.kill();

    let (program, _) = Program::sandbox(&arguments);
    let stored = Connection::open(folder.database()).unwrap();
    stored.busy_timeout(Duration::from_secs(5)).unwrap();
    let state = || -> String { stored.query_row("SELECT state FROM outbox", [], |row| row.get(0)).unwrap() };
    assert!(within(PATIENCE, || state() == "sent"), "{step:?}: the mail is not sent");
    drop(program);
    assert!(!sink.accepted().is_empty(), "{step:?}: the outbox says that it was sent, and nobody got it");
    sink.received().iter().map(|received| message_id(&received.wire)).collect()
}

#[test]
fn a_mail_survives_a_kill_at_every_step_and_stays_the_same_mail() {
    let start = Stopwatch::start();
    thread::scope(|scope| {
        let kills = STEPS.map(|step| (step, scope.spawn(move || kill_at(step))));
        for (step, kill) in kills {
            let arrived = kill.join().unwrap();
            let different: BTreeSet<&String> = arrived.iter().collect();
            assert_eq!(different.len(), 1, "{step:?}: {arrived:?}");
            if matches!(step, Step::Handed) {
                assert!(arrived.len() >= 2, "the mail server had it, and got it once more: {arrived:?}");
            }
            println!("{step:?}: {} arrived", arrived.len());
        }
    });
    println!("five kills took {:?}", start.elapsed());
}
