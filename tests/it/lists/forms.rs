//! The forms in which clients send the values of filters (B10, B6, C14), in addresses and in bodies.

use serde_json::{Value, json};

use crate::support::{Answer, Server, token};

/// The list filters of ids and texts, two values each, and the records that they find.
const LISTS: [(&str, &str, [&str; 2], &[&str]); 4] = [
    ("/users", "with_users", ["5", "6"], &["6", "5"]),
    ("/users", "by_email_addresses", ["lead@example.com", "Creator@example.com"], &[]),
    ("/account_memberships", "with_user_ids", ["5", "6"], &["206", "205"]),
    ("/account_invitations", "only", ["1", "2"], &["2", "1"]),
];

fn ask(server: &Server, path: &str, query: &str) -> Answer {
    server.get(&format!("{path}?show_disabled=true&{query}")).bearer(token::ADMINISTRATOR).send()
}

fn ask_in_body(server: &Server, path: &str, body: &Value) -> Answer {
    server.get(path).bearer(token::ADMINISTRATOR).json(body).send()
}

/// The answer to commas is the measure of all other forms.
#[test]
fn a_list_is_read_in_every_form_in_which_clients_send_it() {
    let server = Server::start();
    let addresses: Vec<String> = ["5", "6"]
        .map(|id| server.read(&format!("/users/{id}")).json()["users"][id]["email_address"].to_string())
        .into();
    let addresses: Vec<&str> = addresses.iter().map(|address| address.trim_matches('"')).collect();
    for (path, name, values, expected) in LISTS {
        let [first, second] = if name == "by_email_addresses" { [addresses[0], addresses[1]] } else { values };
        let by_commas = ask(&server, path, &format!("{name}={first},{second}")).expect(200);
        assert_eq!(by_commas.ids().len(), 2, "{path} {name}");
        if !expected.is_empty() {
            assert_eq!(by_commas.ids(), expected, "{path} {name}");
        }
        for query in [
            format!("{name}[]={first}&{name}[]={second}"),
            format!("{name}%5B%5D={first}&{name}%5B%5D={second}"),
            format!("{name}[0]={first}&{name}[1]={second}"),
            format!("{name}[7]={first}&{name}[03]={second}"),
            format!("{name}[]={first}&{name}[]=&{name}[]={second}&{name}[]"),
        ] {
            assert_eq!(ask(&server, path, &query).expect(200).ids(), by_commas.ids(), "{path} {query}");
        }
        let number = |text: &str| text.parse::<u64>().map_or_else(|_| json!(text), Value::from);
        for list in [
            json!([first, second]),
            json!([number(first), number(second)]),
            json!([first, null, "", second]),
            json!({"0": first, "1": second}),
            json!(format!("{first},{second}")),
        ] {
            let found = ask_in_body(&server, path, &json!({ name: list })).expect(200);
            assert_eq!(found.ids(), by_commas.ids(), "{path} {name} {list}");
        }
    }
}

/// A script that acts on the first result acts on the wrong person if an unread filter lets everybody pass.
#[test]
fn what_cannot_be_read_matches_nothing_and_is_named_in_strict_mode() {
    let server = Server::start();
    for (path, query) in [
        ("/users", "with_users[]=abc"),
        ("/users", "with_users[a]=5"),
        ("/users", "with_users[][id]=5"),
        ("/users", "without_users[]=abc"),
        ("/users", "without_users=abc"),
        ("/users", "account_role_ids[x]=1"),
        ("/users", "by_email_addresses[x]=1"),
        ("/users", "by_email_address[]=lead@example.com"),
        ("/users", "by_full_name[]=a"),
        ("/users", "account_id[]=1"),
        ("/users", "managers[]=true"),
        ("/users", "external_reference_service_model_refs[x]=1"),
        ("/users", "external_reference_service_name[]=hr"),
        ("/users", "without_external_reference_service_name[]=hr"),
        ("/users", "created_after[]=2000-01-01"),
        ("/users", "search[]=a"),
        ("/users", "only[a]=5"),
        ("/account_memberships", "with_user_ids[a]=5"),
        ("/account_memberships", "only_active[]=true"),
        ("/account_invitations", "by_full_name[0]=a"),
        ("/roles", "matching[]=a"),
    ] {
        assert!(ask(&server, path, query).expect(200).ids().is_empty(), "{path}?{query}");
        let name = query.split(['[', '=']).next().unwrap();
        let strict = server.get(&format!("{path}?{query}")).bearer(token::ADMINISTRATOR);
        let refused = strict.header("Invited-Strict", "true").send().expect(400);
        assert!(refused.text().contains(&format!("Strict mode: unreadable parameter {name}.")), "{refused}");
    }
}

