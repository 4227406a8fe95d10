//! The contents of mails, as read by a third-party mail server and parser.

use serde_json::json;

use super::server::MailServer;
use super::{expect_mail, link, page_status};
use crate::support::{Server, token};

/// Invites with a role, as Adam Administrator; returns the invitation's id.
#[track_caller]
fn invite_with_role(server: &Server) -> String {
    server.invite(&json!({
        "full_name": "Nora New",
        "email_address": "Nora.New@example.test",
        "permission": "project_lead",
        "default_role_id": "101",
    }))
}

#[test]
fn an_invitee_gets_one_mail_with_all_details() {
    let mut mail_server = MailServer::start();
    let server = mail_server.sender();
    let invitation = invite_with_role(&server);
    assert_eq!(server.deliver(), 1);
    let mail = mail_server.mail();

    assert_eq!(mail.said["mail_from"], "invitations@sandbox.example.com");
    assert_eq!(mail.said["rcpt_tos"], json!(["Nora.New@example.test"]));
    assert_eq!(mail.said["defects"], json!([]), "{}", mail.said);
    assert_eq!(
        mail.header_names(),
        ["From", "To", "Subject", "Message-ID", "Date", "Auto-Submitted", "MIME-Version", "Content-Type"]
    );
    let id = server.stored(&format!("SELECT message_id FROM outbox WHERE invitation_id = {invitation}"));
    assert_eq!([mail.header("Message-ID").to_owned()], [format!("<{}>", id[0])]);
    assert_eq!(mail.header("Auto-Submitted"), "auto-generated");
    assert_eq!(mail.header("Date"), "Thu, 02 Jan 2031 03:04:05 +0000", "the server's clock dates the mail");
    assert_eq!(mail.said["from_addresses"], json!([["Sandbox", "invitations@sandbox.example.com"]]));
    assert_eq!(mail.said["to_addresses"], json!([["Nora New", "Nora.New@example.test"]]));
    assert_eq!(mail.text("subject"), "Adam Administrator invites you to Sandbox");

    for part in [mail.text("text"), mail.text("html")] {
        for words in ["Nora New", "Adam Administrator", "Sandbox", "project lead", "Developer", "1 February 2031"] {
            assert!(part.contains(words), "{words:?} is not in {part}");
        }
    }
    let in_text = link(&server, mail.text("text"));
    assert_eq!(in_text, link(&server, mail.text("html")), "both parts have the same link");
    assert_eq!(page_status(&server, in_text), 200);

    expect_mail(&server, &invitation, "sent", "250 taken");
    assert_eq!(server.deliver(), 0, "a mail is sent once");
    mail_server.stop();
}

#[test]
fn a_german_account_sends_german_mails() {
    let mut mail_server = MailServer::start();
    let server = mail_server.sender();
    server.alter_stored("UPDATE accounts SET language = 'de', name = 'Käserei Größe' WHERE id = 1");
    invite_with_role(&server);
    server.deliver();
    let mail = mail_server.mail();
    assert_eq!(mail.said["defects"], json!([]), "{}", mail.said);
    assert_eq!(mail.text("subject"), "Adam Administrator lädt Sie zu Käserei Größe ein");
    assert_eq!(mail.said["from_addresses"], json!([["Käserei Größe", "invitations@sandbox.example.com"]]));
    for part in [mail.text("text"), mail.text("html")] {
        for words in ["Guten Tag Nora New", "Käserei Größe", "Projektleiter", "Developer", "1. Februar 2031"] {
            assert!(part.contains(words), "{words:?} is not in {part}");
        }
    }
    assert_eq!(link(&server, mail.text("text")), link(&server, mail.text("html")));
    mail_server.stop();
}

#[test]
fn without_a_role_the_mail_mentions_none() {
    let mut mail_server = MailServer::start();
    let server = mail_server.sender();
    super::invite(&server, "Nora New", "nora@example.test");
    server.deliver();
    let mail = mail_server.mail();
    for part in [mail.text("text"), mail.text("html")] {
        assert!(part.contains("project creator") && !part.contains("role"), "{part}");
    }
    mail_server.stop();
}

#[test]
fn each_invitation_of_a_bulk_has_its_own_mail_and_link() {
    let mut mail_server = MailServer::start();
    let server = mail_server.sender();
    let people: Vec<_> = (1..=5)
        .map(|number| json!({"full_name": format!("Person {number}"), "email_address": format!("p{number}@example.test")}))
        .collect();
    let body = json!({ "account_invitations": people });
    server.post("/account_invitations").bearer(token::ADMINISTRATOR).json(&body).send().expect(200);
    assert_eq!(server.deliver(), 5);
    let mut links = Vec::new();
    for number in 1..=5 {
        let mail = mail_server.mail();
        assert_eq!(mail.said["rcpt_tos"], json!([format!("p{number}@example.test")]), "they are sent in order");
        assert!(mail.text("text").contains(&format!("Hello Person {number},")), "{}", mail.said);
        links.push(link(&server, mail.text("text")).to_owned());
    }
    links.sort();
    links.dedup();
    assert_eq!(links.len(), 5);
    mail_server.stop();
}
