//! `invited copy` and `invited backup` with a server on one or both sides.

use crate::binary::{
    Answers, Crowd, Team, UNLIMITED, copied, create_account, fails, invite_new, kill_while_copying, rows_of, serve,
    succeeds, while_inviting,
};
use crate::process::{printed, sqlite};
use crate::support::database::rows_in_file;
use crate::support::postgres::PostgresServer;
use crate::support::stored::everything_stored;

#[test]
fn copying_there_and_back_changes_nothing_and_reuses_no_id() {
    let postgres = PostgresServer::start();
    let (first, second) = (postgres.empty_database(), postgres.empty_database());
    let Crowd { team, last } = Crowd::new();
    let back = team.path("back.sqlite");
    let report = copied(&team.url, &first.setting(), &[]);
    let answers = Answers::of(&team.url, &team.token);
    assert_eq!(copied(&first.setting(), &second.setting(), &[])["tables"], report["tables"]);
    assert_eq!(copied(&second.setting(), &sqlite(&back), &[])["tables"], report["tables"]);
    assert_eq!(everything_stored(&back), everything_stored(&team.path("sandbox.sqlite")));
    for database in [first.setting(), second.setting(), sqlite(&back)] {
        assert_eq!(Answers::of(&database, &team.token), answers, "{database}");
        assert_eq!(invite_new(&database, &team.token, "new@example.test"), last + 1, "{database}");
    }
}

#[test]
fn a_repeated_copy_to_a_server_keeps_rows_only_in_the_target() {
    let postgres = PostgresServer::start();
    let database = postgres.empty_database();
    let (team, other) = (Team::new(), Team::new());
    let to = database.setting();
    let first = copied(&team.url, &to, &[]);
    team.invited(&[("Ada", "ada@example.com")]);
    let second = copied(&team.url, &to, &[]);
    assert_ne!(first["sha256"], second["sha256"]);
    fails(&["copy", "--from", &other.url, "--to", &to], &["copy of another database", "--replace"]);
    let id = invite_new(&to, &team.token, "only-here@example.test");
    fails(&["copy", "--from", &team.url, "--to", &to], &["changed since", "--replace"]);
    assert_eq!(database.rows("SELECT count(*) FROM account_invitations"), ["2"]);
    assert_eq!(copied(&team.url, &to, &["--replace"])["sha256"], second["sha256"]);
    assert_eq!(invite_new(&to, &team.token, "later@example.test"), id + 1, "the target reused an id");
}

#[test]
fn a_server_with_its_own_accounts_is_refused_and_foreign_tables_are_untouched() {
    let postgres = PostgresServer::start();
    let database = postgres.empty_database();
    let team = Team::new();
    database.alter("CREATE TABLE ledger (id BIGINT PRIMARY KEY); INSERT INTO ledger VALUES (7)");
    create_account(&database.setting(), "other@example.test");
    fails(&["copy", "--from", &team.url, "--to", &database.setting()], &["holds accounts", "--replace"]);
    assert_eq!(database.rows("SELECT email_address FROM users"), ["other@example.test"]);
    copied(&team.url, &database.setting(), &["--replace"]);
    assert_eq!(database.rows("SELECT email_address FROM users"), ["olive@example.test"]);
    assert_eq!(database.rows("SELECT id FROM ledger"), ["7"]);
}

#[test]
fn a_killed_copy_to_a_server_leaves_nothing_and_can_be_repeated() {
    let postgres = PostgresServer::start();
    let database = postgres.empty_database();
    let Crowd { team, last } = Crowd::new().with_users(10_000);
    kill_while_copying(&team.url, &database.setting(), "users: copied");
    let report = copied(&team.url, &database.setting(), &[]);
    team.alter("UPDATE users SET headline = 'newer'");
    kill_while_copying(&team.url, &database.setting(), "users: copied");
    let sql = "SELECT count(*), count(headline) FROM users";
    assert_eq!(database.rows(sql), [format!("{}|0", rows_of(&report, "users"))], "it is unchanged");
    let again = copied(&team.url, &database.setting(), &[]);
    assert_eq!(again["rows"], report["rows"]);
    let back = team.path("back.sqlite");
    assert_eq!(copied(&database.setting(), &sqlite(&back), &[])["tables"], again["tables"]);
    assert_eq!(invite_new(&database.setting(), &team.token, "new@example.test"), last + 1);
}

