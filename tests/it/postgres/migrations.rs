//! Several programs and one schema: which one migrates, and which schemas a program can serve.

use std::process::Output;

use invited::testing::MIGRATIONS;
use invited_cluster::Cluster;

use super::own_cluster::start;
use crate::binary::{create_account, fails, folder, serve, succeeds};
use crate::process::{Client, command, printed, sqlite};
use crate::support::database::{execute, rows_in_file};

const PROGRAMS: usize = 6;

/// What a newer program's migrations record: one that only adds, and one that removes.
const ADDS: &str = "ALTER TABLE users ADD COLUMN shoe_size BIGINT; \
                    INSERT INTO schema_migrations VALUES (99, 4, 'shoes', '', 0)";
const TAKES_AWAY: &str = "INSERT INTO schema_migrations VALUES (100, 100, 'no shoes', '', 0)";

/// Starts programs that all migrate the same database, and waits for them.
fn migrate_at_once(url: &str) -> Vec<Output> {
    let programs: Vec<_> =
        (0..PROGRAMS).map(|_| command(&["migrate", "--database", url]).spawn().expect("the program starts")).collect();
    programs.into_iter().map(|program| program.wait_with_output().unwrap()).collect()
}

#[track_caller]
fn expect_one_at_work(outputs: &[Output]) {
    let mut worked = 0;
    for output in outputs {
        let (report, error) = (printed(&output.stdout), printed(&output.stderr));
        assert_eq!(output.status.code(), Some(0), "{error}");
        worked += usize::from(report.contains("Migrated the schema from version 0 to"));
        assert!(
            report.contains("Migrated the schema from version 0 to") || report.contains("is up to date"),
            "{report}"
        );
    }
    assert_eq!(worked, 1, "exactly one migrates");
}

/// `alter` changes the database of this URL directly.
fn older_program_serves_what_was_added_to(url: &str, alter: impl Fn(&str)) {
    let token = create_account(url, "olive@example.test");
    alter(ADDS);
    for more in [&[][..], &["--migrate-on-start", "false"]] {
        let (program, address) = serve(url, more);
        let mut client = Client::connect(address, &token).unwrap();
        let (path, number) = ("/api/v1/account_invitations", more.len());
        let body =
            format!(r#"{{"account_invitation":{{"full_name":"Ada","email_address":"ada{number}@example.test"}}}}"#);
        let (status, body) = client.send("POST", path, &body).unwrap();
        assert_eq!(status, 200, "{body}");
        assert_eq!(client.send("GET", "/api/v1/users", "").unwrap().0, 200);
        assert_eq!(client.send("GET", "/health/ready", "").unwrap().0, 200);
        drop((client, program));
    }
    assert!(succeeds(&["migrate", "--database", url]).contains("up to date: version 99"));
    alter(TAKES_AWAY);
    for arguments in [&["serve", "--listen", "127.0.0.1:0"][..], &["migrate"], &["token", "list"]] {
        let arguments = [arguments, &["--database", url]].concat();
        let error = printed(&fails(&arguments, &["setting database", "version 100", "use a newer program"]).stderr);
        assert_eq!(error.lines().count(), 1, "{error}");
    }
}

/// A running program notices that the schema lacks what it needs, and reports that it is not ready.
fn running_program_is_not_ready_once_the_schema_is_too_new(url: &str, alter: impl Fn(&str)) {
    create_account(url, "olive@example.test");
    let (program, address) = serve(url, &[]);
    let mut client = Client::connect(address, "").unwrap();
    alter(ADDS);
    assert_eq!(client.send("GET", "/health/ready", "").unwrap().0, 200);
    alter(TAKES_AWAY);
    assert_eq!(client.send("GET", "/health/ready", "").unwrap().0, 503);
    drop((client, program));
}

/// How many migrations there are, and the version of the last one.
fn history() -> String {
    format!("{}|{}", MIGRATIONS.len(), MIGRATIONS.last().unwrap().version)
}

fn on_postgres(story: impl FnOnce(&Cluster, &str)) {
    let (cluster, url) = start();
    story(&cluster, &url);
}

fn alter_file(path: &std::path::Path, sql: &str) {
    let connection = rusqlite::Connection::open(path).unwrap();
    connection.busy_timeout(std::time::Duration::from_secs(5)).unwrap();
    connection.execute_batch(sql).unwrap();
}

#[test]
fn of_programs_migrating_at_once_one_does_it() {
    on_postgres(|_, url| {
        expect_one_at_work(&migrate_at_once(url));
        assert_eq!(execute(url, "SELECT count(*), max(version) FROM schema_migrations"), [history()]);
    });
}

#[test]
fn of_programs_migrating_one_file_at_once_one_does_it() {
    for _ in 0..5 {
        let folder = folder();
        expect_one_at_work(&migrate_at_once(&sqlite(&folder.database())));
        let found = rows_in_file(&folder.database(), "SELECT count(*), max(version) FROM schema_migrations");
        assert_eq!(found, [history()]);
    }
}

#[test]
fn an_older_program_serves_an_extended_schema_and_refuses_a_reduced_one() {
    on_postgres(|_, url| older_program_serves_what_was_added_to(url, |sql| drop(execute(url, sql))));
}

#[test]
fn an_older_program_serves_an_extended_file_and_refuses_a_reduced_one() {
    let folder = folder();
    let database = folder.database();
    older_program_serves_what_was_added_to(&sqlite(&database), |sql| alter_file(&database, sql));
}

#[test]
fn a_running_program_is_not_ready_once_its_schema_is_gone() {
    on_postgres(|_, url| running_program_is_not_ready_once_the_schema_is_too_new(url, |sql| drop(execute(url, sql))));
    let folder = folder();
    let database = folder.database();
    running_program_is_not_ready_once_the_schema_is_too_new(&sqlite(&database), |sql| alter_file(&database, sql));
}
