//! `Invited-Strict: true`: ignored input becomes an error that names it.

use serde_json::json;

use crate::coverage::EXAMPLES;
use crate::support::client::{ErrorEntry, Request};
use crate::support::{Server, token};

fn strict(request: Request) -> Request {
    request.bearer(token::ADMINISTRATOR).header("Invited-Strict", "true")
}

fn syntax(message: &str) -> Vec<ErrorEntry> {
    vec![("syntax".to_owned(), None, None, format!("Strict mode: {message}"))]
}

fn ignored(field: &str, message: &str) -> ErrorEntry {
    ("validation".to_owned(), Some(field.to_owned()), Some(0), message.to_owned())
}

#[test]
fn every_operation_works_in_strict_mode_when_everything_in_it_counts() {
    for example in EXAMPLES {
        let server = Server::start();
        strict(example.request(&server, example.subject.own)).send().expect(example.success);
    }
}

#[test]
fn an_unknown_parameter_is_named_by_every_operation() {
    for example in EXAMPLES {
        let server = Server::start();
        let stored = server.everything_stored();
        let request = example.bare(&server, example.subject.own, "?only_pendng=false&colour=red&empty=");
        let request = example.filled(request);
        let answer = strict(request.clone()).send().expect(400);
        assert_eq!(answer.errors(), syntax("unknown parameters colour, only_pendng."), "{:?}", example.operation);
        assert_eq!(server.everything_stored(), stored, "{:?}", example.operation);
        request.bearer(token::ADMINISTRATOR).header("Invited-Strict", "false").send().expect(example.success);
    }
}

#[test]
fn names_inside_include_optional_fields_and_order_are_checked_too() {
    let server = Server::start();
    for (path, message) in [
        ("/account_invitations?include=inviter,invitr", "unknown include invitr."),
        ("/users?optional_fields=bio,biography,city", "unknown optional field biography."),
        ("/users/me?optional_fields=full_name", "unknown optional field full_name."),
        ("/account_memberships?order=name:asc", "unknown order name:asc."),
        ("/account_memberships/206?only=1", "unknown parameter only."),
        ("/account_memberships/206?by_user_id=6", "unknown parameter by_user_id."),
        ("/roles?search=x", "unknown parameter search."),
        ("/users/me?show_disabled=true", "unknown parameter show_disabled."),
    ] {
        assert_eq!(strict(server.get(path)).send().expect(400).errors(), syntax(message), "{path}");
        server.get(path).bearer(token::ADMINISTRATOR).send().expect(200);
    }
    for path in [
        "/account_invitations?include=inviter,invitee&order=created_at:desc&only_pending=&per_page=5&page=1&search=a",
        "/account_memberships/206?only_active=false&include=user&optional_fields=can_log_in&apply_default_filters=true",
        "/users?limit=1&offset=1&show_disabled=true&external_reference_service_name=hr",
    ] {
        strict(server.get(path)).send().expect(200);
    }
}

#[test]
fn ignored_attributes_are_named_with_the_reason() {
    let server = Server::start();
    let stored = server.everything_stored();
    let body = json!({"account_invitation": {
        "billability_target": 5, "nickname": "Ann", "pending": false, "full_name": "New", "id": "1",
    }});
    let answer = strict(server.put("/account_invitations/1").json(&body)).send().expect(422);
    assert_eq!(
        answer.errors(),
        [
            ignored("full_name", "Full name is ignored: it cannot be set here."),
            ignored("id", "Id is ignored: it cannot be set here."),
            ignored("nickname", "Nickname is ignored: there is no such attribute."),
            ignored("pending", "Pending is ignored: it cannot be set here."),
        ]
    );
    assert_eq!(server.everything_stored(), stored);
    server.put("/account_invitations/1").bearer(token::ADMINISTRATOR).json(&body).send().expect(200);
}

#[test]
fn attributes_above_the_callers_level_are_named_too() {
    let server = Server::start();
    let body = json!({"account_invitation": {"bill_rate_in_cents": 5, "cost_rate_in_cents": 5}});
    let put = server.put("/account_invitations/3").bearer(token::PROJECT_LEAD).json(&body);
    let answer = put.header("Invited-Strict", "true").send().expect(422);
    assert_eq!(answer.errors(), [ignored("cost_rate_in_cents", "Cost rate in cents is ignored: you may not set it.")]);
}

#[test]
fn each_element_of_a_bulk_is_checked() {
    let server = Server::start();
    let person = |name: &str| json!({"full_name": name, "email_address": format!("{name}@example.test")});
    let mut second = person("bea");
    second["shoe_size"] = json!(38);
    let body = json!({"account_invitations": [person("ann"), second]});
    let answer = strict(server.post("/account_invitations").json(&body)).send().expect(422);
    let mut due = ignored("shoe_size", "Shoe size is ignored: there is no such attribute.");
    due.2 = Some(1);
    assert_eq!(answer.errors(), [due]);
}
