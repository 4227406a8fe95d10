//! Which fields a reader finds in an invitation.

use serde_json::Value;

use crate::support::{Server, token};

const ALWAYS: [&str; 10] = [
    "full_name",
    "email_address",
    "headline",
    "permission",
    "pending",
    "expiration_date",
    "inviter_id",
    "invitee_id",
    "default_role_id",
    "id",
];

fn extra_keys(record: &Value) -> Vec<&str> {
    let keys = record.as_object().unwrap().keys();
    keys.map(String::as_str).filter(|key| !ALWAYS.contains(key)).collect()
}

#[test]
fn b15_a_conditional_field_that_is_off_is_absent() {
    let server = Server::start();
    let administrators = ["bill_rate_in_cents", "billability_target", "cost_rate_in_cents"];
    for (name, token) in &token::EVERYBODY[..5] {
        let due = if ["owner", "administrator"].contains(name) { &administrators[..] } else { &administrators[..2] };
        // Even where it would be null: absence means that the reader may not know.
        for path in ["/account_invitations/1", "/account_invitations/2", "/account_invitations?per_page=200"] {
            for record in server.get(path).bearer(token).send().expect(200).records() {
                assert_eq!(extra_keys(&record), due, "{name} on {path}");
                assert!(ALWAYS.iter().all(|key| record.get(key).is_some()), "{name} on {path}: {record}");
            }
        }
    }
}

#[test]
fn b15_holds_on_the_answers_to_writes_too() {
    let server = Server::start();
    let person = serde_json::json!({"account_invitation": {"full_name": "New", "email_address": "new@example.test"}});
    let answer = server.post("/account_invitations").bearer(token::PROJECT_LEAD).json(&person).send().expect(200);
    assert_eq!(extra_keys(&answer.record()), ["bill_rate_in_cents", "billability_target"]);
    let change = serde_json::json!({"account_invitation": {"billability_target": 50}});
    let answer = server.put("/account_invitations/3").bearer(token::PROJECT_LEAD).json(&change).send().expect(200);
    assert_eq!(extra_keys(&answer.record()), ["bill_rate_in_cents", "billability_target"]);
    let answer = server.put("/account_invitations/3/resend").bearer(token::PROJECT_LEAD).send().expect(200);
    assert_eq!(extra_keys(&answer.record()), ["bill_rate_in_cents", "billability_target"]);
}
