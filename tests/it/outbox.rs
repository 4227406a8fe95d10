//! The running outbox: mails are sent by themselves, exactly once, when the clock says so, and not while writes are
//! off.

use std::fs;
use std::time::Duration;

use invited::testing::{Entropy, TemporaryFolder};
use rusqlite::Connection;
use serde_json::json;

use crate::process::{Client, Program, address, sqlite};
use crate::support::{Server, token, within};

/// How long a test waits for a worker.
const PATIENCE: Duration = Duration::from_secs(20);

#[test]
fn a_mail_is_sent_by_itself_and_waiting_for_it_returns_it() {
    let server = Server::start_with(&[("mail_worker", "true")]);
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| {
            server.request_at_root("GET", "/sandbox/mailbox?to=Late@example.test&wait=20").send().expect(200).json()
        });
        std::thread::sleep(Duration::from_millis(100));
        let id = server.invite(&json!({"full_name": "Late", "email_address": "late@example.test"}));
        let messages = waiting.join().unwrap()["messages"].clone();
        assert_eq!(messages.as_array().unwrap().len(), 1);
        assert_eq!(messages[0]["invitation_id"], json!(id));
    });
}

#[test]
fn a_failed_mail_is_retried_when_the_clock_says_so() {
    let server =
        Server::start_with(&[("mail_worker", "true"), ("mail", "smtp://127.0.0.1:1"), ("mail_starttls", "none")]);
    server.invite(&json!({"full_name": "Late", "email_address": "late@example.test"}));
    let row = || server.stored("SELECT state, attempts, last_reply FROM outbox").remove(0);
    assert!(within(PATIENCE, || row().starts_with("queued|1|Connection error")), "the first attempt does not come");
    let is_tried_again = || within(Duration::from_millis(300), || !row().starts_with("queued|1|"));
    assert!(!is_tried_again(), "the clock stands still: {}", row());
    server.advance_seconds(23);
    assert!(!is_tried_again(), "the shortest wait is 24 seconds: {}", row());
    server.advance_seconds(14);
    assert!(within(PATIENCE, || row().starts_with("queued|2|Connection error")), "the second attempt does not come");
}

#[test]
fn neither_the_worker_nor_the_sweeper_writes_while_writes_are_switched_off() {
    let mut server = Server::start();
    server.invite(&json!({"full_name": "Late", "email_address": "late@example.test"}));
    let by_themselves = [("mail_worker", "true"), ("sweep_interval", "1")];
    let before = server.everything_stored();
    server.restart_with(&[&by_themselves[..], &[("queue_length", "0")]].concat());
    let writes = server.app().store.statistics().writes();
    for _ in 0..5 {
        server.advance_seconds(60);
        let writes_now = || server.app().store.statistics().writes();
        assert!(!within(Duration::from_millis(100), || writes_now() != writes), "no write is even tried");
    }
    assert_eq!(server.everything_stored(), before);

    // Once writes are allowed, the same server does both, so there was work to do.
    server.restart_with(&[("queue_length", "16")]);
    assert!(within(PATIENCE, || server.stored("SELECT state FROM outbox") == ["sent"]), "the mail does not come");
    let expired = "SELECT subject_id FROM audit WHERE action = 'account_invitation.expire'";
    assert!(within(PATIENCE, || server.stored(expired) == ["3"]), "the sweep does not come");
}

#[test]
fn two_servers_over_one_file_send_each_mail_once() {
    let folder = TemporaryFolder::create(&Entropy::system()).unwrap();
    let (database, mails) = (folder.database(), folder.database().with_file_name("mails"));
    let (url, way) = (sqlite(&database), format!("files:{}", mails.display()));
    let arguments = ["--database", &url, "--mail", &way, "--mail-connections", "2"];
    let (one, greeting) = Program::sandbox(&arguments);
    let (other, _) = Program::sandbox(&arguments);
    let mut client = Client::connect(address(&greeting), token::ADMINISTRATOR).unwrap();
    for bulk in 0..8 {
        let people: Vec<_> = (0..50)
            .map(|number| json!({"full_name": "N", "email_address": format!("n{bulk}.{number}@example.test")}))
            .collect();
        let body = json!({"account_invitations": people}).to_string();
        let (status, body) = client.send("POST", "/api/v1/account_invitations", &body).unwrap();
        assert_eq!(status, 200, "{body}");
    }
    let stored = Connection::open(&database).unwrap();
    stored.busy_timeout(Duration::from_secs(5)).unwrap();
    let count = |sql: &str| -> i64 { stored.query_row(sql, [], |row| row.get(0)).unwrap() };
    assert!(
        within(PATIENCE, || count("SELECT count(*) FROM outbox WHERE state = 'sent'") == 400),
        "every mail is sent does not come"
    );
    drop((one, other));
    assert_eq!(fs::read_dir(&mails).unwrap().count(), 400);
    // A second claim would have counted an attempt and made a link.
    assert_eq!(count("SELECT max(attempts) FROM outbox"), 1);
    assert_eq!(count("SELECT count(*) FROM invitation_links"), 400);
}

#[test]
fn without_mail_the_outbox_stays_empty() {
    let server = Server::start_with(&[("mail", "none")]);
    server.invite(&json!({"full_name": "Late", "email_address": "late@example.test"}));
    assert_eq!(server.stored("SELECT count(*) FROM outbox"), ["0"]);
    assert_eq!(server.deliver(), 0);
}

#[test]
fn a_mail_that_a_wrong_clock_has_put_off_is_due_at_once() {
    let server = Server::start();
    for (hours, is_due) in [(4, false), (5, true), (24 * 365, true)] {
        server.invite(&json!({"full_name": "Late", "email_address": format!("late{hours}@example.test")}));
        let put_off = hours * 3_600_000_000_i64;
        server.alter_stored(&format!("UPDATE outbox SET due_at = due_at + {put_off}"));
        assert_eq!(server.deliver(), usize::from(is_due), "{hours} hours");
        server.alter_stored("UPDATE outbox SET state = 'canceled', due_at = NULL");
    }
}

#[test]
fn a_dry_run_sends_no_mail() {
    let server = Server::start();
    let body = json!({"account_invitation": {"full_name": "Late", "email_address": "late@example.test"}});
    let request = server.post("/account_invitations").bearer(token::ADMINISTRATOR).json(&body);
    request.header("Invited-Dry-Run", "true").send().expect(200);
    assert_eq!(server.deliver(), 0);
}

#[test]
fn a_stopping_server_begins_no_mail() {
    let server = Server::start();
    server.invite(&json!({"full_name": "Late", "email_address": "late@example.test"}));
    server.work_while_stopping();
    let row = || server.stored("SELECT state, attempts FROM outbox");
    assert_eq!(row(), ["queued|0"]);
    assert_eq!(server.deliver(), 1);
    assert_eq!(row(), ["sent|1"]);
}
