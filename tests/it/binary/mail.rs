//! `invited mail`: checking that mail works, without a database, and the state of queued mails.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::thread;
use std::time::Duration;

use invited::testing::Stopwatch;
use serde_json::{Value, json};

use super::serving::{fails, folder, new_database, succeeds};
use super::team::Team;
use crate::process::{Program, command, printed};
use crate::support::sink::{Manner, Moment, Sink};
use crate::support::within;

/// How long a test waits for the log.
const PATIENCE: Duration = Duration::from_secs(20);

const FROM: [&str; 4] = ["--mail-from", "invitations@example.test", "--mail-starttls", "none"];

/// A mail server that takes one mail and gives this reply to its data.
fn mail_server(answer: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let place = format!("smtp://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
        let mut say = |line: &str| stream.write_all(format!("{line}\r\n").as_bytes()).unwrap();
        say("220 here");
        let mut is_data = false;
        while let Some(Ok(line)) = lines.next() {
            match line.split(' ').next().unwrap() {
                "." => {
                    is_data = false;
                    say(answer);
                }
                _ if is_data => {}
                "DATA" => {
                    is_data = true;
                    say("354 go on");
                }
                _ => say("250 fine"),
            }
        }
    });
    place
}

fn test_mail<'a>(way: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    [&["mail", "test", "ada@example.com", "--mail", way], &FROM[..], more].concat()
}

#[test]
fn a_test_mail_prints_the_mail_servers_reply() {
    let place = mail_server("250 2.0.0 taken as 4711");
    assert_eq!(succeeds(&test_mail(&place, &[])), "250 2.0.0 taken as 4711\n");
    let place = mail_server("250 2.0.0 taken as 4712");
    let report: Value = serde_json::from_str(&succeeds(&test_mail(&place, &["--json"]))).unwrap();
    assert_eq!((&report["to"], &report["reply"]), (&json!("ada@example.com"), &json!("250 2.0.0 taken as 4712")));
    assert!(report["message_id"].as_str().unwrap().ends_with("@example.test"), "{report}");
}

#[test]
fn a_refused_test_mail_prints_the_reply_and_whether_a_retry_could_succeed() {
    fails(&test_mail(&mail_server("550 5.7.1 not from you"), &[]), &["for good", "550 5.7.1 not from you"]);
    fails(&test_mail(&mail_server("451 4.3.2 come back"), &[]), &["later attempt", "451 4.3.2 come back"]);
    let dead = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    fails(&test_mail(&format!("smtp://{dead}"), &[]), &["later attempt", "Connection refused"]);
}

#[test]
fn a_silent_mail_server_is_given_up_in_time() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let place = format!("smtp://{}", silent.local_addr().unwrap());
    let waiting = Stopwatch::start();
    fails(&test_mail(&place, &["--mail-timeout", "1"]), &["later attempt"]);
    assert!(waiting.elapsed() < Duration::from_secs(10), "it took {:?}", waiting.elapsed());
}

