//! One invitation per address: what counts as a duplicate, who the invitee is, and that ids are never reused.

use serde_json::json;

use crate::exact::{everything, invalid, shown};
use crate::support::{Answer, Server, token};

fn invite_as(server: &Server, bearer: &str, address: &str) -> Answer {
    server
        .post("/account_invitations")
        .bearer(bearer)
        .json(&json!({"account_invitation": {"full_name": "Some Body", "email_address": address}}))
        .send()
}

fn invite(server: &Server, address: &str) -> Answer {
    invite_as(server, token::ADMINISTRATOR, address)
}

fn delete(server: &Server, id: &str) {
    server.delete(&format!("/account_invitations/{id}")).bearer(token::ADMINISTRATOR).send().expect(204);
}

/// How many users have this address, over all accounts.
fn users_with(server: &Server, address: &str) -> i64 {
    let sql = format!("SELECT count(*) FROM users WHERE lower(email_address) = lower('{address}')");
    server.stored(&sql).remove(0).parse().unwrap()
}

const PENDING: &str = "Email address already has a pending invitation.";
const MEMBER: &str = "Email address already belongs to a member of this account.";
const DISABLED: &str = "Email address belongs to a disabled member. Enable that membership instead.";

#[test]
fn an_address_is_invited_once() {
    let server = Server::start();
    let before = everything(&server);
    for (address, message) in [
        ("ada@example.com", PENDING),
        ("grace@example.com", PENDING),
        ("ADA@example.com", PENDING),
        ("  Ada@example.com ", PENDING),
        // An expired invitation still holds its address; it can be resent.
        ("edsger@example.com", PENDING),
        ("owner@example.com", MEMBER),
        ("Administrator@example.com", MEMBER),
        ("collaborator@example.com", MEMBER),
        ("external_collaborator@example.com", MEMBER),
        ("barbara@example.com", MEMBER),
        ("BARBARA@example.com", MEMBER),
        ("disabled@example.com", DISABLED),
        ("Disabled@example.com", DISABLED),
    ] {
        let answer = invite(&server, address).expect(422);
        assert_eq!(answer.text(), invalid("email_address", message), "for {address:?}");
    }
    assert_eq!(everything(&server), before);
}

#[test]
fn a_duplicate_is_reported_beside_other_invalid_fields() {
    let server = Server::start();
    let answer = server
        .post("/account_invitations")
        .bearer(token::ADMINISTRATOR)
        .json(&json!({"account_invitation": {"email_address": "ada@example.com", "billability_target": 101}}))
        .send()
        .expect(422);
    let fields: Vec<_> = answer.errors().into_iter().filter_map(|error| error.1).collect();
    assert_eq!(fields, ["email_address", "full_name", "billability_target"]);
}

#[test]
fn addresses_that_differ_in_more_than_case_are_different() {
    let server = Server::start();
    for address in ["ada+tag@example.com", "a.da@example.com", "ada@example.com.test", "ada@sub.example.com"] {
        invite(&server, address).expect(200);
    }
}

#[test]
fn non_ascii_addresses_are_compared_in_unicode_lower_case_if_accepted() {
    let server = Server::start();
    let first = invite(&server, "ÄDA@example.com");
    // The specification leaves such an address open; if it is valid, it must not be invited twice.
    if first.status == 200 {
        let answer = invite(&server, "äda@example.com").expect(422);
        assert_eq!(answer.text(), invalid("email_address", PENDING));
    } else {
        assert_eq!(first.status, 422);
    }
}

#[test]
fn invitees_are_not_shared_between_accounts() {
    let server = Server::start();
    let here = invite(&server, "other_administrator@example.com").expect(200).record();
    assert_eq!(here["invitee_id"], "23", "a user of the other account is not linked");
    let here = invite(&server, "other.pending@example.com").expect(200).record();
    assert_eq!(here["invitee_id"], "24");
    let there = invite_as(&server, token::OTHER_ADMINISTRATOR, "ada@example.com").expect(200).record();
    assert_eq!((&there["invitee_id"], &there["inviter_id"]), (&json!("25"), &json!("21")));
    let there = invite_as(&server, token::OTHER_ADMINISTRATOR, "owner@example.com").expect(200).record();
    assert_eq!(there["invitee_id"], "26");
    let again = invite_as(&server, token::OTHER_ADMINISTRATOR, "ada@example.com").expect(422);
    assert_eq!(again.text(), invalid("email_address", PENDING));
}

#[test]
fn a_create_makes_one_inactive_user_the_invitee() {
    let server = Server::start();
    assert_eq!(users_with(&server, "new@example.test"), 0);
    let record = invite(&server, "New@example.test").expect(200).record();
    assert_eq!(users_with(&server, "new@example.test"), 1);
    assert_eq!(record["invitee_id"], "23");
    delete(&server, record["id"].as_str().unwrap());
    assert_eq!(users_with(&server, "new@example.test"), 0, "no other row references that user");
}

#[test]
fn a_deleted_invitation_frees_its_address_but_not_its_ids() {
    let server = Server::start();
    let first = invite(&server, "new@example.test").expect(200).record();
    assert_eq!((&first["id"], &first["invitee_id"]), (&json!("6"), &json!("23")));
    delete(&server, "6");
    let second = invite(&server, "new@example.test").expect(200).record();
    assert_eq!((&second["id"], &second["invitee_id"]), (&json!("7"), &json!("24")), "ids are never reused");
    delete(&server, "7");
    delete(&server, "3");
    let third = invite(&server, "edsger@example.com").expect(200).record();
    assert_eq!(third["id"], "8");
}

/// Deletes a membership directly in the database.
fn remove_membership(server: &Server, user: i64) {
    let of_user = format!("FROM account_memberships WHERE user_id = {user}");
    assert_eq!(server.stored(&format!("SELECT count(*) {of_user}")), ["1"]);
    server.alter_stored(&format!("DELETE {of_user}"));
}

#[test]
fn a_former_member_is_invited_again_as_the_same_user() {
    let server = Server::start();
    remove_membership(&server, 14);
    let record = invite(&server, "Barbara@example.com").expect(200).record();
    assert_eq!((&record["id"], &record["invitee_id"]), (&json!("6"), &json!("14")));
    assert_eq!(users_with(&server, "barbara@example.com"), 1);
    assert_eq!(shown(&server, 4)["pending"], false, "the accepted invitation is unchanged");
    delete(&server, "6");
    assert_eq!(users_with(&server, "barbara@example.com"), 1, "invitation 4 still references her");
    let record = invite(&server, "barbara@example.com").expect(200).record();
    assert_eq!((&record["id"], &record["invitee_id"]), (&json!("7"), &json!("14")));
}

#[test]
fn inviting_an_existing_user_does_not_rename_them() {
    let server = Server::start();
    remove_membership(&server, 14);
    let answer = server
        .post("/account_invitations?include=invitee")
        .bearer(token::ADMINISTRATOR)
        .json(&json!({"account_invitation": {"full_name": "Barbara Again", "email_address": "barbara@example.com"}}))
        .send()
        .expect(200);
    assert_eq!(answer.record()["full_name"], "Barbara Again");
    assert_eq!(answer.json()["users"]["14"]["email_address"], "barbara@example.com");
}
