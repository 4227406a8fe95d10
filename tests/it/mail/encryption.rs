//! The transport of mails: encrypted, to the right server only, with the required credentials.

use super::server::MailServer;
use super::{expect_mail, invite};
use crate::support::Server;

/// A server that sends to an address, with further settings.
fn sender(address: &str, settings: &[(&'static str, &str)]) -> Server {
    Server::start_with(&[&[("mail", address)], settings].concat())
}

/// Sends a mail and expects its state, and words of the reply.
#[track_caller]
fn expect_delivery(server: &Server, state: &str, words: &str) {
    let invitation = invite(server, "Nora New", "nora@example.test");
    server.deliver();
    expect_mail(server, &invitation, state, words);
}

#[test]
fn mails_are_encrypted_with_a_configured_authority() {
    for (encryption, scheme) in [("starttls", "smtp"), ("implicit", "smtps")] {
        let mut mail_server = MailServer::start_with(&["--encryption", encryption]);
        let authority = mail_server.authority();
        let server = sender(&mail_server.address(scheme), &[("mail_ca_file", authority.to_str().unwrap())]);
        expect_delivery(&server, "sent", "250 taken");
        assert_eq!(mail_server.mail().said["is_encrypted"], true);
        mail_server.stop();
    }
}

#[test]
fn a_certificate_of_an_unknown_authority_stops_the_mail() {
    for (encryption, scheme) in [("starttls", "smtp"), ("implicit", "smtps")] {
        let mail_server = MailServer::start_with(&["--encryption", encryption]);
        let server = sender(&mail_server.address(scheme), &[]);
        expect_delivery(&server, "queued", "UnknownIssuer");
        mail_server.stop();
    }
}

#[test]
fn a_certificate_for_another_name_stops_the_mail() {
    let mail_server = MailServer::start_with(&["--encryption", "implicit"]);
    let authority = mail_server.authority();
    let address = mail_server.address("smtps").replace("localhost", "127.0.0.1");
    let server = sender(&address, &[("mail_ca_file", authority.to_str().unwrap())]);
    expect_delivery(&server, "queued", "not valid for name");
    mail_server.stop();
}

#[test]
fn a_self_signed_certificate_counts_if_exactly_it_is_named() {
    for (encryption, scheme) in [("starttls", "smtp"), ("implicit", "smtps")] {
        let start = || MailServer::start_with(&["--encryption", encryption, "--self-signed"]);
        let (mut mail_server, other) = (start(), start());
        let (address, named) = (mail_server.address(scheme), mail_server.authority());
        let named = [("mail_ca_file", named.to_str().unwrap())];
        expect_delivery(&sender(&address, &named), "sent", "250 taken");
        assert_eq!(mail_server.mail().said["is_encrypted"], true);

        expect_delivery(&sender(&address, &[]), "queued", "name exactly this certificate in mail_ca_file");
        let elsewhere = address.replace("localhost", "127.0.0.1");
        expect_delivery(&sender(&elsewhere, &named), "queued", "not valid for name");
        // It has the same name and subject, and vouches for nobody else.
        expect_delivery(&sender(&other.address(scheme), &named), "queued", "invalid peer certificate");
        mail_server.stop();
        other.stop();
    }
}

#[test]
fn a_server_without_starttls_gets_nothing_if_it_is_required() {
    let mail_server = MailServer::start();
    let server = sender(&mail_server.address("smtp"), &[]);
    expect_delivery(&server, "queued", "STARTTLS");
    mail_server.stop();
}

#[test]
fn opportunistic_encryption_falls_back_to_plain_text() {
    let mut mail_server = MailServer::start();
    let server = sender(&mail_server.address("smtp"), &[("mail_starttls", "opportunistic")]);
    expect_delivery(&server, "sent", "250 taken");
    assert_eq!(mail_server.mail().said["is_encrypted"], false);
    mail_server.stop();
}

#[test]
fn a_wrong_password_is_a_configuration_error_and_keeps_the_mail() {
    let mut mail_server =
        MailServer::start_with(&["--encryption", "starttls", "--user", "invited", "--password", "open sesame"]);
    let (authority, address) = (mail_server.authority(), mail_server.address("smtp"));
    let authority = authority.to_str().unwrap();
    for (password, state, reply) in [("open sesame", "sent", "250 taken"), ("wrong", "queued", "535 5.7.8")] {
        let settings = [("mail_ca_file", authority), ("mail_user", "invited"), ("mail_password", password)];
        let server = sender(&address, &settings);
        expect_delivery(&server, state, reply);
    }
    let unnamed = sender(&address, &[("mail_ca_file", authority)]);
    expect_delivery(&unnamed, "queued", "530");
    assert_eq!(mail_server.mail().said["is_authenticated"], true);
    mail_server.stop();
}
