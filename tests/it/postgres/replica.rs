//! Reads from a follower relieve the primary, and callers still see their own writes.
//!
//! Pausing the follower's replay makes these tests deterministic.

use std::time::Duration;

use invited_cluster::Cluster;
use serde_json::{Value, json};

use crate::support::database::{Database, on};
use crate::support::{Server, token, within};

/// How long a test waits for the follower.
const PATIENCE: Duration = Duration::from_secs(30);

const INVITATION: &str = "/account_invitations/1";

/// Waits until the follower returns the expected row.
fn until_followed(follower: &Cluster, database: &str, sql: &str, expected: &str) {
    let has_followed = || on(&follower.url(), database, sql) == [expected];
    assert!(within(PATIENCE, has_followed), "the follower has not come so far: {sql}");
}

fn rate(server: &Server, bearer: &str) -> Value {
    server.get(INVITATION).bearer(bearer).send().expect(200).record()["bill_rate_in_cents"].clone()
}

fn listed(server: &Server, bearer: &str) -> Value {
    let list = server.get("/account_invitations?only=1").bearer(bearer).send().expect(200);
    list.records()[0]["bill_rate_in_cents"].clone()
}

fn write(server: &Server, rate: i64) {
    let change = json!({"account_invitation": {"bill_rate_in_cents": rate}});
    server.put(INVITATION).bearer(token::ADMINISTRATOR).json(&change).send().expect(200);
}

#[test]
fn a_follower_serves_callers_whose_writes_it_has() {
    let primary = Cluster::start_hasty(&[]).unwrap();
    let database = Database::on_server(&primary.url());
    let follower = primary.standby().unwrap();
    let url = database.setting();
    let name = url.rsplit('/').next().unwrap().to_owned();
    let replica = format!("{}/{name}", follower.url());
    let server = Server::start_over(database, &[("database_replica", &replica)]);
    let late_reads = || server.app().store.statistics().late_reads();
    until_followed(&follower, &name, "SELECT count(*) FROM account_invitations", "5");

    let before = late_reads();
    assert_eq!((rate(&server, token::ADMINISTRATOR), rate(&server, token::PROJECT_LEAD)), (json!(null), json!(null)));
    assert_eq!(late_reads() - before, 2, "the follower serves reads that may be stale");

    on(&follower.url(), &name, "SELECT pg_wal_replay_pause()");
    until_followed(&follower, &name, "SELECT pg_get_wal_replay_pause_state()", "paused");
    write(&server, 100);
    let before = late_reads();
    assert_eq!((rate(&server, token::ADMINISTRATOR), listed(&server, token::ADMINISTRATOR)), (json!(100), json!(100)));
    assert_eq!(late_reads(), before, "own writes are read from the primary");
    assert_eq!((rate(&server, token::PROJECT_LEAD), listed(&server, token::PROJECT_LEAD)), (json!(null), json!(null)));
    assert_eq!(late_reads() - before, 2, "a caller without writes reads from the follower");

    on(&follower.url(), &name, "SELECT pg_wal_replay_resume()");
    until_followed(&follower, &name, "SELECT bill_rate_in_cents FROM account_invitations WHERE id = 1", "100");
    let before = late_reads();
    assert_eq!((rate(&server, token::ADMINISTRATOR), rate(&server, token::PROJECT_LEAD)), (json!(100), json!(100)));
    assert_eq!(late_reads() - before, 2, "once it has caught up, it serves all callers again");

    drop(follower);
    write(&server, 200);
    assert_eq!(rate(&server, token::ADMINISTRATOR), json!(200));
    assert_eq!(rate(&server, token::PROJECT_LEAD), json!(200), "without a follower, the primary serves all reads");
}
