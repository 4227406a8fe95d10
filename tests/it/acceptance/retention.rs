//! Expired rows are marked once and removed when due; younger rows stay.

use std::collections::BTreeSet;

use invited::testing::{For, RULES};
use serde_json::json;

use crate::support::{Server, token};

const DAY: u64 = 86_400;
const DAY_IN_MICROSECONDS: i64 = 86_400_000_000;

#[test]
fn an_expired_invitation_is_marked_once_and_its_link_and_mail_end() {
    let server = Server::start();
    // Invitation 3 of the seed has expired already.
    server.sweep();
    let (id, link) = server.invite_by_mail("vera@example.test");
    server.put(&format!("/account_invitations/{id}/resend")).bearer(token::ADMINISTRATOR).send().expect(200);
    let newer = server.mailed("vera@example.test");
    server.alter_stored(&format!(
        "UPDATE outbox SET state = 'queued', due_at = created_at WHERE invitation_id = {id} AND state = 'sent'"
    ));
    let marked = format!(
        "SELECT actor_user_id, actor_token_id FROM audit WHERE action = 'account_invitation.expire' AND subject_id = {id}"
    );
    let last_seconds = DAY * 31 - (3 * 3_600 + 4 * 60 + 5);
    server.advance_seconds(last_seconds - 1);
    server.sweep();
    assert_eq!(server.stored(&marked), Vec::<String>::new(), "the last day is not over");
    server.open(&newer).expect(200);

    server.advance_seconds(1);
    server.open(&newer).expect(404);
    server.sweep();
    server.sweep();
    assert_eq!(server.stored(&marked), ["null|null"], "by no member of the account, and once");
    server.open(&link).expect(404);
    assert_eq!(server.number(&format!("SELECT count(*) FROM invitation_links WHERE invitation_id = {id}")), 0);
    assert_eq!(server.deliver(), 0);
    assert_eq!(server.show(&id).record()["pending"], true, "it can still be sent again");

    server.put(&format!("/account_invitations/{id}/resend")).bearer(token::ADMINISTRATOR).send().expect(200);
    server.open(&server.mailed("vera@example.test")).expect(200);
    server.advance_seconds(31 * DAY);
    server.sweep();
    assert_eq!(server.stored(&marked).len(), 2, "and again when it has expired again");
}

#[test]
fn a_second_sweep_finds_nothing() {
    let server = Server::start();
    server.invite_crowd(230);
    server.advance_seconds(31 * DAY);
    assert!(server.sweep() > 230);
    let before = server.everything_stored();
    assert_eq!(server.sweep(), 0);
    assert_eq!(server.everything_stored(), before);
    let marked = "SELECT count(*) FROM audit WHERE action = 'account_invitation.expire' GROUP BY subject_id";
    assert!(server.stored(marked).iter().all(|times| times == "1"));
    assert_eq!(server.stored(marked).len(), 234, "the whole crowd and four of the seed");
}

#[test]
fn expired_invitations_are_kept_as_configured_and_removed_with_their_invitees() {
    let server = Server::start_with(&[("keep_expired_days", "5")]);
    let (id, _) = server.invite_by_mail("vera@example.test");
    let (accepted, link) = server.invite_by_mail("victor@example.test");
    server.accept_link(&link).expect(200);
    let invitee = server.show(&id).record()["invitee_id"].as_str().unwrap().to_owned();
    let there = |table: &str, id: &str| server.number(&format!("SELECT count(*) FROM {table} WHERE id = {id}")) == 1;
    server.advance_seconds(34 * DAY);
    server.sweep();
    assert!(there("account_invitations", &id) && there("users", &invitee));
    server.advance_seconds(DAY);
    server.sweep();
    assert!(!there("account_invitations", &id) && !there("users", &invitee));
    assert!(there("account_invitations", &accepted), "accepted invitations are kept");
    let trail = server.stored(&format!(
        "SELECT actor_user_id FROM audit WHERE action = 'account_invitation.purge' AND subject_id = {id}"
    ));
    assert_eq!(trail, ["null"]);
    let pending = "SELECT total FROM tallies WHERE name = 'account_invitations.pending' AND account_id = 1";
    assert_eq!(server.number(pending), 0);
    server.invite_by_mail("vera@example.test");
}

#[test]
fn expired_invitations_are_kept_by_default() {
    let server = Server::start();
    server.advance_seconds(1_000 * DAY);
    server.sweep();
    assert_eq!(server.number("SELECT count(*) FROM account_invitations"), 5);
}

/// How to make rows that a rule removes, and how to count them.
struct Case {
    what: &'static str,
    /// SQL, in which `{moment}` is the moment they ended and `{number}` a number used once.
    make: &'static str,
    counts: &'static str,
}

const TOKEN: &str = "INSERT INTO access_tokens (account_id, user_id, token_hash, label, created_at, revoked_at) \
                     VALUES (1, 2, randomblob(32), 'case', 1, {moment})";

const GRANT: &str = "INSERT INTO grants (account_id, application_id, user_id, scope, redirect_uri, code_hash, \
                     code_expires_at, code_used_at, revoked_at, created_at) SELECT 1, id, 2, 'all', 'x', randomblob(32), \
                     9e18, 1, {moment}, 1 FROM applications; \
                     INSERT INTO refresh_tokens (grant_id, token_hash, created_at) SELECT max(id), randomblob(32), 1 FROM grants";

