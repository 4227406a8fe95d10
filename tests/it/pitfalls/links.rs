//! Forged, replayed, raced and reused links.

use std::cell::Cell;

use proptest::prelude::*;
use serde_json::json;

use crate::concurrency::together;
use crate::properties::repeatable;
use crate::support::answers::PASSWORD;
use crate::support::browser::{Browser, encoded};
use crate::support::{Server, token};

/// Tried: every character of a token changed, tokens combined, and ids and addresses added.
#[test]
fn pitfall_01_a_forged_token_is_refused_like_any_other() {
    let server = Server::start();
    let (id, link) = server.invite_by_mail("vera@example.test");
    let (_, other) = server.invite_by_mail("victor@example.test");
    let before = server.everything_stored();
    let refusal = server.look_up("lnk_unknown").face();
    let mut forged: Vec<String> = (0..link.len())
        .map(|place| {
            let mut bytes = link.clone().into_bytes();
            bytes[place] = if bytes[place] == b'A' { b'B' } else { b'A' };
            String::from_utf8(bytes).unwrap()
        })
        .collect();
    let half = link.len() / 2;
    forged.push(format!("{}{}", &link[..half], &other[half..]));
    for added in ["&id=1", "?id=1", ".eyJhbGciOiJub25lIn0", "/1", "=", " ", "\u{0}", "\n", "#", "%00"] {
        forged.push(format!("{link}{added}"));
    }
    forged.extend([id, String::new(), "null".to_owned(), "%".to_owned(), "' OR 1=1 --".to_owned()]);
    for token in &forged {
        assert_eq!(server.look_up(token).face(), refusal, "{token:?}");
    }
    for token in [json!(1), json!(true), json!([link]), json!({"token": link}), json!(null)] {
        assert_eq!(server.reply("lookup", &json!({"token": token})).face(), refusal, "{token}");
    }
    assert_eq!(server.everything_stored(), before);
    server.look_up(&link).expect(200);
}

/// Tried: accepting for another address, by body fields and by another person's session.
#[test]
fn pitfall_02_an_acceptance_is_bound_to_the_invited_address() {
    let server = Server::start();
    let (id, link) = server.invite_by_mail("vera@example.test");
    let (_, someone) = server.invite_by_mail("someone@example.test");
    let mut browser = Browser::new(&server);
    browser.decide(&someone, &[("password", PASSWORD)]).expect(200);
    let others = [
        ("email_address", "evil@example.test"),
        ("email", "evil@example.test"),
        ("user_id", "2"),
        ("invitee_id", "2"),
        ("invitation[email_address]", "evil@example.test"),
        ("sub", "evil@example.test"),
    ];
    let fields = [&others[..], &[("password", PASSWORD)]].concat();
    browser.decide(&link, &fields).expect(200);
    let invitee = server.show(&id).record()["invitee_id"].as_str().unwrap().to_owned();
    let member = format!(
        "SELECT u.email_address, m.user_id FROM account_memberships m JOIN users u ON u.id = m.user_id \
         WHERE m.user_id = {invitee}"
    );
    assert_eq!(server.stored(&member), [format!("vera@example.test|{invitee}")]);
    assert_eq!(server.number("SELECT count(*) FROM users WHERE email_address LIKE 'evil%'"), 0);
    let actor = "SELECT actor_user_id FROM audit WHERE action = 'account_invitation.accept' ORDER BY id DESC LIMIT 1";
    assert_eq!(server.stored(actor), [invitee.as_str()], "the trail names the invitee");
    assert_eq!(server.stored("SELECT user_id FROM passwords WHERE user_id = 2"), Vec::<String>::new());
}

/// Tried: 64 clients accept with one token at the same moment.
#[test]
fn pitfall_11_of_64_acceptances_at_once_one_succeeds() {
    let server = Server::start();
    let (id, link) = server.invite_by_mail("race@example.test");
    let seats = || server.write(|db| Ok(invited::testing::seats::ledger(db, 1.into())?)).taken();
    let seats_before = seats();
    let answers = together(64, |_| server.accept_link(&link));
    let count = |status: u16| answers.iter().filter(|answer| answer.status == status).count();
    assert_eq!((count(200), count(404)), (1, 63));
    let invitee = server.show(&id).record()["invitee_id"].as_str().unwrap().to_owned();
    let one = |sql: &str| assert_eq!(server.number(sql), 1, "{sql}");
    one(&format!("SELECT count(*) FROM account_memberships WHERE user_id = {invitee}"));
    one(&format!("SELECT count(*) FROM audit WHERE action = 'account_invitation.accept' AND subject_id = {id}"));
    one(&format!("SELECT count(*) FROM audit WHERE action = 'password.set' AND subject_id = {invitee}"));
    assert_eq!(seats(), seats_before);
}

