//! Links as they leave: whole, on one line, in both parts, to every address that may be stored.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::{expect_mail, invite, sender_with};
use crate::support::sink::Manner;
use crate::support::{Server, Sink, token};

/// Longer than a line of quoted-printable.
const BASE_URL: &str = "https://people.department.company-with-a-long-name.example.com";

/// A part of a message: its encoding, and its text.
struct Part {
    encoding: String,
    text: String,
}

/// The two parts of a message, decoded.
#[track_caller]
fn parts(message: &str) -> [Part; 2] {
    let pieces = message.split("Content-Type: text/").skip(1).map(|piece| {
        let (head, body) = piece.split_once("\r\n\r\n").expect("a part has a body");
        let encoding = head.lines().find_map(|line| line.strip_prefix("Content-Transfer-Encoding: ")).unwrap();
        let body = body.split("\r\n--").next().unwrap();
        let text = match encoding {
            "base64" => String::from_utf8(STANDARD.decode(body.replace("\r\n", "")).unwrap()).unwrap(),
            _ => body.to_owned(),
        };
        Part { encoding: encoding.to_owned(), text }
    });
    let parts: Vec<Part> = pieces.collect();
    parts.try_into().unwrap_or_else(|_| panic!("not two parts: {message}"))
}

#[test]
fn a_link_stands_unbroken_on_one_line_of_both_parts() {
    for (name, language, encodings) in [
        ("Ada Lovelace", "en", ["7bit", "7bit"]),
        ("Zoë Übergrößenträger", "en", ["base64", "base64"]),
        ("Ada Lovelace", "de", ["base64", "base64"]),
    ] {
        let sink = Sink::start(&[Manner::Kind]);
        let server = sender_with(&sink, &[("base_url", BASE_URL)]);
        server.alter_stored(&format!("UPDATE accounts SET language = '{language}' WHERE id = 1"));
        invite(&server, name, "nora@example.test");
        server.deliver();
        let message = String::from_utf8(sink.received()[0].message()).unwrap();
        let [text, html] = parts(&message);
        assert_eq!([text.encoding.as_str(), &html.encoding], encodings, "{message}");
        let alone = text.text.lines().find(|line| line.starts_with('<')).unwrap();
        let link = alone.trim_matches(['<', '>']);
        assert!(link.starts_with(&format!("{BASE_URL}/invitations/lnk_")) && link.len() > 76, "{link}");
        assert!(html.text.lines().any(|line| line.contains(&format!("href=\"{link}\""))), "{}", html.text);
        if encodings[0] == "7bit" {
            assert_eq!(message.lines().filter(|line| line.contains(link)).count(), 2, "{message}");
        }
    }
}

/// The longest local part, and one more.
fn longest() -> [String; 2] {
    [64, 65].map(|length| format!("{}@example.test", "l".repeat(length)))
}

#[test]
fn f1_an_address_that_cannot_be_mailed_is_not_stored() {
    let sink = Sink::start(&[Manner::Kind]);
    let server = sender_with(&sink, &[]);
    let [long, too_long] = longest();
    let invitation = invite(&server, "Nora New", &long);
    server.deliver();
    expect_mail(&server, &invitation, "sent", "250 taken");
    assert_eq!(sink.received()[0].recipients, [long.as_str()]);

    let before = server.everything_stored();
    let refused = |request: crate::support::client::Request| {
        let answer = request.bearer(token::ADMINISTRATOR).send().expect(422);
        assert_eq!(answer.errors()[0].1.as_deref(), Some("email_address"), "{answer}");
    };
    let new = json!({"full_name": "Nora New", "email_address": too_long});
    refused(server.post("/account_invitations").json(&json!({ "account_invitation": new })));
    refused(server.post("/account_invitations").json(&json!({ "account_invitations": [new] })));
    refused(server.put("/users/2").json(&json!({"user": {"email_address": too_long}})));
    assert_eq!(server.everything_stored(), before);
}

#[test]
fn a_mail_that_can_never_be_sent_fails_at_once() {
    let sink = Sink::start(&[Manner::Kind]);
    let server = sender_with(&sink, &[]);
    let invitation = invite(&server, "Nora New", "nora@example.test");
    let [_, too_long] = longest();
    server.alter_stored(&format!("UPDATE outbox SET recipient = '{too_long}'"));
    server.deliver();
    expect_mail(&server, &invitation, "failed", "the address cannot be written to");
    assert_eq!(server.stored("SELECT attempts, is_refused FROM outbox"), ["1|1"]);
    assert_eq!(sink.connections(), 0);
}

#[test]
fn a_plus_in_the_address_of_a_mailbox_is_a_plus() {
    let server = Server::start();
    invite(&server, "Nora New", "nora+test@example.test");
    server.deliver();
    for written in ["nora+test@example.test", "nora%2Btest@example.test", "%20nora+test@example.test"] {
        let answer = server.request_at_root("GET", &format!("/sandbox/mailbox?to={written}")).send().expect(200);
        assert_eq!(answer.json()["messages"].as_array().unwrap().len(), 1, "{written}: {answer}");
    }
}
