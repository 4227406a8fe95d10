//! Standard output that is closed or full, and secrets that are printed only once.

use std::fs::File;
use std::process::{Output, Stdio};

use super::serving::new_database;
use super::team::Team;
use crate::process::{command, printed};

const APP: &[&str] =
    &["app", "create", "--user", "olive@example.test", "--name", "Shop", "--redirect-uri", "https://a.test/b"];

const BASE_URL: [&str; 2] = ["--base-url", "https://people.example.com"];

/// A pipe whose reader has gone, as that of `head` goes.
fn closed_pipe() -> Stdio {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    writer.into()
}

/// A device on which there is no room left.
fn full_device() -> Stdio {
    File::options().write(true).open("/dev/full").unwrap().into()
}

fn run_into(output: Stdio, arguments: &[&str]) -> Output {
    command(arguments).stdout(output).output().unwrap()
}

fn failed_in_one_line(output: &Output, words: &[&str]) {
    let error = printed(&output.stderr);
    assert_eq!((output.status.code(), error.lines().count()), (Some(1), 1), "{error}");
    for word in words {
        assert!(error.contains(word), "{word} is missing: {error}");
    }
}

/// A team that has something of everything that is listed.
fn busy_team() -> Team {
    let team = Team::new();
    team.invited(&[("Ada", "ada@example.com")]);
    team.run(APP);
    team
}

/// Commands that print what can be printed again.
fn listings(url: &str) -> Vec<Vec<&str>> {
    let anywhere = [&["--help"][..], &["--version"], &["serve", "--help"], &["openapi"], &["config"]];
    let seeds = [&["sandbox", "--seed-schema"][..]];
    let in_database = [
        &["invitation", "list", "--all"][..],
        &["invitation", "list", "--csv"],
        &["invitation", "show", "1"],
        &["token", "list", "--json"],
        &["mail", "list"],
        &["user", "list"],
        &["app", "list"],
        &["seats"],
        &["migrate"],
        &["erase", "ada@example.com"],
    ];
    let in_database = in_database.iter().map(|words| [words, &["--database", url][..]].concat());
    anywhere.iter().chain(&seeds).map(|words| words.to_vec()).chain(in_database).collect()
}

#[test]
fn a_reader_that_has_gone_ends_a_listing_quietly() {
    let team = busy_team();
    for arguments in listings(&team.url) {
        let output = run_into(closed_pipe(), &arguments);
        assert_eq!((output.status.code(), printed(&output.stderr)), (Some(0), String::new()), "{arguments:?}");
    }
}

#[test]
fn an_output_without_room_is_one_line_and_exit_code_1() {
    let team = busy_team();
    for arguments in listings(&team.url) {
        let output = run_into(full_device(), &arguments);
        failed_in_one_line(&output, &["cannot write to standard output", "No space left on device"]);
    }
}

#[test]
fn what_cannot_be_told_is_not_done() {
    let team = Team::new();
    team.invited(&[("Ada", "ada@example.com")]);
    let account = ["account", "create", "Second", "--owner-email", "olive@example.test", "--owner-name", "Olive"];
    let commands = [
        &["token", "create", "olive@example.test"][..],
        APP,
        &["user", "sign-in-link", "olive@example.test", BASE_URL[0], BASE_URL[1]],
        &["invitation", "link", "1", BASE_URL[0], BASE_URL[1]],
        // The last one, since the others would have to name an account after it.
        &account,
    ];
    for words in commands {
        let before = team.every_text();
        for more in [&[][..], &["--json"]] {
            let arguments = [words, more, &["--database", &team.url]].concat();
            for output in [full_device(), closed_pipe()] {
                failed_in_one_line(&run_into(output, &arguments), &["nothing was changed", "standard output"]);
                assert_eq!(team.every_text(), before, "{arguments:?}");
            }
        }
        team.run(words);
        assert_ne!(team.every_text(), before, "{words:?} writes when it can tell");
    }
}

#[test]
fn a_sandbox_that_cannot_say_where_it_is_ends() {
    for more in [&["--json"][..], &[]] {
        let arguments = [&["sandbox", "--listen", "127.0.0.1:0", "--log-level", "error"], more].concat();
        failed_in_one_line(&run_into(closed_pipe(), &arguments), &["cannot write to standard output"]);
    }
}

#[test]
fn a_closed_standard_error_is_no_panic() {
    let (_folder, url) = new_database();
    let output = command(&["token", "list", "--database", &url]).stderr(closed_pipe()).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "a panic would be 101");
}
