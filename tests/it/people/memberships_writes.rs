//! What a PUT changes of a membership, and what it refuses (G1, G9, H15, H16).

use serde_json::{Value, json};

use super::{refused, shown};
use crate::exact::invalid;
use crate::support::{Answer, Server, token};

const NEEDS_A_RATE: &str = "Bill rate in cents is required for a punch_clock user.";
const NO_ACTIVE_MEMBER: &str = "Manager id must be the user id of another active member.";
const ACTIVE_ROLE: &str = "Default role id must be an active role of this account.";

/// Changes a membership as the administrator.
#[track_caller]
fn set(server: &Server, id: u64, attributes: &Value) -> Answer {
    server.change(&format!("/account_memberships/{id}"), &json!({ "account_membership": attributes }))
}

#[test]
fn each_attribute_can_be_changed_alone() {
    let server = Server::start();
    for (name, sent, due) in [
        ("permission", json!("project_creator"), json!("project_creator")),
        ("default_role_id", json!(101), json!("101")),
        ("default_role_id", json!("102"), json!("102")),
        ("bill_rate_in_cents", json!(0), json!(0)),
        ("bill_rate_in_cents", json!(2_147_483_647), json!(2_147_483_647)),
        ("cost_rate_in_cents", json!("700"), json!(700)),
        ("billability_target", json!(75), json!(75)),
        ("default_read_only", json!(true), json!(true)),
        ("manager_id", json!(2), json!("2")),
        ("manager_id", json!("4"), json!("4")),
        ("manager_can_approve", json!(true), json!(true)),
        ("manager_can_edit_skills", json!("t"), json!(true)),
        ("should_show_alert_on_timesheet_submission", json!("1"), json!(true)),
        ("enforce_workweek_minimum_on_timesheet_submission", json!("TRUE"), json!(true)),
        ("enforce_workweek_maximum_on_timesheet_submission", json!(true), json!(true)),
        ("manager_can_approve", json!("0"), json!(false)),
    ] {
        let mut due_record = shown(&server, 205);
        due_record[name] = due;
        // The derived values follow.
        due_record["is_project_lead"] = json!(due_record["permission"] == "project_lead");
        due_record["updated_at"] = json!("2031-01-02T03:04:05Z");
        let answer = set(&server, 205, &json!({ name: sent })).expect(200);
        assert_eq!(answer.record(), due_record, "{name} from {sent}");
        assert_eq!(shown(&server, 205), due_record, "{name} from {sent}");
    }
}

#[test]
fn null_clears_nullable_fields_and_is_refused_elsewhere() {
    for nothing in [Value::Null, json!("")] {
        let server = Server::start();
        let clearable =
            ["default_role_id", "bill_rate_in_cents", "cost_rate_in_cents", "billability_target", "manager_id"];
        let full = json!({
            "default_role_id": 101,
            "bill_rate_in_cents": 1,
            "cost_rate_in_cents": 2,
            "billability_target": 3,
            "manager_id": 2,
        });
        set(&server, 205, &full).expect(200);
        for name in clearable {
            assert!(!shown(&server, 205)[name].is_null(), "{name}");
            let record = set(&server, 205, &json!({ name: nothing })).expect(200).record();
            assert_eq!(record[name], Value::Null, "{name}");
        }
        assert_eq!(refused(&set(&server, 205, &json!({"permission": nothing}))), ["permission"]);
    }
}

#[test]
fn c8_a_null_boolean_is_false() {
    let server = Server::start();
    for nothing in [Value::Null, json!("")] {
        for name in [
            "default_read_only",
            "manager_can_approve",
            "manager_can_edit_skills",
            "should_show_alert_on_timesheet_submission",
            "enforce_workweek_minimum_on_timesheet_submission",
            "enforce_workweek_maximum_on_timesheet_submission",
        ] {
            assert_eq!(set(&server, 205, &json!({ name: true })).expect(200).record()[name], true, "{name}");
            assert_eq!(set(&server, 205, &json!({ name: nothing })).expect(200).record()[name], false, "{name}");
        }
    }
}

