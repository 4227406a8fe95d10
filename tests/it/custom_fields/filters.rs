//! Users by their values: the formats of the six filters.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::json;

use super::{asked, seen, set};
use crate::support::{Server, token};

fn found(server: &Server, filter: &str, value: &str) -> Vec<String> {
    let path = format!("/users?{filter}={}", utf8_percent_encode(value, NON_ALPHANUMERIC));
    let mut ids = seen(server, token::ADMINISTRATOR, &path);
    ids.sort();
    ids
}

#[test]
fn users_are_found_by_values_of_each_type() {
    let server = Server::start();
    set(&server, 7, 805, &json!(13)).expect(200);
    set(&server, 7, 806, &json!([150_000, "USD"])).expect(200);
    set(&server, 7, 804, &json!("2031-01-01")).expect(200);
    set(&server, 7, 807, &json!("a:b (c)")).expect(200);
    for (filter, value, due) in [
        ("by_custom_text_value", "801:e-6", vec!["6"]),
        ("by_custom_text_value", "(801:E-6):(801:E-7)", vec!["6", "7"]),
        ("by_custom_text_value", "801:E-6;801:E-7", vec!["6", "7"]),
        ("by_custom_text_value", "(801:E-6):(807:Prefers mail)", vec!["6"]),
        ("by_custom_text_value", "(801:E-7):(807:Prefers mail)", vec![]),
        ("by_custom_text_value", "(801):(807:a:b (c))", vec!["7"]),
        ("by_custom_text_value", "801", vec!["6", "7"]),
        ("by_custom_text_value", "801:E", vec![]),
        ("by_custom_text_value", "802:Berlin", vec![]),
        ("by_custom_text_value", "805:13", vec![]),
        ("by_custom_number_value", "805:13.0", vec!["7"]),
        ("by_custom_number_value", "(805:13):(805:12.50)", vec!["6", "7"]),
        ("by_custom_number_value", "805", vec!["6", "7"]),
        ("by_custom_currency_value", "806:150000:USD", vec!["7"]),
        ("by_custom_currency_value", "(806:150000)", vec!["6", "7"]),
        ("by_custom_currency_value", "806:15000", vec![]),
        ("by_custom_date_value", "804:2030-11-09:2030-12-31", vec!["6"]),
        ("by_custom_date_value", "(804:2030-11-09)", vec!["6", "7"]),
        ("by_custom_date_value", "804:2030-11-10", vec!["7"]),
        ("by_custom_choice_value", "802:821", vec!["6"]),
        ("by_custom_choice_value", "802:821,822", vec!["6", "7"]),
        ("by_custom_choice_value", "803:832", vec!["6"]),
        ("by_custom_choice_value", "803:83", vec![]),
        ("by_custom_choice_value", "803:831;802:822", vec![]),
        ("by_custom_choice_value", "803:833;802:822", vec!["7"]),
        ("has_value_for_custom_field_ids", "807", vec!["6", "7"]),
        ("has_value_for_custom_field_ids", "804,999", vec!["6", "7"]),
    ] {
        assert_eq!(found(&server, filter, value), due, "{filter}={value}");
    }
    let everybody = seen(&server, token::ADMINISTRATOR, "/users?per_page=200").len();
    assert_eq!(found(&server, "by_custom_choice_value", "802:blank").len(), everybody - 2);
    assert_eq!(found(&server, "by_custom_choice_value", "802:blank,821").len(), everybody - 1);
    let both = server.read("/users?by_custom_text_value=801&by_custom_choice_value=802:822");
    assert_eq!((both.ids(), &both.json()["count"]), (vec!["7".to_owned()], &json!(1)));
}

#[test]
fn what_cannot_be_read_finds_nobody_and_strict_mode_says_so() {
    let server = Server::start();
    let deep = format!("{}801:E-6{}", "(".repeat(5_000), ")".repeat(5_000));
    let many = (0..201).map(|_| "801:x").collect::<Vec<_>>().join(";");
    for (filter, value) in [
        ("by_custom_text_value", "x:E-6"),
        ("by_custom_text_value", ":"),
        ("by_custom_text_value", ";;"),
        ("by_custom_text_value", "801:E-6;x"),
        ("by_custom_text_value", "99999999999999999999:x"),
        ("by_custom_text_value", "801:\u{0}"),
        ("by_custom_text_value", deep.as_str()),
        ("by_custom_text_value", many.as_str()),
        ("by_custom_number_value", "805:NaN"),
        ("by_custom_number_value", "805:1e2"),
        ("by_custom_currency_value", "806:9.98:USD"),
        ("by_custom_currency_value", "806:1:\u{0}"),
        ("by_custom_date_value", "804:soon"),
        ("by_custom_date_value", "804:2031-01-01:soon"),
        ("by_custom_choice_value", "802:"),
        ("by_custom_choice_value", "802:x"),
    ] {
        assert!(found(&server, filter, value).is_empty(), "{filter}={value}");
        let path = format!("/users?{filter}={}", utf8_percent_encode(value, NON_ALPHANUMERIC));
        let strict = server.get(&path).bearer(token::ADMINISTRATOR).header("Invited-Strict", "true").send();
        assert!(strict.expect(400).text().contains(filter), "{filter}={value}");
    }
    for value in [json!({"801": "E-6"}), json!([["801:E-6"]]), json!([801, null]), json!(true)] {
        let answer = asked(server.get("/users"), &json!({"by_custom_text_value": value})).expect(200);
        assert_eq!(answer.json()["count"], 0, "{value}");
    }
    let list = asked(server.get("/users"), &json!({"by_custom_text_value": ["801:E-6", "801:E-7"]}));
    assert_eq!(list.expect(200).json()["count"], 2);
}
