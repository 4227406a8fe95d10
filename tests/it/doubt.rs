//! A clock that is days ahead of when it was last believed: what a server does until it believes it.

use std::time::Duration;

use serde_json::json;

use crate::support::{Server, within};

const HOUR: u64 = 3_600;
const DAY: u64 = 24 * HOUR;

const PATIENCE: Duration = Duration::from_secs(20);

/// A server that has believed its clock, and whose clock is three days ahead now.
fn doubting() -> Server {
    let server = Server::start_plain(&[]);
    assert!(server.sweep_if_believed().is_some());
    server.advance_seconds(3 * DAY);
    assert_eq!(server.sweep_if_believed(), None);
    server
}

fn since(server: &Server) -> Vec<String> {
    server.stored("SELECT value FROM markers WHERE name = 'clock_doubted_since'")
}

#[test]
fn a_server_that_is_restarted_more_than_once_an_hour_believes_its_clock_after_an_hour() {
    let mut server = doubting();
    for _ in 0..3 {
        server.advance_seconds(HOUR / 4);
        server.restart();
        assert_eq!(server.sweep_if_believed(), None);
    }
    server.advance_seconds(HOUR / 4);
    server.restart();
    assert!(server.sweep_if_believed().is_some(), "the hour is over");
    assert_eq!(since(&server), Vec::<String>::new());
    assert!(server.sweep_if_believed().is_some());
}

#[test]
fn a_clock_that_is_right_again_ends_the_doubt_and_the_next_one_takes_a_whole_hour() {
    let server = doubting();
    let right = server.app().clock.now().minus(Duration::from_secs(3 * DAY));
    server.app().clock.set(Some(right), None);
    assert!(server.sweep_if_believed().is_some());
    assert_eq!(since(&server), Vec::<String>::new());
    server.advance_seconds(3 * DAY + HOUR / 2);
    assert_eq!(server.sweep_if_believed(), None);
    server.advance_seconds(HOUR - 1);
    assert_eq!(server.sweep_if_believed(), None);
    server.advance_seconds(1);
    assert!(server.sweep_if_believed().is_some());
}

#[test]
fn a_doubt_of_another_time_proves_nothing() {
    let server = doubting();
    // More than two days after the doubt began, and then before it.
    server.advance_seconds(3 * DAY);
    assert_eq!(server.sweep_if_believed(), None);
    let before = server.app().clock.now().minus(Duration::from_secs(DAY));
    server.app().clock.set(Some(before), None);
    assert_eq!(server.sweep_if_believed(), None);
    assert_eq!(since(&server), [before.0.to_string()]);
    server.advance_seconds(HOUR);
    assert!(server.sweep_if_believed().is_some());
}

#[test]
fn a_server_that_never_sweeps_records_every_hour_that_its_clock_is_right() {
    let server = Server::start_plain(&[]);
    let believed = || server.stored("SELECT value FROM markers WHERE name = 'clock_believed_at'");
    assert!(within(PATIENCE, || !believed().is_empty()), "at its start");
    for _ in 0..3 {
        let before = believed();
        let comes = within(PATIENCE, || {
            server.advance_seconds(HOUR / 6);
            believed() != before
        });
        assert!(comes, "after {before:?}");
    }
}

#[test]
fn a_mail_that_only_looks_expired_loses_no_attempt() {
    let server = Server::start_plain(&[]);
    assert!(server.sweep_if_believed().is_some());
    server.invite(&json!({"full_name": "Nia", "email_address": "nia@example.test"}));
    let row = || server.stored("SELECT state, attempts FROM outbox");
    server.advance_seconds(60 * DAY);
    for _ in 0..3 {
        assert_eq!(server.deliver(), 0);
        assert_eq!(row(), ["queued|0"]);
        server.advance_seconds(70);
    }
    let right = server.app().clock.now().minus(Duration::from_secs(60 * DAY));
    server.app().clock.set(Some(right), None);
    assert_eq!(server.deliver(), 1);
    assert_eq!(row(), ["sent|1"]);
}
