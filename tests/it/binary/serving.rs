//! `invited serve` and the commands that prepare it: migrations, accounts, tokens.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Output;
use std::time::Duration;

use invited::testing::{Entropy, TemporaryFolder};
use serde_json::Value;

use crate::process::{Client, Program, command, ended_by_asking_twice, half_a_request, printed, run, sqlite};
use crate::support::within;

const INVITATIONS: &str = "/api/v1/account_invitations";

/// Longest wait for what an idle machine does in a second.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) fn folder() -> TemporaryFolder {
    TemporaryFolder::create(&Entropy::system()).unwrap()
}

/// The URL of a database file that does not exist yet, in a temporary folder.
pub(crate) fn new_database() -> (TemporaryFolder, String) {
    let folder = folder();
    let url = sqlite(&folder.database());
    (folder, url)
}

/// Settings of a server for tests that write without pause.
pub(crate) const UNLIMITED: &[&str] = &["--rate-create", "0", "--rate-general", "0"];

/// Starts `serve` and waits until it listens.
#[track_caller]
pub(crate) fn serve(database: &str, more: &[&str]) -> (Program, SocketAddr) {
    Program::serve(command(&[&["serve", "--database", database, "--listen", "127.0.0.1:0"], more].concat()))
}

pub(crate) fn succeeds(arguments: &[&str]) -> String {
    let output = run(arguments);
    assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", printed(&output.stderr));
    printed(&output.stdout)
}

pub(crate) fn fails(arguments: &[&str], names: &[&str]) -> Output {
    let output = run(arguments);
    assert_eq!(output.status.code(), Some(1), "{arguments:?}");
    let error = printed(&output.stderr);
    for name in names {
        assert!(error.contains(name), "{arguments:?} does not name {name}: {error}");
    }
    assert_eq!(printed(&output.stdout), "", "{arguments:?}");
    output
}

/// Creates an account and returns the owner's token.
pub(crate) fn create_account(database: &str, address: &str) -> String {
    let printed = succeeds(&[
        "account",
        "create",
        "Example",
        "--owner-email",
        address,
        "--owner-name",
        "Olive Owner",
        "--database",
        database,
        "--again",
        "--json",
    ]);
    let line: Value = serde_json::from_str(&printed).unwrap();
    line["token"].as_str().unwrap().to_owned()
}

pub(super) fn status(address: SocketAddr, token: &str) -> u16 {
    Client::connect(address, token).unwrap().send("GET", INVITATIONS, "").unwrap().0
}

#[test]
fn serve_refuses_to_start_half_configured_and_names_what_is_missing() {
    fails(&["serve"], &["database", "--database", "INVITED_DATABASE"]);
    let (folder, url) = new_database();
    fails(&["serve", "--database", &url, "--listen", "0.0.0.0:0"], &["base_url", "--base-url", "INVITED_BASE_URL"]);
    assert!(!folder.database().exists(), "a refused start creates no database");
}

#[test]
fn serve_names_every_setting_that_it_cannot_read_at_once() {
    fails(
        &["serve", "--database", "mysql:x", "--listen", "nowhere", "--rate-create=-1", "--durability", "maybe"],
        &["database", "listen", "rate_create", "durability", "the value", "nowhere", "maybe"],
    );
}

#[test]
fn serve_names_a_database_that_cannot_be_opened() {
    fails(&["serve", "--database", "sqlite:/nowhere/at/all.sqlite", "--listen", "127.0.0.1:0"], &["/nowhere/at/all"]);
    let folder = folder();
    std::fs::write(folder.database(), "this is a letter and no database".repeat(100)).unwrap();
    let url = sqlite(&folder.database());
    fails(&["serve", "--database", &url, "--listen", "127.0.0.1:0"], &["database"]);
}

