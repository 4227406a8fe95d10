//! Who can set and who sees each field on create and on update, for every field of a resource.

use std::fmt::Write as _;

use invited::testing::{Resource, Shown, invitations, memberships, roles, users};
use serde_json::{Value, json};

use super::examples::{join, role};
use crate::support::{Answer, Server, snapshot, token};

/// A way to set one field of one resource.
struct Case {
    resource: &'static Resource,
    action: &'static str,
    /// Tries to set the field, on the caller's own record if there is one.
    act: fn(&Server, &str, &str, &Value) -> Answer,
}

const CASES: &[Case] = &[
    Case { resource: &invitations::RESOURCE, action: "create", act: invite },
    Case { resource: &invitations::RESOURCE, action: "update", act: update_invitation },
    Case { resource: &memberships::RESOURCE, action: "update", act: update_membership },
    Case { resource: &users::RESOURCE, action: "update", act: update_oneself },
    Case { resource: &roles::RESOURCE, action: "create", act: create_role },
    Case { resource: &roles::RESOURCE, action: "update", act: update_role },
];

/// A value other than the default for a field, and how an administrator reads it afterwards.
fn sample(field: &str, caller: &str) -> (Value, Value) {
    let same = |value: Value| (value.clone(), value);
    match field {
        "full_name"
        | "headline"
        | "name"
        | "photo_path"
        | "bio"
        | "website"
        | "city"
        | "state"
        | "country"
        | "abbreviated_timezone"
        | "classification" => same(json!("Sample Text")),
        "email_address" => same(json!(format!("sample.{caller}@example.test"))),
        "permission" => same(json!("collaborator")),
        "bill_rate_in_cents" => same(json!(1_111)),
        "billability_target" => same(json!(22)),
        "cost_rate_in_cents" => same(json!(3_333)),
        "default_role_id" => (json!(102), json!("102")),
        "manager_id" => (json!(7), json!("7")),
        "change_role_option" => same(json!("add_another_role")),
        "external_reference" => {
            same(json!({"service_name": "hr", "service_model": "person", "service_model_ref": "7"}))
        }
        "pending" | "can_log_in" | "can_create_workspace" => same(json!(false)),
        "expiration_date" => same(json!("2040-01-01")),
        "inviter_id" | "invitee_id" | "user_id" => (json!(9), json!("9")),
        "id" => (json!(777), json!("777")),
        _ if field.ends_with("_at") || field == "last_site_activity" => same(json!("2040-01-01T00:00:00Z")),
        // The rest are booleans that start as false.
        _ => same(json!(true)),
    }
}

fn body(singular: &str, mut attributes: Value, field: &str, value: &Value) -> Value {
    attributes[field] = value.clone();
    json!({ singular: attributes })
}

fn invite(server: &Server, token: &str, field: &str, value: &Value) -> Answer {
    let person = json!({"full_name": "Created", "email_address": format!("created.{token}@example.test")});
    server.post("/account_invitations").bearer(token).json(&body("account_invitation", person, field, value)).send()
}

fn update_invitation(server: &Server, token: &str, field: &str, value: &Value) -> Answer {
    let made = invite(server, token, "headline", &Value::Null);
    let id = if made.status == 200 { made.ids().remove(0) } else { "1".to_owned() };
    let path = format!("/account_invitations/{id}");
    server.put(&path).bearer(token).json(&body("account_invitation", json!({}), field, value)).send()
}

fn update_membership(server: &Server, token: &str, field: &str, value: &Value) -> Answer {
    let id = join(server, token).unwrap();
    let path = format!("/account_memberships/{id}?optional_fields=can_log_in,non_participant");
    server.put(&path).bearer(token).json(&body("account_membership", json!({}), field, value)).send()
}

fn update_oneself(server: &Server, token: &str, field: &str, value: &Value) -> Answer {
    let id = server.get("/users/me").bearer(token).send().ids().remove(0);
    let path = format!("/users/{id}?optional_fields={}", optional_fields(&users::RESOURCE));
    server.put(&path).bearer(token).json(&body("user", json!({}), field, value)).send()
}