#[test]
fn a_server_that_alters_written_values_is_detected_and_unchanged() {
    let postgres = PostgresServer::start();
    let database = postgres.empty_database();
    let team = Team::new();
    succeeds(&["migrate", "--database", &database.setting()]);
    database.alter(
        "CREATE FUNCTION meddle() RETURNS trigger LANGUAGE plpgsql AS \
         $$ BEGIN NEW.headline := 'x'; RETURN NEW; END $$; \
         CREATE TRIGGER meddle BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION meddle()",
    );
    fails(&["copy", "--from", &team.url, "--to", &database.setting()], &["table users", "nothing was changed"]);
    assert_eq!(database.rows("SELECT count(*) FROM accounts"), ["0"]);
}

#[test]
fn a_text_that_postgres_cannot_hold_is_named_with_its_row() {
    let postgres = PostgresServer::start();
    let database = postgres.empty_database();
    let team = Team::new();
    team.alter("UPDATE users SET headline = 'a' || char(0) || 'b' WHERE id = 1");
    let words = ["table users, id 1", "headline", "U+0000"];
    let output = fails(&["copy", "--from", &team.url, "--to", &database.setting()], &words);
    let errors = printed(&output.stderr).lines().filter(|line| line.starts_with("invited: ")).count();
    assert_eq!(errors, 1);
    assert_eq!(database.rows("SELECT count(*) FROM accounts"), ["0"]);
    copied(&team.url, &sqlite(&team.path("copy.sqlite")), &[]);
}

#[test]
fn one_database_under_two_names_is_not_copied_into_itself() {
    let postgres = PostgresServer::start();
    let database = postgres.empty_database();
    create_account(&database.setting(), "olive@example.test");
    let other = database.setting().replace("127.0.0.1", "localhost");
    let url = database.setting();
    fails(&["copy", "--from", &url, "--to", &url, "--replace"], &["name two databases"]);
    if other != url {
        fails(&["copy", "--from", &url, "--to", &other, "--replace"], &["the source under another name"]);
    }
    assert_eq!(database.rows("SELECT count(*) FROM users"), ["1"]);
}

#[test]
fn a_server_without_our_schema_is_refused_as_a_source() {
    let postgres = PostgresServer::start();
    let database = postgres.empty_database();
    let team = Team::new();
    let target = team.path("target.sqlite");
    let copy = ["copy", "--from", &database.setting(), "--to", &sqlite(&target)];
    fails(&copy, &["schema version 0", "invited migrate"]);
    assert!(!target.exists());
}

#[test]
fn a_backup_during_writes_can_be_restored_on_both_engines() {
    let postgres = PostgresServer::start();
    let (database, restored) = (postgres.empty_database(), postgres.empty_database());
    let url = database.setting();
    let token = create_account(&url, "olive@example.test");
    let files = Team::new();
    let file = files.path("backup.db");
    let (program, server) = serve(&url, UNLIMITED);
    while_inviting(server, &token, || {
        let report = succeeds(&["backup", "--database", &url, "--to", &file.display().to_string()]);
        assert!(report.starts_with("Wrote "), "{report}");
    });
    drop(program);
    let halves = "SELECT count(*) FROM account_invitations i WHERE 1 <> (SELECT count(*) FROM audit a WHERE \
                  a.subject_id = i.id AND a.action = 'account_invitation.create')";
    assert_eq!(rows_in_file(&file, halves), ["0"]);
    let count = "SELECT count(*) FROM account_invitations";
    let tally = "SELECT total FROM tallies WHERE name = 'account_invitations'";
    assert_eq!(rows_in_file(&file, count), rows_in_file(&file, tally));

    copied(&sqlite(&file), &restored.setting(), &[]);
    assert_eq!(restored.rows(count), rows_in_file(&file, count));
    assert_eq!(Answers::of(&restored.setting(), &token), Answers::of(&sqlite(&file), &token));
}
