//! Queued mails that are canceled because their reason is gone when they are due.

use serde_json::json;

use super::{expect_mail, invite, mails, only_mail, sender};
use crate::support::sink::{Manner, Moment};
use crate::support::{Server, Sink, token};

/// A mail waiting for its second attempt, which would succeed.
fn waiting() -> (Sink, Server, String) {
    let busy = Manner::Replies(Moment::Greeting, "421 4.3.2 Too busy");
    let sink = Sink::start(&[busy, Manner::Kind]);
    let server = sender(&sink);
    let invitation = invite(&server, "Nora New", "nora@example.test");
    server.deliver();
    expect_mail(&server, &invitation, "queued", "421");
    (sink, server, invitation)
}

/// Expects that nothing is ever sent again.
#[track_caller]
fn expect_silence(sink: &Sink, server: &Server) {
    server.advance_seconds(86_400);
    assert_eq!(server.deliver(), 0);
    assert_eq!((sink.connections(), sink.received().len()), (1, 0));
}

/// The token of a link that the administrator requested.
#[track_caller]
fn handed_over(server: &Server, invitation: &str) -> String {
    let path = format!("/invitations/{invitation}/link");
    let answer = server.request_at_root("POST", &path).bearer(token::ADMINISTRATOR).send().expect(200);
    answer.json()["token"].as_str().unwrap().to_owned()
}

#[test]
fn of_a_revoked_invitation() {
    let (sink, server, invitation) = waiting();
    server.delete(&format!("/account_invitations/{invitation}")).bearer(token::ADMINISTRATOR).send().expect(204);
    let state = server.stored(&format!("SELECT state FROM outbox WHERE invitation_id = {invitation}"));
    assert_eq!(state, ["canceled"]);
    expect_silence(&sink, &server);
}

#[test]
fn of_an_invitation_whose_link_was_handed_over() {
    for (action, status, body) in
        [("accept", 200, json!({"password": "correct horse battery"})), ("decline", 204, json!({}))]
    {
        let (sink, server, invitation) = waiting();
        let token = handed_over(&server, &invitation);
        assert_eq!(only_mail(&server, &invitation).0, "canceled", "the handed over link replaces the mail");
        let mut body = body;
        body["token"] = token.into();
        server.request_at_root("POST", &format!("/invitations/{action}")).json(&body).send().expect(status);
        expect_silence(&sink, &server);
    }
}

#[test]
fn of_an_invitation_answered_before_the_second_attempt() {
    for (action, status, body) in
        [("accept", 200, json!({"password": "correct horse battery"})), ("decline", 204, json!({}))]
    {
        // The first attempt arrives without a confirmation, so the mail stays queued.
        let sink = Sink::start(&[Manner::Drops(Moment::Message), Manner::Kind]);
        let server = sender(&sink);
        let invitation = invite(&server, "Nora New", "nora@example.test");
        server.deliver();
        expect_mail(&server, &invitation, "queued", "");
        let message = String::from_utf8(sink.received()[0].message()).unwrap().replace("=\r\n", "");
        let token = message.split("/invitations/").nth(1).unwrap().split('>').next().unwrap();
        let mut body = body;
        body["token"] = token.into();
        server.request_at_root("POST", &format!("/invitations/{action}")).json(&body).send().expect(status);
        assert_eq!(only_mail(&server, &invitation).0, "canceled");
        server.advance_seconds(86_400);
        assert_eq!((server.deliver(), sink.connections()), (0, 1), "{action}");
    }
}

#[test]
fn of_a_resent_invitation() {
    let (sink, server, invitation) = waiting();
    server.put(&format!("/account_invitations/{invitation}/resend")).bearer(token::ADMINISTRATOR).send().expect(200);
    let listed = mails(&server, &invitation);
    let states: Vec<_> = listed.iter().map(|mail| mail["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["queued", "canceled"], "newest first");
    assert_ne!(listed[0]["message_id"], listed[1]["message_id"], "it is a different mail");
    server.advance_seconds(86_400);
    assert_eq!(server.deliver(), 1);
    let accepted = sink.accepted();
    assert_eq!(accepted.len(), 1, "only the new one is sent");
    let id = format!("Message-ID: <{}>", listed[0]["message_id"].as_str().unwrap());
    assert!(String::from_utf8(accepted[0].message()).unwrap().contains(&id));
}

#[test]
fn of_an_expired_invitation() {
    let (sink, server, invitation) = waiting();
    server.advance_seconds(31 * 86_400);
    server.deliver();
    assert_eq!(only_mail(&server, &invitation).0, "canceled");
    expect_silence(&sink, &server);
}

#[test]
fn only_inviters_of_the_account_see_its_mails() {
    let (_sink, server, invitation) = waiting();
    let path = format!("/invitations/{invitation}/mails");
    let status = |token: &str| server.request_at_root("GET", &path).bearer(token).send().status;
    assert_eq!(status(token::OWNER), 200);
    assert_eq!(status(token::PUNCH_CLOCK), 403);
    assert_eq!(status(token::OTHER_ADMINISTRATOR), 404);
    assert_eq!(server.request_at_root("GET", &path).send().status, 401);
    let listed = mails(&server, &invitation);
    let keys: Vec<&String> = listed[0].as_object().unwrap().keys().collect();
    let expected =
        ["attempts", "created_at", "last_reply", "message_id", "next_attempt_at", "state", "to", "updated_at"];
    assert_eq!(keys, expected);
    assert_eq!(listed[0]["to"], "nora@example.test");
}
