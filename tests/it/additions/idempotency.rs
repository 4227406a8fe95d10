//! `Idempotency-Key`: a repeated request has no second effect and gets the first answer again.

use std::net::SocketAddr;
use std::thread;
use std::time::Duration;

use invited::testing::{Entropy, Stopwatch, TemporaryFolder};
use rusqlite::Connection;
use serde_json::{Value, json};

use crate::coverage::EXAMPLES;
use crate::process::{Program, address, sqlite};
use crate::support::client::{BASE, Request};
use crate::support::{Answer, Server, token};

const REPLAYED: &str = "idempotent-replayed";

fn person(name: &str) -> Value {
    json!({"account_invitation": {"full_name": name, "email_address": format!("{name}@example.test")}})
}

fn invite(server: &Server, key: &str, name: &str) -> Answer {
    let request = server.post("/account_invitations").bearer(token::ADMINISTRATOR).json(&person(name));
    request.header("Idempotency-Key", key).send()
}

#[test]
fn a_repeated_request_gets_the_first_answer_and_has_no_effect() {
    let server = Server::start();
    let first = invite(&server, "key-1", "ann").expect(200);
    assert_eq!(first.header(REPLAYED), None);
    let stored = server.everything_stored();
    server.advance_seconds(60);
    let second = invite(&server, "key-1", "ann").expect(200);
    assert_eq!(second.header(REPLAYED), Some("true"));
    assert_eq!((first.text(), first.header("etag")), (second.text(), second.header("etag")));
    assert_eq!(server.everything_stored(), stored);
}

#[test]
fn every_write_of_every_resource_can_be_repeated() {
    for example in EXAMPLES.iter().filter(|example| example.is_write()) {
        let server = Server::start();
        let ask = || {
            let request = example.request(&server, example.subject.own).bearer(token::ADMINISTRATOR);
            request.header("Idempotency-Key", "again").send().expect(example.success)
        };
        let first = ask();
        let stored = server.everything_stored();
        let second = ask();
        assert_eq!(second.header(REPLAYED), Some("true"), "{:?}", example.operation);
        assert_eq!((first.status, first.text()), (second.status, second.text()), "{:?}", example.operation);
        assert_eq!(server.everything_stored(), stored, "{:?}", example.operation);
    }
}

#[test]
fn another_request_under_the_same_key_is_refused() {
    let server = Server::start();
    invite(&server, "key-1", "ann").expect(200);
    let stored = server.everything_stored();
    let due = [(
        "validation".to_owned(),
        Some("base".to_owned()),
        Some(0),
        "This Idempotency-Key was used for another request.".to_owned(),
    )];
    assert_eq!(invite(&server, "key-1", "bea").expect(422).errors(), due);
    let administrator =
        |request: Request| request.bearer(token::ADMINISTRATOR).header("Idempotency-Key", "key-1").send();
    assert_eq!(administrator(server.delete("/account_invitations/1")).expect(422).errors(), due);
    assert_eq!(administrator(server.put("/account_invitations/1/resend")).expect(422).errors(), due);
    assert_eq!(server.everything_stored(), stored);
}

#[test]
fn the_operation_and_the_record_are_part_of_the_request() {
    let server = Server::start();
    let ask = |path: &str| server.put(path).bearer(token::ADMINISTRATOR).header("Idempotency-Key", "one").send();
    ask("/account_memberships/206/disable").expect(200);
    ask("/account_memberships/206/enable").expect(422);
    ask("/account_memberships/207/disable").expect(422);
    assert_eq!(ask("/account_memberships/206/disable.json").expect(200).header(REPLAYED), Some("true"));
}

#[test]
fn the_same_request_in_another_encoding_is_the_same_request() {
    let server = Server::start();
    invite(&server, "key-1", "ann").expect(200);
    let form = "account_invitation[email_address]=ann@example.test&account_invitation[full_name]=ann";
    let request = server.post("/account_invitations").bearer(token::ADMINISTRATOR).form(form);
    let answer = request.header("Idempotency-Key", "key-1").send().expect(200);
    assert_eq!(answer.header(REPLAYED), Some("true"));
}

