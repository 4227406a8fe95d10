//! The rules of each field of a create.

use serde_json::{Value, json};

use crate::exact::{Invitation, everything, invalid, post_json, shown};
use crate::support::{Answer, Server, token};

/// Creates an invitation with a name, a free address, and one field set to a piece of JSON.
fn with(server: &Server, field: &str, value: &str) -> Answer {
    let mut parts = vec![format!(r#""{field}":{value}"#)];
    if field != "full_name" {
        parts.push(r#""full_name":"Some Body""#.to_owned());
    }
    if field != "email_address" {
        parts.push(r#""email_address":"some.body@example.test""#.to_owned());
    }
    post_json(
        server,
        "/account_invitations",
        token::ADMINISTRATOR,
        &format!(r#"{{"account_invitation":{{{}}}}}"#, parts.join(",")),
    )
}

fn refuses(field: &str, message: &str, values: &[&str]) {
    let server = Server::start();
    let before = everything(&server);
    for value in values {
        let answer = with(&server, field, value).expect(422);
        assert_eq!(answer.text(), invalid(field, message), "{field} was set to {value}");
    }
    assert_eq!(everything(&server), before);
}

/// Expects that each value is accepted and shown as the second text. Each invitation is deleted to free the address.
fn takes(field: &str, pairs: &[(&str, &str)]) {
    let server = Server::start();
    for (value, kept) in pairs {
        let record = with(&server, field, value).expect(200).record();
        assert_eq!(record[field].to_string(), *kept, "{field} was set to {value}");
        let id = record["id"].as_str().unwrap();
        server.delete(&format!("/account_invitations/{id}")).bearer(token::ADMINISTRATOR).send().expect(204);
    }
}

fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

#[test]
fn valid_addresses_are_kept_as_typed() {
    let server = Server::start();
    for address in [
        "a@b.test",
        "first.middle.last@example.test",
        "first+tag@example.test",
        "o'brien@example.test",
        "jean-luc@example.test",
        "12345@example.test",
        "x@a.b.c.example.test",
        "Camel.Case@Example.TEST",
        "a@1and1.test",
        "a@b-c.test",
        "_underscore@example.test",
    ] {
        let record = with(&server, "email_address", &quoted(address)).expect(200).record();
        assert_eq!(record["email_address"], address);
    }
}

#[test]
fn blanks_around_an_address_are_trimmed() {
    let server = Server::start();
    for (typed, kept) in [("  a@b.test ", "a@b.test"), ("\u{a0}c@d.test\u{2003}", "c@d.test")] {
        let record = with(&server, "email_address", &quoted(typed)).expect(200).record();
        assert_eq!(record["email_address"], kept);
    }
}

#[test]
fn invalid_addresses_are_refused() {
    refuses(
        "email_address",
        "Email address is not a valid email address.",
        &[
            "plain",
            "@example.test",
            "a@",
            "@",
            "a b@example.test",
            "a@exam ple.test",
            "a@b@c.test",
            ".a@example.test",
            "a.@example.test",
            "a..b@example.test",
            "a@.example.test",
            "a@example.test.",
            "a@example..test",
            "a@example.test,b@example.test",
            "a@example.test;b@example.test",
            "Some Body <a@example.test>",
            "<a@example.test>",
            "a@-example.test",
            "a@example-.test",
            "a@example.-test",
            "mailto:a@example.test ,",
        ]
        .map(quoted)
        .each_ref()
        .map(String::as_str),
    );
}

#[test]
fn control_characters_inside_an_address_are_refused_on_the_field() {
    let server = Server::start();
    for address in
        ["a\u{0}b@example.test", "a@exam\nple.test", "a\r\nBcc: x@example.test", "a@b.test\u{0}", "a\tb@c.test"]
    {
        let errors = with(&server, "email_address", &quoted(address)).expect(422).errors();
        assert_eq!(errors.len(), 1, "for {address:?}");
        assert_eq!(errors[0].1.as_deref(), Some("email_address"), "for {address:?}");
    }
}

#[test]
fn an_address_has_at_most_255_characters() {
    let server = Server::start();
    // Every label stays below the 63 characters that a host name allows.
    let domain = ["d".repeat(60), "e".repeat(60), "f".repeat(60), "test".to_owned()].join(".");
    let local = "a".repeat(254 - domain.len());
    let longest = format!("{local}@{domain}");
    assert_eq!(longest.len(), 255);
    // The specification leaves local parts over 64 characters open; only the refusal beyond 255 is certain.
    assert!([200, 422].contains(&with(&server, "email_address", &quoted(&longest)).status));
    let too_long = format!("a@{}", vec!["d".repeat(50); 5].join("."));
    assert_eq!(too_long.len(), 256);
    let answer = with(&server, "email_address", &quoted(&too_long)).expect(422);
    assert_eq!(answer.text(), invalid("email_address", "Email address must be at most 255 characters."));
}

#[test]
fn the_address_and_the_name_are_required() {
    for (field, message) in [("email_address", "Email address is required."), ("full_name", "Full name is required.")] {
        refuses(field, message, &["null", r#""""#, r#"" ""#, r#""\t\n\u00a0\u2003""#]);
    }
}

#[test]
fn other_json_types_are_not_converted_to_text() {
    for (field, label) in [("email_address", "Email address"), ("full_name", "Full name"), ("headline", "Headline")] {
        refuses(
            field,
            &format!("{label} must be text."),
            &["5", "1.5", "true", "false", "[]", r#"["text"]"#, "{}", r#"{"a":"text"}"#],
        );
    }
}

#[test]
fn names_and_headlines_lose_unicode_blanks_at_the_ends_only() {
    let server = Server::start();
    let record = post_json(
        &server,
        "/account_invitations",
        token::ADMINISTRATOR,
        r#"{"account_invitation":{"email_address":"n@example.test","full_name":"\u3000 Zoë Ωmega 王 👩‍🚀 \t\n","headline":"\u00a0\"a\\b\" </script>\u2003"}}"#,
    )
    .expect(200);
    let name = "Zoë Ωmega 王 👩‍🚀";
    let expected =
        Invitation { headline: Some(r#""a\b" </script>"#), ..Invitation::fresh(6, name, "n@example.test", 23) };
    assert_eq!(record.text(), expected.body(), "and nothing is escaped needlessly");
}

#[test]
fn a_headline_of_blanks_is_null() {
    takes("headline", &[(r#"" ""#, "null"), (r#""""#, "null"), ("null", "null"), (r#"" x ""#, r#""x""#)]);
}

#[test]
fn names_and_headlines_have_at_most_255_characters_after_trimming() {
    for (field, label) in [("full_name", "Full name"), ("headline", "Headline")] {
        let longest = "ß".repeat(255);
        takes(field, &[(&quoted(&format!("  {longest}  ")), &quoted(&longest))]);
        let emoji = "👩".repeat(255);
        takes(field, &[(&quoted(&emoji), &quoted(&emoji))]);
        refuses(
            field,
            &format!("{label} must be at most 255 characters."),
            &[&quoted(&"ß".repeat(256)), &quoted(&"x".repeat(100_000))],
        );
    }
}

#[test]
fn names_and_headlines_refuse_control_characters() {
    for (field, label) in [("full_name", "Full name"), ("headline", "Headline")] {
        refuses(
            field,
            &format!("{label} must not contain control characters."),
            &[
                r#""a\u0000b""#,
                r#""a\u0000""#,
                r#""a\nb""#,
                r#""a\tb""#,
                r#""a\r\nb""#,
                r#""a\u001bb""#,
                r#""a\u007fb""#,
                r#""a\u0085b""#,
                r#""a\u009fb""#,
            ],
        );
    }
}

#[test]
fn format_characters_and_direction_marks_are_allowed() {
    let server = Server::start();
    let record = with(&server, "full_name", r#""a\u200db\u200ec""#).expect(200).record();
    assert_eq!(record["full_name"], "a\u{200d}b\u{200e}c");
}

#[test]
fn the_number_fields_accept_the_values_of_an_update() {
    takes("bill_rate_in_cents", &[("0", "0"), (r#""100""#, "100"), ("2147483647", "2147483647"), (r#""""#, "null")]);
    takes("cost_rate_in_cents", &[("0", "0"), (r#"" 100 ""#, "100"), ("2147483647", "2147483647"), ("null", "null")]);
    takes(
        "billability_target",
        &[("true", "100"), ("false", "0"), ("-30", "30"), (r#""50""#, "50"), ("100", "100"), (r#""FALSE""#, "0")],
    );
    takes("default_role_id", &[("101", r#""101""#), (r#""102""#, r#""102""#), ("null", "null")]);
}

#[test]
fn the_number_fields_refuse_the_values_that_an_update_refuses() {
    refuses(
        "bill_rate_in_cents",
        "Bill rate in cents must be a whole number.",
        &["100.0", "1e2", r#""abc""#, "true", "[]"],
    );
    refuses(
        "cost_rate_in_cents",
        "Cost rate in cents must be a whole number.",
        &["100.0", "1e2", r#""abc""#, "true", "{}"],
    );
    refuses("bill_rate_in_cents", "Bill rate in cents must be between 0 and 2147483647.", &["-1", "2147483648"]);
    refuses("cost_rate_in_cents", "Cost rate in cents must be between 0 and 2147483647.", &["-1", "2147483648"]);
    refuses(
        "billability_target",
        "Billability target must be a whole number from 0 to 100.",
        &["101", "-101", "50.5", r#""t""#, "[]"],
    );
    refuses("default_role_id", "Default role id must be an active role of this account.", &["104", "111", "999"]);
    refuses("default_role_id", "Default role id must be an id.", &["true", r#""Developer""#, "1.0"]);
}

#[test]
fn a_punch_clock_user_needs_a_bill_rate_which_may_be_zero() {
    refuses(
        "bill_rate_in_cents",
        "Bill rate in cents is required for a punch_clock user.",
        &[r#"null,"permission":"punch_clock""#, r#""","permission":"punch_clock""#],
    );
    takes("bill_rate_in_cents", &[(r#"0,"permission":"punch_clock""#, "0")]);
    refuses(
        "bill_rate_in_cents",
        "Bill rate in cents must be a whole number.",
        &[r#""abc","permission":"punch_clock""#],
    );
}

#[test]
fn default_read_only_accepts_booleans_and_their_texts() {
    let server = Server::start();
    for (step, value) in [
        "true",
        "false",
        "null",
        r#""""#,
        r#""true""#,
        r#""TRUE""#,
        r#""1""#,
        r#""t""#,
        r#""false""#,
        r#""FALSE""#,
        r#""0""#,
        r#""f""#,
    ]
    .into_iter()
    .enumerate()
    {
        let body = json!({"full_name": "N", "email_address": format!("n{step}@example.test")}).to_string();
        let body =
            format!(r#"{{"account_invitation":{},"default_read_only":{value}}}}}"#, body.strip_suffix('}').unwrap());
        let answer = post_json(&server, "/account_invitations", token::ADMINISTRATOR, &body).expect(200);
        assert!(!answer.text().contains("default_read_only"), "it is not echoed");
    }
}

#[test]
fn default_read_only_refuses_everything_else() {
    refuses(
        "default_read_only",
        "Default read only must be true or false.",
        &["1", "0", "1.5", "[]", "{}", r#""yes""#, r#""True""#, r#"" ""#, r#""2""#],
    );
}

#[test]
fn an_external_reference_accepts_three_names_and_more() {
    let server = Server::start();
    let longest = "x".repeat(255);
    for (step, reference) in [
        json!({"service_name": "crm", "service_model": "Contact", "service_model_ref": "42"}),
        json!({"service_name": "crm", "service_model": "Contact", "service_model_ref": 42}),
        json!({"service_name": longest, "service_model": longest, "service_model_ref": longest}),
        json!({"service_name": "a", "service_model": "b", "service_model_ref": "c", "status": "pending", "locked": true}),
        json!({"service_name": "a", "service_model": "b", "service_model_ref": "c", "status": "successful", "locked": false}),
        json!({"service_name": "a", "service_model": "b", "service_model_ref": "c", "status": "failed"}),
        json!({"service_name": "a", "service_model": "b", "service_model_ref": "c", "status": null, "locked": null}),
        json!({"service_name": "a", "service_model": "b", "service_model_ref": "c", "external_link": "l",
               "external_message": "m", "external_status": "s"}),
        json!(null),
    ]
    .into_iter()
    .enumerate()
    {
        server
            .post("/account_invitations")
            .bearer(token::ADMINISTRATOR)
            .json(&json!({"account_invitation": {
                "full_name": "N", "email_address": format!("n{step}@example.test"), "external_reference": reference,
            }}))
            .send()
            .expect(200);
    }
}

#[test]
fn an_invalid_external_reference_is_one_error() {
    let three = |change: &str| {
        let mut reference = json!({"service_name": "a", "service_model": "b", "service_model_ref": "c"});
        for (name, value) in serde_json::from_str::<Value>(change).unwrap().as_object().unwrap() {
            reference[name] = value.clone();
        }
        reference.to_string()
    };
    let long = format!(r#"{{"service_name":"{}"}}"#, "x".repeat(256));
    let values = [
        "5".to_owned(),
        r#""crm""#.to_owned(),
        "true".to_owned(),
        "[]".to_owned(),
        "{}".to_owned(),
        r#"{"service_name":"a"}"#.to_owned(),
        r#"{"service_name":"a","service_model":"b"}"#.to_owned(),
        three(r#"{"service_name":null}"#),
        three(r#"{"service_model":""}"#),
        three(r#"{"service_name":5}"#),
        three(r#"{"service_model":5}"#),
        three(r#"{"service_model_ref":true}"#),
        three(r#"{"service_model_ref":1.5}"#),
        three(r#"{"service_model_ref":[]}"#),
        three(r#"{"service_name":{}}"#),
        three(r#"{"status":"done"}"#),
        three(r#"{"status":5}"#),
        three(r#"{"locked":"perhaps"}"#),
        three(r#"{"locked":5}"#),
        three(&long),
        three(r#"{"service_name":null,"service_model":null,"status":7}"#),
    ];
    refuses(
        "external_reference",
        "External reference must be an object with service_name, service_model and service_model_ref.",
        &values.each_ref().map(String::as_str),
    );
}

#[test]
fn a_refused_create_leaves_nothing_behind() {
    let server = Server::start();
    let before = everything(&server);
    with(&server, "permission", "5").expect(422);
    assert_eq!(everything(&server), before);
    let record = with(&server, "permission", "null").expect(200).record();
    let id = record["id"].as_str().unwrap().parse().unwrap();
    assert_eq!(shown(&server, id), record, "and the address is still free");
}
