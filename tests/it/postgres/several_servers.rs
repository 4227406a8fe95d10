//! Three servers over one PostgreSQL database, one of which is killed every few seconds under load.
//!
//! Clients move on to the next server. At the end no answered write is lost, nothing happened twice, every count is
//! exact, and no mail was ever in delivery twice at once.

use std::thread;
use std::time::Duration;

use invited::testing::{Entropy, Stopwatch, TemporaryFolder};
use invited_cluster::Cluster;
use serde_json::Value;

use super::load::Visitor;
use super::load::ledger::Ledger;
use super::load::post::Post;
use super::processes::{ServerProcess, account};
use crate::process::{Client, run};
use crate::support::database::on;
use crate::support::within;

const SERVERS: usize = 3;
const CLIENTS: i64 = 3;
const KILLS: usize = 7;

/// How long the clients work, and how many requests each sends at most.
const LASTS: Duration = Duration::from_secs(24);
const MOST_REQUESTS: i64 = 1_200;

/// The time between kills, and until a restart.
const BETWEEN_KILLS: Duration = Duration::from_millis(2_600);
const DEAD_FOR: Duration = Duration::from_millis(400);

/// The contracted seats, fewer than will be taken.
const SEATS: &str = "5";

/// With the timeout of two seconds set here, a claim expires after seven. On a busy machine an attempt may take longer,
/// and the next one comes half a minute later.
const PATIENCE: Duration = Duration::from_secs(120);

/// Each query finds rows that may exist only together with others.
const HALVES: &[(&str, &str)] = &[
    (
        "a counter that does not match its rows",
        "SELECT t.name, t.total FROM tallies t WHERE t.name <> 'seats.billed' AND t.total <> CASE t.name \
         WHEN 'account_invitations' THEN (SELECT count(*) FROM account_invitations) \
         WHEN 'account_invitations.pending' THEN (SELECT count(*) FROM account_invitations WHERE accepted_at IS NULL) \
         WHEN 'account_memberships' THEN (SELECT count(*) FROM account_memberships) \
         WHEN 'account_memberships.active' THEN (SELECT count(*) FROM users WHERE is_active = 1) ELSE -1 END",
    ),
    (
        "an accepted invitation without exactly one membership",
        "SELECT i.id FROM account_invitations i WHERE accepted_at IS NOT NULL AND 1 <> (SELECT count(*) \
         FROM account_memberships m WHERE m.user_id = i.invitee_id AND m.disabled_at IS NULL)",
    ),
    (
        "a member without an invitation",
        "SELECT m.id FROM account_memberships m WHERE NOT m.is_owner = 1 AND NOT EXISTS (SELECT 1 \
         FROM account_invitations i WHERE i.invitee_id = m.user_id AND i.accepted_at IS NOT NULL)",
    ),
    (
        "an unreferenced user",
        "SELECT u.id FROM users u WHERE NOT EXISTS (SELECT 1 FROM account_memberships m WHERE m.user_id = u.id) \
         AND NOT EXISTS (SELECT 1 FROM account_invitations i WHERE i.invitee_id = u.id)",
    ),
    (
        "an invitation whose rate is not the last one in the trail",
        "SELECT i.id FROM account_invitations i WHERE i.bill_rate_in_cents::text <> (SELECT \
         a.after::json->>'bill_rate_in_cents' FROM audit a WHERE a.subject_type = 'account_invitations' AND a.subject_id = i.id \
         AND a.action IN ('account_invitation.create', 'account_invitation.update') ORDER BY a.id DESC LIMIT 1)",
    ),
    (
        "a number of mails that does not match the actions that send one",
        "SELECT 1 WHERE (SELECT count(*) FROM outbox) <> (SELECT count(*) FROM audit WHERE action IN \
         ('account_invitation.create', 'account_invitation.resend'))",
    ),
    (
        "a link of an accepted invitation",
        "SELECT l.id FROM invitation_links l JOIN account_invitations i \
      ON i.id = l.invitation_id WHERE i.accepted_at IS NOT NULL",
    ),
];

fn settings<'a>(database: &'a str, mail: &'a str) -> Vec<(&'a str, &'a str)> {
    let mut settings = vec![
        ("database", database),
        ("base-url", "http://127.0.0.1:1"),
        ("mail", mail),
        ("mail-from", "team@example.test"),
        ("mail-starttls", "none"),
        ("mail-timeout", "2"),
        ("sweep-interval", "2"),
        ("connections", "4"),
        ("readers", "2"),
    ];
    let without_limit = [
        "rate-general",
        "rate-create",
        "rate-resend",
        "rate-resend-per-invitation",
        "rate-sign-in-per-peer",
        "rate-mails-per-address",
    ];
    settings.extend(without_limit.map(|name| (name, "0")));
    settings
}

