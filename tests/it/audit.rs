//! The audit trail: each write leaves one row with the actor and the change; a refused write leaves none.

use invited::testing::sign_in_links;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use crate::exact::put_json;
use crate::oauth::{authorize_path, set_password};
use crate::support::answers::PASSWORD;
use crate::support::browser::{Browser, borrowed, encoded, hidden};
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

/// Rows with these words in the action: action, subject, actor, request.
fn rows_of(server: &Server, action: &str) -> Vec<String> {
    server.stored(&format!(
        "SELECT action, subject_type, subject_id, actor_user_id, request_id FROM audit \
         WHERE action LIKE '%{action}%' ORDER BY id"
    ))
}

#[test]
fn an_answer_to_an_invitation_is_in_the_trail_with_its_request() {
    let server = Server::start();
    let reply = |action: &str, body: Value, request: &str| {
        let post = server.request_at_root("POST", &format!("/invitations/{action}")).header("x-request-id", request);
        post.json(&body).send()
    };
    let (id, link) = server.invite_by_mail("vera@example.test");
    reply("decline", json!({"token": link}), "said-no").expect(204);
    let user = server.show(&id).record()["invitee_id"].as_str().unwrap().to_owned();
    assert_eq!(
        rows_of(&server, ".decline"),
        [format!("account_invitation.decline|account_invitations|{id}|{user}|said-no")]
    );
    let link = server.handed_over(&id);
    reply("accept", json!({"token": link, "password": PASSWORD}), "said-yes").expect(200);
    assert_eq!(
        rows_of(&server, ".accept"),
        [format!("account_invitation.accept|account_invitations|{id}|{user}|said-yes")]
    );
    // A request of the page gets a new id.
    let (_, link) = server.invite_by_mail("paul@example.test");
    Browser::new(&server).decide(&link, &[("password", PASSWORD)]).expect(200);
    assert!(!rows_of(&server, ".accept")[1].ends_with("|null"));
}

