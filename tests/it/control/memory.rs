//! The memory of recorded requests is bounded in bytes, and is given back.

use serde_json::{Value, json};

use crate::process::{Client, Program, address};
use crate::support::{Server, token};

/// A body of about this size that is refused.
fn junk(bytes: usize) -> String {
    format!("{{\"account_invitation\":{{\"colour\":\"{}\"}}}}", "x".repeat(bytes))
}

fn recorded(server: &Server, query: &str) -> Value {
    server.control("GET", &format!("/requests?{query}"), &Value::Null).expect(200).json()
}

fn ids(recorded: &Value) -> Vec<u64> {
    let requests = recorded["requests"].as_array().unwrap().iter();
    requests.map(|request| request["id"].as_str().unwrap().parse().unwrap()).collect()
}

#[test]
fn the_oldest_make_room_when_the_bytes_are_used_up() {
    let server = Server::start_with(&[("keep_request_bytes", "1048576")]);
    let send = |bytes: usize| {
        server.put("/account_invitations/1").bearer(token::OWNER).body(Some("application/json"), junk(bytes)).send()
    };
    for number in 1..=30_usize {
        // Of every size, so that the end of the memory is met in every way.
        send(number * 7_919 % 90_000).expect(200);
        let kept = ids(&recorded(&server, ""));
        assert!(kept.windows(2).all(|pair| pair[0] + 1 == pair[1]), "none is missing between others: {kept:?}");
        assert_eq!(kept.last().copied(), u64::try_from(number).ok(), "the newest is there");
    }
    let all = recorded(&server, "");
    let kept = ids(&all);
    assert!((3..30).contains(&kept.len()), "{kept:?}");
    for request in all["requests"].as_array().unwrap() {
        let number: usize = request["id"].as_str().unwrap().parse().unwrap();
        let body = junk(number * 7_919 % 90_000);
        assert_eq!(request["request_body_size"], body.len());
        assert_eq!(request["request_body"], body[..body.len().min(65_536)], "request {number}");
        let headers = request["request_headers"].as_array().unwrap();
        assert!(headers.contains(&json!({"name": "content-type", "value": "application/json"})), "{headers:?}");
        assert!(request["response_body"].as_str().unwrap().contains("account_invitations"), "{request}");
        assert_eq!((&request["path"], &request["method"]), (&json!("/api/v1/account_invitations/1"), &json!("PUT")));
    }
    // Headers and target count, too.
    for _ in 0..40 {
        let request = server.get(&format!("/account_invitations?{}", "y".repeat(20_000))).bearer(token::OWNER);
        request.header("X-Long", &"z".repeat(20_000)).send().expect(200);
    }
    let kept = ids(&recorded(&server, ""));
    assert!((10..=20).contains(&kept.len()), "{kept:?}");
    server.control("DELETE", "/requests", &Value::Null).expect(204);
    assert_eq!(recorded(&server, ""), json!({"requests": []}));
    send(1_000).expect(200);
    assert_eq!(ids(&recorded(&server, "")), [71]);
}

#[test]
fn a_long_log_is_read_in_pages() {
    let server = Server::start();
    for _ in 0..7 {
        server.get("/users/me").bearer(token::OWNER).send().expect(200);
    }
    let first = recorded(&server, "limit=3");
    assert_eq!((ids(&first), &first["next_after"]), (vec![1, 2, 3], &json!("3")));
    let last = recorded(&server, "limit=4&after=3");
    assert_eq!((ids(&last), last.get("next_after")), (vec![4, 5, 6, 7], None));
    server.control("GET", "/requests?limit=0", &Value::Null).expect(400);
    let read = |query: &str| server.control("GET", &format!("/requests?{query}"), &Value::Null).expect(200);
    let lines = read("format=curl&limit=2");
    assert!(
        lines.text().lines().count() == 3 && lines.text().ends_with("# There are more: ask with after=2.\n"),
        "{lines}"
    );
    assert_eq!(read("format=har&limit=2").json()["log"]["comment"], "There are more: ask with after=2.");
    // Without `limit`, an answer is bounded in bytes.
    for _ in 0..140 {
        let body = junk(70_000);
        server
            .put("/account_invitations/1")
            .bearer(token::OWNER)
            .body(Some("application/json"), body)
            .send()
            .expect(200);
    }
    let (mut after, mut pages) = (json!("0"), 0);
    let mut seen = Vec::new();
    while !after.is_null() {
        let page = read(&format!("after={}", after.as_str().unwrap()));
        assert!(page.body.len() < 10 * 1_024 * 1_024, "{} bytes", page.body.len());
        seen.extend(ids(&page.json()));
        (after, pages) = (page.json()["next_after"].take(), pages + 1);
    }
    assert_eq!(seen, (1..=147).collect::<Vec<u64>>());
    assert_eq!(pages, 2);
}

/// The resident memory of a process, in megabytes.
#[cfg(target_os = "linux")]
fn resident(program: &Program) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{}/status", program.id())).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap() / 1_024
}

/// Ten thousand requests of a megabyte each. It takes minutes:
/// `cargo nextest run --run-ignored only ten_thousand --no-capture`.
#[test]
#[cfg(target_os = "linux")]
#[ignore = "it sends ten gigabytes, which takes minutes"]
fn ten_thousand_large_requests_take_little_memory_and_a_reset_gives_it_back() {
    let (program, greeting) = Program::sandbox(&[]);
    let (address, body) = (address(&greeting), junk(1_000_000));
    println!("at the start: {} MB", resident(&program));
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let mut client = Client::connect(address, token::OWNER).unwrap();
                for _ in 0..1_250 {
                    assert_eq!(client.send("PUT", "/api/v1/account_invitations/1", &body).unwrap().0, 200);
                }
            });
        }
    });
    let full = resident(&program);
    println!("after 10,000 requests: {full} MB");
    assert!(full < 150, "{full} MB");
    let mut client = Client::connect(address, token::OWNER).unwrap();
    assert_eq!(client.send("POST", "/sandbox/reset", "{}").unwrap().0, 204);
    let left = resident(&program);
    println!("after a reset: {left} MB");
    assert!(left < 60, "{left} MB");
}
