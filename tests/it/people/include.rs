//! Included associations of memberships, users and roles.

use serde_json::{Value, json};

use crate::lists::{ids_of, included};
use crate::support::ordered_json;
use crate::support::{Server, token};

/// Membership 205 has role 101 and manager 2; 206 and the disabled 210 have manager 5.
#[track_caller]
fn arranged() -> Server {
    let server = Server::start();
    for (id, attributes) in [
        (205, json!({"default_role_id": 101, "manager_id": 2, "cost_rate_in_cents": 5})),
        (206, json!({"manager_id": 5})),
        (210, json!({"manager_id": 5})),
    ] {
        server.change(&format!("/account_memberships/{id}"), &json!({ "account_membership": attributes })).expect(200);
    }
    server
}

#[test]
fn a_membership_includes_its_user_role_and_manager() {
    let server = arranged();
    let show = |include: &str| server.read(&format!("/account_memberships/205?include={include}"));
    assert_eq!(ids_of(&show("user"), "users"), [5]);
    assert_eq!(ids_of(&show("default_role"), "roles"), [101]);
    assert_eq!(ids_of(&show("manager"), "users"), [2]);
    assert_eq!(ids_of(&show("manager,user,default_role"), "users"), [2, 5]);
    assert_eq!(included(&show("default_role,nonsense,user,%20manager")), ["roles", "users"]);
    assert_eq!(included(&show("")), [""; 0]);
    // Without associated records, the map is empty.
    let none = server.read("/account_memberships/201?include=manager,default_role");
    assert_eq!((ids_of(&none, "users"), ids_of(&none, "roles")), (vec![], vec![]));
    // One map for a whole page, without duplicates.
    let page = server.read("/account_memberships?include=user,manager&with_user_ids=5,6");
    assert_eq!(ids_of(&page, "users"), [2, 5, 6]);
    // Disabled members are included all the same.
    let disabled = server.read("/account_memberships/210?is_active=false&include=user");
    assert_eq!(ids_of(&disabled, "users"), [10]);
}

#[test]
fn g12_every_other_active_member_may_manage_and_be_managed() {
    let server = arranged();
    let answer = server.read("/account_memberships/205?include=possible_managers,possible_managees,managees");
    let record = answer.record();
    let others = json!(["1", "2", "3", "4", "6", "7", "8", "9", "14"]);
    assert_eq!((&record["possible_manager_ids"], &record["possible_managee_ids"]), (&others, &others));
    assert_eq!(ids_of(&answer, "users"), [1, 2, 3, 4, 6, 7, 8, 9, 10, 14]);
    assert_eq!(record["managee_ids"], json!(["6", "10"]));
    server.put("/account_memberships/206/disable").bearer(token::ADMINISTRATOR).send().expect(200);
    let answer = server.read("/account_memberships/207?include=possible_managers");
    assert_eq!(answer.record()["possible_manager_ids"], json!(["1", "2", "3", "4", "5", "8", "9", "14"]));
    assert_eq!(answer.record().get("possible_managee_ids"), None);
    // The other account has only one member.
    let path = "/account_memberships/221?include=possible_managers,managees";
    let answer = server.get(path).bearer(token::OTHER_ADMINISTRATOR).send().expect(200);
    assert_eq!((&answer.record()["possible_manager_ids"], ids_of(&answer, "users")), (&json!([]), vec![]));
}

#[test]
fn associations_without_data_are_empty() {
    let server = arranged();
    for (resource, name, key, due, map) in [
        ("account_memberships/205", "effective_workweek", "effective_workweek_id", Value::Null, "workweeks"),
        (
            "account_memberships/205",
            "backup_approver_associations",
            "backup_approver_association_ids",
            json!([]),
            "backup_approver_associations",
        ),
        ("account_memberships/206", "cost_rates", "cost_rate_ids", json!([]), "cost_rates"),
        (
            "account_memberships/205",
            "future_billable_utilizations",
            "future_billable_utilization_ids",
            json!([]),
            "billable_utilizations",
        ),
        ("account_memberships/205", "skill_memberships", "skill_membership_ids", json!([]), "skill_memberships"),
        ("users/5", "custom_field_values", "custom_field_value_ids", json!([]), "custom_field_values"),
        ("users/5", "skills", "skill_ids", json!([]), "skills"),
        ("users/5", "skill_memberships", "skill_membership_ids", json!([]), "skill_memberships"),
        ("users/5", "work_samples", "work_sample_ids", json!([]), "work_samples"),
        ("users/5", "external_references", "external_reference_ids", json!([]), "external_references"),
        ("roles/101", "external_references", "external_reference_ids", json!([]), "external_references"),
    ] {
        let answer = server.read(&format!("/{resource}?include={name}"));
        assert_eq!(answer.record().get(key), Some(&due), "{resource} with {name}");
        assert_eq!(included(&answer), [map], "{resource} with {name}");
        assert_eq!(answer.json()[map], json!({}), "{resource} with {name}");
        assert_eq!(server.read(&format!("/{resource}")).record().get(key), None, "{resource}");
    }
}

