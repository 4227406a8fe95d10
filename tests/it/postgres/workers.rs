//! Two servers over one database send mails and sweep at the same moment.
//!
//! Neither waits for the other, and each row is handled by exactly one of them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use invited::testing::{App, Clock, Config, Entropy, Running, Seed, Stopwatch, Timestamp};
use invited_cluster::Cluster;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use super::load::post::Post;
use crate::process::Client;
use crate::support::database::on;
use crate::support::server::texts;
use crate::support::{token, within};

/// 2031-01-02T03:04:05Z, where the clocks are frozen.
const BEGINNING: Timestamp = Timestamp(1_925_089_445_000_000);

/// How long a test waits for a worker.
const PATIENCE: Duration = Duration::from_secs(60);

const DAY: Duration = Duration::from_secs(86_400);

/// Two servers in this process over one database of its own server.
struct Two {
    runtime: Runtime,
    running: Vec<Running>,
    cluster: Cluster,
}

impl Two {
    fn start(settings: &[(&'static str, &str)]) -> Self {
        let cluster = Cluster::start_hasty(&[]).unwrap();
        on(&cluster.url(), "postgres", "CREATE DATABASE invited");
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let database = format!("{}/invited", cluster.url());
        let mut values = texts(&[("listen", "127.0.0.1:0"), ("sweep_interval", "0"), ("database", &database)]);
        values.extend(texts(settings));
        let start = |seed: u64| async move {
            let config = Config::of_sandbox().unwrap().with(&values).unwrap();
            let mut app = App::start(config, Clock::frozen(BEGINNING), Entropy::seeded(seed)).await.unwrap();
            app.become_sandbox(&Seed::standard().unwrap()).await.unwrap();
            Running::start(app).await.unwrap()
        };
        let running = [1, 2].map(|seed| runtime.block_on(start.clone()(seed))).into();
        Self { runtime, running, cluster }
    }

    fn rows(&self, sql: &str) -> Vec<String> {
        on(&self.cluster.url(), "invited", sql)
    }

    fn count(&self, sql: &str) -> usize {
        self.rows(sql).remove(0).parse().unwrap()
    }

    /// Invites this many people as the administrator, alternating between the servers.
    fn invite(&self, many: usize) {
        for (bulk, running) in (0..many / 50).zip(self.running.iter().cycle()) {
            let mut client = Client::connect(running.address, token::ADMINISTRATOR).unwrap();
            let people: Vec<Value> = (0..50)
                .map(|number| json!({"full_name": "N", "email_address": format!("n{bulk}.{number}@example.test")}))
                .collect();
            let body = json!({ "account_invitations": people }).to_string();
            let (status, body) = client.send("POST", "/api/v1/account_invitations", &body).unwrap();
            assert_eq!(status, 200, "{body}");
        }
    }

    /// Sweeps on both at the same moment; returns how many rows each swept.
    fn sweep(&self) -> [usize; 2] {
        let sweeps = [0, 1].map(|server| {
            let app: Arc<App> = Arc::clone(&self.running[server].app);
            self.runtime
                .spawn(async move { invited::testing::sweep(&app, app.clock.now()).await.expect("the sweep succeeds") })
        });
        sweeps.map(|sweep| self.runtime.block_on(sweep).unwrap())
    }
}

impl Drop for Two {
    fn drop(&mut self) {
        for running in self.running.drain(..) {
            self.runtime.block_on(running.stop(std::future::pending()));
        }
    }
}

#[test]
fn two_workers_send_each_of_two_hundred_mails_once() {
    let post = Post::start();
    let mail = post.setting();
    let two =
        Two::start(&[("mail_worker", "true"), ("mail", &mail), ("mail_starttls", "none"), ("mail_connections", "4")]);
    two.invite(200);
    let start = Stopwatch::start();
    let is_sent = || two.count("SELECT count(*) FROM outbox WHERE state = 'sent'") == 200;
    assert!(within(PATIENCE, is_sent), "{:?}", two.rows("SELECT state, attempts, last_reply FROM outbox"));
    let mut times: BTreeMap<String, usize> = BTreeMap::new();
    for mail in post.delivered() {
        *times.entry(mail.message_id).or_default() += 1;
    }
    assert_eq!((times.len(), times.values().max()), (200, Some(&1)));
    assert_eq!(two.count("SELECT max(attempts) FROM outbox"), 1);
    assert_eq!(two.count("SELECT count(*) FROM invitation_links"), 200);
    println!("200 mails through two workers took {:?}", start.elapsed());
}

#[test]
fn two_sweepers_sweep_each_row_once_and_do_not_wait_for_each_other() {
    let two = Two::start(&[
        ("mail_worker", "false"),
        ("mail", "memory"),
        ("keep_expired_days", "3"),
        ("keep_mails_days", "1"),
        ("keep_audit_days", "1"),
        ("rate_create", "0"),
    ]);
    two.invite(600);
    let advance = |days: u32| two.running.iter().for_each(|running| running.app.clock.advance(DAY * days));
    let twice = |action: &str| {
        two.rows(&format!("SELECT subject_id FROM audit WHERE action = '{action}' GROUP BY 1 HAVING count(*) > 1"))
    };

    // One day after their last day they are marked, each with an audit row.
    advance(31);
    let (start, audited) = (Stopwatch::start(), two.count("SELECT count(*) FROM audit WHERE action LIKE '%.create'"));
    let marked = two.sweep();
    println!("marked, and {audited} old rows of the trail removed: {marked:?} in {:?}", start.elapsed());
    assert_eq!(twice("account_invitation.expire"), Vec::<String>::new());
    let of_pending = "FROM account_invitations WHERE accepted_at IS NULL";
    assert_eq!(two.count(&format!("SELECT count(*) {of_pending} AND expired_at IS NULL")), 0);
    let marked = two.count(&format!("SELECT count(*) {of_pending}"));
    assert!(marked >= 600, "{marked}");
    assert_eq!(two.count("SELECT count(*) FROM outbox WHERE due_at IS NOT NULL"), 0);

    // Some days later they are removed, with their invitees, mails and audit rows.
    advance(4);
    let start = Stopwatch::start();
    let swept = two.sweep();
    println!("removed: {swept:?} in {:?}", start.elapsed());
    assert_eq!(two.count(&format!("SELECT count(*) {of_pending}")), 0);
    assert_eq!(twice("account_invitation.purge"), Vec::<String>::new());
    assert!(two.count("SELECT count(*) FROM audit WHERE action = 'account_invitation.purge'") >= marked);
    let log = two.cluster.log();
    assert!(!log.contains("deadlock") && !log.contains("lock timeout"), "the sweepers blocked each other: {log}");
    assert_eq!(two.count("SELECT count(*) FROM outbox"), 0);
    let wrong = "SELECT count(*) FROM tallies t WHERE name LIKE 'account_invitations%' AND total <> (SELECT count(*) FROM \
                 account_invitations i WHERE i.account_id = t.account_id AND (name = 'account_invitations' OR accepted_at IS NULL))";
    assert_eq!(two.count(wrong), 0);
}
