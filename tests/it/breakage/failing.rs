//! A disk that refuses a commit, or hangs.

use std::time::Duration;

use super::rig::{Rig, invited};
use crate::support::orders::{NO_SPACE, Sync};
use crate::support::within;

const PATIENCE: Duration = Duration::from_secs(20);

#[test]
fn of_a_commit_that_the_disk_refused_nothing_is_left_after_a_crash() {
    let mut rig = Rig::with_faults();
    assert_eq!(rig.invite("before@example.test").0, 200);
    rig.orders().sync(Sync::Fails);
    for _ in 0..3 {
        let (status, body) = rig.invite("refused@example.test");
        assert_eq!(status, 503);
        assert!(body.contains("The service is temporarily unavailable. Please try again."), "{body}");
    }
    assert_eq!(rig.list(), 200, "reads go on");
    rig.kill();
    assert_eq!(invited(&rig.file()).last().unwrap(), "before@example.test");
    rig.orders().all_is_well();
    rig.restart();
    assert_eq!(rig.invite("refused@example.test").0, 200, "the retry that the answer asks for");
}

#[test]
fn a_commit_that_may_have_happened_is_told_so() {
    let mut rig = Rig::with_faults();
    assert_eq!(rig.invite("before@example.test").0, 200);
    rig.orders().sync(Sync::FailsAndStopsWrites);
    let (status, body) = rig.invite("unknown@example.test");
    assert_eq!(status, 503);
    assert!(body.contains("may have happened") && body.contains("Idempotency-Key"), "{body}");
    let (status, body) = rig.invite("later@example.test");
    assert_eq!(status, 503);
    assert!(body.contains("temporarily unavailable"), "nothing of a later write was begun: {body}");
    // Once the disk works, what may be left is removed before anything else is written.
    rig.orders().all_is_well();
    assert_eq!(rig.invite("later@example.test").0, 200);
    rig.kill();
    let there = invited(&rig.file());
    assert!(!there.contains(&"unknown@example.test".to_owned()), "{there:?}");
    assert_eq!(there.last().unwrap(), "later@example.test");
}

#[test]
fn only_a_write_that_can_be_repeated_under_a_key_names_the_key() {
    let rig = Rig::with_faults();
    rig.orders().sync(Sync::FailsAndStopsWrites);
    let (status, body) = rig.api().ask("POST", "/invitations/1/link", "").unwrap();
    assert_eq!(status, 503);
    assert!(body.contains("may have happened") && body.contains("Look before you repeat it."), "{body}");
    assert!(!body.contains("Idempotency-Key"), "{body}");
}

#[test]
fn a_server_on_a_full_disk_is_not_ready_until_there_is_space() {
    let rig = Rig::with_faults();
    assert_eq!([rig.invite("before@example.test").0, rig.ready()], [200, 200]);
    rig.orders().write_error(NO_SPACE);
    for _ in 0..5 {
        assert_eq!(rig.invite("refused@example.test").0, 503);
        assert_eq!([rig.ready(), rig.list()], [503, 200]);
    }
    rig.assert_logged_once("writes fail");
    rig.orders().all_is_well();
    assert_eq!(rig.ready(), 200, "without a write by anybody else");
    rig.assert_logged_once("writes succeed again");
    assert_eq!(rig.invite("refused@example.test").0, 200);
}

#[test]
fn a_server_whose_disk_hangs_is_not_ready_until_it_answers() {
    let rig = Rig::with_faults();
    assert_eq!(rig.invite("before@example.test").0, 200);
    rig.orders().sync(Sync::Hangs);
    let api = rig.api();
    std::thread::scope(|scope| {
        scope.spawn(move || api.invite("slow@example.test"));
        assert!(within(PATIENCE, || rig.ready() == 503));
        assert_eq!(rig.list(), 200, "reads go on");
        rig.orders().all_is_well();
        assert!(within(PATIENCE, || rig.ready() == 200));
    });
}
