//! The order of memberships, and their fields by reader.

use serde_json::{Value, json};

use super::ACTIVE_MEMBERS;
use super::memberships_lists::found;
use crate::support::ordered_json;
use crate::support::{Server, token};

/// Changes a membership as the administrator.
#[track_caller]
fn set(server: &Server, id: &str, attributes: &Value) {
    server.change(&format!("/account_memberships/{id}"), &json!({ "account_membership": attributes })).expect(200);
}

#[test]
fn every_order_sorts_by_its_value() {
    let server = Server::start();
    for (order, ids) in [
        ("created_at:asc", ["201", "202", "203", "204", "205", "206", "207", "208", "209", "214"]),
        ("created_at:desc", ACTIVE_MEMBERS),
        ("full_name", ["202", "214", "206", "207", "209", "205", "201", "208", "203", "204"]),
        ("full_name:desc", ["204", "203", "208", "201", "205", "209", "207", "206", "214", "202"]),
        // By the stored text; ties by id in both directions.
        ("permission:asc", ["201", "202", "207", "209", "206", "214", "205", "208", "204", "203"]),
        ("permission:desc", ["203", "204", "208", "205", "206", "214", "209", "207", "201", "202"]),
        ("user_id", ACTIVE_MEMBERS),
        ("is_owner:desc", ACTIVE_MEMBERS),
    ] {
        assert_eq!(found(&server, &format!("order={order}")), ids, "order={order}");
    }
    server.advance_seconds(1);
    set(&server, "203", &json!({}));
    server.advance_seconds(1);
    set(&server, "201", &json!({}));
    assert_eq!(found(&server, "order=updated_at:desc")[..3], ["201", "203", "214"]);
    assert_eq!(found(&server, "order=updated_at:asc")[8..], ["203", "201"]);
}

#[test]
fn g10_the_order_by_role_uses_its_name_with_no_role_first() {
    let server = Server::start();
    let body = json!({"role": {"name": "apprentice"}});
    let apprentice = server.post("/roles").bearer(token::ADMINISTRATOR).json(&body).send().expect(200).ids().remove(0);
    // It would be last by id and by code point of the stored name.
    for (id, role) in [("201", &*apprentice), ("205", "103"), ("206", "101"), ("207", "102")] {
        set(&server, id, &json!({ "default_role_id": role }));
    }
    let without = ["202", "203", "204", "208", "209", "214"];
    assert_eq!(found(&server, "order=role:asc"), [&without[..], &["201", "207", "206", "205"]].concat());
    assert_eq!(found(&server, "order=role:desc"), [&["205", "206", "207", "201"][..], &without].concat());
}

#[test]
fn an_order_by_hidden_rates_falls_back_to_the_default() {
    let server = Server::start();
    set(&server, "205", &json!({"bill_rate_in_cents": 9_000, "cost_rate_in_cents": 10}));
    set(&server, "206", &json!({"bill_rate_in_cents": 100, "cost_rate_in_cents": 30}));
    set(&server, "207", &json!({"cost_rate_in_cents": 20}));
    // The seed gives the punch clock member 5000.
    let by_bill_rate = ["201", "202", "203", "204", "207", "209", "214", "206", "208", "205"];
    let by_cost_rate = ["201", "202", "203", "204", "208", "209", "214", "205", "207", "206"];
    for (name, token) in token::EVERYBODY {
        let ids = |order: &str| {
            server.get(&format!("/account_memberships?order={order}")).bearer(token).send().expect(200).ids()
        };
        let administers = ["owner", "administrator"].contains(&name);
        let leads = !["project_creator", "collaborator", "punch_clock"].contains(&name);
        assert_eq!(ids("bill_rate:asc"), if leads { by_bill_rate } else { ACTIVE_MEMBERS }, "{name}");
        assert_eq!(ids("cost_rate:asc"), if administers { by_cost_rate } else { ACTIVE_MEMBERS }, "{name}");
    }
    let falling = server.ids_at("/account_memberships?order=cost_rate:desc");
    assert_eq!(falling[..4], ["206", "207", "205", "201"]);
}