#[test]
fn servers_killed_in_turn_lose_nothing_and_do_nothing_twice() {
    let cluster = Cluster::start_hasty(&[]).unwrap();
    let server = cluster.url();
    on(&server, "postgres", "CREATE DATABASE invited");
    let database = format!("{server}/invited");
    let rows = |sql: &str| on(&server, "invited", sql);
    let token = account(&database);
    let contracted = run(&["seats", "set", SEATS, "--database", &database]);
    assert!(contracted.status.success(), "{}", String::from_utf8_lossy(&contracted.stderr));
    let (post, folder) = (Post::start(), TemporaryFolder::create(&Entropy::system()).unwrap());
    let (mail, log) = (post.setting(), |number: usize| folder.database().with_file_name(format!("log-{number}")));
    let mut servers: Vec<ServerProcess> =
        (0..SERVERS).map(|number| ServerProcess::start(&settings(&database, &mail), log(number))).collect();
    let addresses: Vec<_> = servers.iter().map(ServerProcess::address).collect();

    let clock = Stopwatch::start();
    let ledgers: Vec<Ledger> = thread::scope(|scope| {
        let visitors: Vec<_> = (1..=CLIENTS)
            .map(|number| {
                let mut visitor = Visitor::new(number, &addresses, &token, &clock);
                visitor.post = Some(&post);
                scope.spawn(move || visitor.work(LASTS, MOST_REQUESTS))
            })
            .collect();
        for kill in 0..KILLS {
            thread::sleep(BETWEEN_KILLS);
            let victim = &mut servers[kill % SERVERS];
            victim.kill();
            thread::sleep(DEAD_FOR);
            victim.start_again();
        }
        visitors.into_iter().map(|visitor| visitor.join().unwrap()).collect()
    });
    let worked = clock.elapsed();
    let settling = Stopwatch::start();
    assert!(
        within(PATIENCE, || rows("SELECT count(*) FROM outbox WHERE due_at IS NOT NULL") == ["0"]),
        "not every mail is sent: {:?}",
        rows("SELECT * FROM outbox WHERE due_at > 0")
    );

    let complaints: Vec<String> = servers.iter().flat_map(ServerProcess::complaints).collect();
    assert!(complaints.is_empty(), "{complaints:#?}");
    let deadlocks = cluster.log().matches("deadlock detected").count();
    assert_eq!(deadlocks, 0, "writes deadlocked: {}", cluster.log());
    Ledger::compare(&ledgers, &rows);
    for (what, sql) in HALVES {
        assert_eq!(rows(sql), Vec::<String>::new(), "found {what}");
    }
    every_count_is_exact(&addresses, &token, &rows);
    the_billed_seats_cover_the_reported_ones(&ledgers, &rows);
    every_mail_came_and_never_twice_at_once(&post, &rows);

    let sum = |figure: fn(&Ledger) -> u64| ledgers.iter().map(figure).sum::<u64>();
    println!(
        "{} requests in {worked:?} with {KILLS} kills: {} answers lost, {} of 503, {} writes unknown, {} replayed; \
         {} effects certain; {} mails, {} of them again after a kill; settled after {:?}",
        sum(|ledger| ledger.figures.requests),
        sum(|ledger| ledger.figures.lost),
        sum(|ledger| ledger.figures.unavailable),
        sum(|ledger| ledger.figures.unknown),
        sum(|ledger| ledger.figures.replayed),
        ledgers.iter().map(Ledger::certain_effects).sum::<usize>(),
        post.delivered().len(),
        post.repeated().0,
        settling.elapsed(),
    );
    assert!(sum(|ledger| ledger.figures.writes) > 300, "the load was too light to prove anything");
}

/// Every counted list reports the number of its rows, through every server.
fn every_count_is_exact(addresses: &[std::net::SocketAddr], token: &str, rows: &dyn Fn(&str) -> Vec<String>) {
    for (path, sql) in [
        ("account_invitations", "SELECT count(*) FROM account_invitations WHERE accepted_at IS NULL"),
        ("account_invitations?only_pending=false", "SELECT count(*) FROM account_invitations"),
        ("account_memberships", "SELECT count(*) FROM account_memberships WHERE disabled_at IS NULL"),
        ("users", "SELECT count(*) FROM users WHERE is_active = 1"),
    ] {
        for address in addresses {
            let mut client = Client::connect(*address, token).unwrap();
            let (status, body) = client.send("GET", &format!("/api/v1/{path}"), "").unwrap();
            assert_eq!(status, 200, "{body}");
            let body: Value = serde_json::from_str(&body).unwrap();
            assert_eq!(vec![body["count"].to_string()], rows(sql), "the count of {path}");
        }
    }
}

/// At least as many seats are billed as any answer reported, and as are taken now.
fn the_billed_seats_cover_the_reported_ones(ledgers: &[Ledger], rows: &dyn Fn(&str) -> Vec<String>) {
    let billed: i64 = rows("SELECT total FROM tallies WHERE name = 'seats.billed'").remove(0).parse().unwrap();
    let taken = "SELECT (SELECT count(*) FROM account_invitations WHERE accepted_at IS NULL) \
                 + (SELECT count(*) FROM users WHERE is_active = 1)";
    let taken: i64 = rows(taken).remove(0).parse().unwrap();
    let reported = ledgers.iter().map(|ledger| ledger.figures.seats_over).max().unwrap_or_default();
    let over = taken - SEATS.parse::<i64>().unwrap();
    assert!(
        billed >= reported.max(over),
        "{billed} seats are billed, {reported} were reported, and {over} are over now"
    );
}

fn every_mail_came_and_never_twice_at_once(post: &Post, rows: &dyn Fn(&str) -> Vec<String>) {
    assert_eq!(post.overlapping(), Vec::<String>::new(), "mails were in delivery twice at once");
    let (_, unexcused) = post.repeated();
    assert!(unexcused.is_empty(), "mails were repeated though their worker survived: {unexcused:#?}");
    let came: std::collections::BTreeSet<String> =
        post.delivered().into_iter().map(|mail| mail.message_id.trim_matches(['<', '>']).to_owned()).collect();
    for sent in rows("SELECT message_id FROM outbox WHERE state = 'sent'") {
        assert!(came.contains(&sent), "the outbox says that {sent} was sent, but it did not arrive");
    }
    assert_eq!(rows("SELECT state FROM outbox WHERE state NOT IN ('sent', 'canceled')"), Vec::<String>::new());
}
