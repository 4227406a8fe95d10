//! Front ends in a browser: origins that the operator has listed may read, all others may not.

use serde_json::{Value, json};

use crate::process::{printed, run};
use crate::support::client::Request;
use crate::support::{Answer, Server, token};

const FRONT_END: &str = "https://app.example.com";

fn listed() -> [(&'static str, &'static str); 1] {
    [("cors_origins", "https://App.example.com:443, http://localhost:3000")]
}

fn preflight(server: &Server, path: &str, origin: &str) -> Answer {
    let request = server.request_at_root("OPTIONS", path).header("Origin", origin);
    let request = request.header("Access-Control-Request-Method", "PUT");
    request.header("Access-Control-Request-Headers", "authorization,content-type,idempotency-key").try_send().unwrap()
}

/// Sends a request from a page, and returns the answer without judging it by the contract.
fn from(request: Request, origin: &str) -> Answer {
    request.header("Origin", origin).try_send().unwrap()
}

fn shared_headers(answer: &Answer) -> Vec<&str> {
    let names = answer.headers.iter().map(|(name, _)| name.as_str());
    names.filter(|name| name.starts_with("access-control-")).collect()
}

#[test]
fn a_listed_origin_may_ask_beforehand_and_read_every_answer() {
    for server in [Server::start_plain(&listed()), Server::start_with(&listed())] {
        for path in ["/api/v1/account_invitations/1", "/api/v1/nowhere", "/oauth/token", "/invitations/accept"] {
            let answer = preflight(&server, path, FRONT_END).expect(204);
            assert_eq!(answer.header("access-control-allow-origin"), Some(FRONT_END), "{answer}");
            assert_eq!(answer.header("vary"), Some("Origin"));
            for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
                assert!(answer.header("access-control-allow-methods").unwrap().contains(method), "{answer}");
            }
            for name in ["Authorization", "Content-Type", "Idempotency-Key", "If-Match", "Invited-Strict"] {
                assert!(answer.header("access-control-allow-headers").unwrap().contains(name), "{answer}");
            }
            assert!(answer.header("x-request-id").is_some() && answer.body.is_empty(), "{answer}");
        }
        let invitation = || server.get("/account_invitations/1");
        for (request, status) in [
            (invitation().bearer(token::OWNER), 200),
            (invitation(), 401),
            (server.get("/account_invitations/4711").bearer(token::OWNER), 404),
            (server.get("/account_invitations").bearer(token::PUNCH_CLOCK), 403),
            (server.put("/account_invitations/1").bearer(token::OWNER).json(&json!({})), 400),
            (server.request_at_root("POST", "/oauth/token").form("grant_type=password"), 400),
        ] {
            let answer = from(request, "http://localhost:3000").expect(status);
            assert_eq!(answer.header("access-control-allow-origin"), Some("http://localhost:3000"), "{answer}");
            assert_eq!(answer.header("access-control-allow-credentials"), None, "cookies stay with the pages");
            let exposed = answer.header("access-control-expose-headers").unwrap();
            for name in [
                "X-Request-Id",
                "Retry-After",
                "ETag",
                "Idempotent-Replayed",
                "Invited-Fault",
                "Invited-Seats-Over",
                "WWW-Authenticate",
            ] {
                assert!(exposed.contains(name), "{exposed}");
            }
        }
    }
}

