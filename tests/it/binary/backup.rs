//! `invited backup` of a file; the tests with a server are in `postgres`.

use std::fs::OpenOptions;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};

use rusqlite::Connection;

use super::copying::{Answers, Crowd, copied, invite_new, while_inviting};
use super::serving::{UNLIMITED, fails, serve, succeeds};
use super::team::Team;
use crate::process::sqlite;
use crate::support::database::rows_in_file;
use crate::support::stored::everything_stored;

#[test]
fn a_backup_is_one_complete_file_that_only_its_owner_can_read() {
    let Crowd { team, last } = Crowd::new();
    let file = team.path("backup.db");
    let report = team.json(&["backup", "--to", &file.display().to_string()]);
    let metadata = file.metadata().unwrap();
    assert_eq!(metadata.permissions().mode() & 0o777, 0o600);
    assert_eq!(report["bytes"], metadata.len());
    assert_eq!(team.files_named("backup.db"), ["backup.db"], "nothing is left beside it");
    assert_eq!(report["tables"]["users"].to_string(), rows_in_file(&file, "SELECT count(*) FROM users")[0]);
    assert_eq!(everything_stored(&file), everything_stored(&team.path("sandbox.sqlite")));
    // Used as the database, it continues where the original was.
    assert_eq!(Answers::of(&sqlite(&file), &team.token), Answers::of(&team.url, &team.token));
    assert_eq!(invite_new(&sqlite(&file), &team.token, "new@example.test"), last + 1);
}

#[test]
fn a_backup_during_writes_is_one_consistent_state() {
    let team = Team::new();
    let (program, server) = serve(&team.url, UNLIMITED);
    while_inviting(server, &team.token, || {
        for number in 0..5 {
            let file = team.path(&format!("backup-{number}.db"));
            let report = team.json(&["backup", "--to", &file.display().to_string()]);
            let database = Connection::open(&file).unwrap();
            let check: String = database.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
            assert_eq!(check, "ok");
            let sql = "SELECT count(*) FROM account_invitations i JOIN users u ON u.id = i.invitee_id JOIN audit a \
                       ON a.subject_id = i.id AND a.action = 'account_invitation.create'";
            let whole: i64 = database.query_row(sql, [], |row| row.get(0)).unwrap();
            assert_eq!(report["tables"]["account_invitations"], whole, "no invitation is half copied");
            let tally = "SELECT total FROM tallies WHERE name = 'account_invitations'";
            assert_eq!(database.query_row(tally, [], |row| row.get::<_, i64>(0)).unwrap_or(0), whole);
        }
    });
    drop(program);
    let restored = team.path("restored.sqlite");
    copied(&sqlite(&team.path("backup-4.db")), &sqlite(&restored), &[]);
    assert_eq!(everything_stored(&restored), everything_stored(&team.path("backup-4.db")));
}

#[test]
fn a_backup_overwrites_nothing_and_removes_only_what_a_killed_one_has_left() {
    let team = Team::new();
    let file = team.path("backup.db");
    let name = file.display().to_string();
    std::fs::write(&file, "kept").unwrap();
    team.refused(&["backup", "--to", &name], &["is there already"]);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "kept");
    std::fs::remove_file(&file).unwrap();

    let draft = |digit: &str| team.path(&format!("backup.db.{}.unfinished", digit.repeat(16)));
    let (abandoned, active) = (draft("a"), draft("b"));
    for path in [&abandoned, &active] {
        std::fs::write(path, "of another backup").unwrap();
    }
    let lock = OpenOptions::new().write(true).open(&active).unwrap();
    lock.lock().unwrap();
    team.run(&["backup", "--to", &name]);
    assert!(file.exists() && !abandoned.exists() && active.exists());
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(file.metadata().unwrap().nlink(), 1);
    std::fs::remove_file(&active).unwrap();
    assert_eq!(team.files_named("unfinished"), Vec::<String>::new());
}

#[test]
fn a_backup_follows_no_link_and_adopts_no_planted_file() {
    let team = Team::new();
    let (file, precious) = (team.path("backup.db"), team.path("precious.txt"));
    std::fs::write(&precious, "precious").unwrap();
    let links = [team.path("backup.db.unfinished"), team.path(&format!("backup.db.{}.unfinished", "c".repeat(16)))];
    for link in &links {
        std::os::unix::fs::symlink(&precious, link).unwrap();
    }
    let planted = team.path("other.db.unfinished");
    std::fs::write(&planted, "planted").unwrap();
    for name in ["backup.db", "other.db"] {
        team.run(&["backup", "--to", &team.path(name).display().to_string()]);
    }
    assert_eq!(std::fs::read_to_string(&precious).unwrap(), "precious");
    assert_eq!(std::fs::read_to_string(&planted).unwrap(), "planted");
    assert!(links.iter().all(|link| link.is_symlink()), "a link is not a draft");
    std::os::unix::fs::symlink(team.path("elsewhere.db"), team.path("link.db")).unwrap();
    team.refused(&["backup", "--to", &team.path("link.db").display().to_string()], &["is there already"]);
    assert!(file.exists() && !team.path("elsewhere.db").exists());
}

#[test]
fn a_failed_backup_leaves_nothing() {
    let team = Team::new();
    let file = team.path("backup.db");
    let name = file.display().to_string();
    let missing = sqlite(&team.path("missing.sqlite"));
    fails(&["backup", "--database", &missing, "--to", &name], &["missing.sqlite does not exist"]);
    Connection::open(team.path("other.sqlite")).unwrap().execute_batch("CREATE TABLE t (x)").unwrap();
    let other = sqlite(&team.path("other.sqlite"));
    fails(&["backup", "--database", &other, "--to", &name], &["no table of this program"]);
    team.refused(&["backup", "--to", "/nowhere/at/all.db"], &["/nowhere/at/all.db"]);
    assert!(!file.exists() && team.files_named("unfinished").is_empty());
}

#[test]
fn an_older_database_can_be_backed_up_before_its_migration() {
    let team = Team::new();
    team.alter("DROP TABLE outbox; DELETE FROM schema_migrations WHERE version >= 4");
    let report = succeeds(&["backup", "--database", &team.url, "--to", &team.path("old.db").display().to_string()]);
    assert!(report.starts_with("Wrote "), "{report}");
    assert_eq!(rows_in_file(&team.path("old.db"), "SELECT max(version) FROM schema_migrations"), ["3"]);
}