#[test]
fn d1_maps_are_in_the_requested_order() {
    let server = arranged();
    for (path, due) in [
        (
            "/account_memberships/205?include=default_role,user,manager,cost_rates",
            &["roles", "users", "cost_rates"][..],
        ),
        ("/account_memberships/205?include=cost_rates,manager,default_role,user", &["cost_rates", "users", "roles"]),
        ("/account_memberships?include=effective_workweek,user", &["workweeks", "users"]),
        (
            "/users/5?include=external_references,role,account_membership",
            &["external_references", "roles", "account_memberships"],
        ),
        ("/users/5?include=account_membership,manager,role", &["account_memberships", "roles"]),
        ("/users/5?include=role&include=skills", &["skills"]),
    ] {
        assert_eq!(included(&server.read(path)), due, "{path}");
    }
    // Keys of associations are in the declared order.
    let answer = server.read("/users/5?include=skills,role,manager,account_membership,external_references");
    let body = ordered_json::read(answer.text()).unwrap();
    let keys = body.get("users").unwrap().get("5").unwrap().keys()[4..].to_vec();
    assert_eq!(keys, ["account_membership_id", "manager_id", "role_id", "external_reference_ids", "skill_ids", "id"]);
}

#[test]
fn a_user_includes_membership_role_and_manager() {
    let server = arranged();
    let answer = server.read("/users/5?include=account_membership,role,manager");
    let record = answer.record();
    assert_eq!(
        json!([record["account_membership_id"], record["role_id"], record["manager_id"]]),
        json!(["205", "101", "2"])
    );
    assert_eq!((ids_of(&answer, "account_memberships"), ids_of(&answer, "roles")), (vec![205], vec![101]));
    // The reader's level decides about rates there too.
    for (token, due) in [(token::ADMINISTRATOR, Some(5)), (token::PROJECT_LEAD, None), (token::PUNCH_CLOCK, None)] {
        let answer = server.get("/users/5?include=account_membership").bearer(token).send().expect(200);
        let body = answer.json();
        let rate = body["account_memberships"]["205"].get("cost_rate_in_cents").and_then(Value::as_u64);
        assert_eq!(rate, due, "{answer}");
    }
    // A disabled member has a membership; an invitee has none of these.
    let answer = server.read("/users?show_disabled=true&with_users=10,11&include=account_membership,manager,role");
    let keys: Vec<Value> =
        answer.records().iter().map(|user| json!([user["account_membership_id"], user["manager_id"]])).collect();
    assert_eq!(keys, [json!([null, null]), json!(["210", "5"])]);
    assert_eq!(ids_of(&answer, "account_memberships"), [210]);
}

#[test]
fn an_included_manager_joins_the_users_but_not_the_results() {
    let server = arranged();
    // Users 5 and 6 are the page; 2 is the manager of 5, and 5 the manager of 6.
    let answer = server.read("/users?with_users=5,6&include=manager&optional_fields=bio");
    assert_eq!(answer.ids(), ["6", "5"]);
    let body = ordered_json::read(answer.text()).unwrap();
    assert_eq!(body.get("users").unwrap().keys(), ["6", "5", "2"]);
    assert_eq!(included(&answer), [""; 0]);
    assert_eq!(answer.json()["count"], 2);
    let users = &answer.json()["users"];
    // Users of the page are complete, even one who is also a manager; the other manager is plain.
    let keys = |id: &str| json!([users[id].get("bio").is_some(), users[id].get("manager_id")]);
    assert_eq!(keys("6"), json!([true, "5"]));
    assert_eq!(keys("5"), json!([true, "2"]));
    assert_eq!(keys("2"), json!([false, null]));
    let own = server.get("/users/me?include=manager").bearer(token::PROJECT_LEAD).send().expect(200);
    assert_eq!((own.ids(), ids_of(&own, "users")), (vec!["5".to_owned()], vec![2, 5]));
}

#[test]
fn side_loaded_objects_are_plain() {
    let server = arranged();
    let optional = "optional_fields=bio,can_log_in,non_participant";
    let answer = server.read(&format!("/account_memberships/205?include=user,manager&{optional}"));
    assert_eq!(answer.json()["users"]["5"].as_object().unwrap().len(), 5);
    assert_eq!(answer.record()["can_log_in"], true);
    let answer = server.read(&format!("/users/5?include=account_membership,external_references&{optional}"));
    let membership = &answer.json()["account_memberships"]["205"];
    assert!(membership.get("can_log_in").is_none() && membership.get("non_participant").is_none(), "{membership}");
    assert_eq!((&membership["user_id"], &membership["manager_id"]), (&json!("5"), &json!("2")));
    let answer = server.read(&format!("/account_invitations/2?include=invitee,default_role&{optional}"));
    assert_eq!(answer.json()["users"]["12"].as_object().unwrap().len(), 5);
}

#[test]
fn includes_work_on_answers_to_writes() {
    let server = arranged();
    let administrator =
        |request: crate::support::client::Request| request.bearer(token::ADMINISTRATOR).send().expect(200);
    let body = json!({"account_membership": {"manager_id": 3}, "include": "manager,possible_managers"});
    let answer = administrator(server.put("/account_memberships/205?include=user").json(&body));
    assert_eq!(answer.record()["manager_id"], "3");
    assert_eq!(ids_of(&answer, "users").len(), 9);
    let answer = administrator(server.put("/account_memberships/205/disable?include=user,default_role"));
    assert_eq!((ids_of(&answer, "users"), ids_of(&answer, "roles")), (vec![5], vec![101]));
    let body = json!({"user": {"headline": "x"}, "include": ["manager", "role"], "optional_fields": "bio"});
    let answer = administrator(server.put("/users/5").json(&body));
    assert_eq!(
        (answer.ids(), ids_of(&answer, "users"), ids_of(&answer, "roles")),
        (vec!["5".to_owned()], vec![3, 5], vec![101])
    );
    assert!(answer.record().get("bio").is_some());
    let body = json!({"role": {"name": "Renamed"}});
    let answer = administrator(server.put("/roles/102?include=external_references").json(&body));
    assert_eq!(
        (answer.record()["external_reference_ids"].clone(), included(&answer)),
        (json!([]), vec!["external_references".to_owned()])
    );
}
