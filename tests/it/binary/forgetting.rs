//! `invited erase` and `invited sweep`: what is removed from the database, and what stays.

use std::net::SocketAddr;

use serde_json::{Value, json};

use super::team::Team;
use crate::process::Client;
use crate::support::client::Request;

/// Words that each identify Ada and never occur in random hexadecimal digits.
const ADA: &[&str] = &["ada@", "lovelace", "countess", "analyst", "person-4711"];

/// A team that has invited Bob and Ada, whose address has changed since.
fn team_of_ada_and_bob() -> Team {
    let team = Team::new();
    let (program, server) = team.serve();
    let ada = json!({"account_invitation": {
        "full_name": "Ada Lovelace",
        "email_address": "Ada@example.com",
        "headline": "Analyst",
        "external_reference": {"service_name": "crm", "service_model": "Person", "service_model_ref": "person-4711"},
    }});
    invite_once(&team, server, &ada);
    Team::invite(server, &team.token, &[("Bob Babbage", "bob@example.test")]);
    let body = json!({"user": {"full_name": "The Countess", "email_address": "countess@example.test"}}).to_string();
    let mut client = Client::connect(server, &team.token).unwrap();
    let (status, answer) = client.send("PUT", "/api/v1/users/2", &body).unwrap();
    assert_eq!(status, 200, "{answer}");
    drop(client);
    assert_eq!(program.stop().0.code(), Some(0));
    team
}

/// Invites with an idempotency key, so that the answer is stored.
fn invite_once(team: &Team, server: SocketAddr, body: &Value) {
    let request = Request::new(server, "POST", "/api/v1/account_invitations").bearer(&team.token);
    request.header("Idempotency-Key", "once").json(body).send().expect(200);
}

/// The traces of Ada left in the database.
fn traces(team: &Team) -> Vec<(String, String)> {
    let tells = |text: &String| ADA.iter().any(|word| text.to_lowercase().contains(word));
    team.every_text().into_iter().filter(|(_, text)| tells(text)).collect()
}

#[test]
fn erasing_needs_confirmation_and_leaves_no_trace_of_name_and_address() {
    let team = team_of_ada_and_bob();
    let before = team.every_text();
    let tables: Vec<String> = traces(&team).into_iter().map(|(table, _)| table).collect();
    for table in ["users", "account_invitations", "audit", "outbox", "external_references", "idempotent_requests"] {
        assert!(tables.iter().any(|known| known == table), "the test has nothing to erase in {table}: {tables:?}");
    }
    let rows = team.texts("SELECT action FROM audit ORDER BY id");

    let report = team.run(&["erase", "countess@example.test"]);
    assert!(report.contains("users: 1, invitations: 1") && report.contains("--yes"), "{report}");
    let counts = team.json(&["erase", "countess@example.test"]);
    assert_eq!(counts["erased"], false);
    assert_eq!(team.every_text(), before, "without --yes nothing changes");

    let done = team.json(&["erase", "Countess@example.test ", "--yes"]);
    assert_eq!(done["erased"], true);
    assert_eq!(done["audit_rows"], counts["audit_rows"], "the announced and the real count agree");
    assert_eq!(traces(&team), []);
    assert!(team.every_text().iter().any(|(_, text)| text == "Bob Babbage"), "only Ada is erased");

    let kept = team.texts("SELECT action FROM audit ORDER BY id");
    assert_eq!(kept[..rows.len()], rows, "the trail keeps its rows");
    assert_eq!(kept[rows.len()..], ["account_invitation.delete", "user.erase", "email_address.erase"]);
    for text in team.texts(
        "SELECT before FROM audit WHERE before IS NOT NULL UNION ALL SELECT after FROM audit WHERE after IS NOT NULL",
    ) {
        assert!(serde_json::from_str::<Value>(&text).is_ok_and(|attributes| attributes.is_object()), "{text}");
    }
    team.refused(&["erase", "countess@example.test", "--yes"], &["There is nobody with the address countess@"]);
}

#[test]
fn erasing_an_unknown_person_is_an_error() {
    let team = team_of_ada_and_bob();
    let before = team.every_text();
    for more in [&[][..], &["--yes"], &["--json"]] {
        let words = ["There is nobody with the address nobody@example.test in account 1."];
        team.refused(&[&["erase", "nobody@example.test"], more].concat(), &words);
    }
    assert_eq!(team.every_text(), before);
}

fn succeed(team: &Team, server: SocketAddr, method: &str, path: &str, body: &Value) -> Value {
    let request = Request::new(server, method, path).bearer(&team.token).json(body);
    let answer = request.send();
    assert!((200..300).contains(&answer.status), "{answer}");
    if answer.body.is_empty() { Value::Null } else { answer.json() }
}

