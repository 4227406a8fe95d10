//! A disabled or demoted administrator cannot undo it, however fast.
//!
//! The administrator knows what is coming: several clients ask for the opposite without a pause, and go on for a while
//! after the answer to the owner. Every server believes a caller for a second; a write must not.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use invited::testing::{Entropy, TemporaryFolder};
use serde_json::{Value, json};

use crate::postgres::processes::{ServerProcess, account};
use crate::process::{Client, run};
use crate::support::database::Database;
use crate::support::postgres::PostgresServer;
use crate::support::{Ends, within};

const MEMBERSHIPS: &str = "/api/v1/account_memberships";
const PASSWORD: &str = "correct horse battery staple";

/// Clients of the administrator, and requests that each begins after the owner's answer.
const CLIENTS: usize = 8;
const LATE_REQUESTS: usize = 4;

/// How long the clients may take to begin.
const PATIENCE: Duration = Duration::from_secs(20);

/// Attempts of a story; `INVITED_TEST_ATTEMPTS` names another number.
const ATTEMPTS: usize = 16;

fn attempts() -> usize {
    std::env::var("INVITED_TEST_ATTEMPTS").map_or(ATTEMPTS, |number| number.parse().unwrap())
}

/// What the owner does, and what the administrator asks for to undo it.
#[derive(Clone, Copy, Debug)]
enum Measure {
    Disable,
    Demote,
}

impl Measure {
    fn of(attempt: usize) -> Self {
        if attempt.is_multiple_of(2) { Self::Disable } else { Self::Demote }
    }

    /// Method, path and body of a request.
    fn request(self, membership: &str, is_undone: bool) -> (String, String) {
        let permission = |name: &str| json!({"account_membership": {"permission": name}}).to_string();
        let path = format!("{MEMBERSHIPS}/{membership}");
        match (self, is_undone) {
            (Self::Disable, false) => (format!("{path}/disable"), String::new()),
            (Self::Disable, true) => (format!("{path}/enable"), String::new()),
            (Self::Demote, false) => (path, permission("collaborator")),
            (Self::Demote, true) => (path, permission("administrator")),
        }
    }

    fn command(self, address: &str) -> Vec<&str> {
        match self {
            Self::Disable => vec!["membership", "disable", address],
            Self::Demote => vec!["membership", "set-permission", address, "collaborator"],
        }
    }
}

/// How the owner takes the measure.
#[derive(Clone, Copy)]
enum By {
    Request,
    Command,
}

/// A team on one or more servers, with an administrator who is about to be disabled or demoted.
struct RogueTeam {
    setting: String,
    servers: Vec<ServerProcess>,
    owner: String,
    administrator: String,
    membership: String,
    _folder: TemporaryFolder,
}

const ADMINISTRATOR: &str = "rogue@team.test";

impl RogueTeam {
    fn start(database: &Database, servers: usize) -> Self {
        let folder = TemporaryFolder::create(&Entropy::system()).unwrap();
        let setting = database.setting();
        let owner = account(&setting);
        let settings = [("database", setting.as_str()), ("mail", "none"), ("rate-general", "0"), ("rate-create", "0")];
        let log = |number| folder.database().with_file_name(format!("log-{number}"));
        let servers: Vec<ServerProcess> =
            (0..servers).map(|number| ServerProcess::start(&settings, log(number))).collect();
        let mut client = Client::connect(servers[0].address(), &owner).unwrap();
        let person = json!({"account_invitation": {
            "full_name": "Rogue", "email_address": ADMINISTRATOR, "permission": "administrator",
        }});
        let mut ask = |method: &str, path: &str, body: &str| {
            let (status, body) = client.send(method, path, body).unwrap();
            assert_eq!(status, 200, "{path}: {body}");
            serde_json::from_str::<Value>(&body).unwrap()
        };
        let made = ask("POST", "/api/v1/account_invitations", &person.to_string());
        let id = made["results"][0]["id"].as_str().unwrap();
        let link = ask("POST", &format!("/invitations/{id}/link"), "");
        let answer = json!({"token": link["token"], "password": PASSWORD}).to_string();
        let accepted = ask("POST", "/invitations/accept", &answer);
        let membership = accepted["account_membership_id"].to_string().trim_matches('"').to_owned();
        let output = run(&["token", "create", ADMINISTRATOR, "--json", "--database", &setting]);
        let token: Value = serde_json::from_slice(&output.stdout).unwrap();
        let administrator = token["token"].as_str().unwrap().to_owned();
        Self { setting, servers, owner, administrator, membership, _folder: folder }
    }

