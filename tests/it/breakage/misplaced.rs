//! Files that are moved, replaced or deleted while the program has them open.

use std::fs;
use std::path::Path;
use std::time::Duration;

use super::rig::{Rig, invited, rename_all};
use crate::process::{printed, run, sqlite};
use crate::support::within;

/// Longest wait for what an idle machine notices in a tenth of a second.
const PATIENCE: Duration = Duration::from_secs(10);

/// Invites until that is refused; returns the addresses whose invitations were acknowledged.
fn invite_until_refused(rig: &Rig, name: &str) -> Vec<String> {
    let mut acknowledged = Vec::new();
    for number in 0..10_000 {
        let address = format!("{name}.{number}@example.test");
        match rig.invite(&address) {
            (200, _) => acknowledged.push(address),
            (status, _) => {
                assert_eq!(status, 503);
                return acknowledged;
            }
        }
    }
    panic!("ten thousand writes went into a file that nobody will find");
}

fn assert_all_in(acknowledged: &[String], file: &Path) {
    let there = invited(file);
    let lost: Vec<&String> = acknowledged.iter().filter(|address| !there.contains(address)).collect();
    assert!(lost.is_empty(), "lost {lost:?} of {}", acknowledged.len());
}

#[test]
fn a_moved_file_stops_the_server_until_it_is_back() {
    for with_log in [false, true] {
        let rig = Rig::start();
        let moved = rig.beside("elsewhere.sqlite");
        assert_eq!(rig.invite("before@example.test").0, 200);
        let rename = if with_log { rename_all } else { |from: &Path, to: &Path| fs::rename(from, to).unwrap() };
        rename(&rig.file(), &moved);
        assert_eq!(rig.invite("nowhere@example.test").0, 503, "the first write after the move");
        assert_eq!(rig.ready(), 503);
        assert!(within(PATIENCE, || rig.list() == 503), "what is read may be out of date for a moment only");
        for _ in 0..20 {
            assert_eq!(rig.invite("nowhere@example.test").0, 503);
        }
        rename(&moved, &rig.file());
        assert_eq!(rig.invite("after@example.test").0, 200);
        assert_eq!([rig.ready(), rig.list()], [200, 200]);
        rig.assert_logged_once("writes fail");
        rig.assert_logged_once("writes succeed again");
        drop(rig);
    }
}

#[test]
fn an_idle_server_notices_by_itself_and_leaves_the_moved_file_whole() {
    let mut rig = Rig::start();
    let moved = rig.beside("elsewhere.sqlite");
    assert_eq!(rig.invite("before@example.test").0, 200);
    fs::rename(rig.file(), &moved).unwrap();
    rig.assert_logged_once("writes fail");
    rig.kill();
    // Without its log, which has stayed behind.
    let copy = rig.beside("copy.sqlite");
    fs::copy(&moved, &copy).unwrap();
    assert_all_in(&["before@example.test".to_owned()], &copy);
}

#[test]
fn a_file_put_in_place_of_the_open_one_is_neither_served_nor_harmed() {
    let mut rig = Rig::start();
    assert_eq!(rig.invite("old@example.test").0, 200);
    let backup = rig.beside("backup.sqlite");
    let arguments = ["backup", "--database", &sqlite(&rig.file()), "--to", &backup.display().to_string()];
    let output = run(&arguments);
    assert!(output.status.success(), "{}", printed(&output.stderr));
    let in_backup = invited(&backup);
    assert_eq!(rig.invite("later@example.test").0, 200);
    fs::rename(&backup, rig.file()).unwrap();
    assert_eq!(invite_until_refused(&rig, "nowhere"), Vec::<String>::new());
    assert!(within(PATIENCE, || rig.list() == 503), "a token revoked in the new file would go on here");
    assert_eq!(rig.ready(), 503);
    rig.restart_after_kill();
    assert_eq!([rig.ready(), rig.list()], [200, 200], "after a restart, the new file is served");
    rig.stop();
    assert_eq!(invited(&rig.file()), in_backup, "no page of the old database came into the new one");
}

#[test]
fn a_deleted_log_costs_no_acknowledged_write() {
    for ending in ["-wal", "-shm"] {
        let mut rig = Rig::start();
        let mut acknowledged: Vec<String> = (0..9).map(|number| format!("early.{number}@example.test")).collect();
        for address in &acknowledged {
            assert_eq!(rig.invite(address).0, 200);
        }
        fs::remove_file(format!("{}{ending}", rig.file().display())).unwrap();
        acknowledged.extend(invite_until_refused(&rig, "late"));
        assert_eq!(rig.ready(), 503);
        rig.assert_logged_once("writes fail");
        rig.restart_after_kill();
        assert_eq!([rig.ready(), rig.list()], [200, 200]);
        rig.stop();
        assert_all_in(&acknowledged, &rig.file());
    }
}
