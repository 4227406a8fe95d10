//! Text that people type ends up in mails to others. It may look odd there, but must not become a header, a recipient,
//! a command or a second mail.
//!
//! The same mails are checked twice: byte for byte on the wire, and as a third-party mail parser reads them.

use invited::testing::plain;
use serde_json::{Value, json};

use super::server::MailServer;
use super::{invite, link, sender, sender_with};
use crate::support::sink::{Manner, Received};
use crate::support::{Server, Sink, token};

/// The headers of every mail, whatever people type.
const HEADERS: [&str; 8] =
    ["From", "To", "Subject", "Message-ID", "Date", "Auto-Submitted", "MIME-Version", "Content-Type"];

/// Accepted names, each of which has broken a mail program.
fn names() -> Vec<String> {
    let typed = [
        r#"Nora "Bcc" New"#,
        r#"Nora" <evil@example.test>, "Nora"#,
        "Nora, evil@example.test",
        "<evil@example.test>",
        "Nora <evil@example.test>",
        "Bcc: evil@example.test",
        "friends: evil@example.test;",
        r"Nora\",
        r#"\"Nora\" (comment)"#,
        "=?utf-8?q?=0D=0ABcc:_evil@example.test?=",
        "Nóra Ñew Übergrößenträger",
        "日本語 の 名前",
        "😀😀 👩‍👩‍👧 Ada",
        "Nora \u{202e}tset.elpmaxe@live\u{202c} \u{200f}New",
        ".",
        "..",
        "--",
        ". DATA",
        "Dr. Ada",
        "Ada Jr.",
        ".\u{a0}.",
        "<script>alert(1)</script> & \"'",
        "{{ link }} {% raw %} {inviter}",
        "https://evil.test/phish",
    ];
    let long = ["x".repeat(255), "é".repeat(255), "😀".repeat(255), "word ".repeat(50), ".x".repeat(100)];
    typed.iter().map(|name| (*name).to_owned()).chain(long).collect()
}

/// Gives this name to account, inviter, role and title, and invites.
#[track_caller]
fn invite_among(server: &Server, name: &str, number: usize) -> String {
    let change = |path: &str, body| {
        server.put(path).bearer(token::ADMINISTRATOR).json(&body).send().expect(200);
    };
    change("/users/2", json!({"user": {"full_name": name}}));
    change("/roles/101", json!({"role": {"name": name}}));
    server.alter_stored(&format!("UPDATE accounts SET name = '{}' WHERE id = 1", name.replace('\'', "''")));
    let address = format!("person{number}@example.test");
    let new = json!({"full_name": name, "email_address": address, "headline": name, "default_role_id": "101"});
    server.invite(&new);
    server.deliver();
    address
}

/// The unfolded header lines.
fn headers(message: &str) -> Vec<String> {
    let (head, _) = message.split_once("\r\n\r\n").expect("an empty line ends the headers");
    head.replace("\r\n ", " ").replace("\r\n\t", " ").split("\r\n").map(str::to_owned).collect()
}

/// Checks a message by its bytes.
#[track_caller]
fn expect_one_mail(received: &[Received], address: &str) {
    let [mail] = received else { panic!("there are {} mails", received.len()) };
    assert_eq!(mail.recipients, [address]);
    assert_eq!(mail.sender, "invitations@sandbox.example.com");
    assert!(mail.wire.is_ascii(), "every mail server accepts ASCII");
    let wire = str::from_utf8(&mail.wire).unwrap();
    assert!(wire.ends_with("\r\n"));
    for line in wire.split_terminator("\r\n") {
        assert!(!line.contains(['\r', '\n']), "a line break inside {line:?}");
        assert!(line.len() <= 998, "a line of {} bytes", line.len());
        assert!(!line.starts_with('.') || line.starts_with(".."), "a dot is not doubled in {line:?}");
        assert!(line.bytes().all(|byte| byte >= b' ' || byte == b'\t'), "{line:?}");
    }
    let message = String::from_utf8(mail.message()).unwrap();
    let found = headers(&message);
    let found: Vec<&str> = found.iter().map(|line| line.split(':').next().unwrap()).collect();
    assert_eq!(found, HEADERS, "{message}");
    assert_eq!(message.matches("Content-Type: text/").count(), 2, "{message}");
}

#[test]
fn pitfall_17_any_name_makes_one_mail_with_eight_headers_to_one_address() {
    let sink = Sink::start(&[Manner::Kind]);
    let server = sender(&sink);
    for (number, name) in names().iter().enumerate() {
        let address = invite_among(&server, name, number);
        expect_one_mail(&sink.received()[number..], &address);
    }
}

