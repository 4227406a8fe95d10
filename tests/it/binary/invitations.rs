//! `invited invitation`: lists in three formats, and links to hand over.

use std::net::SocketAddr;

use serde_json::{Value, json};

use super::team::Team;
use crate::process::{command, printed};
use crate::support::client::Request;

/// A team with an invitation in each state; Ada's is pending.
fn team_with_every_state() -> Team {
    let team = Team::new();
    team.invited(&[
        ("Ada Lovelace", "ada@example.com"),
        ("Accepted", "accepted@example.test"),
        ("Declined", "declined@example.test"),
        ("Expired", "expired@example.test"),
    ]);
    team.alter(
        "UPDATE account_invitations SET accepted_at = 1 WHERE id = 2; \
         UPDATE account_invitations SET declined_at = 1 WHERE id = 3; \
         UPDATE account_invitations SET expires_on = 20000 WHERE id = 4; \
         UPDATE outbox SET state = 'sent', due_at = NULL WHERE invitation_id = 2; \
         DELETE FROM outbox WHERE invitation_id = 4",
    );
    team
}

#[test]
fn a_list_has_the_pending_invitations_or_all_with_all() {
    let team = team_with_every_state();
    let waiting = team.json(&["invitation", "list"]);
    let last_day = waiting["account_invitations"][0]["expiration_date"].clone();
    assert!(last_day.as_str().is_some_and(|day| day.starts_with("20")), "{waiting}");
    assert_eq!(
        waiting,
        json!({"account_invitations": [{
            "id": "1",
            "state": "pending",
            "email_address": "ada@example.com",
            "full_name": "Ada Lovelace",
            "permission": "project_creator",
            "expiration_date": last_day,
            "mail_state": "queued",
        }]})
    );
    let all = team.json(&["invitation", "list", "--all"]);
    let states: Vec<(&str, &str, Option<&str>)> = all["account_invitations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (row["id"].as_str().unwrap(), row["state"].as_str().unwrap(), row["mail_state"].as_str()))
        .collect();
    assert_eq!(
        states,
        [
            ("1", "pending", Some("queued")),
            ("2", "accepted", Some("sent")),
            ("3", "declined", Some("queued")),
            ("4", "expired", None)
        ]
    );
    let table = team.run(&["invitation", "list", "--all"]);
    let words = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let lines: Vec<Vec<String>> = table.lines().map(words).collect();
    assert_eq!(lines[0][..3], ["id", "state", "email_address"]);
    assert_eq!(lines[4], ["4", "expired", "expired@example.test", "Expired", "project_creator", "2024-10-04", "-"]);
}

#[test]
fn an_invitation_expires_the_day_after_its_last_day() {
    let team = Team::new();
    team.invited(&[("Today", "today@example.test"), ("Yesterday", "yesterday@example.test")]);
    team.alter(
        "UPDATE account_invitations SET expires_on = unixepoch() / 86400 WHERE id = 1; \
         UPDATE account_invitations SET expires_on = unixepoch() / 86400 - 1 WHERE id = 2",
    );
    let waiting = team.run(&["invitation", "list"]);
    assert!(waiting.contains("today@example.test") && !waiting.contains("yesterday@example.test"), "{waiting}");
}

#[test]
fn pitfall_18_a_csv_list_contains_no_spreadsheet_formula() {
    let team = Team::new();
    team.invited(&[("=HYPERLINK(\"x\",\"y\")", "ada@example.com"), ("'Bob'", "+bob@example.test")]);
    team.alter("UPDATE account_invitations SET expires_on = 40000");
    assert_eq!(
        team.run(&["invitation", "list", "--csv"]),
        "id,state,email_address,full_name,permission,expiration_date,mail_state\r\n\
         1,pending,ada@example.com,\"'=HYPERLINK(\"\"x\"\",\"\"y\"\")\",project_creator,2079-07-08,queued\r\n\
         2,pending,'+bob@example.test,''Bob',project_creator,2079-07-08,queued\r\n"
    );
    let both = command(&["invitation", "list", "--csv", "--json", "--database", &team.url]).output().unwrap();
    assert_eq!(both.status.code(), Some(2), "one form at a time");
    let help = printed(&command(&["invitation", "list", "--help"]).output().unwrap().stdout);
    assert!(help.contains("leading apostrophe from each cell"), "{help}");
}

#[test]
fn show_prints_the_fields_of_the_api_and_every_mail() {
    let team = team_with_every_state();
    let shown = team.json(&["invitation", "show", "2"]);
    assert_eq!(shown["state"], "accepted");
    assert_eq!(shown["account_invitation"]["id"], "2");
    assert_eq!(shown["account_invitation"]["pending"], false);
    assert_eq!(shown["mails"].as_array().map(Vec::len), Some(1));
    assert_eq!(
        (&shown["mails"][0]["state"], &shown["mails"][0]["to"]),
        (&json!("sent"), &json!("accepted@example.test"))
    );
    let text = team.run(&["invitation", "show", "2"]);
    for words in ["accepted   accepted@example.test", "permission: project_creator", "sent"] {
        assert!(text.contains(words), "{words} is missing in {text}");
    }
    team.refused(&["invitation", "show", "99"], &["no invitation 99", "invited invitation list --all"]);
}

fn page(server: SocketAddr, link: &str) -> (u16, String) {
    let base_url = format!("http://{server}");
    let path = link.strip_prefix(&base_url).unwrap_or_else(|| panic!("{link} does not begin with {base_url}"));
    let answer = Request::new(server, "GET", path).send();
    (answer.status, answer.text().to_owned())
}

#[test]
fn a_printed_link_opens_the_invitation_until_the_next_one_is_printed() {
    let team = Team::new();
    let (_program, server) = team.serve();
    Team::invite(server, &team.token, &[("Ada Lovelace", "ada@example.com")]);
    let base_url = format!("http://{server}");
    let arguments = ["invitation", "link", "1", "--base-url", &base_url];
    let report = team.json(&arguments);
    let first = report["link"].as_str().unwrap().to_owned();
    assert_eq!(report["invitation_id"], "1");
    assert!(first.ends_with(report["token"].as_str().unwrap()), "{report}");
    let (status, text) = page(server, &first);
    assert_eq!(status, 200);
    assert!(text.contains("Olive Owner invites you to Example"), "{text}");

    let printed = team.run(&arguments);
    let second = printed.split_whitespace().last().unwrap().to_owned();
    assert_eq!(page(server, &first).0, 404, "the old link is dead");
    assert_eq!(page(server, &second).0, 200, "{printed}");

    assert_eq!(team.texts("SELECT state FROM outbox"), ["canceled"], "the link replaces the mail");
    let rows = "SELECT action || ' ' || subject_id FROM audit WHERE action LIKE '%.link' AND actor_user_id IS NULL";
    assert_eq!(team.texts(rows), ["account_invitation.link 1", "account_invitation.link 1"]);
    let token = report["token"].as_str().unwrap();
    assert!(team.every_text().iter().all(|(_, text)| !text.contains(token)), "no token is kept");
}

#[test]
fn a_link_needs_a_pending_invitation() {
    let team = team_with_every_state();
    team.refused(&["invitation", "link", "99"], &["no invitation 99", "invited invitation list --all"]);
    team.refused(&["invitation", "link", "2"], &["no longer pending"]);
    for over in ["3", "4"] {
        team.run(&["invitation", "link", over]);
        let shown: Value = team.json(&["invitation", "show", over]);
        assert_eq!(shown["state"], "pending", "the link renews it: {shown}");
    }
}

#[test]
fn the_page_uses_the_accounts_language() {
    let team = Team::new();
    let (_program, server) = team.serve();
    Team::invite(server, &team.token, &[("Ada Lovelace", "ada@example.com")]);
    let base_url = format!("http://{server}");
    let link = team.json(&["invitation", "link", "1", "--base-url", &base_url])["link"].as_str().unwrap().to_owned();
    assert_eq!(team.run(&["account", "language", "de"]), "Language of account 1: de\n");
    assert!(page(server, &link).1.contains("<html lang=\"de\">"), "{}", page(server, &link).1);
    team.run(&["account", "language", "de"]);
    assert_eq!(team.json(&["account", "language", "none"]), json!({"account_id": 1, "language": null}));
    assert!(page(server, &link).1.contains("<html lang=\"en\">"));
    let rows =
        "SELECT before || ' ' || after FROM audit WHERE action = 'account.language' AND subject_id = 1 ORDER BY id";
    assert_eq!(
        team.texts(rows),
        [r#"{"language":null} {"language":"de"}"#, r#"{"language":"de"} {"language":null}"#],
        "a change without effect leaves no row"
    );
    let unknown = command(&["account", "language", "tlh", "--database", &team.url]).output().unwrap();
    assert_eq!(unknown.status.code(), Some(2));
    assert!(printed(&unknown.stderr).contains("possible values: en, de, none"), "{}", printed(&unknown.stderr));
}
