//! Who sees a field, and with it its choices, its values, what refers to them, and who has some.

use serde_json::json;

use super::{asked, of, refusal, seen, set};
use crate::support::{Server, token};

/// How many of the seven fields, of ten values and of user 6's seven values each caller sees.
const SEEN: [(&str, usize, usize, usize); 7] = [
    (token::ADMINISTRATOR, 7, 10, 7),
    (token::REPORTS_VIEWER_WITH_COST, 6, 9, 6),
    (token::REPORTS_VIEWER, 5, 8, 5),
    (token::PROJECT_LEAD, 4, 7, 4),
    (token::PROJECT_CREATOR, 3, 5, 3),
    (token::COLLABORATOR, 2, 4, 2),
    (token::PUNCH_CLOCK, 0, 0, 0),
];

#[test]
fn each_level_sees_the_fields_that_it_may_read_everywhere() {
    let server = Server::start();
    for (caller, fields, values, of_user) in SEEN {
        let get = |path: &str| server.get(path).bearer(caller).send().expect(200);
        let list = get("/custom_fields");
        assert_eq!((list.ids().len(), &list.json()["count"]), (fields, &json!(fields)), "{caller}");
        let list = get("/custom_field_values?subject_type=User");
        assert_eq!((list.ids().len(), &list.json()["count"]), (values, &json!(values)), "{caller}");
        let user = get("/users/6?include=custom_field_values");
        let ids = &user.record()["custom_field_value_ids"];
        assert_eq!(ids.as_array().map(Vec::len), Some(of_user), "{caller}");
        let included = user.json()["custom_field_values"].as_object().map(serde_json::Map::len);
        assert_eq!(included, Some(of_user), "{caller}");
        let is_choosing = caller != token::PUNCH_CLOCK;
        assert_eq!(get("/custom_field_choices").ids().len(), if is_choosing { 6 } else { 0 }, "{caller}");
        for id in 901..=907 {
            let due = if get("/users/6?include=custom_field_values").text().contains(&format!("\"{id}\":")) {
                200
            } else {
                404
            };
            server.get(&format!("/custom_field_values/{id}")).bearer(caller).send().expect(due);
        }
    }
}

#[test]
fn filters_reveal_nothing_of_fields_that_a_caller_may_not_read() {
    let server = Server::start();
    for (query, least) in [
        ("by_custom_text_value=801:E-6", 4),
        ("by_custom_text_value=801", 4),
        ("by_custom_choice_value=802:821", 2),
        ("by_custom_choice_value=802:blank", 2),
        ("by_custom_date_value=804:2030-01-01", 3),
        ("by_custom_number_value=805:12.5", 5),
        ("by_custom_currency_value=806:150000:EUR", 6),
        ("by_custom_text_value=807:prefers%20mail", 7),
        ("has_value_for_custom_field_ids=807", 7),
    ] {
        for (level, (caller, ..)) in SEEN.iter().rev().enumerate() {
            let found = !seen(&server, caller, &format!("/users?{query}")).is_empty();
            assert_eq!(found, level + 1 >= least, "{query} by {caller}");
        }
    }
}

#[test]
fn references_of_hidden_fields_are_hidden() {
    let server = Server::start();
    let reference = json!({"subject_type": "CustomFieldValue", "subject_id": 907, "service_name": "crm",
        "service_model": "M", "service_model_ref": "1"});
    let body = json!({"external_reference": reference});
    asked(server.post("/external_references/create_or_update"), &body).expect(200);
    for (caller, of_fields, of_values) in
        [(token::ADMINISTRATOR, 1, 1), (token::REPORTS_VIEWER_WITH_COST, 1, 0), (token::PROJECT_LEAD, 1, 0)]
    {
        let count = |class: &str| {
            let list =
                server.get(&format!("/external_references?subject_type={class}")).bearer(caller).send().expect(200);
            assert_eq!(list.json()["count"], list.ids().len(), "{caller}");
            list.ids().len()
        };
        assert_eq!((count("CustomField"), count("CustomFieldValue")), (of_fields, of_values), "{caller}");
    }
}

