//! One fault after the other under load: no acknowledged write is lost, and none that was refused is there.
//!
//! Each round lets clients invite, lets a fault happen, lets it pass, and kills the program; mail worker and sweeper run. Then the file is compared
//! with the answers. A write whose answer says that it may have happened, or that has no answer, may be there or
//! not. `INVITED_CHAOS_SECONDS` is for how long rounds begin; `cargo xtask chaos` sets it, and shows the table.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use invited::testing::Stopwatch;

use super::orders::{NO_SPACE, Sync};
use super::rig::{Api, Rig, invited, rename_all};
use crate::support::within;

const CLIENTS: usize = 4;

/// The variable that names the time, and the time without it: a round of each fault.
const VARIABLE: &str = "INVITED_CHAOS_SECONDS";
const SHORT: Duration = Duration::ZERO;

/// From this time on, the disk hangs for longer than a write may take.
const LONG: Duration = Duration::from_secs(30);

/// Until the program is ready again after a fault.
const RECOVERY: Duration = Duration::from_secs(20);

const DAY: i64 = 86_400;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Fault {
    Kill,
    FullDisk,
    FailingSync,
    KillWhileSyncFails,
    HangingSync,
    FileMoved,
    FileAndLogMoved,
    ClockAhead,
    ClockBack,
}

use Fault::{
    ClockAhead, ClockBack, FailingSync, FileAndLogMoved, FileMoved, FullDisk, HangingSync, Kill, KillWhileSyncFails,
};

const FAULTS: [Fault; 9] =
    [Kill, FullDisk, FailingSync, KillWhileSyncFails, HangingSync, FileMoved, FileAndLogMoved, ClockAhead, ClockBack];

/// The faults during which writes are refused.
const REFUSE: [Fault; 5] = [FullDisk, FailingSync, KillWhileSyncFails, FileMoved, FileAndLogMoved];

/// What clients were told, by address.
#[derive(Default)]
struct Told {
    acknowledged: BTreeSet<String>,
    refused: BTreeSet<String>,
    unknown: usize,
    answers: BTreeMap<String, usize>,
}

impl Told {
    fn join(&mut self, other: Self) {
        self.acknowledged.extend(other.acknowledged);
        self.refused.extend(other.refused);
        self.unknown += other.unknown;
        for (answer, count) in other.answers {
            *self.answers.entry(answer).or_default() += count;
        }
    }

    /// Invites until the load is over.
    fn by(api: Api, name: &str, is_over: &AtomicBool) -> Self {
        let mut told = Self::default();
        let mut number = 0;
        while !is_over.load(Ordering::Relaxed) {
            let address = format!("{name}.{number}@example.test");
            number += 1;
            let answer = match api.invite(&address) {
                Ok((200, _)) => {
                    told.acknowledged.insert(address);
                    "200".to_owned()
                }
                Ok((503, body)) if body.contains("may have happened") => {
                    told.unknown += 1;
                    "503 may have happened".to_owned()
                }
                Ok((503, _)) => {
                    told.refused.insert(address);
                    "503 nothing was done".to_owned()
                }
                Ok((status, body)) => panic!("{status} {body}"),
                Err(_) => {
                    told.unknown += 1;
                    "no answer".to_owned()
                }
            };
            if answer != "200" {
                // A client waits a little before it tries again.
                thread::sleep(Duration::from_millis(10));
            }
            *told.answers.entry(answer).or_default() += 1;
        }
        told
    }
}

/// What happened in the rounds of a fault.
#[derive(Default)]
struct Outcome {
    told: Told,
    rounds: usize,
    lost: usize,
    refused_and_there: usize,
}

