//! Seats: a header reports the seats taken beyond the contract; nothing else changes.

use invited::testing::seats;
use serde_json::json;

use crate::support::invite::person;
use crate::support::{Answer, Server, token};

/// The seats taken in the first account of the seed: ten active members and three pending invitations.
const TAKEN: i64 = 13;

fn contract(server: &Server, number: i64) {
    let now = server.app().clock.now();
    server.write(move |db| Ok(seats::contract(db, 1.into(), Some(number), now)?));
}

fn ledger(server: &Server) -> seats::Ledger {
    server.write(|db| Ok(seats::ledger(db, 1.into())?))
}

#[track_caller]
fn over(answer: &Answer) -> Option<String> {
    assert!(answer.status < 300, "{answer}");
    assert!(!answer.text().contains("seat"), "the vendor's bodies do not mention seats: {answer}");
    answer.header("invited-seats-over").map(str::to_owned)
}

fn create(server: &Server, name: &str) -> Answer {
    let body = json!({"account_invitation": person(name)});
    server.post("/account_invitations").bearer(token::ADMINISTRATOR).json(&body).send()
}

#[test]
fn every_answer_that_takes_a_seat_reports_the_excess() {
    let server = Server::start();
    assert_eq!(ledger(&server).taken(), TAKEN);
    assert_eq!(over(&create(&server, "a")), None, "without a contract there is no excess");
    contract(&server, TAKEN + 2);
    assert_eq!(over(&create(&server, "b")), None, "the last seat is within the contract");
    assert_eq!(over(&create(&server, "c")).as_deref(), Some("1"));
    let two = json!({"account_invitations": [person("d"), person("e")]});
    let bulk = server.post("/account_invitations").bearer(token::ADMINISTRATOR).json(&two).send();
    assert_eq!(over(&bulk).as_deref(), Some("3"));
    let enabled = server.put("/account_memberships/210/enable").bearer(token::ADMINISTRATOR).send();
    assert_eq!(over(&enabled).as_deref(), Some("4"));
    let accepted = server.accept_link(&server.mailed("a@example.test"));
    assert_eq!(over(&accepted).as_deref(), Some("4"), "an acceptance hands a seat over and takes none");
    for quiet in [
        server.get("/account_invitations").bearer(token::ADMINISTRATOR).send(),
        server.put("/account_memberships/210/enable").bearer(token::ADMINISTRATOR).send(),
        server.put("/account_invitations/1/resend").bearer(token::ADMINISTRATOR).send(),
        server.put("/account_memberships/210/disable").bearer(token::ADMINISTRATOR).send(),
    ] {
        assert_eq!(over(&quiet), None, "{quiet}");
    }
    contract(&server, 1_000);
    assert_eq!(over(&create(&server, "f")), None);
}

#[test]
fn refusals_and_other_accounts_report_nothing() {
    let server = Server::start();
    contract(&server, 1);
    let refused = create(&server, "not an address");
    assert_eq!((refused.status, refused.header("invited-seats-over")), (422, None));
    let body = json!({"account_invitation": person("x")});
    let foreign = server.post("/account_invitations").bearer(token::OTHER_ADMINISTRATOR).json(&body).send();
    assert_eq!(over(&foreign), None);
}

#[test]
fn a_seat_passes_from_invitation_to_member_and_is_freed_by_a_revocation() {
    let server = Server::start();
    let (id, link) = server.invite_by_mail("vera@example.test");
    let (members, pending) = (ledger(&server).members, ledger(&server).pending);
    assert_eq!((members, pending), (10, 4));
    server.accept_link(&link).expect(200);
    assert_eq!((ledger(&server).members, ledger(&server).pending), (11, 3));
    server.delete(&format!("/account_invitations/{id}")).bearer(token::ADMINISTRATOR).send().expect(422);
    server.delete("/account_invitations/1").bearer(token::ADMINISTRATOR).send().expect(204);
    assert_eq!((ledger(&server).members, ledger(&server).pending), (11, 2));
}

#[test]
fn the_billed_excess_is_the_peak_and_restarts_with_a_contract() {
    let server = Server::start();
    contract(&server, TAKEN);
    let first = create(&server, "a").ids().remove(0);
    create(&server, "b").expect(200);
    assert_eq!((ledger(&server).over(), ledger(&server).billed), (2, 2));
    server.delete(&format!("/account_invitations/{first}")).bearer(token::ADMINISTRATOR).send().expect(204);
    assert_eq!((ledger(&server).over(), ledger(&server).billed), (1, 2), "the peak stays");
    create(&server, "c").expect(200);
    assert_eq!(ledger(&server).billed, 2, "reaching the same peak again adds nothing");
    contract(&server, TAKEN + 1);
    assert_eq!((ledger(&server).over(), ledger(&server).billed), (1, 1));
    // A dry run takes no seat.
    let body = json!({"account_invitation": person("d")});
    let rehearsed = server.post("/account_invitations").bearer(token::ADMINISTRATOR).json(&body);
    rehearsed.header("Invited-Dry-Run", "true").send().expect(200);
    assert_eq!(ledger(&server).billed, 1);
}
