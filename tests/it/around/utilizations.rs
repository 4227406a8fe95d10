//! Billable utilizations. In the standard seed, membership 206 has one since 20 days and one in 30 days.

use serde_json::{Value, json};

use super::refusals;
use crate::support::{Server, token};

fn from(day: &Value) -> Value {
    json!({"billable_utilization": {"account_membership_id": 206, "effective_date": day, "target": 75}})
}

#[test]
fn a_target_lives_from_a_day_on() {
    let server = Server::start();
    let made = server.make("/billable_utilizations", &from(&json!("2031-02-28"))).expect(200);
    let record = made.record();
    assert_eq!(
        (&record["account_membership_id"], &record["effective_date"], &record["target"], &record["creator_id"]),
        (&json!("206"), &json!("2031-02-28"), &json!(75), &json!("2"))
    );
    let path = format!("/billable_utilizations/{}", made.ids()[0]);
    let change = |body: Value| server.put(&path).bearer(token::ADMINISTRATOR).json(&body).send();
    let changed = change(json!({"billable_utilization": {"effective_date": "2031-03-01", "target": "80"}})).expect(200);
    assert_eq!((&changed.record()["effective_date"], &changed.record()["target"]), (&json!("2031-03-01"), &json!(80)));
    // Both are required on update, too.
    let half = change(json!({"billable_utilization": {"target": 81}})).expect(422);
    assert_eq!(refusals(&half), [("effective_date".to_owned(), "Effective date is required.".to_owned())]);
    server.remove(&path);
    server.get(&path).bearer(token::ADMINISTRATOR).send().expect(404);
}

#[test]
fn a_day_is_read_as_a_day_or_as_a_moment_of_it() {
    let server = Server::start();
    for (given, expected) in [
        (json!("2032-02-29"), "2032-02-29"),
        (json!(" 2031-01-05 "), "2031-01-05"),
        (json!("2031-01-05T23:30:00Z"), "2031-01-05"),
        (json!("2031-01-05T23:30:00-01:00"), "2031-01-06"),
        (json!("1969-12-31"), "1969-12-31"),
    ] {
        let made = server.make("/billable_utilizations", &from(&given)).expect(200);
        assert_eq!(made.record()["effective_date"], expected, "{given}");
    }
    for wrong in [json!("2031-02-30"), json!("1.1.2031"), json!("soon"), json!(20310101), json!(["2031-01-01"])] {
        let refused = server.make("/billable_utilizations", &from(&wrong)).expect(422);
        let due = [("effective_date".to_owned(), "Effective date must be a day, such as 2031-02-01.".to_owned())];
        assert_eq!(refusals(&refused), due, "{wrong}");
    }
}

#[test]
fn what_is_still_to_come_is_included_until_its_day() {
    let server = Server::start();
    let future = || {
        server.read("/account_memberships/206?include=future_billable_utilizations").record()
        ["future_billable_utilization_ids"]
        .clone()
    };
    assert_eq!(future(), json!(["602"]));
    server.advance_seconds(29 * 86_400);
    assert_eq!(future(), json!(["602"]));
    server.advance_seconds(86_400);
    assert_eq!(future(), json!([]));
    // A target does not change what the membership says (R10).
    assert_eq!(server.read("/account_memberships/206").record()["billability_target"], Value::Null);
}

#[test]
fn a_removed_member_has_no_targets() {
    let server = Server::start();
    server.remove("/account_memberships/206");
    assert_eq!(server.number("SELECT count(*) FROM billable_utilizations WHERE account_membership_id = 206"), 0);
    assert_eq!(server.ids_at("/billable_utilizations"), [""; 0]);
}