/// Lets a fault happen and, unless the kill is to come in its midst, pass: then the program is ready again.
fn strike(rig: &mut Rig, fault: Fault, is_long: bool) {
    let moment = Duration::from_millis(400);
    match fault {
        Kill => return,
        FullDisk => rig.orders().write_error(NO_SPACE),
        FailingSync | KillWhileSyncFails => rig.orders().sync(Sync::Fails),
        HangingSync => rig.orders().sync(Sync::Hangs),
        FileMoved => fs::rename(rig.file(), rig.beside("moved.sqlite")).unwrap(),
        FileAndLogMoved => rename_all(&rig.file(), &rig.beside("moved.sqlite")),
        ClockAhead => rig.orders().clock(40 * DAY),
        ClockBack => rig.orders().clock(-40 * DAY),
    }
    thread::sleep(if is_long && fault == HangingSync { 16 * moment } else { moment });
    match fault {
        KillWhileSyncFails => return,
        FileMoved => fs::rename(rig.beside("moved.sqlite"), rig.file()).unwrap(),
        FileAndLogMoved => rename_all(&rig.beside("moved.sqlite"), &rig.file()),
        _ => rig.orders().all_is_well(),
    }
    assert!(within(RECOVERY, || rig.ready() == 200), "{fault:?}: the program does not recover by itself");
}

fn round(rig: &mut Rig, fault: Fault, number: usize, is_long: bool) -> Told {
    let (is_over, api) = (AtomicBool::new(false), rig.api());
    thread::scope(|scope| {
        let client = |client: usize| {
            let (is_over, name) = (&is_over, format!("{fault:?}.{number}.{client}").to_lowercase());
            scope.spawn(move || Told::by(api, &name, is_over))
        };
        let clients: Vec<_> = (0..CLIENTS).map(client).collect();
        thread::sleep(Duration::from_millis(150));
        strike(rig, fault, is_long);
        thread::sleep(Duration::from_millis(50));
        rig.kill();
        is_over.store(true, Ordering::Relaxed);
        let mut told = Told::default();
        for client in clients {
            told.join(client.join().unwrap());
        }
        told
    })
}

fn print(outcomes: &BTreeMap<Fault, Outcome>) {
    println!("{:<18} {:>6} {:>12} {:>5}  answers", "fault", "rounds", "acknowledged", "lost");
    for (fault, outcome) in outcomes {
        let answers: Vec<String> =
            outcome.told.answers.iter().map(|(answer, count)| format!("{count} x {answer}")).collect();
        let (name, count) = (format!("{fault:?}"), outcome.told.acknowledged.len());
        println!("{name:<18} {:>6} {count:>12} {:>5}  {}", outcome.rounds, outcome.lost, answers.join(", "));
    }
    let sum = |of: fn(&Outcome) -> usize| outcomes.values().map(of).sum::<usize>();
    println!(
        "acknowledged {}, lost {}; refused {}, there all the same {}",
        sum(|outcome| outcome.told.acknowledged.len()),
        sum(|outcome| outcome.lost),
        sum(|outcome| outcome.told.refused.len()),
        sum(|outcome| outcome.refused_and_there),
    );
}

#[test]
fn no_acknowledged_write_is_lost_and_no_refused_one_is_there_whatever_fails() {
    let seconds = std::env::var(VARIABLE).ok().map(|seconds| seconds.parse().expect("a number of seconds"));
    let time = seconds.map_or(SHORT, Duration::from_secs);
    let start = Stopwatch::start();
    let mut outcomes: BTreeMap<Fault, Outcome> = BTreeMap::new();
    let mut rig = Rig::with_faults_and_work();
    let mut number = 0;
    while number < FAULTS.len() || start.elapsed() < time {
        let fault = FAULTS[number % FAULTS.len()];
        let told = round(&mut rig, fault, number, time >= LONG);
        let there: BTreeSet<String> = invited(&rig.file()).into_iter().collect();
        let outcome = outcomes.entry(fault).or_default();
        outcome.rounds += 1;
        outcome.lost += told.acknowledged.difference(&there).count();
        outcome.refused_and_there += told.refused.intersection(&there).count();
        outcome.told.join(told);
        rig.orders().all_is_well();
        rig.restart();
        number += 1;
    }
    print(&outcomes);
    for (fault, outcome) in outcomes {
        assert!(outcome.told.acknowledged.len() > 10, "{fault:?}: the load was too light to prove anything");
        assert_eq!((outcome.lost, outcome.refused_and_there), (0, 0), "{fault:?}");
        let is_refused = outcome.told.answers.contains_key("503 nothing was done");
        assert_eq!(is_refused, REFUSE.contains(&fault), "{fault:?}");
    }
}
