//! Values: set, changed, and refused.

use serde_json::{Value, json};

use super::{asked, of, refusal, seen, set};
use crate::support::{Server, token};

#[test]
fn a_value_is_printed_as_its_type_says() {
    let server = Server::start();
    for (id, kind, value, display) in [
        (901, "string", json!("E-6"), "E-6"),
        (902, "single", json!([821]), "Berlin"),
        (903, "multi", json!([831, 832]), "English, German"),
        (904, "date", json!("2030-11-09"), "2030-11-09"),
        (905, "number", json!(12.5), "12.5"),
        (906, "currency", json!([150_000, "EUR"]), "€1,500.00"),
        (907, "string", json!("Prefers mail"), "Prefers mail"),
    ] {
        let record = server.read(&format!("/custom_field_values/{id}")).record();
        assert_eq!((&record["type"], &record["value"]), (&json!(kind), &value), "{id}");
        assert_eq!((&record["display_value"], &record["can_edit"]), (&json!(display), &json!(true)), "{id}");
        assert_eq!((&record["subject_id"], &record["account_id"]), (&json!(6), &json!(1)), "{id}");
    }
}

#[test]
fn a_post_replaces_the_value_by_one_with_a_new_id_unless_it_is_the_same() {
    let server = Server::start();
    let again = set(&server, 6, 803, &json!(["832", 831])).expect(200);
    assert_eq!(again.ids(), ["903"]);
    assert_eq!(again.record()["setter_id"], "6", "the same value keeps its setter");
    let replaced = set(&server, 6, 803, &json!([833])).expect(200);
    assert_ne!(replaced.ids(), ["903"]);
    let record = replaced.record();
    assert_eq!((&record["value"], &record["setter_id"]), (&json!([833]), &json!("2")));
    server.get("/custom_field_values/903").bearer(token::ADMINISTRATOR).send().expect(404);
    let values = "/custom_field_values?subject_type=User&with_subject_id=6&with_custom_field_id=803";
    assert_eq!(seen(&server, token::ADMINISTRATOR, values), replaced.ids());
}

#[test]
fn a_put_keeps_the_id_and_names_the_new_setter() {
    let server = Server::start();
    let put = |value: &Value| {
        asked(server.put("/custom_field_values/905?include=setter"), &json!({"custom_field_value": {"value": value}}))
    };
    assert_eq!(put(&json!("12.50")).expect(200).record()["setter_id"], "6");
    let changed = put(&json!("-3")).expect(200);
    let record = changed.record();
    assert_eq!((&record["value"], &record["display_value"]), (&json!(-3), &json!("-3")));
    assert_eq!((&record["setter_id"], changed.ids().as_slice()), (&json!("2"), &["905".to_owned()][..]));
    for wrong in [json!(null), json!(""), json!([1]), json!("NaN"), json!({"a": 1}), json!(true)] {
        put(&wrong).expect(422);
    }
}

#[test]
fn a_value_of_the_wrong_type_is_refused_in_words() {
    let server = Server::start();
    let before = server.everything_stored();
    let huge: Value = serde_json::from_str("123456789012345678901234567890").unwrap();
    let nested: Value = serde_json::from_str(&format!("{}1{}", "[".repeat(60), "]".repeat(60))).unwrap();
    for (field, value, message) in [
        (801, json!(6), "Value must be text."),
        (801, json!("x".repeat(256)), "Value must be at most 255 characters."),
        (802, json!([821, 822]), "Value must be a list with the id of one choice."),
        (802, json!([831]), "Value must name choices of this custom field."),
        (802, json!([841]), "Value must name choices of this custom field."),
        (802, json!([999]), "Value must name choices of this custom field."),
        (803, json!([831, 821]), "Value must name choices of this custom field."),
        (803, json!([]), "Value must be a list of ids of choices."),
        (804, json!("2031-02-30"), "Value must be a day, such as 2031-02-01."),
        (805, huge, "Value must be a number of at most 15 digits."),
        (805, json!("Infinity"), "Value must be a number of at most 15 digits."),
        (806, json!([5]), "Value must be a list of cents and a currency, such as [998, \"USD\"]."),
        (806, json!([1e300, "USD"]), "Value must be a whole number."),
        (806, json!([2_147_483_648_i64, "USD"]), "Value must be between 0 and 2147483647."),
        (807, nested, "Value must be text, a number or a list of these."),
        (807, json!({"text": "x"}), "Value must be text, a number or a list of these."),
        (807, json!(null), "Value is required."),
    ] {
        assert_eq!(refusal(set(&server, 7, field, &value)), message, "{field} {value}");
    }
    assert_eq!(server.everything_stored(), before);
}