#[test]
fn b15_a_member_sees_the_rates_of_their_level() {
    let server = Server::start();
    set(&server, "205", &json!({"bill_rate_in_cents": 1, "cost_rate_in_cents": 2, "billability_target": 3}));
    for (name, token) in token::EVERYBODY {
        let due: &[&str] = match name {
            "owner" | "administrator" => &["bill_rate_in_cents", "billability_target", "cost_rate_in_cents"],
            "project_creator" | "collaborator" | "punch_clock" => &[],
            _ => &["bill_rate_in_cents", "billability_target"],
        };
        for path in ["/account_memberships/205", "/account_memberships?per_page=200"] {
            for record in server.get(path).bearer(token).send().expect(200).records() {
                let seen: Vec<&str> = ["bill_rate_in_cents", "billability_target", "cost_rate_in_cents"]
                    .into_iter()
                    .filter(|key| record.get(key).is_some())
                    .collect();
                assert_eq!(seen, due, "{name} on {path}: {record}");
            }
        }
    }
}

#[test]
fn booleans_follow_from_the_permission() {
    let server = Server::start();
    let flags = |id: &str| {
        let record = server.read(&format!("/account_memberships/{id}")).record();
        ["is_administrator", "can_view_reports", "is_project_lead", "can_create_workspace", "is_punch_clock_user"]
            .map(|name| u8::from(record[name].as_bool().unwrap()))
    };
    for (id, due) in [
        ("201", [1, 1, 1, 1, 0]),
        ("202", [1, 1, 1, 1, 0]),
        ("203", [0, 1, 1, 1, 0]),
        ("204", [0, 1, 1, 1, 0]),
        ("205", [0, 0, 1, 1, 0]),
        ("206", [0, 0, 0, 1, 0]),
        ("207", [0, 0, 0, 0, 0]),
        ("208", [0, 0, 0, 0, 1]),
        ("209", [0, 0, 0, 0, 0]),
    ] {
        assert_eq!(flags(id), due, "{id}");
    }
    let owners = |record: &Value| record["is_owner"] == true;
    let list = server.read("/account_memberships").records();
    assert_eq!(list.iter().filter(|record| owners(record)).count(), 1);
    assert!(owners(&server.read("/account_memberships/201").record()));
}

#[test]
fn d3_keys_are_in_the_documented_order() {
    let server = Server::start();
    let due = [
        "permission",
        "is_administrator",
        "is_project_lead",
        "is_punch_clock_user",
        "is_owner",
        "is_backup_approver",
        "can_create_workspace",
        "can_view_reports",
        "default_read_only",
        "manager_can_approve",
        "manager_can_edit_skills",
        "should_show_alert_on_timesheet_submission",
        "disabled_at",
        "created_at",
        "updated_at",
        "collaborator_only_license",
        "user_id",
        "default_role_id",
        "manager_id",
        "managee_ids",
        "id",
    ];
    let path = "/account_memberships/205?include=managees";
    let answer = server.get(path).bearer(token::COLLABORATOR).send().expect(200);
    let body = ordered_json::read(answer.text()).unwrap();
    assert_eq!(body.get("account_memberships").unwrap().get("205").unwrap().keys(), due);
}

#[test]
fn b9_optional_fields_are_returned_on_request() {
    let server = Server::start();
    let optional = |path: &str| {
        let record = server.read(path).record();
        json!([record.get("can_log_in"), record.get("non_participant")])
    };
    for (query, due) in [
        ("", json!([null, null])),
        ("optional_fields=can_log_in", json!([true, null])),
        ("optional_fields=non_participant,%20can_log_in,nonsense", json!([true, false])),
        ("optional_fields[]=can_log_in&optional_fields[]=non_participant", json!([true, false])),
    ] {
        assert_eq!(optional(&format!("/account_memberships/205?{query}")), due, "{query}");
        assert_eq!(optional(&format!("/account_memberships?only=205&{query}")), due, "{query}");
    }
    let disabled = optional("/account_memberships/210?only_active=false&optional_fields=can_log_in");
    assert_eq!(disabled, json!([false, null]));
    // Rates are not optional fields: requesting one does not reveal it.
    let path = "/account_memberships/205?optional_fields=cost_rate_in_cents,bill_rate_in_cents";
    let record = server.get(path).bearer(token::COLLABORATOR).send().expect(200).record();
    assert_eq!((record.get("cost_rate_in_cents"), record.get("bill_rate_in_cents")), (None, None));
}
