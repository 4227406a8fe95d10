use serde_json::{Value, json};

use super::{invitation, refusal};
use crate::support::{Server, token};

#[test]
fn limits_and_days_can_change_while_the_sandbox_runs() {
    let server = Server::start();
    server.control("PUT", "/settings", &json!({"rate_create": 1, "invitation_days": 3})).expect(200);
    let made = server.invite_as_administrator("one@example.test").expect(200).record();
    assert_eq!(made["expiration_date"], "2031-01-05");
    server.invite_as_administrator("two@example.test").expect(429);
    let changed = server.control("PUT", "/settings", &json!({"rate_create": 0})).expect(200).json();
    assert_eq!((&changed["rate_create"], &changed["invitation_days"]), (&json!(0), &json!(3)), "omitted settings stay");
    server.invite_as_administrator("two@example.test").expect(200);
}

#[test]
fn links_lead_to_the_latest_base_url() {
    let server = Server::start();
    server.control("PUT", "/settings", &json!({"base_url": "https://people.example.test"})).expect(200);
    server.invite_by_mail("nia@example.test");
    let link = server.mailbox("nia@example.test")[0]["link"].as_str().unwrap().to_owned();
    assert!(link.starts_with("https://people.example.test/invitations/lnk_"), "{link}");
}

#[test]
fn strict_mode_reports_ignored_input_of_every_request() {
    let server = Server::start();
    let ask = || server.get("/account_invitations?only_pendng=1").bearer(token::ADMINISTRATOR).send();
    ask().expect(200);
    server.control("PUT", "/settings", &json!({"strict": true})).expect(200);
    assert!(refusal(&ask().expect(400)).contains("only_pendng"));
    let body = json!({"account_invitation": {"full_name": "N", "email_address": "n@example.test", "colour": "red"}});
    server.post("/account_invitations").bearer(token::ADMINISTRATOR).json(&body).send().expect(422);
}

#[test]
fn invitees_can_become_members_at_once() {
    let server = Server::start();
    let members = |server: &Server| {
        server.get("/account_memberships").bearer(token::ADMINISTRATOR).send().json()["count"].clone()
    };
    let before = members(&server).as_i64().unwrap();
    server.control("PUT", "/settings", &json!({"activate_new_users_at_once": true})).expect(200);
    let made = server.invite_as_administrator("nia@example.test").expect(200).record();
    assert_eq!(made["pending"], false);
    assert_eq!(members(&server), json!(before + 1));
    assert_eq!(server.deliver(), 0, "no mail is sent");
    let bulk = json!({"account_invitations": [
        {"full_name": "A", "email_address": "a@example.test"}, {"full_name": "B", "email_address": "b@example.test"},
    ]});
    server.post("/account_invitations").bearer(token::ADMINISTRATOR).json(&bulk).send().expect(200);
    assert_eq!(members(&server), json!(before + 3));
    let seats = server.control("GET", "/seats", &Value::Null).json()["accounts"][0].clone();
    assert_eq!(seats["pending"], 3, "the seed's: {seats}");
}

#[test]
fn dates_can_be_sent_as_times_and_a_429_without_retry_after() {
    let server = Server::start();
    server
        .control("PUT", "/settings", &json!({"dates": "times", "tell_when_to_retry": false, "rate_create": 1}))
        .expect(200);
    let shown = server.get("/account_invitations/1").bearer(token::ADMINISTRATOR).try_send().unwrap().expect(200);
    assert_eq!(shown.record()["expiration_date"], "2031-02-01T00:00:00Z");
    let create = |address| {
        server.post("/account_invitations").bearer(token::ADMINISTRATOR).json(&invitation(address)).try_send()
    };
    create("one@example.test").unwrap().expect(200);
    assert_eq!(create("two@example.test").unwrap().expect(429).header("retry-after"), None);
}

#[test]
fn an_unknown_or_invalid_setting_is_refused_and_all_settings_stay() {
    let server = Server::start();
    let before = server.control("GET", "/settings", &Value::Null).json();
    for (body, said) in [
        (json!({"rate_create": 1, "colour": "red"}), "unknown field `colour`"),
        (json!({"rate_create": -1}), "invalid"),
        (json!({"rate_create": 1, "invitation_days": 0}), "1 to 3650"),
        (json!({"base_url": "people.example.test"}), "http"),
        (json!({"dates": "roman"}), "days, times"),
        (json!({"strict": "yes"}), "invalid type"),
    ] {
        let answer = server.control("PUT", "/settings", &body).expect(400);
        assert!(refusal(&answer).contains(said), "{answer}");
        assert_eq!(server.control("GET", "/settings", &Value::Null).json(), before, "{body}");
    }
}
