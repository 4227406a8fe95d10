//! Changed addresses: until a mailed link or the operator has proven one, it counts nowhere but in its own account.

use std::sync::Arc;

use invited::testing::{Caller, Config, MIGRATIONS, Timestamp, Values, erase, migrate, open_store};
use serde_json::{Value, json};

use crate::oauth::post;
use crate::support::answers::PASSWORD;
use crate::support::browser::{Browser, is_guarded_page};
use crate::support::database::{Database, server};
use crate::support::{Answer, Server, token};

const VICTIM: &str = "victim@corp.example.test";

fn change(server: &Server, bearer: &str, user: i64, address: &str) -> Answer {
    let body = json!({"user": {"email_address": address}});
    server.put(&format!("/users/{user}")).bearer(bearer).json(&body).send()
}

/// Whether the address of a user counts as proven.
fn is_proven(server: &Server, user: i64) -> bool {
    server.stored(&format!("SELECT address_proven_at FROM users WHERE id = {user}")) != ["null"]
}

/// Answers a confirmation link on its page.
fn confirm(server: &Server, token: &str, ticked: &str) -> Answer {
    let path = format!("/addresses/{token}");
    let mut browser = Browser::new(server);
    let page = browser.get(&path).expect(200);
    is_guarded_page(&page);
    browser.reply(&page, &path, &[("confirm_address", ticked)])
}

fn mails(server: &Server, to: &str) -> Vec<Value> {
    server.deliver();
    server.mailbox(to).as_array().unwrap().clone()
}

#[test]
fn an_address_that_another_account_only_claims_bars_nobody_from_accepting() {
    let server = Server::start();
    // The owner of the second account takes the address of a person whom the first is about to invite.
    let claimed = change(&server, token::OTHER_ADMINISTRATOR, 21, VICTIM).expect(200);
    assert_eq!(claimed.record()["email_address"], VICTIM, "shown at once, as with the vendor");
    server.invite(&json!({"full_name": "Vic Tim", "email_address": VICTIM}));
    let link = server.mailed(VICTIM);
    assert_eq!(server.look_up(&link).expect(200).json()["ends_memberships_in"], json!([]));
    let page = server.open(&link).expect(200);
    assert!(!page.text().contains("Other Sandbox"), "{page}");
    let accepted = server.accept_link(&link).expect(200).json();
    assert_eq!(server.get("/users/me").bearer(token::OTHER_ADMINISTRATOR).send().status, 200, "nothing ended there");
    let user: i64 = accepted["user_id"].as_str().unwrap().parse().unwrap();
    assert!(is_proven(&server, user), "the mailed link proved the address here");
    assert!(!is_proven(&server, 21), "and not there");
}

#[test]
fn a_member_who_only_claims_an_address_is_not_moved_and_not_merged() {
    let server = Server::start();
    change(&server, token::COLLABORATOR, 7, VICTIM).expect(200);
    // Removed, the claimant must not become the person who really has the address.
    server.delete("/account_memberships/207").bearer(token::OWNER).send().expect(204);
    let id = server.invite(&json!({"full_name": "Vic Tim", "email_address": VICTIM}));
    let invitee = server.show(&id).record()["invitee_id"].as_str().unwrap().to_owned();
    assert_ne!(invitee, "7");
    let names =
        server.stored(&format!("SELECT full_name, email_address FROM users WHERE id IN (7, {invitee}) ORDER BY id"));
    assert_eq!(names, ["Cora Collaborator|collaborator@example.com", &format!("Vic Tim|{VICTIM}")]);
    // A former member whose address was never changed is the same person again (docs/WIRE.md, H5).
    server.invite(&json!({"full_name": "C", "email_address": "collaborator@example.com"}));
    let again = "SELECT invitee_id FROM account_invitations WHERE email_address = 'collaborator@example.com'";
    assert_eq!(server.number(again), 7);
}

