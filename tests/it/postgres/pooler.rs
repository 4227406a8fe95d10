//! PgBouncer between us and PostgreSQL gives each transaction any free connection of its few.

use std::thread;
use std::time::Duration;

use invited::testing::store::{Error, Param};
use invited_cluster::{Cluster, Pooler};
use serde_json::{Value, json};

use super::own_cluster::{as_administrator, serve, start};
use crate::binary::succeeds;
use crate::concurrency::together;
use crate::support::database::{Session, execute};
use crate::support::invite::person;
use crate::support::{Answer, Server, token, within};

/// The pooler's connections to PostgreSQL: fewer than there are writers.
const CONNECTIONS: usize = 3;

const CLIENTS: usize = 48;

/// Longest wait for what happens at once on an idle machine.
const PATIENCE: Duration = Duration::from_secs(20);

const POOLED: &[(&str, &str)] = &[("database_pooler", "transaction"), ("connections", "8"), ("readers", "4")];

fn start_pooled() -> (Cluster, Pooler, String) {
    let (cluster, _) = start();
    let pooler = Pooler::start(&cluster, CONNECTIONS).expect("PgBouncer is installed and starts");
    let url = format!("{}/team", pooler.url());
    (cluster, pooler, url)
}

fn by(server: &Server, method: &str, path: &str, body: &Value) -> Answer {
    server.request(method, path).bearer(token::ADMINISTRATOR).json(body).send()
}

#[test]
fn everything_works_behind_a_pooler() {
    let (_cluster, _pooler, url) = start_pooled();
    let migrate = ["migrate", "--database", &url, "--database-pooler", "transaction"];
    assert!(succeeds(&migrate).contains("from version 0 to"));
    assert!(succeeds(&migrate).contains("is up to date"));
    let server = serve(&url, POOLED);

    let id = server.invite(&person("zoe"));
    let path = format!("/account_invitations/{id}");
    by(&server, "PUT", &path, &json!({"account_invitation": {"billability_target": 75}})).expect(200);
    assert_eq!(server.show(&id).record()["billability_target"], 75);
    by(&server, "POST", "/account_invitations", &json!({"account_invitation": person("zoe")})).expect(422);
    let people: Vec<Value> = (0..20).map(|number| person(&format!("bulk{number}"))).collect();
    by(&server, "POST", "/account_invitations", &json!({"account_invitations": people})).expect(200);
    by(&server, "PUT", &format!("{path}/resend"), &json!({})).expect(200);
    assert_eq!(server.list("search=bulk&per_page=200").ids().len(), 20);

    let (invited, link) = server.invite_by_mail("vera@example.test");
    server.accept_link(&link).expect(200);
    assert_eq!(server.show(&invited).record()["pending"], false);
    server.sweep();
    by(&server, "DELETE", &path, &json!({})).expect(204);
    server.get(&path).bearer(token::ADMINISTRATOR).send().expect(404);

    let answers = together(CLIENTS, |client| match client % 4 {
        0 => by(&server, "POST", "/account_invitations", &json!({"account_invitation": person("race")})),
        1 => server.get("/account_invitations?include=invitee,inviter").bearer(token::OWNER).send(),
        2 => {
            by(&server, "POST", "/account_invitations", &json!({"account_invitation": person(&format!("own{client}"))}))
        }
        _ => {
            by(&server, "PUT", "/account_invitations/2", &json!({"account_invitation": {"bill_rate_in_cents": client}}))
        }
    });
    let refused: Vec<&Answer> = answers.iter().filter(|answer| answer.status != 200).collect();
    assert_eq!(refused.len(), CLIENTS / 4 - 1, "one of the racing clients gets the address: {refused:?}");
    for answer in refused {
        assert_eq!(answer.status, 422, "{answer}");
    }
    let updates = "SELECT count(*) FROM audit WHERE action = 'account_invitation.update' AND subject_id = 2";
    assert_eq!(server.number(updates), i64::try_from(CLIENTS / 4).unwrap());
}

#[test]
fn conflicting_jobs_are_retried_behind_a_pooler() {
    let (_cluster, _pooler, url) = start_pooled();
    let server = serve(&url, POOLED);
    let answers = together(CLIENTS, |client| {
        let body = json!({"account_invitation": {"billability_target": client}});
        server.put("/account_invitations/1").bearer(token::ADMINISTRATOR).json(&body).send()
    });
    assert!(answers.iter().all(|answer| answer.status == 200), "{answers:?}");
}

#[test]
fn without_the_setting_the_error_names_it() {
    let (cluster, _pooler, url) = start_pooled();
    let server = serve(&url, &[("connections", "1")]);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let update = || -> Result<usize, Error> {
        let sql = "UPDATE users SET headline = 'x' WHERE id = ?1";
        runtime.block_on(server.app().store.write(move |db| db.exec(sql, &[Param::Int(1)])))
    };
    update().expect("the statement was prepared on the connection on which it is executed");
    thread::scope(|scope| {
        // Released with the session, also if an assertion fails.
        let (lock, _) = Session::open(as_administrator(&cluster, "team"));
        lock.execute("SELECT pg_advisory_lock(1)").unwrap();
        // The next client gets the connection that was used last, so ours is taken.
        let held = "BEGIN; SELECT pg_advisory_xact_lock(1); COMMIT";
        let others: Vec<_> = (1..CONNECTIONS).map(|_| scope.spawn(|| execute(&url, held))).collect();
        let taken = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'advisory'";
        let are_taken = || execute(&as_administrator(&cluster, "team"), taken) == [(CONNECTIONS - 1).to_string()];
        assert!(within(PATIENCE, are_taken), "the other connections are not taken");
        let failed = update().expect_err("the statement is not known on another connection").to_string();
        assert!(failed.contains("set database_pooler to transaction"), "{failed}");
        drop(lock);
        others.into_iter().for_each(|other| drop(other.join().unwrap()));
    });
}
