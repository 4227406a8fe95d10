//! Who can set and who sees each field, on create and on update: every field that an invitation has, settable or not.

use std::fmt::Write as _;

use invited::resources::account_invitations::RESOURCE;
use serde_json::{Value, json};

use crate::support::{Answer, Server, snapshot, token};

/// A value for each field that no record has by itself, and how an administrator would read it afterwards.
fn sample(field: &str) -> (Value, Value) {
    let same = |value: Value| (value.clone(), value);
    match field {
        "full_name" => same(json!("Sample Name")),
        "email_address" => same(json!("sample@example.test")),
        "headline" => same(json!("Sample Headline")),
        "permission" => same(json!("collaborator")),
        "bill_rate_in_cents" => same(json!(1_111)),
        "billability_target" => same(json!(22)),
        "cost_rate_in_cents" => same(json!(3_333)),
        "default_role_id" => (json!(102), json!("102")),
        "default_read_only" => (json!(true), json!("1")),
        "external_reference" => {
            let reference = json!({"service_name": "hr", "service_model": "person", "service_model_ref": "7"});
            (reference.clone(), json!(reference.to_string()))
        }
        "pending" => same(json!(false)),
        "expiration_date" => same(json!("2040-01-01")),
        "inviter_id" | "invitee_id" => (json!(9), json!("9")),
        "id" => (json!(777), json!("777")),
        _ => panic!("the field {field} has no sample value"),
    }
}

/// What an administrator finds in a field, or the file where no answer shows it.
fn found(server: &Server, id: &str, field: &str) -> Value {
    match server.show(id).record().get(field) {
        Some(value) => value.clone(),
        None => {
            let rows = server.stored(&format!("SELECT {field} FROM account_invitations WHERE id = {id}"));
            json!(rows[0])
        }
    }
}

/// What became of a field: `set`, `ignored`, `refused` or `-`, then whether the caller sees it.
fn outcome(server: &Server, answer: &Answer, field: &str) -> String {
    match answer.status {
        200 => {
            let record = answer.record();
            let id = record["id"].as_str().unwrap().to_owned();
            let is_set = same(&found(server, &id, field), &sample(field).1);
            let is_seen = record.get(field).is_some();
            format!("{} {}", if is_set { "set" } else { "ignored" }, if is_seen { "seen" } else { "absent" })
        }
        422 => "refused".to_owned(),
        403 => "-".to_owned(),
        _ => panic!("{answer}"),
    }
}

/// Whether a value is there, whatever the order of the keys in a stored object.
fn same(found: &Value, sample: &Value) -> bool {
    let parsed = |value: &Value| value.as_str().and_then(|text| serde_json::from_str::<Value>(text).ok());
    found == sample || (parsed(found).is_some_and(|value| value.is_object()) && parsed(found) == parsed(sample))
}

fn create(server: &Server, token: &str, field: &str, number: usize) -> Answer {
    let address = format!("created{number}@example.test");
    let mut attributes = json!({"full_name": "Created", "email_address": address});
    attributes[field] = sample(field).0;
    server.post("/account_invitations").bearer(token).json(&json!({ "account_invitation": attributes })).send()
}

fn update(server: &Server, token: &str, field: &str, number: usize) -> Answer {
    let address = format!("updated{number}@example.test");
    let person = json!({"account_invitation": {"full_name": "Updated", "email_address": address}});
    let made = server.post("/account_invitations").bearer(token).json(&person).send();
    let id = if made.status == 200 { made.ids().remove(0) } else { "1".to_owned() };
    let mut attributes = json!({});
    attributes[field] = sample(field).0;
    let path = format!("/account_invitations/{id}");
    server.put(&path).bearer(token).json(&json!({ "account_invitation": attributes })).send()
}

#[test]
fn the_table_of_levels_and_fields_is_the_reviewed_one() {
    let mut table = String::from(
        "# Who can set and who sees each field of an invitation that is the caller's own. `set` or `ignored` tells what\n\
         # became of a value in the body, `refused` is a 422, `-` a 403; `seen` or `absent` tells whether the caller finds\n\
         # the field in the answer.\n",
    );
    let fields: Vec<&str> = RESOURCE.fields.iter().map(|field| field.name).chain(["id"]).collect();
    let width = 20;
    for (action, act) in [("create", create as fn(&Server, &str, &str, usize) -> Answer), ("update", update)] {
        let _ = write!(table, "\n{action:width$}");
        for (name, _) in token::EVERYBODY {
            let _ = write!(table, "  {name:<14}");
        }
        table.truncate(table.trim_end().len());
        table.push('\n');
        for field in &fields {
            let _ = write!(table, "{field:width$}");
            // The sample address can be invited once, so each field has a server of its own.
            for (number, (name, token)) in token::EVERYBODY.iter().enumerate() {
                let server = Server::start();
                let outcome = outcome(&server, &act(&server, token, field, number), field);
                let _ = write!(table, "  {outcome:<column$}", column = name.len().max(14));
            }
            table.truncate(table.trim_end().len());
            table.push('\n');
        }
    }
    snapshot::compare("fields.txt", &table);
}
