//! Mails that there is no reason any more to send when their turn comes.

use serde_json::json;

use super::{expect_mail, invite, mails, only_mail, sender};
use crate::support::sink::{Manner, Moment};
use crate::support::{Server, Sink, token};

/// A mail that waits for its second attempt, which would succeed.
fn waiting() -> (Sink, Server, String) {
    let busy = Manner::Replies(Moment::Greeting, "421 4.3.2 Too busy");
    let sink = Sink::start(&[busy, Manner::Kind]);
    let server = sender(&sink);
    let invitation = invite(&server, "Nora New", "nora@example.test");
    server.deliver();
    expect_mail(&server, &invitation, "queued", "421");
    (sink, server, invitation)
}

/// Expects that nothing more is sent, ever.
#[track_caller]
fn expect_silence(sink: &Sink, server: &Server) {
    server.advance_seconds(86_400);
    assert_eq!(server.deliver(), 0);
    assert_eq!((sink.connections(), sink.received().len()), (1, 0));
}

/// The token of a link that the administrator hands over.
#[track_caller]
fn handed_over(server: &Server, invitation: &str) -> String {
    let path = format!("/invitations/{invitation}/link");
    let answer = server.request_at_root("POST", &path).bearer(token::ADMINISTRATOR).send().expect(200);
    answer.json()["token"].as_str().unwrap().to_owned()
}

#[test]
fn of_an_invitation_that_was_taken_back() {
    let (sink, server, invitation) = waiting();
    server.delete(&format!("/account_invitations/{invitation}")).bearer(token::ADMINISTRATOR).send().expect(204);
    let state = server.stored(&format!("SELECT state FROM outbox WHERE invitation_id = {invitation}"));
    assert_eq!(state, ["canceled"]);
    expect_silence(&sink, &server);
}

#[test]
fn of_an_invitation_that_was_handed_over_and_answered() {
    for (action, status, body) in
        [("accept", 200, json!({"password": "correct horse battery"})), ("decline", 204, json!({}))]
    {
        let (sink, server, invitation) = waiting();
        let token = handed_over(&server, &invitation);
        assert_eq!(only_mail(&server, &invitation).0, "canceled", "who hands a link over needs no mail");
        let mut body = body;
        body["token"] = token.into();
        server.request_at_root("POST", &format!("/invitations/{action}")).json(&body).send().expect(status);
        expect_silence(&sink, &server);
    }
}

#[test]
fn of_an_invitation_whose_first_mail_was_answered_before_its_second_attempt() {
    for (action, status, body) in
        [("accept", 200, json!({"password": "correct horse battery"})), ("decline", 204, json!({}))]
    {
        // The first attempt arrives, but nobody says so: it is queued all the same.
        let sink = Sink::start(&[Manner::Drops(Moment::Message), Manner::Kind]);
        let server = sender(&sink);
        let invitation = invite(&server, "Nora New", "nora@example.test");
        server.deliver();
        expect_mail(&server, &invitation, "queued", "");
        let message = String::from_utf8(sink.received()[0].message()).unwrap().replace("=\r\n", "");
        let token = message.split("/invitations/").nth(1).unwrap().split_whitespace().next().unwrap();
        let mut body = body;
        body["token"] = token.into();
        server.request_at_root("POST", &format!("/invitations/{action}")).json(&body).send().expect(status);
        assert_eq!(only_mail(&server, &invitation).0, "canceled");
        server.advance_seconds(86_400);
        assert_eq!((server.deliver(), sink.connections()), (0, 1), "{action}");
    }
}

#[test]
fn of_an_invitation_that_was_sent_again() {
    let (sink, server, invitation) = waiting();
    server.put(&format!("/account_invitations/{invitation}/resend")).bearer(token::ADMINISTRATOR).send().expect(200);
    let told = mails(&server, &invitation);
    let states: Vec<_> = told.iter().map(|mail| mail["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["queued", "canceled"], "the newest first");
    assert_ne!(told[0]["message_id"], told[1]["message_id"], "it is another mail");
    server.advance_seconds(86_400);
    assert_eq!(server.deliver(), 1);
    let accepted = sink.accepted();
    assert_eq!(accepted.len(), 1, "only the new one is sent");
    let id = format!("Message-ID: <{}>", told[0]["message_id"].as_str().unwrap());
    assert!(String::from_utf8(accepted[0].message()).unwrap().contains(&id));
}

#[test]
fn of_an_invitation_that_ran_out_meanwhile() {
    let (sink, server, invitation) = waiting();
    server.advance_seconds(31 * 86_400);
    server.deliver();
    assert_eq!(only_mail(&server, &invitation).0, "canceled");
    expect_silence(&sink, &server);
}

#[test]
fn mails_are_told_to_those_who_may_invite_in_this_account_and_to_nobody_else() {
    let (_sink, server, invitation) = waiting();
    let path = format!("/invitations/{invitation}/mails");
    let status = |token: &str| server.request_at_root("GET", &path).bearer(token).send().status;
    assert_eq!(status(token::OWNER), 200);
    assert_eq!(status(token::PUNCH_CLOCK), 403);
    assert_eq!(status(token::OTHER_ADMINISTRATOR), 404);
    assert_eq!(server.request_at_root("GET", &path).send().status, 401);
    let told = mails(&server, &invitation);
    let keys: Vec<&String> = told[0].as_object().unwrap().keys().collect();
    let expected =
        ["attempts", "created_at", "last_reply", "message_id", "next_attempt_at", "state", "to", "updated_at"];
    assert_eq!(keys, expected);
    assert_eq!(told[0]["to"], "nora@example.test");
}
