//! The page behind a link: its text, its forms, and that opening it changes nothing.

use crate::acceptance::everything;
use crate::support::answers::PASSWORD;
use crate::support::browser::{Browser, encoded, is_guarded_page};
use crate::support::markup::elements;
use crate::support::{Server, token};

#[test]
fn the_page_says_who_invites_whom_to_what_until_when_and_is_guarded() {
    let server = Server::start();
    server.invite(&everything());
    let page = server.open(&server.mailed("vera@example.test")).expect(200);
    for words in [
        "<h1>Adam Administrator invites you to Sandbox</h1>",
        "This invitation is for Vera Visitor (vera@example.test).",
        "You will be a member with the permission project lead and the role Developer.",
        "It can be accepted until the end of 1 February 2031 (UTC).",
        "<label for=\"password\">Choose a password</label>",
    ] {
        assert!(page.text().contains(words), "{words} is missing: {page}");
    }
    is_guarded_page(&page);
    let elements = elements(page.text());
    let leading = ["href", "src", "action", "formaction", "style"];
    for element in &elements {
        assert!(!["script", "a", "img", "link", "iframe", "base"].contains(&element.name.as_str()), "{element:?}");
        for (name, _) in &element.attributes {
            assert!(!leading.contains(&name.as_str()) && !name.starts_with("on"), "{element:?}");
        }
    }
    let forms: Vec<_> = elements.iter().filter(|element| element.name == "form").collect();
    assert_eq!(forms.len(), 2, "one to accept, one to decline, both post to the page itself");
}

#[test]
fn opening_the_page_in_any_way_changes_nothing() {
    let server = Server::start();
    let (_, link) = server.invite_by_mail("vera@example.test");
    let before = server.everything_stored();
    let path = format!("/invitations/{link}");
    for method in ["HEAD", "GET", "GET", "GET", "HEAD", "OPTIONS"] {
        let answer = server.request_at_root(method, &path).send();
        assert_eq!(answer.status, if method == "OPTIONS" { 404 } else { 200 }, "{answer}");
    }
    let mut browser = Browser::new(&server);
    for _ in 0..3 {
        browser.get(&format!("{path}?decision=accept&password=correct+horse+battery")).expect(200);
    }
    assert_eq!(server.everything_stored(), before);
    browser.decide(&link, &[("password", PASSWORD)]).expect(200);
}

#[test]
fn only_a_form_issued_to_this_browser_counts() {
    let server = Server::start();
    let (_, link) = server.invite_by_mail("vera@example.test");
    let path = format!("/invitations/{link}");
    let token_of = |browser: &mut Browser| {
        let page = browser.get(&path).expect(200);
        let text = page.text().to_owned();
        text.split_once("csrf_token\" value=\"").unwrap().1.split('"').next().unwrap().to_owned()
    };
    let (mut own, mut other) = (Browser::new(&server), Browser::new(&server));
    let (own_token, foreign_token) = (token_of(&mut own), token_of(&mut other));
    let before = server.everything_stored();
    let mut newcomer = Browser::new(&server);
    for (is_own, given, what) in [
        (true, None, "no token"),
        (true, Some(""), "an empty token"),
        (true, Some(foreign_token.as_str()), "another browser's token"),
        (false, Some(own_token.as_str()), "a browser without its cookie"),
    ] {
        let browser = if is_own { &mut own } else { &mut newcomer };
        for decision in ["accept", "decline"] {
            let mut fields = vec![("password", PASSWORD), ("confirm_decline", "yes"), ("decision", decision)];
            fields.extend(given.map(|token| ("csrf_token", token)));
            let answer = browser.post(&path, &encoded(&fields));
            assert_eq!(answer.status, 403, "{what}: {answer}");
            is_guarded_page(&answer);
            assert_eq!(answer.header("set-cookie"), None, "{what}");
        }
    }
    assert_eq!(server.everything_stored(), before);
    // The right token in the query string does not count either, and is refused: only the body is read.
    let in_address = format!("{path}?{}", encoded(&[("csrf_token", &own_token), ("password", PASSWORD)]));
    own.post(&in_address, "").expect(400);
    own.post(&path, &encoded(&[("csrf_token", &own_token), ("password", PASSWORD)])).expect(200);
}

#[test]
fn a_form_from_before_a_sign_in_is_stale() {
    let server = Server::start();
    let (_, first) = server.invite_by_mail("vera@example.test");
    let (_, second) = server.invite_by_mail("victor@example.test");
    let mut browser = Browser::new(&server);
    let path = format!("/invitations/{second}");
    let opened_before = browser.get(&path).expect(200);
    browser.decide(&first, &[("password", PASSWORD)]).expect(200);
    let before = server.everything_stored();
    let answer = browser.reply(&opened_before, &path, &[("password", PASSWORD)]).expect(403);
    assert!(answer.text().contains("This page was too old"), "{answer}");
    assert_eq!(server.everything_stored(), before);
    browser.decide(&second, &[("password", PASSWORD)]).expect(200);
}

