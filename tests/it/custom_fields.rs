//! Custom fields of users. The standard seed has a field of each type, 801 to 807, each read from another level on;
//! user 6 has a value in all of them (901 to 907), user 7 in the first three (908 to 910). Levels and tenants of
//! operations are tested in `coverage`, plans in `plans`, both engines in `postgres::differential`.

mod access;
mod deleting;
mod fields;
mod filters;
mod values;

use serde_json::{Value, json};

use crate::support::client::Request;
use crate::support::{Answer, Server, token};

/// A request by the administrator.
fn asked(request: Request, body: &Value) -> Answer {
    request.bearer(token::ADMINISTRATOR).json(body).send()
}

/// Sets a value of a user as the administrator.
fn set(server: &Server, user: i64, field: i64, value: &Value) -> Answer {
    asked(server.post("/custom_field_values"), &json!({"custom_field_value": of(user, field, value)}))
}

fn of(user: i64, field: i64, value: &Value) -> Value {
    json!({"subject_type": "User", "subject_id": user, "custom_field_id": field, "value": value})
}

/// The ids of a list, in order, as this caller sees it.
#[track_caller]
fn seen(server: &Server, token: &str, path: &str) -> Vec<String> {
    server.get(path).bearer(token).send().expect(200).ids()
}

/// The first message of a refusal.
#[track_caller]
fn refusal(answer: Answer) -> String {
    answer.expect(422).errors().remove(0).3
}
