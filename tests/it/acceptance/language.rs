//! The language of mails and pages: the account's, otherwise the server's.

use serde_json::json;

use crate::support::browser::Browser;
use crate::support::{Server, token};

#[test]
fn mails_and_pages_use_the_accounts_language_or_the_servers_default() {
    let english = ("invites you to", "<html lang=\"en\">", "Accept or decline");
    let german = ("lädt Sie zu", "<html lang=\"de\">", "Annehmen oder ablehnen");
    for (server_speaks, account_speaks, spoken) in [
        ("en", "NULL", english),
        ("de", "NULL", german),
        ("en", "'de'", german),
        ("de", "'en'", english),
        ("en", "'xx'", english),
    ] {
        let server = Server::start_with(&[("mail_language", server_speaks)]);
        server.alter_stored(&format!("UPDATE accounts SET language = {account_speaks} WHERE id = 1"));
        let (_, link) = server.invite_by_mail("vera@example.test");
        let case = format!("{server_speaks} {account_speaks}");
        let mail = server.mailbox("vera@example.test")[0].clone();
        for (part, words) in [("subject", spoken.0), ("text", spoken.0), ("html", spoken.0), ("html", spoken.2)] {
            assert!(mail[part].as_str().unwrap().contains(words), "{case}: {mail}");
        }
        let page = server.open(&link).expect(200);
        assert!(page.text().contains(spoken.0) && page.text().contains(spoken.1), "{case}: {page}");
    }
}

#[test]
fn a_dead_link_uses_the_servers_language() {
    let server = Server::start();
    server.alter_stored("UPDATE accounts SET language = 'de' WHERE id = 1");
    let (_, link) = server.invite_by_mail("vera@example.test");
    let mut browser = Browser::new(&server);
    let declined = browser.decide(&link, &[("decision", "decline"), ("confirm_decline", "yes")]).expect(200);
    assert!(declined.text().contains("Sie haben abgelehnt"), "{declined}");
    let dead = server.open(&link).expect(404);
    assert!(dead.text().contains("This link does not work"), "{dead}");
    assert_eq!(dead.text(), server.open("lnk_unknown").text());
}

#[test]
fn an_invitation_uses_only_its_own_accounts_language() {
    let server = Server::start();
    server.alter_stored("UPDATE accounts SET language = 'de' WHERE id = 2");
    let person = json!({"full_name": "Vera", "email_address": "vera@example.test", "permission": "punch_clock",
                        "bill_rate_in_cents": 1});
    server.invite_by(token::OTHER_ADMINISTRATOR, &person);
    let page = server.open(&server.mailed("vera@example.test")).expect(200);
    for words in ["Zeiterfasser", "1. Februar 2031", "Wählen Sie ein Passwort", "Other Sandbox"] {
        assert!(page.text().contains(words), "{words}: {page}");
    }
}
