//! The name under which the server introduces itself to mail servers, which strict ones check.

use super::{expect_mail, invite, sender_with};
use crate::support::Sink;
use crate::support::sink::Manner;

/// The names that a mail server hears from a server with these settings.
#[track_caller]
fn names(settings: &[(&'static str, &str)]) -> Vec<String> {
    let sink = Sink::start(&[Manner::Kind]);
    let server = sender_with(&sink, settings);
    let invitation = invite(&server, "Nora New", "nora@example.test");
    server.deliver();
    expect_mail(&server, &invitation, "sent", "250 taken");
    sink.names()
}

#[test]
fn it_is_the_host_of_the_servers_url() {
    for base_url in ["https://people.example.com", "http://people.example.com:8080", "https://people.example.com/"] {
        assert_eq!(names(&[("base_url", base_url)]), ["people.example.com"], "{base_url}");
    }
}

#[test]
fn it_is_the_domain_of_the_sender_where_the_url_has_no_name_with_a_dot() {
    for base_url in ["", "http://localhost:8080", "https://people", "http://192.0.2.7:80", "http://[2001:db8::7]:80"] {
        let settings = [("base_url", base_url), ("mail_from", "people@mail.example.org")];
        assert_eq!(names(&settings), ["mail.example.org"], "{base_url}");
    }
}

#[test]
fn a_setting_decides_first() {
    for hello in ["mx.example.net", "relay", "[192.0.2.7]", "[IPv6:2001:db8::7]"] {
        let settings = [("base_url", "https://people.example.com"), ("mail_hello", hello)];
        assert_eq!(names(&settings), [hello]);
    }
}
