//! No secret is stored in plain text or logged.

use std::fs::File;
use std::io::Read as _;
use std::net::SocketAddr;

use super::{Browser, authorize_path, encoded, location, pair, redeem, refresh, set_password};
use crate::process::{Program, address, command};
use crate::support::browser::{borrowed, hidden};
use crate::support::client::Request;
use crate::support::{Server, token};

const PASSWORD: &str = "correct horse battery";

/// Whether a file contains a text.
pub(crate) fn holds(path: &std::path::Path, text: &str) -> bool {
    let mut bytes = Vec::new();
    File::open(path).and_then(|mut file| file.read_to_end(&mut bytes)).unwrap();
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

/// RFC 6749, section 2.3.1.
#[test]
fn a_secret_in_the_address_of_a_post_is_refused_everywhere() {
    let server = Server::start();
    set_password(&server, 5, PASSWORD);
    let (_, link) = server.invite_by_mail("vera@example.test");
    let code = super::code(&server, &[]);
    let mut browser = Browser::new(&server);
    let page = browser.get(&authorize_path(&[])).expect(200);
    let form = hidden(&page, "/oauth/sign-in");
    let form = borrowed(&form);
    let client = [("client_id", "sandbox-app"), ("client_secret", "sandbox-secret")];
    let before = server.everything_stored();
    // With everything in the address, each of these used to work; with the secret in the body besides, it does no
    // better.
    let offer = format!("/invitations/{link}");
    let redeem = [("grant_type", "authorization_code"), ("code", &code), ("redirect_uri", super::CALLBACK)];
    let signed = [("email_address", "project_lead@example.com"), ("password", PASSWORD)];
    for (path, fields) in [
        ("/oauth/token", [&client[..], &redeem].concat()),
        ("/oauth/token", [&client[..], &[("grant_type", "client_credentials")]].concat()),
        ("/oauth/revoke", [&client[..], &[("token", "x")]].concat()),
        ("/oauth/introspect", [&client[..], &[("token", "x")]].concat()),
        ("/oauth/sign-in", [&form[..], &signed].concat()),
        ("/oauth/authorize", [&form[..], &[("decision", "allow")]].concat()),
        ("/oauth/sign-out", form.clone()),
        ("/oauth/sign-in/inl_x", form.clone()),
        ("/addresses/adr_x", [&form[..], &[("confirm_address", "yes")]].concat()),
        (&offer, [&form[..], &[("password", PASSWORD)]].concat()),
        ("/invitations/accept", vec![("token", link.as_str()), ("password", PASSWORD)]),
        ("/invitations/decline", vec![("token", link.as_str())]),
        ("/invitations/lookup", vec![("token", link.as_str())]),
    ] {
        let target = format!("{path}?{}", encoded(&fields));
        for body in ["", &encoded(&fields)] {
            let answer = browser.post(&target, body).expect(400);
            assert!(answer.text().contains("in the body of the request, never in its address"), "{answer}");
        }
    }
    assert_eq!(server.everything_stored(), before);
    browser.post("/oauth/sign-in", &encoded(&[&form[..], &signed].concat())).expect(303);
}

#[test]
fn the_database_holds_no_secret() {
    let server = Server::start_on_file();
    set_password(&server, 5, PASSWORD);
    let mut browser = Browser::new(&server);
    browser.sign_in(&authorize_path(&[]), "project_lead@example.com", PASSWORD).expect(303);
    let consent = browser.get(&authorize_path(&[])).expect(200);
    let answer = browser.submit(&consent, "/oauth/authorize", &[("decision", "allow")]).expect(303);
    let code = location(&answer).1["code"].clone();
    let (access, renewal) = pair(&redeem(&server, &code, &[]));
    let (renewed, _) = pair(&refresh(&server, &renewal));
    let cookie = browser.cookie.clone().unwrap().split_once('=').unwrap().1.to_owned();
    let database = server.database_path();
    let log = database.with_extension("sqlite-wal");
    assert!(holds(&database, "sandbox-app") || holds(&log, "sandbox-app"), "the right files are read");
    for secret in [PASSWORD, "sandbox-secret", &code, &access, &renewal, &renewed, &cookie] {
        for file in [&database, &log] {
            assert!(!holds(file, secret), "{} holds {secret}", file.display());
        }
    }
}

#[test]
fn the_log_holds_no_secret_and_no_path() {
    let folder = invited::testing::TemporaryFolder::create(&invited::testing::Entropy::system()).unwrap();
    let path = folder.database().with_extension("log");
    let mut command = command(&["sandbox", "--json", "--listen", "127.0.0.1:0", "--log-level", "trace"]);
    command.stderr(File::create(&path).unwrap());
    let mut program = Program::start(command);
    let server = address(&serde_json::from_str(&program.line()).unwrap());
    let send = |server: SocketAddr, method: &str, path: &str| Request::new(server, method, path);
    let answer = send(server, "GET", &authorize_path(&[])).bearer(token::ADMINISTRATOR).send().expect(302);
    let code = location(&answer).1["code"].clone();
    let form = encoded(&[
        ("grant_type", "authorization_code"),
        ("code", &code),
        ("redirect_uri", super::CALLBACK),
        ("client_id", "sandbox-app"),
        ("client_secret", "sandbox-secret"),
    ]);
    let (access, renewal) = pair(&send(server, "POST", "/oauth/token").form(&form).send());
    send(server, "GET", "/oauth/sign-in/inl_canary").send().expect(200);
    program.stop();
    let log = std::fs::read_to_string(&path).unwrap();
    for operation in ["oauth.authorize", "oauth.token", "oauth.show_link"] {
        assert!(log.contains(operation), "{operation} is missing in {log}");
    }
    for secret in [&code, &access, &renewal, "sandbox-secret", "sandbox-administrator", "canary", "st%26te"] {
        assert!(!log.contains(secret), "the log holds {secret}: {log}");
    }
}
