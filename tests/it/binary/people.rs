//! The commands for people, on the database of a running program.

use std::time::Duration;

use invited::testing::TemporaryFolder;
use serde_json::{Value, json};

use super::serving::{fails, folder, succeeds};
use crate::process::{Client, Program, address, printed, run, sqlite};
use crate::support::{token, within};

/// A running sandbox with a database file.
struct Case {
    program: Program,
    client: Client,
    url: String,
    _folder: TemporaryFolder,
}

impl Case {
    fn new(token: &str) -> Self {
        let folder = folder();
        let url = sqlite(&folder.database());
        let (program, greeting) = Program::sandbox(&["--database", &url]);
        let client = Client::connect(address(&greeting), token).unwrap();
        Self { program, client, url, _folder: folder }
    }

    /// Runs a command on account 1.
    fn run(&self, arguments: &[&str]) -> String {
        succeeds(&[arguments, &["--account", "1", "--database", &self.url]].concat())
    }

    fn json(&self, arguments: &[&str]) -> Value {
        serde_json::from_str(&self.run(&[arguments, &["--json"]].concat())).unwrap()
    }

    /// Runs a failing command and expects these words.
    fn refused(&self, arguments: &[&str], words: &str) {
        fails(&[arguments, &["--account", "1", "--database", &self.url]].concat(), &[words]);
    }

    fn status(&mut self, path: &str) -> u16 {
        self.client.send("GET", &format!("/api/v1{path}"), "").unwrap().0
    }

    /// Waits until the running program notices a command's effect, which it does within a second on an idle machine.
    fn learns(&mut self, path: &str, status: u16) {
        let has_learnt = within(Duration::from_secs(20), || self.status(path) == status);
        assert!(has_learnt, "the program does not learn of it");
    }
}

#[test]
fn user_list_and_show_print_people_and_their_memberships() {
    let case = Case::new(token::OWNER);
    let listed = case.run(&["user", "list"]);
    let first = listed.lines().next().unwrap();
    assert_eq!(
        first.split_whitespace().collect::<Vec<_>>(),
        ["2", "active", "administrator", "administrator@example.com", "Adam", "Administrator"]
    );
    assert_eq!(listed.lines().count(), 10);
    let all = case.run(&["user", "list", "--all"]);
    assert_eq!(all.lines().count(), 14);
    let line = |address: &str| all.lines().find(|line| line.contains(address)).unwrap().to_owned();
    assert!(line("disabled@example.com").contains("disabled   collaborator"), "{all}");
    assert!(line("ada@example.com").contains("no member"), "{all}");
    let found = case.json(&["user", "list", "--matching", "lea lead"]);
    let users = found["users"].as_array().unwrap();
    assert_eq!(users.len(), 1, "{found}");
    assert_eq!((&users[0]["id"], &users[0]["account_membership"]["id"]), (&json!("5"), &json!("205")));
    let shown = case.json(&["user", "show", "Project_Lead@example.com"]);
    assert_eq!(shown["user"]["full_name"], "Lea Lead");
    assert_eq!(shown["account_membership"]["permission"], "project_lead");
    assert_eq!(case.json(&["user", "show", "ada@example.com"])["account_membership"], Value::Null);
    assert!(case.run(&["user", "show", "owner@example.com"]).contains("is_owner: true"));
    case.refused(&["user", "show", "nobody@example.test"], "Account 1 has no user nobody@example.test.");
}

#[test]
fn a_list_longer_than_a_page_is_printed_completely() {
    let mut case = Case::new(token::ADMINISTRATOR);
    for bulk in 0..5 {
        let people: Vec<Value> = (0..50)
            .map(|number| json!({"full_name": "N", "email_address": format!("n{bulk}.{number}@example.test")}))
            .collect();
        let body = json!({ "account_invitations": people }).to_string();
        assert_eq!(case.client.send("POST", "/api/v1/account_invitations", &body).unwrap().0, 200);
    }
    assert_eq!(case.run(&["user", "list", "--all"]).lines().count(), 14 + 250);
}

#[test]
fn membership_commands_change_a_running_program() {
    let mut case = Case::new(token::PROJECT_LEAD);
    case.learns("/account_invitations", 200);
    let person = "project_lead@example.com";
    let line = case.run(&["membership", "set-permission", person, "collaborator"]);
    assert!(line.contains("active     collaborator"), "{line}");
    case.learns("/account_invitations", 403);
    let disabled = case.json(&["membership", "disable", person]);
    assert!(disabled["account_membership"]["disabled_at"].is_string(), "{disabled}");
    case.learns("/users/me", 401);
    case.run(&["membership", "enable", person]);
    case.learns("/users/me", 200);
    drop(case.program);
}

#[test]
fn membership_commands_keep_the_rules() {
    let case = Case::new(token::OWNER);
    for (arguments, sentence) in [
        (
            &["set-permission", "owner@example.com", "collaborator"][..],
            "Permission of the account owner cannot be changed.",
        ),
        (&["disable", "owner@example.com"], "The account owner cannot be disabled."),
        (&["disable", "ada@example.com"], "ada@example.com is not a member of account 1."),
        (
            &["set-permission", "collaborator@example.com", "punch_clock"],
            "Bill rate in cents is required for a punch_clock user.",
        ),
    ] {
        case.refused(&[&["membership"], arguments].concat(), sentence);
    }
    let unknown = run(&["membership", "set-permission", "owner@example.com", "emperor", "--database", &case.url]);
    assert_eq!(unknown.status.code(), Some(2));
    assert!(printed(&unknown.stderr).contains("possible values: administrator,"));
}

#[test]
fn membership_commands_leave_an_operators_rows_in_the_audit_trail() {
    let case = Case::new(token::OWNER);
    case.run(&["membership", "set-permission", "collaborator@example.com", "project_lead"]);
    case.run(&["membership", "disable", "collaborator@example.com"]);
    let path = case.url.strip_prefix("sqlite:").unwrap();
    let database = rusqlite::Connection::open(path).unwrap();
    let sql = "SELECT action || ' ' || subject_id || ' ' || json_extract(after, '$.permission') FROM audit \
               WHERE actor_user_id IS NULL AND actor_token_id IS NULL AND request_id IS NULL \
               AND action LIKE 'account_membership.%' ORDER BY id LIMIT 1";
    let first: String = database.query_row(sql, [], |row| row.get(0)).unwrap();
    assert_eq!(first, "account_membership.update 207 project_lead");
    let count: i64 = database
        .query_row("SELECT count(*) FROM audit WHERE action = 'account_membership.disable'", [], |row| row.get(0))
        .unwrap();
    assert_eq!(count, 1);
}
