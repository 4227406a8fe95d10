use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::refusal;
use crate::binary::serving::{create_account, fails, folder, serve};
use crate::process::{Client, Program, address, command, printed, run, sqlite};
use crate::support::{Server, token};

/// Every route of the control plane, as its 404 lists them.
fn lines(server: &Server) -> Vec<(String, String)> {
    let message = refusal(&server.control("GET", "/nothing", &Value::Null).expect(404));
    let (_, lines) = message.split_once("There is: ").unwrap();
    let line = |line: &str| {
        let (method, path) = line.trim_end_matches('.').split_once(' ').unwrap();
        (method.to_owned(), path.replace("{name}", "x").replace("{id}", "1"))
    };
    lines.split(", ").map(line).collect()
}

#[test]
fn an_unknown_route_is_refused_with_the_list_of_routes() {
    let server = Server::start();
    assert!(lines(&server).len() > 20);
    let answer = server.control("PATCH", "/clock", &Value::Null).expect(405);
    assert_eq!(answer.header("allow"), Some("GET, PUT"));
    assert!(refusal(&answer).contains("takes GET, PUT"));
    for path in ["/", "/clock/", "/Clock", "/clock/advance/more", "//clock"] {
        server.control("GET", path, &Value::Null).expect(404);
    }
}

#[test]
fn serve_has_none_of_its_paths() {
    let sandbox = Server::start();
    let folder = folder();
    let database = sqlite(&folder.database());
    let owner = create_account(&database, "olive@example.com");
    let (program, address) = serve(&database, &["--mail", "none"]);
    for (method, path) in lines(&sandbox) {
        for bearer in ["", &owner, token::ADMINISTRATOR] {
            let mut client = Client::connect(address, bearer).unwrap();
            let (status, body) = client.send(&method, &path, "{}").unwrap();
            assert_eq!(status, 404, "{method} {path}: {body}");
            assert_eq!(body, r#"{"errors":[{"type":"system","message":"Not found"}]}"#, "{method} {path}");
        }
    }
    // The owner's token still works, so nothing was reset either.
    let mut client = Client::connect(address, &owner).unwrap();
    assert_eq!(client.send("GET", "/api/v1/users/me", "").unwrap().0, 200);
    drop(program);
}

/// With any argument, `serve` starts without the control plane or not at all.
#[test]
fn no_setting_of_serve_mounts_it() {
    let folder = folder();
    let database = sqlite(&folder.database());
    create_account(&database, "olive@example.com");
    for flag in ["--allow-remote", "--sandbox", "--seed=x", "--control"] {
        let output = run(&["serve", "--database", &database, flag]);
        assert_eq!(output.status.code(), Some(2), "serve has no {flag}");
    }
    let memory =
        fails(&["serve", "--database", &database, "--mail", "memory", "--mail-from", "a@example.com"], &["memory"]);
    assert!(printed(&memory.stdout).is_empty());
    let marked = folder.database().with_file_name("marked.sqlite");
    let (program, _) = Program::sandbox(&["--database", &sqlite(&marked)]);
    program.stop();
    fails(&["serve", "--database", &sqlite(&marked)], &["invited sandbox"]);
    for variable in ["INVITED_SANDBOX", "INVITED_ALLOW_REMOTE", "INVITED_CONTROL", "INVITED_SEED"] {
        let mut command = command(&["serve", "--database", &database, "--listen", "127.0.0.1:0"]);
        let output = command.env(variable, "true").output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{variable}");
        assert!(printed(&output.stderr).contains(&format!("{variable} belongs to no setting")), "{variable}");
    }
}

#[test]
fn a_sandbox_reachable_from_outside_needs_an_explicit_flag() {
    let refused =
        fails(&["sandbox", "--listen", "0.0.0.0:0", "--base-url", "http://sandbox.example.test"], &["--allow-remote"]);
    assert_eq!(printed(&refused.stderr).lines().count(), 1);
    let mut remote = command(&[
        "sandbox",
        "--json",
        "--listen",
        "0.0.0.0:0",
        "--base-url",
        "http://sandbox.example.test",
        "--allow-remote",
    ]);
    remote.stderr(std::process::Stdio::null());
    let mut program = Program::start(remote);
    let greeting: Value = serde_json::from_str(&program.line()).unwrap();
    assert_eq!(greeting["base_url"], "http://sandbox.example.test");
    drop(program);
    let (program, greeting) = Program::sandbox(&[]);
    assert!(Client::connect(address(&greeting), "").unwrap().send("GET", "/sandbox/clock", "").unwrap().0 == 200);
    drop(program);
}

/// The description has exactly the routes of the table.
#[test]
fn the_description_and_the_table_agree() {
    let server = Server::start();
    let description = server.control("GET", "/openapi.json", &Value::Null).expect(200).json();
    let methods = ["get", "put", "post", "delete"];
    let described: BTreeSet<String> = description["paths"]
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(path, item)| {
            let has = |method: &&&str| item.get(**method).is_some();
            methods.iter().filter(has).map(|method| format!("{} {path}", method.to_uppercase())).collect::<Vec<_>>()
        })
        .collect();
    let message = refusal(&server.control("GET", "/nothing", &Value::Null).expect(404));
    let lines = message.split_once("There is: ").unwrap().1.trim_end_matches('.');
    assert_eq!(described, lines.split(", ").map(str::to_owned).collect());
}

/// Each answer of the control plane matches its schema in the description.
#[test]
fn answers_have_the_described_shape() {
    let server = Server::start();
    let description = server.control("GET", "/openapi.json", &Value::Null).expect(200).json();
    server.invite_by_mail("nia@example.test");
    server.control("PUT", "/snapshots/one", &Value::Null).expect(200);
    server.control("POST", "/faults", &json!({"status": 503, "method": "PUT"})).expect(200);
    for (method, path, template) in [
        ("GET", "/clock", "/clock"),
        ("GET", "/mailbox", "/mailbox"),
        ("GET", "/faults", "/faults"),
        ("GET", "/requests", "/requests"),
        ("GET", "/seats", "/seats"),
        ("GET", "/settings", "/settings"),
        ("GET", "/snapshots", "/snapshots"),
        ("GET", "/snapshots/one", "/snapshots/{name}"),
        ("POST", "/accounts", "/accounts"),
    ] {
        let answer = server.control(method, path, &Value::Null).expect(200).json();
        let operation = &description["paths"][format!("/sandbox{template}")][method.to_lowercase()];
        let mut schema = operation["responses"]["200"]["content"]["application/json"]["schema"].clone();
        assert!(schema.is_object(), "{method} {template} is not described");
        schema["components"] = description["components"].clone();
        let validator = jsonschema::validator_for(&schema).unwrap();
        let problems: Vec<String> = validator.iter_errors(&answer).map(|problem| problem.to_string()).collect();
        assert!(problems.is_empty(), "{method} {path}: {problems:?}");
    }
}
