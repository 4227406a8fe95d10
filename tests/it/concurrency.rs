//! Simultaneous clients: unique effects happen once, and no answered write is lost.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Barrier;
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::exact::{invalid, shown};
use crate::process::begin;
use crate::support::{Answer, Server, token};

const CLIENTS: usize = 64;

/// Sends all clients' requests at the same moment and returns the answers in the clients' order.
pub(crate) fn together(clients: usize, ask: impl Fn(usize) -> Answer + Sync) -> Vec<Answer> {
    let start = Barrier::new(clients);
    thread::scope(|scope| {
        let (start, ask) = (&start, &ask);
        let running: Vec<_> = (0..clients)
            .map(|client| {
                scope.spawn(move || {
                    start.wait();
                    ask(client)
                })
            })
            .collect();
        running.into_iter().map(|client| client.join().unwrap()).collect()
    })
}

fn count(server: &Server, sql: &str) -> i64 {
    server.stored(sql).remove(0).parse().unwrap()
}

fn statuses(answers: &[Answer], status: u16) -> usize {
    answers.iter().filter(|answer| answer.status == status).count()
}

#[test]
fn of_64_creates_of_one_address_exactly_one_succeeds() {
    let server = Server::start();
    let addresses = ["race@example.test", "Race@example.test", "RACE@EXAMPLE.TEST", " race@Example.test "];
    let answers = together(CLIENTS, |client| {
        server
            .post("/account_invitations")
            .bearer(if client % 2 == 0 { token::ADMINISTRATOR } else { token::PROJECT_LEAD })
            .json(&json!({"account_invitation": {
                "full_name": format!("Client {client}"), "email_address": addresses[client % addresses.len()],
            }}))
            .send()
    });
    assert_eq!(statuses(&answers, 200), 1);
    let refusal = invalid("email_address", "Email address already has a pending invitation.");
    for answer in answers.iter().filter(|answer| answer.status != 200) {
        assert_eq!((answer.status, answer.text()), (422, refusal.as_str()));
    }
    let of_the_address = "WHERE email_key = 'race@example.test'";
    assert_eq!(count(&server, &format!("SELECT count(*) FROM account_invitations {of_the_address}")), 1);
    assert_eq!(count(&server, &format!("SELECT count(*) FROM users {of_the_address}")), 1);
    assert_eq!(count(&server, "SELECT count(*) FROM audit"), 1);
    let won = answers.iter().find(|answer| answer.status == 200).unwrap().record();
    let id = won["id"].as_str().unwrap().parse().unwrap();
    assert_eq!(shown(&server, id)["full_name"], won["full_name"], "the row is the winner's");
}

#[test]
fn of_overlapping_bulks_one_succeeds_and_the_others_leave_nothing() {
    let server = Server::start();
    let answers = together(16, |client| {
        let person = |name: String| json!({"full_name": name, "email_address": format!("{name}@example.test")});
        let people = [person(format!("own{client}")), person("shared".to_owned()), person(format!("more{client}"))];
        server
            .post("/account_invitations")
            .bearer(token::ADMINISTRATOR)
            .json(&json!({"account_invitations": people}))
            .send()
    });
    assert_eq!((statuses(&answers, 200), statuses(&answers, 422)), (1, 15));
    for answer in answers.iter().filter(|answer| answer.status == 422) {
        let errors = answer.errors();
        assert_eq!((errors.len(), errors[0].1.as_deref(), errors[0].2), (1, Some("email_address"), Some(1)));
    }
    assert_eq!(count(&server, "SELECT count(*) FROM account_invitations WHERE id > 5"), 3);
    assert_eq!(count(&server, "SELECT count(*) FROM users WHERE id > 22"), 3);
}

