//! The system's clock jumps under a running program: days ahead, and back.
//!
//! A small library, loaded into the program, moves the wall clock and leaves the monotonic one alone, as a time server
//! does when it corrects a machine.

use std::net::SocketAddr;
use std::time::Duration;

use crate::binary::Team;
use crate::process::{Client, Program, command};
use crate::support::orders::Orders;
use crate::support::within;

const PATIENCE: Duration = Duration::from_secs(30);

const DAY: i64 = 86_400;

/// A program whose clock can be moved.
struct Moved {
    _program: Program,
    address: SocketAddr,
    orders: Orders,
}

impl Moved {
    /// Serves a team's database with a sweep each second and its clock moved.
    fn serve(team: &Team, seconds: i64, more: &[&str]) -> Self {
        let orders = Orders::build(team.path("orders").parent().unwrap());
        orders.clock(seconds);
        let usual = ["serve", "--database", &team.url, "--listen", "127.0.0.1:0", "--sweep-interval", "1"];
        let mut serve = command(&[&usual[..], &["--metrics-on-main-listener", "true"], more].concat());
        orders.apply_to(&mut serve);
        let (program, address) = Program::serve(serve);
        Self { _program: program, address, orders }
    }

    fn move_to(&self, seconds: i64) {
        self.orders.clock(seconds);
    }

    #[track_caller]
    fn expect_doubt(&self, is_doubting: bool) {
        let line = format!("invited_clock_doubted {}\n", i64::from(is_doubting));
        let metrics = || Client::connect(self.address, "").unwrap().send("GET", "/metrics", "").unwrap().1;
        assert!(within(PATIENCE, || metrics().contains(&line)), "{line:?} does not come: {}", metrics());
    }
}

#[track_caller]
fn comes(what: &str, condition: impl FnMut() -> bool) {
    assert!(within(PATIENCE, condition), "it does not come: {what}");
}

#[test]
fn a_clock_that_is_put_back_stops_neither_the_mail_worker_nor_the_sweeper() {
    let team = Team::new();
    let mails = format!("files:{}", team.path("mails").display());
    let server = Moved::serve(&team, 3 * DAY, &["--mail", &mails, "--mail-from", "invitations@example.test"]);
    team.invited(&[("Ada", "ada@example.test")]);
    let states = || team.texts("SELECT state FROM outbox ORDER BY id");
    comes("the first mail", || states() == ["sent"]);

    server.move_to(0);
    // From another process, whose bell this server does not hear.
    team.invited(&[("Bob", "bob@example.test")]);
    comes("the mail after the jump", || states() == ["sent", "sent"]);
    team.alter("UPDATE account_invitations SET expires_on = 0; UPDATE accounts SET expired_through = NULL");
    let unmarked = "SELECT email_address FROM account_invitations WHERE expired_at IS NULL";
    comes("the sweep after the jump", || team.texts(unmarked).is_empty());
}

#[test]
fn a_clock_that_is_weeks_ahead_for_some_seconds_ends_and_deletes_nothing() {
    let team = Team::new();
    team.invited(&[("Ada", "ada@example.test")]);
    let nowhere = ["--mail", "smtp://127.0.0.1:1", "--mail-starttls", "none", "--mail-from", "i@example.test"];
    let server = Moved::serve(&team, 0, &[&nowhere[..], &["--keep-expired-days", "5"]].concat());
    let attempts = || team.texts("SELECT CAST(attempts AS TEXT) FROM outbox");
    // With its outcome, since the wait for the next one is counted from then.
    let is_over = "SELECT state FROM outbox WHERE attempts = 1 AND last_reply IS NOT NULL";
    comes("the first attempt", || team.texts(is_over) == ["queued"]);
    server.expect_doubt(false);

    server.move_to(40 * DAY);
    server.expect_doubt(true);
    let claimed = "SELECT 'claimed' FROM outbox o JOIN account_invitations i ON i.id = o.invitation_id \
                   WHERE o.updated_at > i.updated_at + 86400000000";
    comes("a claim meanwhile", || team.texts(claimed) == ["claimed"]);
    assert_eq!(attempts(), ["1"], "it only looks expired, so nothing is attempted");
    let left = "SELECT o.state || ' ' || coalesce(i.expired_at, 'open') || ' ' \
                || (SELECT count(*) FROM invitation_links) \
                FROM outbox o JOIN account_invitations i ON i.id = o.invitation_id";
    assert_eq!(team.texts(left), ["queued open 1"]);
    server.move_to(0);
    server.expect_doubt(false);
    assert_eq!(team.texts(left), ["queued open 1"]);

    // The mail is not due in 40 days.
    comes("an attempt afterwards", || attempts() == ["2"]);
}

