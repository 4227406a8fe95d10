//! The rules of an update: partial changes, punch clock, the grant ceiling, deleted roles, ignored attributes.

use serde_json::json;

use crate::exact::{Invitation, everything, invalid, invalid_all, post_json, put_json, shown};
use crate::support::{Answer, Server, token};

fn change(server: &Server, id: u64, bearer: &str, attributes: &str) -> Answer {
    put_json(
        server,
        &format!("/account_invitations/{id}"),
        bearer,
        &format!(r#"{{"account_invitation":{attributes}}}"#),
    )
}

const NEEDS_A_RATE: (&str, &str) = ("bill_rate_in_cents", "Bill rate in cents is required for a punch_clock user.");
const ABOVE_YOUR_OWN: &str = "Permission must not be above your own.";
const ACTIVE_ROLE: &str = "Default role id must be an active role of this account.";

#[test]
fn an_empty_change_is_accepted_and_changes_nothing() {
    let server = Server::start();
    let grace = Invitation::grace(&server);
    let before = everything(&server);
    let answer = change(&server, 2, token::ADMINISTRATOR, "{}").expect(200);
    assert_eq!(answer.text(), grace.body());
    assert_eq!(everything(&server), before);
}

#[test]
fn null_and_empty_text_clear_the_nullable_fields() {
    for nothing in ["null", "\"\""] {
        let server = Server::start();
        let grace = Invitation::grace(&server);
        let attributes = format!(
            concat!(
                r#"{{"bill_rate_in_cents":{0},"cost_rate_in_cents":{0},"#,
                r#""billability_target":{0},"default_role_id":{0}}}"#
            ),
            nothing
        );
        let answer = change(&server, 2, token::ADMINISTRATOR, &attributes).expect(200);
        let cleared = Invitation { bill_rate: None, cost_rate: None, target: None, role: None, ..grace };
        assert_eq!(answer.text(), cleared.body());
    }
}

#[test]
fn an_update_changes_neither_the_expiration_date_nor_the_order() {
    let server = Server::start();
    let list = || server.get("/account_invitations").bearer(token::ADMINISTRATOR).send().expect(200).ids();
    let order = list();
    let date = shown(&server, 1)["expiration_date"].clone();
    server.advance_seconds(86_400);
    change(&server, 1, token::ADMINISTRATOR, r#"{"billability_target":5}"#).expect(200);
    assert_eq!(list(), order);
    assert_eq!(shown(&server, 1)["expiration_date"], date);
}

#[test]
fn an_expired_invitation_can_be_updated() {
    let server = Server::start();
    let answer = change(&server, 3, token::ADMINISTRATOR, r#"{"billability_target":5}"#).expect(200);
    assert_eq!(answer.json()["account_invitations"]["3"]["billability_target"], 5);
}

#[test]
fn punch_clock_is_checked_on_the_result_of_the_update() {
    let server = Server::start();
    let (field, message) = NEEDS_A_RATE;
    let refused = |id: u64, attributes: &str| {
        let before = everything(&server);
        let answer = change(&server, id, token::ADMINISTRATOR, attributes).expect(422);
        assert_eq!(answer.text(), invalid(field, message), "for {attributes}");
        assert_eq!(everything(&server), before);
    };
    refused(1, r#"{"permission":"punch_clock"}"#);
    refused(1, r#"{"permission":"punch_clock","bill_rate_in_cents":null}"#);
    refused(2, r#"{"permission":"punch_clock","bill_rate_in_cents":null}"#);
    refused(2, r#"{"permission":"punch_clock","bill_rate_in_cents":""}"#);
    change(&server, 1, token::ADMINISTRATOR, r#"{"permission":"punch_clock","bill_rate_in_cents":0}"#).expect(200);
    change(&server, 2, token::ADMINISTRATOR, r#"{"permission":"punch_clock"}"#).expect(200);
    refused(1, r#"{"bill_rate_in_cents":null}"#);
    refused(2, r#"{"bill_rate_in_cents":null}"#);
    change(&server, 1, token::ADMINISTRATOR, r#"{"billability_target":1}"#).expect(200);
    change(&server, 1, token::ADMINISTRATOR, r#"{"permission":"collaborator","bill_rate_in_cents":null}"#).expect(200);
}

#[test]
fn punch_clock_is_not_checked_if_the_permission_or_the_rate_is_invalid() {
    let server = Server::start();
    let answer = change(&server, 1, token::ADMINISTRATOR, r#"{"permission":"punch_clock","bill_rate_in_cents":"abc"}"#)
        .expect(422);
    assert_eq!(answer.text(), invalid("bill_rate_in_cents", "Bill rate in cents must be a whole number."));
    let answer = change(&server, 1, token::ADMINISTRATOR, r#"{"permission":"punch-clock","bill_rate_in_cents":null}"#)
        .expect(422);
    let fields: Vec<Option<String>> = answer.errors().into_iter().map(|error| error.1).collect();
    assert_eq!(fields, [Some("permission".to_owned())]);
}

#[test]
fn inviters_grant_no_level_above_their_own() {
    let server = Server::start();
    for (bearer, allowed, refused) in [
        (token::PROJECT_LEAD, "project_lead", "reports_viewer"),
        (token::REPORTS_VIEWER, "reports_viewer", "reports_viewer_with_cost"),
        (token::REPORTS_VIEWER_WITH_COST, "reports_viewer_with_cost", "administrator"),
    ] {
        let created = post_json(
            &server,
            "/account_invitations",
            bearer,
            &format!(r#"{{"account_invitation":{{"full_name":"N","email_address":"{allowed}.new@example.test"}}}}"#),
        )
        .expect(200);
        let id: u64 = created.ids()[0].parse().unwrap();
        let answer = change(&server, id, bearer, &format!(r#"{{"permission":"{refused}"}}"#)).expect(422);
        assert_eq!(answer.text(), invalid("permission", ABOVE_YOUR_OWN), "{allowed} grants {refused}");
        let answer = change(&server, id, bearer, r#"{"permission":"administrator"}"#).expect(422);
        assert_eq!(answer.text(), invalid("permission", ABOVE_YOUR_OWN), "{allowed} grants administrator");
        change(&server, id, bearer, &format!(r#"{{"permission":"{allowed}"}}"#)).expect(200);
        change(&server, id, bearer, r#"{"permission":"collaborator"}"#).expect(200);
    }
    change(&server, 1, token::ADMINISTRATOR, r#"{"permission":"administrator"}"#).expect(200);
    change(&server, 1, token::OWNER, r#"{"permission":"administrator"}"#).expect(200);
}

#[test]
fn a_permission_above_the_own_level_may_be_sent_back_unchanged() {
    let server = Server::start();
    change(&server, 3, token::ADMINISTRATOR, r#"{"permission":"administrator"}"#).expect(200);
    let answer =
        change(&server, 3, token::PROJECT_LEAD, r#"{"permission":"administrator","bill_rate_in_cents":5}"#).expect(200);
    assert_eq!(answer.json()["account_invitations"]["3"]["permission"], "administrator");
    let answer = change(&server, 3, token::PROJECT_LEAD, r#"{"permission":"reports_viewer"}"#).expect(422);
    assert_eq!(answer.text(), invalid("permission", ABOVE_YOUR_OWN), "a change must obey, even downwards");
    change(&server, 3, token::PROJECT_LEAD, r#"{"permission":"project_lead"}"#).expect(200);
    change(&server, 3, token::PROJECT_LEAD, r#"{"permission":"administrator"}"#).expect(422);
}

#[test]
fn a_role_deleted_since_may_be_sent_back_but_not_chosen() {
    let server = Server::start();
    for same in [r#"{"default_role_id":104}"#, r#"{"default_role_id":"104"}"#] {
        let answer = change(&server, 3, token::PROJECT_LEAD, same).expect(200);
        assert_eq!(answer.json()["account_invitations"]["3"]["default_role_id"], "104");
    }
    change(&server, 3, token::PROJECT_LEAD, r#"{"default_role_id":102}"#).expect(200);
    let answer = change(&server, 3, token::PROJECT_LEAD, r#"{"default_role_id":104}"#).expect(422);
    assert_eq!(answer.text(), invalid("default_role_id", ACTIVE_ROLE));
    let answer = change(&server, 1, token::ADMINISTRATOR, r#"{"default_role_id":104}"#).expect(422);
    assert_eq!(answer.text(), invalid("default_role_id", ACTIVE_ROLE));
}

#[test]
fn a_cost_rate_that_the_caller_may_not_set_is_ignored_whatever_its_value() {
    let server = Server::start();
    let before = shown(&server, 3);
    for value in ["1", "\"abc\"", "-1", "1.5", "[]", "{}", "null", "true"] {
        let answer =
            change(&server, 3, token::PROJECT_LEAD, &format!(r#"{{"cost_rate_in_cents":{value}}}"#)).expect(200);
        assert!(!answer.text().contains("cost_rate_in_cents"), "a project lead never reads the cost rate");
        assert_eq!(shown(&server, 3), before, "for {value}");
    }
    change(&server, 3, token::ADMINISTRATOR, r#"{"cost_rate_in_cents":4200}"#).expect(200);
    change(&server, 3, token::PROJECT_LEAD, r#"{"cost_rate_in_cents":null,"bill_rate_in_cents":9}"#).expect(200);
    let now = shown(&server, 3);
    assert_eq!((&now["cost_rate_in_cents"], &now["bill_rate_in_cents"]), (&json!(4200), &json!(9)));
}

#[test]
fn unknown_attributes_are_ignored_whatever_their_values() {
    let server = Server::start();
    let ada = Invitation::ada(&server);
    let answer = change(
        &server,
        1,
        token::ADMINISTRATOR,
        concat!(
            r#"{"full_name":"Somebody Else","email_address":5,"headline":["x"],"pending":false,"#,
            r#""expiration_date":"2001-01-01","inviter_id":"1","invitee_id":{"a":1},"id":"2","account_id":2,"#,
            r#""default_read_only":"maybe","external_reference":7,"created_at":null,"nonsense":1.5,"#,
            r#""billability_target":12}"#
        ),
    )
    .expect(200);
    assert_eq!(answer.text(), Invitation { target: Some(12), ..ada }.body());
}

#[test]
fn a_client_may_send_back_every_attribute_that_it_read() {
    let server = Server::start();
    for id in [1, 2, 3] {
        let object = shown(&server, id);
        let answer = change(&server, id, token::ADMINISTRATOR, &object.to_string()).expect(200);
        assert_eq!(answer.json()["account_invitations"][id.to_string()], object);
    }
}

#[test]
fn an_accepted_invitation_reports_only_base_even_if_every_field_is_wrong() {
    let server = Server::start();
    let before = everything(&server);
    let attributes = concat!(
        r#"{"permission":"nobody","default_role_id":"x","bill_rate_in_cents":-1,"#,
        r#""cost_rate_in_cents":1.5,"billability_target":101}"#
    );
    for attributes in [attributes, "{}", r#"{"permission":"collaborator"}"#] {
        let answer = change(&server, 4, token::ADMINISTRATOR, attributes).expect(422);
        assert_eq!(answer.text(), invalid("base", "This invitation is no longer pending and cannot be changed."));
    }
    assert_eq!(everything(&server), before);
}

#[test]
fn every_invalid_field_is_reported_once_in_the_order_of_the_table() {
    let server = Server::start();
    let before = everything(&server);
    let answer = change(
        &server,
        1,
        token::ADMINISTRATOR,
        concat!(
            r#"{"billability_target":101,"cost_rate_in_cents":1.5,"bill_rate_in_cents":-1,"#,
            r#""default_role_id":999,"permission":"nobody"}"#
        ),
    )
    .expect(422);
    let levels = concat!(
        "Permission must be one of administrator, reports_viewer_with_cost, reports_viewer, project_lead, ",
        "project_creator, collaborator, punch_clock."
    );
    assert_eq!(
        answer.text(),
        invalid_all(&[
            ("permission", 0, levels),
            ("default_role_id", 0, ACTIVE_ROLE),
            ("bill_rate_in_cents", 0, "Bill rate in cents must be between 0 and 2147483647."),
            ("cost_rate_in_cents", 0, "Cost rate in cents must be a whole number."),
            ("billability_target", 0, "Billability target must be a whole number from 0 to 100."),
        ])
    );
    assert_eq!(everything(&server), before);
}

#[test]
fn rules_that_need_the_database_and_rules_that_do_not_are_reported_together() {
    let server = Server::start();
    let answer = change(
        &server,
        3,
        token::PROJECT_LEAD,
        r#"{"billability_target":"x","permission":"administrator","default_role_id":111,"cost_rate_in_cents":"x"}"#,
    )
    .expect(422);
    assert_eq!(
        answer.text(),
        invalid_all(&[
            ("permission", 0, ABOVE_YOUR_OWN),
            ("default_role_id", 0, ACTIVE_ROLE),
            ("billability_target", 0, "Billability target must be a whole number from 0 to 100."),
        ])
    );
}

#[test]
fn a_refused_update_does_not_change_its_valid_fields() {
    let server = Server::start();
    let before = everything(&server);
    change(&server, 2, token::ADMINISTRATOR, r#"{"permission":"collaborator","billability_target":101}"#).expect(422);
    assert_eq!(everything(&server), before);
}