#[test]
fn a_released_address_whose_former_one_is_taken_leaves_the_former_member_a_dead_one() {
    let server = Server::start();
    change(&server, token::COLLABORATOR, 7, VICTIM).expect(200);
    server.delete("/account_memberships/207").bearer(token::OWNER).send().expect(204);
    change(&server, token::OWNER, 8, "collaborator@example.com").expect(200);
    server.invite(&json!({"full_name": "Vic Tim", "email_address": VICTIM}));
    let address = server.stored("SELECT email_address FROM users WHERE id = 7");
    assert_eq!(address, ["former-7@former.invalid"]);
}

#[test]
fn a_changed_address_is_confirmed_by_a_mailed_link_and_the_former_one_is_told() {
    let server = Server::start();
    assert!(is_proven(&server, 7), "the operator of the sandbox has written the seed");
    change(&server, token::COLLABORATOR, 7, "new@example.test").expect(200);
    assert!(!is_proven(&server, 7));
    server.deliver();
    let told = mails(&server, "collaborator@example.com");
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!((&told[0]["link"], &told[0]["invitation_id"]), (&Value::Null, &Value::Null));
    assert_eq!(told[0]["subject"], "Your address in Sandbox was changed");
    assert!(told[0]["text"].as_str().unwrap().contains("on 2 January 2031 (UTC) your address in Sandbox was changed"));
    assert!(!told[0]["text"].as_str().unwrap().contains("new@"), "the new address is the member's own affair");
    let asked = mails(&server, "new@example.test");
    assert_eq!(asked.len(), 1, "{asked:?}");
    assert_eq!(asked[0]["subject"], "Confirm your address for Sandbox");
    let link = asked[0]["link"].as_str().unwrap();
    assert!(asked[0]["text"].as_str().unwrap().contains(link), "{asked:?}");
    let token = asked[0]["token"].as_str().unwrap();
    assert_eq!(link, format!("{}/addresses/{token}", server.app().base_url()));

    let before = server.everything_stored();
    for method in ["GET", "HEAD", "GET"] {
        server.request_at_root(method, &format!("/addresses/{token}")).send().expect(200);
    }
    let refused = confirm(&server, token, "no").expect(422);
    assert!(refused.text().contains("Tick the box if this is your address."), "{refused}");
    server.request_at_root("POST", &format!("/addresses/{token}")).form("confirm_address=yes").send().expect(403);
    assert_eq!(server.everything_stored(), before, "neither opening it nor another site's form confirms");

    let page = confirm(&server, token, "yes").expect(200);
    assert!(page.text().contains("Your address is confirmed"), "{page}");
    assert!(is_proven(&server, 7));
    for table in ["address_changes", "address_links"] {
        assert_eq!(server.number(&format!("SELECT count(*) FROM {table}")), 0, "{table}");
    }
    let trail =
        server.stored("SELECT action, actor_user_id, subject_id, request_id FROM audit ORDER BY id DESC LIMIT 1");
    assert!(trail[0].starts_with("user.confirm_address|7|7|") && !trail[0].ends_with("null"), "{trail:?}");

    // A link works once.
    let path = format!("/addresses/{token}");
    let dead = server.request_at_root("GET", &path).send().expect(404);
    assert!(dead.text().contains("This link does not work"), "{dead}");
    let unknown = server.request_at_root("GET", "/addresses/adr_unknown").send().expect(404);
    assert_eq!(unknown.text(), dead.text());
}

