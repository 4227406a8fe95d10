//! Members of another account: an acceptance moves them, if they confirm it and have proved who they are.

use serde_json::{Value, json};

use crate::acceptance::refused_for;
use crate::support::answers::PASSWORD;
use crate::support::browser::Browser;
use crate::support::{Answer, Server, token};

const ADDRESS: &str = "mona.mover@example.test";

/// A member of the second account, signed in.
struct Mover {
    browser: Browser,
    user: i64,
    membership: i64,
    bearer: String,
}

/// Invites an address and accepts.
fn member(server: &Server, account: i64, inviter: &str, address: &str, permission: &str) -> Mover {
    server.invite_by(inviter, &json!({"full_name": "Mona Mover", "email_address": address, "permission": permission}));
    let mut browser = Browser::new(server);
    browser.decide(&server.mailed(address), &[("password", PASSWORD)]).expect(200);
    let user =
        server.number(&format!("SELECT id FROM users WHERE account_id = {account} AND email_address = '{address}'"));
    let membership = server.number(&format!("SELECT id FROM account_memberships WHERE user_id = {user}"));
    Mover { browser, user, membership, bearer: server.token_of_member(account, user) }
}

fn mover(server: &Server) -> Mover {
    member(server, 2, token::OTHER_ADMINISTRATOR, ADDRESS, "collaborator")
}

/// Invites the mover into the first account and returns the invitation's id.
fn invited(server: &Server) -> String {
    server.invite(&json!({"full_name": "Mona Mover", "email_address": ADDRESS}))
}

fn accept_confirmed(server: &Server, link: &str, confirmation: &Value) -> Answer {
    server.reply("accept", &json!({"token": link, "password": PASSWORD, "confirm_move": confirmation}))
}

fn status_of(server: &Server, bearer: &str) -> u16 {
    server.get("/users/me").bearer(bearer).send().status
}

#[test]
fn a_mailed_link_warns_and_moves_only_after_confirmation() {
    let server = Server::start();
    let mover = mover(&server);
    let id = invited(&server);
    let link = server.mailed(ADDRESS);
    let before = server.everything_stored();
    assert_eq!(status_of(&server, &mover.bearer), 200);

    let mut browser = Browser::new(&server);
    let path = format!("/invitations/{link}");
    let page = browser.get(&path).expect(200);
    assert!(page.text().contains("You are a member of Other Sandbox. If you accept, that membership ends."), "{page}");
    assert_eq!(server.look_up(&link).expect(200).json()["ends_memberships_in"], json!(["Other Sandbox"]));
    for box_is in ["", "no", "true"] {
        let refused = browser.reply(&page, &path, &[("password", PASSWORD), ("confirm_move", box_is)]).expect(422);
        assert!(refused.text().contains("Confirm that your membership elsewhere ends."), "{refused}");
    }
    for confirmation in [json!(null), json!(false), json!("no"), json!({})] {
        refused_for(&accept_confirmed(&server, &link, &confirmation), "confirm_move");
    }
    assert_eq!(server.everything_stored(), before);
    assert_eq!(status_of(&server, &mover.bearer), 200);

    browser.reply(&page, &path, &[("password", PASSWORD), ("confirm_move", "yes")]).expect(200);
    assert_eq!(status_of(&server, &mover.bearer), 401, "the token of the account that was left ends at once");
    let new_user = server.show(&id).record()["invitee_id"].as_str().unwrap().to_owned();
    let of_address = format!(
        "SELECT m.account_id, m.user_id FROM account_memberships m JOIN users u ON u.id = m.user_id \
         WHERE u.email_address = '{ADDRESS}'"
    );
    assert_eq!(server.stored(&of_address), [format!("1|{new_user}")]);
    let gone = server.stored(&format!("SELECT 1 FROM sessions WHERE user_id = {}", mover.user));
    assert_eq!(gone, Vec::<String>::new());
    let trail =
        server.stored("SELECT account_id, action, actor_user_id, subject_id FROM audit ORDER BY id DESC LIMIT 4");
    let left = format!("2|account_membership.delete|{}|{}", mover.user, mover.membership);
    let joined = format!("1|account_invitation.accept|{new_user}|{id}");
    assert!(trail.contains(&left) && trail.contains(&joined), "{trail:#?}");
}

#[test]
fn a_json_acceptance_moves_with_the_confirmation() {
    for confirmation in [json!(true), json!("true")] {
        let server = Server::start();
        let mover = mover(&server);
        invited(&server);
        accept_confirmed(&server, &server.mailed(ADDRESS), &confirmation).expect(200);
        assert_eq!(status_of(&server, &mover.bearer), 401);
        let left = format!("SELECT count(*) FROM account_memberships WHERE id = {}", mover.membership);
        assert_eq!(server.number(&left), 0);
        for name in ["account_memberships", "account_memberships.active"] {
            let tally = format!("SELECT total FROM tallies WHERE account_id = 2 AND name = '{name}'");
            assert_eq!(server.number(&tally), 1, "{name}");
        }
    }
}