#[test]
fn an_unknown_command_or_flag_is_refused_with_exit_code_2() {
    for arguments in [&["fly"][..], &["serve", "--colour", "blue"], &["account"], &["account", "create"], &[]] {
        let output = run(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(!output.stderr.is_empty(), "{arguments:?}");
    }
}

#[test]
fn settings_come_from_flags_before_variables_before_the_file() {
    let folder = folder();
    let file = folder.database().with_extension("toml");
    std::fs::write(&file, "durability = \"from the file\"\nlisten = \"from the file\"\n").unwrap();
    let file = file.display().to_string();
    let output = command(&["serve", "--config", &file, "--durability", "from the flag"])
        .env("INVITED_DURABILITY", "from the variable")
        .env("INVITED_LOG_LEVEL", "from the variable")
        .output()
        .unwrap();
    let error = printed(&output.stderr);
    for (name, source) in [("durability", "flag"), ("log_level", "variable"), ("listen", "file")] {
        let report = format!("{name}: \"from the {source}\"");
        assert!(error.contains(&report), "{report} is missing in {error}");
    }
    std::fs::write(folder.database().with_extension("toml"), "colour = \"blue\"\n").unwrap();
    fails(&["serve", "--config", &file], &["colour"]);
    fails(&["serve", "--config", "/nowhere/at/all.toml"], &["/nowhere/at/all.toml"]);
}

#[test]
fn serve_reads_the_printed_settings_file() {
    let folder = folder();
    let file = folder.database().with_extension("toml");
    std::fs::write(&file, succeeds(&["config"])).unwrap();
    fails(&["serve", "--config", &file.display().to_string()], &["database"]);
}

#[test]
fn migrate_creates_the_schema_once_and_says_so() {
    let (folder, url) = new_database();
    let first = succeeds(&["migrate", "--database", &url]);
    assert!(folder.database().exists());
    let second = succeeds(&["migrate", "--database", &url]);
    assert_ne!(first, second);
    fails(&["migrate"], &["database"]);
}

#[test]
fn serve_can_skip_migrations() {
    let (_folder, url) = new_database();
    succeeds(&["migrate", "--database", &url]);
    let (program, address) = serve(&url, &["--migrate-on-start", "false"]);
    assert_eq!(status(address, "nobody"), 401);
    assert_eq!(program.stop().0.code(), Some(0));
}

#[test]
fn a_new_accounts_owner_token_is_printed_once_and_stored_as_a_hash() {
    let (folder, url) = new_database();
    let printed = succeeds(&[
        "account",
        "create",
        "Example",
        "--owner-email",
        "olive@example.test",
        "--owner-name",
        "Olive Owner",
        "--database",
        &url,
    ]);
    let tokens: Vec<&str> = printed.split_whitespace().filter(|word| word.starts_with("inv_")).collect();
    assert_eq!(tokens.len(), 1, "{printed}");
    assert!(tokens[0].len() >= 43, "256 bits need 43 characters: {}", tokens[0]);
    assert!(!is_in_a_file(folder.database().parent().unwrap(), tokens[0]), "the token itself is stored");
    let (program, address) = serve(&url, &[]);
    let mut client = Client::connect(address, tokens[0]).unwrap();
    let body = r#"{"account_invitation":{"full_name":"Ada","email_address":"ada@example.com","cost_rate_in_cents":1}}"#;
    let (status, body) = client.send("POST", INVITATIONS, body).unwrap();
    assert_eq!(status, 200, "{body}");
    let body: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(body["account_invitations"]["1"]["cost_rate_in_cents"], 1, "the owner is an administrator: {body}");
    drop(client);
    assert_eq!(program.stop().0.code(), Some(0));
}

fn is_in_a_file(folder: &Path, text: &str) -> bool {
    std::fs::read_dir(folder).unwrap().any(|entry| {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        bytes.windows(text.len()).any(|window| window == text.as_bytes())
    })
}

#[test]
fn an_account_with_invalid_details_is_not_created() {
    let (folder, url) = new_database();
    let create = |name: &str, address: &str, owner: &str| {
        run(&["account", "create", name, "--owner-email", address, "--owner-name", owner, "--database", &url])
    };
    for (name, address, owner) in [
        ("Example", "nobody", "Olive"),
        ("Example", "", "Olive"),
        ("Example", "olive@example.test", " "),
        ("", "olive@example.test", "Olive"),
    ] {
        let output = create(name, address, owner);
        assert_eq!(output.status.code(), Some(1), "{name:?} {address:?} {owner:?}");
        assert!(!output.stderr.is_empty());
    }
    assert!(!folder.database().exists(), "a refusal leaves no empty file");
    assert_eq!(create("Example", "olive@example.test", "Olive").status.code(), Some(0));
}

#[test]
fn the_same_account_is_created_twice_only_on_request() {
    let (_folder, url) = new_database();
    let create = |name: &str, address: &str, more: &[&str]| {
        let owner = ["--owner-email", address, "--owner-name", "Olive"];
        run(&[&["account", "create", name, "--database", &url], &owner[..], more].concat())
    };
    assert_eq!(create("Example", "olive@example.test", &[]).status.code(), Some(0));
    for (name, address) in [("Example", "olive@example.test"), (" Example ", " Olive@Example.test")] {
        let output = create(name, address, &[]);
        assert_eq!(output.status.code(), Some(1), "{name} {address}");
        let error = printed(&output.stderr);
        assert!(error.contains("Account 1 has this name and this owner already: add --again"), "{error}");
    }
    for (name, address, more) in [
        ("Other", "olive@example.test", &[][..]),
        ("Example", "otto@example.test", &[]),
        ("Example", "olive@example.test", &["--again"]),
    ] {
        assert_eq!(create(name, address, more).status.code(), Some(0), "{name} {address} {more:?}");
    }
}

#[test]
fn a_database_in_memory_is_refused() {
    for url in ["sqlite::memory:", "sqlite://:memory:", "sqlite:file:x?mode=memory", "sqlite:?mode=memory"] {
        let refused = ["setting database", "must name a file; databases in memory are not supported"];
        fails(&["migrate", "--database", url], &refused);
        let output = run(&["copy", "--from", url, "--to", "sqlite:x"]);
        assert!(printed(&output.stderr).contains(refused[1]), "{url}: {}", printed(&output.stderr));
    }
}

#[test]
fn a_database_that_cannot_be_used_is_named_with_what_is_wrong_with_it() {
    let (folder, url) = new_database();
    let path = folder.database();
    let name = path.display().to_string();
    create_account(&url, "olive@example.test");
    let commands: [&[&str]; 3] = [&["serve", "--listen", "127.0.0.1:0"], &["token", "list"], &["migrate"]];
    let refused = |words: &[&str]| {
        for command in commands {
            fails(&[command, &["--database", &url]].concat(), words);
        }
    };
    // Pages of zeros after the first: the header is right, and nothing else is.
    let whole = std::fs::read(&path).unwrap();
    let mut damaged = whole.clone();
    damaged[4_096..].fill(0);
    std::fs::write(&path, &damaged).unwrap();
    refused(&[&name, "the file is damaged: restore a backup"]);
    std::fs::write(&path, "this is a letter and no database".repeat(100)).unwrap();
    refused(&[&name, "the file is no SQLite database"]);
    std::fs::remove_file(&path).unwrap();
    std::fs::create_dir(&path).unwrap();
    refused(&[&name]);
}

#[test]
fn tokens_are_created_listed_and_revoked_while_the_server_runs() {
    let (_folder, url) = new_database();
    let first = create_account(&url, "olive@example.test");
    let (program, address) = serve(&url, &[]);
    let printed =
        succeeds(&["token", "create", "Olive@Example.test", "--label", "for the shop", "--database", &url, "--json"]);
    let made: Value = serde_json::from_str(&printed).unwrap();
    let (second, id) = (made["token"].as_str().unwrap(), made["id"].to_string());
    assert_ne!(first, second);
    assert_eq!((status(address, &first), status(address, second)), (200, 200));

    let listed = succeeds(&["token", "list", "--database", &url]);
    assert!(listed.contains("for the shop") && listed.contains("olive@example.test"), "{listed}");
    assert!(!listed.contains(&first) && !listed.contains(second), "a list shows no token: {listed}");
    let listed: Value = serde_json::from_str(&succeeds(&["token", "list", "--database", &url, "--json"])).unwrap();
    assert_eq!(listed["tokens"].as_array().map(Vec::len), Some(2), "{listed}");

    succeeds(&["token", "revoke", &id, "--database", &url]);
    let is_refused = || status(address, second) == 401;
    assert!(within(PATIENCE, is_refused), "a revoked token still works");
    assert_eq!(status(address, &first), 200, "the other token still works");
    fails(&["token", "revoke", &id, "--database", &url], &[&id]);
    fails(&["token", "revoke", "999", "--database", &url], &["999"]);
    fails(&["token", "create", "nobody@example.test", "--database", &url], &["nobody@example.test"]);
    assert_eq!(program.stop().0.code(), Some(0));
}

#[test]
fn with_several_accounts_a_token_needs_an_account() {
    let (_folder, url) = new_database();
    let here = create_account(&url, "olive@example.test");
    let there = create_account(&url, "olive@example.test");
    fails(&["token", "create", "olive@example.test", "--database", &url], &["--account"]);
    succeeds(&["token", "create", "olive@example.test", "--account", "2", "--database", &url]);
    fails(&["token", "create", "olive@example.test", "--account", "3", "--database", &url], &["3"]);
    let (program, address) = serve(&url, &[]);
    let body = r#"{"account_invitation":{"full_name":"Ada","email_address":"ada@example.com"}}"#;
    for token in [&here, &there] {
        let (status, body) = Client::connect(address, token).unwrap().send("POST", INVITATIONS, body).unwrap();
        assert_eq!(status, 200, "{body}");
    }
    drop(program);
}

#[test]
fn serve_has_rate_limits_unless_they_are_turned_off() {
    let (_folder, url) = new_database();
    let token = create_account(&url, "olive@example.test");
    let (program, address) = serve(&url, &[]);
    let mut client = Client::connect(address, &token).unwrap();
    let body = r#"{"account_invitation":{"full_name":"Ada","email_address":"ada@example.com"}}"#;
    assert_eq!(client.send("POST", INVITATIONS, body).unwrap().0, 200);
    let resend = format!("{INVITATIONS}/1/resend");
    assert_eq!(client.send("PUT", &resend, "").unwrap().0, 200);
    assert_eq!(client.send("PUT", &resend, "").unwrap().0, 429, "one invitation, once a minute");
    drop(client);
    drop(program);
}

#[test]
fn a_server_that_refuses_every_write_starts_on_a_current_database() {
    let (_folder, url) = new_database();
    let token = create_account(&url, "olive@example.test");
    let (program, address) = serve(&url, &["--queue-length", "0"]);
    let mut client = Client::connect(address, &token).unwrap();
    assert_eq!(client.send("GET", INVITATIONS, "").unwrap().0, 200);
    let body = r#"{"account_invitation":{"full_name":"Ada","email_address":"ada@example.com"}}"#;
    assert_eq!(client.send("POST", INVITATIONS, body).unwrap().0, 503);
    drop(client);
    assert_eq!(program.stop().0.code(), Some(0));
}

#[test]
fn a_second_signal_stops_the_server_at_once_and_it_closes_its_database() {
    let (folder, url) = new_database();
    let token = create_account(&url, "first@example.test");
    let (program, address) = serve(&url, &["--drain-timeout", "60", "--body-timeout", "60"]);
    let under_way = half_a_request(address, &token);
    assert_eq!(ended_by_asking_twice(program, ["TERM", "TERM"], under_way).code(), Some(0));
    let files = std::fs::read_dir(folder.database().parent().unwrap()).unwrap();
    let names: Vec<_> = files.map(|file| file.unwrap().path()).collect();
    assert_eq!(names, [folder.database()], "a closed database leaves no journal");
}
