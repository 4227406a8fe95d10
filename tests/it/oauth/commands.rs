//! `invited app` and `invited user`; under `serve` a bearer token does not count as consent.

use std::io::Write as _;
use std::net::SocketAddr;
use std::process::{Output, Stdio};
use std::time::Duration;

use serde_json::Value;

use super::{Browser, encoded, location, pair};
use crate::binary::{create_account, fails, new_database, serve, succeeds};
use crate::process::{command, printed};
use crate::support::client::Request;
use crate::support::{Answer, within};

const PASSWORD: &str = "correct horse battery";

/// Longest wait for what an idle machine does in a second.
const PATIENCE: Duration = Duration::from_secs(20);

fn set_password(url: &str, address: &str, password: &str) -> Output {
    set_password_with(url, &[address], password)
}

fn set_password_with(url: &str, arguments: &[&str], password: &str) -> Output {
    let mut command = command(&[&["user", "password", "--database", url], arguments].concat());
    let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(password.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

fn create_app(url: &str) -> Value {
    let arguments = ["app", "create", "--user", "olive@example.test", "--name", "Shop", "--account", "1", "--json"];
    let uris = ["--redirect-uri", "https://shop.example/cb", "--redirect-uri", "http://127.0.0.1:9/cb"];
    serde_json::from_str(&succeeds(&[&arguments[..], &uris, &["--database", url]].concat())).unwrap()
}

#[test]
fn an_application_is_registered_listed_used_and_deleted() {
    let (_folder, url) = new_database();
    let owner = create_account(&url, "olive@example.test");
    let made = create_app(&url);
    let text = |name: &str| made[name].as_str().unwrap().to_owned();
    let (client_id, secret) = (text("client_id"), text("client_secret"));
    let listed = succeeds(&["app", "list", "--json", "--database", &url]);
    assert!(!listed.contains(&secret), "{listed}");
    let listed: Value = serde_json::from_str(&listed).unwrap();
    assert_eq!(listed["applications"][0]["client_id"], made["client_id"]);
    assert_eq!(listed["applications"][0]["redirect_uris"], made["redirect_uris"]);
    assert_eq!(listed["applications"][0]["email_address"], "olive@example.test");
    assert!(succeeds(&["app", "list", "--database", &url]).contains("https://shop.example/cb"));

    let (program, server) = serve(&url, &[]);
    let form = encoded(&[("grant_type", "client_credentials"), ("client_id", &client_id), ("client_secret", &secret)]);
    let token = || Request::new(server, "POST", "/oauth/token").form(&form).send();
    let access = token().expect(200).json()["access_token"].as_str().unwrap().to_owned();
    let list = || Request::new(server, "GET", "/api/v1/account_invitations").bearer(&access).send().status;
    assert_eq!(list(), 200);

    // In the sandbox a token counts as consent; here its owner must sign in like everyone.
    let fields =
        [("client_id", client_id.as_str()), ("redirect_uri", "http://127.0.0.1:9/cb"), ("response_type", "code")];
    let path = format!("/oauth/authorize?{}", encoded(&fields));
    let page = Request::new(server, "GET", &path).bearer(&owner).send().expect(200);
    assert!(page.text().contains("action=\"/oauth/sign-in\""), "{page}");

    fails(&["app", "delete", "nobody", "--database", &url], &["nobody", "invited app list"]);
    succeeds(&["app", "delete", &client_id, "--database", &url]);
    token().expect(401);
    assert!(within(PATIENCE, || list() == 401), "its token still works");
    drop(program);
}

#[test]
fn an_invalid_registration_is_refused_with_the_reason() {
    let (_folder, url) = new_database();
    create_account(&url, "olive@example.test");
    let create = |user: &str, uri: &str, reasons: &[&str]| {
        let arguments = ["app", "create", "--user", user, "--name", "Shop", "--redirect-uri", uri, "--database", &url];
        fails(&arguments, reasons);
    };
    create("olive@example.test", "https://shop.example/#x", &["fragment", "https://shop.example/#x"]);
    create("olive@example.test", "shop.example", &["absolute"]);
    create("olive@example.test", "http://shop.example/cb", &["https://", "loopback", "http://shop.example/cb"]);
    create("nobody@example.test", "https://shop.example/", &["nobody@example.test"]);
}

#[test]
fn a_password_is_read_from_standard_input() {
    let (_folder, url) = new_database();
    create_account(&url, "olive@example.test");
    let made = create_app(&url);
    for (password, reason) in
        [("short\n", "at least 12 characters"), ("", "at least 12"), (&*"x".repeat(1_025), "1024 bytes")]
    {
        let output = set_password(&url, "olive@example.test", password);
        assert_eq!(output.status.code(), Some(1));
        assert!(printed(&output.stderr).contains(reason), "{}", printed(&output.stderr));
    }
    assert_eq!(set_password(&url, "nobody@example.test", PASSWORD).status.code(), Some(1));
    let output = set_password(&url, " olive@example.test", &format!("{PASSWORD}\r\n"));
    assert_eq!(output.status.code(), Some(0), "{}", printed(&output.stderr));
    assert!(!printed(&output.stdout).contains(PASSWORD));

    let (_program, server) = serve(&url, &[]);
    let client_id = made["client_id"].as_str().unwrap();
    let fields = [("client_id", client_id), ("redirect_uri", "http://127.0.0.1:9/cb"), ("response_type", "code")];
    let path = format!("/oauth/authorize?{}", encoded(&fields));
    let mut browser = Browser::at(server);
    browser.sign_in(&path, "olive@example.test", PASSWORD).expect(303);
    let consent = browser.get(&path).expect(200);
    let answer = browser.submit(&consent, "/oauth/authorize", &[("decision", "allow")]).expect(303);
    assert_eq!(location(&answer).0, "http://127.0.0.1:9/cb");
}

/// Lets Olive allow the application; returns her access and refresh token.
fn allow(server: SocketAddr, made: &Value) -> (String, String) {
    let text = |name: &str| made[name].as_str().unwrap();
    let callback = "http://127.0.0.1:9/cb";
    let fields = [("client_id", text("client_id")), ("redirect_uri", callback), ("response_type", "code")];
    let path = format!("/oauth/authorize?{}", encoded(&fields));
    let mut browser = Browser::at(server);
    browser.sign_in(&path, "olive@example.test", PASSWORD).expect(303);
    let consent = browser.get(&path).expect(200);
    assert!(consent.text().contains("until the operator of this\nserver revokes its access or you leave"), "{consent}");
    let answer = browser.submit(&consent, "/oauth/authorize", &[("decision", "allow")]).expect(303);
    let code = location(&answer).1["code"].clone();
    pair(&ask_for_token(
        server,
        made,
        &[("grant_type", "authorization_code"), ("code", &code), ("redirect_uri", callback)],
    ))
}

fn ask_for_token(server: SocketAddr, made: &Value, fields: &[(&str, &str)]) -> Answer {
    let text = |name: &str| made[name].as_str().unwrap();
    let client = [("client_id", text("client_id")), ("client_secret", text("client_secret"))];
    Request::new(server, "POST", "/oauth/token").form(&encoded(&[&client, fields].concat())).send()
}

#[test]
fn a_grant_is_listed_and_revoked_and_a_new_password_ends_it_unless_told_otherwise() {
    let (_folder, url) = new_database();
    create_account(&url, "olive@example.test");
    let made = create_app(&url);
    assert_eq!(set_password(&url, "olive@example.test", PASSWORD).status.code(), Some(0));
    let (_program, server) = serve(&url, &[]);
    let refresh =
        |token: &str| ask_for_token(server, &made, &[("grant_type", "refresh_token"), ("refresh_token", token)]);

    let (access, renewal) = allow(server, &made);
    let listed = succeeds(&["grant", "list", "--json", "--database", &url]);
    assert!(!listed.contains(&access) && !listed.contains(&renewal), "{listed}");
    let listed: Value = serde_json::from_str(&listed).unwrap();
    let grant = &listed["grants"][0];
    let told = ["client_id", "application", "email_address", "revoked_at"].map(|name| grant[name].clone());
    assert_eq!(told, [made["client_id"].clone(), "Shop".into(), "olive@example.test".into(), Value::Null]);
    let table = succeeds(&["grant", "list", "--database", &url]);
    assert!(table.starts_with("id  application") && table.contains("Shop"), "{table}");
    let id = grant["id"].to_string();
    let revoked = succeeds(&["grant", "revoke", &id, "--json", "--database", &url]);
    assert_eq!(
        serde_json::from_str::<Value>(&revoked).unwrap(),
        serde_json::json!({"id": grant["id"], "revoked": true})
    );
    refresh(&renewal).expect(400);
    let list = || Request::new(server, "GET", "/api/v1/account_invitations").bearer(&access).send().status;
    assert!(within(PATIENCE, || list() == 401), "its token still works");
    for unknown in [id.as_str(), "999"] {
        fails(&["grant", "revoke", unknown, "--database", &url], &[unknown, "invited grant list"]);
    }

    let (_, renewal) = allow(server, &made);
    let kept = set_password_with(&url, &["olive@example.test", "--keep-grants"], PASSWORD);
    assert_eq!(printed(&kept.stdout).trim(), "User 1 has a new password; the user's sessions have ended.");
    let (_, renewal) = pair(&refresh(&renewal).expect(200));
    let ended = set_password(&url, "olive@example.test", PASSWORD);
    assert_eq!(printed(&ended.stdout).trim(), "User 1 has a new password; the user's sessions and grants have ended.");
    refresh(&renewal).expect(400);
}

#[test]
fn a_link_signs_a_member_in() {
    let (_folder, url) = new_database();
    create_account(&url, "olive@example.test");
    let (_program, server) = serve(&url, &[]);
    let base_url = format!("http://{server}");
    let arguments = ["user", "sign-in-link", "olive@example.test", "--database", &url, "--base-url", &base_url];
    let report: Value = serde_json::from_str(&succeeds(&[&arguments[..], &["--json"]].concat())).unwrap();
    assert_eq!(report["expires_in"], 900);
    let path = report["url"].as_str().unwrap().strip_prefix(&base_url).unwrap().to_owned();
    let mut browser = Browser::at(server);
    let page = browser.get(&path).expect(200);
    let token = page.text().split_once("value=\"").unwrap().1.split('"').next().unwrap().to_owned();
    browser.post(&path, &format!("csrf_token={token}")).expect(200);
    fails(&["user", "sign-in-link", "nobody@example.test", "--database", &url], &["nobody@example.test"]);
    assert!(succeeds(&arguments).contains("within 15 minutes"));
}
