//! How invitees answer: the page behind the link, the same as JSON, and the deadlines and limits around both.
//!
//! Most tests take the token from the mail, as an invitee does. One that needs no member leaves the password out,
//! since hashing it is the slowest step.

mod by_json;
mod dead;
mod decline;
mod inviter;
mod language;
mod life;
mod links;
mod mails;
mod members;
mod moves;
mod opening;
mod page;
mod retention;
mod seats;

use crate::support::Answer;

/// An invitation with every grant that a member can get.
fn everything() -> serde_json::Value {
    serde_json::json!({
        "full_name": "Vera Visitor", "email_address": "vera@example.test", "headline": "Analyst",
        "permission": "project_lead", "default_role_id": "101", "bill_rate_in_cents": 15_000,
        "cost_rate_in_cents": 9_000, "billability_target": 75, "default_read_only": true,
        "external_reference": {"service_name": "hr", "service_model": "Employee", "service_model_ref": "4711"},
    })
}

/// Expects a JSON refusal about one field; `base` means the whole request.
#[track_caller]
fn refused_for(answer: &Answer, field: &str) {
    assert_eq!(answer.status, 422, "{answer}");
    let fields: Vec<Option<String>> = answer.errors().into_iter().map(|(_, field, ..)| field).collect();
    assert_eq!(fields, [Some(field.to_owned())], "{answer}");
}