/// Tried: what mail scanners do first: open the link in every read-only way.
#[test]
fn pitfall_12_opening_a_link_has_no_effect() {
    let server = Server::start();
    let (_, link) = server.invite_by_mail("vera@example.test");
    let path = format!("/invitations/{link}");
    let before = server.everything_stored();
    for method in ["HEAD", "GET", "GET", "GET", "OPTIONS", "PUT", "DELETE", "PATCH"] {
        for query in ["", "?decision=accept", "?decision=decline&confirm_decline=yes"] {
            server.request_at_root(method, &format!("{path}{query}")).header("Purpose", "prefetch").send();
        }
    }
    // Some submit every form, but have nothing to fill in.
    let mut scanner = Browser::new(&server);
    for pressed in [&[][..], &[("decision", "accept")], &[("decision", "decline")]] {
        scanner.decide(&link, pressed).expect(422);
    }
    for action in ["lookup", "accept", "decline"] {
        let asked = server.request_at_root("GET", &format!("/invitations/{action}?{}", encoded(&[("token", &link)])));
        asked.send().expect(404);
    }
    assert_eq!(server.everything_stored(), before);
    Browser::new(&server).decide(&link, &[("password", PASSWORD)]).expect(200);
}

/// A change to a pending invitation.
#[derive(Clone, Copy, Debug)]
enum Step {
    Resend,
    HandOver,
    Deliver,
    Accept,
    Decline,
    Wait,
}

/// Mails occur twice, since the other steps need one.
const STEPS: &[Step] =
    &[Step::Resend, Step::HandOver, Step::Deliver, Step::Deliver, Step::Accept, Step::Decline, Step::Wait];

/// Tried: any sequence of resends, links, mails and answers; a superseded link must never work again.
#[test]
fn pitfall_19_a_superseded_link_stays_dead_and_tokens_are_unique() {
    let server = Server::start();
    let number = Cell::new(0);
    let law = |steps: Vec<Step>| {
        number.set(number.get() + 1);
        let address = format!("rotated.{}@example.test", number.get());
        let id = server.invite(&json!({"full_name": "Vera", "email_address": address}));
        let newest_mail = || server.mailbox(&address)[0]["token"].as_str().map(str::to_owned);
        let (mut dead, mut alive): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
        let mut is_pending = true;
        for step in steps {
            match step {
                Step::Resend => {
                    let resent = server.put(&format!("/account_invitations/{id}/resend"));
                    let status = resent.bearer(token::ADMINISTRATOR).send().status;
                    prop_assert_eq!(status, if is_pending { 200 } else { 422 });
                    if is_pending {
                        dead.append(&mut alive);
                    }
                }
                Step::HandOver => {
                    let answer = server.ask_for_link(token::ADMINISTRATOR, &id);
                    prop_assert_eq!(answer.status, if is_pending { 200 } else { 422 });
                    if is_pending {
                        dead.append(&mut alive);
                        alive.push(answer.json()["token"].as_str().unwrap().to_owned());
                    }
                }
                Step::Deliver => {
                    if server.deliver() > 0 {
                        alive.extend(newest_mail());
                    }
                }
                Step::Accept | Step::Decline => {
                    if let Some(link) = alive.last().cloned() {
                        is_pending = !matches!(step, Step::Accept);
                        if is_pending {
                            server.reply("decline", &json!({"token": link})).expect(204);
                        } else {
                            server.accept_link(&link).expect(200);
                        }
                        dead.append(&mut alive);
                    }
                }
                Step::Wait => server.advance_seconds(60),
            }
            for link in &dead {
                prop_assert_eq!(server.look_up(link).status, 404, "{:?}", step);
            }
            for link in &alive {
                prop_assert_eq!(server.look_up(link).status, 200, "{:?}", step);
            }
        }
        dead.append(&mut alive);
        let total = dead.len();
        dead.sort();
        dead.dedup();
        prop_assert_eq!(dead.len(), total, "no token occurs twice");
        Ok(())
    };
    let sequences = prop::collection::vec(prop::sample::select(STEPS), 1..14);
    repeatable(24).run(&sequences, law).unwrap();
}