    fn addresses(&self) -> Vec<SocketAddr> {
        self.servers.iter().map(ServerProcess::address).collect()
    }

    fn as_owner(&self, path: &str, body: &str) -> (u16, String) {
        Client::connect(self.servers[0].address(), &self.owner).unwrap().send("PUT", path, body).unwrap()
    }

    fn restore(&self) {
        for measure in [Measure::Disable, Measure::Demote] {
            let (path, body) = measure.request(&self.membership, true);
            let (status, answer) = self.as_owner(&path, &body);
            assert_eq!(status, 200, "{answer}");
        }
    }

    fn take(&self, measure: Measure, by: By) {
        match by {
            By::Request => {
                let (path, body) = measure.request(&self.membership, false);
                let (status, answer) = self.as_owner(&path, &body);
                assert_eq!(status, 200, "{measure:?}: {answer}");
            }
            By::Command => {
                let output = run(&[&measure.command(ADMINISTRATOR)[..], &["--database", &self.setting]].concat());
                assert!(output.status.success(), "{measure:?}: {}", String::from_utf8_lossy(&output.stderr));
            }
        }
    }

    /// Whether the measure holds, as the database says.
    fn holds(&self, measure: Measure, database: &Database) -> bool {
        let sql = format!(
            "SELECT CASE WHEN disabled_at IS NULL THEN 'active' ELSE 'disabled' END, permission \
             FROM account_memberships WHERE id = {}",
            self.membership
        );
        let row = database.rows(&sql).remove(0);
        row == match measure {
            Measure::Disable => "disabled|administrator",
            Measure::Demote => "active|collaborator",
        }
    }

    /// One attempt; returns how many writes of the administrator succeeded that began after the owner's answer.
    fn race(&self, measure: Measure, by: By) -> usize {
        self.restore();
        let (is_taken, late, begun) =
            (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let addresses = self.addresses();
        thread::scope(|scope| {
            for number in 0..CLIENTS {
                // On the servers where the owner is not, if there is another.
                let address = addresses[addresses.len() - 1 - number % addresses.len().div_ceil(2)];
                let (is_taken, late, begun) = (Arc::clone(&is_taken), Arc::clone(&late), Arc::clone(&begun));
                let (path, body) = measure.request(&self.membership, true);
                let administrator = self.administrator.clone();
                scope.spawn(move || {
                    let mut client = Client::connect(address, &administrator).unwrap();
                    let mut after = 0;
                    while after < LATE_REQUESTS {
                        let is_late = is_taken.load(Ordering::SeqCst);
                        let (status, answer) = client.send("PUT", &path, &body).unwrap();
                        begun.fetch_add(1, Ordering::SeqCst);
                        assert!([200, 401, 403].contains(&status), "{status}: {answer}");
                        late.fetch_add(usize::from(is_late && status == 200), Ordering::SeqCst);
                        after += usize::from(is_late);
                    }
                });
            }
            let _taken = Ends(&is_taken);
            // The servers have seen the caller, and believe it.
            assert!(within(PATIENCE, || begun.load(Ordering::SeqCst) >= 2 * CLIENTS), "the clients stand still");
            self.take(measure, by);
        });
        late.load(Ordering::SeqCst)
    }
}

#[track_caller]
fn expect_nothing_undone(database: &Database, servers: usize, by: By) {
    let team = RogueTeam::start(database, servers);
    let (mut undone, mut late) = (0, 0);
    for attempt in 0..attempts() {
        let measure = Measure::of(attempt);
        late += team.race(measure, by);
        undone += usize::from(!team.holds(measure, database));
    }
    println!("{} attempts, {undone} undone, {late} late writes", attempts());
    assert_eq!((undone, late), (0, 0), "undone, and written after the answer to the owner");
    let complaints: Vec<String> = team.servers.iter().flat_map(ServerProcess::complaints).collect();
    assert!(complaints.is_empty(), "{complaints:?}");
}

#[test]
fn on_one_server_nothing_is_undone() {
    expect_nothing_undone(&Database::create(), 1, By::Request);
}

#[test]
fn a_command_beside_the_server_is_not_undone() {
    expect_nothing_undone(&Database::create(), 1, By::Command);
}

#[test]
fn on_two_servers_over_one_database_nothing_is_undone() {
    let server = PostgresServer::start();
    expect_nothing_undone(&server.database(), 2, By::Request);
}