fn files_in(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_test_mail_can_be_written_to_a_file_without_a_database() {
    let folder = folder();
    let place = folder.database().parent().unwrap().to_owned();
    let output = command(&test_mail("files:mails", &[])).current_dir(&place).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", printed(&output.stderr));
    let names = files_in(&place.join("mails"));
    assert_eq!(names.len(), 1, "{names:?}");
    assert_eq!(printed(&output.stdout), format!("written as {}\n", names[0]));
    let mail = std::fs::read_to_string(place.join("mails").join(&names[0])).unwrap();
    for words in ["To: ada@example.com", "invitations@example.test", "Subject: Mail works", "It does."] {
        assert!(mail.contains(words), "{words} is missing in {mail}");
    }
    assert_eq!(files_in(&place), ["mails"], "no database is created");
}

#[test]
fn a_refused_name_is_printed() {
    let sink = Sink::start(&[Manner::Replies(Moment::Hello, "504 5.5.2 need fully-qualified hostname")]);
    let way = sink.setting();
    for (more, name) in [
        (&["--base-url", "https://people.example.com"][..], "people.example.com"),
        (&[], "example.test"),
        (&["--mail-hello", "mx.example.net"], "mx.example.net"),
    ] {
        let reply = format!("504 5.5.2 need fully-qualified hostname (in reply to EHLO {name})");
        fails(&test_mail(&way, more), &[&reply, "to anyone"]);
    }
    for wrong in ["two words", "a..b", "[people]", "[192.0.2.7", "é.example.test"] {
        fails(&test_mail(&way, &["--mail-hello", wrong]), &["setting mail_hello", "people.example.com"]);
    }
}

#[test]
fn no_command_takes_an_address_that_cannot_be_mailed() {
    let too_long = format!("{}@example.test", "l".repeat(65));
    let (folder, url) = new_database();
    let owner = ["--owner-name", "Olive", "--owner-email", &too_long, "--database", &url];
    fails(&[&["account", "create", "Example"], &owner[..]].concat(), &["email"]);
    for from in [&too_long, "Olive <olive@example.test>", "olive@exämple.test", "\"o l\"@example.test"] {
        fails(&["mail", "test", "ada@example.com", "--mail", "files:x", "--mail-from", from], &["setting mail_from"]);
    }
    let seed = folder.database().with_extension("yaml");
    let standard = std::fs::read_to_string("src/sandbox/seed/standard.yaml").unwrap();
    let address = standard.split_whitespace().find(|word| word.contains('@')).unwrap().trim_matches(['"', ',', '}']);
    std::fs::write(&seed, standard.replacen(address, &too_long, 1)).unwrap();
    fails(&["sandbox", "--seed", &seed.display().to_string()], &["email"]);
}

#[test]
fn half_of_the_credentials_is_refused_at_the_start() {
    let way = "smtp://127.0.0.1:1";
    let (_folder, url) = new_database();
    succeeds(&["migrate", "--database", &url]);
    for (given, missing) in [("mail_user", "mail_password"), ("mail_password", "mail_user")] {
        let flag = format!("--{}=given", given.replace('_', "-"));
        let words = [&format!("setting {given} has a value"), &format!("{missing} has none")];
        fails(&test_mail(way, &[&flag]), &words.map(String::as_str));
        let serve = ["serve", "--database", &url, "--listen", "127.0.0.1:0", "--mail", way, &flag];
        fails(&[&serve, &FROM[..]].concat(), &words.map(String::as_str));
    }
}

#[test]
fn settings_that_cannot_send_are_named() {
    let address = "ada@example.com";
    fails(&["mail", "test", address], &["mail is switched off", "--mail", "INVITED_MAIL"]);
    let from = ["--mail-from", "invitations@example.test"];
    fails(&[&["mail", "test", address], &from[..]].concat(), &["mail is switched off"]);
    fails(&["mail", "test", address, "--mail", "files:x"], &["mail_from", "--mail-from"]);
    fails(&["mail", "test", address, "--mail", "pigeon"], &["setting mail", "smtp://HOST"]);
    fails(&[&["mail", "test", "nobody", "--mail", "files:x"], &FROM[..]].concat(), &["address"]);
}

#[test]
fn mails_are_listed_and_failed_ones_sent_again() {
    let team = Team::new();
    team.invited(&[("Ada", "ada@example.com"), ("Bob", "bob@example.test"), ("Cleo", "cleo@example.test")]);
    team.alter("UPDATE outbox SET state = 'failed', due_at = NULL, last_reply = '550 no such Bob' WHERE id = 2");
    let addresses = |arguments: &[&str]| {
        let listed = team.json(&[&["mail", "list"], arguments].concat());
        let mails = listed["mails"].as_array().unwrap().clone();
        mails.iter().map(|mail| mail["to"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(addresses(&[]), ["cleo@example.test", "bob@example.test", "ada@example.com"]);
    assert_eq!(addresses(&["--limit", "1"]), ["cleo@example.test"]);
    assert_eq!(addresses(&["--state", "failed"]), ["bob@example.test"]);
    assert_eq!(addresses(&["--state", "sent"]), Vec::<String>::new());
    let table = team.run(&["mail", "list", "--state", "failed"]);
    assert!(table.lines().count() == 2 && table.ends_with("bob@example.test  0         550 no such Bob\n"), "{table}");

    assert_eq!(team.run(&["mail", "retry"]), "Failed mails to send again: 1\n");
    assert_eq!(addresses(&["--state", "queued"]).len(), 3);
    assert_eq!(team.json(&["mail", "retry"]), json!({"queued": 0, "refused": 0}));
    let unknown = command(&["mail", "list", "--state", "lost", "--database", &team.url]).output().unwrap();
    assert_eq!(unknown.status.code(), Some(2));
}

#[test]
fn refused_mails_are_sent_again_only_on_request() {
    let team = Team::new();
    team.invited(&[("Ada", "ada@example.com"), ("Bob", "bob@example.test")]);
    team.alter("UPDATE outbox SET state = 'failed', due_at = NULL");
    team.alter("UPDATE outbox SET is_refused = 1 WHERE id = 2");
    let retried = team.json(&["mail", "retry"]);
    assert_eq!(retried, json!({"queued": 1, "refused": 1}));
    team.alter("UPDATE outbox SET state = 'failed', due_at = NULL WHERE id = 1");
    let retried = team.run(&["mail", "retry"]);
    assert_eq!(retried, "Failed mails to send again: 1\nRefused for good, and left alone without --refused: 1\n");
    let queued = "SELECT recipient FROM outbox WHERE state = 'queued' AND is_refused = 0 ORDER BY id";
    assert_eq!(team.texts(queued), ["ada@example.com"]);
    assert_eq!(team.run(&["mail", "retry", "--refused"]), "Failed mails to send again: 1\n");
    assert_eq!(team.texts(queued), ["ada@example.com", "bob@example.test"]);
}

/// What a server has logged about its mails when the log has these words; the mail server behaves in this manner.
#[track_caller]
fn logged(manner: Manner, until: &str) -> Vec<Value> {
    let team = Team::new();
    team.invited(&[("Nora", "nora@example.test")]);
    let sink = Sink::start(&[manner]);
    let (log, way) = (team.path("log"), sink.setting());
    let mail = [&["--mail", &way], &FROM[..]].concat();
    let serve = ["serve", "--database", &team.url, "--listen", "127.0.0.1:0"];
    let (program, _) = Program::serve_logging(command(&[&serve[..], &mail[..]].concat()), &log);
    let read = || std::fs::read_to_string(&log).unwrap();
    assert!(within(PATIENCE, || read().contains(until)), "{until:?} is not in {}", read());
    drop(program);
    assert!(!read().contains("nora@example.test"), "the log holds an address: {}", read());
    let lines = read().lines().map(|line| serde_json::from_str(line).unwrap()).collect::<Vec<Value>>();
    lines.into_iter().filter(|line| line.get("mail").is_some()).collect()
}

#[test]
fn the_log_says_why_a_mail_failed_and_names_no_address() {
    for (moment, reply, level, state, reason) in [
        (Moment::Sender, "553 5.7.1 Sender rejected", "ERROR", "queued", "553 5.7.1 Sender rejected"),
        (
            Moment::Recipient,
            "554 5.7.1 <nora@example.test>: Relay access denied",
            "ERROR",
            "queued",
            "554 5.7.1 [address] Relay access denied",
        ),
        (Moment::Recipient, "550 5.1.1 <nora@example.test>: Unknown", "WARN", "failed", "550 5.1.1 [address] Unknown"),
        (Moment::Recipient, "451 4.7.1 Later", "WARN", "queued", "451 4.7.1 Later"),
    ] {
        let lines = logged(Manner::Replies(moment, reply), "\"reason\"");
        let [line] = lines.as_slice() else { panic!("not one line: {lines:?}") };
        assert_eq!((&line["level"], &line["state"]), (&json!(level), &json!(state)), "{line}");
        assert!(line["reason"].as_str().unwrap().starts_with(reason), "{line}");
    }
}

#[test]
fn templates_are_written_once_and_can_be_used() {
    let folder = folder();
    let place = folder.database().with_file_name("templates");
    let text = place.display().to_string();
    let printed = succeeds(&["mail", "templates", &text]);
    let forms = |matter: &str| ["de.html", "de.txt", "en.html", "en.txt"].map(|form| format!("{matter}.{form}"));
    let names = ["address_confirmation", "address_notice", "invitation"].map(forms).concat();
    assert_eq!(files_in(&place), names);
    assert!(names.iter().all(|name| printed.contains(name.as_str())), "{printed}");

    let mails = format!("files:{}", folder.database().with_file_name("mails").display());
    succeeds(&test_mail(&mails, &["--mail-templates", &text]));
    std::fs::write(place.join(&names[3]), "{{ nobody }}").unwrap();
    fails(&test_mail(&mails, &["--mail-templates", &text]), &[&names[3]]);

    std::fs::remove_file(place.join(&names[0])).unwrap();
    fails(&["mail", "templates", &text], &["is not replaced"]);
    assert_eq!(std::fs::read_to_string(place.join(&names[3])).unwrap(), "{{ nobody }}");
    assert_eq!(files_in(&place), names[1..], "a refusal writes nothing");
}