#[test]
fn of_64_updates_all_are_answered_and_audited_and_the_last_one_holds() {
    let server = Server::start();
    let answers = together(CLIENTS, |client| {
        server
            .put("/account_invitations/2")
            .bearer(if client % 2 == 0 { token::ADMINISTRATOR } else { token::OWNER })
            .json(&json!({"account_invitation": {"bill_rate_in_cents": 1_000 + client}}))
            .send()
    });
    for (client, answer) in answers.iter().enumerate() {
        assert_eq!(answer.status, 200);
        assert_eq!(answer.record()["bill_rate_in_cents"], json!(1_000 + client), "each client sees its own change");
    }
    let found = server.stored(
        "SELECT before, after, actor_user_id FROM audit WHERE subject_type = 'account_invitations' \
         AND subject_id = 2 AND action = 'account_invitation.update' ORDER BY id",
    );
    let rows: Vec<(Value, Value, i64)> = found
        .iter()
        .map(|row| {
            let cells: Vec<&str> = row.split('|').collect();
            let value = |text: &str| serde_json::from_str(text).unwrap();
            (value(cells[0]), value(cells[1]), cells[2].parse().unwrap())
        })
        .collect();
    assert_eq!(rows.len(), CLIENTS);
    let rate = |value: &Value| value["bill_rate_in_cents"].as_u64().unwrap();
    let mut held = 15_000;
    for (before, after, actor) in &rows {
        assert_eq!(rate(before), held, "each change starts from the previous value");
        held = rate(after);
        assert_eq!(*actor, if held % 2 == 0 { 2 } else { 1 }, "and names its actor");
    }
    let rates: BTreeSet<u64> = rows.iter().map(|(_, after, _)| rate(after)).collect();
    assert_eq!(rates, (1_000..1_064).collect());
    assert_eq!(shown(&server, 2)["bill_rate_in_cents"], json!(held), "the last change holds");
}

#[test]
fn concurrent_changes_of_different_fields_all_hold() {
    let server = Server::start();
    let fields = ["bill_rate_in_cents", "cost_rate_in_cents", "billability_target"];
    let answers = together(60, |client| {
        let body = json!({"account_invitation": {fields[client % 3]: client + 1}});
        server.put("/account_invitations/1").bearer(token::ADMINISTRATOR).json(&body).send()
    });
    assert_eq!(statuses(&answers, 200), 60);
    let held = shown(&server, 1);
    for (place, field) in fields.iter().enumerate() {
        let value = usize::try_from(held[field].as_u64().unwrap()).unwrap();
        assert_eq!((value - 1) % 3, place, "{field} holds {value}");
    }
}

#[test]
fn of_many_deletes_one_succeeds_and_no_update_brings_the_invitation_back() {
    let server = Server::start();
    let answers = together(32, |client| match client % 4 {
        0 => server.delete("/account_invitations/1").bearer(token::ADMINISTRATOR).send(),
        1 => server.put("/account_invitations/1/resend").bearer(token::ADMINISTRATOR).send(),
        2 => server.get("/account_invitations/1?include=invitee,inviter").bearer(token::ADMINISTRATOR).send(),
        _ => server
            .put("/account_invitations/1?include=invitee,inviter")
            .bearer(token::ADMINISTRATOR)
            .json(&json!({"account_invitation": {"billability_target": client}}))
            .send(),
    });
    assert_eq!(statuses(&answers, 204), 1);
    assert_eq!(statuses(&answers, 200) + statuses(&answers, 404), 31);
    server.get("/account_invitations/1").bearer(token::ADMINISTRATOR).send().expect(404);
    assert_eq!(count(&server, "SELECT count(*) FROM users WHERE id = 11"), 0);
}

#[test]
fn readers_see_a_whole_bulk_or_none_of_it() {
    let server = Server::start();
    let answers = together(24, |client| {
        if client % 3 == 0 {
            let people: Vec<Value> = (0..10)
                .map(|number| json!({"full_name": "P", "email_address": format!("p{client}.{number}@example.test")}))
                .collect();
            let body = json!({"account_invitations": people});
            server.post("/account_invitations").bearer(token::ADMINISTRATOR).json(&body).send()
        } else {
            server.get("/account_invitations?per_page=200&include=invitee").bearer(token::ADMINISTRATOR).send()
        }
    });
    for answer in answers.iter().map(|answer| answer.clone().expect(200)) {
        let body = answer.json();
        let count = body["count"].as_u64().unwrap();
        assert!(count == 10 || count % 10 == 3, "a reader counted {count}");
        assert_eq!(count, answer.ids().len() as u64);
        if let Some(users) = body["users"].as_object() {
            assert_eq!(users.len() as u64, count, "every listed invitation has its invitee");
        }
    }
    assert_eq!(count(&server, "SELECT count(*) FROM account_invitations WHERE id > 5"), 80);
}

