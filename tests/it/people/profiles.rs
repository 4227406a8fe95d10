//! What is known of a person besides name and address: profile, class, last sign-in, and the default picture.

use invited::testing::Seed;
use serde_json::{Value, json};

use crate::support::{Server, token};

const OPTIONAL: &str = "bio,website,city,state,country,abbreviated_timezone,classification,last_site_activity";

/// A seed whose second member has a whole profile, and has signed in two days ago.
fn seeded() -> Server {
    let text = "accounts:\n- name: A\n  members:\n  \
                - {full_name: O, email_address: o@x.test, permission: administrator, token: sandbox-administrator}\n  \
                - {full_name: P, email_address: p@x.test, permission: external_collaborator, token: sandbox-collaborator, \
                bio: \"Two\\nlines\", website: https://x.test, city: Ulm, state: BW, country: Germany, \
                abbreviated_timezone: CET, signed_in_days_ago: 2, can_log_in: true, collaborator_only_license: true}\n";
    Server::start_with_seed(Seed::read(text).unwrap())
}

#[test]
fn a_profile_is_seeded_and_printed_on_request() {
    let server = seeded();
    let user = server.read(&format!("/users/2?optional_fields={OPTIONAL}")).record();
    let names = ["bio", "website", "city", "state", "country", "abbreviated_timezone", "classification"];
    let values = names.map(|name| user[name].clone());
    assert_eq!(values, ["Two\nlines", "https://x.test", "Ulm", "BW", "Germany", "CET", "External"].map(Value::from));
    let owner = server.read(&format!("/users/1?optional_fields={OPTIONAL}")).record();
    assert_eq!((&owner["bio"], &owner["classification"]), (&Value::Null, &json!("Internal")));
    // The vendor's API sets none of it.
    let body = json!({"user": {"bio": "New", "city": "Bonn", "classification": "Internal", "full_name": "Q"}});
    let changed = server.change(&format!("/users/2?optional_fields={OPTIONAL}"), &body).expect(200).record();
    assert_eq!(
        (&changed["bio"], &changed["city"], &changed["full_name"]),
        (&json!("Two\nlines"), &json!("Ulm"), &json!("Q"))
    );
    assert_eq!(changed["classification"], "External", "also in the answer to a write");
}

#[test]
fn the_last_sign_in_is_for_administrators_who_ask_for_their_account() {
    let server = seeded();
    let asked = |bearer: &str, query: &str| {
        let path = format!("/users/2?optional_fields=last_site_activity{query}");
        server.get(&path).bearer(bearer).send().expect(200).record().get("last_site_activity").cloned()
    };
    assert_eq!(asked(token::ADMINISTRATOR, "&on_my_account=true"), Some(json!("2030-12-31T03:04:05Z")));
    assert_eq!(asked(token::ADMINISTRATOR, ""), None);
    assert_eq!(asked(token::ADMINISTRATOR, "&on_my_account=false"), None);
    assert_eq!(asked(token::COLLABORATOR, "&on_my_account=true"), None);
    let list = server.read("/users?on_my_account=true&optional_fields=last_site_activity").json();
    assert_eq!(list["users"]["1"]["last_site_activity"], Value::Null);
}

#[test]
fn whoever_has_no_picture_has_the_default_one_which_is_served() {
    let server = seeded();
    let address = server.read("/users/2").record()["photo_path"].as_str().unwrap().to_owned();
    assert_eq!(address, server.default_photo());
    let path = address.split_once("//").and_then(|(_, rest)| rest.split_once('/')).unwrap().1;
    let picture = server.request_at_root("GET", &format!("/{path}")).send().expect(200);
    assert_eq!(picture.header("content-type"), Some("image/png"));
    assert_eq!(picture.body[..8], *b"\x89PNG\r\n\x1a\n");
    server.request_at_root("GET", "/images/default_profile_photo/other.png").send().expect(404);
    // A picture of this server is below its address, any other one is as it is.
    for (stored, printed) in [
        ("/images/x.jpg", server.default_photo().replace("/images/default_profile_photo/default.png", "/images/x.jpg")),
        ("https://cdn.example.test/1.png", "https://cdn.example.test/1.png".to_owned()),
    ] {
        server.alter_stored(&format!("UPDATE users SET photo_path = '{stored}' WHERE id = 2"));
        assert_eq!(server.read("/users/2").record()["photo_path"], printed);
        let included = server.read("/account_memberships?by_user_id=2&include=user");
        assert_eq!(included.json()["users"]["2"]["photo_path"], printed, "also where it is included");
    }
}
