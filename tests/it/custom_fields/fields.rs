//! Fields and their choices.

use serde_json::{Value, json};

use super::{asked, refusal, seen, set};
use crate::support::{Answer, Server, token};

fn make(server: &Server, attributes: &Value) -> Answer {
    asked(server.post("/custom_fields"), &json!({"custom_field": attributes}))
}

fn change(server: &Server, id: &str, attributes: &Value) -> Answer {
    asked(server.put(&format!("/custom_fields/{id}?include=choices")), &json!({"custom_field": attributes}))
}

#[test]
fn a_field_needs_nothing_but_a_name_and_is_for_administrators_at_first() {
    let server = Server::start();
    let made = make(&server, &json!({"name": " Shoe size "})).expect(200);
    let record = made.record();
    for (name, due) in [
        ("name", json!("Shoe size")),
        ("value_type", json!("string")),
        ("unique_constraint", json!(false)),
        ("read_access", json!("account_admin")),
        ("write_access", json!("account_admin")),
        ("default_text", Value::Null),
        ("custom_field_set_id", Value::Null),
        ("creator_id", json!("2")),
    ] {
        assert_eq!(record[name], due, "{name}");
    }
    let id = made.ids().remove(0);
    assert_eq!(seen(&server, token::ADMINISTRATOR, "/custom_fields?matching=SHOE"), [id.as_str()]);
    assert!(seen(&server, token::REPORTS_VIEWER_WITH_COST, "/custom_fields?matching=SHOE").is_empty());
    server.get(&format!("/custom_fields/{id}")).bearer(token::ADMINISTRATOR).send().expect(404);
}

#[test]
fn what_a_field_cannot_be_is_refused() {
    let server = Server::start();
    let before = server.everything_stored();
    for (attributes, field) in [
        (json!({}), "name"),
        (json!({"name": "X", "value_type": "text"}), "value_type"),
        (json!({"name": "X", "read_access": "project_admin"}), "read_access"),
        (json!({"name": "X", "write_access": 3}), "write_access"),
        (json!({"name": "X", "choices": [{"label": "A"}]}), "choices"),
        (json!({"name": "X", "value_type": "single", "choices": [{"label": ""}]}), "choices"),
        (json!({"name": "X", "value_type": "single", "choices": [{"id": 821}]}), "choices"),
        (json!({"name": "X", "value_type": "single", "choices": "A"}), "choices"),
        (json!({"name": "X", "value_type": "single", "choices": [["A"]]}), "choices"),
        (json!({"name": "X", "value_type": "single", "choices": vec![json!({"label": "A"}); 501]}), "choices"),
        (json!({"name": "X", "value_type": "multi", "unique_constraint": true}), "unique_constraint"),
        (json!({"name": "X", "value_type": "multi", "default_text": "hint"}), "default_text"),
        (json!({"name": "X", "custom_field_set_id": 1}), "custom_field_set_id"),
    ] {
        let errors = make(&server, &attributes).expect(422).errors();
        assert_eq!(errors[0].1.as_deref(), Some(field), "{attributes}");
    }
    assert_eq!(server.everything_stored(), before);
}

#[test]
fn type_and_uniqueness_stay_as_they_were_made() {
    let server = Server::start();
    let changed = change(&server, "807", &json!({"value_type": "number", "unique_constraint": true, "name": "Memo"}));
    let record = changed.expect(200).record();
    let fixed = (&record["name"], &record["value_type"], &record["unique_constraint"]);
    assert_eq!(fixed, (&json!("Memo"), &json!("string"), &json!(false)));
}

#[test]
fn a_list_of_choices_is_replaced_kept_by_id_and_trimmed_from_values() {
    let server = Server::start();
    let value = |id: i64| server.read(&format!("/custom_field_values/{id}?include=selected_choices"));
    assert_eq!(value(903).record()["display_value"], "English, German");
    // German is renamed and moved to the front, English and Portuguese go, French is new.
    let list = json!([{"id": 832, "label": "Deutsch"}, {"label": "French"}]);
    let answer = change(&server, "803", &json!({"choices": list})).expect(200);
    let choices = seen(&server, token::ADMINISTRATOR, "/custom_field_choices?for_custom_fields=803");
    assert_eq!(choices[0], "832");
    assert_eq!(answer.record()["choice_ids"], json!(choices));
    assert_eq!(answer.json()["custom_field_choices"]["832"]["label"], "Deutsch");
    assert_eq!(answer.json()["custom_field_choices"][&choices[1]]["position"], 2);
    let trimmed = value(903).record();
    assert_eq!((&trimmed["value"], &trimmed["display_value"]), (&json!([832]), &json!("Deutsch")));
    // User 7 had selected Portuguese only.
    server.get("/custom_field_values/910").bearer(token::ADMINISTRATOR).send().expect(404);
    // An id of another field, one twice, or one that is gone, is no choice of this field.
    for list in [json!([{"id": 821}]), json!([{"id": 832}, {"id": 832}]), json!([{"id": 831, "label": "English"}])] {
        refusal(change(&server, "803", &json!({"choices": list})));
    }
    change(&server, "803", &json!({"choices": []})).expect(200);
    server.get("/custom_field_values/903").bearer(token::ADMINISTRATOR).send().expect(404);
}

