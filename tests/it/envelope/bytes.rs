//! Whole bodies, byte for byte.

use serde_json::json;

use super::NOT_PERMITTED;
use crate::support::{Server, token};

const FULL: &str = "/account_invitations/2?include=default_role,invitee,inviter";

/// Invitation 2, with the fields that depend on the reader in the middle.
fn full(server: &Server, rates: &str) -> String {
    let photo = format!(r#""photo_path":"{}","#, server.default_photo());
    [
        r#"{"count":1,"results":[{"key":"account_invitations","id":"2"}],"account_invitations":{"2":{"#,
        r#""full_name":"Grace Full","email_address":"grace@example.com","headline":"Analyst","#,
        r#""permission":"project_lead","pending":true,"expiration_date":"2031-02-01","#,
        rates,
        r#""inviter_id":"2","invitee_id":"12","default_role_id":"101","id":"2"}},"#,
        r#""meta":{"count":1,"page_count":1,"page_number":1,"page_size":20},"#,
        r#""roles":{"101":{"name":"Developer","created_at":"2030-10-04T03:04:05Z","#,
        r#""updated_at":"2030-10-04T03:04:05Z","deleted_at":null,"id":"101"}},"#,
        r#""users":{"2":{"full_name":"Adam Administrator","#,
        &photo,
        r#""email_address":"administrator@example.com","headline":null,"id":"2"},"#,
        r#""12":{"full_name":"Grace Full","#,
        &photo,
        r#""email_address":"grace@example.com","headline":"Analyst","id":"12"}}}"#,
    ]
    .concat()
}

#[test]
fn an_administrator_sees_every_field() {
    let server = Server::start();
    let everything = full(&server, r#""bill_rate_in_cents":15000,"billability_target":75,"cost_rate_in_cents":9000,"#);
    for token in [token::OWNER, token::ADMINISTRATOR] {
        assert_eq!(server.get(FULL).bearer(token).send().expect(200).text(), everything);
    }
}

#[test]
fn a_project_lead_and_a_reports_viewer_see_no_cost_rate() {
    let server = Server::start();
    let without_cost = full(&server, r#""bill_rate_in_cents":15000,"billability_target":75,"#);
    for token in [token::REPORTS_VIEWER_WITH_COST, token::REPORTS_VIEWER, token::PROJECT_LEAD] {
        assert_eq!(server.get(FULL).bearer(token).send().expect(200).text(), without_cost);
    }
}

#[test]
fn levels_below_project_lead_see_nothing() {
    let server = Server::start();
    for token in [token::PROJECT_CREATOR, token::COLLABORATOR, token::PUNCH_CLOCK] {
        assert_eq!(server.get(FULL).bearer(token).send().expect(403).text(), NOT_PERMITTED);
        assert_eq!(server.get("/account_invitations").bearer(token).send().expect(403).text(), NOT_PERMITTED);
    }
}

#[test]
fn a_list_has_the_same_shape() {
    let server = Server::start();
    assert_eq!(
        server.get("/account_invitations?only=1&include=default_role").bearer(token::ADMINISTRATOR).send().text(),
        [
            r#"{"count":1,"results":[{"key":"account_invitations","id":"1"}],"account_invitations":{"1":{"#,
            r#""full_name":"Ada Pending","email_address":"ada@example.com","headline":null,"#,
            r#""permission":"project_creator","pending":true,"expiration_date":"2031-02-01","#,
            r#""bill_rate_in_cents":null,"billability_target":null,"cost_rate_in_cents":null,"#,
            r#""inviter_id":"2","invitee_id":"11","default_role_id":null,"id":"1"}},"#,
            r#""meta":{"count":1,"page_count":1,"page_number":1,"page_size":20},"roles":{}}"#,
        ]
        .concat()
    );
}

#[test]
fn an_empty_list_has_empty_maps() {
    let server = Server::start();
    let meta = r#""meta":{"count":0,"page_count":0,"page_number":0,"page_size":20}"#;
    assert_eq!(
        server.list("by_full_name=nobody").text(),
        format!(r#"{{"count":0,"results":[],"account_invitations":{{}},{meta}}}"#)
    );
    assert_eq!(
        server.list("by_full_name=nobody&include=inviter,default_role&page=4").text(),
        format!(r#"{{"count":0,"results":[],"account_invitations":{{}},{meta},"users":{{}},"roles":{{}}}}"#)
    );
}

#[test]
fn a_page_past_the_end_has_empty_maps_but_the_full_count() {
    let server = Server::start();
    assert_eq!(
        server.list("page=9&include=inviter").text(),
        concat!(
            r#"{"count":3,"results":[],"account_invitations":{},"#,
            r#""meta":{"count":3,"page_count":1,"page_number":9,"page_size":20},"users":{}}"#,
        )
    );
}

#[test]
fn characters_are_not_escaped() {
    let server = Server::start();
    let name = "Zoë 😀 \"q\" \\ / <b>&amp;</b> 日本 \u{2028}\u{2029}\u{feff}x";
    let id = server.invite(&json!({"full_name": name, "email_address": "zoe@example.test"}));
    let answer = server.show(&id);
    assert_eq!(answer.record()["full_name"], name);
    let printed = "\"full_name\":\"Zoë 😀 \\\"q\\\" \\\\ / <b>&amp;</b> 日本 \u{2028}\u{2029}\u{feff}x\",";
    assert!(answer.text().contains(printed), "{answer}");
}

#[test]
fn one_answer_is_one_line() {
    let server = Server::start();
    for path in ["/account_invitations", "/account_invitations/1", "/account_invitations/999", "/nowhere"] {
        let answer = server.get(path).bearer(token::ADMINISTRATOR).send();
        assert!(!answer.body.contains(&b'\n'), "{answer}");
    }
}