#[test]
fn a_value_needs_a_member_and_a_field_of_the_account() {
    let server = Server::start();
    for (user, field, message) in [
        (21, 807, "Subject id must be a member of this account."),
        (11, 807, "Subject id must be a member of this account."),
        (999, 807, "Subject id must be a member of this account."),
        (7, 811, "Custom field id must be a custom field of this account."),
        (7, 999, "Custom field id must be a custom field of this account."),
    ] {
        assert_eq!(refusal(set(&server, user, field, &json!("x"))), message, "{user} {field}");
    }
    let mut project = of(7, 807, &json!("x"));
    project["subject_type"] = json!("Workspace");
    let answer = asked(server.post("/custom_field_values"), &json!({"custom_field_value": project}));
    assert_eq!(refusal(answer), "Subject type must be one of User.");
}

#[test]
fn a_unique_value_is_refused_to_a_second_user() {
    let server = Server::start();
    let message = "Value is that of another user, and no two may have the same in this field.";
    assert_eq!(refusal(set(&server, 8, 801, &json!("e-6"))), message);
    let put = json!({"custom_field_value": {"value": "E-7"}});
    assert_eq!(refusal(asked(server.put("/custom_field_values/901"), &put)), message);
    // One's own value in other letters is free, and so is one that was given up.
    set(&server, 6, 801, &json!("e-6")).expect(200);
    set(&server, 6, 801, &json!("E-60")).expect(200);
    set(&server, 8, 801, &json!("E-6")).expect(200);
    let twice = json!({"custom_field_values": [of(9, 801, &json!("new")), of(10, 801, &json!("NEW"))]});
    let errors = asked(server.post("/custom_field_values"), &twice).expect(422).errors();
    assert_eq!((errors[0].1.as_deref(), errors[0].2), (Some("value"), Some(1)));
}

#[test]
fn a_bulk_of_values_is_set_whole_or_not_at_all() {
    let server = Server::start();
    let many =
        |users: &[i64]| users.iter().map(|user| of(*user, 807, &json!(format!("Note {user}")))).collect::<Value>();
    let post = |values: Value| asked(server.post("/custom_field_values"), &json!({"custom_field_values": values}));
    assert_eq!(post(many(&[1, 2, 3, 4, 5])).expect(200).ids().len(), 5);
    let before = server.everything_stored();
    let errors = post(many(&[7, 21, 8, 999])).expect(422).errors();
    assert_eq!(errors.iter().map(|error| error.2).collect::<Vec<_>>(), [Some(1), Some(3)]);
    post(many(&[7; 101])).expect(400);
    post(json!([])).expect(400);
    assert_eq!(server.everything_stored(), before);
}

#[test]
fn values_are_listed_by_subject_field_and_setter_for_one_class_of_subjects() {
    let server = Server::start();
    server.get("/custom_field_values").bearer(token::ADMINISTRATOR).send().expect(400);
    set(&server, 8, 807, &json!("by 2")).expect(200);
    for (query, count) in [
        ("subject_type=User", 11),
        ("subject_type=Workspace", 0),
        ("subject_type=User&with_subject_id=7,8", 4),
        ("subject_type=User&with_custom_field_id=802,803", 4),
        ("subject_type=User&with_setter_id=2", 1),
        ("subject_type=User&with_setter_id=6&with_custom_field_id=801", 1),
        ("subject_type=User&with_subject_id=x", 0),
        ("subject_type=User&with_subject_id[]=21", 0),
    ] {
        let answer = server.read(&format!("/custom_field_values?{query}"));
        assert_eq!(answer.json()["count"], count, "{query}");
    }
    let path = "/custom_field_values?subject_type=User&only=902\
                &include=custom_field,selected_choices,setter,subject,external_references";
    let answer = server.read(path).json();
    assert_eq!(answer["custom_fields"]["802"]["name"], "Office");
    assert_eq!(answer["custom_field_choices"]["821"]["label"], "Berlin");
    assert_eq!(answer["users"]["6"]["full_name"], "Carl Creator");
}
