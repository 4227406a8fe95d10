use serde_json::{Value, json};

use super::{invitation, refusal};
use crate::support::{Server, token};

#[test]
fn requests_and_answers_are_recorded() {
    let server = Server::start();
    server.get("/account_invitations?only_pendng=1").bearer(token::ADMINISTRATOR).send().expect(200);
    server.invite_as_administrator("nia@example.test").expect(200);
    server.get("/account_invitations/5").bearer(token::OTHER_ADMINISTRATOR).send().expect(200);
    server.get("/account_invitations/1").bearer("nobody").send().expect(401);
    let all = server.control("GET", "/requests", &Value::Null).expect(200).json();
    let requests = all["requests"].as_array().unwrap();
    assert_eq!(requests.len(), 4, "requests to the control plane are not recorded: {all}");
    let first = &requests[0];
    assert_eq!(first["ignored"], "Strict mode: unknown parameter only_pendng.");
    assert_eq!(
        (&first["operation"], &first["account_id"], &first["user_id"]),
        (&json!("GetAccountInvitations"), &json!("1"), &json!("2"))
    );
    let create = &requests[1];
    assert_eq!(
        (&create["method"], &create["path"], &create["status"]),
        (&json!("POST"), &json!("/api/v1/account_invitations"), &json!(200))
    );
    assert_eq!(
        serde_json::from_str::<Value>(create["request_body"].as_str().unwrap()).unwrap(),
        invitation("nia@example.test")
    );
    assert!(create["response_body"].as_str().unwrap().contains("nia@example.test"));
    for (filter, expected) in [
        ("method=post", 1),
        ("status=200", 3),
        ("status=401", 1),
        ("account_id=2", 1),
        ("path=/api/v1/account_invitations/*", 2),
        ("after=2", 2),
        ("after=2&status=401", 1),
        ("method=DELETE", 0),
    ] {
        let found = server.control("GET", &format!("/requests?{filter}"), &Value::Null).expect(200).json();
        assert_eq!(found["requests"].as_array().map(Vec::len), Some(expected), "{filter}");
    }
    server.control("DELETE", "/requests", &Value::Null).expect(204);
    assert_eq!(server.control("GET", "/requests", &Value::Null).json(), json!({"requests": []}));
}

#[test]
fn a_request_with_a_whole_url_is_recorded_with_its_path() {
    let server = Server::start();
    let target = "http://localhost/api/v1/account_invitations/1?include=inviter";
    let answer = server.raw(
        format!(
            "GET {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: Bearer {}\r\n\r\n",
            token::ADMINISTRATOR
        )
        .as_bytes(),
    );
    assert!(answer.starts_with(b"HTTP/1.1 200 "), "{}", String::from_utf8_lossy(&answer));
    let filter = "/requests?path=/api/v1/account_invitations/*";
    let found = server.control("GET", filter, &Value::Null).expect(200).json();
    let requests = found["requests"].as_array().unwrap();
    assert_eq!(requests.len(), 1, "{found}");
    assert_eq!(requests[0]["path"], "/api/v1/account_invitations/1?include=inviter", "{found}");
}

#[test]
fn the_archive_is_valid_har() {
    let server = Server::start();
    server.get("/account_invitations?search=a+b%2Bc&only=1").bearer(token::ADMINISTRATOR).send().expect(200);
    server.control("POST", "/faults", &json!({"drop": "after_commit", "times": 1})).expect(200);
    assert!(
        server
            .post("/account_invitations")
            .bearer(token::ADMINISTRATOR)
            .json(&invitation("nia@example.test"))
            .try_send()
            .is_err()
    );
    let archive = server.control("GET", "/requests?format=har", &Value::Null).expect(200).json();
    assert_eq!(archive["log"]["version"], "1.2");
    let entries = archive["log"]["entries"].as_array().unwrap();
    assert_eq!(
        entries[0]["request"]["queryString"],
        json!([{"name": "search", "value": "a b+c"}, {"name": "only", "value": "1"}])
    );
    assert_eq!((&entries[0]["response"]["status"], &entries[1]["response"]["status"]), (&json!(200), &json!(0)));
    assert_eq!(entries[1]["request"]["postData"]["mimeType"], "application/json");
    for entry in entries {
        let url = entry["request"]["url"].as_str().unwrap();
        assert!(url.starts_with(&format!("http://{}/api/v1/", server.address())), "{url}");
        for name in ["startedDateTime", "time", "cache", "timings"] {
            assert!(!entry[name].is_null(), "{name} is missing");
        }
    }
}

