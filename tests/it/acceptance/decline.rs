//! Declining: it takes a ticked box, and the inviter may resend the invitation.

use serde_json::json;

use crate::support::browser::Browser;
use crate::support::{Server, token};

#[test]
fn declining_takes_a_ticked_box() {
    let server = Server::start();
    let (id, link) = server.invite_by_mail("vera@example.test");
    let mut browser = Browser::new(&server);
    let before = server.everything_stored();
    for box_is in ["", "no", "on", "YES"] {
        let page = browser.decide(&link, &[("decision", "decline"), ("confirm_decline", box_is)]).expect(422);
        assert!(page.text().contains("id=\"fault\">Tick the box if you do not want to join."), "{page}");
    }
    assert_eq!(server.everything_stored(), before);

    let page = browser.decide(&link, &[("decision", "decline"), ("confirm_decline", "yes")]).expect(200);
    assert!(page.text().contains("<h1>You have declined</h1>"), "{page}");
    let invitee = server.show(&id).record()["invitee_id"].as_str().unwrap().to_owned();
    let trail = server.stored("SELECT action, actor_user_id, subject_id FROM audit ORDER BY id DESC LIMIT 1");
    assert_eq!(trail, [format!("account_invitation.decline|{invitee}|{id}")]);
    assert_eq!(server.number(&format!("SELECT count(*) FROM account_memberships WHERE user_id = {invitee}")), 0);
}

#[test]
fn a_declined_invitation_stays_pending_and_a_resend_or_a_link_revives_it() {
    let server = Server::start();
    let (id, first) = server.invite_by_mail("vera@example.test");
    let pending =
        server.number("SELECT total FROM tallies WHERE account_id = 1 AND name = 'account_invitations.pending'");
    let decline = |link: &str| server.reply("decline", &json!({"token": link}));

    decline(&first).expect(204);
    decline(&first).expect(404);
    server.open(&first).expect(404);
    assert_eq!(server.show(&id).record()["pending"], true);
    let tally = "SELECT total FROM tallies WHERE account_id = 1 AND name = 'account_invitations.pending'";
    assert_eq!(server.number(tally), pending, "it keeps its seat until it is revoked");

    server.put(&format!("/account_invitations/{id}/resend")).bearer(token::ADMINISTRATOR).send().expect(200);
    let second = server.mailed("vera@example.test");
    server.open(&first).expect(404);
    server.open(&second).expect(200);
    decline(&second).expect(204);

    let third = server.handed_over(&id);
    server.open(&second).expect(404);
    server.accept_link(&third).expect(200);
    assert_eq!(server.show(&id).record()["pending"], false);
    decline(&third).expect(404);
}

#[test]
fn declining_cancels_the_queued_mail() {
    let server = Server::start();
    let id = server.invite(&json!({"full_name": "Vera Visitor", "email_address": "vera@example.test"}));
    // Requesting a link cancels the mail; a resend queues it again.
    server.put(&format!("/account_invitations/{id}/resend")).bearer(token::ADMINISTRATOR).send().expect(200);
    let link = server.mailed("vera@example.test");
    server.alter_stored(&format!(
        "UPDATE outbox SET state = 'queued', due_at = created_at WHERE invitation_id = {id} AND state = 'sent'"
    ));
    server.reply("decline", &json!({"token": link})).expect(204);
    assert_eq!(server.deliver(), 0);
    let states = server.stored(&format!("SELECT state FROM outbox WHERE invitation_id = {id} ORDER BY id"));
    assert_eq!(states, ["canceled", "canceled"]);
}