#[test]
fn a_list_that_can_be_read_in_part_counts_for_that_part_and_not_in_strict_mode() {
    let server = Server::start();
    for query in ["with_users=5,abc", "with_users[]=5&with_users[]=abc", "with_users=5, 6"] {
        let query = query.replace(' ', "%20");
        assert_eq!(ask(&server, "/users", &query).expect(200).ids(), ["5"], "{query}");
        let strict = server.get(&format!("/users?{query}")).bearer(token::ADMINISTRATOR);
        strict.header("Invited-Strict", "true").send().expect(400);
    }
}

#[test]
fn an_empty_list_finds_nothing_and_excludes_nothing() {
    let server = Server::start();
    for query in ["with_users[]=", "with_users[]"] {
        assert!(ask(&server, "/users", query).expect(200).ids().is_empty(), "{query}");
    }
    assert!(ask_in_body(&server, "/users", &json!({"with_users": []})).expect(200).ids().is_empty());
    let everybody = server.read("/users").ids();
    assert_eq!(ask_in_body(&server, "/users", &json!({"without_users": []})).expect(200).ids(), everybody);
}

/// As Rack has it (C12).
#[test]
fn a_repeated_key_keeps_its_last_value_and_is_named_in_strict_mode() {
    let server = Server::start();
    let query = "with_users=5&with_users=6";
    assert_eq!(ask(&server, "/users", query).expect(200).ids(), ["6"]);
    let strict = server.get(&format!("/users?{query}")).bearer(token::ADMINISTRATOR).header("Invited-Strict", "true");
    assert!(strict.send().expect(400).text().contains("Strict mode: repeated parameter with_users."));
    let body = r#"{"account_membership":{"permission":"collaborator","permission":"project_lead"}}"#;
    let stored = server.everything_stored();
    let strict = server.put("/account_memberships/206").bearer(token::ADMINISTRATOR).header("Invited-Strict", "true");
    let refused = strict.body(Some("application/json"), body).send().expect(400);
    assert!(refused.text().contains("Strict mode: repeated parameter permission."), "{refused}");
    assert_eq!(server.everything_stored(), stored);
}

/// The vendor's clients send long lists of addresses in the body of a GET.
#[test]
fn a_list_takes_its_parameters_from_a_body_which_wins() {
    let server = Server::start();
    let body = json!({"with_users": [5, 6], "per_page": 1, "page": 2, "include": ["role"]});
    let answer = ask_in_body(&server, "/users?with_users=7", &body).expect(200);
    assert_eq!((answer.json()["count"].clone(), answer.ids()), (json!(2), vec!["5".to_owned()]));
    let form = server.get("/users").bearer(token::ADMINISTRATOR);
    let form = form.body(Some("application/x-www-form-urlencoded"), "with_users[]=5&with_users[]=6").send().expect(200);
    assert_eq!(form.ids(), ["6", "5"]);
    let many: Vec<String> = (0..201).map(|number| format!("{number}@example.com")).collect();
    let refused = ask_in_body(&server, "/users", &json!({"by_email_addresses": many})).expect(400);
    assert!(refused.text().contains("by_email_addresses must not list more than 200 texts."), "{refused}");
    let refused =
        server.get("/users").bearer(token::ADMINISTRATOR).body(Some("application/json"), "{").send().expect(400);
    assert!(refused.text().contains("The request body is not valid JSON."), "{refused}");
    server.get("/users").bearer(token::ADMINISTRATOR).body(Some("text/plain"), "x").send().expect(415);
    // Shows do not read theirs.
    server.get("/users/5").bearer(token::ADMINISTRATOR).body(Some("text/plain"), "x").send().expect(200);
}
