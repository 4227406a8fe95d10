//! Mail servers that are busy, refuse a mail, stay silent or disconnect.

use serde_json::Value;

use super::{expect_mail, invite, link, mails, page_status};
use crate::support::sink::Manner::{Drops, Kind, Replies, Stalls};
use crate::support::sink::{Manner, Moment, Received};
use crate::support::{Server, Sink};

/// A sink with these manners, a server that sends there with a timeout of a second, and an invitation.
fn story(manners: &[Manner]) -> (Sink, Server, String) {
    let sink = Sink::start(manners);
    let server = super::sender(&sink);
    let invitation = invite(&server, "Nora New", "nora@example.test");
    (sink, server, invitation)
}

/// The first wait is half a minute, give or take a fifth.
const FIRST_WAIT_AT_LEAST: u64 = 24;
const FIRST_WAIT_AT_MOST: u64 = 36;

/// Expects that nothing is sent before the first wait is over, and the mail after it.
#[track_caller]
fn expect_second_attempt(server: &Server) {
    server.advance_seconds(FIRST_WAIT_AT_LEAST - 1);
    assert_eq!(server.deliver(), 0, "the mail is tried again too early");
    server.advance_seconds(FIRST_WAIT_AT_MOST - FIRST_WAIT_AT_LEAST + 1);
    assert_eq!(server.deliver(), 1, "the mail is not tried again");
}

/// The text part of a raw message; links and headers need no decoding.
fn text(message: &Received) -> String {
    String::from_utf8(message.message()).expect("what we send is ASCII")
}

#[track_caller]
fn header<'a>(message: &'a str, name: &str) -> &'a str {
    let start = format!("{name}: ");
    message
        .lines()
        .find_map(|line| line.strip_prefix(start.as_str()))
        .unwrap_or_else(|| panic!("missing {name}: {message}"))
}

#[test]
fn a_greylisted_mail_is_sent_at_the_second_attempt() {
    let reply = "451 4.7.1 Greylisted, come back later";
    let (sink, server, invitation) = story(&[Replies(Moment::Recipient, reply), Kind]);
    assert_eq!(server.deliver(), 1);
    expect_mail(&server, &invitation, "queued", reply);
    let listed = mails(&server, &invitation);
    assert_eq!(
        (&listed[0]["attempts"], listed[0]["next_attempt_at"].is_null()),
        (&Value::from(1), false),
        "{listed:?}"
    );
    assert!(sink.received().is_empty());

    expect_second_attempt(&server);
    expect_mail(&server, &invitation, "sent", "250 taken");
    let listed = mails(&server, &invitation);
    assert_eq!((&listed[0]["attempts"], &listed[0]["next_attempt_at"]), (&Value::from(2), &Value::Null), "{listed:?}");
    assert_eq!(sink.accepted().len(), 1);
    assert_eq!(sink.accepted()[0].recipients, ["nora@example.test"]);
}

#[test]
fn a_busy_server_delays_the_mail() {
    let reply = "421 4.3.2 Too busy";
    let (sink, server, invitation) = story(&[Replies(Moment::Greeting, reply), Kind]);
    server.deliver();
    expect_mail(&server, &invitation, "queued", reply);
    expect_second_attempt(&server);
    expect_mail(&server, &invitation, "sent", "250 taken");
    assert_eq!(sink.accepted().len(), 1);
}

#[test]
fn a_reply_with_control_characters_is_reported_without_them() {
    for (moment, reply) in
        [(Moment::Message, "250 taken\0 \u{1b}[2Jhere"), (Moment::Recipient, "550 5.1.1 \0\u{1b}[31mNo")]
    {
        let (sink, server, invitation) = story(&[Replies(moment, reply), Kind]);
        server.deliver();
        let (state, reply) = super::only_mail(&server, &invitation);
        assert_eq!(state, if moment == Moment::Message { "sent" } else { "failed" }, "{reply}");
        assert!(!reply.is_empty() && !reply.contains(char::is_control), "{reply:?}");
        server.advance_seconds(3_600);
        assert_eq!(server.deliver(), 0, "the mail is sent again");
        assert!(sink.received().len() <= 1);
    }
}

#[test]
fn a_permanently_refused_recipient_or_message_is_not_retried() {
    for (moment, reply) in
        [(Moment::Recipient, "550 5.1.1 No such user here"), (Moment::Message, "554 5.7.1 We do not want this")]
    {
        let (sink, server, invitation) = story(&[Replies(moment, reply), Kind]);
        server.deliver();
        expect_mail(&server, &invitation, "failed", reply);
        assert_eq!(mails(&server, &invitation)[0]["next_attempt_at"], Value::Null);
        server.advance_seconds(7 * 86_400);
        assert_eq!(server.deliver(), 0);
        assert_eq!((sink.connections(), sink.accepted().len()), (1, 0));
        assert_eq!(
            server.show(&invitation).record()["pending"],
            true,
            "the invitation stays pending and can be resent"
        );
    }
}

