//! The answer to a create: the defaults, every field, and the whole body.

use serde_json::json;

use crate::exact::{Invitation, everything, invalid_all, post_json, refusal, shown};
use crate::support::{Answer, Server, token};

fn create(server: &Server, attributes: &str) -> Answer {
    post_json(
        server,
        "/account_invitations",
        token::ADMINISTRATOR,
        &format!(r#"{{"account_invitation":{attributes}}}"#),
    )
}

#[test]
fn a_name_and_an_address_are_enough_and_the_status_is_200_not_201() {
    let server = Server::start();
    let answer = create(&server, r#"{"full_name":"Alan New","email_address":"alan@example.test"}"#).expect(200);
    let alan = Invitation::fresh(6, "Alan New", "alan@example.test", 23);
    assert_eq!(answer.text(), alan.body());
    assert_eq!(answer.header("location"), None);
    let show = server.get("/account_invitations/6").bearer(token::ADMINISTRATOR).send().expect(200);
    assert_eq!(show.text(), alan.body());
}

#[test]
fn every_field_can_be_set_at_once() {
    let server = Server::start();
    let attributes = json!({
        "email_address": "alan@example.test",
        "full_name": "Alan New",
        "headline": "Logician",
        "permission": "administrator",
        "default_role_id": 102,
        "bill_rate_in_cents": 20_000,
        "cost_rate_in_cents": 0,
        "billability_target": -80,
        "default_read_only": true,
        "external_reference": {
            "service_name": "crm",
            "service_model": "Contact",
            "service_model_ref": "0042",
        },
    });
    let answer = create(&server, &attributes.to_string()).expect(200);
    let alan = Invitation {
        headline: Some("Logician"),
        permission: "administrator",
        role: Some(102),
        bill_rate: Some(20_000),
        cost_rate: Some(0),
        target: Some(80),
        ..Invitation::fresh(6, "Alan New", "alan@example.test", 23)
    };
    assert_eq!(answer.text(), alan.body());
    assert_eq!(shown(&server, 6), alan.value());
}

#[test]
fn null_and_empty_text_are_the_defaults() {
    for nothing in ["null", "\"\""] {
        let server = Server::start();
        let attributes = [
            "headline",
            "permission",
            "default_role_id",
            "bill_rate_in_cents",
            "cost_rate_in_cents",
            "billability_target",
            "default_read_only",
            "external_reference",
        ]
        .map(|field| format!(r#","{field}":{nothing}"#))
        .concat();
        let answer = create(&server, &format!(r#"{{"full_name":"N","email_address":"n@example.test"{attributes}}}"#))
            .expect(200);
        assert_eq!(answer.text(), Invitation::fresh(6, "N", "n@example.test", 23).body());
    }
}

#[test]
fn the_new_invitation_is_the_first_of_the_list() {
    let server = Server::start();
    create(&server, r#"{"full_name":"N","email_address":"n@example.test"}"#).expect(200);
    let list = server.get("/account_invitations").bearer(token::ADMINISTRATOR).send().expect(200);
    assert_eq!(list.ids(), ["6", "3", "2", "1"]);
}

#[test]
fn include_returns_the_new_invitee_and_the_inviter() {
    let server = Server::start();
    let answer = post_json(
        &server,
        "/account_invitations?include=invitee,inviter,default_role",
        token::PROJECT_LEAD,
        r#"{"account_invitation":{"full_name":"N","email_address":"n@example.test","headline":"Poet"}}"#,
    )
    .expect(200);
    let body = answer.json();
    let invitee = json!({
        "full_name": "N", "photo_path": server.default_photo(), "email_address": "n@example.test", "headline": "Poet", "id": "23"
    });
    assert_eq!(body["users"]["23"], invitee);
    assert_eq!(body["users"]["5"]["email_address"], "project_lead@example.com");
    assert_eq!(body["users"].as_object().map(serde_json::Map::len), Some(2));
    assert_eq!(body["roles"], json!({}));
    assert_eq!(body["account_invitations"]["6"]["inviter_id"], "5");
}

#[test]
fn the_expiration_date_is_the_utc_day_thirty_days_later() {
    let server = Server::start();
    server.advance_seconds(20 * 3600 + 55 * 60 + 54);
    create(&server, r#"{"full_name":"A","email_address":"a@example.test"}"#).expect(200);
    assert_eq!(shown(&server, 6)["expiration_date"], "2031-02-01", "one second before midnight");
    server.advance_seconds(1);
    create(&server, r#"{"full_name":"B","email_address":"b@example.test"}"#).expect(200);
    assert_eq!(shown(&server, 7)["expiration_date"], "2031-02-02", "at midnight");
}

#[test]
fn unknown_attributes_are_ignored_whatever_their_values() {
    let server = Server::start();
    let answer = create(
        &server,
        concat!(
            r#"{"full_name":"N","email_address":"n@example.test","pending":false,"expiration_date":"2001-01-01","#,
            r#""id":"1","inviter_id":"1","invitee_id":[5],"account_id":2,"created_at":{},"token":"x","nonsense":[[]]}"#
        ),
    )
    .expect(200);
    assert_eq!(answer.text(), Invitation::fresh(6, "N", "n@example.test", 23).body());
}

#[test]
fn an_empty_record_names_both_required_fields() {
    let server = Server::start();
    let before = everything(&server);
    let answer = create(&server, "{}").expect(422);
    assert_eq!(
        answer.text(),
        invalid_all(&[("email_address", 0, "Email address is required."), ("full_name", 0, "Full name is required."),])
    );
    assert_eq!(everything(&server), before);
}

#[test]
fn every_invalid_field_is_reported_once_in_the_order_of_the_table() {
    let server = Server::start();
    let before = everything(&server);
    let attributes = json!({
        "external_reference": 5,
        "default_read_only": "perhaps",
        "billability_target": "x",
        "cost_rate_in_cents": -1,
        "bill_rate_in_cents": "1.5",
        "default_role_id": 104,
        "permission": "external_collaborator",
        "headline": "x".repeat(256),
        "full_name": "a\u{7}b",
        "email_address": "not an address",
    });
    let answer = create(&server, &attributes.to_string()).expect(422);
    let levels = concat!(
        "Permission must be one of administrator, reports_viewer_with_cost, reports_viewer, project_lead, ",
        "project_creator, collaborator, punch_clock."
    );
    let reference = "External reference must be an object with service_name, service_model and service_model_ref.";
    assert_eq!(
        answer.text(),
        invalid_all(&[
            ("email_address", 0, "Email address is not a valid email address."),
            ("full_name", 0, "Full name must not contain control characters."),
            ("headline", 0, "Headline must be at most 255 characters."),
            ("permission", 0, levels),
            ("default_role_id", 0, "Default role id must be an active role of this account."),
            ("bill_rate_in_cents", 0, "Bill rate in cents must be a whole number."),
            ("cost_rate_in_cents", 0, "Cost rate in cents must be between 0 and 2147483647."),
            ("billability_target", 0, "Billability target must be a whole number from 0 to 100."),
            ("default_read_only", 0, "Default read only must be true or false."),
            ("external_reference", 0, reference),
        ])
    );
    assert_eq!(everything(&server), before);
}

#[test]
fn a_request_without_the_root_key_is_400() {
    let server = Server::start();
    let missing = "Missing required parameters. Please see our documentation at http://developer.mavenlink.com";
    let not_an_object = "account_invitation must be an object.";
    for (body, message) in [
        ("{}", missing),
        (r#"{"full_name":"N","email_address":"n@example.test"}"#, missing),
        (r#"{"account_invitation":null}"#, missing),
        (r#"{"account_invitation":"n@example.test"}"#, not_an_object),
        (r#"{"account_invitation":[{"full_name":"N","email_address":"n@example.test"}]}"#, not_an_object),
        (r#"{"account_invitation":5}"#, not_an_object),
        (r#"{"account_invitation":false}"#, not_an_object),
    ] {
        let answer = post_json(&server, "/account_invitations", token::ADMINISTRATOR, body).expect(400);
        assert_eq!(answer.text(), refusal("syntax", message), "for {body}");
    }
    let nothing = server.post("/account_invitations").bearer(token::ADMINISTRATOR).send().expect(400);
    assert_eq!(nothing.text(), refusal("syntax", missing));
}

#[test]
fn empty_presentation_keys_beside_the_record_are_fine() {
    let server = Server::start();
    let answer = post_json(
        &server,
        "/account_invitations?",
        token::ADMINISTRATOR,
        concat!(
            r#"{"account_invitation":{"full_name":"N","email_address":"n@example.test"},"#,
            r#""only":"","filters":{},"optional_fields":"","include":""}"#
        ),
    )
    .expect(200);
    assert_eq!(answer.text(), Invitation::fresh(6, "N", "n@example.test", 23).body());
}