/// Sends a request's head and half of its body, calls `meanwhile`, sends the rest, and returns the status.
fn status_of_a_slow_request(server: &Server, token: &str, meanwhile: impl FnOnce()) -> String {
    let body = json!({"account_invitation": {"full_name": "Slow", "email_address": "slow@example.test"}}).to_string();
    let (first, rest) = body.split_at(20);
    let mut stream = TcpStream::connect(server.address()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let head = format!(
        "POST /api/v1/account_invitations HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\
         Connection: close\r\nContent-Type: application/json\r\nContent-Length: {}\r\n",
        body.len()
    );
    // The server asks for the body of a caller whom it has looked up.
    begin(&mut stream, &head);
    stream.write_all(first.as_bytes()).unwrap();
    meanwhile();
    stream.write_all(rest.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.split(' ').nth(1).unwrap().to_owned()
}

#[test]
fn a_caller_disabled_or_demoted_while_sending_a_body_is_judged_at_its_end() {
    let server = Server::start();
    let administrator = |method: &str, path: &str| server.request(method, path).bearer(token::ADMINISTRATOR);
    let demote = || {
        let collaborator = json!({"account_membership": {"permission": "collaborator"}});
        administrator("PUT", "/account_memberships/205").json(&collaborator).send().expect(200);
    };
    assert_eq!(status_of_a_slow_request(&server, token::PROJECT_LEAD, demote), "403");
    let disable = || drop(administrator("PUT", "/account_memberships/204/disable").send().expect(200));
    assert_eq!(status_of_a_slow_request(&server, token::REPORTS_VIEWER, disable), "401");
    assert_eq!(status_of_a_slow_request(&server, token::OWNER, || {}), "200");
}

#[test]
fn of_two_administrators_who_disable_each_other_one_stays() {
    let server = Server::start();
    let promote = json!({"account_membership": {"permission": "administrator"}});
    server.put("/account_memberships/203").bearer(token::OWNER).json(&promote).send().expect(200);
    // Without its owner, these two are the account's last administrators.
    server.alter_stored(
        "UPDATE account_memberships SET is_owner = 0, permission = 'collaborator' WHERE account_id = 1 AND is_owner = 1",
    );
    let answers = together(2, |client| {
        let (token, other) =
            if client == 0 { (token::ADMINISTRATOR, 203) } else { (token::REPORTS_VIEWER_WITH_COST, 202) };
        server.put(&format!("/account_memberships/{other}/disable")).bearer(token).send()
    });
    assert_eq!(statuses(&answers, 200), 1, "{answers:?}");
    let left = "SELECT count(*) FROM account_memberships \
                WHERE account_id = 1 AND permission = 'administrator' AND disabled_at IS NULL";
    assert_eq!(count(&server, left), 1);
}

/// Members and invitations are counted separately; the billed peak must include both.
#[test]
fn seats_taken_in_two_ways_at_once_are_all_billed() {
    let server = Server::start();
    let members = ["3", "4", "5", "6", "7", "8"].map(|user| format!("/account_memberships/20{user}"));
    let change = |member: &str, action: &str| {
        server.put(&format!("{member}/{action}")).bearer(token::ADMINISTRATOR).send().expect(200);
    };
    members.iter().for_each(|member| change(member, "disable"));
    let now = server.app().clock.now();
    let taken = server.write(|db| Ok(invited::testing::seats::ledger(db, 1.into())?)).taken();
    server.write(move |db| Ok(invited::testing::seats::contract(db, 1.into(), Some(taken), now)?));
    together(2 * members.len(), |client| match members.get(client) {
        Some(member) => server.put(&format!("{member}/enable")).bearer(token::OWNER).send().expect(200),
        None => server
            .post("/account_invitations")
            .bearer(token::ADMINISTRATOR)
            .json(&json!({"account_invitation": {
                "full_name": "Client", "email_address": format!("client{client}@example.test"),
            }}))
            .send()
            .expect(200),
    });
    let ledger = server.write(|db| Ok(invited::testing::seats::ledger(db, 1.into())?));
    assert_eq!((ledger.over(), ledger.billed), (12, 12));
}
