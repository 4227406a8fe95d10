//! How a mail gets there: encrypted, to the right server only, and with the name and password that it wants.

use super::server::MailServer;
use super::{expect_mail, invite};
use crate::support::Server;

/// A server of ours that sends to an address, with some further settings.
fn sender(address: &str, settings: &[(&'static str, &str)]) -> Server {
    Server::start_with(&[&[("mail", address)], settings].concat())
}

#[test]
fn starttls_is_used_with_an_authority_that_is_named() {
    let mut mail_server = MailServer::start_with(&["--encryption", "starttls"]);
    let authority = mail_server.authority();
    let server = sender(&mail_server.address("smtp"), &[("mail_ca_file", authority.to_str().unwrap())]);
    let invitation = invite(&server, "Nora New", "nora@example.test");
    server.deliver();
    expect_mail(&server, &invitation, "sent", "250 taken");
    assert_eq!(mail_server.mail().said["is_encrypted"], true);
    mail_server.stop();
}

#[test]
fn a_certificate_of_an_unknown_authority_keeps_the_mail_here() {
    for (encryption, scheme) in [("starttls", "smtp"), ("implicit", "smtps")] {
        let mail_server = MailServer::start_with(&["--encryption", encryption]);
        let server = sender(&mail_server.address(scheme), &[]);
        let invitation = invite(&server, "Nora New", "nora@example.test");
        server.deliver();
        expect_mail(&server, &invitation, "queued", "UnknownIssuer");
        mail_server.stop();
    }
}

#[test]
fn a_certificate_for_another_name_keeps_the_mail_here() {
    let mail_server = MailServer::start_with(&["--encryption", "implicit"]);
    let authority = mail_server.authority();
    let address = mail_server.address("smtps").replace("localhost", "127.0.0.1");
    let server = sender(&address, &[("mail_ca_file", authority.to_str().unwrap())]);
    let invitation = invite(&server, "Nora New", "nora@example.test");
    server.deliver();
    expect_mail(&server, &invitation, "queued", "not valid for name");
    mail_server.stop();
}

#[test]
fn a_server_without_starttls_gets_nothing_where_it_is_required() {
    let mail_server = MailServer::start();
    let server = sender(&mail_server.address("smtp"), &[]);
    let invitation = invite(&server, "Nora New", "nora@example.test");
    server.deliver();
    expect_mail(&server, &invitation, "queued", "STARTTLS");
    mail_server.stop();
}

#[test]
fn opportunistic_encryption_does_without_where_there_is_none() {
    let mut mail_server = MailServer::start();
    let server = sender(&mail_server.address("smtp"), &[("mail_starttls", "opportunistic")]);
    let invitation = invite(&server, "Nora New", "nora@example.test");
    server.deliver();
    expect_mail(&server, &invitation, "sent", "250 taken");
    assert_eq!(mail_server.mail().said["is_encrypted"], false);
    mail_server.stop();
}

#[test]
fn encryption_from_the_first_byte_works() {
    let mut mail_server = MailServer::start_with(&["--encryption", "implicit"]);
    let authority = mail_server.authority();
    let server = sender(&mail_server.address("smtps"), &[("mail_ca_file", authority.to_str().unwrap())]);
    let invitation = invite(&server, "Nora New", "nora@example.test");
    server.deliver();
    expect_mail(&server, &invitation, "sent", "250 taken");
    assert_eq!(mail_server.mail().said["is_encrypted"], true);
    mail_server.stop();
}

#[test]
fn a_wrong_password_is_the_fault_of_settings_and_not_of_the_mail() {
    let mut mail_server =
        MailServer::start_with(&["--encryption", "starttls", "--user", "invited", "--password", "open sesame"]);
    let (authority, address) = (mail_server.authority(), mail_server.address("smtp"));
    let authority = authority.to_str().unwrap();
    for (password, state, reply) in [("open sesame", "sent", "250 taken"), ("wrong", "queued", "535 5.7.8")] {
        let settings = [("mail_ca_file", authority), ("mail_user", "invited"), ("mail_password", password)];
        let server = sender(&address, &settings);
        let invitation = invite(&server, "Nora New", "nora@example.test");
        server.deliver();
        expect_mail(&server, &invitation, state, reply);
    }
    let unnamed = sender(&address, &[("mail_ca_file", authority)]);
    let invitation = invite(&unnamed, "Nora New", "nora@example.test");
    unnamed.deliver();
    expect_mail(&unnamed, &invitation, "queued", "530");
    assert_eq!(mail_server.mail().said["is_authenticated"], true);
    mail_server.stop();
}
