//! kill -9 during a delivery, at each step between claim and settlement: the mail arrives anyway, and a second copy is
//! the same mail.

use std::collections::BTreeSet;
use std::thread;
use std::time::Duration;

use invited::testing::{Entropy, Stopwatch, TemporaryFolder};
use rusqlite::Connection;
use serde_json::json;

use crate::process::{Client, Program, address, sqlite};
use crate::support::sink::{Manner, Moment, Sink};
use crate::support::{token, within};

/// With the timeout of two seconds set here, a claim expires after seven. On a busy machine an attempt may take longer,
/// and the next one comes half a minute later.
const PATIENCE: Duration = Duration::from_secs(100);

/// When the process is killed.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// The request was answered; a worker may or may not have claimed the mail.
    Answered,
    /// The mail is claimed, and the mail server does not answer.
    Connected,
    /// Half of the dialogue is done.
    Named,
    /// The mail server has the whole mail and has not confirmed it.
    Handed,
    /// The mail server has confirmed it; the worker may or may not have recorded that.
    Taken,
}

const STEPS: [Step; 5] = [Step::Answered, Step::Connected, Step::Named, Step::Handed, Step::Taken];

impl Step {
    /// How the mail server treats the first connection.
    fn manner(self) -> Manner {
        match self {
            // Perhaps no connection came before the kill; then the first one comes from the second start.
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
            Self::Connected | Self::Named | Self::Handed => sink.stalled() > 0,
            Self::Taken => !sink.accepted().is_empty(),
        }
    }
}

fn message_id(message: &[u8]) -> String {
    let text = String::from_utf8_lossy(message).into_owned();
    text.lines().find_map(|line| line.strip_prefix("Message-ID: ")).unwrap().to_owned()
}

/// Kills the program at one step and starts it again; returns the Message-IDs that the mail server saw.
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
    program.kill();

    let (program, _) = Program::sandbox(&arguments);
    let stored = Connection::open(folder.database()).unwrap();
    stored.busy_timeout(Duration::from_secs(5)).unwrap();
    let state = || -> String { stored.query_row("SELECT state FROM outbox", [], |row| row.get(0)).unwrap() };
    assert!(within(PATIENCE, || state() == "sent"), "{step:?}: the mail is not sent");
    drop(program);
    assert!(!sink.accepted().is_empty(), "{step:?}: the outbox says that it was sent, but it did not arrive");
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
                assert!(arrived.len() >= 2, "the mail server got it again: {arrived:?}");
            }
            println!("{step:?}: {} arrived", arrived.len());
        }
    });
    println!("five kills took {:?}", start.elapsed());
}
