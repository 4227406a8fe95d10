use serde_json::{Value, json};

use super::refusal;
use crate::support::{Server, token};

/// Everything changeable, as callers see it.
fn seen(server: &Server) -> Vec<String> {
    ["/account_invitations?apply_default_filters=0", "/users", "/account_memberships", "/roles"]
        .map(|path| server.get(path).bearer(token::ADMINISTRATOR).send().expect(200).text().to_owned())
        .to_vec()
}

#[test]
fn a_reset_restores_the_whole_seed() {
    let server = Server::start();
    let (before, stored) = (seen(&server), server.everything_stored());
    let (_, link) = server.invite_by_mail("nia@example.test");
    server.accept_link(&link).expect(200);
    server.delete("/account_invitations/2").bearer(token::ADMINISTRATOR).send().expect(204);
    server.control("POST", "/accounts", &Value::Null).expect(200);
    server.control("PUT", "/settings", &json!({"strict": true, "rate_create": 1})).expect(200);
    server.control("POST", "/faults", &json!({"status": 503})).expect(200);
    server.control("POST", "/clock/advance", &json!({"seconds": 86_400})).expect(200);
    assert_ne!(server.everything_stored(), stored);
    server.control("POST", "/reset", &Value::Null).expect(204);
    assert_eq!((seen(&server), server.everything_stored()), (before, stored));
    assert_eq!(server.mailbox("nia@example.test"), json!([]));
    assert_eq!(server.control("GET", "/faults", &Value::Null).json(), json!({"faults": []}));
    assert_eq!(server.control("GET", "/settings", &Value::Null).json()["strict"], false);
    let made = server.invite_as_administrator("nia@example.test").expect(200).record();
    assert_eq!(made["id"], "6", "ids start over");
}

#[test]
fn a_token_from_before_the_reset_is_refused_at_once() {
    let server = Server::start();
    let made = server.control("POST", "/accounts", &Value::Null).expect(200).json();
    let token = made["tokens"]["administrator"].as_str().unwrap();
    server.get("/users/me").bearer(token).send().expect(200);
    server.control("POST", "/reset", &Value::Null).expect(204);
    server.get("/users/me").bearer(token).send().expect(401);
}

#[test]
fn a_named_snapshot_can_be_restored_repeatedly() {
    let server = Server::start();
    let (_, link) = server.invite_by_mail("nia@example.test");
    let kept = server.control("PUT", "/snapshots/invited", &Value::Null).expect(200).json();
    assert_eq!((&kept["name"], &kept["mails"]), (&json!("invited"), &json!(1)));
    let stored = server.everything_stored();
    for _ in 0..2 {
        server.accept_link(&link).expect(200);
        server.control("DELETE", "/mailbox", &Value::Null).expect(204);
        server.control("PUT", "/clock", &json!({"now": "2031-01-20T00:00:00Z"})).expect(200);
        server.control("POST", "/snapshots/invited/restore", &Value::Null).expect(204);
        assert_eq!(server.everything_stored(), stored);
        assert_eq!(server.mailbox("nia@example.test")[0]["token"], link.as_str());
        assert_eq!(server.control("GET", "/clock", &Value::Null).json()["now"], "2031-01-02T03:04:05Z");
    }
    server.control("POST", "/reset", &Value::Null).expect(204);
    let names = server.control("GET", "/snapshots", &Value::Null).expect(200).json();
    assert_eq!(names["snapshots"][0]["name"], "invited", "a reset keeps snapshots");
    server.control("POST", "/snapshots/invited/restore", &Value::Null).expect(204);
    assert_eq!(server.everything_stored(), stored);
    server.control("DELETE", "/snapshots/invited", &Value::Null).expect(204);
    for (method, path) in
        [("GET", "/snapshots/invited"), ("DELETE", "/snapshots/invited"), ("POST", "/snapshots/invited/restore")]
    {
        server.control(method, path, &Value::Null).expect(404);
    }
    assert_eq!(server.everything_stored(), stored);
}

#[test]
fn an_invalid_name_is_refused() {
    let server = Server::start();
    for name in ["a%20b", "%2e%2e%2f", &"x".repeat(101)] {
        let answer = server.control("PUT", &format!("/snapshots/{name}"), &Value::Null).expect(400);
        assert!(refusal(&answer).contains("letters, digits"), "{answer}");
    }
    assert_eq!(server.control("GET", "/snapshots", &Value::Null).json(), json!({"snapshots": []}));
    server.control("POST", "/reset", &json!({"to": "yesterday"})).expect(400);
}

/// Another process locks the file for longer than a write waits.
#[test]
fn a_failed_reset_changes_nothing_in_memory_either() {
    let server = Server::start_on_file();
    server.control("PUT", "/settings", &json!({"invitation_days": 3})).expect(200);
    server.control("POST", "/faults", &json!({"status": 503, "retry_after": 1, "method": "DELETE"})).expect(200);
    server.control("PUT", "/clock", &json!({"now": "2031-01-20T00:00:00Z"})).expect(200);
    let seen =
        || ["/settings", "/faults", "/clock"].map(|path| server.control("GET", path, &Value::Null).text().to_owned());
    let (before, stored) = (seen(), server.everything_stored());
    let other = rusqlite::Connection::open(server.database_path()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    server.control("POST", "/reset", &Value::Null).expect(503);
    other.execute_batch("ROLLBACK").unwrap();
    assert_eq!((seen(), server.everything_stored()), (before, stored));
    server.control("POST", "/reset", &Value::Null).expect(204);
    assert_eq!(server.control("GET", "/clock", &Value::Null).json()["now"], "2031-01-02T03:04:05Z");
}
