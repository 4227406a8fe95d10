//! No secret is stored in plain text or logged.

use std::fs::File;
use std::io::Read as _;
use std::net::SocketAddr;

use super::{Browser, authorize_path, encoded, location, pair, redeem, refresh, set_password};
use crate::process::{Program, address, command};
use crate::support::client::Request;
use crate::support::{Server, token};

const PASSWORD: &str = "correct horse battery";

/// Whether a file contains a text.
pub(crate) fn holds(path: &std::path::Path, text: &str) -> bool {
    let mut bytes = Vec::new();
    File::open(path).and_then(|mut file| file.read_to_end(&mut bytes)).unwrap();
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

#[test]
fn the_database_holds_no_secret() {
    let server = Server::start_on_file();
    set_password(&server, 5, PASSWORD);
    let mut browser = Browser::new(&server);
    browser.sign_in(&authorize_path(&[]), "project_lead@example.test", PASSWORD).expect(303);
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