const CASES: &[Case] = &[
    Case {
        what: "answers to requests with an Idempotency-Key",
        make: "INSERT INTO idempotent_requests (account_id, user_id, idempotency_key, fingerprint, created_at) \
               VALUES (1, 2, 'case {number}', (SELECT token_hash FROM access_tokens LIMIT 1), {moment})",
        counts: "idempotent_requests",
    },
    Case {
        what: "unused sessions",
        make: "INSERT INTO sessions (user_id, token_hash, seen_at, created_at) VALUES (2, randomblob(32), {moment}, 9e18)",
        counts: "sessions",
    },
    Case {
        what: "sessions",
        make: "INSERT INTO sessions (user_id, token_hash, seen_at, created_at) VALUES (2, randomblob(32), 9e18, {moment})",
        counts: "sessions",
    },
    Case {
        what: "sign-in links",
        make: "INSERT INTO sign_in_links (user_id, token_hash, expires_at, created_at) \
               VALUES (2, randomblob(32), {moment}, 1)",
        counts: "sign_in_links",
    },
    Case {
        what: "links that confirm an address",
        make: "INSERT INTO address_links (user_id, email_key, token_hash, expires_at, created_at) \
               VALUES (2, 'x', randomblob(32), {moment}, 1)",
        counts: "address_links",
    },
    Case {
        what: "consents whose code was never redeemed",
        make: "INSERT INTO grants (account_id, application_id, user_id, scope, redirect_uri, code_hash, code_expires_at, \
               created_at) SELECT 1, id, 2, 'all', 'x', randomblob(32), {moment}, 1 FROM applications",
        counts: "grants",
    },
    Case { what: "revoked access tokens", make: TOKEN, counts: "access_tokens WHERE label = 'case'" },
    Case { what: "revoked consents with their refresh tokens", make: GRANT, counts: "refresh_tokens" },
    Case {
        what: "mails in the outbox that were sent, failed or canceled",
        make: "INSERT INTO outbox (account_id, invitation_id, recipient, recipient_key, message_id, state, created_at, \
               updated_at) VALUES (1, 1, 'a', 'a', 'x', 'sent', 1, {moment})",
        counts: "outbox",
    },
    Case {
        what: "rows of the audit trail",
        make: "INSERT INTO audit (account_id, occurred_at, action, subject_type, subject_id) \
               VALUES (1, {moment}, 'case', 'roles', 1)",
        counts: "audit WHERE action = 'case'",
    },
];

#[test]
fn every_rule_removes_its_rows_and_nothing_younger() {
    let kept_days = 7;
    let settings = ["keep_mails_days", "keep_revoked_days", "keep_audit_days"].map(|name| (name, "7"));
    let known: BTreeSet<&str> = CASES.iter().map(|case| case.what).collect();
    let rules: BTreeSet<&str> = RULES.iter().map(|rule| rule.what).collect();
    assert_eq!(known, rules, "there is a case for each rule");
    let server = Server::start_with(&settings);
    server.sweep();
    for rule in RULES {
        let now = server.app().clock.now().0;
        let case = CASES.iter().find(|case| case.what == rule.what).unwrap();
        let kept = match rule.kept {
            For::Setting(name, _) => {
                assert!(settings.iter().any(|(known, _)| *known == name), "{name} is set");
                kept_days * DAY_IN_MICROSECONDS
            }
            For::Fixed(time) => i64::try_from(time.as_micros()).unwrap(),
        };
        let make = |age: i64, number: i64| {
            let moment = (now - kept - age).to_string();
            server.alter_stored(&case.make.replace("{moment}", &moment).replace("{number}", &number.to_string()));
        };
        let count = || server.number(&format!("SELECT count(*) FROM {}", case.counts));
        let before = count();
        make(-1, 1);
        make(0, 2);
        make(DAY_IN_MICROSECONDS * 400, 3);
        assert_eq!(count(), before + 3, "{}", rule.what);
        assert_eq!(server.sweep(), 2, "{}", rule.what);
        assert_eq!(count(), before + 1, "{}: younger rows stay", rule.what);
        server.advance_seconds(1);
        assert_eq!(server.sweep(), 1, "{}: and are removed when due", rule.what);
        server.alter_stored("DELETE FROM audit");
        assert_eq!(server.sweep(), 0);
    }
}

#[test]
fn live_rows_are_never_removed() {
    let server = Server::start_with(&[("keep_revoked_days", "1"), ("keep_mails_days", "1")]);
    let (_, link) = server.invite_by_mail("vera@example.test");
    let id = server.invite(&json!({"full_name": "Victor", "email_address": "victor@example.test"}));
    server.accept_link(&link).expect(200);
    server.advance_seconds(20 * DAY);
    server.sweep();
    server.get("/users/me").bearer(token::ADMINISTRATOR).send().expect(200);
    assert_eq!(server.stored("SELECT invitation_id, state FROM outbox"), [format!("{id}|queued")]);
    assert_eq!(server.number("SELECT count(*) FROM passwords"), 1);
    assert_eq!(server.deliver(), 1, "a queued mail is not finished");
}
