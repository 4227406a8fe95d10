//! A body has at most a mebibyte, however its length is announced.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use invited::testing::Stopwatch;

use super::{Watched, body_of, head, status_of};
use crate::exact::{put_json, refusal};
use crate::support::token;

const MEBIBYTE: usize = 1_048_576;
const TOO_LARGE: &str = "The request body is larger than 1048576 bytes.";

/// A JSON body of exactly this many bytes that changes nothing.
fn json_of(length: usize) -> String {
    let (start, end) = (r#"{"account_invitation":{}"#, "}");
    format!("{start}{}{end}", " ".repeat(length - start.len() - end.len()))
}

/// Sends bytes, keeps the connection open, and returns the answer and how long the server took to close.
fn exchange(watched: &Watched, bytes: &[u8]) -> (Vec<u8>, Duration) {
    let start = Stopwatch::start();
    let mut stream = TcpStream::connect(watched.server.address()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    // The server may close before it has read everything; that is what is tested.
    let _ = stream.write_all(bytes);
    let mut received = Vec::new();
    let _ = stream.read_to_end(&mut received);
    (received, start.elapsed())
}

#[test]
fn a_mebibyte_passes_and_one_byte_more_does_not() {
    let watched = Watched::start();
    put_json(&watched.server, "/account_invitations/1", token::ADMINISTRATOR, &json_of(MEBIBYTE)).expect(200);
    for length in [MEBIBYTE + 1, 2 * MEBIBYTE, 20 * MEBIBYTE] {
        let answer =
            put_json(&watched.server, "/account_invitations/1", token::ADMINISTRATOR, &json_of(length)).expect(413);
        assert_eq!(answer.text(), refusal("syntax", TOO_LARGE), "for {length} bytes");
    }
    watched.is_unharmed();
}

#[test]
fn a_form_and_a_multipart_body_have_the_same_limit() {
    let watched = Watched::start();
    for (kind, start) in [
        ("application/x-www-form-urlencoded", "account_invitation[x]=&y="),
        ("multipart/form-data; boundary=b", "--b\r\nContent-Disposition: form-data; name=\"x\"\r\n\r\n"),
        ("text/plain", ""),
    ] {
        let body = format!("{start}{}", "a".repeat(MEBIBYTE + 1 - start.len()));
        let answer = watched
            .server
            .put("/account_invitations/1")
            .bearer(token::ADMINISTRATOR)
            .body(Some(kind), body)
            .send()
            .expect(413);
        assert_eq!(answer.text(), refusal("syntax", TOO_LARGE), "for {kind}");
    }
    watched.is_unharmed();
}

#[test]
fn a_large_announced_length_is_refused_before_the_body_is_read() {
    let watched = Watched::start();
    for length in ["1048577", "10000000000", "18446744073709551615"] {
        let (received, elapsed) = exchange(&watched, head(&format!("Content-Length: {length}")).as_bytes());
        let status = status_of(&received);
        if length.len() < 20 {
            assert_eq!(status, Some(413), "for {length}");
            assert_eq!(body_of(&received), refusal("syntax", TOO_LARGE));
        } else {
            assert!(status.is_some_and(|status| (400..500).contains(&status)), "for {length}: {status:?}");
        }
        assert!(elapsed < Duration::from_secs(5), "the server waited {elapsed:?} for a body that it refuses");
    }
    watched.is_unharmed();
}

#[test]
fn expect_100_continue_with_too_large_a_length_is_refused_at_once() {
    let watched = Watched::start();
    let lines = format!("Content-Length: {}\r\nExpect: 100-continue", MEBIBYTE + 1);
    let (received, elapsed) = exchange(&watched, head(&lines).as_bytes());
    assert_eq!(status_of(&received), Some(413), "{}", String::from_utf8_lossy(&received));
    assert!(elapsed < Duration::from_secs(5));
    watched.is_unharmed();
}

#[test]
fn a_chunked_body_is_measured_as_it_arrives() {
    let watched = Watched::start();
    let chunk = |length: usize| format!("{length:x}\r\n{}\r\n", " ".repeat(length));
    let body = r#"{"account_invitation":{}}"#;
    let fits = format!(
        "{}{:x}\r\n{body}\r\n{}0\r\n\r\n",
        head("Transfer-Encoding: chunked\r\nConnection: close"),
        body.len(),
        chunk(MEBIBYTE - body.len())
    );
    let (received, _) = exchange(&watched, fits.as_bytes());
    assert_eq!(status_of(&received), Some(200));

    // The last chunk never comes: the answer must not wait for it.
    let too_large = format!("{}{}{}", head("Transfer-Encoding: chunked"), chunk(MEBIBYTE), chunk(1));
    let (received, elapsed) = exchange(&watched, too_large.as_bytes());
    assert_eq!(status_of(&received), Some(413));
    assert!(body_of(&received).contains(&refusal("syntax", TOO_LARGE)));
    assert!(elapsed < Duration::from_secs(5));

    let many: String = (0..MEBIBYTE / 512 + 1).map(|_| chunk(512)).collect();
    let (received, _) = exchange(&watched, format!("{}{many}", head("Transfer-Encoding: chunked")).as_bytes());
    assert_eq!(status_of(&received), Some(413));
    watched.is_unharmed();
}

#[test]
fn too_short_a_length_cuts_the_body_and_the_rest_is_not_a_request() {
    let watched = Watched::start();
    let body = r#"{"account_invitation":{"permission":"collaborator"}}"#;
    let bytes = format!("{}{body}", head("Content-Length: 10"));
    let (received, _) = exchange(&watched, bytes.as_bytes());
    assert_eq!(status_of(&received), Some(400));
    watched.is_unharmed();
}

#[test]
fn too_long_a_length_ends_at_the_deadline() {
    let watched = Watched::start_with(&[("body_timeout", "1")]);
    let body = r#"{"account_invitation":{"permission":"collaborator"}}"#;
    let bytes = format!("{}{body}", head("Content-Length: 1000"));
    let (received, elapsed) = exchange(&watched, bytes.as_bytes());
    assert_eq!(status_of(&received), Some(408));
    assert_eq!(body_of(&received), refusal("system", "The request took too long to arrive."));
    assert!(elapsed < Duration::from_secs(5), "{elapsed:?}");
    watched.is_unharmed();
}

#[test]
fn contradictory_or_non_numeric_lengths_are_refused() {
    let watched = Watched::start();
    let body = r#"{"account_invitation":{"permission":"collaborator"}}"#;
    for lines in [
        "Content-Length: 52\r\nContent-Length: 10",
        "Content-Length: 10, 52",
        "Content-Length: -1",
        "Content-Length: 0x34",
        "Content-Length: +52",
        "Content-Length: fifty",
        "Content-Length: 99999999999999999999999",
        "Transfer-Encoding: gzip",
        "Transfer-Encoding: chunked, identity",
        "Transfer-Encoding: chunked",
    ] {
        let (received, elapsed) = exchange(&watched, format!("{}{body}", head(lines)).as_bytes());
        let status = status_of(&received);
        assert!(status.is_none_or(|status| (400..500).contains(&status)), "for {lines}: {status:?}");
        assert!(elapsed < Duration::from_secs(9), "for {lines}: {elapsed:?}");
    }
    watched.is_unharmed();
}

#[test]
fn the_limit_is_a_setting() {
    let watched = Watched::start_with(&[("body_limit", "100")]);
    put_json(&watched.server, "/account_invitations/1", token::ADMINISTRATOR, &json_of(100)).expect(200);
    let answer = put_json(&watched.server, "/account_invitations/1", token::ADMINISTRATOR, &json_of(101)).expect(413);
    assert_eq!(answer.text(), refusal("syntax", "The request body is larger than 100 bytes."));
    watched.is_unharmed();
}