#[test]
fn values_of_a_wrong_kind_are_refused_in_the_documented_order() {
    let server = Server::start();
    for (name, values) in [
        ("permission", vec![json!("owner"), json!("Administrator"), json!(5), json!(" ")]),
        (
            "default_role_id",
            vec![json!("x"), json!(1.5), json!([101]), json!(true), json!(999), json!(104), json!(111)],
        ),
        ("bill_rate_in_cents", vec![json!(-1), json!(2_147_483_648_i64), json!("1.0"), json!(true), json!({})]),
        ("cost_rate_in_cents", vec![json!(-1), json!("abc"), json!(" ")]),
        ("billability_target", vec![json!(101), json!("half"), json!([50])]),
        ("default_read_only", vec![json!("yes"), json!(1), json!([true])]),
        ("manager_can_approve", vec![json!("banana"), json!(0)]),
        ("manager_can_edit_skills", vec![json!({})]),
        ("should_show_alert_on_timesheet_submission", vec![json!("True")]),
        ("change_role_option", vec![json!("replace"), json!(1)]),
        ("enforce_workweek_minimum_on_timesheet_submission", vec![json!("no")]),
        ("enforce_workweek_maximum_on_timesheet_submission", vec![json!(2)]),
    ] {
        let before = server.everything_stored();
        for value in values {
            assert_eq!(refused(&set(&server, 205, &json!({ name: value }))), [name], "{value}");
        }
        assert_eq!(server.everything_stored(), before, "{name}");
    }
    let several = json!({"manager_id": 5, "cost_rate_in_cents": -1, "default_role_id": 104, "permission": "nothing"});
    let answer = set(&server, 205, &several).expect(422);
    let fields = ["permission", "default_role_id", "cost_rate_in_cents", "manager_id"];
    assert_eq!(refused(&answer), fields, "{answer}");
    assert!(answer.errors().iter().all(|error| error.2 == Some(0)), "{answer}");
}

#[test]
fn g9_a_target_may_be_a_boolean_and_loses_its_sign() {
    let server = Server::start();
    for (sent, due) in [
        (json!(true), 100),
        (json!(false), 0),
        (json!("TRUE"), 100),
        (json!("false"), 0),
        (json!("1"), 1),
        (json!(-30), 30),
        (json!("100"), 100),
    ] {
        let record = set(&server, 206, &json!({"billability_target": sent})).expect(200).record();
        assert_eq!(record["billability_target"], due, "{sent}");
    }
}

#[test]
fn forms_and_query_strings_carry_the_same_attributes() {
    let server = Server::start();
    let form = "account_membership[permission]=collaborator&account_membership[bill_rate_in_cents]=100\
                &account_membership[manager_id]=2&account_membership[manager_can_approve]=t\
                &account_membership[billability_target]=true&include=manager";
    let path = "/account_memberships/205";
    let answer = server.put(path).bearer(token::ADMINISTRATOR).form(form).send().expect(200);
    let record = answer.record();
    assert_eq!(
        json!([
            record["permission"],
            record["bill_rate_in_cents"],
            record["manager_id"],
            record["manager_can_approve"],
            record["billability_target"]
        ]),
        json!(["collaborator", 100, "2", true, 100])
    );
    assert_eq!(answer.json()["users"].as_object().unwrap().keys().collect::<Vec<_>>(), ["2"]);
    let form = "account_membership[bill_rate_in_cents]=&account_membership[manager_id]";
    let record = server.put(path).bearer(token::ADMINISTRATOR).form(form).send().expect(200).record();
    assert_eq!((&record["bill_rate_in_cents"], &record["manager_id"]), (&Value::Null, &Value::Null));
    let parts = [("account_membership[default_read_only]", "true")];
    let record = server.put(path).bearer(token::ADMINISTRATOR).multipart(&parts).send().expect(200).record();
    assert_eq!(record["default_read_only"], true);
    let query = format!("{path}?account_membership[default_read_only]=f");
    let record = server.patch(&query).bearer(token::ADMINISTRATOR).send().expect(200).record();
    assert_eq!(record["default_read_only"], false);
    server.put(path).bearer(token::ADMINISTRATOR).json(&json!({"membership": {}})).send().expect(400);
}

#[test]
fn attributes_that_cannot_be_set_are_ignored() {
    let server = Server::start();
    let before = shown(&server, 205);
    let body = json!({
        "id": "9", "user_id": 1, "is_owner": true, "is_administrator": true, "disabled_at": "2030-01-01T00:00:00Z",
        "created_at": null, "can_log_in": false, "full_name": "Somebody", "managee_ids": [1], "account_id": 2,
        "change_role_option": "add_another_role", "is_backup_approver": "x",
    });
    let after = set(&server, 205, &body).expect(200).record();
    for (name, value) in before.as_object().unwrap().iter().filter(|(name, _)| *name != "updated_at") {
        assert_eq!(&after[name], value, "{name}");
    }
    // A client may send back the record that it read.
    set(&server, 205, &after).expect(200);
}