#[test]
fn a_confirmation_link_proves_only_the_address_it_went_to_and_only_for_seven_days() {
    let server = Server::start();
    change(&server, token::COLLABORATOR, 7, "first@example.test").expect(200);
    let first = server.mailed("first@example.test");
    change(&server, token::COLLABORATOR, 7, "second@example.test").expect(200);
    let second = server.mailed("second@example.test");
    server.request_at_root("GET", &format!("/addresses/{first}")).send().expect(404);
    assert_eq!(mails(&server, "first@example.test").len(), 1, "an unproven address is told nothing");
    assert_eq!(mails(&server, "collaborator@example.com").len(), 1);
    server.advance_seconds(7 * 86_400 - 1);
    let mut browser = Browser::new(&server);
    let path = format!("/addresses/{second}");
    let page = browser.get(&path).expect(200);
    server.advance_seconds(1);
    browser.reply(&page, &path, &[("confirm_address", "yes")]).expect(404);
    assert!(!is_proven(&server, 7));
    server.sweep();
    assert_eq!(server.number("SELECT count(*) FROM address_links"), 0);
}

#[test]
fn a_change_that_is_taken_back_needs_no_confirmation() {
    let server = Server::start();
    change(&server, token::COLLABORATOR, 7, "first@example.test").expect(200);
    change(&server, token::COLLABORATOR, 7, "second@example.test").expect(200);
    change(&server, token::COLLABORATOR, 7, "Collaborator@example.com").expect(200);
    assert!(is_proven(&server, 7));
    server.deliver();
    for to in ["first@example.test", "second@example.test", "collaborator@example.com"] {
        assert_eq!(server.mailbox(to), json!([]), "{to}");
    }
    let states = server.stored("SELECT state FROM outbox");
    assert_eq!(states, ["canceled"; 3]);
    // Nor does another letter case.
    change(&server, token::COLLABORATOR, 7, "COLLABORATOR@example.com").expect(200);
    assert!(is_proven(&server, 7));
    assert_eq!(server.number("SELECT count(*) FROM outbox"), 3);
}

#[test]
fn mails_and_pages_about_an_address_speak_the_language_of_the_account() {
    let server = Server::start();
    server.alter_stored("UPDATE accounts SET language = 'de' WHERE id = 1");
    change(&server, token::OWNER, 7, "neu@example.test").expect(200);
    server.deliver();
    assert_eq!(server.mailbox("collaborator@example.com")[0]["subject"], "Ihre Adresse in Sandbox wurde geändert");
    assert_eq!(server.mailbox("neu@example.test")[0]["subject"], "Bestätigen Sie Ihre Adresse für Sandbox");
    let token = server.mailed("neu@example.test");
    let page = server.request_at_root("GET", &format!("/addresses/{token}")).send().expect(200);
    assert!(page.text().contains("<html lang=\"de\">") && page.text().contains("Ist das Ihre Adresse?"), "{page}");
    let done = confirm(&server, &token, "yes").expect(200);
    assert!(done.text().contains("Ihre Adresse ist bestätigt"), "{done}");
}

#[test]
fn introspection_names_a_member_only_by_a_proven_address() {
    let server = Server::start();
    let username = || {
        let answer = post(&server, "/oauth/introspect", &[("token", token::COLLABORATOR)]).expect(200).json();
        (answer["sub"].clone(), answer["username"].clone())
    };
    assert_eq!(username(), (json!("7"), json!("collaborator@example.com")));
    change(&server, token::COLLABORATOR, 7, "ceo@bigcorp.example.test").expect(200);
    assert_eq!(username(), (json!("7"), Value::Null));
    confirm(&server, &server.mailed("ceo@bigcorp.example.test"), "yes").expect(200);
    assert_eq!(username(), (json!("7"), json!("ceo@bigcorp.example.test")));
}

#[test]
fn a_handed_over_link_proves_no_address_and_a_mailed_one_does() {
    let server = Server::start();
    for (address, is_by_mail) in [("mailed@example.test", true), ("handed@example.test", false)] {
        let (id, mailed) = server.invite_by_mail(address);
        let link = if is_by_mail { mailed } else { server.handed_over(&id) };
        let accepted = server.reply("accept", &json!({"token": link, "password": PASSWORD})).expect(200).json();
        assert_eq!(is_proven(&server, accepted["user_id"].as_str().unwrap().parse().unwrap()), is_by_mail, "{address}");
    }
}