#[test]
fn a_refused_request_has_no_effect_and_may_be_corrected_under_its_key() {
    let server = Server::start();
    let stored = server.everything_stored();
    invite(&server, "key-1", "not an address").expect(422);
    assert_eq!(server.everything_stored(), stored);
    let corrected = invite(&server, "key-1", "ann").expect(200);
    assert_eq!(corrected.header(REPLAYED), None);
}

#[test]
fn a_key_belongs_to_one_person() {
    let server = Server::start();
    let ask = |token: &str, name: &str| {
        let request = server.post("/account_invitations").bearer(token).json(&person(name));
        request.header("Idempotency-Key", "mine").send().expect(200)
    };
    ask(token::ADMINISTRATOR, "ann");
    for (token, name) in [(token::OWNER, "bea"), (token::PROJECT_LEAD, "cora"), (token::OTHER_ADMINISTRATOR, "ann")] {
        assert_eq!(ask(token, name).header(REPLAYED), None, "{name}");
    }
}

#[test]
fn an_answer_is_kept_for_a_day_and_ended_by_the_sweeper_alone() {
    let server = Server::start();
    invite(&server, "key-1", "ann").expect(200);
    let expect_replay = || assert_eq!(invite(&server, "key-1", "ann").expect(200).header(REPLAYED), Some("true"));
    server.advance_seconds(24 * 60 * 60 - 1);
    server.sweep();
    expect_replay();
    // The clock may be wrong, which only the sweeper judges.
    server.advance_seconds(40 * 24 * 60 * 60);
    expect_replay();
    server.sweep();
    // After that it is a new request, and the address is taken.
    invite(&server, "key-1", "ann").expect(422);
    assert_eq!(invite(&server, "key-1", "bea").expect(200).header(REPLAYED), None);
    assert_eq!(server.stored("SELECT count(*) FROM idempotent_requests"), ["1"]);
}

#[test]
fn a_caller_who_lost_the_permission_is_refused_and_gets_no_old_answer() {
    let server = Server::start();
    let lead = || {
        let request = server.post("/account_invitations").bearer(token::PROJECT_LEAD).json(&person("ann"));
        request.header("Idempotency-Key", "key-1").send()
    };
    lead().expect(200);
    let demotion = json!({"account_membership": {"permission": "collaborator"}});
    server.put("/account_memberships/205").bearer(token::ADMINISTRATOR).json(&demotion).send().expect(200);
    lead().expect(403);
}

#[test]
fn an_invalid_key_is_a_400_and_reads_ignore_it() {
    let server = Server::start();
    let stored = server.everything_stored();
    for key in ["", " ", "with blank", &"k".repeat(256)] {
        let answer = invite(&server, key, "ann").expect(400);
        assert!(answer.text().contains("Idempotency-Key must be 1 to 255 visible ASCII characters"), "{answer}");
    }
    let twice = server.post("/account_invitations").bearer(token::ADMINISTRATOR).json(&person("ann"));
    twice.header("Idempotency-Key", "a").header("Idempotency-Key", "a").send().expect(400);
    server.get("/roles").bearer(token::ADMINISTRATOR).header("Idempotency-Key", "read").send().expect(200);
    assert_eq!(server.everything_stored(), stored);
}

#[test]
fn of_64_equal_requests_at_once_one_has_an_effect_and_all_get_its_answer() {
    let server = Server::start();
    let answers = crate::concurrency::together(64, |_| invite(&server, "race", "ann"));
    let first = answers.iter().find(|answer| answer.header(REPLAYED).is_none()).expect("one was the first");
    for answer in &answers {
        assert_eq!((answer.status, answer.text()), (200, first.text()));
    }
    assert_eq!(answers.iter().filter(|answer| answer.header(REPLAYED).is_some()).count(), 63);
    assert_eq!(server.stored("SELECT count(*) FROM account_invitations WHERE email_key = 'ann@example.test'"), ["1"]);
    assert_eq!(server.stored("SELECT count(*) FROM audit"), ["1"]);
}

/// Invites a person, with the name as the key.
fn ask(address: SocketAddr, name: &str) -> Option<Answer> {
    let request = Request::new(address, "POST", &format!("{BASE}/account_invitations")).bearer(token::ADMINISTRATOR);
    request.json(&person(name)).header("Idempotency-Key", name).try_send().ok()
}

