//! Reads from a server that follows the primary: they are taken off the primary, and nobody misses the own writes by it.
//!
//! What the follower has not replayed yet is made sure of by pausing it, and not by waiting.

use std::time::Duration;

use invited_cluster::{Cluster, HASTY};
use serde_json::{Value, json};

use crate::support::database::{Database, on};
use crate::support::{Server, token, within};

/// A story waits at most this long for the follower.
const PATIENCE: Duration = Duration::from_secs(30);

const INVITATION: &str = "/account_invitations/1";

/// Waits until the follower finds what a statement asks for.
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
fn a_follower_is_read_by_those_who_have_written_nothing_that_it_has_not() {
    let primary = Cluster::start(HASTY).unwrap();
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
    assert_eq!(late_reads() - before, 2, "the follower does what need not be the newest");

    on(&follower.url(), &name, "SELECT pg_wal_replay_pause()");
    until_followed(&follower, &name, "SELECT pg_get_wal_replay_pause_state()", "paused");
    write(&server, 100);
    let before = late_reads();
    assert_eq!((rate(&server, token::ADMINISTRATOR), listed(&server, token::ADMINISTRATOR)), (json!(100), json!(100)));
    assert_eq!(late_reads(), before, "what the follower does not have yet is read from the primary");
    assert_eq!((rate(&server, token::PROJECT_LEAD), listed(&server, token::PROJECT_LEAD)), (json!(null), json!(null)));
    assert_eq!(late_reads() - before, 2, "who has written nothing reads what the follower has");

    on(&follower.url(), &name, "SELECT pg_wal_replay_resume()");
    until_followed(&follower, &name, "SELECT bill_rate_in_cents FROM account_invitations WHERE id = 1", "100");
    let before = late_reads();
    assert_eq!((rate(&server, token::ADMINISTRATOR), rate(&server, token::PROJECT_LEAD)), (json!(100), json!(100)));
    assert_eq!(late_reads() - before, 2, "once it has followed, it is read by everybody again");

    drop(follower);
    write(&server, 200);
    assert_eq!(rate(&server, token::ADMINISTRATOR), json!(200));
    assert_eq!(rate(&server, token::PROJECT_LEAD), json!(200), "without a follower, the primary does it all");
}