#[test]
fn nobody_else_may() {
    let unlisted =
        [Server::start_plain(&[]), Server::start_plain(&[listed()[0], ("metrics_on_main_listener", "true")])];
    for server in &unlisted {
        for origin in ["https://evil.example.com", "http://app.example.com", "https://app.example.com:8443", "null"] {
            let answer = from(server.get("/account_invitations/1").bearer(token::OWNER), origin).expect(200);
            assert_eq!(shared_headers(&answer), Vec::<&str>::new(), "{answer}");
            let answer = preflight(server, "/api/v1/account_invitations/1", origin).expect(401);
            assert_eq!(shared_headers(&answer), Vec::<&str>::new(), "{answer}");
        }
    }
    let answer = preflight(&unlisted[0], "/api/v1/account_invitations/1", FRONT_END).expect(401);
    assert_eq!(shared_headers(&answer), Vec::<&str>::new(), "without the setting no origin is listed");
    // Neither an OPTIONS that is no preflight, nor what is not for programs.
    let plain = from(unlisted[1].request("OPTIONS", "/account_invitations/1").bearer(token::OWNER), FRONT_END);
    assert_eq!(plain.expect(404).header("access-control-allow-methods"), None);
    for path in ["/docs", "/metrics", "/health/ready"] {
        let answer = from(unlisted[1].request_at_root("GET", path), FRONT_END).expect(200);
        assert_eq!(shared_headers(&answer), Vec::<&str>::new(), "{answer}");
    }
    let sandbox = Server::start();
    preflight(&sandbox, "/api/v1/account_invitations/1", FRONT_END).expect(403);
}

#[test]
fn a_listed_page_may_drive_a_sandbox() {
    let server = Server::start_with(&listed());
    preflight(&server, "/sandbox/clock/advance", FRONT_END).expect(204);
    let advance = || server.request_at_root("POST", "/sandbox/clock/advance").json(&json!({"seconds": 1}));
    let answer = from(advance().header("Sec-Fetch-Site", "cross-site"), FRONT_END).expect(200);
    assert_eq!(answer.header("access-control-allow-origin"), Some(FRONT_END), "{answer}");
    from(advance(), "https://evil.example.com").expect(403);
    let both = advance().header("Origin", "https://evil.example.com");
    from(both, FRONT_END).expect(403);
}

#[test]
fn the_request_log_of_a_sandbox_shows_what_a_front_end_got() {
    let server = Server::start_with(&listed());
    server.control("POST", "/faults", &json!({"status": 503, "path": "/api/v1/users/me"})).expect(200);
    preflight(&server, "/api/v1/account_invitations/1", FRONT_END).expect(204);
    from(server.get("/account_invitations/1").bearer(token::OWNER), FRONT_END).expect(200);
    let under_fault = from(server.get("/users/me").bearer(token::OWNER), FRONT_END).expect(503);
    assert_eq!(under_fault.header("access-control-allow-origin"), Some(FRONT_END), "{under_fault}");
    let recorded = server.control("GET", "/requests", &Value::Null).expect(200).json();
    let requests = recorded["requests"].as_array().unwrap();
    // A preflight is answered before anything is recorded.
    assert_eq!(requests.len(), 2, "{recorded}");
    for request in requests {
        let headers = request["response_headers"].as_array().unwrap();
        for (name, value) in [("access-control-allow-origin", FRONT_END), ("vary", "Origin")] {
            let of_name: Vec<_> = headers.iter().filter(|header| header["name"] == name).collect();
            assert!(of_name.len() == 1 && of_name[0]["value"] == value, "{headers:?}");
        }
    }
}

#[test]
fn all_origins_may_be_listed_but_not_beside_a_control_plane() {
    let server = Server::start_plain(&[("cors_origins", "*")]);
    let answer = preflight(&server, "/api/v1/account_invitations/1", "https://any.example").expect(204);
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"), "{answer}");
    let refused = run(&["sandbox", "--listen", "127.0.0.1:0", "--cors-origins", "*"]);
    assert_eq!(refused.status.code(), Some(1));
    let said = printed(&refused.stderr);
    assert!(said.contains("cors_origins") && said.contains("control plane"), "{said}");
    for origins in ["app.example.com", "https://app.example.com/path", "ftp://x", "https://a b", "*.example.com"] {
        let refused = run(&["sandbox", "--listen", "127.0.0.1:0", "--cors-origins", origins]);
        assert_eq!(refused.status.code(), Some(1), "{origins}");
        assert!(printed(&refused.stderr).contains("setting cors_origins"), "{origins}");
    }
}