/// The value of one of the server's metrics.
#[track_caller]
fn metric(server: &Server, name: &str) -> String {
    let answer = server.request_at_root("GET", "/metrics").send().expect(200);
    let text = answer.text();
    let line = text.lines().find_map(|line| line.strip_prefix(&format!("{name} ")));
    line.unwrap_or_else(|| panic!("{name} is missing in {text}")).to_owned()
}

#[test]
fn metrics_tell_what_waits_how_long_and_what_has_failed() {
    let refused = Replies(Moment::Recipient, "550 5.1.1 No such user here");
    let (_sink, server, _) = story(&[refused, Replies(Moment::Greeting, "421 4.3.2 Too busy")]);
    let numbers = || {
        ["invited_mails_waiting", "invited_mails_oldest_waiting_seconds", "invited_mails_failed"]
            .map(|name| metric(&server, name))
    };
    assert_eq!(numbers(), ["1", "0", "0"]);
    server.deliver();
    assert_eq!(numbers(), ["0", "0", "1"]);
    for number in 0..2 {
        invite(&server, "Other", &format!("other{number}@example.test"));
        server.advance_seconds(10);
    }
    server.deliver();
    assert_eq!(numbers(), ["2", "20", "1"]);
}

#[test]
fn a_refusal_of_the_sender_keeps_the_mail_and_is_told() {
    for (moment, reply, command) in [
        (Moment::Greeting, "554 5.3.2 Closed for maintenance", "the connection"),
        (Moment::Hello, "550 5.7.1 Helo command rejected: need a name", "EHLO"),
        (Moment::StartTls, "501 5.5.4 Not you", "STARTTLS"),
        (Moment::Authentication, "535 5.7.8 Wrong password", "AUTH"),
        (Moment::Authentication, "550 5.7.1 Account is locked", "AUTH"),
        (
            Moment::Sender,
            "553 5.7.1 <invitations@sandbox.example.com>: Sender address rejected: not owned by user",
            "MAIL FROM",
        ),
        (Moment::Sender, "550 5.7.60 Client does not have permissions to send as this sender", "MAIL FROM"),
        (Moment::Recipient, "554 5.7.1 <nora@example.test>: Relay access denied", "RCPT TO"),
        (Moment::Recipient, "550 5.7.1 Service unavailable; client host [127.0.0.1] blocked", "RCPT TO"),
        (Moment::Recipient, "550 relay not permitted", "RCPT TO"),
        (Moment::Recipient, "550 5.7.54 SMTP; Unable to relay recipient in non-accepted domain", "RCPT TO"),
        (Moment::Recipient, "550 5.7.64 TenantAttribution; Relay Access Denied", "RCPT TO"),
        (Moment::Recipient, "530 5.7.0 Authentication required", "RCPT TO"),
    ] {
        let sink = Sink::start(&[Replies(moment, reply), Kind]);
        let encryption = if moment == Moment::StartTls { "required" } else { "none" };
        let credentials = [("mail_user", "invited"), ("mail_password", "open sesame")];
        let server = super::sender_with(&sink, &[&[("mail_starttls", encryption)], &credentials[..]].concat());
        let invitation = invite(&server, "Nora New", "nora@example.test");
        server.deliver();
        expect_mail(&server, &invitation, "queued", &format!("{reply} (in reply to {command}"));
        assert_eq!(metric(&server, "invited_mail_sender_refusals_total"), "1", "{reply}");
        if moment != Moment::StartTls {
            expect_second_attempt(&server);
            expect_mail(&server, &invitation, "sent", "250 taken");
        }
    }
}

#[test]
fn a_refusal_of_the_recipient_is_final_whatever_it_says_of_authorization() {
    for reply in [
        "550 5.1.1 No such user here",
        "554 5.7.1 <nora@example.test>: Recipient address rejected: Access denied",
        "554 5.7.1 <nora@blockchain-relay.test>: Recipient address rejected: Access denied",
        "550 No such user here",
        "550 5.1.2 Relay unknown",
        "552 5.2.2 Mailbox full",
    ] {
        let (_sink, server, invitation) = story(&[Replies(Moment::Recipient, reply), Kind]);
        server.deliver();
        expect_mail(&server, &invitation, "failed", reply);
        assert_eq!(metric(&server, "invited_mail_sender_refusals_total"), "0", "{reply}");
    }
}

