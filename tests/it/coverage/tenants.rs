//! A record of another account looks like a missing one: same status, bytes and headers, and nothing changes.

use serde_json::json;

use super::examples::EXAMPLES;
use crate::support::{Answer, Server, token};

#[test]
fn a_foreign_record_looks_like_an_unknown_one_to_every_operation_and_level() {
    let server = Server::start();
    let before = server.everything_stored();
    for example in EXAMPLES.iter().filter(|example| example.has_id()) {
        let ask = |id: &str, token: &str| example.request(&server, id).bearer(token).send().face();
        for (name, token) in token::EVERYBODY {
            let foreign = ask(example.subject.foreign, token);
            assert_eq!(foreign, ask(example.subject.unknown, token), "{:?} by {name}", example.operation);
            assert!(foreign.0 == 404 || foreign.0 == 403, "{:?} by {name}: {foreign:?}", example.operation);
        }
        let foreign = ask(example.subject.own, token::OTHER_ADMINISTRATOR);
        assert_eq!(foreign, ask(example.subject.unknown, token::OTHER_ADMINISTRATOR), "{:?}", example.operation);
        assert_eq!(foreign.0, 404, "{:?}", example.operation);
    }
    assert_eq!(server.everything_stored(), before);
}

#[test]
fn a_foreign_record_costs_what_an_unknown_one_costs() {
    let server = Server::start();
    for example in EXAMPLES.iter().filter(|example| example.has_id()) {
        // The work of the database decides the response time; a first request has cached the caller.
        let work = |id: &str| {
            server.work_of(|| example.request(&server, id).bearer(token::ADMINISTRATOR).send().expect(404)).1
        };
        work(example.subject.unknown);
        assert_eq!(work(example.subject.foreign), work(example.subject.unknown), "{:?}", example.operation);
    }
}

#[test]
fn no_parameter_opens_another_account() {
    let server = Server::start();
    for query in [
        "only=5&only_pending=false",
        "search=other",
        "by_full_name=other&apply_default_filters=false",
        "account_id=2&search=other",
        "only=5&account_id=2",
    ] {
        assert_eq!(server.list(query).json()["count"], 0, "{query}");
        let show = server.get(&format!("/account_invitations/5?{query}")).bearer(token::ADMINISTRATOR).send();
        show.expect(404);
    }
    let list = server.list("only_pending=false&include=inviter,invitee,default_role&per_page=200");
    assert!(!list.text().contains("Other"), "{list}");
    for path in [
        "/users?show_disabled=true&include=account_membership,role,manager,external_references",
        "/users?only=21,22&show_disabled=true",
        "/users?account_id=2&show_disabled=true",
        "/users?by_email_address=other_administrator@example.com",
        "/account_memberships?only_active=false&include=user,default_role,possible_managers,possible_managees",
        "/account_memberships?by_user_id=21",
        "/account_memberships?with_user_ids=21,22",
        "/roles?only_active=false&only=111",
        "/roles?matching=other",
    ] {
        let list = server.get(path).bearer(token::ADMINISTRATOR).send().expect(200);
        for trace in ["Other", "other", "\"21\"", "\"22\"", "\"111\"", "\"221\""] {
            assert!(!list.text().contains(trace), "{list}");
        }
    }
}

#[test]
fn a_foreign_role_looks_like_an_unknown_one() {
    let server = Server::start();
    let before = server.everything_stored();
    let refusal = |role: u64| {
        let change = json!({"account_invitation": {"default_role_id": role}});
        let update = server.put("/account_invitations/1").bearer(token::ADMINISTRATOR).json(&change).send();
        let person = json!({"account_invitation": {
            "full_name": "New", "email_address": "new@example.test", "default_role_id": role,
        }});
        let create = server.post("/account_invitations").bearer(token::ADMINISTRATOR).json(&person).send();
        let due = (
            "validation".to_owned(),
            Some("default_role_id".to_owned()),
            Some(0),
            "Default role id must be an active role of this account.".to_owned(),
        );
        assert_eq!([update.errors(), create.errors()].concat(), [due.clone(), due]);
        (update.expect(422).face(), create.expect(422).face())
    };
    // 111 is the other account's, 104 is deleted.
    assert_eq!(refusal(111), refusal(999));
    assert_eq!(refusal(111), refusal(104));
    assert_eq!(server.everything_stored(), before);
}

#[test]
fn an_address_of_one_account_is_free_in_the_other() {
    let server = Server::start();
    for (address, token) in [
        ("other.pending@example.com", token::ADMINISTRATOR),
        ("other_administrator@example.com", token::ADMINISTRATOR),
        ("ada@example.com", token::OTHER_ADMINISTRATOR),
        ("administrator@example.com", token::OTHER_ADMINISTRATOR),
        ("disabled@example.com", token::OTHER_ADMINISTRATOR),
    ] {
        let person = json!({"account_invitation": {"full_name": "Twice", "email_address": address}});
        server.post("/account_invitations").bearer(token).json(&person).send().expect(200);
    }
}

fn resend(server: &Server, id: &str, token: &str) -> Answer {
    server.put(&format!("/account_invitations/{id}/resend")).bearer(token).send()
}

#[test]
fn an_invitations_limit_reveals_nothing_to_another_account() {
    let server = Server::start_with(&[("rate_resend_per_invitation", "1")]);
    // A caller from another account neither uses up the limit …
    resend(&server, "1", token::OTHER_ADMINISTRATOR).expect(404);
    resend(&server, "1", token::ADMINISTRATOR).expect(200);
    // … nor learns that it is used up.
    resend(&server, "1", token::OTHER_ADMINISTRATOR).expect(404);
    resend(&server, "1", token::ADMINISTRATOR).expect(429);
}

#[test]
fn refused_callers_do_not_use_up_an_invitations_limit() {
    let server = Server::start_with(&[("rate_resend_per_invitation", "1")]);
    resend(&server, "2", token::COLLABORATOR).expect(403);
    resend(&server, "2", token::ADMINISTRATOR).expect(200);
    resend(&server, "1", token::PROJECT_LEAD).expect(403);
    resend(&server, "1", token::ADMINISTRATOR).expect(200);
}