#[test]
fn pitfall_17_a_mail_program_reads_only_the_name() {
    let mut mail_server = MailServer::start();
    let server = mail_server.sender();
    for (number, name) in names().iter().enumerate() {
        let address = invite_among(&server, name, number);
        let mail = mail_server.mail();
        let harmless = plain(name.trim());
        assert_eq!(mail.said["defects"], json!([]), "{name:?}: {}", mail.said);
        assert_eq!(mail.header_names(), HEADERS, "{name:?}");
        assert_eq!(mail.said["rcpt_tos"], json!([address]));
        // A header cannot express a name of punctuation only, so it is left out.
        let is_name = harmless.contains(|character: char| !character.is_ascii_punctuation());
        let in_header = if is_name { harmless.as_str() } else { "" };
        expect_only_address(&mail.said["to_addresses"], in_header, &address);
        expect_only_address(&mail.said["from_addresses"], in_header, "invitations@sandbox.example.com");
        assert_eq!(mail.text("subject"), format!("{harmless} invites you to {harmless}"), "{name:?}");
        let text = mail.text("text");
        assert!(text.contains(&format!("Hello {harmless},")), "{name:?} is not in {text}");
        assert!(!mail.text("html").contains("<script"), "{}", mail.text("html"));
        assert_eq!(link(&server, text), link(&server, mail.text("html")), "{name:?}");
    }
    mail_server.stop();
}

/// Expects one address under a name. Blanks do not count: the parser keeps those between the encoded words of a long
/// name, which the standard drops.
#[track_caller]
fn expect_only_address(addresses: &Value, name: &str, address: &str) {
    let without_blanks = |text: &str| text.replace(' ', "");
    let [only] = addresses.as_array().unwrap().as_slice() else { panic!("not one address: {addresses}") };
    assert_eq!(without_blanks(only[0].as_str().unwrap()), without_blanks(name));
    assert_eq!(only[1], address, "under the name {name:?}");
}

#[test]
fn pitfall_17_a_line_with_only_a_dot_does_not_end_the_mail() {
    let folder = invited::testing::TemporaryFolder::create(&invited::testing::Entropy::system()).unwrap();
    let database = folder.database();
    let place = database.parent().unwrap();
    let lines = ".\n..\n.x\nRSET\nMAIL FROM:<evil@example.test>\n.";
    let template = format!("Subject: {{{{ account }}}}\n\n{lines}\n{{{{ link }}}}\n");
    std::fs::write(place.join("invitation.en.txt"), template).unwrap();
    let settings = [("mail_templates", place.to_str().unwrap())];

    let sink = Sink::start(&[Manner::Kind]);
    let server = sender_with(&sink, &settings);
    invite(&server, "Nora New", "nora@example.test");
    server.deliver();
    expect_one_mail(&sink.received(), "nora@example.test");
    let message = String::from_utf8(sink.received()[0].message()).unwrap();
    assert!(message.contains(&format!("\r\n\r\n{}\r\n", lines.replace('\n', "\r\n"))), "{message}");

    let mut mail_server = MailServer::start();
    let server = mail_server.sender_with(&settings);
    invite(&server, "Nora New", "nora@example.test");
    server.deliver();
    let mail = mail_server.mail();
    assert!(mail.text("text").replace("\r\n", "\n").starts_with(&format!("{lines}\n")), "{}", mail.said);
    assert_eq!(mail.bytes.last_chunk(), Some(b"\r\n"));
    mail_server.stop();
}

#[test]
fn pitfall_17_line_breaks_and_second_addresses_are_refused_on_input() {
    let sink = Sink::start(&[Manner::Kind]);
    let server = sender(&sink);
    let before = server.everything_stored();
    for (field, value) in [
        ("full_name", "Nora\r\nBcc: evil@example.test"),
        ("full_name", "Nora\nBcc: evil@example.test"),
        ("full_name", "Nora\rBcc: evil@example.test"),
        ("full_name", "Nora\u{0}New"),
        ("headline", "Analyst\r\nBcc: evil@example.test"),
        ("email_address", "nora@example.test\r\nRCPT TO:<evil@example.test>"),
        ("email_address", "nora@example.test, evil@example.test"),
        ("email_address", "Nora <nora@example.test>"),
        ("email_address", "nora@example.test> SIZE=1"),
        ("email_address", "\"nora evil\"@example.test"),
        ("email_address", "nora@example.test\u{0}"),
    ] {
        let mut new = json!({"full_name": "Nora New", "email_address": "nora@example.test"});
        new[field] = value.into();
        let answer = server
            .post("/account_invitations")
            .bearer(token::ADMINISTRATOR)
            .json(&json!({ "account_invitation": new }))
            .send()
            .expect(422);
        assert_eq!(answer.errors()[0].1.as_deref(), Some(field), "{answer}");
    }
    assert_eq!(server.everything_stored(), before);
    assert_eq!((server.deliver(), sink.connections()), (0, 0));
}
