//! An invitation from end to end: the real program mails it through a foreign mail server, a person opens the link from
//! that mail in a real browser, and becomes a member with exactly the invited grants.
//!
//! A page of another origin, in the same browser, can do nothing to a sandbox. Link scanners, which open every link and
//! send every form, must not use the invitation up.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use invited::testing::{Entropy, TemporaryFolder};
use serde_json::{Value, json};

use crate::mail::server::{MailServer, Taken};
use crate::peers;
use crate::process::{self, Client, Program};
use crate::support::client::{BASE, Request};
use crate::support::stored::everything_stored;
use crate::support::{Answer, token, within};

/// A sandbox, the mail server it sends to, and its database.
struct Story {
    mail_server: MailServer,
    address: SocketAddr,
    _sandbox: Program,
    folder: TemporaryFolder,
}

impl Story {
    fn begin() -> Self {
        let mail_server = MailServer::start();
        let folder = TemporaryFolder::create(&Entropy::system()).unwrap();
        let (mail, database) = (mail_server.address("smtp"), process::sqlite(&folder.database()));
        let settings = ["--mail", &mail, "--mail-starttls", "none", "--database", &database];
        let (sandbox, greeting) = Program::sandbox(&settings);
        Self { mail_server, address: process::address(&greeting), _sandbox: sandbox, folder }
    }

    /// A request by the administrator below the API's base path; it must succeed.
    #[track_caller]
    fn administrator(&self, method: &str, path: &str, body: Option<&Value>) -> Answer {
        let request = Request::new(self.address, method, &format!("{BASE}{path}")).bearer(token::ADMINISTRATOR);
        body.map_or(request.clone(), |body| request.json(body)).send().expect(200)
    }

    /// Invites as the administrator; returns the invitation's id and the mail.
    #[track_caller]
    fn invite(&mut self, attributes: &Value) -> (String, Taken) {
        let body = json!({ "account_invitation": attributes });
        let made = self.administrator("POST", "/account_invitations", Some(&body));
        (made.ids().remove(0), self.mail_server.mail())
    }

    /// The path of the link in a mail's raw bytes.
    #[track_caller]
    fn path_in(&self, mail: &Taken) -> String {
        let bytes = String::from_utf8(mail.bytes.clone()).expect("what we send is ASCII");
        let start = format!("<http://{}", self.address);
        let link = bytes.lines().find_map(|line| line.strip_prefix(&start)?.strip_suffix('>'));
        let link = link.expect("a link is alone on its line, in angle brackets");
        link.to_owned()
    }

