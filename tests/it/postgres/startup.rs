//! An unusable database: one line with the setting, the cause and a remedy, soon, and without a password.

use std::net::TcpListener;
use std::time::Duration;

use invited::testing::Stopwatch;

use super::own_cluster::{as_user, make_database, start};
use crate::binary::{create_account, fails, serve};
use crate::process::{Client, Program, address, printed};
use crate::support::database::execute;

/// Part of every URL with a password; no output may contain it.
const PASSWORD: &str = "geheim";

/// Ten seconds for a silent server, and as much again for a busy machine.
const LONGEST: Duration = Duration::from_secs(20);

/// Runs a command that must refuse a database, on one line with these words.
#[track_caller]
fn refused(arguments: &[&str], names: &[&str]) {
    let since = Stopwatch::start();
    let output = fails(arguments, names);
    let elapsed = since.elapsed();
    let error = printed(&output.stderr);
    assert_eq!(error.lines().count(), 1, "{error}");
    assert!(error.starts_with("invited: setting database"), "{error}");
    assert!(!error.contains(PASSWORD), "the password is printed: {error}");
    assert!(elapsed < LONGEST, "it took {elapsed:?}: {error}");
    println!("{elapsed:?}: {}", error.trim_end());
}

#[track_caller]
fn serve_refuses(url: &str, more: &[&str], names: &[&str]) {
    refused(&[&["serve", "--listen", "127.0.0.1:0", "--database", url], more].concat(), names);
}

#[test]
fn an_invalid_url_is_refused() {
    for (url, names) in [
        ("postgres://me:geheim@db:port/team", &["port", "postgres://USER:PASSWORD@HOST:PORT/NAME"][..]),
        ("postgres://me:geheim@db/team?colour=red", &["colour"]),
        ("postgres://me:geheim@db/team?sslmode=maybe", &["sslmode", "maybe"]),
        ("postgres://me:ge?heim=geheim@db/team?sslmode=maybe", &["maybe"]),
        ("postgres:/me:geheim@db/team", &["postgres://USER@HOST/NAME"]),
        ("mysql://me:geheim@db/team", &["postgres://USER@HOST/NAME"]),
        ("host=db user=me password=geheim", &["postgres://USER@HOST/NAME"]),
        ("postgres://me:geheim@db/team?sslrootcert=/nowhere.pem", &["sslrootcert", "/nowhere.pem"]),
    ] {
        serve_refuses(url, &[], names);
    }
    let url = "postgres://me:geheim@db/team";
    serve_refuses(url, &["--database-ca-file", "/nowhere.pem"], &["database_ca_file", "/nowhere.pem"]);
    serve_refuses(
        url,
        &["--database-replica", "postgres://me:geheim@db/team?colour=red"],
        &["database_replica", "colour"],
    );
}

#[test]
fn every_command_names_an_unreachable_server() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let url = format!("postgres://me:geheim@{closed}/team");
    let names = [closed.to_string(), "refused".to_owned(), "is the server running".to_owned()];
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let since = Stopwatch::start();
    for command in [
        &["migrate"][..],
        &["account", "create", "Example", "--owner-email", "olive@example.test", "--owner-name", "Olive"],
        &["token", "list"],
        &["user", "list"],
        &["app", "list"],
        &["membership", "disable", "nobody@example.test"],
        &["invitation", "list"],
        &["mail", "list"],
        &["seats"],
        &["sweep"],
        &["sandbox"],
        &["serve"],
    ] {
        refused(&[command, &["--database", &url]].concat(), &names);
    }
    assert!(since.elapsed() < LONGEST, "a closed port is reported at once, not after {:?}", since.elapsed());
    serve_refuses(
        "postgres://me:geheim@no-such-host.invalid/team?sslmode=disable",
        &[],
        &["no-such-host.invalid", "host"],
    );
}

#[test]
fn a_server_that_is_not_postgresql_is_refused() {
    let (program, greeting) = Program::sandbox(&[]);
    serve_refuses(&format!("postgres://me:geheim@{}/team", address(&greeting)), &[], &["is it a PostgreSQL server?"]);
    drop(program);
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("postgres://me:geheim@{}/team", silent.local_addr().unwrap());
    serve_refuses(&url, &[], &["does not answer", "is it a PostgreSQL server?"]);
}

#[test]
fn missing_privileges_are_reported_with_a_remedy() {
    let (cluster, url) = start();
    cluster.require_passwords().unwrap();
    execute(
        &url,
        &format!("CREATE ROLE reader LOGIN PASSWORD '{PASSWORD}'; CREATE ROLE nobody LOGIN PASSWORD '{PASSWORD}'"),
    );
    serve_refuses(&as_user(&cluster, "reader", "geheim-not", "team"), &[], &["password", "reader", "is wrong"]);
    let without = format!("postgres://reader@127.0.0.1:{}/team", cluster.port());
    serve_refuses(&without, &[], &["password", "write the password into the URL"]);
    serve_refuses(&as_user(&cluster, "reader", PASSWORD, "absent"), &[], &["absent", "createdb"]);

    let reader = as_user(&cluster, "reader", PASSWORD, "team");
    serve_refuses(&reader, &[], &["schema public", "CREATE"]);
    refused(&["migrate", "--database", &reader], &["schema public", "CREATE"]);
    let without_migration = ["--migrate-on-start", "false"];
    serve_refuses(&reader, &without_migration, &["version 0", "invited migrate"]);

    for (name, encoding) in [("latin", "LATIN1"), ("ascii", "SQL_ASCII")] {
        let url = make_database(&cluster, name, &format!("ENCODING {encoding} TEMPLATE template0"));
        serve_refuses(&url, &[], &[encoding, "UTF8"]);
    }

    let token = create_account(&url, "olive@example.test");
    execute(&url, "GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader");
    serve_refuses(&as_user(&cluster, "nobody", PASSWORD, "team"), &without_migration, &["permission denied"]);
    for more in [&[][..], &without_migration] {
        serve_refuses(
            &reader,
            more,
            &["reader may not write", "grant SELECT, INSERT, UPDATE and DELETE", "queue_length"],
        );
    }

    // With writes switched off, the right to read is enough.
    let (program, address) = serve(&reader, &["--migrate-on-start", "false", "--queue-length", "0"]);
    let mut client = Client::connect(address, &token).unwrap();
    assert_eq!(client.send("GET", "/api/v1/account_invitations", "").unwrap().0, 200);
    let body = r#"{"account_invitation":{"full_name":"Ada","email_address":"ada@example.com"}}"#;
    assert_eq!(client.send("POST", "/api/v1/account_invitations", body).unwrap().0, 503);
    drop((client, program));

    // The least privileges with which everything works: no CREATE, once the schema exists.
    execute(&url, "GRANT INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO reader");
    let (program, address) = serve(&reader, &[]);
    let mut client = Client::connect(address, &token).unwrap();
    let body = r#"{"account_invitation":{"full_name":"Ada","email_address":"ada@example.com"}}"#;
    let (status, body) = client.send("POST", "/api/v1/account_invitations", body).unwrap();
    assert_eq!(status, 200, "{body}");

    // A privilege revoked at run time is a 503, and nothing is half done.
    execute(&url, "REVOKE INSERT ON outbox, audit FROM reader");
    let body = r#"{"account_invitation":{"full_name":"Bob","email_address":"bob@example.test"}}"#;
    assert_eq!(client.send("POST", "/api/v1/account_invitations", body).unwrap().0, 503);
    assert_eq!(execute(&url, "SELECT count(*) FROM account_invitations"), ["1"]);
    drop((client, program));
}
