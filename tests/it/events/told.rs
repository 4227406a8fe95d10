//! Which change is which event.

use std::sync::Arc;

use invited::testing::{Caller, erase};
use serde_json::{Value, json};

use super::{ask, id_of, last, role, since, told, write};
use crate::support::{Server, token};

#[test]
fn an_invitation_is_told_only_when_it_is_accepted() {
    let server = Server::start();
    let attributes = json!({"full_name": "Nia", "email_address": "nia@example.test", "cost_rate_in_cents": 5000});
    let invitation = server.invite(&attributes);
    write(
        &server,
        "PUT",
        &format!("/account_invitations/{invitation}"),
        &json!({"account_invitation": {"headline": "X"}}),
    );
    write(&server, "PUT", &format!("/account_invitations/{invitation}/resend"), &Value::Null);
    assert_eq!(since(&server, 0), Vec::<String>::new());
    assert_eq!(server.stored("SELECT count(*) FROM audit WHERE event_type IS NOT NULL"), ["0"]);
    let (membership, user) = server.accept(&invitation);
    let rate = server.number("SELECT max(id) FROM cost_rates");
    assert_eq!(
        since(&server, 0),
        [
            format!("user:created {user}"),
            format!("email_address:created {user}"),
            format!("account_membership:created {membership}"),
            format!("cost_rate:created {rate}"),
        ]
    );
}

#[test]
fn who_comes_back_is_told_as_a_membership_only() {
    let server = Server::start();
    let (membership, user) =
        server.accept(&server.invite(&json!({"full_name": "Nia", "email_address": "n@example.test"})));
    let removed = told(&server, "DELETE", &format!("/account_memberships/{membership}"), &Value::Null);
    assert_eq!(removed, [format!("account_membership:deleted {membership}")]);
    let before = last(&server);
    let again = server.invite(&json!({"full_name": "Nia", "email_address": "n@example.test"}));
    let (again, same) = server.accept(&again);
    assert_eq!((since(&server, before), same), (vec![format!("account_membership:created {again}")], user));
}

#[test]
fn a_former_member_who_goes_with_a_revoked_invitation_is_told_as_deleted() {
    let server = Server::start();
    let (membership, user) =
        server.accept(&server.invite(&json!({"full_name": "Nia", "email_address": "n@example.test"})));
    write(&server, "DELETE", &format!("/account_memberships/{membership}"), &Value::Null);
    // The invitation that was accepted is long gone.
    server.alter_stored(&format!("DELETE FROM account_invitations WHERE invitee_id = {user}"));
    let again = server.invite(&json!({"full_name": "Nia", "email_address": "n@example.test"}));
    let revoked = told(&server, "DELETE", &format!("/account_invitations/{again}"), &Value::Null);
    assert_eq!(revoked, [format!("user:deleted {user}"), format!("email_address:deleted {user}")]);
    // Somebody who was only invited was nobody to those who poll.
    let invited = server.invite(&json!({"full_name": "Mia", "email_address": "m@example.test"}));
    assert!(told(&server, "DELETE", &format!("/account_invitations/{invited}"), &Value::Null).is_empty());
}

#[test]
fn each_change_of_a_record_is_told() {
    let server = Server::start();
    let changed = |method: &str, path: &str, body: Value| told(&server, method, path, &body);
    assert_eq!(changed("PUT", "/users/7", json!({"user": {"headline": "New"}})), ["user:updated 7"]);
    let address = json!({"user": {"email_address": "cora.new@example.test"}});
    assert_eq!(changed("PUT", "/users/7", address.clone()), ["email_address:updated 7", "user:updated 7"]);
    assert!(changed("PUT", "/users/7", address).is_empty(), "what changes nothing is nothing");
    let membership = |action: &str| format!("/account_memberships/207{action}");
    let permission = json!({"account_membership": {"permission": "project_creator"}});
    assert_eq!(changed("PUT", &membership(""), permission), ["account_membership:updated 207"]);
    assert_eq!(changed("PUT", &membership("/disable"), Value::Null), ["account_membership:updated 207"]);
    assert!(changed("PUT", &membership("/disable"), Value::Null).is_empty());
    assert_eq!(changed("PUT", &membership("/enable"), Value::Null), ["account_membership:updated 207"]);
    let before = last(&server);
    let id = role(&server, "Sculptor");
    write(&server, "PUT", &format!("/roles/{id}"), &json!({"role": {"name": "Painter"}}));
    write(&server, "DELETE", &format!("/roles/{id}"), &Value::Null);
    assert_eq!(since(&server, before), ["created", "updated", "deleted"].map(|what| format!("role:{what} {id}")));
}

