//! JSON, nested forms, multipart and query strings mean the same, and combine as in Rails.

use serde_json::json;

use crate::exact::{Invitation, put_json, refusal, shown};
use crate::support::client::Request;
use crate::support::{Answer, Server, token};

/// The invitation after each of the updates below.
fn changed(server: &Server) -> Invitation {
    Invitation {
        permission: "collaborator",
        bill_rate: Some(12_345),
        cost_rate: None,
        target: Some(30),
        role: Some(102),
        ..Invitation::grace(server)
    }
}

const PAIRS: [(&str, &str); 5] = [
    ("account_invitation[permission]", "collaborator"),
    ("account_invitation[bill_rate_in_cents]", "12345"),
    ("account_invitation[cost_rate_in_cents]", ""),
    ("account_invitation[billability_target]", "-30"),
    ("account_invitation[default_role_id]", "102"),
];

fn urlencoded() -> String {
    PAIRS.map(|(key, value)| format!("{key}={value}")).join("&")
}

fn put(server: &Server, path: &str) -> Request {
    server.put(path).bearer(token::ADMINISTRATOR)
}

#[test]
fn the_same_update_has_the_same_effect_in_every_encoding() {
    type Send = fn(&Server) -> Answer;
    let encodings: [(&str, Send); 7] = [
        ("JSON", |server| {
            put(server, "/account_invitations/2")
                .json(&json!({"account_invitation": {
                    "permission": "collaborator",
                    "bill_rate_in_cents": 12_345,
                    "cost_rate_in_cents": null,
                    "billability_target": -30,
                    "default_role_id": 102,
                }}))
                .send()
        }),
        ("form", |server| put(server, "/account_invitations/2").form(&urlencoded()).send()),
        ("form with encoded brackets", |server| {
            let text = urlencoded().replace('[', "%5B").replace(']', "%5d");
            put(server, "/account_invitations/2").form(&text).send()
        }),
        ("form without a type", |server| {
            put(server, "/account_invitations/2").body(None, urlencoded().as_bytes()).send()
        }),
        ("multipart", |server| put(server, "/account_invitations/2").multipart(&PAIRS).send()),
        ("query string", |server| put(server, &format!("/account_invitations/2?{}", urlencoded())).send()),
        ("query string with an empty body of some type", |server| {
            put(server, &format!("/account_invitations/2?{}", urlencoded())).body(Some("text/plain"), b"").send()
        }),
    ];
    for (name, send) in encodings {
        let server = Server::start();
        let expected = changed(&server);
        assert_eq!(send(&server).expect(200).text(), expected.body(), "as {name}");
        assert_eq!(shown(&server, 2), expected.value(), "as {name}");
    }
}

