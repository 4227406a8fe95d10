//! Filters of invitations that the vendor does not have: by state, by invitee, by id, and by the invitee's references.
//! In the standard seed, invitation 1 is pending, 2 too, 3 is expired, 4 accepted; which is declined depends on the
//! test.

use serde_json::json;

use crate::support::{Server, token};

#[test]
fn every_invitation_is_in_exactly_one_state() {
    let server = Server::start();
    let declined = server.invite_named(&["Dora"]).remove(0);
    let link = server.handed_over(&declined);
    server.reply("decline", &json!({"token": link})).expect(204);
    let of = |state: &str| {
        let mut ids = server.ids_at(&format!("/account_invitations?state={state}&per_page=200"));
        ids.sort_by_key(|id| id.parse::<i64>().unwrap());
        ids
    };
    let states = ["pending", "expired", "declined", "accepted"];
    let [pending, expired, refused, accepted] = states.map(of);
    assert_eq!((&expired, &refused), (&vec!["3".to_owned()], &vec![declined.clone()]));
    assert!(pending.contains(&"1".to_owned()) && accepted.contains(&"4".to_owned()));
    let mut all = server.ids_at("/account_invitations?only_pending=false&per_page=200");
    all.sort_by_key(|id| id.parse::<i64>().unwrap());
    let mut together = [pending.clone(), expired, refused, accepted].concat();
    together.sort_by_key(|id| id.parse::<i64>().unwrap());
    assert_eq!(together, all);
    // Several at once, in every form of a list, and beside the vendor's own filter.
    assert_eq!(of("accepted,declined").len(), 2);
    assert_eq!(server.ids_at("/account_invitations?state[]=declined&state[]=expired").len(), 2);
    assert_eq!(of("accepted&only_pending=true").len(), 0);
    // A year later, nothing is pending any more.
    server.advance_seconds(366 * 86_400);
    assert_eq!(of("pending"), [""; 0]);
    assert_eq!(of("expired").len(), pending.len() + 1);
    let list = server.read("/account_invitations?state=expired&per_page=1").json();
    assert_eq!(list["count"], pending.len() + 1);
}

#[test]
fn a_state_that_is_none_finds_nothing_and_is_refused_in_strict_mode() {
    let server = Server::start();
    for state in ["open", "PENDING", "[1]", "pending;", "{today}", "'"] {
        assert_eq!(server.ids_at(&format!("/account_invitations?state={state}")), [""; 0], "{state}");
        let strict = server.get(&format!("/account_invitations?state={state}")).header("Invited-Strict", "true");
        strict.bearer(token::ADMINISTRATOR).send().expect(400);
    }
    // A blank one is absent.
    assert!(!server.ids_at("/account_invitations?state=").is_empty());
}

#[test]
fn invitations_are_found_by_invitee_and_by_id() {
    let server = Server::start();
    let invitee = server.show("1").record()["invitee_id"].as_str().unwrap().to_owned();
    assert_eq!(server.ids_at(&format!("/account_invitations?invitee_id={invitee}")), ["1"]);
    assert_eq!(server.ids_at("/account_invitations?invitee_id=999"), [""; 0]);
    let mut found = server.ids_at("/account_invitations?with_ids=1,3,4,5&only_pending=false");
    found.sort();
    assert_eq!(found, ["1", "3", "4"], "5 is another account's");
    assert_eq!(server.ids_at("/account_invitations?with_ids[]=1&with_ids[]=3&per_page=1").len(), 1);
}

#[test]
fn invitations_are_found_by_the_references_of_their_invitees() {
    let server = Server::start();
    let reference =
        |number: &str| json!({"service_name": "hr", "service_model": "Employee", "service_model_ref": number});
    let invite = |name: &str, number: &str| {
        server.invite(&json!({
            "full_name": name, "email_address": format!("{name}@example.test"), "external_reference": reference(number),
        }))
    };
    let [one, two] = [invite("ann", "E-1"), invite("bob", "E-2")];
    let total = server.list("").json()["count"].as_i64().unwrap();
    for (query, expected) in [
        ("external_reference_service_model_ref=E-1", vec![&one]),
        ("external_reference_service_model_refs=E-1,E-2", vec![&one, &two]),
        ("external_reference_service_name=hr&external_reference_service_model_ref=E-2", vec![&two]),
        ("external_reference_service_name=crm&external_reference_service_model_ref=E-2", vec![]),
        ("has_external_references=true", vec![&one, &two]),
        ("external_reference_service_model=Employee", vec![&one, &two]),
    ] {
        assert_eq!(server.list(query).ids().iter().collect::<Vec<_>>(), expected, "{query}");
    }
    let unlinked = server.list("without_external_reference_service_name=hr").json()["count"].as_i64();
    assert_eq!(unlinked, Some(total - 2));
}

#[test]
fn who_is_already_invited_is_named_by_the_invitation_in_the_way() {
    let server = Server::start();
    let person = |address: &str| json!({"full_name": "Twice", "email_address": address});
    let post =
        |body: &serde_json::Value, bearer: &str| server.post("/account_invitations").bearer(bearer).json(body).send();
    let id = server.invite(&person("twice@example.test"));
    let existing = |answer: &crate::support::Answer| answer.header("invited-existing").map(str::to_owned);
    let again = json!({"account_invitation": person("TWICE@example.test")});
    let refused = post(&again, token::PROJECT_LEAD).expect(422);
    assert_eq!(existing(&refused), Some(format!("0={id}")));
    let bulk = json!({"account_invitations": [
        person("new@example.test"), person("twice@example.test"), person("owner@example.com"), person("ada@example.com"),
    ]});
    let refused = post(&bulk, token::ADMINISTRATOR).expect(422);
    assert_eq!(existing(&refused), Some(format!("1={id}, 3=1")));
    // A member is in the way by no invitation, and an invitation elsewhere is in nobody's way.
    assert_eq!(existing(&post(&json!({"account_invitation": person("owner@example.com")}), token::OWNER)), None);
    let elsewhere = post(&again, token::OTHER_ADMINISTRATOR).expect(200);
    assert_eq!(existing(&elsewhere), None);
    let rehearsed = server.post("/account_invitations").bearer(token::OWNER).json(&again);
    let rehearsed = rehearsed.header("Invited-Dry-Run", "true").send().expect(422);
    assert_eq!(existing(&rehearsed), Some(format!("0={id}")));
}