#[test]
fn whoever_may_read_only_cannot_write_and_whoever_cannot_read_finds_nothing() {
    let server = Server::start();
    let before = server.everything_stored();
    let not_writable = "{\"errors\":[{\"type\":\"system\",\
                        \"message\":\"You may read this custom field, but not change its values.\"}]}";
    let ask = |method: &str, path: &str, field: i64| {
        let body = json!({"custom_field_value": of(7, field, &json!([822]))});
        server.request(method, &format!("/custom_field_values{path}")).bearer(token::COLLABORATOR).json(&body).send()
    };
    for (method, path) in [("POST", ""), ("PUT", "/909"), ("DELETE", "/909"), ("DELETE", "?ids=910,909")] {
        assert_eq!(ask(method, path, 802).expect(403).text(), not_writable, "{method} {path}");
    }
    for (method, path) in [("PUT", "/908"), ("DELETE", "/908")] {
        ask(method, path, 801).expect(404);
    }
    let hidden = "Custom field id must be a custom field of this account.";
    assert_eq!(refusal(ask("POST", "", 801)), hidden);
    assert_eq!(
        ask("DELETE", "?ids=908", 801).expect(422).errors()[0].3,
        "There is no custom_field_value with the id 908."
    );
    let mixed = json!({"custom_field_values": [of(7, 803, &json!([831])), of(7, 802, &json!([821]))]});
    server.post("/custom_field_values").bearer(token::COLLABORATOR).json(&mixed).send().expect(403);
    assert_eq!(server.everything_stored(), before);
    // A collaborator sets what collaborators may, of whomever.
    let languages = json!({"custom_field_value": of(6, 803, &json!([831, 833]))});
    let answer = server.post("/custom_field_values").bearer(token::COLLABORATOR).json(&languages).send().expect(200);
    assert_eq!((&answer.record()["can_edit"], &answer.record()["setter_id"]), (&json!(true), &json!("7")));
    let office = server.get("/custom_field_values/909").bearer(token::COLLABORATOR).send();
    assert_eq!(office.record()["can_edit"], false);
}

#[test]
fn access_that_changes_counts_at_once() {
    let server = Server::start();
    let write = |access: &str| {
        let levels = json!({"custom_field": {"read_access": access, "write_access": access}});
        asked(server.put("/custom_fields/807"), &levels).expect(200);
    };
    let value = || server.get("/custom_field_values/907").bearer(token::COLLABORATOR).send();
    value().expect(404);
    write("account_collaboration");
    assert_eq!(value().expect(200).record()["can_edit"], true);
    write("project_creator");
    value().expect(404);
}

#[test]
fn the_other_account_sees_its_own_field_only() {
    let server = Server::start();
    set(&server, 7, 807, &json!("Other")).expect(200);
    for (path, due) in [
        ("/custom_fields", vec!["811"]),
        ("/custom_field_choices?for_custom_fields=802,811", vec!["841"]),
        ("/custom_field_values?subject_type=User&with_custom_field_id=802,807,811", vec!["911"]),
        ("/users?by_custom_text_value=807:Other", vec![]),
        ("/users?by_custom_choice_value=802:blank", vec![]),
        ("/users?has_value_for_custom_field_ids=802,803", vec![]),
        ("/users?by_custom_choice_value=811:841", vec!["21"]),
    ] {
        assert_eq!(seen(&server, token::OTHER_ADMINISTRATOR, path), due, "{path}");
    }
    let foreign = json!({"custom_field_value": of(21, 811, &json!([821]))});
    let answer = server.post("/custom_field_values").bearer(token::OTHER_ADMINISTRATOR).json(&foreign).send();
    assert_eq!(refusal(answer), "Value must name choices of this custom field.");
}
