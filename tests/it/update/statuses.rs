//! Every field, parameter and status of the endpoint's reference page, with exact bodies.

use serde_json::json;

use crate::exact::{Invitation, everything, invalid, put_json, refusal, shown};
use crate::support::{Server, token};

#[test]
fn every_field_of_the_page_can_be_changed_and_the_whole_invitation_is_returned() {
    let server = Server::start();
    let ada = Invitation::ada(&server);
    let answer = server
        .put("/account_invitations/1")
        .bearer(token::ADMINISTRATOR)
        .json(&json!({"account_invitation": {
            "billability_target": true,
            "bill_rate_in_cents": 12_500,
            "cost_rate_in_cents": 8_000,
            "default_role_id": 102,
            "permission": "reports_viewer",
        }}))
        .send()
        .expect(200);
    let changed = Invitation {
        target: Some(100),
        bill_rate: Some(12_500),
        cost_rate: Some(8_000),
        role: Some(102),
        permission: "reports_viewer",
        ..ada
    };
    assert_eq!(answer.text(), changed.body());
    let show = server.get("/account_invitations/1").bearer(token::ADMINISTRATOR).send().expect(200);
    assert_eq!(show.text(), changed.body());
}

#[test]
fn each_field_can_be_changed_alone_and_the_others_stay() {
    let server = Server::start();
    let mut grace = Invitation::grace(&server);
    let bodies = [
        r#"{"account_invitation":{"billability_target":false}}"#,
        r#"{"account_invitation":{"bill_rate_in_cents":1}}"#,
        r#"{"account_invitation":{"cost_rate_in_cents":2}}"#,
        r#"{"account_invitation":{"default_role_id":103}}"#,
        r#"{"account_invitation":{"permission":"collaborator"}}"#,
    ];
    for (step, body) in bodies.into_iter().enumerate() {
        match step {
            0 => grace.target = Some(0),
            1 => grace.bill_rate = Some(1),
            2 => grace.cost_rate = Some(2),
            3 => grace.role = Some(103),
            _ => grace.permission = "collaborator",
        }
        let answer = put_json(&server, "/account_invitations/2", token::ADMINISTRATOR, body).expect(200);
        assert_eq!(answer.text(), grace.body(), "after {body}");
    }
}

