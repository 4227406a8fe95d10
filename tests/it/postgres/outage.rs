//! A database server that goes away and returns: immediate refusals with Retry-After, and nothing half done.

use std::time::Duration;

use invited::testing::Stopwatch;

use super::own_cluster::{serve, start, start_with};
use super::update;
use crate::concurrency::together;
use crate::support::database::execute;
use crate::support::{Answer, Server, token, within};

/// More than there are connections, so that each one is used.
const CLIENTS: usize = 32;

/// After this everything must work again. Connections are retried every two seconds at the latest.
const BACK_WITHIN: Duration = Duration::from_secs(15);

fn list(server: &Server) -> Answer {
    server.get("/account_invitations?include=invitee").bearer(token::ADMINISTRATOR).send()
}

/// Lists and updates at once.
fn ask_all(server: &Server) -> Vec<Answer> {
    together(CLIENTS, |client| if client % 2 == 0 { list(server) } else { update(server, client as u64) })
}

/// Asks until everything is answered, within the limit.
#[track_caller]
fn expect_back(server: &Server) {
    let (since, mut refused) = (Stopwatch::start(), 0);
    let is_back = within(BACK_WITHIN, || {
        let answers = ask_all(server);
        for answer in &answers {
            assert!([200, 503].contains(&answer.status), "{answer}");
        }
        let unserved = answers.iter().filter(|answer| answer.status == 503).count();
        refused += unserved;
        unserved == 0
    });
    assert!(is_back, "some are still refused after {:?}", since.elapsed());
    println!("all is well again after {:?}, {refused} were refused meanwhile", since.elapsed());
}

#[test]
fn a_database_restart_between_requests_goes_unnoticed() {
    // Answered writes must survive the crash, so commits wait for the log.
    let (cluster, url) = start_with(&["synchronous_commit = on"]);
    let server = serve(&url, &[]);
    ask_all(&server);
    for _ in 0..3 {
        cluster.break_down().unwrap();
        cluster.come_back().unwrap();
        // One by one first: a request that meets a lost connection is retried on a new one.
        assert_eq!((list(&server).status, update(&server, 7).status), (200, 200));
        expect_back(&server);
    }
}

#[test]
fn during_an_outage_requests_are_refused_at_once_and_nothing_is_half_done() {
    // Answered writes must survive the crash, so commits wait for the log.
    let (cluster, url) = start_with(&["synchronous_commit = on"]);
    let server = serve(&url, &[]);
    ask_all(&server);
    let before = server.everything_stored();
    cluster.break_down().unwrap();
    for round in 0..2 {
        let since = Stopwatch::start();
        let answers = ask_all(&server);
        let elapsed = since.elapsed();
        println!("round {round}: {CLIENTS} refusals took {elapsed:?}");
        for answer in answers {
            assert_eq!((answer.status, answer.header("retry-after")), (503, Some("1")), "{answer}");
            assert!(!answer.text().contains("127.0.0.1"), "the answer reveals the address of the database: {answer}");
        }
        assert!(elapsed < Duration::from_secs(4), "{elapsed:?}");
    }
    let page = |path: &str| server.request_at_root("GET", path).try_send().unwrap();
    assert_eq!(page("/health/ready").status, 503);
    assert_eq!(page("/health/ready").header("retry-after"), Some("1"));
    assert_eq!(page("/health/live").status, 200, "a supervisor has no reason to restart this program");
    cluster.come_back().unwrap();
    assert_eq!(server.everything_stored(), before);
    expect_back(&server);
    assert_eq!(page("/health/ready").status, 200);
}

/// The server's error code for a full disk, raised by triggers, since a test must not fill the disk.
const FULL: &str = "CREATE FUNCTION fill() RETURNS trigger AS $$ BEGIN \
     RAISE EXCEPTION 'the disk is full' USING ERRCODE = '53100'; END $$ LANGUAGE plpgsql; \
     CREATE TRIGGER full_disk BEFORE UPDATE ON schema_migrations FOR EACH ROW EXECUTE FUNCTION fill(); \
     CREATE TRIGGER full_disk BEFORE UPDATE ON account_invitations FOR EACH ROW EXECUTE FUNCTION fill()";

const EMPTIED: &str = "DROP FUNCTION fill() CASCADE";

#[test]
fn a_server_whose_writes_fail_is_not_ready_until_one_would_succeed() {
    let (_cluster, url) = start();
    let server = serve(&url, &[]);
    let ready = || server.request_at_root("GET", "/health/ready").try_send().unwrap().status;
    assert_eq!(ready(), 200);
    execute(&url, FULL);
    assert_eq!(ready(), 200, "nobody has written yet");
    update(&server, 1).expect(503);
    assert_eq!([ready(), ready()], [503, 503]);
    execute(&url, EMPTIED);
    assert_eq!(ready(), 200, "without a write by anybody else");
    update(&server, 2).expect(200);
}