#[test]
fn a_cost_rate_and_the_default_rate_of_its_member_are_both_told() {
    let server = Server::start();
    let default = |cents: Value| {
        let body = json!({"account_membership": {"cost_rate_in_cents": cents}});
        told(&server, "PUT", "/account_memberships/207", &body)
    };
    let made = default(json!(100));
    let rate = server.number("SELECT max(id) FROM cost_rates");
    assert_eq!(made, [format!("cost_rate:created {rate}"), "account_membership:updated 207".to_owned()]);
    assert_eq!(default(json!(200)), [format!("cost_rate:updated {rate}"), "account_membership:updated 207".to_owned()]);
    let body = json!({"cost_rate": {"amount_in_subunits": 300}});
    let led = told(&server, "PUT", &format!("/cost_rates/{rate}"), &body);
    assert_eq!(led, ["account_membership:updated 207".to_owned(), format!("cost_rate:updated {rate}")]);
    assert_eq!(
        default(Value::Null),
        [format!("cost_rate:deleted {rate}"), "account_membership:updated 207".to_owned()]
    );
    // Another currency is no default.
    let other = json!({"cost_rate": {"account_membership_id": 207, "currency": "CHF", "amount_in_subunits": 7}});
    let told_of = told(&server, "POST", "/cost_rates", &other);
    let rate = server.number("SELECT max(id) FROM cost_rates");
    assert_eq!(told_of, [format!("cost_rate:created {rate}")]);
    let gone = told(&server, "DELETE", "/account_memberships/207", &Value::Null);
    assert_eq!(gone, [format!("cost_rate:deleted {rate}"), "account_membership:deleted 207".to_owned()]);
}

#[test]
fn skills_are_told_with_everybody_who_loses_them() {
    let server = Server::start();
    let before = last(&server);
    let skill = json!({"skill": {"name": "Chess", "max_level": "5", "skill_category_id": 1}});
    let skill = write(&server, "POST", "/skills", &skill).ids().remove(0);
    let has = |user: i64| json!({"user_id": user, "skill_id": skill, "level": 1});
    let held = write(&server, "POST", "/skill_memberships", &json!({"skill_memberships": [has(5), has(6)]})).ids();
    write(&server, "PUT", &format!("/skill_memberships/{}", held[0]), &json!({"skill_membership": {"level": 2}}));
    write(&server, "DELETE", &format!("/skills/{skill}"), &Value::Null);
    let (first, second) = (&held[0], &held[1]);
    assert_eq!(
        since(&server, before),
        [
            format!("skill:created {skill}"),
            format!("skill_membership:created {first}"),
            format!("skill_membership:created {second}"),
            format!("skill_membership:updated {first}"),
            format!("skill_membership:deleted {first}"),
            format!("skill_membership:deleted {second}"),
            format!("skill:deleted {skill}"),
        ]
    );
}

#[test]
fn what_the_vendor_has_no_events_for_is_not_told() {
    let server = Server::start();
    let target = json!({"billable_utilization": {
        "account_membership_id": 206, "effective_date": "2031-02-01", "target": 50,
    }});
    assert!(told(&server, "POST", "/billable_utilizations", &target).is_empty());
    let reference = json!({"external_reference": {
        "subject_type": "User", "subject_id": 7, "service_name": "hr", "service_model": "p", "service_model_ref": "7",
    }});
    assert!(told(&server, "POST", "/external_references/create_or_update", &reference).is_empty());
}

#[test]
fn a_refused_and_a_rehearsed_write_are_not_told() {
    let server = Server::start();
    server.put("/users/7").bearer(token::ADMINISTRATOR).json(&json!({"user": {"full_name": ""}})).send().expect(422);
    let headline = json!({"user": {"headline": "New"}});
    server.put("/users/7").bearer(token::PUNCH_CLOCK).json(&headline).send().expect(403);
    let rehearsal = server.put("/users/7").bearer(token::ADMINISTRATOR).header("Invited-Dry-Run", "true");
    rehearsal.json(&headline).send().expect(200);
    assert!(since(&server, 0).is_empty());
}

#[test]
fn erasing_is_told_and_takes_the_words_out_of_what_was_told() {
    let server = Server::start();
    let (_, user) =
        server.accept(&server.invite(&json!({"full_name": "Nia Noble", "email_address": "nia@example.test"})));
    write(&server, "PUT", &format!("/users/{user}"), &json!({"user": {"email_address": "noble@example.test"}}));
    let context = server.app().context(&Arc::new(Caller::operator(1.into())), None);
    server.write(move |db| erase(db, &context, "noble@example.test"));
    let answer = ask(&server, "per_page=200&optional_fields=previous_payload,current_payload,payload_changes");
    for word in ["Nia", "Noble", "nia@", "noble@"] {
        assert!(!answer.text().contains(word), "{word}: {answer}");
    }
    let mut types: Vec<String> = answer.records().iter().map(|event| event["event_type"].to_string()).collect();
    types.sort();
    types.dedup();
    assert_eq!(
        types,
        [
            r#""account_membership:created""#,
            r#""account_membership:deleted""#,
            r#""email_address:created""#,
            r#""email_address:updated""#,
            r#""user:created""#,
            r#""user:updated""#,
        ]
    );
}

#[test]
fn the_operators_new_account_begins_with_its_owner() {
    let server = Server::start();
    let (account, bearer) = server.new_account("Third");
    let list = server.get("/subscribed_events").bearer(&bearer).send().expect(200);
    let mut events = list.records();
    events.sort_by_key(id_of);
    let types: Vec<&Value> = events.iter().map(|event| &event["event_type"]).collect();
    assert_eq!(types, ["user:created", "email_address:created", "account_membership:created"]);
    assert!(events.iter().all(|event| event["account_id"] == account && event["user_id"].is_null()));
    assert!(since(&server, 0).is_empty(), "another account is told nothing of it");
}
