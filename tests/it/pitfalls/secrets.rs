//! Secrets where they do not belong: in answers, the log, metrics, the database file.

use std::fs::File;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use invited::testing::{Caller, TemporaryFolder, erase};
use serde_json::{Value, json};

use crate::oauth::secrets::holds;
use crate::oauth::{CALLBACK, authorize_path, location, pair};
use crate::process::{Program, address, command, sqlite};
use crate::support::answers::PASSWORD;
use crate::support::browser::{Browser, encoded, is_guarded_page};
use crate::support::client::Request;
use crate::support::{Answer, Server, token, within};

/// Another password, which is never accepted.
const REFUSED_PASSWORD: &str = "wrong horse battery";

/// What the rich scenario leaves behind.
#[derive(Default)]
struct Evidence {
    /// Every secret, with its description.
    secrets: Vec<(&'static str, String)>,
    /// Answers that must not contain secrets.
    answers: Vec<Answer>,
    /// Pages that people saw.
    pages: Vec<Answer>,
}

impl Evidence {
    fn keep(&mut self, what: &'static str, secret: &str) -> String {
        self.secrets.push((what, secret.to_owned()));
        secret.to_owned()
    }

    fn kept(&mut self, answer: Answer) -> Answer {
        self.answers.push(answer.clone());
        answer
    }

