//! Writes that meet a transaction under way, which holds what they need.

use std::thread;
use std::time::Duration;

use invited::testing::{accounts, applications};
use serde_json::json;
use tokio::runtime::Runtime;
use tokio_postgres::Client;

use super::session;
use crate::oauth::{SANDBOX_APP, authorize_path, location, pair, post, redeem, refresh, set_password};
use crate::support::answers::PASSWORD;
use crate::support::postgres::PostgresServer;
use crate::support::{Answer, Server, token, within};

const PATIENCE: Duration = Duration::from_secs(4);

/// A server, and a connection of others to its database.
struct Case {
    runtime: Runtime,
    client: Client,
    server: Server,
    _postgres: PostgresServer,
}

impl Case {
    fn start() -> Self {
        let postgres = PostgresServer::start();
        let server = Server::start_over(postgres.database(), &[]);
        let (runtime, client) = session(&server);
        Self { runtime, client, server, _postgres: postgres }
    }

    #[track_caller]
    fn execute(&self, sql: &str) {
        self.runtime.block_on(self.client.batch_execute(sql)).unwrap_or_else(|cause| panic!("{sql}: {cause:?}"));
    }

    /// Does something that waits for the transaction of others, looks, lets them commit, and returns what was done.
    #[track_caller]
    fn meanwhile<T: Send>(&self, held: &str, work: impl FnOnce(&Server) -> T + Send, look: impl FnOnce()) -> T {
        self.execute(&format!("BEGIN; {held}"));
        let waiting = "SELECT 1 FROM pg_locks WHERE NOT granted AND pid IN \
                       (SELECT pid FROM pg_stat_activity WHERE datname = current_database())";
        thread::scope(|scope| {
            let worker = scope.spawn(|| work(&self.server));
            let is_waiting = || !self.runtime.block_on(self.client.query(waiting, &[])).unwrap().is_empty();
            assert!(within(PATIENCE, is_waiting), "nothing waits for {held}");
            look();
            self.execute("COMMIT");
            worker.join().unwrap()
        })
    }

    /// A change waits for the turn of its account, and has locked no row before: the one whose turn it is may need it.
    #[track_caller]
    fn expect_turn_first<T: Send>(&self, change: impl FnOnce(&Server) -> T + Send) -> T {
        let all_rows = || {
            for table in ["grants", "access_tokens", "applications", "passwords", "account_invitations", "users"] {
                self.execute(&format!("SELECT 1 FROM {table} FOR SHARE NOWAIT"));
            }
        };
        self.meanwhile("SELECT pg_advisory_xact_lock(1)", change, all_rows)
    }
}

/// A code for the sandbox's application.
fn code(server: &Server) -> String {
    let path = authorize_path(&[]);
    let consent = server.request_at_root("GET", &path).bearer(token::COLLABORATOR).send().expect(302);
    location(&consent).1["code"].clone()
}

#[test]
fn a_change_of_authority_takes_its_turn_before_it_locks_a_row() {
    let case = Case::start();
    let server = &case.server;
    let now = server.app().clock.now();
    let revoke = |secret: &str| post(server, "/oauth/revoke", &[("token", secret)]).expect(200);
    let tokens = || pair(&redeem(server, &code(server), &[]));

    let (access, renewal) = tokens();
    case.expect_turn_first(|_| revoke(&access));
    case.expect_turn_first(|_| revoke(&renewal));

    let used = code(server);
    let (_, renewal) = pair(&redeem(server, &used, &[]));
    refresh(server, &renewal).expect(200);
    case.expect_turn_first(|_| refresh(server, &renewal).expect(400));
    let used = {
        let unused = code(server);
        redeem(server, &unused, &[]).expect(200);
        unused
    };
    case.expect_turn_first(|_| redeem(server, &used, &[]).expect(400));

    tokens();
    let newest = server.number("SELECT max(id) FROM access_tokens");
    case.expect_turn_first(|server| server.write(move |db| Ok(accounts::revoke_token(db, newest.into(), now)?)));
    tokens();
    set_password(server, 7, PASSWORD);
    tokens();
    case.expect_turn_first(|server| set_password(server, 7, "another battery staple"));

    let (_, link) = server.invite_by_mail("vera@example.test");
    case.expect_turn_first(|server| server.accept_link(&link).expect(200));

    tokens();
    let (client_id, _) = SANDBOX_APP;
    assert!(case.expect_turn_first(|server| server.write(move |db| Ok(applications::delete(db, client_id, now)?))));
    assert_eq!(server.number("SELECT count(*) FROM grants WHERE revoked_at IS NULL"), 0);
}

#[test]
fn an_address_that_is_taken_while_it_is_given_back_ends_the_attempt_and_not_the_next() {
    let case = Case::start();
    let address = json!({"user": {"email_address": "vera@example.test"}});
    case.server.put("/users/7").bearer(token::COLLABORATOR).json(&address).send().expect(200);
    case.server.delete("/account_memberships/207").bearer(token::OWNER).send().expect(204);
    let invite = |server: &Server| -> Answer {
        let body = json!({"account_invitation": {"full_name": "Vera", "email_address": "vera@example.test"}});
        server.post("/account_invitations").bearer(token::OWNER).json(&body).send()
    };
    let take = "UPDATE users SET email_key = 'collaborator@example.com' WHERE id = 8";
    let refused = case.meanwhile(take, invite, || ()).expect(503);
    assert!(refused.header("retry-after").is_some(), "{refused}");
    invite(&case.server).expect(200);
    assert_eq!(case.server.stored("SELECT email_address FROM users WHERE id = 7"), ["former-7@former.invalid"]);
}
