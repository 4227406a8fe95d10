//! After any sequence of changes to people, the denormalized columns agree with the memberships.
//!
//! `users.is_active` and the counters repeat what memberships and invitations say. After each step of a random,
//! repeatable sequence, every list's count must match the stored rows.

use invited::testing::Seed;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::json;

use crate::support::{Server, token};

/// A change to a person. The number picks one of those it can apply to.
#[derive(Clone, Copy, Debug)]
enum Step {
    Invite(usize),
    Accept(usize),
    Revoke(usize),
    Disable(usize),
    Enable(usize),
    Remove(usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (0..6_usize).prop_map(Step::Invite),
        3 => (0..64_usize).prop_map(Step::Accept),
        1 => (0..64_usize).prop_map(Step::Revoke),
        3 => (0..64_usize).prop_map(Step::Disable),
        2 => (0..64_usize).prop_map(Step::Enable),
        2 => (0..64_usize).prop_map(Step::Remove),
    ];
    prop::collection::vec(step, 20..40)
}

/// One of the rows of a query, if any.
fn pick(server: &Server, number: usize, sql: &str) -> Option<String> {
    let rows = server.stored(sql);
    (!rows.is_empty()).then(|| rows[number % rows.len()].clone())
}

fn take(server: &Server, step: Step) {
    let members = "SELECT id FROM account_memberships WHERE account_id = 1 AND is_owner = 0 AND user_id <> 2";
    let pending = "SELECT id FROM account_invitations WHERE account_id = 1 AND accepted_at IS NULL";
    let act = |id: &str, action: &str| {
        server.put(&format!("/account_memberships/{id}/{action}")).bearer(token::ADMINISTRATOR).send().expect(200);
    };
    let delete = |path: &str| {
        server.delete(path).bearer(token::ADMINISTRATOR).send().expect(204);
    };
    match step {
        Step::Invite(number) => {
            // Few addresses, so some are invited twice, are members, are disabled, or were removed.
            let body = json!({"account_invitation": {
                "full_name": format!("Person {number}"), "email_address": format!("person{number}@example.test"),
            }});
            let status = server.post("/account_invitations").bearer(token::ADMINISTRATOR).json(&body).send().status;
            assert!([200, 422].contains(&status), "{status}");
        }
        Step::Accept(number) => {
            pick(server, number, pending).map(|id| server.accept(&id));
        }
        Step::Revoke(number) => {
            pick(server, number, pending).iter().for_each(|id| delete(&format!("/account_invitations/{id}")));
        }
        Step::Disable(number) => pick(server, number, members).iter().for_each(|id| act(id, "disable")),
        Step::Enable(number) => {
            let disabled = format!("{members} AND disabled_at IS NOT NULL");
            pick(server, number, &disabled).iter().for_each(|id| act(id, "enable"));
        }
        Step::Remove(number) => {
            pick(server, number, members).iter().for_each(|id| delete(&format!("/account_memberships/{id}")));
        }
    }
}

/// The count of a list, and a query that counts the rows.
const COUNTS: [(&str, &str); 8] = [
    ("/account_memberships", "account_memberships WHERE account_id = 1 AND disabled_at IS NULL"),
    ("/account_memberships?only_active=false", "account_memberships WHERE account_id = 1"),
    ("/account_memberships?is_active=false", "account_memberships WHERE account_id = 1 AND disabled_at IS NOT NULL"),
    ("/users", "account_memberships WHERE account_id = 1 AND disabled_at IS NULL"),
    ("/users?show_disabled=true", "users WHERE account_id = 1"),
    ("/account_invitations", "account_invitations WHERE account_id = 1 AND accepted_at IS NULL"),
    ("/account_invitations?only_pending=false", "account_invitations WHERE account_id = 1"),
    (
        "/users?with_users=1,2,3,4,5,6,7,8,9,10",
        "account_memberships WHERE account_id = 1 AND disabled_at IS NULL AND user_id <= 10",
    ),
];

/// Expects that the counts match the rows.
fn judge(server: &Server, after: &str) -> Result<(), TestCaseError> {
    for (path, rows) in COUNTS {
        let answer = server.read(&format!("{path}{}per_page=200", if path.contains('?') { "&" } else { "?" }));
        let stored = server.stored(&format!("SELECT count(*) FROM {rows}"));
        prop_assert_eq!(answer.json()["count"].to_string(), &*stored[0], "{} after {}", path, after);
        prop_assert_eq!(answer.ids().len().to_string(), &*stored[0], "{} after {}", path, after);
    }
    let astray = server.stored(
        "SELECT id FROM users u WHERE is_active <> \
         (SELECT count(*) FROM account_memberships m WHERE m.user_id = u.id AND m.disabled_at IS NULL)",
    );
    prop_assert!(astray.is_empty(), "users {:?} after {}", astray, after);
    Ok(())
}

/// Runs the property on a server with any seed.
fn try_out(cases: u32, begin: impl Fn() -> Server) {
    let law = |steps: Vec<Step>| {
        let server = begin();
        judge(&server, "the start")?;
        for step in steps {
            take(&server, step);
            judge(&server, &format!("{step:?}"))?;
        }
        Ok(())
    };
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    TestRunner::new_with_rng(
        config,
        proptest::test_runner::TestRng::deterministic_rng(proptest::test_runner::RngAlgorithm::ChaCha),
    )
    .run(&steps(), law)
    .unwrap();
}

#[test]
fn counts_and_activity_agree_with_the_memberships_after_every_step() {
    try_out(4, Server::start);
}

#[test]
fn counts_and_activity_agree_from_any_seed() {
    // Every state of a seed, and many generated rows in the same account.
    let text = "accounts:\n- name: A\n  seats: 40\n  members:\n  \
                - {full_name: O, email_address: o@x.test, permission: administrator}\n  \
                - {full_name: P, email_address: p@x.test, permission: administrator, token: sandbox-administrator}\n  \
                - {full_name: Q, email_address: q@x.test, permission: collaborator, disabled_days_ago: 3}\n  \
                - {full_name: R, email_address: r@x.test, permission: collaborator}\n  invitations:\n  \
                - {full_name: S, email_address: s@x.test}\n  \
                - {full_name: T, email_address: t@x.test, state: expired}\n  \
                - {full_name: U, email_address: u@x.test, state: declined}\n  \
                - {full_name: R, email_address: r@x.test, state: accepted}\n";
    try_out(2, || {
        let generated = "invitations=80,members=40,roles=3".parse().unwrap();
        Server::start_with_seed(Seed::read(text).unwrap().with(generated, 1))
    });
}