#[test]
fn the_curl_line_repeats_the_request() {
    let server = Server::start();
    let body = json!({"account_invitation": {"full_name": "Nia O'New", "email_address": "nia@example.test"}});
    server.post("/account_invitations").bearer(token::ADMINISTRATOR).json(&body).send().expect(200);
    let lines = server.control("GET", "/requests?format=curl", &Value::Null).expect(200);
    let line = lines.text().trim_end();
    assert_eq!(line.lines().count(), 1, "{line}");
    let delete = "/account_invitations/6";
    server.delete(delete).bearer(token::ADMINISTRATOR).send().expect(204);
    let output = std::process::Command::new("sh").args(["-c", &format!("{line} --silent")]).output().unwrap();
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{line}: {output:?}"));
    assert_eq!(answer["account_invitations"]["7"]["full_name"], "Nia O'New", "{answer}");
}

#[test]
fn an_unknown_filter_is_refused() {
    let server = Server::start();
    for (filter, said) in [
        ("colour=red", "no parameter colour"),
        ("format=xml", "json, har or curl"),
        ("status=ok", "whole number"),
        ("after=-1", "whole number"),
    ] {
        let answer = server.control("GET", &format!("/requests?{filter}"), &Value::Null).expect(400);
        assert!(refusal(&answer).contains(said), "{answer}");
    }
}

#[test]
fn the_page_shows_requests_and_executes_nothing_in_them() {
    let server = Server::start();
    server
        .get("/account_invitations?search=%3Cscript%3Ealert(1)%3C%2Fscript%3E")
        .bearer(token::ADMINISTRATOR)
        .send()
        .expect(200);
    let body = json!({"account_invitation": {"full_name": "<b>Nia</b>", "email_address": "nia@example.test"}});
    server.post("/account_invitations").bearer(token::ADMINISTRATOR).json(&body).send().expect(200);
    let page = server.request_at_root("GET", "/sandbox/inspector").send().expect(200);
    assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
    assert!(page.header("content-security-policy").is_some_and(|policy| policy.starts_with("default-src 'none'")));
    let newest = page.text().find("POST &#x2f;api&#x2f;v1&#x2f;account_invitations").unwrap();
    assert!(
        newest < page.text().find("GET &#x2f;api&#x2f;v1&#x2f;account_invitations?search").unwrap(),
        "newest first"
    );
    assert!(!page.text().contains("<b>Nia") && !page.text().contains("<script"), "request contents are escaped");
}

#[test]
fn the_archive_has_times_to_the_microsecond() {
    let server = Server::start();
    for _ in 0..3 {
        server.get("/users/me").bearer(token::ADMINISTRATOR).send().expect(200);
    }
    let recorded = server.control("GET", "/requests", &Value::Null).json();
    let archive = server.control("GET", "/requests?format=har", &Value::Null).json();
    let (entries, requests) = (archive["log"]["entries"].as_array().unwrap(), recorded["requests"].as_array().unwrap());
    assert_eq!((entries.len(), requests.len()), (3, 3));
    for (entry, request) in entries.iter().zip(requests) {
        let microseconds = request["microseconds"].as_f64().unwrap();
        assert!(
            microseconds > 0.0 && (entry["time"].as_f64().unwrap() * 1_000.0 - microseconds).abs() < 0.01,
            "{entry}"
        );
        assert_eq!(entry["timings"]["wait"], entry["time"]);
        assert_eq!(entry["startedDateTime"], "2031-01-02T03:04:05.000000Z");
    }
}
