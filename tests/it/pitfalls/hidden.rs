//! Text that looks different from what it is: hidden characters never reach a person.

use serde_json::json;

use crate::binary::Team;
use crate::oauth::{authorize_path, location, set_password};
use crate::support::answers::PASSWORD;
use crate::support::browser::{Browser, hidden};
use crate::support::{Server, token};

/// One of each kind: turned around, cut, joined, drawn as nothing, a tag.
const HIDDEN: [char; 9] =
    ['\u{202e}', '\u{200b}', '\u{2028}', '\u{2066}', '\u{feff}', '\u{ad}', '\u{3164}', '\u{e0041}', '\u{34f}'];

/// A name that reads `Vera gpj.exe` and is not.
fn disguised(name: &str) -> String {
    let disguise: String = HIDDEN.iter().collect();
    format!("{disguise}{name}{disguise}gpj.exe")
}

#[track_caller]
fn shows_nothing_hidden(text: &str) {
    for character in HIDDEN {
        assert!(!text.contains(character), "{character:?} in {text:?}");
        for escaped in [format!("&#x{:x};", u32::from(character)), format!("&#{};", u32::from(character))] {
            assert!(!text.to_lowercase().contains(&escaped), "{escaped} in {text}");
        }
    }
}

/// Tried: names of people, accounts, roles and applications with characters that nobody sees.
#[test]
fn hidden_characters_reach_no_page_and_no_mail_and_the_api_keeps_them() {
    let server = Server::start();
    let name = disguised("Vera");
    server.alter_stored(&format!(
        "UPDATE accounts SET name = '{0}'; UPDATE roles SET name = '{0}'; UPDATE applications SET name = '{0}'; \
         UPDATE users SET full_name = '{0}' WHERE id IN (2, 7);",
        disguised("Anna")
    ));
    let invited = json!({"full_name": name, "email_address": "vera@example.test", "default_role_id": 101});
    let id = server.invite(&invited);
    assert_eq!(server.show(&id).record()["full_name"], name.as_str(), "clients read back what they wrote");
    let link = server.mailed("vera@example.test");
    assert_eq!(server.look_up(&link).expect(200).json()["full_name"], name.as_str(), "so does a front end");
    for mail in server.mailbox("vera@example.test").as_array().unwrap() {
        for part in ["subject", "text", "html"] {
            shows_nothing_hidden(mail[part].as_str().unwrap());
        }
    }
    let mut browser = Browser::new(&server);
    let offer = browser.get(&format!("/invitations/{link}")).expect(200);
    assert!(offer.text().contains("Vera gpj.exe") && offer.text().contains("Anna gpj.exe"), "{offer}");
    shows_nothing_hidden(offer.text());
    shows_nothing_hidden(browser.decide(&link, &[("password", PASSWORD)]).expect(200).text());

    let change = json!({"user": {"email_address": "new@example.test"}});
    server.put("/users/7").bearer(token::COLLABORATOR).json(&change).send().expect(200);
    let claim = format!("/addresses/{}", server.mailed("new@example.test"));
    shows_nothing_hidden(server.request_at_root("GET", &claim).send().expect(200).text());

    set_password(&server, 2, PASSWORD);
    let mut browser = Browser::new(&server);
    let path = authorize_path(&[("state", &name)]);
    let sign_in = browser.get(&path).expect(200);
    assert!(sign_in.text().contains("Sign in to continue to"), "{sign_in}");
    assert!(!sign_in.text().split("<form").next().unwrap().contains(HIDDEN), "{sign_in}");
    browser.submit(
        &sign_in,
        "/oauth/sign-in",
        &[("email_address", "administrator@example.com"), ("password", PASSWORD)],
    );
    let consent = browser.get(&path).expect(200);
    assert!(!consent.text().split("<form").next().unwrap().contains(HIDDEN), "{consent}");
    // What the application sent comes back as it was.
    assert!(hidden(&consent, "/oauth/authorize").contains(&("state".to_owned(), name.clone())));
    let answer = browser.submit(&consent, "/oauth/authorize", &[("decision", "allow")]).expect(303);
    assert_eq!(location(&answer).1["state"], name);
    shows_nothing_hidden(server.request_at_root("GET", "/sandbox/inspector").send().text());
}

/// Tried: the same in every list that an operator reads on a terminal.
#[test]
fn hidden_characters_reach_no_terminal_and_json_keeps_them() {
    let team = Team::new();
    let name = disguised("Vera");
    let (program, server) = team.serve();
    Team::invite(server, &team.token, &[(&name, "vera@example.test")]);
    drop(program);
    team.alter(&format!(
        "UPDATE users SET full_name = '{name}', headline = '{name}'; UPDATE accounts SET name = '{name}'; \
         UPDATE access_tokens SET label = '{name}'; UPDATE outbox SET last_reply = '{name}', recipient = '{name}';"
    ));
    team.run(&[
        "app",
        "create",
        "--user",
        "olive@example.test",
        "--name",
        &name,
        "--redirect-uri",
        "https://a.example/",
    ]);
    for list in [
        &["user", "list", "--all"][..],
        &["user", "show", "vera@example.test"],
        &["invitation", "list"],
        &["invitation", "list", "--csv"],
        &["invitation", "show", "1"],
        &["token", "list"],
        &["app", "list"],
        &["mail", "list"],
        &["seats"],
    ] {
        let shown = team.run(list);
        shows_nothing_hidden(&shown);
        assert!(shown.contains("Vera"), "{list:?}: {shown}");
    }
    let json = team.run(&["user", "list", "--json"]);
    shows_nothing_hidden(&json);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["users"][0]["full_name"], name.as_str());
}
