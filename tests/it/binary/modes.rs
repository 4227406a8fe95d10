//! Who can read the files that the program makes: their owner alone, whatever the umask.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use super::operators::log_of_serving;
use super::serving::{fails, folder, succeeds};
use super::team::Team;
use crate::process::{Program, command, printed, sqlite};
use crate::support::within;

/// A command that runs with the umask of a careless shell, under which everybody may read and write.
fn careless(arguments: &[&str]) -> Command {
    let program = command(arguments);
    let mut shell = Command::new("sh");
    shell.args(["-c", "umask 000; exec \"$0\" \"$@\""]).arg(program.get_program()).args(program.get_args());
    for (name, _) in program.get_envs() {
        shell.env_remove(name);
    }
    shell.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    shell
}

fn run(arguments: &[&str]) -> String {
    let output = careless(arguments).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", printed(&output.stderr));
    printed(&output.stdout)
}

/// The files below a folder, with their modes.
fn files(folder: &Path) -> Vec<(PathBuf, u32)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
        match entry.metadata().unwrap().is_dir() {
            true => found.extend(files(&entry.path())),
            false => found.push((entry.path(), mode)),
        }
    }
    found
}

#[test]
fn only_the_owner_can_read_databases_their_logs_copies_backups_and_mails() {
    let folder = folder();
    let (database, mails) = (folder.database(), folder.database().with_file_name("mails"));
    let (url, place) = (sqlite(&database), database.parent().unwrap());
    // A folder that was there before, in which everybody may look around.
    std::fs::create_dir(&mails).unwrap();
    std::fs::set_permissions(&mails, PermissionsExt::from_mode(0o755)).unwrap();
    let create = ["account", "create", "Example", "--owner-email", "olive@example.test", "--owner-name", "Olive"];
    let created = run(&[&create[..], &["--database", &url]].concat());
    let token = created.split_whitespace().find(|word| word.starts_with("inv_")).unwrap().to_owned();

    let way = format!("files:{}", mails.display());
    let mail = ["--mail", &way, "--mail-from", "people@example.test"];
    let serve = ["serve", "--database", &url, "--listen", "127.0.0.1:0"];
    let (program, address) = Program::serve(careless(&[&serve[..], &mail[..]].concat()));
    Team::invite(address, &token, &[("Ada Lovelace", "ada@example.com")]);
    let is_mail = |path: PathBuf| path.extension().is_some_and(|ending| ending == "eml");
    let has_mail = || std::fs::read_dir(&mails).unwrap().any(|entry| is_mail(entry.unwrap().path()));
    assert!(within(Duration::from_secs(10), has_mail), "no mail was written");
    let of = |name: &str| place.join(name).display().to_string();
    run(&["copy", "--from", &url, "--to", &sqlite(&place.join("copy.sqlite"))]);
    run(&["backup", "--database", &url, "--to", &of("backup.sqlite")]);
    let found = files(place);
    let open: Vec<_> = found.iter().filter(|(_, mode)| *mode != 0o600).collect();
    assert!(open.is_empty(), "{open:?}");
    let names: Vec<String> =
        found.iter().map(|(path, _)| path.file_name().unwrap().to_string_lossy().into_owned()).collect();
    for name in ["sandbox.sqlite", "sandbox.sqlite-wal", "sandbox.sqlite-shm", "copy.sqlite", "backup.sqlite"] {
        assert!(names.iter().any(|known| known == name), "{name} is not looked at: {names:?}");
    }
    assert!(names.iter().any(|name| name.ends_with(".eml")), "{names:?}");
    drop(program);
}

#[test]
fn a_database_that_others_can_read_keeps_its_mode_and_serve_says_so() {
    let folder = folder();
    let (database, url) = (folder.database(), sqlite(&folder.database()));
    succeeds(&["migrate", "--database", &url]);
    let says_so = || log_of_serving(&url, &[]).contains("chmod 600");
    assert!(!says_so());
    std::fs::set_permissions(&database, PermissionsExt::from_mode(0o640)).unwrap();
    assert!(says_so());
    assert_eq!(database.metadata().unwrap().permissions().mode() & 0o777, 0o640);
}

#[test]
fn a_database_is_not_created_behind_a_link_that_leads_nowhere() {
    let folder = folder();
    let (database, elsewhere) = (folder.database(), folder.database().with_file_name("elsewhere.sqlite"));
    std::os::unix::fs::symlink(&elsewhere, &database).unwrap();
    fails(&["migrate", "--database", &sqlite(&database)], &["link to a file that does not exist"]);
    assert!(!elsewhere.exists());
}
