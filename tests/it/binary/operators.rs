//! Operators: the audit rows of their commands, and the databases that commands refuse to touch.

use std::io::Read;
use std::path::Path;
use std::process::Stdio;

use rusqlite::Connection;
use serde_json::{Value, json};

use super::serving::{create_account, fails, folder, new_database, serve, status, succeeds};
use crate::process::{Client, Program, address, command, printed, sqlite};
use crate::support::token;

/// Changes a database file directly.
fn alter(database: &Path, sql: &str) {
    let connection = Connection::open(database).unwrap();
    connection.busy_timeout(std::time::Duration::from_secs(5)).unwrap();
    connection.execute_batch(sql).unwrap();
}

/// The audit trail without times, one array per row.
fn trail(database: &Path) -> Vec<Value> {
    let connection = Connection::open(database).unwrap();
    let sql = "SELECT json_array(account_id, actor_user_id, actor_token_id, request_id, action, subject_type, \
               subject_id, json(before), json(after)) FROM audit ORDER BY id";
    let mut statement = connection.prepare(sql).unwrap();
    let rows = statement.query_map([], |row| row.get::<_, String>(0)).unwrap();
    rows.map(|row| serde_json::from_str(&row.unwrap()).unwrap()).collect()
}

/// An operator's row: no user, no token, no request.
fn row(action: &str, subject: &str, id: i64, before: &Value, after: &Value) -> Value {
    json!([1, null, null, null, action, subject, id, before, after])
}

#[test]
fn every_command_that_writes_leaves_its_rows_in_the_audit_trail() {
    let folder = folder();
    let database = folder.database();
    let url = sqlite(&database);
    let first = create_account(&url, "olive@example.test");
    let made = succeeds(&["token", "create", "olive@example.test", "--label", "shop", "--database", &url, "--json"]);
    let second = serde_json::from_str::<Value>(&made).unwrap()["token"].as_str().unwrap().to_owned();
    succeeds(&["token", "revoke", "2", "--database", &url]);
    let mut rows = trail(&database);
    // Those who poll are told of the owner as of everybody who joins.
    let told = ["user.create", "email_address.create", "account_membership.create"];
    let joined: Vec<Value> = rows.extract_if(.., |row| told.iter().any(|action| row[4] == *action)).collect();
    assert_eq!(joined.iter().map(|row| row[4].as_str().unwrap()).collect::<Vec<_>>(), told);
    let revoked_at = rows.last().unwrap()[8]["revoked_at"].clone();
    assert!(revoked_at.as_str().is_some_and(|time| time.starts_with("20")), "{revoked_at}");
    let account = json!({
        "name": "Example",
        "owner_id": "1",
        "owner_name": "Olive Owner",
        "owner_email": "olive@example.test",
    });
    assert_eq!(
        rows,
        [
            row("account.create", "accounts", 1, &Value::Null, &account),
            row("token.create", "access_tokens", 1, &Value::Null, &json!({"user_id": "1", "label": "first token"})),
            row("token.create", "access_tokens", 2, &Value::Null, &json!({"user_id": "1", "label": "shop"})),
            row("token.revoke", "access_tokens", 2, &json!({"revoked_at": null}), &json!({"revoked_at": revoked_at})),
        ]
    );
    let report = format!("{rows:?}");
    assert!(!report.contains(&first) && !report.contains(&second), "the trail has no secrets: {report}");
}

#[test]
fn a_refused_command_leaves_no_row() {
    let folder = folder();
    let database = folder.database();
    let url = sqlite(&database);
    create_account(&url, "olive@example.test");
    let before = trail(&database);
    fails(&["token", "create", "nobody@example.test", "--database", &url], &["nobody@example.test"]);
    fails(&["token", "revoke", "99", "--database", &url], &["99"]);
    assert_eq!(trail(&database), before);
}

