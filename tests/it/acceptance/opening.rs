//! Links as they arrive: with what mail programs and people add to them, and after their first use.

use crate::support::Server;
use crate::support::browser::{Browser, is_guarded_page};

const PASSWORD: &str = "correct horse battery";

/// What may follow a link.
const ADDED: [&str; 13] =
    ["/", ".", ",", ")", "%3E", ";", "!", "'", "%22", "%20", "%E2%80%8B", "?utm_source=x", "/?utm_source=x"];

#[test]
fn a_link_works_with_a_slash_or_punctuation_behind_it() {
    let server = Server::start();
    for (number, added) in ADDED.iter().enumerate() {
        let address = format!("vera{number}@example.test");
        let (_, token) = server.invite_by_mail(&address);
        let path = format!("/invitations/{token}{added}");
        let mut browser = Browser::new(&server);
        let page = browser.get(&path).expect(200);
        assert!(page.text().contains(&address), "{added}: {page}");
        browser.reply(&page, &path, &[("password", PASSWORD), ("decision", "accept")]).expect(200);
    }
}

#[test]
fn c15_every_page_may_be_asked_for_with_one_slash_behind_it() {
    let server = Server::start();
    let mut browser = Browser::new(&server);
    for (path, status) in [("/oauth/sign-in", 200), ("/oauth/sign-in/abc", 200), ("/oauth/authorize", 400)] {
        let texts = ["", "/"].map(|end| browser.get(&format!("{path}{end}")).expect(status).text().to_owned());
        assert_eq!(texts[0], texts[1], "{path}");
    }
    browser.get("/oauth/sign-in//").expect(404);
    for cut in ["/invitations/", "/invitations", "/addresses/", "/addresses"] {
        let page = browser.get(cut).expect(404);
        is_guarded_page(&page);
        assert!(page.text().contains("This link does not work"), "{page}");
    }
}

#[test]
fn a_used_link_offers_to_sign_in() {
    let server = Server::start();
    let (_, token) = server.invite_by_mail("vera@example.test");
    server.accept_link(&token).expect(200);
    let mut browser = Browser::new(&server);
    let dead = browser.get(&format!("/invitations/{token}")).expect(404);
    assert!(dead.text().contains("<form method=\"get\" action=\"/oauth/sign-in\">"), "{dead}");
    assert_eq!(browser.get("/invitations/lnk_never").expect(404).text(), dead.text(), "all dead links are alike");

    let page = browser.get("/oauth/sign-in").expect(200);
    is_guarded_page(&page);
    for (address, password) in [("vera@example.test", "wrong horse battery"), ("nobody@example.test", PASSWORD)] {
        let fields = [("email_address", address), ("password", password)];
        let again = browser.submit(&page, "/oauth/sign-in", &fields).expect(422);
        assert!(again.text().contains("The email address or the password is wrong."), "{again}");
    }
    let fields = [("email_address", "vera@example.test"), ("password", PASSWORD)];
    let welcome = browser.submit(&page, "/oauth/sign-in", &fields).expect(200);
    assert!(welcome.text().contains("You are signed in"), "{welcome}");

    let sessions =
        "SELECT count(*) FROM sessions s JOIN users u ON u.id = s.user_id WHERE u.email_key = 'vera@example.test'";
    assert_eq!(server.number(sessions), 1);
}
