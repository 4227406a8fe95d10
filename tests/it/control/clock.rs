use std::time::Duration;

use serde_json::{Value, json};

use super::refusal;
use crate::support::{Server, token, within};

#[test]
fn the_clock_can_be_set_stopped_and_resumed() {
    let server = Server::start();
    let state = |answer: crate::support::Answer| answer.expect(200).json();
    let set = json!({"now": "2031-02-01T00:00:00Z", "frozen": true});
    assert_eq!(state(server.control("PUT", "/clock", &set)), json!({"now": "2031-02-01T00:00:00Z", "frozen": true}));
    assert_eq!(
        state(server.control("GET", "/clock", &Value::Null)),
        json!({"now": "2031-02-01T00:00:00Z", "frozen": true})
    );
    let advanced = state(server.control("POST", "/clock/advance", &json!({"seconds": 86_400})));
    assert_eq!(advanced, json!({"now": "2031-02-02T00:00:00Z", "frozen": true}));
    // The same moment with an offset; going back in time is allowed.
    let set = json!({"now": "2030-12-31T23:00:00-01:00"});
    assert_eq!(state(server.control("PUT", "/clock", &set)), json!({"now": "2031-01-01T00:00:00Z", "frozen": true}));
    let running = state(server.control("PUT", "/clock", &json!({"frozen": false})));
    assert_eq!(running["frozen"], false);
    let runs = || state(server.control("GET", "/clock", &Value::Null))["now"] != running["now"];
    assert!(within(Duration::from_secs(3), runs), "a clock that was let go runs");
}

#[test]
fn setting_the_clock_applies_all_consequences_before_it_answers() {
    let server = Server::start();
    let (invitation, link) = server.invite_by_mail("nia@example.test");
    server.look_up(&link).expect(200);
    server.control("POST", "/clock/advance", &json!({"seconds": 31 * 86_400})).expect(200);
    server.accept_link(&link).expect(404);
    let sql = format!("SELECT count(*) FROM account_invitations WHERE id = {invitation} AND expired_at IS NOT NULL");
    assert_eq!(server.stored(&sql), ["1"], "the sweeper has run");
    // Later records are dated by the new time.
    let made = server.invite_as_administrator("nora@example.test").expect(200).record();
    assert_eq!(made["expiration_date"], "2031-03-04");
}

#[test]
fn a_delayed_mail_is_sent_when_due() {
    let server = Server::start();
    server.control("POST", "/faults", &json!({"mail": "postpone", "times": 1, "to": "nia@example.test"})).expect(200);
    server.invite_as_administrator("nia@example.test").expect(200);
    assert_eq!(server.deliver(), 1);
    assert_eq!(server.mailbox("nia@example.test"), json!([]), "it was refused temporarily");
    server.control("POST", "/clock/advance", &json!({"seconds": 3_600})).expect(200);
    assert_eq!(server.mailbox("nia@example.test").as_array().map(Vec::len), Some(1));
}

#[test]
fn rate_limits_follow_the_clock() {
    let server = Server::start_with(&[("rate_create", "1")]);
    server.invite_as_administrator("one@example.test").expect(200);
    let refused = server.invite_as_administrator("two@example.test").expect(429);
    assert_eq!(refused.header("retry-after"), Some("60"));
    server.control("POST", "/clock/advance", &json!({"seconds": 60})).expect(200);
    server.invite_as_administrator("two@example.test").expect(200);
}

#[test]
fn an_invalid_time_is_refused_and_the_clock_is_unchanged() {
    let server = Server::start();
    let before = server.control("GET", "/clock", &Value::Null).json();
    for (method, path, body, said) in [
        ("PUT", "/clock", json!({"now": "yesterday"}), "write it like"),
        ("PUT", "/clock", json!({"now": "2031-02-30T00:00:00Z"}), "write it like"),
        ("PUT", "/clock", json!({"now": "1969-12-31T23:59:59Z"}), "1970 to 9998"),
        ("PUT", "/clock", json!({"now": "9999-01-01T00:00:00Z"}), "1970 to 9998"),
        ("PUT", "/clock", json!({}), "Say now"),
        ("PUT", "/clock", json!({"time": "2031-02-01T00:00:00Z"}), "unknown field `time`"),
        ("PUT", "/clock", json!({"frozen": "yes"}), "invalid type"),
        ("POST", "/clock/advance", json!({"seconds": -1}), "invalid"),
        ("POST", "/clock/advance", json!({"seconds": u64::MAX}), "1970 to 9998"),
        ("POST", "/clock/advance", json!({"days": 1}), "unknown field `days`"),
    ] {
        let answer = server.control(method, path, &body).expect(400);
        assert!(refusal(&answer).contains(said), "{body}: {answer}");
        assert_eq!(server.control("GET", "/clock", &Value::Null).json(), before, "{body}");
    }
    server.request_at_root("PUT", "/sandbox/clock").body(Some("application/json"), "{\"now\"").send().expect(400);
    assert_eq!(server.get("/users/me").bearer(token::ADMINISTRATOR).send().status, 200);
}

#[test]
fn a_rate_limit_under_a_frozen_clock_says_how_it_ends() {
    let server = Server::start_with(&[("rate_create", "1")]);
    server.invite_as_administrator("nia@example.test").expect(200);
    let limited = server.invite_as_administrator("noa@example.test").expect(429);
    let seconds: u64 = limited.header("retry-after").unwrap().parse().unwrap();
    assert_eq!(limited.header("invited-clock"), Some("frozen; POST /sandbox/clock/advance ends the wait"), "{limited}");
    server.control("POST", "/clock/advance", &json!({"seconds": seconds})).expect(200);
    server.invite_as_administrator("noa@example.test").expect(200);
    // With a running clock it ends by itself.
    server.control("PUT", "/clock", &json!({"frozen": false})).expect(200);
    assert_eq!(server.invite_as_administrator("nic@example.test").expect(429).header("invited-clock"), None);
}
