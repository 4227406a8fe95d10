//! The program's own texts: help, the API description, health, metrics, and a log without secrets.

use std::io::Read;
use std::net::SocketAddr;
use std::process::Stdio;
use std::thread;

use serde_json::Value;

use super::serving::{create_account, new_database, serve};
use crate::process::{Client, Program, address, command, printed, run};
use crate::support::token;

const COMMANDS: [&[&str]; 10] = [
    &[],
    &["sandbox"],
    &["serve"],
    &["account"],
    &["account", "create"],
    &["token"],
    &["token", "create"],
    &["token", "list"],
    &["token", "revoke"],
    &["migrate"],
];

#[test]
fn every_command_explains_itself() {
    for words in COMMANDS.into_iter().chain([&["openapi"][..], &["config"]]) {
        for flag in ["--help", "-h"] {
            let output = run(&[words, &[flag]].concat());
            assert_eq!(output.status.code(), Some(0), "{words:?} {flag}");
            let help = printed(&output.stdout);
            assert!(help.contains("Usage:"), "{words:?} {flag}: {help}");
            assert_eq!(printed(&output.stderr), "", "{words:?} {flag}");
        }
    }
}

#[test]
fn help_names_the_flags_in_the_documents() {
    let help = |words: &[&str]| printed(&run(&[words, &["--help"]].concat()).stdout);
    for flag in ["--listen", "--database", "--json", "--rate-create"] {
        assert!(help(&["sandbox"]).contains(flag), "{flag}");
    }
    for flag in ["--database", "--listen", "--base-url", "--config", "INVITED_DATABASE", "--body-timeout"] {
        assert!(help(&["serve"]).contains(flag), "{flag}");
    }
    for flag in ["--owner-email", "--owner-name", "--database"] {
        assert!(help(&["account", "create"]).contains(flag), "{flag}");
    }
    for command in ["sandbox", "serve", "account", "token", "migrate", "openapi"] {
        assert!(help(&[]).contains(command), "{command}");
    }
}

#[test]
fn the_version_is_the_packages() {
    let output = run(&["--version"]);
    assert_eq!(printed(&output.stdout), format!("invited {}\n", env!("CARGO_PKG_VERSION")));
}

/// A GET without a token; none of these pages needs one.
fn page(address: SocketAddr, path: &str) -> (u16, String) {
    Client::connect(address, "").unwrap().send("GET", path, "").unwrap()
}

#[test]
fn openapi_prints_what_the_server_serves() {
    let described = |arguments: &[&str]| -> Value {
        let output = run(arguments);
        assert_eq!(output.status.code(), Some(0));
        serde_json::from_str(&printed(&output.stdout)).unwrap()
    };
    let (program, greeting) = Program::sandbox(&[]);
    let relative = described(&["openapi"]);
    assert_eq!(relative["servers"][0]["url"], "/api/v1");
    let described = described(&["openapi", "--base-url", greeting["base_url"].as_str().unwrap()]);
    assert_eq!(described["servers"][0]["url"], greeting["api_url"]);
    assert!(described["openapi"].as_str().unwrap().starts_with("3.1"), "{}", described["openapi"]);
    assert!(described["paths"].to_string().contains("/account_invitations/{id}"));
    let (status, served) = page(address(&greeting), "/api/v1/openapi.json");
    assert_eq!(status, 200);
    assert_eq!(serde_json::from_str::<Value>(&served).unwrap(), described);
    drop(program);
}

#[test]
fn health_metrics_and_the_reference_are_served_without_a_token() {
    let (program, greeting) = Program::sandbox(&[]);
    let address = address(&greeting);
    assert_eq!(page(address, "/health/live").0, 200);
    assert_eq!(page(address, "/health/ready").0, 200);
    let (status, html) = page(address, "/docs");
    assert_eq!(status, 200);
    assert!(html.contains("account_invitations") && html.contains("billability_target"));
    for outside in ["src=\"http", "href=\"http", "@import", "url(http"] {
        assert!(!html.contains(outside), "the reference works offline, but holds {outside}");
    }
    let mut client = Client::connect(address, token::ADMINISTRATOR).unwrap();
    client.send("GET", "/api/v1/account_invitations", "").unwrap();
    client.send("PUT", "/api/v1/account_invitations/1", "{").unwrap();
    let (status, metrics) = page(address, "/metrics");
    assert_eq!(status, 200);
    for line in [
        r#"invited_http_requests_total{operation="GetAccountInvitations",status="200"} 1"#,
        r#"invited_http_requests_total{operation="UpdateAccountInvitation",status="400"} 1"#,
    ] {
        assert!(metrics.contains(line), "{line} is missing in {metrics}");
    }
    assert!(metrics.trim_end().ends_with("# EOF"));
    assert!(!metrics.contains("sandbox-") && !metrics.contains('@'));
    drop(client);
    drop(program);
}

#[test]
fn metrics_can_move_to_their_own_listener() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (program, greeting) = Program::sandbox(&["--metrics-listen", &free.to_string()]);
    assert_eq!(page(free, "/metrics").0, 200);
    assert_eq!(page(free, "/health/live").0, 404, "and serves nothing else");
    assert_eq!(page(free, "/api/v1/account_invitations").0, 404);
    assert_ne!(page(address(&greeting), "/metrics").0, 200);
    assert_eq!(program.stop().0.code(), Some(0));
}