#[test]
fn punch_clock_needs_a_bill_rate_after_the_change() {
    let server = Server::start();
    let needs_a_rate = invalid("bill_rate_in_cents", NEEDS_A_RATE);
    for attributes in [
        json!({"permission": "punch_clock"}),
        json!({"permission": "punch_clock", "bill_rate_in_cents": null}),
        json!({"permission": "punch_clock", "cost_rate_in_cents": 5}),
    ] {
        assert_eq!(set(&server, 205, &attributes).expect(422).text(), needs_a_rate, "{attributes}");
    }
    assert_eq!(set(&server, 208, &json!({"bill_rate_in_cents": ""})).expect(422).text(), needs_a_rate);
    set(&server, 208, &json!({"bill_rate_in_cents": 0})).expect(200);
    set(&server, 208, &json!({"bill_rate_in_cents": null, "permission": "collaborator"})).expect(200);
    set(&server, 205, &json!({"permission": "punch_clock", "bill_rate_in_cents": 1})).expect(200);
    assert_eq!(shown(&server, 205)["is_punch_clock_user"], true);
}

#[test]
fn the_role_must_be_active_unless_unchanged() {
    let server = Server::start();
    set(&server, 205, &json!({"default_role_id": 101})).expect(200);
    server.delete("/roles/101").bearer(token::ADMINISTRATOR).send().expect(204);
    // It stays, may be sent back, and cannot be given to another member.
    let record = set(&server, 205, &json!({"default_role_id": "101", "billability_target": 5})).expect(200).record();
    assert_eq!(record["default_role_id"], "101");
    let answer = set(&server, 206, &json!({"default_role_id": 101})).expect(422);
    assert_eq!(answer.text(), invalid("default_role_id", ACTIVE_ROLE));
    set(&server, 205, &json!({"default_role_id": null})).expect(200);
    assert_eq!(refused(&set(&server, 205, &json!({"default_role_id": 101}))), ["default_role_id"]);
}

#[test]
fn g9_a_manager_is_another_active_member_by_user_id() {
    let server = Server::start();
    // The same user, a disabled member, an invitee, a user of the other account, no user, the id of a membership.
    for user in [json!(5), json!("5"), json!(10), json!(11), json!(21), json!(999), json!(202)] {
        let answer = set(&server, 205, &json!({ "manager_id": user })).expect(422);
        assert_eq!(answer.text(), invalid("manager_id", NO_ACTIVE_MEMBER), "{user}");
    }
    for unreadable in [json!("x"), json!(0), json!(-2), json!([2]), json!(true), json!(2.0)] {
        assert_eq!(refused(&set(&server, 205, &json!({ "manager_id": unreadable }))), ["manager_id"], "{unreadable}");
    }
    assert_eq!(shown(&server, 205)["manager_id"], Value::Null);
    // A member of a lower level may manage, and a disabled one may be managed.
    set(&server, 205, &json!({"manager_id": 8})).expect(200);
    set(&server, 210, &json!({"manager_id": 9})).expect(200);
}

#[test]
fn h16_a_manager_disabled_since_may_be_sent_back() {
    let server = Server::start();
    set(&server, 205, &json!({"manager_id": 6})).expect(200);
    server.put("/account_memberships/206/disable").bearer(token::ADMINISTRATOR).send().expect(200);
    let record = set(&server, 205, &json!({"manager_id": "6", "bill_rate_in_cents": 1})).expect(200).record();
    assert_eq!(record["manager_id"], "6");
    let answer = set(&server, 207, &json!({"manager_id": 6})).expect(422);
    assert_eq!(answer.text(), invalid("manager_id", NO_ACTIVE_MEMBER));
    // The same after the manager is removed.
    server.delete("/account_memberships/206").bearer(token::ADMINISTRATOR).send().expect(204);
    set(&server, 205, &json!({"manager_id": 6})).expect(200);
}

#[test]
fn a_member_may_become_an_external_collaborator() {
    let server = Server::start();
    let record = set(&server, 205, &json!({"permission": "external_collaborator"})).expect(200).record();
    assert_eq!((&record["permission"], &record["is_project_lead"]), (&json!("external_collaborator"), &json!(false)));
    // An invitation cannot grant this.
    let body = json!({"account_invitation": {"permission": "external_collaborator"}});
    assert_eq!(refused(&server.change("/account_invitations/1", &body)), ["permission"]);
}

#[test]
fn g1_the_owner_can_be_changed_but_not_demoted() {
    let server = Server::start();
    for bearer in [token::ADMINISTRATOR, token::OWNER] {
        let body = json!({"account_membership": {"permission": "project_lead", "billability_target": 7}});
        let answer = server.put("/account_memberships/201").bearer(bearer).json(&body).send().expect(422);
        assert_eq!(answer.text(), invalid("permission", "Permission of the account owner cannot be changed."));
    }
    let before = shown(&server, 201);
    assert_eq!((&before["permission"], &before["billability_target"]), (&json!("administrator"), &Value::Null));
    let others =
        json!({"permission": "administrator", "billability_target": 7, "manager_id": 2, "default_role_id": 101});
    let record = set(&server, 201, &others).expect(200).record();
    assert_eq!((&record["billability_target"], &record["manager_id"]), (&json!(7), &json!("2")));
}