#[test]
fn an_invitation_that_raises_a_member_leaves_a_row_for_the_membership() {
    let server = Server::start();
    let (id, link) = server.invite_by_mail("vera@example.test");
    // An invitation whose invitee has become a member since.
    let raising = format!("UPDATE account_invitations SET invitee_id = 7, permission = 'project_lead' WHERE id = {id}");
    server.alter_stored(&raising);
    server.accept_link(&link).expect(200);
    let rows = server.stored(
        "SELECT subject_id, actor_user_id, before, after FROM audit WHERE action = 'account_membership.update'",
    );
    assert_eq!(rows, [r#"207|7|{"permission":"collaborator"}|{"permission":"project_lead"}"#]);
    assert!(!rows_of(&server, "account_membership.update")[0].ends_with("|null"));
}

#[test]
fn a_password_that_moves_along_leaves_a_row() {
    let server = Server::start();
    let invited = json!({"full_name": "Mona", "email_address": "mona@example.test"});
    server.invite_by(token::OTHER_ADMINISTRATOR, &invited);
    let mut browser = Browser::new(&server);
    browser.decide(&server.mailed("mona@example.test"), &[("password", PASSWORD)]).expect(200);
    let there = server.number("SELECT id FROM users WHERE email_address = 'mona@example.test'");
    server.invite(&invited);
    let link = server.mailed("mona@example.test");
    browser.decide(&link, &[("decision", "accept"), ("confirm_move", "yes")]).expect(200);
    let here = server.number("SELECT id FROM users WHERE email_address = 'mona@example.test' AND account_id = 1");
    let rows = server
        .stored("SELECT account_id, subject_id, actor_user_id, after FROM audit WHERE action = 'password.take_along'");
    assert_eq!(rows, [format!(r#"1|{here}|{here}|{{"user_id":"{here}","from_user_id":"{there}"}}"#)]);
    assert!(!rows_of(&server, "password.take_along")[0].ends_with("|null"));
}

#[test]
fn signing_out_and_failing_to_sign_in_are_in_the_trail_with_their_requests() {
    let server = Server::start();
    set_password(&server, 5, PASSWORD);
    let path = authorize_path(&[]);
    let mut browser = Browser::new(&server);
    for (address, password) in [
        ("project_lead@example.com", "wrong horse battery"),
        ("nobody@example.test", PASSWORD),
        // Typed into the wrong field.
        (PASSWORD, "project_lead@example.com"),
    ] {
        browser.sign_in(&path, address, password).expect(422);
    }
    let refused = rows_of(&server, "session.refuse");
    let told: Vec<&str> = refused.iter().map(|row| row.rsplit_once('|').unwrap().0).collect();
    assert_eq!(
        told,
        ["session.refuse|users|5|null", "session.refuse|accounts|1|null", "session.refuse|accounts|1|null"]
    );
    assert!(refused.iter().all(|row| !row.ends_with("|null")), "{refused:?}");
    assert!(!server.everything_stored().iter().any(|row| row.contains("nobody@") || row.contains(PASSWORD)));

    // Without an application, only an attempt on a member belongs to an account.
    for (address, rows) in [("project_lead@example.com", 4), ("nobody@example.test", 4)] {
        browser.sign_in("/oauth/sign-in", address, "wrong horse battery").expect(422);
        assert_eq!(rows_of(&server, "session.refuse").len(), rows, "{address}");
    }

    browser.sign_in(&path, "project_lead@example.com", PASSWORD).expect(303);
    let consent = browser.get(&path).expect(200);
    browser.submit(&consent, "/oauth/sign-out", &[]).expect(303);
    let ended = rows_of(&server, "session.delete");
    assert_eq!(ended.len(), 1);
    assert!(ended[0].contains("|5|") && !ended[0].ends_with("|null"), "{ended:?}");
    // Without a session, signing out leaves no row.
    let page = browser.get(&path).expect(200);
    let form = hidden(&page, "/oauth/sign-in");
    browser.post("/oauth/sign-out", &encoded(&borrowed(&form))).expect(303);
    assert_eq!(rows_of(&server, "session.delete").len(), 1);
}

#[test]
fn a_sign_in_link_that_is_used_again_is_in_the_trail() {
    let server = Server::start();
    let (now, entropy) = (server.app().clock.now(), server.app().entropy.clone());
    let token = server.write(move |db| sign_in_links::create(db, &entropy, 1.into(), 5.into(), now));
    let path = format!("/oauth/sign-in/{}", token.expose_secret());
    for (status, rows) in [(200, 0), (403, 1)] {
        let mut browser = Browser::new(&server);
        let page = browser.get(&path).expect(200);
        browser.reply(&page, &path, &[]).expect(status);
        assert_eq!(rows_of(&server, "session.refuse").len(), rows);
    }
    assert!(rows_of(&server, "session.refuse")[0].starts_with("session.refuse|users|5|null|"));
}

#[test]
fn a_put_that_changes_nothing_leaves_no_row() {
    let server = Server::start();
    let put = |path: &str, body: Value| server.put(path).bearer(token::ADMINISTRATOR).json(&body).send().expect(200);
    let reference =
        json!({"service_name": "hr", "service_model": "Employee", "service_model_ref": "4711", "locked": true});
    put("/users/7", json!({"user": {"external_reference": reference}}));
    put("/roles/101", json!({"role": {"external_reference": reference}}));
    let before = rows_of(&server, "");
    assert_eq!(before.len(), 2);
    let partly = json!({"service_name": "hr", "service_model": "Employee", "service_model_ref": "4711"});
    for (path, root, attributes) in [
        ("/account_invitations/2", "account_invitation", json!({"permission": "project_lead"})),
        ("/account_invitations/2", "account_invitation", json!({})),
        ("/account_memberships/207", "account_membership", json!({"permission": "collaborator"})),
        ("/account_memberships/207", "account_membership", json!({"change_role_option": "add_another_role"})),
        ("/users/7", "user", json!({"full_name": "Cora Collaborator", "external_reference": reference})),
        ("/users/7", "user", json!({"external_reference": partly})),
        ("/roles/101", "role", json!({"external_reference": reference})),
    ] {
        put(path, json!({ root: attributes }));
        assert_eq!(rows_of(&server, ""), before, "{path} {attributes}");
    }
    put(
        "/users/7",
        json!({"user": {"external_reference": {"service_name": "hr", "service_model": "E", "service_model_ref": "1"}}}),
    );
    assert_eq!(rows_of(&server, "").len(), 3, "a change leaves one");
}