#[test]
fn serve_keeps_its_metrics_from_the_main_listener_unless_told_otherwise() {
    let (_folder, url) = new_database();
    create_account(&url, "olive@example.test");
    let (program, address) = serve(&url, &[]);
    assert_eq!(page(address, "/metrics").0, 404, "a proxy on this machine would make them public");
    drop(program);
    let (program, address) = serve(&url, &["--metrics-on-main-listener", "true"]);
    assert_eq!(page(address, "/metrics").0, 200);
    drop(program);
}

/// Runs a sandbox with the most verbose log, lets `story` call it, and returns standard error.
fn log_of(arguments: &[&str], story: impl FnOnce(SocketAddr)) -> String {
    let all = [&["sandbox", "--json", "--listen", "127.0.0.1:0", "--log-level", "trace"], arguments].concat();
    let mut process = command(&all).stderr(Stdio::piped()).spawn().unwrap();
    let mut stderr = process.stderr.take().unwrap();
    let log = thread::spawn(move || {
        let mut text = String::new();
        stderr.read_to_string(&mut text).unwrap();
        text
    });
    let mut line = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(process.stdout.take().unwrap()), &mut line).unwrap();
    story(address(&serde_json::from_str(&line).unwrap()));
    let stopped = std::process::Command::new("kill").args(["-TERM", &process.id().to_string()]).status().unwrap();
    assert!(stopped.success());
    assert_eq!(process.wait().unwrap().code(), Some(0));
    log.join().unwrap()
}

/// Sends requests of all kinds, with secrets and addresses everywhere a request can carry them.
fn talk_of_canaries(address: SocketAddr) -> usize {
    let path = "/api/v1/account_invitations";
    let create = r#"{"account_invitation":{"full_name":"Canary Bird","email_address":"canary@example.test"}}"#;
    let broken = r#"{"account_invitation":{"full_name":"Canary Bird","email_address":"canary@example.test""#;
    let requests = [
        (token::ADMINISTRATOR, "POST", path.to_owned(), create),
        (token::ADMINISTRATOR, "POST", path.to_owned(), create),
        (token::ADMINISTRATOR, "POST", path.to_owned(), broken),
        (token::ADMINISTRATOR, "GET", format!("{path}?search=canary@example.test"), ""),
        (token::ADMINISTRATOR, "GET", format!("{path}?by_full_name=Canary&include=invitee,inviter"), ""),
        (token::ADMINISTRATOR, "GET", format!("{path}?a=%zz&canary@example.test"), ""),
        (token::ADMINISTRATOR, "PUT", format!("{path}/6?account_invitation[email_address]=canary@example.test"), "{}"),
        (token::ADMINISTRATOR, "PUT", format!("{path}/6/resend"), ""),
        (token::ADMINISTRATOR, "DELETE", format!("{path}/6"), ""),
        (token::ADMINISTRATOR, "GET", format!("{path}/canary@example.test"), ""),
        (token::ADMINISTRATOR, "GET", "/api/v1/canary@example.test".to_owned(), ""),
        (token::ADMINISTRATOR, "GET", "/canary@example.test".to_owned(), ""),
        (token::COLLABORATOR, "POST", path.to_owned(), create),
        ("canary-token", "GET", path.to_owned(), ""),
        ("canary-token", "GET", format!("{path}?access_token=canary-token"), ""),
    ];
    let count = requests.len();
    for (bearer, method, path, body) in requests {
        Client::connect(address, bearer).unwrap().send(method, &path, body).unwrap();
    }
    count
}

#[test]
fn each_request_logs_one_line_without_tokens_or_addresses() {
    let mut count = 0;
    let log = log_of(&[], |address| count = talk_of_canaries(address));
    let mut requests = 0;
    for line in log.lines() {
        let event: Value = serde_json::from_str(line).unwrap_or_else(|_| panic!("the line is not JSON: {line}"));
        if event["message"] == "request" {
            requests += 1;
            assert_eq!(event["client"], "127.0.0.1", "{line}");
            for name in ["method", "operation", "status", "microseconds", "request_id"] {
                assert!(!event[name].is_null(), "{name} is missing: {line}");
            }
        }
    }
    assert_eq!(requests, count, "{log}");
    for secret in ["anary", "sandbox-", "Bearer", "@", "example.test", "%zz"] {
        assert!(!log.contains(secret), "the log holds {secret}: {log}");
    }
}

#[test]
fn behind_a_trusted_proxy_a_line_names_the_client() {
    let log = log_of(&["--trusted-proxies", "127.0.0.0/8"], |address| {
        let mut client = Client::connect(address, token::ADMINISTRATOR).unwrap();
        client.ask("GET", "/api/v1/users/me", &[("X-Forwarded-For", "198.51.100.1, 203.0.113.9")], "").unwrap();
    });
    assert!(log.contains(r#""client":"203.0.113.9""#) && !log.contains("198.51.100.1"), "{log}");
}

#[test]
fn the_text_log_has_no_secrets_either() {
    let log = log_of(&["--log-format", "text"], |address| {
        talk_of_canaries(address);
    });
    assert!(log.contains("CreateAccountInvitation"), "{log}");
    for secret in ["anary", "sandbox-", "Bearer", "@", "example.test"] {
        assert!(!log.contains(secret), "the log holds {secret}: {log}");
    }
}

#[test]
fn an_invented_method_is_not_repeated_in_the_log() {
    let log = log_of(&[], |address| {
        let mut stream = std::net::TcpStream::connect(address).unwrap();
        let head = "inv_CanaryMethod /api/v1/users HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
        std::io::Write::write_all(&mut stream, head.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
    });
    assert!(log.contains(r#""method":"other""#) && !log.contains("Canary"), "{log}");
}