#[test]
fn a_silent_server_costs_only_its_timeout() {
    for moment in [Moment::Greeting, Moment::Message] {
        let (sink, server, invitation) = story(&[Stalls(moment), Kind]);
        server.deliver();
        expect_mail(&server, &invitation, "queued", "no answer from the mail server within 3 seconds");
        expect_second_attempt(&server);
        expect_mail(&server, &invitation, "sent", "250 taken");
        assert_eq!(sink.accepted().len(), 1);
    }
}

#[test]
fn a_late_reply_is_not_taken_for_the_next_mail() {
    let (sink, server, invitation) = story(&[Stalls(Moment::Message), Replies(Moment::Message, "554 5.7.1 No")]);
    server.deliver();
    expect_mail(&server, &invitation, "queued", "no answer from the mail server within 3 seconds");
    sink.release();
    expect_second_attempt(&server);
    expect_mail(&server, &invitation, "failed", "554 5.7.1 No");
    assert_eq!(sink.connections(), 2, "a broken connection is not reused");
}

#[test]
fn an_unconfirmed_mail_is_resent_with_the_same_message_id() {
    let (sink, server, invitation) = story(&[Drops(Moment::Message), Kind]);
    server.deliver();
    expect_mail(&server, &invitation, "queued", "incomplete response");
    expect_second_attempt(&server);
    expect_mail(&server, &invitation, "sent", "250 taken");

    let received = sink.received();
    let [first, second] = received.as_slice() else { panic!("not two attempts: {received:?}") };
    assert_eq!((first.is_accepted, second.is_accepted), (false, true));
    let (first, second) = (text(first), text(second));
    assert_eq!(header(&first, "Message-ID"), header(&second, "Message-ID"), "it is the same mail");
    let links = [first, second].map(|message| first_link(&server, &message));
    assert_ne!(links[0], links[1], "only the hash of a link is stored, so a retry makes a new link");
    assert_eq!(links.each_ref().map(|link| page_status(&server, link)), [200, 200], "each of them works");
    server.accept(&invitation);
    assert_eq!(links.each_ref().map(|link| page_status(&server, link)), [404, 404], "and both end together");
}

/// The link in the text part, which precedes the HTML part.
fn first_link(server: &Server, message: &str) -> String {
    let (text, _) = message.split_once("text/html").expect("the HTML part comes second");
    link(server, &text.replace("=\r\n", "").replace('\r', "")).to_owned()
}

#[test]
fn an_undeliverable_mail_is_given_up() {
    let sink = Sink::start(&[Replies(Moment::Greeting, "421 4.3.2 Too busy")]);
    let server = super::sender_with(&sink, &[("mail_give_up_hours", "1")]);
    let invitation = invite(&server, "Nora New", "nora@example.test");
    let mut minutes = 0;
    while super::only_mail(&server, &invitation).0 == "queued" {
        server.deliver();
        server.advance_seconds(60);
        minutes += 1;
        assert!(minutes < 90, "it is never given up");
    }
    expect_mail(&server, &invitation, "failed", "421 4.3.2 Too busy");
    assert!((20..=60).contains(&minutes), "it was given up after {minutes} minutes");
    let attempts = mails(&server, &invitation)[0]["attempts"].as_u64().unwrap();
    assert!((5..=8).contains(&attempts), "doubled waits allow few attempts in an hour, not {attempts}");
    assert_eq!(sink.connections() as u64, attempts);
}

#[test]
fn an_unreachable_server_is_reported() {
    let sink = Sink::start(&[Kind]);
    let server = super::sender(&sink);
    drop(sink);
    let invitation = invite(&server, "Nora New", "nora@example.test");
    server.deliver();
    expect_mail(&server, &invitation, "queued", "refused");
}

#[test]
fn a_refused_address_does_not_stop_other_mails() {
    let (sink, server, refused) = story(&[Replies(Moment::Recipient, "550 5.1.1 No such user here"), Kind]);
    let others: Vec<String> =
        (1..=3).map(|number| invite(&server, "Other", &format!("other{number}@example.test"))).collect();
    assert_eq!(server.deliver(), 4);
    expect_mail(&server, &refused, "failed", "550");
    for other in &others {
        expect_mail(&server, other, "sent", "250 taken");
    }
    assert_eq!(sink.accepted().len(), 3);
    assert_eq!(sink.connections(), 2, "a connection is kept for the next mail");
}