#[test]
fn the_last_administrator_cannot_be_demoted() {
    let server = Server::start();
    // An account without an owner, which no request can make.
    server.alter_stored("UPDATE account_memberships SET is_owner = 0, permission = 'collaborator' WHERE id = 201");
    let answer = set(&server, 202, &json!({"permission": "project_lead"})).expect(422);
    let sentence = "The last active administrator of an account keeps the permission.";
    assert_eq!(answer.text(), invalid("permission", sentence));
    let sentence = "The last active administrator of an account cannot be disabled or removed.";
    let disable = || server.put("/account_memberships/202/disable").bearer(token::ADMINISTRATOR).send();
    let remove = || server.delete("/account_memberships/202").bearer(token::ADMINISTRATOR).send();
    assert_eq!(disable().expect(422).text(), invalid("base", sentence));
    assert_eq!(remove().expect(422).text(), invalid("base", sentence));
    // A disabled administrator cannot act and does not count.
    set(&server, 210, &json!({"permission": "administrator"})).expect(200);
    assert_eq!(disable().expect(422).text(), invalid("base", sentence));
    set(&server, 205, &json!({"permission": "administrator"})).expect(200);
    set(&server, 202, &json!({"permission": "project_lead"})).expect(200);
}

#[test]
fn g4_a_disabled_membership_can_be_changed_and_stays_disabled() {
    let server = Server::start();
    let disabled_at = shown(&server, 210)["disabled_at"].clone();
    let record =
        set(&server, 210, &json!({"permission": "project_lead", "bill_rate_in_cents": 4})).expect(200).record();
    assert_eq!(
        json!([record["permission"], record["bill_rate_in_cents"], record["disabled_at"]]),
        json!(["project_lead", 4, disabled_at])
    );
    assert_eq!(server.get("/account_memberships/210").bearer(token::ADMINISTRATOR).send().status, 404);
}

#[test]
fn h15_every_update_renews_updated_at() {
    let server = Server::start();
    let before = shown(&server, 205);
    let mut due = "2031-01-02T03:04:05Z";
    for attributes in [json!({}), json!({"permission": "project_lead"}), json!({"nonsense": 1})] {
        let record = set(&server, 205, &attributes).expect(200).record();
        assert_eq!(record["updated_at"], due, "{attributes}");
        assert_eq!(record["created_at"], before["created_at"]);
        server.advance_seconds(1);
        due = if due.ends_with("05Z") { "2031-01-02T03:04:06Z" } else { "2031-01-02T03:04:07Z" };
    }
    // A refused one does not.
    let unchanged = shown(&server, 205)["updated_at"].clone();
    set(&server, 205, &json!({"permission": "nothing"})).expect(422);
    assert_eq!(shown(&server, 205)["updated_at"], unchanged);
}

#[test]
fn only_administrators_write_and_the_level_is_checked_before_the_record() {
    let server = Server::start();
    let body = json!({"account_membership": {"billability_target": 5}});
    for (name, token) in &token::EVERYBODY[2..] {
        for id in ["205", "210", "221", "999"] {
            let path = format!("/account_memberships/{id}");
            assert_eq!(server.put(&path).bearer(token).json(&body).send().status, 403, "{name} changes {id}");
            assert_eq!(server.delete(&path).bearer(token).send().status, 403, "{name} removes {id}");
            for action in ["disable", "enable"] {
                let answer = server.put(&format!("{path}/{action}")).bearer(token).send();
                assert_eq!(answer.status, 403, "{name}: {action} {id}");
            }
        }
    }
    for id in ["221", "999", "0", "x"] {
        let path = format!("/account_memberships/{id}");
        assert_eq!(server.change(&path, &body).status, 404, "{id}");
        assert_eq!(server.delete(&path).bearer(token::ADMINISTRATOR).send().status, 404, "{id}");
        assert_eq!(server.put(&format!("{path}/disable")).bearer(token::ADMINISTRATOR).send().status, 404, "{id}");
        assert_eq!(server.get(&path).bearer(token::ADMINISTRATOR).send().status, 404, "{id}");
    }
}

#[test]
fn no_request_creates_memberships() {
    let server = Server::start();
    let body = json!({"account_membership": {"user_id": 11, "permission": "collaborator"}});
    for path in ["/account_memberships", "/account_memberships/205", "/account_memberships/205/disable"] {
        for token in [token::ADMINISTRATOR, token::COLLABORATOR] {
            assert_eq!(server.post(path).bearer(token).json(&body).send().status, 404, "POST {path}");
        }
    }
    let action = server.patch("/account_memberships/205/disable").bearer(token::ADMINISTRATOR).send();
    assert_eq!(action.status, 404);
}
