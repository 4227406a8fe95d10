//! The values each field of an update accepts, and the errors for the others.

use crate::exact::{everything, invalid, put_json, shown};
use crate::support::{Server, token};

/// Sets one field of invitation 2 (whose fields all have values) to a piece of JSON.
fn set(server: &Server, field: &str, value: &str) -> crate::support::Answer {
    let body = format!(r#"{{"account_invitation":{{"{field}":{value}}}}}"#);
    put_json(server, "/account_invitations/2", token::ADMINISTRATOR, &body)
}

/// Each pair is the JSON of a value and the JSON shown for it afterwards.
fn takes(field: &str, pairs: &[(&str, &str)]) {
    let server = Server::start();
    for (value, kept) in pairs {
        set(&server, field, value).expect(200);
        assert_eq!(shown(&server, 2)[field].to_string(), *kept, "{field} was set to {value}");
    }
}

/// Expects that every value is refused with this message on the field, and that nothing changes.
fn refuses(field: &str, message: &str, values: &[&str]) {
    let server = Server::start();
    let before = everything(&server);
    for value in values {
        let answer = set(&server, field, value).expect(422);
        assert_eq!(answer.text(), invalid(field, message), "{field} was set to {value}");
    }
    assert_eq!(everything(&server), before);
}

/// Values that are invalid for every whole number: other types, fractions, exponents and malformed text.
const NOT_WHOLE_NUMBERS: [&str; 16] = [
    "100.0",
    "0.5",
    "1e2",
    "1E+2",
    "-1.5",
    r#""1e2""#,
    r#""1.0""#,
    r#""+5""#,
    r#""0x10""#,
    r#""1_000""#,
    r#""abc""#,
    r#"" ""#,
    r#""1 2""#,
    "[]",
    "[1]",
    "{}",
];

#[test]
fn billability_target_accepts_booleans_and_percents() {
    takes(
        "billability_target",
        &[
            ("true", "100"),
            ("false", "0"),
            (r#""true""#, "100"),
            (r#""FALSE""#, "0"),
            (r#""TRUE""#, "100"),
            (r#""false""#, "0"),
            ("0", "0"),
            ("100", "100"),
            ("-30", "30"),
            ("-100", "100"),
            ("-0", "0"),
            (r#""50""#, "50"),
            (r#"" 51 ""#, "51"),
            (r#""-7""#, "7"),
            (r#""007""#, "7"),
            ("null", "null"),
            ("1", "1"),
            (r#""""#, "null"),
        ],
    );
}

#[test]
fn billability_target_refuses_everything_else() {
    let message = "Billability target must be a whole number from 0 to 100.";
    refuses("billability_target", message, &NOT_WHOLE_NUMBERS);
    refuses(
        "billability_target",
        message,
        &["101", "-101", r#""101""#, "2147483648", "99999999999999999999", r#""-99999999999999999999""#],
    );
    // Only the whole words are booleans here: digits are percents, and a single letter would be a guess.
    refuses("billability_target", message, &[r#""t""#, r#""f""#, r#""True""#, r#""yes""#]);
}

#[test]
fn both_rates_accept_32_bit_whole_numbers_numeric_text_and_null() {
    for field in ["bill_rate_in_cents", "cost_rate_in_cents"] {
        takes(
            field,
            &[
                ("0", "0"),
                ("2147483647", "2147483647"),
                ("-0", "0"),
                (r#""100""#, "100"),
                (r#"" 101 ""#, "101"),
                (r#""-0""#, "0"),
                (r#""000000000000000000000000000042""#, "42"),
                ("null", "null"),
                ("7", "7"),
                (r#""""#, "null"),
            ],
        );
    }
}

#[test]
fn both_rates_refuse_other_types_and_ranges() {
    for (field, label) in [("bill_rate_in_cents", "Bill rate in cents"), ("cost_rate_in_cents", "Cost rate in cents")] {
        let kind = format!("{label} must be a whole number.");
        refuses(field, &kind, &NOT_WHOLE_NUMBERS);
        refuses(field, &kind, &["true", "false", r#""true""#]);
        let range = format!("{label} must be between 0 and 2147483647.");
        refuses(
            field,
            &range,
            &[
                "-1",
                r#""-1""#,
                "2147483648",
                "4294967296",
                "9223372036854775808",
                "18446744073709551616",
                "99999999999999999999",
                r#""99999999999999999999""#,
                "-99999999999999999999",
            ],
        );
    }
}

#[test]
fn a_number_beyond_every_range_is_refused() {
    let server = Server::start();
    for value in ["1E400", "-1e400", "1e-400"] {
        let answer = set(&server, "bill_rate_in_cents", value);
        assert!([400, 422].contains(&answer.status), "{value} was answered with {}", answer.status);
    }
    let digits = "9".repeat(10_000);
    set(&server, "bill_rate_in_cents", &digits).expect(422);
    set(&server, "bill_rate_in_cents", &format!("\"{digits}\"")).expect(422);
    assert_eq!(shown(&server, 2)["bill_rate_in_cents"], 15_000);
}

#[test]
fn default_role_id_accepts_an_active_role_as_number_or_text_and_null() {
    takes(
        "default_role_id",
        &[
            ("102", r#""102""#),
            (r#""103""#, r#""103""#),
            (r#"" 101 ""#, r#""101""#),
            ("null", "null"),
            ("102", r#""102""#),
            (r#""""#, "null"),
        ],
    );
}

#[test]
fn default_role_id_refuses_malformed_ids() {
    refuses(
        "default_role_id",
        "Default role id must be an id.",
        &["101.0", "1e2", "true", "false", "[]", "[101]", "{}", r#""Developer""#, r#""101.0""#, r#""+101""#, r#"" ""#],
    );
}

#[test]
fn default_role_id_refuses_unknown_deleted_and_foreign_roles_alike() {
    refuses(
        "default_role_id",
        "Default role id must be an active role of this account.",
        &["1", "999", "104", r#""104""#, "111", r#""111""#, "4294967397"],
    );
}

#[test]
fn default_role_id_refuses_impossible_ids() {
    let server = Server::start();
    for value in ["0", "-1", r#""-101""#, "99999999999999999999", r#""99999999999999999999""#] {
        let answer = set(&server, "default_role_id", value).expect(422);
        let errors = answer.errors();
        assert_eq!(errors.len(), 1, "for {value}");
        assert_eq!(errors[0].1.as_deref(), Some("default_role_id"), "for {value}");
    }
    assert_eq!(shown(&server, 2)["default_role_id"], "101");
}

#[test]
fn permission_accepts_the_seven_levels_of_the_page() {
    takes(
        "permission",
        &[
            (r#""administrator""#, r#""administrator""#),
            (r#""reports_viewer_with_cost""#, r#""reports_viewer_with_cost""#),
            (r#""reports_viewer""#, r#""reports_viewer""#),
            (r#""project_lead""#, r#""project_lead""#),
            (r#""project_creator""#, r#""project_creator""#),
            (r#""collaborator""#, r#""collaborator""#),
            (r#""punch_clock""#, r#""punch_clock""#),
        ],
    );
}

#[test]
fn permission_refuses_everything_else_exactly_as_written() {
    refuses(
        "permission",
        concat!(
            "Permission must be one of administrator, reports_viewer_with_cost, reports_viewer, project_lead, ",
            "project_creator, collaborator, punch_clock."
        ),
        &[
            r#""external_collaborator""#,
            r#""owner""#,
            r#""Administrator""#,
            r#"" administrator""#,
            r#""administrator ""#,
            r#""administrator\u0000""#,
            r#"" ""#,
            r#""project lead""#,
        ],
    );
}

#[test]
fn permission_refuses_other_types_on_the_field() {
    let server = Server::start();
    for value in ["5", "1.5", "true", "[]", r#"["collaborator"]"#, "{}", r#"{"a":"b"}"#] {
        let answer = set(&server, "permission", value).expect(422);
        let errors = answer.errors();
        assert_eq!(errors.len(), 1, "for {value}");
        assert_eq!((errors[0].1.as_deref(), errors[0].2), (Some("permission"), Some(0)), "for {value}");
    }
    assert_eq!(shown(&server, 2)["permission"], "project_lead");
}

#[test]
fn permission_cannot_be_cleared() {
    refuses("permission", "Permission is required.", &["null", r#""""#]);
}