#[test]
fn changes_of_address_count_for_the_mails_that_an_address_gets() {
    let server = Server::start_with(&[("rate_mails_per_address", "2")]);
    for (bearer, user, next) in
        [(token::COLLABORATOR, 7, "a@example.test"), (token::PROJECT_CREATOR, 6, "b@example.test")]
    {
        change(&server, bearer, user, VICTIM).expect(200);
        change(&server, bearer, user, next).expect(200);
    }
    let before = server.everything_stored();
    change(&server, token::PROJECT_LEAD, 5, VICTIM).expect(429);
    assert_eq!(server.everything_stored(), before);
}

#[test]
fn changes_of_address_count_for_the_mails_that_their_account_causes() {
    let server = Server::start_with(&[("rate_mails_per_account", "4")]);
    let move_to = |name: &str| change(&server, token::COLLABORATOR, 7, &format!("{name}@example.com"));
    // The first change causes a notice, too; a dry run causes nothing.
    let dry = json!({"user": {"email_address": "dry@example.test"}});
    let dry = server.put("/users/7").bearer(token::COLLABORATOR).header("Invited-Dry-Run", "true").json(&dry);
    dry.send().expect(200);
    for name in ["a", "b", "c"] {
        move_to(name).expect(200);
    }
    assert_eq!(server.number("SELECT count(*) FROM outbox"), 4);
    let before = server.everything_stored();
    let refused = move_to("d").expect(429);
    assert_eq!(refused.header("retry-after"), Some("21600"), "a quarter of a day");
    assert_eq!(server.everything_stored(), before);
    let invitation = json!({"account_invitation": {"full_name": "N", "email_address": "n@example.test"}});
    server.post("/account_invitations").bearer(token::OWNER).json(&invitation).send().expect(429);
    // Taking the change back causes no mail, and other accounts have their own limit.
    move_to("collaborator").expect(200);
    change(&server, token::OTHER_ADMINISTRATOR, 21, VICTIM).expect(200);
    server.advance_seconds(2 * 21_600);
    move_to("d").expect(200);
}

#[test]
fn an_address_that_is_changed_to_and_fro_is_told_once_a_day() {
    let server = Server::start();
    let move_to = |name: &str| change(&server, token::COLLABORATOR, 7, &format!("{name}@example.com")).expect(200);
    let told = || mails(&server, "collaborator@example.com").len();
    // Taken back before it was sent, a notice told nobody, so it does not count.
    move_to("first");
    move_to("collaborator");
    assert_eq!(told(), 0);
    for number in 0..5 {
        move_to(&format!("other{number}"));
        assert_eq!(told(), 1, "{number}");
        move_to("collaborator");
    }
    // Another user's notice to the same address is another one.
    move_to("elsewhere");
    change(&server, token::OWNER, 8, "collaborator@example.com").expect(200);
    confirm(&server, &server.mailed("collaborator@example.com"), "yes").expect(200);
    change(&server, token::OWNER, 8, "punch@example.test").expect(200);
    assert_eq!(told(), 3, "two notices and a confirmation");
    move_to("collaborator");
    server.alter_stored("UPDATE users SET address_proven_at = 1 WHERE id = 7");
    server.advance_seconds(86_400);
    move_to("next-day");
    assert_eq!(told(), 4);
}

#[test]
fn an_address_that_is_chosen_again_is_asked_once() {
    let server = Server::start();
    for name in ["b", "c", "b"] {
        change(&server, token::COLLABORATOR, 7, &format!("{name}@example.test")).expect(200);
    }
    let asked = mails(&server, "b@example.test");
    assert_eq!(asked.len(), 1, "{asked:?}");
    assert_eq!(mails(&server, "c@example.test").len(), 0);
    let states = server.stored("SELECT state FROM outbox WHERE kind = 'address_confirmation' ORDER BY id");
    assert_eq!(states, ["canceled", "canceled", "sent"]);
    confirm(&server, asked[0]["token"].as_str().unwrap(), "yes").expect(200);
}

