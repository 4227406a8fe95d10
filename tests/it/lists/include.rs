//! Included associations, and optional fields.

use serde_json::json;

use crate::support::ordered_json;
use crate::support::{Answer, Server, token};

/// The keys of the envelope after `meta`.
#[track_caller]
pub(crate) fn included(answer: &Answer) -> Vec<String> {
    let body = ordered_json::read(answer.text()).unwrap();
    body.keys()[4..].iter().map(|key| (*key).to_owned()).collect()
}

/// The ids of an included map, in numeric order.
#[track_caller]
pub(crate) fn ids_of(answer: &Answer, class: &str) -> Vec<u64> {
    let json = answer.json();
    let Some(map) = json[class].as_object() else { panic!("missing {class}: {answer}") };
    let mut ids: Vec<u64> = map.keys().map(|id| id.parse().unwrap()).collect();
    ids.sort_unstable();
    ids
}

#[test]
fn b8_include_brings_the_associated_records() {
    let server = Server::start();
    let answer = server.list("include=default_role,invitee,inviter");
    assert_eq!(included(&answer), ["roles", "users"]);
    assert_eq!(ids_of(&answer, "users"), [2, 5, 11, 12, 13]);
    assert_eq!(ids_of(&answer, "roles"), [101, 104]);
    assert_eq!(ids_of(&server.list("include=inviter"), "users"), [2, 5]);
    assert_eq!(ids_of(&server.list("include=invitee&only=2"), "users"), [12]);
    // Only records that the page refers to.
    assert_eq!(ids_of(&server.list("include=inviter&per_page=1"), "users"), [5]);
}

#[test]
fn b8_include_works_on_every_answer_with_a_record() {
    let server = Server::start();
    let everything = "include=default_role,invitee,inviter";
    let person = json!({"account_invitation": {
        "full_name": "New", "email_address": "new@example.test", "default_role_id": 103,
    }});
    for (request, role) in [
        (server.get(&format!("/account_invitations/2?{everything}")), 101),
        (server.put(&format!("/account_invitations/2?{everything}")).json(&json!({"account_invitation": {}})), 101),
        (server.put(&format!("/account_invitations/2/resend?{everything}")), 101),
        (server.post(&format!("/account_invitations?{everything}")).json(&person), 103),
    ] {
        let answer = request.bearer(token::ADMINISTRATOR).send().expect(200);
        assert_eq!(ids_of(&answer, "roles"), [role], "{answer}");
        let invitee = answer.record()["invitee_id"].as_str().unwrap().parse().unwrap();
        assert_eq!(ids_of(&answer, "users"), [2, invitee], "{answer}");
    }
}

#[test]
fn b8_include_in_the_body_wins() {
    let server = Server::start();
    let change = json!({"account_invitation": {}, "include": "default_role"});
    let answer = server.put("/account_invitations/2?include=inviter").bearer(token::ADMINISTRATOR).json(&change).send();
    assert_eq!(included(&answer.expect(200)), ["roles"]);
    let form = "include=invitee&account_invitation[billability_target]=5";
    let answer = server.put("/account_invitations/2").bearer(token::ADMINISTRATOR).form(form).send().expect(200);
    assert_eq!(ids_of(&answer, "users"), [12]);
    let answer =
        server.put("/account_invitations/2/resend").bearer(token::ADMINISTRATOR).form("include=invitee").send();
    assert_eq!(ids_of(&answer.expect(200), "users"), [12]);
    let people = json!({
        "include": ["inviter", "default_role"],
        "account_invitations": [
            {"full_name": "One", "email_address": "one@example.test", "default_role_id": 102},
            {"full_name": "Two", "email_address": "two@example.test"},
        ],
    });
    let answer = server.post("/account_invitations").bearer(token::ADMINISTRATOR).json(&people).send().expect(200);
    assert_eq!((ids_of(&answer, "users"), ids_of(&answer, "roles")), (vec![2], vec![102]));
}

#[test]
fn b8_pieces_are_not_trimmed_and_unknown_ones_ignored() {
    let server = Server::start();
    for (include, classes) in [
        ("", vec![]),
        (",", vec![]),
        ("nonsense", vec![]),
        ("users", vec![]),
        ("Inviter", vec![]),
        ("inviter;default_role", vec![]),
        ("nonsense,inviter", vec!["users"]),
        ("inviter,%20default_role", vec!["users"]),
        ("%20inviter,default_role", vec!["roles"]),
        ("inviter,inviter", vec!["users"]),
        ("inviter.default_role", vec![]),
    ] {
        assert_eq!(included(&server.list(&format!("include={include}"))), classes, "include={include}");
    }
}

#[test]
fn b8_include_may_be_an_array_but_nothing_else() {
    let server = Server::start();
    assert_eq!(included(&server.list("include[]=default_role&include[]=inviter")), ["roles", "users"]);
    assert_eq!(included(&server.list("include[x]=inviter")), Vec::<String>::new());
    assert_eq!(included(&server.list("include")), Vec::<String>::new());
    for value in [json!(5), json!(null), json!(true), json!({"a": "inviter"}), json!([5])] {
        let body = json!({"account_invitation": {}, "include": value});
        let answer = server.put("/account_invitations/2").bearer(token::ADMINISTRATOR).json(&body).send().expect(200);
        assert_eq!(included(&answer), Vec::<String>::new(), "{value}");
    }
}

#[test]
fn b8_a_requested_map_is_there_even_when_empty() {
    let server = Server::start();
    assert_eq!(server.list("only=1&include=default_role").json()["roles"], json!({}));
    let none = server.list("by_full_name=nobody&include=default_role,inviter");
    assert_eq!(included(&none), ["roles", "users"]);
    assert_eq!((&none.json()["roles"], &none.json()["users"]), (&json!({}), &json!({})));
    assert_eq!(included(&server.list("only=1")), Vec::<String>::new());
}

#[test]
fn b9_optional_fields_that_do_not_exist_are_ignored() {
    let server = Server::start();
    let plain = server.list("include=invitee").text().to_owned();
    for query in
        ["optional_fields=bio", "optional_fields=%20bio%20,nonsense", "optional_fields[]=bio", "optional_fields"]
    {
        assert_eq!(server.list(&format!("include=invitee&{query}")).text(), plain, "{query}");
    }
}

#[test]
fn d1_included_maps_are_in_the_order_of_their_first_mention() {
    let server = Server::start();
    for (include, classes) in [
        ("default_role,invitee,inviter", ["roles", "users"]),
        ("invitee,default_role,inviter", ["users", "roles"]),
        ("inviter,invitee,default_role", ["users", "roles"]),
        ("nonsense,default_role,inviter", ["roles", "users"]),
    ] {
        assert_eq!(included(&server.list(&format!("include={include}"))), classes, "include={include}");
    }
}

#[test]
fn d6_deleted_roles_and_inactive_users_are_side_loaded() {
    let server = Server::start();
    let answer = server.list("only=3&include=default_role,invitee");
    let role = &answer.json()["roles"]["104"];
    assert_eq!(role["name"], "Retired");
    assert!(role["deleted_at"].is_string(), "{answer}");
    assert_eq!(
        answer.json()["users"]["13"],
        json!({
            "full_name": "Edsger Expired", "photo_path": server.default_photo(), "email_address": "edsger@example.com",
            "headline": null, "id": "13",
        })
    );
}

#[test]
fn e12_of_two_includes_the_last_one_wins() {
    let server = Server::start();
    assert_eq!(included(&server.list("include=inviter&include=default_role")), ["roles"]);
    assert_eq!(included(&server.list("include=inviter&include=")), Vec::<String>::new());
}