    fn seen(&mut self, page: Answer) -> Answer {
        self.pages.push(page.clone());
        self.kept(page)
    }
}

/// A browser's cookie, without its name.
fn cookie_of(browser: &Browser) -> String {
    browser.cookie.as_ref().unwrap().split_once('=').unwrap().1.to_owned()
}

/// Invitations created, mailed, handed over, opened, accepted, declined; a sign-in, a consent, tokens, many refusals.
fn rich_scenario(server: SocketAddr, deliver: &dyn Fn() -> usize) -> Evidence {
    let mut evidence = Evidence::default();
    let at = |method: &str, path: &str| Request::new(server, method, path);
    let api = |method: &str, path: &str| at(method, &format!("/api/v1{path}")).bearer(token::ADMINISTRATOR);
    for (what, secret) in
        [("a bearer token", token::ADMINISTRATOR), ("a password", PASSWORD), ("a password", REFUSED_PASSWORD)]
    {
        evidence.keep(what, secret);
    }
    let mailed = |address: &str, not: &str| {
        deliver();
        let path = format!("/sandbox/mailbox?{}", encoded(&[("to", address), ("wait", "10")]));
        // A mail of before may be there already, so the story waits for the next one.
        let mut newest = String::new();
        let has_come = within(Duration::from_secs(20), || {
            let mails: Value = at("GET", &path).send().expect(200).json()["messages"].take();
            newest = mails[0]["token"].as_str().unwrap_or_default().to_owned();
            newest != not
        });
        assert!(has_come, "no other mail comes to {address}");
        newest
    };

    // Single and bulk creates; one is resent, one handed over.
    let person = |name: &str| json!({"full_name": name, "email_address": format!("{name}@example.test")});
    let created = api("POST", "/account_invitations").json(&json!({"account_invitation": person("canary.one")})).send();
    let one = evidence.kept(created).expect(200).ids().remove(0);
    let bulk = json!({"account_invitations": [person("canary.two"), person("canary.three")]});
    let bulk = api("POST", "/account_invitations").header("Idempotency-Key", "canary").json(&bulk).send();
    let two = evidence.kept(bulk).expect(200).ids().remove(0);
    let replaced = evidence.keep("a link that was replaced", &mailed("canary.one@example.test", ""));
    let resent = api("PUT", &format!("/account_invitations/{one}/resend")).send();
    evidence.kept(resent).expect(200);
    let link = evidence.keep("a mailed link", &mailed("canary.one@example.test", &replaced));
    // The one answer that may contain a link, for an administrator.
    let body = at("POST", &format!("/invitations/{two}/link")).bearer(token::ADMINISTRATOR).send().expect(200).json();
    let handed = evidence.keep("a link that was handed over", body["token"].as_str().unwrap());
    let third = evidence.keep("a mailed link", &mailed("canary.three@example.test", ""));

    // The pages, with and without errors, and the same as JSON.
    let path = format!("/invitations/{link}");
    let mut browser = Browser::at(server);
    evidence.seen(browser.get(&path)).expect(200);
    let before = evidence.keep("the cookie of a browser", &cookie_of(&browser));
    evidence.seen(browser.decide(&link, &[("password", "short")])).expect(422);
    evidence.seen(browser.post(&path, &encoded(&[("csrf_token", "x"), ("password", REFUSED_PASSWORD)]))).expect(403);
    let welcome = browser.decide(&link, &[("password", PASSWORD)]).expect(200);
    let session = evidence.keep("the cookie of a session", &cookie_of(&browser));
    assert_ne!(before, session);
    evidence.pages.push(welcome.clone());
    assert!(!welcome.text().contains(&session), "a page repeats no cookie");
    for dead in [&link, &replaced] {
        evidence.seen(at("GET", &format!("/invitations/{dead}")).send()).expect(404);
        let accept = json!({"token": dead, "password": REFUSED_PASSWORD});
        evidence.kept(at("POST", "/invitations/accept").json(&accept).send()).expect(404);
    }
    evidence.kept(at("POST", "/invitations/lookup").json(&json!({"token": handed})).send()).expect(200);
    evidence.kept(at("POST", "/invitations/decline").json(&json!({"token": handed})).send()).expect(204);
    evidence
        .kept(at("POST", "/invitations/accept").json(&json!({"token": third, "password": PASSWORD})).send())
        .expect(200);

    // Refused requests that carry a secret.
    for (method, path) in [
        ("GET", format!("/invitations/{third}/x")),
        ("PUT", format!("/invitations/{third}")),
        ("GET", format!("/invitations/{third}/mails")),
        ("GET", format!("/api/v1/{third}")),
        ("GET", format!("/api/v1/account_invitations?order={third}&include={third}")),
        ("POST", format!("/api/v1/account_invitations?access_token={third}")),
    ] {
        evidence.kept(at(method, &path).bearer(&third).header("Referer", &format!("http://x/{link}")).send());
    }
    let broken =
        at("POST", "/invitations/accept").body(Some("application/json"), format!("{{\"token\":\"{third}\", nonsense"));
    evidence.kept(broken.send()).expect(400);
    let strict = json!({"account_invitation": {"full_name": "X", "email_address": third, "permission": third}});
    evidence.kept(api("POST", "/account_invitations").header("Invited-Strict", "true").json(&strict).send());

    // An application's sign-in, consent and tokens.
    let mut member = Browser::at(server);
    let authorize = authorize_path(&[]);
    let signed_in = member.sign_in(&authorize, "canary.one@example.test", REFUSED_PASSWORD);
    evidence.seen(signed_in).expect(422);
    member.sign_in(&authorize, "canary.one@example.test", PASSWORD).expect(303);
    evidence.keep("the cookie of a session", &cookie_of(&member));
    let consent = evidence.seen(member.get(&authorize)).expect(200);
    let allowed = member.submit(&consent, "/oauth/authorize", &[("decision", "allow")]).expect(303);
    let code = evidence.keep("a code", &location(&allowed).1["code"]);
    evidence.keep("an application's secret", "sandbox-secret");
    let form = encoded(&[
        ("grant_type", "authorization_code"),
        ("code", &code),
        ("redirect_uri", CALLBACK),
        ("client_id", "sandbox-app"),
        ("client_secret", "sandbox-secret"),
    ]);
    let (access, renewal) = pair(&at("POST", "/oauth/token").form(&form).send());
    evidence.keep("an access token", &access);
    evidence.keep("a refresh token", &renewal);
    evidence.kept(at("GET", "/api/v1/users/me").bearer(&access).send()).expect(200);
    evidence.kept(at("POST", "/oauth/token").form(&form).send()).expect(400);

    // Everything readable afterwards.
    for path in [
        "/account_invitations?only_pending=false&include=inviter,invitee,default_role&per_page=200",
        "/users?show_disabled=true&include=account_membership,external_references",
        "/account_memberships?only_active=false",
    ] {
        evidence.kept(api("GET", path).send()).expect(200);
    }
    for id in [&one, &two] {
        let path = format!("/invitations/{id}/mails");
        evidence.kept(at("GET", &path).bearer(token::ADMINISTRATOR).send()).expect(200);
    }
    evidence.kept(at("GET", "/metrics").send()).expect(200);
    evidence
}

/// The rich scenario on the real program, with the most verbose log.
fn on_the_program() -> (Evidence, String) {
    let folder = TemporaryFolder::create(&invited::testing::Entropy::system()).unwrap();
    let log = folder.database().with_extension("log");
    let database = sqlite(&folder.database());
    let arguments = ["sandbox", "--json", "--listen", "127.0.0.1:0", "--log-level", "trace", "--database", &database];
    let mut command = command(&arguments);
    command.stderr(File::create(&log).unwrap());
    let mut program = Program::start(command);
    let server = address(&serde_json::from_str(&program.line()).unwrap());
    let evidence = rich_scenario(server, &|| 0);
    program.stop();
    let log = std::fs::read_to_string(&log).unwrap();
    (evidence, log)
}

/// Tried: finding a secret in an answer that must not contain it, in headers and bodies, errors and lists.
#[test]
fn pitfall_09_no_answer_reveals_a_secret() {
    let server = Server::start();
    let evidence = rich_scenario(server.address(), &|| server.deliver());
    assert!(evidence.answers.len() > 25 && evidence.secrets.len() > 11, "the scenario is rich");
    for (what, secret) in &evidence.secrets {
        // New secrets may be in Set-Cookie; requested paths appear nowhere.
        for answer in &evidence.answers {
            let in_headers = answer.headers.iter().any(|(name, value)| name != "set-cookie" && value.contains(secret));
            assert!(!in_headers, "{what} is in a header of {answer}");
            assert!(!answer.text().contains(secret), "{what} is in {answer}");
        }
    }
}

/// Tried: finding a link's token where addresses end up: in the log, in metrics, and at sites that a page links to.
#[test]
fn pitfall_10_the_address_of_a_page_does_not_leak() {
    let (evidence, log) = on_the_program();
    for page in &evidence.pages {
        is_guarded_page(page);
        assert!(!page.text().contains("href=") && !page.text().contains("src="), "{page}");
    }
    for operation in ["invitation.show", "invitation.decide", "invitation.accept", "invitation.link", "oauth.token"] {
        assert!(log.contains(operation), "{operation} is missing in the log");
    }
    for (what, secret) in &evidence.secrets {
        assert!(!log.contains(secret), "{what} is in the log");
        // Nor half of it, which could be completed by guessing.
        let half = &secret[secret.len() / 2..];
        assert!(secret.len() < 40 || !log.contains(half), "half of {what} is in the log");
    }
    assert!(!log.contains("canary"), "the log has no address either");
}

/// Tried: reading the database file and its companions byte by byte, also after a person was erased.
#[test]
fn pitfall_21_the_database_holds_no_secret() {
    let server = Server::start_on_file();
    let evidence = rich_scenario(server.address(), &|| server.deliver());
    let database = server.database_path();
    let journal = database.with_extension("sqlite-wal");
    let files = [&database, &journal];
    let is_stored = |text: &str| files.iter().any(|file| holds(file, text));
    assert!(is_stored("canary.one@example.test"), "the right files are read");
    for (what, secret) in &evidence.secrets {
        assert!(!is_stored(secret), "{what} is stored");
    }
    // Erasing must not write secrets either.
    let context = server.app().context(&Arc::new(Caller::operator(1.into())), None);
    server.write(move |db| erase(db, &context, "canary.one@example.test"));
    for (what, secret) in &evidence.secrets {
        assert!(!is_stored(secret), "{what} is stored");
    }
    // The positive case: a lookup uses the hash of the mailed token.
    let (_, link) = server.invite_by_mail("round.trip@example.test");
    let hash: String = invited::testing::tokens::hash(&link).iter().map(|byte| format!("{byte:02X}")).collect();
    assert_eq!(server.stored("SELECT hex(token_hash) FROM invitation_links ORDER BY id DESC LIMIT 1"), [hash]);
    server.accept_link(&link).expect(200);
}
