//! Bytes that are barely HTTP, or not at all.

use super::{Watched, status_of};
use crate::support::token;

/// Expects a refusal or no answer, and that the server keeps running.
fn refuses(watched: &Watched, name: &str, bytes: &[u8]) {
    let received = watched.server.raw(bytes);
    let status = status_of(&received);
    assert!(
        received.is_empty() || status.is_some_and(|status| (400..500).contains(&status)),
        "for {name}: {}",
        String::from_utf8_lossy(&received[..received.len().min(300)])
    );
}

fn request(lines: &str) -> Vec<u8> {
    format!(
        "DELETE /api/v1/account_invitations/1 HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n\
         {lines}\r\n\r\n",
        token::ADMINISTRATOR
    )
    .into_bytes()
}

#[test]
fn garbage_is_refused() {
    let watched = Watched::start_with(&[("header_timeout", "1")]);
    let random: Vec<u8> = (0..4_096_u32).map(|number| (number.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    for (name, bytes) in [
        ("nothing at all", &b""[..]),
        ("blank lines", b"\r\n\r\n\r\n\r\n"),
        ("a word", b"hello\r\n\r\n"),
        ("NUL bytes", &[0; 512]),
        ("random bytes", &random),
        ("a greeting of TLS", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"),
        ("the preface of HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
        ("another protocol", b"SSH-2.0-OpenSSH_9.9\r\n"),
        ("mail", b"EHLO example.test\r\nMAIL FROM:<a@example.test>\r\n"),
        ("no version", b"GET /api/v1/account_invitations\r\n\r\n"),
        ("an old version", b"GET /api/v1/account_invitations HTTP/0.9\r\n\r\n"),
        ("a new version", b"GET /api/v1/account_invitations HTTP/3.0\r\n\r\n"),
        ("too many words", b"GET /api/v1 /account_invitations HTTP/1.1\r\nHost: localhost\r\n\r\n"),
        ("no target", b"GET  HTTP/1.1\r\nHost: localhost\r\n\r\n"),
        ("a method of other characters", b"GE\xffT / HTTP/1.1\r\nHost: localhost\r\n\r\n"),
    ] {
        refuses(&watched, name, bytes);
    }
    watched.is_unharmed();
}

#[test]
fn broken_headers_are_refused() {
    let watched = Watched::start_with(&[("header_timeout", "1")]);
    for (name, lines) in [
        ("no colon", "X-Broken"),
        ("a blank before the colon", "X-Broken : 1"),
        ("a folded line", "X-Folded: 1\r\n 2"),
        ("no name", ": 1"),
        ("NUL in a value", "X-Broken: a\0b"),
        ("a lone line feed in a value", "X-Broken: a\nX: b\0"),
        ("a name of other characters", "X-Br\u{f6}ken: 1"),
        ("a name in brackets", "(X): 1"),
    ] {
        refuses(&watched, name, &request(lines));
    }
    watched.is_unharmed();
}

#[test]
fn too_many_or_too_long_headers_are_refused() {
    let watched = Watched::start();
    let many: String = (0..5_000).map(|number| format!("X-{number}: 1\r\n")).collect();
    refuses(&watched, "many headers", &request(many.trim_end()));
    refuses(&watched, "a long header", &request(&format!("X-Long: {}", "a".repeat(2_000_000))));
    watched.is_unharmed();
}

#[test]
fn two_authorization_headers_are_refused() {
    let watched = Watched::start();
    for lines in [
        "Authorization: Bearer sandbox-administrator\r\nConnection: close",
        "authorization: Basic x\r\nConnection: close",
        "AUTHORIZATION: \r\nConnection: close",
    ] {
        assert_eq!(status_of(&watched.server.raw(&request(lines))), Some(401), "for {lines}");
    }
    watched.is_unharmed();
}

#[test]
fn broken_chunks_are_refused() {
    let watched = Watched::start_with(&[("body_timeout", "1")]);
    for (name, body) in [
        ("no number", "hello\r\n"),
        ("a negative number", "-5\r\nhello\r\n0\r\n\r\n"),
        ("a number beyond 64 bits", "fffffffffffffffff\r\nhello\r\n0\r\n\r\n"),
        ("a chunk that is longer than its number", "2\r\nhello\r\n0\r\n\r\n"),
        ("a chunk that is cut", "a\r\nhello"),
    ] {
        let head = format!(
            "PUT /api/v1/account_invitations/1 HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n\
             Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n",
            token::ADMINISTRATOR
        );
        refuses(&watched, name, format!("{head}{body}").as_bytes());
    }
    watched.is_unharmed();
}

#[test]
fn http_1_0_is_answered_and_the_connection_closes() {
    let watched = Watched::start();
    let received = watched.server.raw(
        format!("GET /api/v1/account_invitations/1 HTTP/1.0\r\nAuthorization: Bearer {}\r\n\r\n", token::ADMINISTRATOR)
            .as_bytes(),
    );
    assert_eq!(status_of(&received), Some(200));
    watched.is_unharmed();
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    let watched = Watched::start();
    let one = |method: &str, id: &str, last: &str| {
        format!(
            "{method} /api/v1/account_invitations/{id} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n\
             {last}\r\n",
            token::ADMINISTRATOR
        )
    };
    let bytes = [one("GET", "1", ""), one("GET", "99", ""), one("GET", "2", "Connection: close\r\n")].concat();
    let received = String::from_utf8(watched.server.raw(bytes.as_bytes())).unwrap();
    let places = ["Ada Pending", "Not found", "Grace Full"].map(|text| received.find(text).unwrap());
    assert!(places.is_sorted(), "{received}");
    watched.is_unharmed();
}

/// Sends a PUT that sets the target of invitation 1, followed on the same connection by other bytes.
fn update_followed_by(watched: &Watched, target: u64, bytes: &str) -> String {
    let body = format!(r#"{{"account_invitation":{{"billability_target":{target}}}}}"#);
    let head = format!(
        "PUT /api/v1/account_invitations/1 HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        token::ADMINISTRATOR,
        body.len()
    );
    String::from_utf8_lossy(&watched.server.raw(format!("{head}{body}{bytes}").as_bytes())).into_owned()
}

#[test]
fn bytes_after_a_request_neither_lose_nor_delay_its_answer() {
    let watched = Watched::start();
    // All at once, since the server waits seconds for the rest of what begins like a request.
    std::thread::scope(|scope| {
        for (target, bytes) in
            [(1, "\r\n"), (2, "garbage"), (3, "garbage garbage\r\n\r\n"), (4, "GET /api"), (5, "\0\0\0\0")]
        {
            let watched = &watched;
            scope.spawn(move || {
                let received = update_followed_by(watched, target, bytes);
                let updated = format!(r#""billability_target":{target},"#);
                assert!(received.starts_with("HTTP/1.1 200 "), "followed by {bytes:?}: {received:?}");
                assert!(received.contains(&updated), "followed by {bytes:?}: {received}");
            });
        }
    });
}

#[test]
fn a_request_smuggled_behind_two_lengths_is_not_executed() {
    let watched = Watched::start();
    let hidden = format!(
        "DELETE /api/v1/account_invitations/1 HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n\r\n",
        token::ADMINISTRATOR
    );
    let bytes = format!(
        "PUT /api/v1/account_invitations/1 HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n\
         Content-Type: text/plain\r\nContent-Length: {}\r\nContent-Length: 0\r\n\r\n{hidden}",
        token::ADMINISTRATOR,
        hidden.len()
    );
    refuses(&watched, "two lengths", bytes.as_bytes());
    watched.is_unharmed();
}
