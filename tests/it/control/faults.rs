use std::time::Duration;

use invited::testing::Stopwatch;
use serde_json::{Value, json};

use super::{invitation, refusal};
use crate::support::client::Request;
use crate::support::{Server, token};

const INVITATION: &str = "/account_invitations/1";

fn create(server: &Server, address: &str) -> Request {
    server.post("/account_invitations").bearer(token::ADMINISTRATOR).json(&invitation(address))
}

fn invitations_to(server: &Server, address: &str) -> String {
    server.stored(&format!("SELECT count(*) FROM account_invitations WHERE email_address = '{address}'")).remove(0)
}

#[test]
fn every_injected_status_has_the_servers_usual_body() {
    let server = Server::start();
    for (status, kind) in [
        (400, "syntax"),
        (401, "oauth"),
        (403, "system"),
        (404, "system"),
        (422, "validation"),
        (429, "system"),
        (500, "system"),
        (502, "system"),
        (503, "system"),
    ] {
        let order = json!({"method": "GET", "path": "/api/v1/account_invitations/*", "times": 1, "status": status});
        let id = server.control("POST", "/faults", &order).expect(200).json()["id"].as_str().unwrap().to_owned();
        let answer = server.get(INVITATION).bearer(token::ADMINISTRATOR).try_send().unwrap().expect(status);
        assert_eq!(answer.json()["errors"][0]["type"], kind, "{answer}");
        assert_eq!((answer.header("invited-fault"), answer.header("retry-after")), (Some(id.as_str()), None));
        server.get(INVITATION).bearer(token::ADMINISTRATOR).send().expect(200);
    }
}

#[test]
fn an_injected_429_can_omit_retry_after() {
    let server = Server::start();
    server.control("POST", "/faults", &json!({"status": 429, "retry_after": 7, "times": 1})).expect(200);
    server.control("POST", "/faults", &json!({"status": 429, "times": 1})).expect(200);
    let retry_after = || {
        let answer = server.get(INVITATION).bearer(token::ADMINISTRATOR).try_send().unwrap().expect(429);
        answer.header("retry-after").map(str::to_owned)
    };
    assert_eq!((retry_after().as_deref(), retry_after()), (Some("7"), None));
}

#[test]
fn a_connection_ends_before_the_effect_or_after_it() {
    let server = Server::start();
    server.control("POST", "/faults", &json!({"method": "POST", "drop": "before_commit", "times": 1})).expect(200);
    assert!(create(&server, "before@example.test").try_send().is_err(), "nothing is answered");
    assert_eq!(invitations_to(&server, "before@example.test"), "0");
    server.control("POST", "/faults", &json!({"method": "POST", "drop": "after_commit", "times": 1})).expect(200);
    assert!(create(&server, "after@example.test").try_send().is_err(), "nothing is answered");
    assert_eq!(invitations_to(&server, "after@example.test"), "1", "the invitation was created anyway");
    // Sending it again without a key is refused as a duplicate.
    assert!(
        refusal(&create(&server, "after@example.test").send().expect(422)).contains("already has a pending invitation")
    );
}

#[test]
fn an_idempotency_key_recovers_the_lost_answer() {
    let server = Server::start();
    server.control("POST", "/faults", &json!({"method": "POST", "drop": "after_commit", "times": 1})).expect(200);
    let create = || create(&server, "nia@example.test").header("Idempotency-Key", "once");
    assert!(create().try_send().is_err());
    let answer = create().send().expect(200);
    assert_eq!(answer.header("idempotent-replayed"), Some("true"));
    assert_eq!(invitations_to(&server, "nia@example.test"), "1");
}

#[test]
fn the_first_half_of_a_truncated_answer_arrives() {
    let server = Server::start();
    let whole = server.get(INVITATION).bearer(token::ADMINISTRATOR).send().expect(200);
    server.control("POST", "/faults", &json!({"truncate": true, "times": 1})).expect(200);
    let request = format!(
        "GET /api/v1{INVITATION} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n\r\n",
        token::ADMINISTRATOR
    );
    let received = String::from_utf8(server.raw(request.as_bytes())).unwrap();
    let (head, body) = received.split_once("\r\n\r\n").expect("the head arrives");
    let length = whole.text().len();
    assert!(head.to_lowercase().contains(&format!("content-length: {length}")), "{head}");
    assert_eq!(body, &whole.text()[..length / 2]);
}

#[test]
fn a_delay_holds_the_answer_back_after_the_effect() {
    let server = Server::start();
    server.control("POST", "/faults", &json!({"method": "POST", "latency_ms": 1_000, "times": 1})).expect(200);
    let start = Stopwatch::start();
    create(&server, "nia@example.test").send().expect(200);
    assert!(start.elapsed() >= Duration::from_secs(1));
    let start = Stopwatch::start();
    create(&server, "nora@example.test").send().expect(200);
    assert!(start.elapsed() < Duration::from_secs(1), "only one answer was delayed");
}