#[test]
fn a_disabled_member_gets_no_token() {
    let (folder, url) = new_database();
    create_account(&url, "olive@example.test");
    alter(&folder.database(), "UPDATE account_memberships SET disabled_at = 1");
    let create = ["token", "create", "olive@example.test", "--database", &url];
    fails(&create, &["olive@example.test", "disabled", "Enable the member first."]);
    assert_eq!(trail(&folder.database()).len(), 5, "only the rows of the account and its owner");
    alter(&folder.database(), "UPDATE account_memberships SET disabled_at = NULL");
    succeeds(&create);
}

#[test]
fn blanks_around_an_address_are_trimmed() {
    let (_folder, url) = new_database();
    create_account(&url, "olive@example.test");
    succeeds(&["token", "create", "  olive@example.test\n", "--database", &url]);
}

#[test]
fn a_mistyped_database_is_named_and_not_created() {
    let (folder, url) = new_database();
    let path = folder.database().display().to_string();
    for words in [
        &["serve", "--listen", "127.0.0.1:0"][..],
        &["token", "create", "olive@example.test"],
        &["token", "list"],
        &["token", "revoke", "1"],
        &["account", "language", "de"],
        &["invitation", "list"],
        &["invitation", "link", "1"],
        &["mail", "list"],
        &["mail", "retry"],
        &["seats"],
        &["seats", "set", "5"],
        &["erase", "olive@example.test"],
        &["sweep"],
    ] {
        let sentence = format!("the database {path} does not exist: create it with `invited account create`");
        fails(&[words, &["--database", &url]].concat(), &[&sentence]);
        assert!(!folder.database().exists(), "{words:?}");
    }
}

#[test]
fn serve_without_an_account_warns_and_says_how_to_create_one() {
    let (_folder, url) = new_database();
    succeeds(&["migrate", "--database", &url]);
    assert!(log_of_serving(&url, &[]).contains("invited account create"));
    create_account(&url, "olive@example.test");
    assert!(!log_of_serving(&url, &[]).contains("invited account create"));
}

#[test]
fn serve_warns_if_what_it_serves_can_be_read_on_the_way() {
    let (_folder, url) = new_database();
    create_account(&url, "olive@example.test");
    let warns = |base_url: &str| log_of_serving(&url, &["--base-url", base_url]).contains("base_url is not https://");
    assert!(warns("http://people.example.com") && warns("http://192.168.1.7:8080"));
    for private in ["https://people.example.com", "http://localhost:8080", "http://127.0.0.1", "http://[::1]:80"] {
        assert!(!warns(private), "{private}");
    }
    assert!(!log_of_serving(&url, &[]).contains("base_url is not https://"));
}

#[test]
fn serve_warns_where_a_proxy_must_be_in_front_and_none_is_trusted() {
    let (_folder, url) = new_database();
    create_account(&url, "olive@example.test");
    let warns = |more: &[&str]| log_of_serving(&url, more).contains("trusted_proxies is empty");
    let public = ["--base-url", "https://people.example.com"];
    assert!(warns(&public));
    assert!(!warns(&[&public[..], &["--trusted-proxies", "127.0.0.1"]].concat()));
    assert!(!warns(&[&public[..], &["--listen", "0.0.0.0:0"]].concat()));
    for local in ["http://localhost:8080", "http://127.0.0.1", "http://[::1]:8080"] {
        assert!(!warns(&["--base-url", local]), "{local}");
    }
    assert!(!warns(&[]));
}

