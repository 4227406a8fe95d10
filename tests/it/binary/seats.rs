//! `invited seats`: the ledger of each account, and the contracted number.

use serde_json::{Value, json};

use super::serving::create_account;
use super::team::Team;
use crate::process::{command, printed};

/// An account with its owner and three invitations, one of which has expired.
fn team() -> Team {
    let team = Team::new();
    team.invited(&[("Ada", "ada@example.com"), ("Bob", "bob@example.test"), ("Cleo", "cleo@example.test")]);
    team.alter("UPDATE account_invitations SET expires_on = 20000 WHERE id = 3");
    team
}

fn ledger(contracted: Option<i64>, over: i64, billed: i64) -> Value {
    json!({
        "account_id": 1,
        "name": "Example",
        "contracted": contracted,
        "members": 1,
        "without_login": 0,
        "pending": 3,
        "taken": 4,
        "over": over,
        "billed": billed,
    })
}

#[test]
fn seats_over_the_contract_are_reported() {
    let team = team();
    assert_eq!(team.json(&["seats"])["seats"], json!([ledger(None, 0, 0)]));
    assert_eq!(team.run(&["seats", "set", "2"]), "Account 1: contracted 2, taken 4, over 2.\n");
    assert_eq!(team.json(&["seats"])["seats"], json!([ledger(Some(2), 2, 2)]));
    let table = team.run(&["seats"]);
    assert_eq!(
        table,
        "account_id  name     contracted  members  pending  taken  over  billed\n\
         1           Example  2           1        3        4      2     2\n"
    );
    let set = team.json(&["seats", "set", "3"]);
    assert_eq!(set, json!({"account_id": 1, "contracted": 3, "taken": 4, "over": 1}));
    assert_eq!(team.json(&["seats"])["seats"], json!([ledger(Some(3), 1, 1)]), "billing restarts");
    assert_eq!(team.run(&["seats", "set", "none"]), "Account 1: contracted none, taken 4, over 0.\n");
    assert_eq!(team.json(&["seats"])["seats"], json!([ledger(None, 0, 0)]));
}

#[test]
fn the_contract_is_in_the_audit_trail() {
    let team = team();
    team.run(&["seats", "set", "2"]);
    team.run(&["seats", "set", "2"]);
    team.run(&["seats", "set", "none"]);
    let rows = "SELECT subject_type || ' ' || subject_id || ' ' || before || ' ' || after FROM audit \
                WHERE action = 'account.seats' AND actor_user_id IS NULL AND actor_token_id IS NULL ORDER BY id";
    assert_eq!(
        team.texts(rows),
        [
            r#"accounts 1 {"seats":null,"billed":0} {"seats":2,"billed":2}"#,
            r#"accounts 1 {"seats":2,"billed":2} {"seats":null,"billed":0}"#
        ],
        "a change without effect leaves no row"
    );
}

#[test]
fn all_accounts_or_one_account_are_listed() {
    let team = team();
    create_account(&team.url, "other@example.test");
    let accounts = |arguments: &[&str]| {
        let report = team.json(&[&["seats"], arguments].concat());
        let ledgers = report["seats"].as_array().unwrap().clone();
        ledgers.iter().map(|ledger| (ledger["account_id"].clone(), ledger["taken"].clone())).collect::<Vec<_>>()
    };
    assert_eq!(accounts(&[]), [(json!(1), json!(4)), (json!(2), json!(1))]);
    assert_eq!(accounts(&["--account", "2"]), [(json!(2), json!(1))]);
    team.refused(&["seats", "--account", "3"], &["There is no account 3."]);
    team.refused(&["seats", "set", "5"], &["--account"]);
    team.run(&["seats", "set", "5", "--account", "2"]);
    assert_eq!(team.texts("SELECT id || ' ' || coalesce(seats, '-') FROM accounts ORDER BY id"), ["1 -", "2 5"]);
    for wrong in ["-1", "many", "1.5"] {
        let output = command(&["seats", "set", "--database", &team.url, "--", wrong]).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{wrong}");
        assert!(printed(&output.stderr).contains("or none"), "{}", printed(&output.stderr));
    }
}
