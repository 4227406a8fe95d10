use serde_json::{Value, json};

use super::refusal;
use crate::support::{LEVELS, Server, token};

#[test]
fn a_new_account_has_a_token_for_each_level_and_no_foreign_records() {
    let server = Server::start();
    let make = || server.control("POST", "/accounts", &json!({"name": "Worker"})).expect(200).json();
    let (one, other) = (make(), make());
    assert_ne!(one["account_id"], other["account_id"]);
    let tokens = one["tokens"].as_object().unwrap();
    assert_eq!(tokens.keys().map(String::as_str).collect::<std::collections::BTreeSet<_>>(), LEVELS.into());
    for (level, token) in tokens {
        let own = server.get("/users/me").bearer(token.as_str().unwrap()).send().expect(200).record();
        assert_eq!(own["id"], one["users"][level], "{level}");
    }
    let administrator = |account: &Value| account["tokens"]["administrator"].as_str().unwrap().to_owned();
    let body = json!({"account_invitation": {
        "full_name": "Nia New", "email_address": "nia@example.test", "default_role_id": one["roles"]["Developer"],
    }});
    let made = server.post("/account_invitations").bearer(&administrator(&one)).json(&body).send().expect(200).record();
    let path = format!("/account_invitations/{}", made["id"].as_str().unwrap());
    server.get(&path).bearer(&administrator(&other)).send().expect(404);
    server.get(&path).bearer(token::ADMINISTRATOR).send().expect(404);
    assert_eq!(server.get("/account_invitations").bearer(&administrator(&other)).send().expect(200).json()["count"], 0);
    // Both accounts may invite the same address.
    let body = json!({"account_invitation": {"full_name": "Nia New", "email_address": "nia@example.test"}});
    server.post("/account_invitations").bearer(&administrator(&other)).json(&body).send().expect(200);
}

#[test]
fn the_seats_of_a_new_account_are_counted_from_the_start() {
    let server = Server::start();
    let made = server.control("POST", "/accounts", &Value::Null).expect(200).json();
    let seats = server.control("GET", "/seats", &Value::Null).expect(200).json();
    let ledger = seats["accounts"].as_array().unwrap().iter().find(|ledger| ledger["account_id"] == made["account_id"]);
    assert_eq!(
        ledger,
        Some(
            &json!({"account_id": made["account_id"], "contracted": null, "taken": 7, "members": 7, "without_login": 0, "pending": 0, "over": 0, "billed": 0})
        )
    );
}

#[test]
fn an_unreadable_name_is_refused() {
    let server = Server::start();
    let before = server.everything_stored();
    for body in [
        json!({"name": " "}),
        json!({"name": "a\u{7}b"}),
        json!({"name": "x".repeat(201)}),
        json!({"nam": "x"}),
        json!({"name": 1}),
    ] {
        let answer = server.control("POST", "/accounts", &body).expect(400);
        assert!(!refusal(&answer).is_empty());
    }
    assert_eq!(server.everything_stored(), before);
}