#[test]
fn a_list_that_says_what_is_stored_changes_nothing() {
    let server = Server::start();
    let list =
        json!([{"id": 821, "label": "Berlin"}, {"id": "822", "label": "Lisbon"}, {"id": 823, "label": "At home"}]);
    server.advance_seconds(60);
    let before = server.stored("SELECT * FROM custom_field_choices ORDER BY id; SELECT count(*) FROM audit");
    change(&server, "802", &json!({"choices": list})).expect(200);
    let nothing = change(&server, "802", &json!({"choices": null})).expect(200);
    assert_eq!(nothing.record()["choice_ids"], json!(["821", "822", "823"]));
    assert_eq!(server.stored("SELECT * FROM custom_field_choices ORDER BY id; SELECT count(*) FROM audit"), before);
}

#[test]
fn choices_come_from_forms_too() {
    let server = Server::start();
    let form = "custom_field[name]=Pet&custom_field[value_type]=single&custom_field[choices][][label]=Cat\
                &custom_field[choices][][label]=Dog";
    let request = server.post("/custom_fields?include=choices").bearer(token::ADMINISTRATOR);
    let answer = request.form(form).send().expect(200);
    assert_eq!(answer.record()["choice_ids"].as_array().map(Vec::len), Some(2));
    let request = server.put(&format!("/custom_fields/{}?include=choices", answer.ids()[0]));
    let form =
        "custom_field[choices][0][label]=Cow&custom_field[choices][10][label]=Ant&custom_field[choices][9][label]=Bee";
    let replaced = request.bearer(token::ADMINISTRATOR).form(form).send().expect(200).json();
    let mut labels: Vec<(i64, String)> = replaced["custom_field_choices"]
        .as_object()
        .unwrap()
        .values()
        .map(|choice| (choice["position"].as_i64().unwrap(), choice["label"].as_str().unwrap().to_owned()))
        .collect();
    labels.sort();
    assert_eq!(labels.into_iter().map(|(_, label)| label).collect::<Vec<_>>(), ["Cow", "Bee", "Ant"]);
}

#[test]
fn choices_are_listed_by_field_by_label_and_some_of_each_field() {
    let server = Server::start();
    for (query, due) in [
        ("for_custom_fields=802&order=position:desc", vec!["823", "822", "821"]),
        ("for_choice_ids=822,831,841", vec!["831", "822"]),
        ("matching=ERLI", vec!["821"]),
        ("per_custom_field=1", vec!["821", "831"]),
        ("active=false", vec![]),
        ("per_custom_field=x", vec![]),
        ("active=true&order=label:asc&per_page=2", vec!["823", "821"]),
    ] {
        assert_eq!(seen(&server, token::COLLABORATOR, &format!("/custom_field_choices?{query}")), due, "{query}");
    }
}

#[test]
fn a_deleted_field_takes_everything_along() {
    let server = Server::start();
    for (class, id) in [("CustomField", 802), ("CustomFieldChoice", 821), ("CustomFieldValue", 902)] {
        let reference = json!({"subject_type": class, "subject_id": id, "service_name": "crm", "service_model": "M",
            "service_model_ref": "1"});
        let body = json!({"external_reference": reference});
        asked(server.post("/external_references/create_or_update"), &body).expect(200);
        let found = server.read(&format!("/external_references?subject_type={class}&include=subject&service_name=crm"));
        assert_eq!(found.record()["subject_ref"]["id"], json!(id.to_string()), "{class}");
    }
    for path in ["custom_fields", "custom_field_choices", "custom_field_values"] {
        let query = "external_reference_service_name=crm&subject_type=User";
        assert_eq!(seen(&server, token::ADMINISTRATOR, &format!("/{path}?{query}")).len(), 1, "{path}");
    }
    server.delete("/custom_fields/802").bearer(token::ADMINISTRATOR).send().expect(204);
    let left = server.stored(
        "SELECT count(*) FROM custom_field_values WHERE custom_field_id = 802; \
         SELECT count(*) FROM custom_field_choices WHERE custom_field_id = 802; \
         SELECT count(*) FROM external_references WHERE service_name = 'crm'",
    );
    assert_eq!(left, ["0", "0", "0"]);
    assert_eq!(refusal(set(&server, 7, 802, &json!([822]))), "Custom field id must be a custom field of this account.");
}