/// The ids of a person's invitations in the database file.
fn invited(database: &Connection, name: &str) -> Vec<i64> {
    let mut query = database.prepare_cached("SELECT id FROM account_invitations WHERE full_name = ?1").unwrap();
    query.query_map([name], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

#[test]
fn a_process_killed_between_effect_and_answer_repeats_the_answer_after_a_restart() {
    let folder = TemporaryFolder::create(&Entropy::system()).unwrap();
    let path = folder.database();
    let url = sqlite(&path);
    for round in 0..5 {
        let name = format!("person{round}");
        let (program, greeting) = Program::sandbox(&["--database", &url]);
        let place = address(&greeting);
        let database = Connection::open(&path).unwrap();
        thread::scope(|scope| {
            let client = scope.spawn(|| ask(place, &name));
            // Wait for the effect in the file, whether or not the answer was sent.
            let waiting = Stopwatch::start();
            while invited(&database, &name).is_empty() {
                assert!(waiting.elapsed() < Duration::from_secs(10), "the invitation does not appear");
            }
            program.kill();
            drop(client.join());
        });
        let before = invited(&database, &name);
        let (program, greeting) = Program::sandbox(&["--database", &url]);
        let answer = ask(address(&greeting), &name).expect("the restarted program answers");
        assert_eq!((answer.status, answer.header(REPLAYED)), (200, Some("true")), "{answer}");
        assert_eq!(answer.ids(), before.iter().map(i64::to_string).collect::<Vec<_>>());
        assert_eq!(invited(&database, &name), before);
        drop(program);
    }
}

/// Sends a write as the administrator under a key.
fn write(server: &Server, method: &str, path: &str, body: &Value) -> Answer {
    let request = server.request(method, path).bearer(token::ADMINISTRATOR).json(body);
    request.header("Idempotency-Key", "before-and-after").send()
}

/// Gives the administrator another level.
fn demote(server: &Server, permission: &str) {
    let body = json!({"account_membership": {"permission": permission}});
    server.put("/account_memberships/202").bearer(token::OWNER).json(&body).send().expect(200);
}

#[test]
fn a_replay_shows_a_demoted_caller_no_more_than_any_other_answer() {
    let server = Server::start();
    let costly = json!({"account_invitation": {
        "full_name": "Ännä \"x\"", "email_address": "a@example.test", "cost_rate_in_cents": 777, "bill_rate_in_cents": 5,
    }});
    let path = "/account_invitations?include=inviter,invitee";
    let first = write(&server, "POST", path, &costly).expect(200);
    let without = first.text().replace("\"cost_rate_in_cents\":777,", "");
    assert_ne!(first.text(), without);
    demote(&server, "project_lead");
    let again = write(&server, "POST", path, &costly).expect(200);
    assert_eq!((again.header(REPLAYED), again.text()), (Some("true"), without.as_str()));
    demote(&server, "collaborator");
    write(&server, "POST", path, &costly).expect(403);
    demote(&server, "administrator");
    assert_eq!(write(&server, "POST", path, &costly).expect(200).text(), first.text());
}

#[test]
fn a_replay_is_refused_where_the_record_may_not_be_written_to_any_more() {
    for (user, status) in [("9", 403), ("11", 404)] {
        let server = Server::start();
        let path = format!("/users/{user}");
        let change = json!({"user": {"headline": "X"}});
        write(&server, "PUT", &path, &change).expect(200);
        demote(&server, "collaborator");
        // Another member, and an invitee, whom a collaborator does not even see.
        let again = write(&server, "PUT", &path, &change).expect(status);
        assert!(!again.text().contains("headline"), "{again}");
    }
}

#[test]
fn a_replay_tells_what_the_request_did_even_if_the_record_is_gone() {
    let server = Server::start();
    let change = json!({"account_invitation": {"permission": "collaborator"}});
    let first = write(&server, "PUT", "/account_invitations/2", &change).expect(200);
    server.delete("/account_invitations/2").bearer(token::OWNER).send().expect(204);
    let again = write(&server, "PUT", "/account_invitations/2", &change).expect(200);
    assert_eq!((again.header(REPLAYED), again.text()), (Some("true"), first.text()));
}
