//! How many mails an address gets in a day, over all accounts.

use serde_json::{Value, json};

use crate::support::{Answer, Server, token};

const DAY: u64 = 86_400;

const ADDRESS: &str = "victim@example.test";

fn person(address: &str) -> Value {
    json!({"full_name": "Vera Victim", "email_address": address})
}

fn invite(server: &Server, bearer: &str, address: &str) -> Answer {
    server.post("/account_invitations").bearer(bearer).json(&json!({"account_invitation": person(address)})).send()
}

fn resend(server: &Server, bearer: &str, id: &str) -> Answer {
    server.put(&format!("/account_invitations/{id}/resend")).bearer(bearer).send()
}

/// Expects that one more mail is refused with `Retry-After` and has no effect.
#[track_caller]
fn too_many(server: &Server, seconds: u64, ask: impl FnOnce() -> Answer) {
    let before = server.everything_stored();
    let answer = ask().expect(429);
    assert_eq!(answer.header("retry-after"), Some(seconds.to_string().as_str()), "{answer}");
    assert_eq!(server.everything_stored(), before);
}

#[test]
fn the_limit_of_an_address_covers_all_accounts_and_survives_restarts() {
    let mut server = Server::start_with(&[("rate_mails_per_address", "3")]);
    let first = invite(&server, token::ADMINISTRATOR, ADDRESS).expect(200).ids().remove(0);
    server.advance_seconds(60);
    let second = invite(&server, token::OTHER_ADMINISTRATOR, "Victim@Example.TEST").expect(200).ids().remove(0);
    server.advance_seconds(60);
    resend(&server, token::ADMINISTRATOR, &first).expect(200);

    let left = DAY - 120;
    too_many(&server, left, || resend(&server, token::ADMINISTRATOR, &first));
    too_many(&server, left, || resend(&server, token::OTHER_ADMINISTRATOR, &second));
    server.restart();
    too_many(&server, left, || resend(&server, token::ADMINISTRATOR, &first));
    server.deliver();
    too_many(&server, left, || resend(&server, token::OTHER_ADMINISTRATOR, &second));
    // A new invitation of the same address counts like the old one.
    server.delete(&format!("/account_invitations/{first}")).bearer(token::ADMINISTRATOR).send().expect(204);
    too_many(&server, left, || invite(&server, token::ADMINISTRATOR, ADDRESS));
    assert_eq!(server.mailbox(ADDRESS).as_array().unwrap().len(), 2, "one was replaced before it was sent");

    invite(&server, token::ADMINISTRATOR, "somebody.else@example.test").expect(200);
    server.advance_seconds(left - 1);
    too_many(&server, 1, || invite(&server, token::ADMINISTRATOR, ADDRESS));
    server.advance_seconds(1);
    invite(&server, token::ADMINISTRATOR, ADDRESS).expect(200);
    too_many(&server, 60, || resend(&server, token::OTHER_ADMINISTRATOR, &second));
}

#[test]
fn several_accounts_share_one_limit() {
    let server = Server::start_with(&[("rate_mails_per_address", "2")]);
    let names = ["Account A", "Account B", "Account C", "Account D", "Account E"];
    let owners = names.map(|name| server.new_account(name).1);
    let statuses = owners.each_ref().map(|owner| invite(&server, owner, ADDRESS).status);
    assert_eq!(statuses, [200, 200, 429, 429, 429]);
    assert_eq!(server.deliver(), 2);
}

#[test]
fn a_bulk_over_the_limit_is_refused_whole() {
    let server = Server::start_with(&[("rate_mails_per_address", "1")]);
    invite(&server, token::OTHER_ADMINISTRATOR, ADDRESS).expect(200);
    let people = json!({"account_invitations": [person("a@example.test"), person(ADDRESS), person("b@example.test")]});
    too_many(&server, DAY, || server.post("/account_invitations").bearer(token::ADMINISTRATOR).json(&people).send());
    server.deliver();
    assert_eq!(server.mailbox("a@example.test"), json!([]));
}

#[test]
fn dry_runs_and_links_do_not_count() {
    let server = Server::start_with(&[("rate_mails_per_address", "1")]);
    let body = json!({"account_invitation": person(ADDRESS)});
    let rehearse = || server.post("/account_invitations").bearer(token::ADMINISTRATOR).json(&body);
    for _ in 0..3 {
        rehearse().header("Invited-Dry-Run", "true").send().expect(200);
    }
    let id = invite(&server, token::ADMINISTRATOR, ADDRESS).expect(200).ids().remove(0);
    server.handed_over(&id);
    server.handed_over(&id);
    too_many(&server, DAY, || resend(&server, token::ADMINISTRATOR, &id));
}
