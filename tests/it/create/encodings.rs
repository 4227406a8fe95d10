//! The same create as JSON, form, multipart and query string makes equal rows.

use rusqlite::types::Value as Cell;
use rusqlite::{Connection, OpenFlags};
use serde_json::json;

use crate::exact::{Invitation, everything, refusal};
use crate::support::client::Request;
use crate::support::{Answer, Server, token};

const PAIRS: [(&str, &str); 12] = [
    ("account_invitation[email_address]", " Alan@Example.test "),
    ("account_invitation[full_name]", "Alan M. Türing & Söhne"),
    ("account_invitation[headline]", "1 + 1 = 2; 100 %"),
    ("account_invitation[permission]", "reports_viewer"),
    ("account_invitation[default_role_id]", "102"),
    ("account_invitation[bill_rate_in_cents]", "20000"),
    ("account_invitation[cost_rate_in_cents]", ""),
    ("account_invitation[billability_target]", "true"),
    ("account_invitation[default_read_only]", "true"),
    ("account_invitation[external_reference][service_name]", "crm"),
    ("account_invitation[external_reference][service_model]", "Contact"),
    ("account_invitation[external_reference][service_model_ref]", "42"),
];

/// The pairs as a form that encodes every byte of a value except letters and digits.
fn urlencoded() -> String {
    let encode = |value: &str| -> String {
        value
            .bytes()
            .map(|byte| match byte {
                b' ' => "+".to_owned(),
                byte if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
                byte => format!("%{byte:02X}"),
            })
            .collect()
    };
    PAIRS.map(|(key, value)| format!("{key}={}", encode(value))).join("&")
}

fn post(server: &Server, path: &str) -> Request {
    server.post(path).bearer(token::ADMINISTRATOR)
}

type Send = fn(&Server) -> Answer;

const ENCODINGS: [(&str, Send); 6] = [
    ("JSON", |server| {
        post(server, "/account_invitations")
            .json(&json!({"account_invitation": {
                "email_address": " Alan@Example.test ",
                "full_name": "Alan M. Türing & Söhne",
                "headline": "1 + 1 = 2; 100 %",
                "permission": "reports_viewer",
                "default_role_id": 102,
                "bill_rate_in_cents": 20_000,
                "cost_rate_in_cents": null,
                "billability_target": true,
                "default_read_only": true,
                "external_reference": {
                    "service_name": "crm", "service_model": "Contact", "service_model_ref": 42,
                },
            }}))
            .send()
    }),
    ("form", |server| post(server, "/account_invitations").form(&urlencoded()).send()),
    ("form without a type", |server| post(server, "/account_invitations").body(None, urlencoded()).send()),
    ("form with %20 and encoded brackets", |server| {
        let text = urlencoded().replace('+', "%20").replace('[', "%5B").replace(']', "%5D");
        post(server, "/account_invitations").form(&text).send()
    }),
    ("multipart", |server| post(server, "/account_invitations").multipart(&PAIRS).send()),
    ("query string", |server| post(server, &format!("/account_invitations?{}", urlencoded())).send()),
];

#[test]
fn the_same_create_makes_equal_rows_in_every_encoding() {
    let expected = Invitation {
        headline: Some("1 + 1 = 2; 100 %"),
        permission: "reports_viewer",
        role: Some(102),
        bill_rate: Some(20_000),
        target: Some(100),
        ..Invitation::fresh(6, "Alan M. Türing & Söhne", "Alan@Example.test", 23)
    };
    let mut rows = Vec::new();
    for (name, send) in ENCODINGS {
        let server = Server::start_on_file();
        assert_eq!(send(&server).expect(200).text(), expected.body(), "as {name}");
        rows.push((name, rows_about_the_new_invitation(&server)));
    }
    let (_, first) = &rows[0];
    assert!(format!("{first:?}").contains("Contact"), "the reference is kept: {first:?}");
    for (name, row) in &rows {
        assert_eq!(row, first, "as {name}");
    }
}

/// Every row with the new address or the reference's name, without what must differ: the secret token, random bytes and
/// the request id.
fn rows_about_the_new_invitation(server: &Server) -> Vec<Vec<Cell>> {
    let database = Connection::open_with_flags(server.database_path(), OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    let tables: Vec<String> = database
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY name")
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    let mut found = Vec::new();
    for table in tables.iter().filter(|table| !table.contains("audit")) {
        let mut query = database.prepare(&format!("SELECT * FROM \"{table}\"")).unwrap();
        let names: Vec<String> = query.column_names().map(str::to_owned).collect();
        let mut rows = query.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            let cells: Vec<Cell> = (0..names.len()).map(|column| row.get(column).unwrap()).collect();
            let about = |text: &str| cells.iter().any(|cell| matches!(cell, Cell::Text(held) if held.contains(text)));
            if about("alan@example.test") || about("Contact") {
                let mut kept = vec![Cell::Text(table.clone())];
                kept.extend(
                    cells
                        .into_iter()
                        .zip(&names)
                        .filter(|(cell, name)| {
                            !matches!(cell, Cell::Blob(_)) && !name.contains("token") && !name.contains("request")
                        })
                        .map(|(cell, _)| cell),
                );
                found.push(kept);
            }
        }
    }
    found
}

