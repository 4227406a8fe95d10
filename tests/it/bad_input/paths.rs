//! Invalid ids and paths, and path tricks.

use super::{Watched, status_of};
use crate::exact::refusal;
use crate::support::token;

const NOT_IDS: [&str; 24] = [
    "0",
    "00",
    "-1",
    "+1",
    "1e3",
    "1.0",
    "1.5",
    "0x1",
    "1_0",
    "1,2",
    "abc",
    "7abc",
    "null",
    "true",
    "%20",
    "1%20",
    "%201",
    "1%0a",
    "99",
    "99999999999999999999",
    "9223372036854775808",
    "18446744073709551617",
    "340282366920938463463374607431768211457",
    "%D9%A1",
];

#[test]
fn an_invalid_id_is_not_found_for_every_operation() {
    let watched = Watched::start();
    let not_found = refusal("system", "Not found");
    for id in NOT_IDS {
        let path = format!("/account_invitations/{id}");
        for (method, path) in
            [("GET", path.clone()), ("PUT", path.clone()), ("DELETE", path.clone()), ("PUT", format!("{path}/resend"))]
        {
            let mut request = watched.server.request(method, &path).bearer(token::ADMINISTRATOR);
            if method == "PUT" {
                request = request.body(Some("application/json"), r#"{"account_invitation":{"billability_target":1}}"#);
            }
            assert_eq!(request.send().expect(404).text(), not_found, "for {method} {path}");
        }
    }
    watched.is_unharmed();
}

#[test]
fn an_id_of_ten_thousand_digits_is_not_found() {
    let watched = Watched::start();
    let path = format!("/account_invitations/{}", "9".repeat(10_000));
    watched.server.get(&path).bearer(token::ADMINISTRATOR).send().expect(404);
    let zeros = format!("/account_invitations/{}1", "0".repeat(10_000));
    watched.server.get(&zeros).bearer(token::ADMINISTRATOR).send().expect(200);
    watched.is_unharmed();
}

/// A DELETE with the raw target: if a trick works, invitation 1 is gone.
fn delete(watched: &Watched, target: &str) -> Vec<u8> {
    watched.server.raw(
        format!(
            "DELETE {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: Bearer {}\r\n\r\n",
            token::ADMINISTRATOR
        )
        .as_bytes(),
    )
}

#[test]
fn doubled_slashes_dots_and_encoded_separators_lead_nowhere() {
    let watched = Watched::start();
    for target in [
        "//api/v1/account_invitations/1",
        "/api//v1/account_invitations/1",
        "/api/v1//account_invitations/1",
        "/api/v1/account_invitations//1",
        "/api/v1/account_invitations/1//",
        "/api/v1/./account_invitations/1",
        "/api/v1/account_invitations/./1",
        "/api/v1/account_invitations/2/../1",
        "/api/v1/account_invitations/2/%2e%2e/1",
        "/api/v1/account_invitations/%2e%2e/account_invitations/1",
        "/api/v1/../v1/account_invitations/1",
        "/api/v1/account_invitations%2f1",
        "/api/v1/account_invitations/%2f1",
        "/api/v1/account_invitations/1%2f",
        "/api/v1/account_invitations/1%00",
        "/api/v1/account_invitations/%001",
        "/api/v1/account_invitations%00/1",
        "/api/v1/account_invitations/1%3f",
        "/api/v1/account_invitations/1%2ejson%2ejson",
        "/api/v1/account_invitations/1;x=1",
        "/api/v1/account_invitations/1/resend/resend",
        "/api/v2/account_invitations/1",
        "/API/V1/account_invitations/1",
        "/api/v1/account_invitations\\1",
        "/account_invitations/1",
    ] {
        let received = delete(&watched, target);
        let status = status_of(&received);
        assert!(matches!(status, Some(404 | 400)), "for {target}: {status:?}");
    }
    watched.is_unharmed();
}

#[test]
fn a_path_whose_encoding_is_broken_is_refused() {
    let watched = Watched::start();
    for target in [
        "/api/v1/account_invitations/%",
        "/api/v1/account_invitations/1%",
        "/api/v1/account_invitations/%3",
        "/api/v1/account_invitations/%zz",
        "/api/v1/account_invitations/%ff",
        "/api/v1/account_invitations/%c0%b1",
        "/api/v1/%ff/1",
    ] {
        let status = status_of(&delete(&watched, target));
        assert!(matches!(status, Some(404 | 400)), "for {target}: {status:?}");
    }
    watched.is_unharmed();
}

#[test]
fn targets_in_other_forms_are_answered_or_refused_but_never_break_anything() {
    let watched = Watched::start();
    let get = |target: &str, lines: &str| {
        watched.server.raw(
            format!(
                "GET {target} HTTP/1.1\r\n{lines}Connection: close\r\nAuthorization: Bearer {}\r\n\r\n",
                token::ADMINISTRATOR
            )
            .as_bytes(),
        )
    };
    let absolute = get("http://localhost/api/v1/account_invitations/1", "Host: localhost\r\n");
    assert_eq!(status_of(&absolute), Some(200), "a target in absolute form must be understood");
    for (target, lines) in [
        ("*", "Host: localhost\r\n"),
        ("x:443", "Host: localhost\r\n"),
        ("http://", "Host: localhost\r\n"),
        ("ftp://x/api/v1/account_invitations/1", "Host: localhost\r\n"),
        ("/api/v1/account_invitations/1#fragment", "Host: localhost\r\n"),
        ("/api/v1/account_invitations/1", ""),
        ("/api/v1/account_invitations/1", "Host: a\r\nHost: b\r\n"),
        ("/api/v1/account_invitations/1", "Host: \r\n"),
        ("/api/v1/account_invitations/1", "Host: a b/c?d\r\n"),
        (
            "/api/v1/account_invitations/1",
            "Host: localhost\r\nX-Forwarded-Host: evil.test\r\nX-Original-URL: /api/v1/users\r\n",
        ),
    ] {
        let status = status_of(&get(target, lines));
        assert!(status.is_none_or(|status| status < 500), "for {target} with {lines:?}: {status:?}");
    }
    watched.is_unharmed();
}

#[test]
fn a_very_long_target_is_answered_or_refused() {
    let watched = Watched::start();
    for length in [8_000, 60_000, 1_000_000] {
        let status = status_of(&delete(&watched, &format!("/api/v1/account_invitations/{}", "a".repeat(length))));
        assert!(status.is_none_or(|status| (400..500).contains(&status)), "for {length}: {status:?}");
    }
    watched.is_unharmed();
}

#[test]
fn without_a_token_no_path_reveals_whether_it_exists() {
    let watched = Watched::start();
    let unknown = watched.server.get("/nowhere").send().expect(401);
    let known = watched.server.get("/account_invitations/1").send().expect(401);
    assert_eq!(unknown.text(), known.text());
}