    fn link(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    fn page(&self, method: &str, path: &str) -> Answer {
        Request::new(self.address, method, path).send()
    }

    #[track_caller]
    fn invitation(&self, id: &str) -> Value {
        self.administrator("GET", &format!("/account_invitations/{id}?only_pending=false"), None).record()
    }

    fn database(&self) -> PathBuf {
        self.folder.database()
    }
}

fn invitee() -> Value {
    json!({"full_name": "Nora New", "email_address": "nora@example.test"})
}

/// The value of a hidden field of a page's forms.
fn csrf_token(page: &Answer) -> &str {
    let (_, rest) = page.text().split_once("name=\"csrf_token\" value=\"").expect("the forms carry a token");
    rest.split('"').next().unwrap()
}

#[test]
fn an_invitation_with_every_attribute_becomes_exactly_that_member() {
    let mut story = Story::begin();
    let (invitation, mail) = story.invite(&json!({
        "full_name": "Nora New",
        "email_address": "Nora.New@example.test",
        "headline": "Engineer",
        "permission": "project_lead",
        "default_role_id": "102",
        "bill_rate_in_cents": 12_500,
        "cost_rate_in_cents": 7_300,
        "billability_target": 80,
        "default_read_only": true,
        "external_reference": {"service_name": "hr", "service_model": "person", "service_model_ref": "4711"},
    }));
    assert_eq!(mail.said["rcpt_tos"], json!(["Nora.New@example.test"]));
    let path = story.path_in(&mail);

    peers::node_script("acceptance.mjs", &[&story.link(&path), "accept"]);

    let invited = story.invitation(&invitation);
    assert_eq!(invited["pending"], false);
    let found = story.administrator(
        "GET",
        "/users?external_reference_service_name=hr&external_reference_service_model=person\
         &external_reference_service_model_ref=4711&include=account_membership",
        None,
    );
    let user = found.record();
    assert_eq!(user["id"], invited["invitee_id"]);
    let said = ["full_name", "email_address", "headline"].map(|name| user[name].clone());
    assert_eq!(said, ["Nora New", "Nora.New@example.test", "Engineer"].map(Value::from));

    let path = format!(
        "/account_memberships/{}?optional_fields=default_read_only",
        user["account_membership_id"].as_str().unwrap()
    );
    let member = story.administrator("GET", &path, None).record();
    for (name, value) in [
        ("user_id", user["id"].clone()),
        ("permission", json!("project_lead")),
        ("default_role_id", json!("102")),
        ("bill_rate_in_cents", json!(12_500)),
        ("cost_rate_in_cents", json!(7_300)),
        ("billability_target", json!(80)),
        ("default_read_only", json!(true)),
        ("disabled_at", Value::Null),
        ("is_owner", json!(false)),
    ] {
        assert_eq!(member[name], value, "{name} of {member}");
    }
    story.mail_server.stop();
}

#[test]
fn declining_in_a_browser_makes_no_member_and_kills_the_link() {
    let mut story = Story::begin();
    let (invitation, mail) = story.invite(&invitee());
    let members = story.administrator("GET", "/account_memberships?per_page=200", None).ids();
    let path = story.path_in(&mail);
    peers::node_script("acceptance.mjs", &[&story.link(&path), "decline"]);
    assert_eq!(story.administrator("GET", "/account_memberships?per_page=200", None).ids(), members);
    assert_eq!(story.invitation(&invitation)["pending"], true, "the vendor has no state for declined");
    assert_eq!(story.page("GET", &path).status, 404);
}

#[test]
fn a_browser_without_scripts_is_enough() {
    let mut story = Story::begin();
    let (invitation, mail) = story.invite(&invitee());
    peers::node_script("acceptance.mjs", &[&story.link(&story.path_in(&mail)), "accept", "without-script"]);
    assert_eq!(story.invitation(&invitation)["pending"], false);
}

#[test]
fn link_scanners_change_nothing() {
    let mut story = Story::begin();
    let (invitation, mail) = story.invite(&invitee());
    let path = story.path_in(&mail);
    // The outbox records the delivery a moment after the mail arrives.
    let mails = format!("/invitations/{invitation}/mails");
    let is_sent = || {
        let answer = Request::new(story.address, "GET", &mails).bearer(token::ADMINISTRATOR).send().expect(200);
        answer.json()["mails"][0]["state"] == "sent"
    };
    assert!(within(Duration::from_secs(20), is_sent), "the mail is not settled");
    let before = everything_stored(&story.database());

    assert_eq!(story.page("HEAD", &path).status, 200);
    let opened = [(); 3].map(|()| story.page("GET", &path).expect(200));
    assert_eq!(everything_stored(&story.database()), before, "reading changes nothing");

    let page = &opened[0];
    let cookie = page.header("set-cookie").unwrap().split(';').next().unwrap();
    let csrf_token = csrf_token(page);
    for (form, status) in [
        (format!("csrf_token={csrf_token}&password=&decision=accept"), 422),
        (format!("csrf_token={csrf_token}&decision=accept"), 422),
        (format!("csrf_token={csrf_token}"), 422),
        (format!("csrf_token={csrf_token}&decision=decline"), 422),
        (format!("csrf_token={csrf_token}&decision=decline&confirm_decline="), 422),
        ("csrf_token=&password=correct+horse+battery&decision=accept".to_owned(), 403),
        (String::new(), 403),
    ] {
        let answer = Request::new(story.address, "POST", &path).header("Cookie", cookie).form(&form).send();
        assert_eq!(answer.status, status, "{form}: {answer}");
        assert_eq!(everything_stored(&story.database()), before, "{form}");
    }
    // Without the cookie, even a complete form is refused.
    let form = format!("csrf_token={csrf_token}&password=correct+horse+battery&decision=accept");
    assert_eq!(Request::new(story.address, "POST", &path).form(&form).send().status, 403);
    assert_eq!(everything_stored(&story.database()), before);
    // The person can still accept afterwards.
    Request::new(story.address, "POST", &path).header("Cookie", cookie).form(&form).send().expect(200);
    assert_eq!(story.invitation(&invitation)["pending"], false);
}

#[test]
fn pages_are_accessible_in_every_language_and_color() {
    for language in ["en", "de"] {
        let (_sandbox, greeting) = Program::sandbox(&["--mail-language", language]);
        let base_url = greeting["base_url"].as_str().expect("the greeting holds base_url");
        peers::node_script("accessibility.mjs", &[base_url, language]);
    }
}

/// What a sandbox holds: its rows, and everything that its control plane shows but the request log.
fn held(address: SocketAddr, database: &Path) -> Vec<String> {
    let shown = ["clock", "settings", "faults", "snapshots", "mailbox", "seats"].map(|name| {
        let answer = Request::new(address, "GET", &format!("/sandbox/{name}")).send().expect(200);
        format!("{name}: {}", answer.text())
    });
    everything_stored(database).into_iter().chain(shown).collect()
}

#[test]
fn a_page_of_another_origin_reads_and_changes_nothing() {
    let folder = TemporaryFolder::create(&Entropy::system()).unwrap();
    // With a random seed the clock stands still, so that it can be compared.
    let (sandbox, greeting) =
        Program::sandbox(&["--database", &process::sqlite(&folder.database()), "--random-seed", "1"]);
    let address = process::address(&greeting);
    let control = |method: &str, path: &str, body: Value| {
        Request::new(address, method, &format!("/sandbox{path}")).json(&body).send().expect(200)
    };
    let invited = json!({"account_invitation": invitee()});
    let made = Request::new(address, "POST", &format!("{BASE}/account_invitations")).bearer(token::ADMINISTRATOR);
    made.json(&invited).send().expect(200);
    let mails = Request::new(address, "GET", "/sandbox/mailbox?wait=20").send().expect(200).json();
    let link = mails["messages"][0]["link"].as_str().expect("the mail has a link").to_owned();
    control("PUT", "/snapshots/one", json!({}));
    // The outbox records the delivery a moment after the mail arrives.
    control("POST", "/clock/advance", json!({"seconds": 1}));
    // It never happens, but an attack could remove it.
    control("POST", "/faults", json!({"status": 503, "path": "/api/v1/roles/4711", "times": 1}));

    let before = held(address, &folder.database());
    peers::node_script("foreign_page.mjs", &[&format!("http://{address}"), &link]);
    assert_eq!(held(address, &folder.database()), before);
    // The owner's own requests still work, by each name of the server.
    for host in [address.to_string(), format!("localhost:{}", address.port()), format!("[::1]:{}", address.port())] {
        let mut client = Client::connect(address, token::OWNER).unwrap();
        let said = [("Host", host.as_str()), ("Origin", &format!("http://{host}")), ("Sec-Fetch-Site", "same-origin")];
        let answer = client.ask("POST", "/sandbox/clock/advance", &said, r#"{"seconds":1}"#).unwrap();
        assert_eq!(answer.status, 200, "{host}: {}", answer.body);
    }
    sandbox.stop();
}