#[test]
fn include_returns_the_role_the_invitee_and_the_inviter() {
    let server = Server::start();
    let grace = Invitation::grace(&server);
    let answer = put_json(
        &server,
        "/account_invitations/2?include=default_role,invitee,inviter",
        token::ADMINISTRATOR,
        r#"{"account_invitation":{}}"#,
    )
    .expect(200);
    let body = answer.json();
    let role = |name: &str| body["roles"]["101"][name].to_string();
    let headline = |id: &str| body["users"][id]["headline"].to_string();
    let expected = format!(
        concat!(
            r#"{},"roles":{{"101":{{"name":"Developer","created_at":{},"updated_at":{},"deleted_at":null,"id":"101"}}}},"#,
            r#""users":{{"12":{{"full_name":"Grace Full","photo_path":"{photo}","email_address":"grace@example.com","headline":{},"id":"12"}},"#,
            r#""2":{{"full_name":"Adam Administrator","photo_path":"{photo}","email_address":"administrator@example.com","headline":{},"id":"2"}}}}}}"#
        ),
        grace.body().strip_suffix('}').unwrap(),
        role("created_at"),
        role("updated_at"),
        headline("12"),
        headline("2"),
        photo = server.default_photo(),
    );
    // The order of users inside their map is free, so bodies are compared as values and keys as text.
    assert_eq!(body, serde_json::from_str::<serde_json::Value>(&expected).unwrap());
    let top: Vec<usize> =
        [r#"{"count""#, r#""results""#, r#""account_invitations":{"#, r#""meta""#, r#""roles""#, r#""users""#]
            .map(|key| answer.text().find(key).unwrap())
            .to_vec();
    assert!(top.is_sorted(), "the keys are out of order: {}", answer.text());
}

#[test]
fn included_maps_are_in_the_order_of_include_and_may_be_empty() {
    let server = Server::start();
    let ada = Invitation::ada(&server);
    let body = r#"{"account_invitation":{}}"#;
    let answer =
        put_json(&server, "/account_invitations/1?include=default_role", token::ADMINISTRATOR, body).expect(200);
    let expected = format!(r#"{},"roles":{{}}}}"#, ada.body().strip_suffix('}').unwrap());
    assert_eq!(answer.text(), expected);

    let answer = put_json(&server, "/account_invitations/1?include=inviter,default_role", token::ADMINISTRATOR, body)
        .expect(200);
    assert!(answer.text().find(r#""users":"#) < answer.text().find(r#""roles":"#), "{}", answer.text());

    let answer =
        put_json(&server, "/account_invitations/1?include=nonsense,%20inviter", token::ADMINISTRATOR, body).expect(200);
    assert_eq!(answer.text(), ada.body(), "unknown names and names with a blank are ignored");
}

#[test]
fn status_400_answers_a_request_without_the_root_key() {
    let server = Server::start();
    let missing = "Missing required parameters. Please see our documentation at http://developer.mavenlink.com";
    let not_an_object = "account_invitation must be an object.";
    for (body, message) in [
        ("{}", missing),
        (r#"{"permission":"collaborator"}"#, missing),
        (r#"{"account_invitation":null}"#, missing),
        (r#"{"account_invitation":"text"}"#, not_an_object),
        (r#"{"account_invitation":5}"#, not_an_object),
        (r#"{"account_invitation":true}"#, not_an_object),
        (r#"{"account_invitation":[]}"#, not_an_object),
        (r#"{"account_invitation":[{"permission":"collaborator"}]}"#, not_an_object),
        (r#"{"account_invitation":"#, "The request body is not valid JSON."),
        ("[]", "The request body must be a JSON object."),
        ("null", "The request body must be a JSON object."),
    ] {
        let answer = put_json(&server, "/account_invitations/1", token::ADMINISTRATOR, body).expect(400);
        assert_eq!(answer.text(), refusal("syntax", message), "for {body}");
    }
    let answer = server.put("/account_invitations/1").bearer(token::ADMINISTRATOR).send().expect(400);
    assert_eq!(answer.text(), refusal("syntax", missing), "with no body at all");
}

#[test]
fn status_400_answers_the_plural_root_too() {
    let server = Server::start();
    for body in [
        r#"{"account_invitations":[{"permission":"collaborator"}]}"#,
        r#"{"account_invitations":null}"#,
        r#"{"account_invitation":{"permission":"collaborator"},"account_invitations":[]}"#,
    ] {
        let answer = put_json(&server, "/account_invitations/1", token::ADMINISTRATOR, body).expect(400);
        assert_eq!(answer.errors()[0].0, "syntax", "for {body}");
    }
    assert_eq!(shown(&server, 1)["permission"], "project_creator");
}

#[test]
fn status_401_answers_a_caller_without_a_valid_token() {
    let server = Server::start();
    let body = r#"{"account_invitation":{"permission":"collaborator"}}"#;
    let invalid_request = refusal("oauth", "Invalid OAuth 2 Request");
    let without =
        server.put("/account_invitations/1").body(Some("application/json"), body.as_bytes()).send().expect(401);
    assert_eq!(without.text(), invalid_request);
    assert_eq!(without.header("www-authenticate"), None);
    let unknown = put_json(&server, "/account_invitations/1", "sandbox-nobody", body).expect(401);
    assert_eq!(unknown.text(), invalid_request);
    assert_eq!(shown(&server, 1)["permission"], "project_creator");
}

#[test]
fn status_403_answers_a_level_that_may_not_update() {
    let server = Server::start();
    let body = r#"{"account_invitation":{"permission":"collaborator"}}"#;
    let answer = put_json(&server, "/account_invitations/1", token::PROJECT_CREATOR, body).expect(403);
    assert_eq!(answer.text(), refusal("system", "You do not have permission to do this."));
}

#[test]
fn status_403_answers_a_project_lead_who_did_not_invite() {
    let server = Server::start();
    let body = r#"{"account_invitation":{"permission":"collaborator"}}"#;
    let answer = put_json(&server, "/account_invitations/1", token::PROJECT_LEAD, body).expect(403);
    assert_eq!(answer.text(), refusal("system", "Only an administrator or the inviter may change this invitation."));
}

#[test]
fn status_404_answers_an_unknown_id_and_a_foreign_one_alike() {
    let server = Server::start();
    let body = r#"{"account_invitation":{"permission":"collaborator"}}"#;
    for id in ["99", "5", "0", "-1", "abc", "7abc", "+1", "1e3", "1.0", "99999999999999999999"] {
        let answer = put_json(&server, &format!("/account_invitations/{id}"), token::ADMINISTRATOR, body).expect(404);
        assert_eq!(answer.text(), refusal("system", "Not found"), "for id {id}");
    }
}

#[test]
fn status_422_answers_an_invalid_field_with_its_name() {
    let server = Server::start();
    let body = r#"{"account_invitation":{"billability_target":101}}"#;
    let answer = put_json(&server, "/account_invitations/1", token::ADMINISTRATOR, body).expect(422);
    assert_eq!(
        answer.text(),
        invalid("billability_target", "Billability target must be a whole number from 0 to 100.")
    );
}

#[test]
fn status_422_answers_an_update_of_an_accepted_invitation() {
    let server = Server::start();
    let body = r#"{"account_invitation":{"billability_target":50}}"#;
    let answer = put_json(&server, "/account_invitations/4", token::ADMINISTRATOR, body).expect(422);
    assert_eq!(answer.text(), invalid("base", "This invitation is no longer pending and cannot be changed."));
}

#[test]
fn status_503_answers_every_write_when_the_queue_has_no_room() {
    let server = Server::start_with(&[("queue_length", "0")]);
    let before = everything(&server);
    let unavailable = refusal("system", "The service is temporarily unavailable. Please try again.");
    let update = put_json(
        &server,
        "/account_invitations/1",
        token::ADMINISTRATOR,
        r#"{"account_invitation":{"billability_target":50}}"#,
    );
    let create = server
        .post("/account_invitations")
        .bearer(token::ADMINISTRATOR)
        .json(&json!({"account_invitation": {"full_name": "New", "email_address": "new@example.test"}}))
        .send();
    let resend = server.put("/account_invitations/1/resend").bearer(token::ADMINISTRATOR).send();
    let delete = server.delete("/account_invitations/1").bearer(token::ADMINISTRATOR).send();
    for answer in [update, create, resend, delete] {
        let answer = answer.expect(503);
        assert_eq!(answer.text(), unavailable);
        let seconds: u64 = answer.header("retry-after").expect("Retry-After is missing").parse().unwrap();
        assert!(seconds >= 1, "Retry-After is {seconds}");
    }
    assert_eq!(everything(&server), before, "reads still work and nothing changed");
}

#[test]
fn patch_is_an_alias_of_put() {
    let server = Server::start();
    let ada = Invitation { target: Some(30), ..Invitation::ada(&server) };
    let answer = server
        .patch("/account_invitations/1")
        .bearer(token::ADMINISTRATOR)
        .json(&json!({"account_invitation": {"billability_target": -30}}))
        .send()
        .expect(200);
    assert_eq!(answer.text(), ada.body());
}

#[test]
fn the_path_may_end_in_json_or_in_one_slash_and_its_id_in_odd_but_readable_digits() {
    let server = Server::start();
    let ada = Invitation::ada(&server);
    for path in [
        "/account_invitations/1.json",
        "/account_invitations/1/",
        "/account_invitations/1?",
        "/account_invitations/%31",
        "/account_invitations/001",
        "/account_invitations/1.json?include=",
    ] {
        let answer = put_json(&server, path, token::ADMINISTRATOR, r#"{"account_invitation":{}}"#).expect(200);
        assert_eq!(answer.text(), ada.body(), "for {path}");
    }
}

#[test]
fn other_methods_suffixes_and_spellings_of_the_path_do_not_exist() {
    let server = Server::start();
    let body = r#"{"account_invitation":{"permission":"collaborator"}}"#;
    for path in [
        "/account_invitations/1.xml",
        "/account_invitations/1.json.json",
        "/account_invitations/1.JSON",
        "/Account_Invitations/1",
        "/account_invitations//1",
        "/account_invitations/1//",
        "/account_invitations/1/update",
        "/account_invitations/.json",
        "/account_invitations",
    ] {
        let answer = put_json(&server, path, token::ADMINISTRATOR, body).expect(404);
        assert_eq!(answer.text(), refusal("system", "Not found"), "for {path}");
    }
    for method in ["POST", "OPTIONS", "TRACE", "PROPFIND"] {
        let answer = server.request(method, "/account_invitations/1").bearer(token::ADMINISTRATOR).send().expect(404);
        assert_eq!(answer.text(), refusal("system", "Not found"), "for {method}");
    }
    assert_eq!(shown(&server, 1)["permission"], "project_creator");
}