#[test]
fn an_invalid_password_shows_the_page_again_and_the_link_still_works() {
    let server = Server::start();
    let (_, link) = server.invite_by_mail("vera@example.test");
    let mut browser = Browser::new(&server);
    let before = server.everything_stored();
    let too_long = "x".repeat(1_025);
    for password in ["", "eleven char", &too_long] {
        let page = browser.decide(&link, &[("password", password)]).expect(422);
        let fault = "id=\"fault\">The password must have at least 12 characters and at most 1,024 bytes.";
        assert!(page.text().contains(fault), "{page}");
        assert!(page.text().contains("Adam Administrator invites you to Sandbox"), "{page}");
        is_guarded_page(&page);
    }
    assert_eq!(server.everything_stored(), before);
    browser.decide(&link, &[("password", PASSWORD)]).expect(200);
}

#[test]
fn accepting_signs_in_a_member_with_exactly_the_invited_grants() {
    let server = Server::start();
    let id = server.invite(&everything());
    let link = server.mailed("vera@example.test");
    let mut browser = Browser::new(&server);
    let page = browser.get(&format!("/invitations/{link}")).expect(200);
    let cookie_before = browser.cookie.clone().unwrap();
    let welcome = browser.reply(&page, &format!("/invitations/{link}"), &[("password", PASSWORD)]).expect(200);
    assert!(welcome.text().contains("<h1>Welcome to Sandbox</h1>"), "{welcome}");
    is_guarded_page(&welcome);
    let cookie = welcome.header("set-cookie").unwrap();
    assert!(cookie.ends_with("; Path=/; HttpOnly; SameSite=Lax"), "{cookie}");
    assert_ne!(browser.cookie.as_ref().unwrap(), &cookie_before, "the cookie changes, so it cannot have been planted");
    assert!(!welcome.text().contains(&link), "the page does not repeat the link");

    let invitation = server.show(&id).record();
    assert_eq!(invitation["pending"], false);
    let user = invitation["invitee_id"].as_str().unwrap();
    let columns = "permission, default_role_id, bill_rate_in_cents, cost_rate_in_cents, billability_target, \
                   default_read_only, is_owner, disabled_at";
    let member = server.stored(&format!("SELECT {columns} FROM account_memberships WHERE user_id = {user}"));
    assert_eq!(member, ["project_lead|101|15000|9000|75|1|0|null"]);
    let person = server.stored(&format!("SELECT full_name, email_address, headline FROM users WHERE id = {user}"));
    assert_eq!(person, ["Vera Visitor|vera@example.test|Analyst"]);
    let by_number = "/users?external_reference_service_name=hr&external_reference_service_model_ref=4711";
    assert_eq!(server.get(by_number).bearer(token::ADMINISTRATOR).send().expect(200).ids(), [user]);

    let trail = server.stored(&format!(
        "SELECT action, actor_user_id, actor_token_id FROM audit WHERE id > 1 AND actor_user_id = {user} ORDER BY id"
    ));
    let by_the_person = |action: &str| format!("{action}|{user}|null");
    let actions = [
        "user.create",
        "email_address.create",
        "account_membership.create",
        "cost_rate.create",
        "account_invitation.accept",
        "password.set",
        "session.create",
    ];
    assert_eq!(trail, actions.map(by_the_person));
    let sessions = server.stored("SELECT user_id FROM sessions");
    assert_eq!(sessions, [user]);

    // The counters match the rows.
    assert_eq!(server.list("").json()["count"], 3);
    for (name, counted) in [
        ("account_invitations.pending", "account_invitations WHERE account_id = 1 AND accepted_at IS NULL"),
        ("account_memberships", "account_memberships WHERE account_id = 1"),
        ("account_memberships.active", "account_memberships WHERE account_id = 1 AND disabled_at IS NULL"),
    ] {
        let tally = server.number(&format!("SELECT total FROM tallies WHERE account_id = 1 AND name = '{name}'"));
        assert_eq!(tally, server.number(&format!("SELECT count(*) FROM {counted}")), "{name}");
    }
}

#[test]
fn a_form_sent_twice_finds_a_dead_link() {
    let server = Server::start();
    let (_, link) = server.invite_by_mail("vera@example.test");
    let path = format!("/invitations/{link}");
    let mut browser = Browser::new(&server);
    let page = browser.get(&path).expect(200);
    browser.reply(&page, &path, &[("password", PASSWORD)]).expect(200);
    let before = server.everything_stored();
    // The old form belongs to the earlier session, so the page refuses it first.
    browser.reply(&page, &path, &[("password", PASSWORD)]).expect(403);
    let token = page.text().split_once("csrf_token\" value=\"").unwrap().1.split('"').next().unwrap().to_owned();
    let old_cookie = page.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
    browser.cookie = Some(old_cookie);
    let replayed = browser.post(&path, &encoded(&[("csrf_token", &token), ("password", PASSWORD)])).expect(404);
    assert!(replayed.text().contains("<h1>This link does not work</h1>"), "{replayed}");
    assert_eq!(server.everything_stored(), before);
}