/// The standard error of `serve` until it listens.
pub(super) fn log_of_serving(database: &str, more: &[&str]) -> String {
    let listen = if more.contains(&"--listen") { &[][..] } else { &["--listen", "127.0.0.1:0"] };
    let mut command = command(&[&["serve", "--database", database], listen, more].concat());
    command.stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stderr = child.stderr.take().unwrap();
    let mut log = Vec::new();
    let mut byte = [0];
    while !printed(&log).contains("\"serving\"") && stderr.read(&mut byte).unwrap() == 1 {
        log.push(byte[0]);
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let log = printed(&log);
    assert!(log.contains("\"serving\""), "{log}");
    log
}

/// What a newer program would have recorded.
const NEWER: &str = "INSERT INTO schema_migrations VALUES (99, 99, 'later', '', 0)";

#[test]
fn serve_without_migrations_distinguishes_an_older_database_from_a_newer_one() {
    let folder = folder();
    let database = folder.database();
    let url = sqlite(&database);
    let arguments = ["serve", "--database", &url, "--listen", "127.0.0.1:0", "--migrate-on-start", "false"];
    std::fs::write(&database, "").unwrap();
    fails(&arguments, &["version 0", "run `invited migrate`"]);
    succeeds(&["migrate", "--database", &url]);
    alter(&database, NEWER);
    fails(&arguments, &["version 99", "use a newer program"]);
    alter(&database, "DELETE FROM schema_migrations WHERE version = 99; UPDATE schema_migrations SET checksum = 'x'");
    fails(&arguments, &["another build"]);
}

#[test]
fn a_server_is_not_ready_while_its_database_has_another_schema() {
    let folder = folder();
    let database = folder.database();
    let url = sqlite(&database);
    create_account(&url, "olive@example.test");
    let (program, address) = serve(&url, &[]);
    let ready = || Client::connect(address, "").unwrap().send("GET", "/health/ready", "").unwrap().0;
    assert_eq!(ready(), 200);
    alter(&database, NEWER);
    assert_eq!(ready(), 503);
    alter(&database, "DELETE FROM schema_migrations WHERE version = 99");
    assert_eq!(ready(), 200);
    drop(program);
}

#[test]
fn serve_refuses_a_sandbox_database_with_public_tokens() {
    let (folder, url) = new_database();
    let (program, _) = Program::sandbox(&["--database", &url]);
    assert_eq!(program.stop().0.code(), Some(0));
    let output = fails(&["serve", "--database", &url, "--listen", "127.0.0.1:0"], &["setting database", "sandbox"]);
    let error = printed(&output.stderr);
    assert!(error.contains(&folder.database().display().to_string()) && error.contains("publicly known"), "{error}");
    assert_eq!(error.trim_end().lines().filter(|line| line.starts_with("invited:")).count(), 1, "{error}");
}

#[test]
fn the_sandbox_refuses_a_foreign_database() {
    let (_folder, url) = new_database();
    let owner = create_account(&url, "olive@example.test");
    fails(&["sandbox", "--json", "--listen", "127.0.0.1:0", "--database", &url], &["setting database", "sandbox"]);
    let (program, address) = serve(&url, &[]);
    assert_eq!((status(address, &owner), status(address, token::ADMINISTRATOR)), (200, 401), "nothing was seeded");
    drop(program);
}

#[test]
fn the_sandbox_takes_its_database_from_the_flag_or_the_file_and_never_from_the_environment() {
    let (folder, url) = new_database();
    let start = |arguments: &[&str]| {
        let mut command = command(&[&["sandbox", "--json", "--listen", "127.0.0.1:0"], arguments].concat());
        command.env("INVITED_DATABASE", &url).stderr(Stdio::null());
        let mut program = Program::start(command);
        let greeting: Value = serde_json::from_str(&program.line()).unwrap();
        let mut client = Client::connect(address(&greeting), token::ADMINISTRATOR).unwrap();
        assert_eq!(client.send("GET", "/api/v1/account_invitations", "").unwrap().0, 200);
        drop(client);
        assert_eq!(program.stop().0.code(), Some(0));
    };
    start(&[]);
    assert!(!folder.database().exists(), "the variable may name a real database");
    let file = folder.database().with_extension("toml");
    std::fs::write(&file, format!("database = {url:?}\n")).unwrap();
    start(&["--config", &file.display().to_string()]);
    assert!(folder.database().exists());
}