#[test]
fn the_root_in_the_body_replaces_the_root_in_the_query_string() {
    let server = Server::start_on_file();
    let before = everything(&server);
    let answer = post(&server, "/account_invitations?account_invitation[full_name]=N")
        .json(&json!({"account_invitation": {"email_address": "n@example.test"}}))
        .send()
        .expect(422);
    let errors = answer.errors();
    assert_eq!(errors.len(), 1);
    assert_eq!(errors[0].1.as_deref(), Some("full_name"));
    assert_eq!(everything(&server), before);
}

#[test]
fn a_null_root_in_the_body_hides_the_root_in_the_query_string() {
    let server = Server::start_on_file();
    let answer = post(
        &server,
        "/account_invitations?account_invitation[full_name]=N&account_invitation[email_address]=n@example.test",
    )
    .json(&json!({"account_invitation": null}))
    .send()
    .expect(400);
    assert_eq!(
        answer.text(),
        refusal(
            "syntax",
            "Missing required parameters. Please see our documentation at http://developer.mavenlink.com"
        )
    );
}

#[test]
fn a_form_is_trimmed_and_validated_like_json() {
    let server = Server::start_on_file();
    let answer = post(&server, "/account_invitations")
        .form("account_invitation[email_address]=n@example.test&account_invitation[full_name]=+&account_invitation[headline]=+")
        .send()
        .expect(422);
    let errors = answer.errors();
    assert_eq!((errors.len(), errors[0].3.as_str()), (1, "Full name is required."));
    let answer = post(&server, "/account_invitations")
        .form("account_invitation[email_address]=n@example.test&account_invitation[full_name][]=x")
        .send()
        .expect(422);
    assert_eq!(answer.errors()[0].3, "Full name must be text.");
    let answer = post(&server, "/account_invitations")
        .form("account_invitation[email_address]=n@example.test&account_invitation[full_name]=123")
        .send()
        .expect(200);
    assert_eq!(answer.record()["full_name"], "123", "digits of a form are text");
}

#[test]
fn include_of_a_form_and_of_a_multipart_body_counts() {
    let server = Server::start_on_file();
    let answer = post(&server, "/account_invitations")
        .form("include=invitee&account_invitation[email_address]=m@example.test&account_invitation[full_name]=M")
        .send()
        .expect(200);
    assert_eq!(answer.json()["users"]["23"]["full_name"], "M");
    let answer = post(&server, "/account_invitations")
        .multipart(&[
            ("include", "invitee"),
            ("account_invitation[email_address]", "n@example.test"),
            ("account_invitation[full_name]", "N"),
        ])
        .send()
        .expect(200);
    assert_eq!(answer.json()["users"]["24"]["full_name"], "N");
}

#[test]
fn c13_json_may_begin_with_a_byte_order_mark() {
    let server = Server::start();
    let body = "\u{feff}{\"account_invitation\":{\"full_name\":\"Nia\",\"email_address\":\"nia@example.test\"}}";
    let request = server.post("/account_invitations").bearer(token::ADMINISTRATOR);
    request.body(Some("application/json"), body).send().expect(200);
    let advance = server.request_at_root("POST", "/sandbox/clock/advance");
    advance.body(Some("application/json"), "\u{feff}{\"seconds\":1}").send().expect(200);
}

#[test]
fn c2_a_refused_body_without_a_content_type_says_what_it_was_read_as() {
    let server = Server::start();
    let json = "{\"account_invitation\":{}}";
    let send = |kind: Option<&str>, body: &str| {
        server.post("/account_invitations").bearer(token::ADMINISTRATOR).body(kind, body).send()
    };
    for kind in [None, Some(" ")] {
        let answer = send(kind, json).expect(400);
        assert_eq!(answer.header("invited-read-as"), Some("application/x-www-form-urlencoded"), "{answer}");
        assert!(answer.text().contains("Missing required parameters"), "the vendor's text stays: {answer}");
    }
    for (kind, body, status) in
        [(Some("application/json"), "{", 400), (None, "account_invitation[x]=1", 422), (None, "", 400)]
    {
        assert_eq!(send(kind, body).expect(status).header("invited-read-as"), None, "{body}");
    }
}