fn create_role(server: &Server, token: &str, field: &str, value: &Value) -> Answer {
    server.post("/roles").bearer(token).json(&body("role", json!({"name": "Created"}), field, value)).send()
}

fn update_role(server: &Server, token: &str, field: &str, value: &Value) -> Answer {
    let path = format!("/roles/{}", role(server, token).unwrap());
    server.put(&path).bearer(token).json(&body("role", json!({}), field, value)).send()
}

fn optional_fields(resource: &Resource) -> String {
    let optional =
        resource.fields.iter().filter(|field| matches!(field.shown, Shown::OnRequest | Shown::OnRequestBeside(..)));
    optional.map(|field| field.name).collect::<Vec<_>>().join(",")
}

/// The value an administrator finds in a field, or the stored one if no answer shows it.
fn found(server: &Server, resource: &Resource, id: &str, field: &str) -> Value {
    let everything = "only_pending=false&show_disabled=true&only_active=false&on_my_account=true";
    let path = format!("/{}/{id}?{everything}&optional_fields={}", resource.name, optional_fields(resource));
    let shown = server.get(&path).bearer(token::ADMINISTRATOR).send().expect(200);
    if let Some(value) = shown.record().get(field) {
        return value.clone();
    }
    let text = |sql: &str| server.stored(sql).pop().unwrap_or_default();
    match (resource.name, field) {
        ("account_invitations", "default_read_only") => {
            json!(text(&format!("SELECT default_read_only FROM account_invitations WHERE id = {id}")) == "1")
        }
        (_, "external_reference") => {
            // An invitation's reference belongs to its invitee.
            let subject = shown.record().get("invitee_id").and_then(Value::as_str).unwrap_or(id).to_owned();
            let columns = "service_name, service_model, service_model_ref";
            let stored = text(&format!("SELECT {columns} FROM external_references WHERE subject_id = {subject}"));
            match stored.split('|').collect::<Vec<_>>().as_slice() {
                [name, model, reference] => {
                    json!({"service_name": name, "service_model": model, "service_model_ref": reference})
                }
                _ => Value::Null,
            }
        }
        // It is checked but has no effect.
        (_, "change_role_option") => Value::Null,
        _ => panic!("no answer shows {field} of {}", resource.name),
    }
}

/// The outcome for a field: `set`, `ignored`, `refused` or `-`, then whether the caller sees it.
fn outcome(server: &Server, case: &Case, (name, token): (&str, &str), field: &str) -> String {
    let (value, due) = sample(field, name);
    let answer = (case.act)(server, token, field, &value);
    match answer.status {
        200 => {
            let record = answer.record();
            let id = record["id"].as_str().unwrap().to_owned();
            let is_set = found(server, case.resource, &id, field) == due;
            let is_seen = record.get(field).is_some();
            format!("{} {}", if is_set { "set" } else { "ignored" }, if is_seen { "seen" } else { "absent" })
        }
        422 => "refused".to_owned(),
        403 => "-".to_owned(),
        _ => panic!("{answer}"),
    }
}

#[test]
fn the_table_of_levels_and_fields_matches_the_reviewed_file() {
    let mut table = String::from(
        "# Who can set and who sees each field: of an invitation or a user that is the caller's own, of a member's\n\
         # membership, of a role. `set` or `ignored` tells what became of a value in the body, `refused` is a 422, `-` a\n\
         # 403; `seen` or `absent` tells whether the caller finds the field in an answer with every optional field.\n",
    );
    for case in CASES {
        let width = 49;
        let _ = write!(table, "\n{:width$}", format!("{}.{}", case.resource.name, case.action));
        for (name, _) in token::EVERYBODY {
            let _ = write!(table, "  {name:<14}");
        }
        table.truncate(table.trim_end().len());
        table.push('\n');
        for field in case.resource.fields.iter().map(|field| field.name).chain(["id"]) {
            let _ = write!(table, "{field:width$}");
            let server = Server::start();
            for (name, token) in token::EVERYBODY {
                let outcome = outcome(&server, case, (name, token), field);
                let _ = write!(table, "  {outcome:<column$}", column = name.len().max(14));
            }
            table.truncate(table.trim_end().len());
            table.push('\n');
        }
    }
    snapshot::compare("fields.txt", &table);
}
