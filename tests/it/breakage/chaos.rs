//! One fault after the other under load: no acknowledged write is lost, and none that was refused is there.
//!
//! Each round lets clients invite, lets a fault happen, lets it pass, and kills the program; mail worker and sweeper
//! run. Then the file is compared with the answers. A write whose answer says that it may have happened, or that has no
//! answer, may be there or not. Rounds begin for `INVITED_CHAOS_SECONDS`, which `cargo xtask chaos` sets; it also shows
//! the table.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use invited::testing::Stopwatch;

use super::rig::{Api, Rig, invited, rename_all};
use crate::support::orders::{NO_SPACE, Sync};
use crate::support::{Ends, within};

const CLIENTS: usize = 4;

/// The variable that names the time, and the time without it: a round of each fault.
const VARIABLE: &str = "INVITED_CHAOS_SECONDS";
const SHORT: Duration = Duration::ZERO;

/// From this time on, the disk hangs for longer than a write may take.
const LONG: Duration = Duration::from_secs(30);
const SHORT_HANG: Duration = Duration::from_millis(500);
const LONG_HANG: Duration = Duration::from_millis(6_500);

/// Until the program is ready again after a fault, or the load has gone on.
const PATIENCE: Duration = Duration::from_secs(20);

/// Answers that each part of a round waits for.
const ENOUGH: usize = 20;

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

/// What the load has met so far, and whether it is to end.
#[derive(Default)]
struct Load {
    acknowledged: AtomicUsize,
    refused: AtomicUsize,
    is_over: AtomicBool,
}

impl Load {
    /// Waits until this many more writes are acknowledged, or refused.
    fn expect(count: &AtomicUsize, more: usize) {
        let before = count.load(Ordering::Relaxed);
        assert!(within(PATIENCE, || count.load(Ordering::Relaxed) >= before + more), "the load stands still");
    }
}

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
    fn by(api: Api, name: &str, load: &Load) -> Self {
        let mut told = Self::default();
        let mut number = 0;
        while !load.is_over.load(Ordering::Relaxed) {
            let address = format!("{name}.{number}@example.test");
            number += 1;
            let answer = match api.invite(&address) {
                Ok((200, _)) => {
                    told.acknowledged.insert(address);
                    load.acknowledged.fetch_add(1, Ordering::Relaxed);
                    "200".to_owned()
                }
                Ok((503, body)) if body.contains("may have happened") => {
                    told.unknown += 1;
                    "503 may have happened".to_owned()
                }
                Ok((503, _)) => {
                    told.refused.insert(address);
                    load.refused.fetch_add(1, Ordering::Relaxed);
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
fn strike(rig: &mut Rig, fault: Fault, load: &Load, hang: Duration) {
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
    match fault {
        // That nothing happens for so long is the fault.
        HangingSync => thread::sleep(hang),
        ClockAhead | ClockBack => Load::expect(&load.acknowledged, ENOUGH),
        _ => Load::expect(&load.refused, ENOUGH),
    }
    match fault {
        KillWhileSyncFails => return,
        FileMoved => fs::rename(rig.beside("moved.sqlite"), rig.file()).unwrap(),
        FileAndLogMoved => rename_all(&rig.beside("moved.sqlite"), &rig.file()),
        _ => rig.orders().all_is_well(),
    }
    assert!(within(PATIENCE, || rig.ready() == 200), "{fault:?}: the program does not recover by itself");
}

fn round(rig: &mut Rig, fault: Fault, number: usize, hang: Duration) -> Told {
    let (load, api) = (Load::default(), rig.api());
    thread::scope(|scope| {
        let client = |client: usize| {
            let (load, name) = (&load, format!("{fault:?}.{number}.{client}").to_lowercase());
            scope.spawn(move || Told::by(api, &name, load))
        };
        let clients: Vec<_> = (0..CLIENTS).map(client).collect();
        let end = Ends(&load.is_over);
        Load::expect(&load.acknowledged, ENOUGH);
        strike(rig, fault, &load, hang);
        if fault != KillWhileSyncFails {
            Load::expect(&load.acknowledged, ENOUGH);
        }
        rig.kill();
        drop(end);
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
        let told = round(&mut rig, fault, number, if time >= LONG { LONG_HANG } else { SHORT_HANG });
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
        assert_eq!((outcome.lost, outcome.refused_and_there), (0, 0), "{fault:?}");
        let is_refused = outcome.told.answers.contains_key("503 nothing was done");
        // Behind a disk that hangs for long, writes that have not begun are refused.
        assert!(fault == HangingSync || is_refused == REFUSE.contains(&fault), "{fault:?}");
    }
}