#[test]
fn the_owner_and_the_last_administrator_of_another_account_cannot_leave_it() {
    let server = Server::start();
    server.invite(&json!({"full_name": "Otto", "email_address": "other_administrator@example.com"}));
    let link = server.mailed("other_administrator@example.com");
    for what in ["the owner", "the last administrator"] {
        let before = server.everything_stored();
        let answer = accept_confirmed(&server, &link, &json!(true));
        refused_for(&answer, "base");
        assert!(answer.text().contains("so that you cannot leave it"), "{what}: {answer}");
        let page = Browser::new(&server).decide(&link, &[("password", PASSWORD), ("confirm_move", "yes")]).expect(422);
        assert!(page.text().contains("id=\"fault\">You own another account or are its only administrator"), "{page}");
        assert_eq!(server.everything_stored(), before, "{what}");
        assert_eq!(status_of(&server, token::OTHER_ADMINISTRATOR), 200, "{what}");
        server.alter_stored("UPDATE account_memberships SET is_owner = 0 WHERE account_id = 2");
    }
    // With a second administrator, the first may leave.
    let second = json!({"full_name": "S", "email_address": "second@example.test", "permission": "administrator"});
    server.invite_by(token::OTHER_ADMINISTRATOR, &second);
    server.accept_link(&server.mailed("second@example.test")).expect(200);
    accept_confirmed(&server, &link, &json!(true)).expect(200);
    assert_eq!(status_of(&server, token::OTHER_ADMINISTRATOR), 401);
}

#[test]
fn an_administrators_link_neither_reveals_nor_ends_a_membership_elsewhere() {
    let server = Server::start();
    let mover = mover(&server);
    let link = server.handed_over(&invited(&server));
    let page = server.open(&link).expect(200);
    assert!(!page.text().contains("Other Sandbox"), "{page}");
    assert_eq!(server.look_up(&link).expect(200).json()["ends_memberships_in"], json!([]));
    accept_confirmed(&server, &link, &json!(true)).expect(200);
    assert_eq!(status_of(&server, &mover.bearer), 200, "the membership elsewhere is unchanged");
    let left = format!("SELECT count(*) FROM account_memberships WHERE id = {}", mover.membership);
    assert_eq!(server.number(&left), 1);
}

#[test]
fn a_signed_in_member_moves_without_a_password_and_keeps_it() {
    for is_by_mail in [true, false] {
        let server = Server::start();
        let mut mover = mover(&server);
        let id = invited(&server);
        let link = if is_by_mail { server.mailed(ADDRESS) } else { server.handed_over(&id) };
        let password_of = |user: &str| server.stored(&format!("SELECT hash FROM passwords WHERE user_id = {user}"));
        let kept = password_of(&mover.user.to_string());
        let page = mover.browser.get(&format!("/invitations/{link}")).expect(200);
        assert!(page.text().contains("You are signed in, and keep your password."), "{page}");
        assert!(page.text().contains("You are a member of Other Sandbox."), "{page}");
        assert!(!page.text().contains("name=\"password\""), "{page}");
        let made = server.app().password_checks.made();
        mover.browser.decide(&link, &[("decision", "accept")]).expect(422);
        mover.browser.decide(&link, &[("decision", "accept"), ("confirm_move", "yes")]).expect(200);
        assert_eq!(server.app().password_checks.made(), made);
        let user = server.show(&id).record()["invitee_id"].as_str().unwrap().to_owned();
        assert_eq!((password_of(&user), password_of(&mover.user.to_string())), (kept, Vec::new()));
        assert_eq!(
            server.stored("SELECT user_id FROM sessions"),
            [user.as_str()],
            "the browser is signed in as the new member"
        );
        assert_eq!(status_of(&server, &mover.bearer), 401);
    }
}

#[test]
fn a_session_proves_its_own_membership_but_no_other_with_the_same_address() {
    let server = Server::start();
    let victim = mover(&server);
    let (third, owner) = server.new_account("Third Sandbox");
    let accomplice = member(&server, third, &owner, "accomplice@example.test", "collaborator");
    // Members change their address without confirmation, so the address proves nothing.
    let claim = json!({"user": {"email_address": ADDRESS}});
    let path = format!("/users/{}", accomplice.user);
    server.put(&path).bearer(&accomplice.bearer).json(&claim).send().expect(200);

    let link = server.handed_over(&invited(&server));
    let mut browser = accomplice.browser;
    let page = browser.get(&format!("/invitations/{link}")).expect(200);
    assert!(page.text().contains("You are a member of Third Sandbox."), "{page}");
    browser.decide(&link, &[("decision", "accept"), ("confirm_move", "yes")]).expect(200);
    assert_eq!(status_of(&server, &victim.bearer), 200, "another person's membership stays");
    let kept = format!("SELECT count(*) FROM account_memberships WHERE id = {}", victim.membership);
    assert_eq!(server.number(&kept), 1);
}
