//! `invited copy` between files; the tests with a server are in `postgres`.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use invited::testing::TABLES;
use rusqlite::Connection;
use serde_json::{Value, json};

use super::serving::{create_account, fails, folder, serve, succeeds};
use super::team::Team;
use crate::process::{Client, command, printed, run, sqlite};
use crate::support::database::rows_in_file;
use crate::support::stored::everything_stored;
use crate::support::{Ends, within};

const INVITATIONS: &str = "/api/v1/account_invitations";

/// Copies a database and returns the command's report.
pub(crate) fn copied(from: &str, to: &str, more: &[&str]) -> Value {
    let report = succeeds(&[&["copy", "--from", from, "--to", to, "--json"], more].concat());
    serde_json::from_str(&report).unwrap()
}

/// The number of rows of a table in a copy's report.
pub(crate) fn rows_of(report: &Value, table: &str) -> u64 {
    let tables = report["tables"].as_array().unwrap();
    tables.iter().find(|report| report["name"] == table).unwrap()["rows"].as_u64().unwrap()
}

/// Expects a usage error whose message does not repeat the secret.
fn wrong_usage(arguments: &[&str], secret: &str) {
    let output = run(arguments);
    let error = printed(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {error}");
    assert!(!error.contains(secret) && output.stdout.is_empty(), "{error}");
}

/// Invites an address and returns the invitation's id.
pub(crate) fn invite(server: SocketAddr, token: &str, address: &str) -> i64 {
    let body = json!({"account_invitation": {"full_name": "Somebody", "email_address": address}}).to_string();
    let (status, body) = Client::connect(server, token).unwrap().send("POST", INVITATIONS, &body).unwrap();
    assert_eq!(status, 200, "{body}");
    let body: Value = serde_json::from_str(&body).unwrap();
    body["results"][0]["id"].as_str().unwrap().parse().unwrap()
}

/// The same through a server that stops afterwards.
pub(crate) fn invite_new(database: &str, token: &str, address: &str) -> i64 {
    let (program, server) = serve(database, &[]);
    let id = invite(server, token, address);
    assert_eq!(program.stop().0.code(), Some(0));
    id
}

/// Runs `work` while invitations are created without pause, which stop even if it panics.
pub(crate) fn while_inviting(server: SocketAddr, token: &str, work: impl FnOnce()) {
    let (is_over, written) = (AtomicBool::new(false), AtomicU64::new(0));
    thread::scope(|scope| {
        scope.spawn(|| {
            while !is_over.load(Ordering::Relaxed) {
                let number = written.load(Ordering::Relaxed);
                invite(server, token, &format!("p{number}@example.test"));
                written.store(number + 1, Ordering::Relaxed);
            }
        });
        let _ends = Ends(&is_over);
        assert!(within(Duration::from_secs(10), || written.load(Ordering::Relaxed) > 0), "nobody writes");
        let before = written.load(Ordering::Relaxed);
        work();
        assert!(written.load(Ordering::Relaxed) > before, "no invitation was created meanwhile");
    });
}

/// A server's answers over a database.
#[derive(Debug, PartialEq)]
pub(crate) struct Answers(Vec<String>);

impl Answers {
    pub(crate) fn of(database: &str, token: &str) -> Self {
        let (program, server) = serve(database, &[]);
        let mut client = Client::connect(server, token).unwrap();
        let mut get = |path: &str| {
            let (status, body) = client.send("GET", &format!("/api/v1/{path}"), "").unwrap();
            assert_eq!(status, 200, "{path}: {body}");
            // Addresses of pictures begin with that of the server.
            body.replace(&server.to_string(), "SERVER")
        };
        let answers = vec![
            get("account_invitations?include=inviter,invitee&order=full_name:asc"),
            get("account_invitations/1"),
            get("users?include=account_membership"),
            get("account_memberships"),
            get("users/me"),
        ];
        drop(client);
        assert_eq!(program.stop().0.code(), Some(0));
        Self(answers)
    }
}

/// A database with many invitations, the last of which is deleted; its id must not be reused.
pub(crate) struct Crowd {
    pub(crate) team: Team,
    /// The last id given to an invitation.
    pub(crate) last: i64,
}

impl Crowd {
    pub(crate) fn new() -> Self {
        let team = Team::new();
        team.invited(&[("Ada Lovelace", "ada@example.com"), ("Zoë Ünïcode 🦀", "zoe@example.test")]);
        let people: Vec<(String, String)> =
            (0..20).map(|number| (format!("Person {number}"), format!("p{number}@example.test"))).collect();
        let people: Vec<(&str, &str)> = people.iter().map(|(name, address)| (&**name, &**address)).collect();
        team.invited(&people);
        // More than a page of rows, in a table with a one-column key and in one with a three-column key.
        team.alter(
            "WITH RECURSIVE n (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 1500) \
             INSERT INTO external_references (account_id, subject_type, subject_id, service_name, service_model, \
             service_model_ref, created_at, updated_at) \
             SELECT 1, 'users', x, 'crm', 'Person', 'ref' || x, 1, 1 FROM n; \
             WITH RECURSIVE n (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 1000) \
             INSERT INTO idempotent_requests (account_id, user_id, idempotency_key, fingerprint, body, created_at) \
             SELECT 1, x % 7, 'key é ' || x, randomblob(32), CASE x % 2 WHEN 0 THEN '{}' END, 4102444800000000 FROM n; \
             INSERT INTO profile_photos (user_id, name, content, created_at) \
             SELECT id, 'p' || id, randomblob(20000), 1 FROM users",
        );
        let (program, server) = team.serve();
        let last = invite(server, &team.token, "gone@example.test");
        let mut client = Client::connect(server, &team.token).unwrap();
        assert_eq!(client.send("DELETE", &format!("{INVITATIONS}/{last}"), "").unwrap().0, 204);
        drop(client);
        assert_eq!(program.stop().0.code(), Some(0));
        Self { team, last }
    }

    /// Adds enough users to slow a copy down.
    pub(crate) fn with_users(self, count: u32) -> Self {
        self.team.alter(&format!(
            "WITH RECURSIVE n (x) AS (SELECT 1000 UNION ALL SELECT x + 1 FROM n WHERE x < {}) \
             INSERT INTO users (id, account_id, full_name, name_key, email_address, email_key, search_key, created_at, \
             updated_at) SELECT x, 1, 'N', 'n', x || '@crowd.test', x || '@crowd.test', 'n', 1, 1 FROM n",
            999 + count
        ));
        self
    }
}

/// Kills a copy with signal 9 as soon as it prints `said`.
pub(crate) fn kill_while_copying(from: &str, to: &str, said: &str) {
    let mut command = command(&["copy", "--from", from, "--to", to]);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let stderr = BufReader::new(child.stderr.take().unwrap());
    let seen = stderr.lines().map(Result::unwrap).any(|line| line.starts_with(said));
    child.kill().unwrap();
    let status = child.wait().unwrap();
    assert!(seen && status.code().is_none(), "the copy ended before it was killed: {status}");
}

#[test]
fn a_copied_file_gives_the_same_answers_and_reuses_no_id() {
    let Crowd { team, last } = Crowd::new();
    let file = team.path("copy.sqlite");
    let report = copied(&team.url, &sqlite(&file), &[]);
    assert_eq!(everything_stored(&file), everything_stored(&team.path("sandbox.sqlite")));
    assert_eq!(report["tables"].as_array().unwrap().len(), TABLES.len());
    assert_eq!(report["tables"][0]["name"], "accounts");
    let rows: u64 = report["tables"].as_array().unwrap().iter().map(|table| table["rows"].as_u64().unwrap()).sum();
    assert_eq!(report["rows"], rows);
    let sum = rows_in_file(&file, "SELECT count(*) FROM external_references").pop().unwrap();
    assert!(sum.parse::<u64>().unwrap() >= 1_500 && rows > 2_500, "{report}");
    assert!(rows_of(&report, "profile_photos") > 20, "more than a page of pictures: {report}");
    assert_eq!(Answers::of(&sqlite(&file), &team.token), Answers::of(&team.url, &team.token));
    assert_eq!(invite_new(&sqlite(&file), &team.token, "new@example.test"), last + 1);
}

#[test]
fn a_copy_reports_each_table_on_stderr_and_one_sentence_on_stdout() {
    let team = Team::new();
    let output = run(&["copy", "--from", &team.url, "--to", &sqlite(&team.path("copy.sqlite"))]);
    let (sentence, lines) = (printed(&output.stdout), printed(&output.stderr));
    assert!(sentence.starts_with("Copied ") && sentence.lines().count() == 1, "{sentence}");
    for table in TABLES {
        assert_eq!(lines.lines().filter(|line| line.starts_with(&format!("{table}: copied"))).count(), 1, "{lines}");
    }
}

#[test]
fn a_repeated_copy_adds_new_rows_and_keeps_rows_only_in_the_target() {
    let team = Team::new();
    let other = Team::new();
    let to = sqlite(&team.path("copy.sqlite"));
    let first = copied(&team.url, &to, &[]);
    assert_eq!(copied(&team.url, &to, &[])["sha256"], first["sha256"], "nothing changed");
    team.invited(&[("Ada", "ada@example.com")]);
    let second = copied(&team.url, &to, &[]);
    assert_ne!(second["sha256"], first["sha256"]);
    assert_eq!(Answers::of(&to, &team.token), Answers::of(&team.url, &team.token));

    fails(&["copy", "--from", &other.url, "--to", &to], &["copy of another database", "--replace"]);
    let id = invite_new(&to, &team.token, "only-here@example.test");
    let before = everything_stored(&team.path("copy.sqlite"));
    fails(&["copy", "--from", &team.url, "--to", &to], &["changed since", "--replace"]);
    assert_eq!(everything_stored(&team.path("copy.sqlite")), before);

    assert_eq!(copied(&team.url, &to, &["--replace"])["sha256"], second["sha256"]);
    let next = invite_new(&to, &team.token, "later@example.test");
    assert_eq!(next, id + 1, "the target does not reuse an id");
}

#[test]
fn a_copy_of_a_copy_equals_the_first_copy() {
    let team = Team::new();
    let (first, second) = (sqlite(&team.path("first.sqlite")), sqlite(&team.path("second.sqlite")));
    let report = copied(&team.url, &first, &[]);
    assert_eq!(copied(&first, &second, &[])["sha256"], report["sha256"]);
}

#[test]
fn a_target_with_its_own_accounts_is_refused_and_unchanged() {
    let (team, other) = (Team::new(), Team::new());
    other.invited(&[("Bob", "bob@example.test")]);
    let before = other.every_text();
    fails(&["copy", "--from", &team.url, "--to", &other.url], &["holds accounts", "--replace"]);
    assert_eq!(other.every_text(), before);
    copied(&team.url, &other.url, &["--replace"]);
    assert_eq!(other.texts("SELECT full_name FROM users"), ["Olive Owner"]);
}

#[test]
fn an_invalid_source_is_refused_and_creates_no_target() {
    let folder = folder();
    let place = |name: &str| folder.database().with_file_name(name);
    let (missing, target) = (sqlite(&place("missing.sqlite")), place("target.sqlite"));
    let copy = |from: &str, words: &[&str]| {
        fails(&["copy", "--from", from, "--to", &sqlite(&target)], words);
        assert!(!target.exists(), "{from}");
    };
    copy(&missing, &["missing.sqlite does not exist"]);
    assert!(!place("missing.sqlite").exists());
    std::fs::write(place("letter"), "this is a letter and no database".repeat(100)).unwrap();
    copy(&sqlite(&place("letter")), &["letter"]);
    Connection::open(place("empty.sqlite")).unwrap().execute_batch("CREATE TABLE t (x)").unwrap();
    copy(&sqlite(&place("empty.sqlite")), &["schema version 0", "invited migrate"]);
}

#[test]
fn source_and_target_must_differ() {
    let team = Team::new();
    fails(&["copy", "--from", &team.url, "--to", &team.url, "--replace"], &["name two databases"]);
    let link = team.path("link.sqlite");
    std::os::unix::fs::symlink(team.path("sandbox.sqlite"), &link).unwrap();
    fails(&["copy", "--from", &team.url, "--to", &sqlite(&link), "--replace"], &["name two databases"]);
    assert_eq!(team.texts("SELECT full_name FROM users"), ["Olive Owner"]);
}

#[test]
fn an_invalid_url_is_a_usage_error_and_is_not_printed() {
    let wrong = "mysql://invited:secret@localhost/invited";
    wrong_usage(&["copy", "--from", wrong, "--to", "sqlite:x"], "secret");
    wrong_usage(&["copy", "--from", "sqlite:x", "--to", wrong], "secret");
    wrong_usage(&["copy", "--from", "sqlite:x"], "secret");
    wrong_usage(&["backup", "--database", "sqlite:x", "--to", "postgres://invited:secret@localhost/x"], "secret");
    let unreachable = "postgres://invited:secret@127.0.0.1:1/invited";
    for arguments in [["--from", unreachable, "--to", "sqlite:x"], ["--from", unreachable, "--to", unreachable]] {
        let output = fails(&[&["copy"], &arguments[..]].concat(), &["127.0.0.1:1"]);
        assert!(!printed(&output.stderr).contains("secret"));
    }
}

#[test]
fn a_killed_copy_leaves_nothing_and_can_be_repeated() {
    let Crowd { team, .. } = Crowd::new().with_users(10_000);
    let target = team.path("copy.sqlite");
    kill_while_copying(&team.url, &sqlite(&target), "users: copied");
    assert_eq!(rows_in_file(&target, "SELECT count(*) FROM users"), ["0"]);
    let report = copied(&team.url, &sqlite(&target), &[]);

    // The same with a target filled by an earlier copy.
    team.alter("UPDATE users SET headline = 'newer'");
    kill_while_copying(&team.url, &sqlite(&target), "users: copied");
    let sql = "SELECT count(*), count(headline) FROM users";
    assert_eq!(rows_in_file(&target, sql), [format!("{}|0", rows_of(&report, "users"))], "it is unchanged");
    let again = copied(&team.url, &sqlite(&target), &[]);
    assert_eq!(again["rows"], report["rows"]);
    assert_eq!(everything_stored(&target), everything_stored(&team.path("sandbox.sqlite")));
}

#[test]
fn a_target_that_alters_written_values_is_detected_and_unchanged() {
    let team = Team::new();
    let target = team.path("target.sqlite");
    succeeds(&["migrate", "--database", &sqlite(&target)]);
    let trigger = "CREATE TRIGGER meddle AFTER INSERT ON users BEGIN UPDATE users SET headline = 'x'; END";
    Connection::open(&target).unwrap().execute_batch(trigger).unwrap();
    fails(&["copy", "--from", &team.url, "--to", &sqlite(&target)], &["table users", "nothing was changed"]);
    assert_eq!(rows_in_file(&target, "SELECT count(*) FROM accounts"), ["0"]);
}

#[test]
fn a_column_on_only_one_side_is_named() {
    let team = Team::new();
    team.alter("ALTER TABLE roles ADD COLUMN colour TEXT");
    fails(&["copy", "--from", &team.url, "--to", &sqlite(&team.path("x.sqlite"))], &["table roles", "colour"]);
}

#[test]
fn a_foreign_value_is_named_with_its_row() {
    let team = Team::new();
    team.alter(
        "INSERT INTO markers (name, value) VALUES ('odd', 1.5), ('odder', 2); UPDATE users SET created_at = 0.5",
    );
    fails(&["copy", "--from", &team.url, "--to", &sqlite(&team.path("x.sqlite"))], &["table users, id 1, created_at"]);
}

/// The foreign keys of a file, as pairs of tables.
fn foreign_keys(database: &Path) -> Vec<(String, String)> {
    let sql =
        "SELECT m.name, k.\"table\" FROM sqlite_schema m, pragma_foreign_key_list(m.name) k WHERE m.type = 'table'";
    let rows = rows_in_file(database, sql);
    rows.iter().map(|row| row.split_once('|').unwrap()).map(|(from, to)| (from.to_owned(), to.to_owned())).collect()
}

#[test]
fn the_list_of_tables_follows_the_foreign_keys_of_the_schema() {
    let folder = folder();
    create_account(&sqlite(&folder.database()), "olive@example.test");
    let sql = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'";
    let mut schema: BTreeSet<String> = rows_in_file(&folder.database(), sql).into_iter().collect();
    assert!(schema.remove("schema_migrations"));
    assert_eq!(TABLES.iter().map(|table| (*table).to_owned()).collect::<BTreeSet<_>>(), schema);
    let keys = foreign_keys(&folder.database());
    assert!(keys.len() > 10, "{keys:?}");
    let place = |name: &str| TABLES.iter().position(|table| *table == name).unwrap();
    for (from, to) in keys {
        assert!(place(&to) < place(&from), "{from} names {to}, which must be filled before");
    }
}