#[test]
fn erasing_a_person_cancels_the_waiting_mails_about_them_and_no_others() {
    let server = Server::start();
    change(&server, token::COLLABORATOR, 7, "new@example.test").expect(200);
    // By now, the former address is another member's.
    change(&server, token::OWNER, 8, "collaborator@example.com").expect(200);
    let context = server.app().context(&Arc::new(Caller::operator(1.into())), None);
    server.write(move |db| erase(db, &context, "new@example.test"));
    let mut rows = server.stored("SELECT user_id, kind, state, recipient FROM outbox ORDER BY id");
    rows.sort_unstable();
    let expected = [
        "7|address_confirmation|canceled|[erased]",
        "7|address_notice|canceled|[erased]",
        "8|address_confirmation|queued|collaborator@example.com",
        "8|address_notice|queued|punch_clock@example.com",
    ];
    assert_eq!(rows, expected);
    assert_eq!(server.deliver(), 2);
}

/// People from before addresses were proven: how they came to their address, and whether it counts now.
const FROM_BEFORE: &str = "
    INSERT INTO accounts (id, name, created_at, updated_at) VALUES (1, 'A', 0, 0);
    INSERT INTO users (id, account_id, full_name, name_key, email_address, email_key, search_key, created_at,
      updated_at)
      VALUES (1, 1, 'first', '', 'a@x.test', 'a@x.test', '', 5, 5),
             (2, 1, 'first, changed', '', 'b@x.test', 'b@x.test', '', 5, 5),
             (3, 1, 'by mail', '', 'c@x.test', 'c@x.test', '', 5, 5),
             (4, 1, 'by mail, changed', '', 'd@x.test', 'd@x.test', '', 5, 5),
             (5, 1, 'handed over', '', 'e@x.test', 'e@x.test', '', 5, 5),
             (6, 1, 'pending', '', 'f@x.test', 'f@x.test', '', 5, 5);
    INSERT INTO account_invitations (id, account_id, full_name, name_key, email_address, email_key, search_key,
      permission, inviter_id, invitee_id, expires_on, accepted_at, created_at, updated_at)
      VALUES (1, 1, '', '', 'c@x.test', 'c@x.test', '', 'collaborator', 1, 3, 1, 1, 0, 0),
             (2, 1, '', '', 'before@x.test', 'before@x.test', '', 'collaborator', 1, 4, 1, 1, 0, 0),
             (3, 1, '', '', 'e@x.test', 'e@x.test', '', 'collaborator', 1, 5, 1, 1, 0, 0),
             (4, 1, '', '', 'f@x.test', 'f@x.test', '', 'collaborator', 1, 6, 1, NULL, 0, 0);
    INSERT INTO audit (id, account_id, occurred_at, action, subject_type, subject_id, after)
      VALUES (1, 1, 0, 'user.update', 'users', 2, '{\"email_address\":\"b@x.test\"}'),
             (2, 1, 0, 'user.update', 'users', 1, '{\"full_name\":\"\\\"email_address\\\":\"}'),
             (3, 1, 0, 'account_invitation.link', 'account_invitations', 3, NULL);";

#[test]
fn a_database_from_before_says_which_addresses_count() {
    let database = server().map_or_else(Database::in_file, |server| Database::empty_on(&server));
    let values = Values::from([("database".to_owned(), database.setting())]);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let store = runtime.block_on(async { open_store(&Config::defaults().unwrap().with(&values).unwrap()).unwrap() });
    runtime.block_on(migrate::apply(&store, &MIGRATIONS[..4], Timestamp(0))).unwrap();
    database.alter(FROM_BEFORE);
    runtime.block_on(migrate::apply(&store, MIGRATIONS, Timestamp(0))).unwrap();
    let counts = database.rows("SELECT full_name FROM users WHERE address_proven_at IS NOT NULL ORDER BY id");
    assert_eq!(counts, ["first", "by mail"]);
    store.close();
}