#[test]
fn erasing_covers_every_former_address() {
    let team = Team::new();
    let (program, server) = team.serve();
    let ask = |method: &str, path: &str, body: Value| succeed(&team, server, method, path, &body);
    let move_to = |user: &str, address: &str| {
        ask("PUT", &format!("/api/v1/users/{user}"), json!({"user": {"email_address": address}}))
    };
    // Ada becomes a member, and leaves.
    Team::invite(server, &team.token, &[("Ada Lovelace", "ada@example.com")]);
    let link = ask("POST", "/invitations/1/link", json!({}));
    let accepted =
        ask("POST", "/invitations/accept", json!({"token": link["token"], "password": "correct horse battery"}));
    let (user, membership) =
        (accepted["user_id"].as_str().unwrap(), accepted["account_membership_id"].as_str().unwrap());
    move_to(user, "lovelace@example.test");
    ask("DELETE", &format!("/api/v1/account_memberships/{membership}"), json!({}));
    // A second invitation, under her second address, is revoked: only the audit trail and the mails keep that address.
    Team::invite(server, &team.token, &[("Ada Lovelace", "Lovelace@example.test")]);
    ask("DELETE", "/api/v1/account_invitations/2", json!({}));
    move_to(user, "countess@example.test");
    Team::invite(server, &team.token, &[("Bob Babbage", "bob@example.test")]);
    assert_eq!(program.stop().0.code(), Some(0));

    let tables: Vec<String> = traces(&team).into_iter().map(|(table, _)| table).collect();
    assert!(tables.contains(&"outbox".to_owned()) && tables.contains(&"audit".to_owned()), "{tables:?}");
    let done = team.json(&["erase", "countess@example.test", "--yes"]);
    assert_eq!((&done["users"], &done["erased"]), (&json!(1), &json!(true)));
    assert_eq!(traces(&team), []);
    assert!(team.every_text().iter().any(|(table, text)| table == "outbox" && text == "bob@example.test"));
}

#[test]
fn a_former_address_that_now_belongs_to_another_person_stays() {
    let team = Team::new();
    let (program, server) = team.serve();
    Team::invite(server, &team.token, &[("Ada Lovelace", "ada@example.com")]);
    let ask = |method: &str, path: &str, body: Value| succeed(&team, server, method, path, &body);
    for address in ["shared@example.test", "countess@example.test"] {
        ask("PUT", "/api/v1/users/2", json!({"user": {"email_address": address}}));
    }
    Team::invite(server, &team.token, &[("Bob Babbage", "shared@example.test")]);
    assert_eq!(program.stop().0.code(), Some(0));
    team.run(&["erase", "countess@example.test", "--yes"]);
    assert_eq!(traces(&team), []);
    let kept: Vec<(String, String)> =
        team.every_text().into_iter().filter(|(_, text)| text.contains("shared@example.test")).collect();
    for table in ["users", "account_invitations", "outbox", "audit"] {
        assert!(kept.iter().any(|(known, _)| known == table), "{table}: {kept:?}");
    }
}

#[test]
fn rows_of_a_longer_address_stay() {
    let team = Team::new();
    let (program, server) = team.serve();
    invite_once(
        &team,
        server,
        &json!({"account_invitation": {"full_name": "Ada", "email_address": "ada@example.com"}}),
    );
    Team::invite(server, &team.token, &[("Dagmar", "da@example.test")]);
    drop(program);
    let erase = |address: &str| {
        team.run(&["erase", address, "--yes"]);
        team.texts("SELECT idempotency_key FROM idempotent_requests")
    };
    assert_eq!(erase("da@example.test"), ["once"], "Ada's request would take effect a second time");
    assert_eq!(erase("ada@example.com"), Vec::<String>::new());
}

#[test]
fn erasing_keeps_the_rules_and_takes_no_part_of_an_address() {
    let team = team_of_ada_and_bob();
    let before = team.every_text();
    team.refused(&["erase", "olive@example.test", "--yes"], &["owner"]);
    team.refused(&["erase", "", "--yes"], &["Email address"]);
    team.refused(&["erase", "example.test", "--yes"], &["Email address is not a valid email address."]);
    assert_eq!(team.every_text(), before);
}

#[test]
fn a_sweep_marks_and_removes_expired_rows_and_reports_the_number() {
    let team = Team::new();
    team.invited(&[("Ada", "ada@example.com"), ("Bob", "bob@example.test")]);
    assert_eq!(team.run(&["sweep"]), "Rows that were marked or deleted: 0\n");
    team.alter(
        "UPDATE account_invitations SET expires_on = 20000 WHERE id = 2; UPDATE accounts SET expired_through = 1",
    );
    assert_eq!(team.json(&["sweep"]), json!({"rows": 1}));
    assert_eq!(team.texts("SELECT subject_id || '' FROM audit WHERE action = 'account_invitation.expire'"), ["2"]);
    assert_eq!(team.json(&["sweep"]), json!({"rows": 0}));
    assert_eq!(team.json(&["sweep", "--keep-expired-days", "1"]), json!({"rows": 1}));
    assert_eq!(team.texts("SELECT full_name FROM account_invitations"), ["Ada"]);
}