#[test]
fn case_and_parameters_of_the_media_type_do_not_matter() {
    let server = Server::start();
    for (kind, body) in [
        ("application/json; charset=utf-8", r#"{"account_invitation":{"billability_target":1}}"#),
        ("Application/JSON", r#"{"account_invitation":{"billability_target":1}}"#),
        ("application/json ;q=1", r#"{"account_invitation":{"billability_target":1}}"#),
        ("application/x-www-form-urlencoded; charset=UTF-8", "account_invitation[billability_target]=1"),
        ("APPLICATION/X-WWW-FORM-URLENCODED", "account_invitation[billability_target]=1"),
    ] {
        let answer = put(&server, "/account_invitations/2").body(Some(kind), body.as_bytes()).send().expect(200);
        assert_eq!(answer.json()["account_invitations"]["2"]["billability_target"], 1, "for {kind}");
    }
}

#[test]
fn any_other_media_type_is_refused() {
    let server = Server::start();
    let message = concat!(
        "The content type is not supported. Use application/json, application/x-www-form-urlencoded ",
        "or multipart/form-data."
    );
    for kind in ["text/plain", "application/xml", "text/json", "application/vnd.api+json", "application/jsonx", "json"]
    {
        let body = r#"{"account_invitation":{"billability_target":1}}"#;
        let answer = put(&server, "/account_invitations/2").body(Some(kind), body.as_bytes()).send().expect(415);
        assert_eq!(answer.text(), refusal("syntax", message), "for {kind}");
    }
    assert_eq!(shown(&server, 2)["billability_target"], 75);
}

#[test]
fn the_root_in_the_body_replaces_the_root_in_the_query_string() {
    let server = Server::start();
    let grace = Invitation { bill_rate: Some(1), ..Invitation::grace(&server) };
    let answer = put_json(
        &server,
        "/account_invitations/2?account_invitation[permission]=collaborator&account_invitation[billability_target]=5",
        token::ADMINISTRATOR,
        r#"{"account_invitation":{"bill_rate_in_cents":1}}"#,
    )
    .expect(200);
    assert_eq!(answer.text(), grace.body());
}

#[test]
fn other_roots_in_the_query_string_are_kept() {
    let server = Server::start();
    let answer = put_json(
        &server,
        "/account_invitations/1?include=default_role&account_invitation[permission]=collaborator",
        token::ADMINISTRATOR,
        r#"{"only":"","filters":{},"optional_fields":[]}"#,
    )
    .expect(200);
    let ada = Invitation { permission: "collaborator", ..Invitation::ada(&server) };
    assert_eq!(answer.text(), format!(r#"{},"roles":{{}}}}"#, ada.body().strip_suffix('}').unwrap()));
}

#[test]
fn include_in_the_body_wins_over_the_query_string() {
    let server = Server::start();
    let has = |answer: &Answer| {
        let body = answer.json();
        (body.get("users").is_some(), body.get("roles").is_some())
    };
    for (path, body, expected) in [
        ("/account_invitations/2", r#"{"account_invitation":{},"include":"inviter"}"#, (true, false)),
        ("/account_invitations/2", r#"{"account_invitation":{},"include":"default_role,invitee"}"#, (true, true)),
        ("/account_invitations/2", r#"{"account_invitation":{},"include":["default_role","inviter"]}"#, (true, true)),
        (
            "/account_invitations/2?include=inviter",
            r#"{"account_invitation":{},"include":"default_role"}"#,
            (false, true),
        ),
        ("/account_invitations/2", r#"{"account_invitation":{},"include":5}"#, (false, false)),
        ("/account_invitations/2", r#"{"account_invitation":{},"include":{"a":"inviter"}}"#, (false, false)),
        ("/account_invitations/2", r#"{"account_invitation":{},"include":null}"#, (false, false)),
        ("/account_invitations/2", r#"{"account_invitation":{},"include":""}"#, (false, false)),
        ("/account_invitations/2?include=inviter&include=default_role", r#"{"account_invitation":{}}"#, (false, true)),
        (
            "/account_invitations/2?include[]=inviter&include[]=default_role",
            r#"{"account_invitation":{}}"#,
            (true, true),
        ),
    ] {
        let answer = put_json(&server, path, token::ADMINISTRATOR, body).expect(200);
        assert_eq!(has(&answer), expected, "for {path} with {body}");
    }
    let answer = put(&server, "/account_invitations/2")
        .form("account_invitation[billability_target]=5&include[]=inviter&include[]=default_role")
        .send()
        .expect(200);
    assert_eq!(has(&answer), (true, true));
}

#[test]
fn only_page_and_order_are_ignored_for_a_single_record() {
    let server = Server::start();
    let grace = Invitation::grace(&server);
    for path in [
        "/account_invitations/2?only=1",
        "/account_invitations/2?only=",
        "/account_invitations/2?only[]=1&order[]=x&page[y]=2",
        "/account_invitations/2?page=7&per_page=3",
        "/account_invitations/2?limit=1&offset=5",
        "/account_invitations/2?only_pending=true&by_full_name=zzz&search=zzz",
        "/account_invitations/2?unknown=1&foo[bar][]=2&&",
    ] {
        let answer = put_json(&server, path, token::ADMINISTRATOR, r#"{"account_invitation":{}}"#).expect(200);
        assert_eq!(answer.text(), grace.body(), "for {path}");
    }
    let body = r#"{"account_invitation":{},"only":"1","page":3,"order":["x"]}"#;
    let answer = put_json(&server, "/account_invitations/2", token::ADMINISTRATOR, body).expect(200);
    assert_eq!(answer.text(), grace.body());
}

#[test]
fn a_bare_key_and_an_empty_value_of_a_form_are_null() {
    let server = Server::start();
    let grace = Invitation { cost_rate: None, bill_rate: None, ..Invitation::grace(&server) };
    let answer = put(&server, "/account_invitations/2")
        .form("account_invitation[cost_rate_in_cents]&account_invitation[bill_rate_in_cents]=")
        .send()
        .expect(200);
    assert_eq!(answer.text(), grace.body());
}

#[test]
fn a_form_whose_root_is_not_an_object_is_refused() {
    let server = Server::start();
    let missing = "Missing required parameters. Please see our documentation at http://developer.mavenlink.com";
    for (form, message) in [
        ("account_invitation", missing),
        ("permission=collaborator", missing),
        ("account_invitation=x", "account_invitation must be an object."),
        ("account_invitation[]=x", "account_invitation must be an object."),
        ("account_invitation[permission]=collaborator&account_invitation=x", "account_invitation must be an object."),
    ] {
        let answer = put(&server, "/account_invitations/2").form(form).send().expect(400);
        assert_eq!(answer.text(), refusal("syntax", message), "for {form}");
    }
    assert_eq!(shown(&server, 2)["permission"], "project_lead");
}

#[test]
fn the_last_of_two_equal_keys_wins_in_every_encoding() {
    let server = Server::start();
    let target = |answer: Answer| answer.expect(200).json()["account_invitations"]["2"]["billability_target"].clone();
    let json = r#"{"account_invitation":{"billability_target":1,"billability_target":2}}"#;
    assert_eq!(target(put_json(&server, "/account_invitations/2", token::ADMINISTRATOR, json)), 2);
    let json = r#"{"account_invitation":{"billability_target":1},"account_invitation":{"billability_target":3}}"#;
    assert_eq!(target(put_json(&server, "/account_invitations/2", token::ADMINISTRATOR, json)), 3);
    let key = "account_invitation[billability_target]";
    let form = format!("{key}=1&{key}=4");
    assert_eq!(target(put(&server, "/account_invitations/2").form(&form).send()), 4);
    assert_eq!(target(put(&server, "/account_invitations/2").multipart(&[(key, "1"), (key, "5")]).send()), 5);
    assert_eq!(target(put(&server, &format!("/account_invitations/2?{key}=1&{key}=6")).send()), 6);
}

#[test]
fn a_form_encodes_blanks_as_plus_or_percent_twenty() {
    let server = Server::start();
    for form in ["account_invitation[billability_target]=+50+", "account_invitation[billability_target]=%2050%20"] {
        let answer = put(&server, "/account_invitations/2").form(form).send().expect(200);
        assert_eq!(answer.json()["account_invitations"]["2"]["billability_target"], 50);
    }
}

#[test]
fn no_accept_header_is_refused() {
    let server = Server::start();
    for accept in ["text/html", "application/xml;q=1, */*;q=0", "nonsense", "image/*"] {
        put(&server, "/account_invitations/2")
            .header("accept", accept)
            .json(&json!({"account_invitation": {}}))
            .send()
            .expect(200);
    }
}

#[test]
fn the_method_cannot_be_overridden() {
    let server = Server::start();
    let answer = server
        .post("/account_invitations/2")
        .bearer(token::ADMINISTRATOR)
        .header("x-http-method-override", "PUT")
        .form("_method=put&account_invitation[permission]=collaborator")
        .send()
        .expect(404);
    assert_eq!(answer.text(), refusal("system", "Not found"));
    assert_eq!(shown(&server, 2)["permission"], "project_lead");
}
