//! The audit trail: each write leaves one row with the actor and the change; a refused write leaves none.

use serde_json::{Value, json};

use crate::exact::put_json;
use crate::support::{Server, token};

/// A row of the audit trail.
#[derive(Debug, PartialEq)]
struct Row {
    account: i64,
    actor: i64,
    action: String,
    subject: (String, i64),
    before: Value,
    after: Value,
}

fn trail(server: &Server) -> Vec<Row> {
    let rows = server.stored(
        "SELECT account_id, actor_user_id, action, subject_type, subject_id, before, after FROM audit ORDER BY id",
    );
    // No attribute or name in these tests contains the separator of the cells.
    rows.iter()
        .map(|row| {
            let cells: Vec<&str> = row.split('|').collect();
            let number = |column: usize| cells[column].parse().unwrap();
            let value = |column: usize| serde_json::from_str(cells[column]).unwrap();
            Row {
                account: number(0),
                actor: number(1),
                action: cells[2].to_owned(),
                subject: (cells[3].to_owned(), number(4)),
                before: value(5),
                after: value(6),
            }
        })
        .collect()
}

fn row(actor: i64, action: &str, id: i64, before: Value, after: Value) -> Row {
    let subject = ("account_invitations".to_owned(), id);
    Row { account: 1, actor, action: format!("account_invitation.{action}"), subject, before, after }
}

#[test]
fn an_update_records_the_old_and_the_new_values() {
    let server = Server::start();
    let body =
        r#"{"account_invitation":{"permission":"collaborator","default_role_id":null,"bill_rate_in_cents":15000}}"#;
    put_json(&server, "/account_invitations/2", token::ADMINISTRATOR, body).expect(200);
    let rows = trail(&server);
    assert_eq!(rows.len(), 1);
    let (before, after) = (&rows[0].before, &rows[0].after);
    assert_eq!((&before["permission"], &after["permission"]), (&json!("project_lead"), &json!("collaborator")));
    assert_eq!((&before["default_role_id"], &after["default_role_id"]), (&json!("101"), &Value::Null));
    assert_eq!(rows[0], row(2, "update", 2, before.clone(), after.clone()));
}

#[test]
fn a_create_a_bulk_a_resend_and_a_delete_leave_a_row_for_each_record() {
    let server = Server::start();
    let person = |name: &str| json!({"full_name": name, "email_address": format!("{name}@example.test")});
    let post =
        |body: Value| server.post("/account_invitations").bearer(token::PROJECT_LEAD).json(&body).send().expect(200);
    post(json!({"account_invitation": person("a")}));
    post(json!({"account_invitations": [person("b"), person("c")]}));
    server.put("/account_invitations/6/resend").bearer(token::ADMINISTRATOR).send().expect(200);
    server.delete("/account_invitations/7").bearer(token::OWNER).send().expect(204);
    let rows = trail(&server);
    let subjects: Vec<_> = rows.iter().map(|row| (row.actor, row.action.as_str(), row.subject.1)).collect();
    assert_eq!(
        subjects,
        [
            (5, "account_invitation.create", 6),
            (5, "account_invitation.create", 7),
            (5, "account_invitation.create", 8),
            (2, "account_invitation.resend", 6),
            (1, "account_invitation.delete", 7),
        ]
    );
    assert_eq!((&rows[0].before, &rows[0].after["email_address"]), (&Value::Null, &json!("a@example.test")));
    assert_eq!((&rows[4].before["email_address"], &rows[4].after), (&json!("b@example.test"), &Value::Null));
}

#[test]
fn a_refused_write_leaves_no_row() {
    let server = Server::start();
    let put = |path: &str, bearer: &str, body: &str| put_json(&server, path, bearer, body).status;
    let change = r#"{"account_invitation":{"billability_target":1}}"#;
    assert_eq!(put("/account_invitations/1", "nobody", change), 401);
    assert_eq!(put("/account_invitations/1", token::COLLABORATOR, change), 403);
    assert_eq!(put("/account_invitations/1", token::PROJECT_LEAD, change), 403);
    assert_eq!(put("/account_invitations/5", token::ADMINISTRATOR, change), 404);
    assert_eq!(put("/account_invitations/4", token::ADMINISTRATOR, change), 422);
    assert_eq!(put("/account_invitations/1", token::ADMINISTRATOR, "{"), 400);
    server.delete("/account_invitations/4").bearer(token::ADMINISTRATOR).send().expect(422);
    let twice = json!({"full_name": "N", "email_address": "n@example.test"});
    server
        .post("/account_invitations")
        .bearer(token::ADMINISTRATOR)
        .json(&json!({"account_invitations": [twice, twice]}))
        .send()
        .expect(422);
    assert_eq!(trail(&server), []);
}

#[test]
fn the_trail_names_the_request_by_its_id() {
    let server = Server::start();
    server
        .put("/account_invitations/1")
        .bearer(token::ADMINISTRATOR)
        .header("x-request-id", "request-of-this-story")
        .json(&json!({"account_invitation": {"billability_target": 1}}))
        .send()
        .expect(200);
    assert_eq!(server.stored("SELECT request_id FROM audit"), ["request-of-this-story"]);
}
