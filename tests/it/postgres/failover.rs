//! Death of a PostgreSQL primary whose synchronous standby is promoted.
//!
//! One URL names both database servers, and ours find the primary themselves. Every answered write must survive; in
//! between there may be 503 and nothing worse.

use std::net::{SocketAddr, TcpListener};
use std::thread;
use std::time::Duration;

use invited::testing::{Entropy, Stopwatch, TemporaryFolder};
use invited_cluster::{Cluster, MORTAL};

use super::load::Visitor;
use super::load::ledger::Ledger;
use super::processes::{ServerProcess, account};
use crate::process::Client;
use crate::support::database::on;
use crate::support::within;

const SERVERS: usize = 2;
const CLIENTS: i64 = 6;

/// When the primary is killed, when the standby is promoted, and how long the clients work.
const DIES_AFTER: Duration = Duration::from_secs(5);
const PROMOTED_AFTER: Duration = Duration::from_secs(2);
const LASTS: Duration = Duration::from_secs(16);
const MOST_REQUESTS: i64 = 1_200;

/// How long a standby or server may take to get ready on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// The place of a database server in a URL.
fn place(cluster: &Cluster) -> String {
    cluster.url().rsplit_once('@').unwrap().1.to_owned()
}

fn settings(database: &str) -> Vec<(&str, &str)> {
    let mut settings =
        vec![("database", database), ("base-url", "http://127.0.0.1:1"), ("connections", "4"), ("readers", "2")];
    settings.extend(["rate-general", "rate-create"].map(|name| (name, "0")));
    settings
}

#[test]
fn a_promoted_standby_loses_no_answered_write() {
    let primary = Cluster::start(MORTAL).unwrap();
    on(&primary.url(), "postgres", "CREATE DATABASE invited");
    let standby = primary.standby().unwrap();
    primary.require_standby().unwrap();
    let is_followed = || on(&primary.url(), "postgres", "SELECT sync_state FROM pg_stat_replication") == ["sync"];
    assert!(within(PATIENCE, is_followed), "replication is not synchronous");
    let database = format!("postgres://invited@{},{}/invited", place(&primary), place(&standby));
    let token = account(&database);
    let folder = TemporaryFolder::create(&Entropy::system()).unwrap();
    let log = |number: usize| folder.database().with_file_name(format!("log-{number}"));
    let servers: Vec<ServerProcess> =
        (0..SERVERS).map(|number| ServerProcess::start(&settings(&database), log(number))).collect();
    let addresses: Vec<SocketAddr> = servers.iter().map(ServerProcess::address).collect();

    let clock = Stopwatch::start();
    let (ledgers, died, promoted, is_written_to) = thread::scope(|scope| {
        let visitors: Vec<_> = (1..=CLIENTS)
            .map(|number| Visitor::new(number, &addresses, &token, &clock))
            .map(|visitor| scope.spawn(move || visitor.work(LASTS, MOST_REQUESTS)))
            .collect();
        thread::sleep(DIES_AFTER);
        primary.kill().unwrap();
        let died = clock.elapsed();
        thread::sleep(PROMOTED_AFTER);
        let promoted = clock.elapsed();
        standby.promote().unwrap();
        let is_written_to = clock.elapsed();
        let ledgers: Vec<Ledger> = visitors.into_iter().map(|visitor| visitor.join().unwrap()).collect();
        (ledgers, died, promoted, is_written_to)
    });

    let complaints: Vec<String> = servers.iter().flat_map(ServerProcess::complaints).collect();
    assert!(complaints.is_empty(), "{complaints:#?}");
    let rows = |sql: &str| on(&standby.url(), "invited", sql);
    Ledger::compare(&ledgers, &rows);
    for (tally, condition) in [("account_invitations", "TRUE"), ("account_invitations.pending", "accepted_at IS NULL")]
    {
        let counted = rows(&format!("SELECT count(*) FROM account_invitations WHERE {condition}"));
        assert_eq!(rows(&format!("SELECT total FROM tallies WHERE name = '{tally}'")), counted, "{tally}");
    }

    let answered: Vec<Duration> = ledgers.iter().flat_map(|ledger| ledger.figures.answered_at.clone()).collect();
    let before = answered.iter().filter(|at| **at < died).count();
    let last_before = answered.iter().copied().filter(|at| *at < promoted).max().unwrap();
    let first_after = answered.iter().copied().filter(|at| *at > promoted).min().unwrap();
    let after = answered.iter().filter(|at| **at >= first_after).count();
    let sum = |figure: fn(&Ledger) -> u64| ledgers.iter().map(figure).sum::<u64>();
    println!(
        "{before} writes answered before, {after} after; {} of 503, {} answers lost, {} writes unknown, {} replayed; \
         killed at {died:?}, last answer at {last_before:?}, promotion from {promoted:?} to {is_written_to:?}, first answer at \
         {first_after:?}: {:?} after the kill, {:?} after the promotion was asked for",
        sum(|ledger| ledger.figures.unavailable),
        sum(|ledger| ledger.figures.lost),
        sum(|ledger| ledger.figures.unknown),
        sum(|ledger| ledger.figures.replayed),
        first_after - died,
        first_after - promoted,
    );
    assert!(before > 50 && after > 50, "the load was too light to prove anything");
    assert!(sum(|ledger| ledger.figures.unavailable) > 0, "no client noticed the death");
    assert_eq!(sum(|ledger| ledger.figures.lost), 0, "our servers stayed up and answered every request");
}

#[test]
fn a_silent_host_does_not_keep_the_next_one_from_being_tried() {
    let cluster = Cluster::start(&[]).unwrap();
    on(&cluster.url(), "postgres", "CREATE DATABASE invited");
    // The system accepts connections for it, as for a stopped process, but they are never read.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let database = format!("postgres://invited@{},{}/invited", silent.local_addr().unwrap(), place(&cluster));
    let token = account(&format!("{}/invited", cluster.url()));
    let folder = TemporaryFolder::create(&Entropy::system()).unwrap();
    let server = ServerProcess::start(&settings(&database), folder.database().with_file_name("log"));
    let mut client = Client::connect(server.address(), &token).unwrap();
    let is_answered = within(PATIENCE, || {
        let answer = client.send("GET", "/api/v1/account_invitations", "").unwrap();
        assert!([200, 503].contains(&answer.0), "{answer:?}");
        answer.0 == 200
    });
    assert!(is_answered);
}