#[test]
fn a_fault_of_one_account_does_not_affect_another() {
    let server = Server::start();
    let fault = json!({"account_id": "2", "method": "get", "times": 2, "status": 503, "retry_after": 1});
    server.control("POST", "/faults", &fault).expect(200);
    server.get(INVITATION).bearer(token::ADMINISTRATOR).send().expect(200);
    let other = || server.get("/account_invitations/5").bearer(token::OTHER_ADMINISTRATOR).send();
    other().expect(503);
    server.delete("/account_invitations/999").bearer(token::OTHER_ADMINISTRATOR).send().expect(404);
    other().expect(503);
    other().expect(200);
    // Without a valid token, the caller has no account.
    server.get(INVITATION).bearer("nobody").send().expect(401);
}

#[test]
fn half_of_the_requests_fail_when_ordered() {
    let server = Server::start();
    server.control("POST", "/faults", &json!({"status": 503, "retry_after": 1, "probability": 0.5})).expect(200);
    let ask = || server.get(INVITATION).bearer(token::ADMINISTRATOR).send().status;
    let failed = (0..100).filter(|_| ask() == 503).count();
    assert!((25..=75).contains(&failed), "{failed} of 100");
}

#[test]
fn a_refused_mail_is_reported_and_never_arrives() {
    let server = Server::start();
    server.control("POST", "/faults", &json!({"mail": "refuse", "to": "Nia@example.test"})).expect(200);
    let id = server.invite_as_administrator("nia@example.test").expect(200).record()["id"].as_str().unwrap().to_owned();
    server.deliver();
    assert_eq!(server.mailbox("nia@example.test"), json!([]));
    let mails = server.request_at_root("GET", &format!("/invitations/{id}/mails")).bearer(token::ADMINISTRATOR);
    let mail = mails.send().expect(200).json()["mails"][0].clone();
    assert_eq!(mail["state"], "failed");
    assert!(mail["last_reply"].as_str().unwrap().contains("fault"), "{mail}");
    server.invite_as_administrator("nora@example.test").expect(200);
    server.deliver();
    assert_eq!(server.mailbox("nora@example.test").as_array().map(Vec::len), Some(1), "other mails arrive");
}

#[test]
fn faults_are_listed_with_their_use_and_can_be_removed() {
    let server = Server::start();
    let order = json!({"method": "GET", "status": 503, "retry_after": 1, "times": 2});
    let id = server.control("POST", "/faults", &order).expect(200).json()["id"].as_str().unwrap().to_owned();
    server.get(INVITATION).bearer(token::ADMINISTRATOR).send().expect(503);
    let faults = server.control("GET", "/faults", &Value::Null).expect(200).json();
    assert_eq!((&faults["faults"][0]["id"], &faults["faults"][0]["happened"]), (&json!(id), &json!(1)));
    assert_eq!(faults["faults"][0]["fault"]["status"], 503);
    server.control("DELETE", &format!("/faults/{id}"), &Value::Null).expect(204);
    server.control("DELETE", &format!("/faults/{id}"), &Value::Null).expect(404);
    server.get(INVITATION).bearer(token::ADMINISTRATOR).send().expect(200);
    server.control("POST", "/faults", &order).expect(200);
    server.control("DELETE", "/faults", &Value::Null).expect(204);
    server.get(INVITATION).bearer(token::ADMINISTRATOR).send().expect(200);
}

#[test]
fn an_impossible_fault_is_refused() {
    let server = Server::start();
    for (order, said) in [
        (json!({}), "has to do something"),
        (json!({"path": "/api/v1/nothing", "status": 503}), "never happen"),
        (json!({"path": "/api/v1/users/*/resend", "status": 503}), "never happen"),
        (json!({"status": 200}), "400 to 599"),
        (json!({"status": 503, "times": 0}), "at least 1"),
        (json!({"status": 503, "probability": 0.0}), "more than 0"),
        (json!({"status": 503, "probability": 1.5}), "at most 1"),
        (json!({"status": 503, "method": "FETCH"}), "GET, HEAD"),
        (json!({"status": 503, "drop": "after_commit"}), "not both"),
        (json!({"truncate": true, "retry_after": 1}), "needs status"),
        (json!({"status": 503, "mail": "refuse"}), "nothing else"),
        (json!({"status": "503"}), "invalid type"),
        (json!({"status": 503, "speed": 1}), "unknown field `speed`"),
        (json!({"drop": "sometimes"}), "unknown variant"),
        (json!({"latency_ms": -1}), "invalid"),
        (json!({"latency_ms": 999_999_999}), "120000"),
        (json!([1]), "cannot be read"),
    ] {
        let answer = server.control("POST", "/faults", &order).expect(400);
        assert!(refusal(&answer).contains(said), "{order}: {answer}");
    }
    assert_eq!(server.control("GET", "/faults", &Value::Null).json(), json!({"faults": []}));
}