#[test]
fn a_sweep_far_beyond_the_last_one_takes_an_operators_word() {
    let team = Team::new();
    team.invited(&[("Ada", "ada@example.test")]);
    assert_eq!(team.run(&["sweep"]), "Rows that were marked or deleted: 0\n");
    let age = |days: i64| {
        let change = format!("CAST(CAST(value AS INTEGER) - {days} * 86400000000 AS TEXT)");
        team.alter(&format!("UPDATE markers SET value = {change} WHERE name = 'clock_believed_at'"));
    };
    team.alter("UPDATE account_invitations SET expires_on = 0; UPDATE accounts SET expired_through = NULL");
    age(3);
    for _ in 0..2 {
        team.refused(&["sweep"], &["nothing was swept", "--trust-clock"]);
    }
    let marked = "SELECT email_address FROM account_invitations WHERE expired_at IS NOT NULL";
    assert_eq!(team.texts(marked), Vec::<String>::new());
    assert_eq!(team.run(&["sweep", "--trust-clock"]), "Rows that were marked or deleted: 1\n");
    assert_eq!(team.texts(marked), ["ada@example.test"]);
    for days in [1, -400] {
        age(days);
        team.run(&["sweep"]);
    }
}

#[test]
fn a_daily_sweep_believes_on_the_next_day_after_a_weekend_without_one() {
    let team = Team::new();
    team.run(&["sweep"]);
    let earlier = |name: &str, hours: i64| {
        let change = format!("CAST(CAST(value AS INTEGER) - {hours} * 3600000000 AS TEXT)");
        team.alter(&format!("UPDATE markers SET value = {change} WHERE name = '{name}'"));
    };
    earlier("clock_believed_at", 72);
    team.refused(&["sweep"], &["nothing was swept", "an hour to two days from now"]);
    for name in ["clock_believed_at", "clock_doubted_since"] {
        earlier(name, 24);
    }
    team.run(&["sweep"]);
    assert_eq!(team.texts("SELECT name FROM markers"), ["clock_believed_at"]);
}

#[test]
fn a_doubted_clock_that_jumps_again_has_not_kept_running() {
    let team = Team::new();
    let server = Moved::serve(&team, 0, &[]);
    server.expect_doubt(false);
    server.move_to(40 * DAY);
    server.expect_doubt(true);
    let since = || -> i64 {
        let marked = team.texts("SELECT value FROM markers WHERE name = 'clock_doubted_since'");
        marked.first().map_or(0, |value| value.parse::<i64>().unwrap() / 1_000_000)
    };
    comes("the doubt in the database", || since() > 0);
    let first = since();
    server.move_to(41 * DAY);
    comes("a new doubt", || since() > first + DAY / 2);
    server.expect_doubt(true);
}

#[test]
fn an_invitation_that_was_ended_is_shown_as_expired() {
    let team = Team::new();
    team.invited(&[("Ada", "ada@example.test"), ("Bob", "bob@example.test")]);
    team.alter("UPDATE account_invitations SET expired_at = 1 WHERE email_address = 'ada@example.test'");
    let listed = team.json(&["invitation", "list", "--all"]);
    let states: Vec<&str> =
        listed["account_invitations"].as_array().unwrap().iter().map(|one| one["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["expired", "pending"]);
}
