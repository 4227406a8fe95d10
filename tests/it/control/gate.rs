//! Each rule of a sandbox's gate. The story of a real page of another origin is in `browser`.

use serde_json::{Value, json};

use super::refusal;
use crate::process::{Client, Reply};
use crate::support::{Server, token};

/// Every kind of path that a sandbox serves.
const PATHS: [&str; 6] =
    ["/api/v1/users/me", "/sandbox/clock", "/docs", "/health/live", "/oauth/authorize", "/nowhere"];

/// A request with these headers and nothing else of a browser. An extra `Host` replaces the usual one.
#[track_caller]
fn ask(server: &Server, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Reply {
    let mut client = Client::connect(server.address(), token::OWNER).unwrap();
    client.ask(method, path, headers, body).unwrap_or_else(|cause| panic!("{method} {path} {headers:?}: {cause}"))
}

#[test]
fn a_name_that_is_not_its_own_is_421_everywhere() {
    let server = Server::start_with(&[("base_url", "http://Sandbox.example.test:8080")]);
    for path in PATHS {
        for host in [
            "evil.test",
            "evil.test:80",
            "localhost.evil.test",
            "127.0.0.1.evil.test",
            "sandbox.example.test.evil.test",
            "sandbox.example.test@evil.test",
            "evil.test#localhost",
            "localhost:80:80",
            "127.0.0.1/evil",
            "a b",
            "[::1].evil.test",
            "",
        ] {
            let answer = ask(&server, "GET", path, &[("Host", host)], "");
            assert_eq!(answer.status, 421, "{host} {path}: {}", answer.body);
            assert!(answer.headers.contains_key("x-request-id"), "{host} {path}");
        }
        for host in
            ["127.0.0.1", "10.1.2.3:9", "[::1]:8080", "[fe80::1]", "LocalHost", "localhost.:1", "sandbox.example.test"]
        {
            let answer = ask(&server, "GET", path, &[("Host", host)], "");
            assert_ne!(answer.status, 421, "{host} {path}: {}", answer.body);
        }
        let answer = ask(&server, "GET", &format!("http://evil.test{path}"), &[("Host", "localhost")], "");
        assert_eq!(answer.status, 421, "a target in absolute form names a host too: {path}");
    }
    let sentence = ask(&server, "GET", "/sandbox/clock", &[("Host", "evil.test")], "").body;
    assert!(sentence.contains("base_url") && !sentence.contains("evil"), "{sentence}");
}

#[test]
fn the_name_follows_a_changed_base_url() {
    let server = Server::start();
    let host = [("Host", "people.example.test")];
    assert_eq!(ask(&server, "GET", "/docs", &host, "").status, 421);
    server.control("PUT", "/settings", &json!({"base_url": "https://people.example.test"})).expect(200);
    assert_eq!(ask(&server, "GET", "/docs", &host, "").status, 200);
    server.control("POST", "/reset", &Value::Null).expect(204);
    assert_eq!(ask(&server, "GET", "/docs", &host, "").status, 421);
}

#[test]
fn a_page_of_another_origin_may_only_read() {
    let server = Server::start();
    let own = format!("http://{}", server.address());
    let before = server.everything_stored();
    let targets = [
        ("POST", "/sandbox/reset", "{}"),
        ("PUT", "/sandbox/clock", r#"{"frozen":false}"#),
        ("DELETE", "/sandbox/requests", ""),
        ("PATCH", "/sandbox/nowhere", ""),
        ("POST", "/api/v1/account_invitations", r#"{"account_invitation":{}}"#),
        ("PUT", "/api/v1/account_invitations/1", r#"{"account_invitation":{"permission":"punch_clock"}}"#),
        ("DELETE", "/api/v1/account_invitations/1", ""),
        ("OPTIONS", "/api/v1/account_invitations/1", ""),
        ("POST", "/oauth/token", r#"{"grant_type":"client_credentials"}"#),
        ("POST", "/invitations/accept", r#"{"token":"lnk_1"}"#),
        ("POST", "/oauth/sign-in", "{}"),
    ];
    for (method, path, body) in targets {
        for page in [
            &[("Origin", "http://evil.test")][..],
            &[("Origin", "http://localhost:3000"), ("Sec-Fetch-Site", "same-site")],
            &[("Origin", "null")],
            &[("Origin", "null"), ("Sec-Fetch-Site", "cross-site")],
            &[("Origin", "null"), ("Sec-Fetch-Site", "same-site")],
            &[("Origin", "")],
            &[("Sec-Fetch-Site", "cross-site")],
            &[("Origin", &own), ("Sec-Fetch-Site", "cross-site")],
            &[("Origin", &own), ("Origin", "http://evil.test")],
            &[("Origin", "http://evil.test"), ("Host", "127.0.0.1"), ("Sec-Fetch-Site", "same-origin")],
        ] {
            let answer = ask(&server, method, path, page, body);
            assert_eq!(answer.status, 403, "{method} {path} {page:?}: {}", answer.body);
            assert!(answer.body.contains("another origin"), "{}", answer.body);
        }
    }
    assert_eq!(server.everything_stored(), before);
    let page = [("Origin", "http://evil.test"), ("Sec-Fetch-Site", "cross-site")];
    let answer = ask(&server, "GET", "/sandbox/clock", &page, "");
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert!(!answer.headers.keys().any(|name| name.starts_with("access-control-")), "it may ask, but not look");
}

#[test]
fn its_own_pages_may_do_everything() {
    let server = Server::start_with(&[("base_url", "https://people.example.test")]);
    let own = format!("http://{}", server.address());
    for page in [
        &[("Host", "localhost:8080"), ("Origin", "http://localhost:8080")][..],
        &[("Host", "localhost:8080"), ("Origin", "null"), ("Sec-Fetch-Site", "same-origin")],
        &[("Host", &own["http://".len()..]), ("Origin", &own), ("Sec-Fetch-Site", "same-origin")],
        // A proxy with TLS in front of it may change the host, but not what the browser calls the page.
        &[("Origin", "https://people.example.test")],
        &[("Sec-Fetch-Site", "none")],
        &[],
    ] {
        for (method, path, body, status) in [
            ("PUT", "/api/v1/account_invitations/1", r#"{"account_invitation":{}}"#, 200),
            ("POST", "/sandbox/clock/advance", r#"{"seconds":1}"#, 200),
            ("DELETE", "/sandbox/faults", "", 204),
        ] {
            let answer = ask(&server, method, path, page, body);
            assert_eq!(answer.status, status, "{method} {path} {page:?}: {}", answer.body);
        }
    }
}

#[test]
fn the_control_plane_takes_only_json() {
    let server = Server::start();
    let send = |method: &str, path: &str, kind: Option<&str>, body: &str| {
        server.request_at_root(method, &format!("/sandbox{path}")).body(kind, body).send()
    };
    server.control("PUT", "/snapshots/one", &Value::Null).expect(200);
    let clock = server.control("GET", "/clock", &Value::Null).text().to_owned();
    for (method, path, body) in [
        ("POST", "/reset", ""),
        ("POST", "/clock/advance", r#"{"seconds":1}"#),
        ("PUT", "/clock", r#"{"frozen":false}"#),
        ("PUT", "/snapshots/two", ""),
        ("POST", "/snapshots/one/restore", "{}"),
        ("POST", "/faults", r#"{"status":503}"#),
        ("PUT", "/settings", r#"{"rate_create":1}"#),
        ("POST", "/accounts", ""),
    ] {
        for kind in [
            None,
            Some(""),
            Some("text/plain"),
            Some("application/x-www-form-urlencoded"),
            Some("multipart/form-data; boundary=application/json"),
            Some("text/plain; a=application/json"),
            Some("application/json-seq"),
        ] {
            let answer = send(method, path, kind, body).expect(415);
            assert!(refusal(&answer).contains("Content-Type: application/json"), "{answer}");
        }
    }
    send("DELETE", "/snapshots/one", Some("text/plain"), "").expect(415);
    assert_eq!(server.control("GET", "/clock", &Value::Null).text(), clock);
    send("PUT", "/clock", Some("Application/JSON; charset=utf-8"), r#"{"frozen":true}"#).expect(200);
    send("DELETE", "/snapshots/one", None, "").expect(204);
}

#[test]
fn a_refused_request_uses_up_no_fault_and_is_not_recorded() {
    let server = Server::start();
    server.control("POST", "/faults", &json!({"status": 503, "times": 1})).expect(200);
    for headers in [[("Host", "evil.test")], [("Origin", "http://evil.test")]] {
        let answer = ask(&server, "PUT", "/api/v1/account_invitations/1", &headers, "{}");
        assert!([421, 403].contains(&answer.status), "{}", answer.body);
    }
    assert_eq!(server.control("GET", "/requests", &Value::Null).json(), json!({"requests": []}));
    let next = server.get("/users/me").bearer(token::OWNER).try_send().unwrap().expect(503);
    assert_eq!(next.header("invited-fault"), Some("1"), "{next}");
}

#[test]
fn a_form_of_an_old_browser_is_taken_with_its_cookie() {
    let server = Server::start();
    let cookie = format!("invited_session_{}={}", server.address().port(), "a".repeat(43));
    let form = |path: &str, cookie: &str| {
        let request = server.request_at_root("POST", path).header("Origin", "null").header("Cookie", cookie);
        request.form("csrf_token=x").send().status
    };
    assert_eq!(form("/oauth/sign-in", "other=1"), 403);
    assert_ne!(form("/oauth/token", &cookie), 403, "the gate lets it through");
    assert_eq!(form("/sandbox/reset", &cookie), 403);
}

#[test]
fn a_server_that_is_no_sandbox_has_no_gate() {
    let server = Server::start_plain(&[]);
    let page = [("Host", "people.example.test"), ("Origin", "http://evil.test"), ("Sec-Fetch-Site", "cross-site")];
    let answer = ask(&server, "PUT", "/api/v1/account_invitations/1", &page, r#"{"account_invitation":{}}"#);
    assert_eq!(answer.status, 200, "a proxy may name it as it likes: {}", answer.body);
}
