//! `invited app` and `invited user`; under `serve` a bearer token does not count as consent.

use std::io::Write as _;
use std::process::{Output, Stdio};
use std::time::Duration;

use serde_json::Value;

use super::{Browser, encoded, location};
use crate::binary::{create_account, fails, new_database, serve, succeeds};
use crate::process::{command, printed};
use crate::support::client::Request;
use crate::support::within;

const PASSWORD: &str = "correct horse battery";

fn set_password(url: &str, address: &str, password: &str) -> Output {
    let mut command = command(&["user", "password", address, "--database", url]);
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
    assert!(within(Duration::from_millis(1_500), || list() == 401), "its token still works");
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
