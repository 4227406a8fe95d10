//! Answers and timing must not reveal who has an account and which links are live.

use serde_json::json;

use crate::support::answers::PASSWORD;
use crate::support::browser::Browser;
use crate::support::{Answer, Server, token};

/// An answer and its cost: reads, writes, and password hashes.
fn cost(server: &Server, ask: impl FnOnce() -> Answer) -> (Answer, (u64, u64), u64) {
    let made = server.app().password_checks.made();
    let (answer, work) = server.work_of(ask);
    (answer, work, server.app().password_checks.made() - made)
}

/// Tried: distinguishing live from dead tokens, and known from unknown addresses, by answers and their cost.
#[test]
fn pitfall_13_neither_answers_nor_cost_reveal_accounts_or_links() {
    let server = Server::start();
    let (_, alive) = server.invite_by_mail("vera@example.test");
    let (_, used) = server.invite_by_mail("victor@example.test");
    server.accept_link(&used).expect(200);
    let dead = [used.as_str(), "lnk_unknown", "", "x"];

    // As JSON, a bad password is refused before the link is looked up, in the same words and at the same cost.
    let bad = |token: &str| {
        let (answer, work, computed) =
            cost(&server, || server.reply("accept", &json!({"token": token, "password": "too short"})));
        (answer.face(), work, computed)
    };
    let of_alive = bad(&alive);
    assert_eq!(of_alive.0.0, 422);
    for token in dead {
        assert_eq!(bad(token), of_alive, "{token}");
    }

    // On the page, a bad password costs the same for every token, though a live link shows its page again.
    let mut browser = Browser::new(&server);
    let form = browser.get(&format!("/invitations/{alive}")).expect(200);
    let mut post = |token: &str| {
        let path = format!("/invitations/{token}");
        cost(&server, || browser.reply(&form, &path, &[("password", "too short")]))
    };
    let (page, work, computed) = post(&alive);
    assert_eq!(page.status, 422);
    for token in [&used, "lnk_unknown"] {
        let (dead, dead_work, dead_computed) = post(token);
        assert_eq!((dead.status, dead_work, dead_computed), (404, work, computed), "{token}");
    }

    // A good password is hashed for every token, and the reads are the same.
    let accept = |token: &str| cost(&server, || server.accept_link(token));
    let of_dead: Vec<_> = dead[..2].iter().map(|token| accept(token)).collect();
    let mut other = Browser::new(&server);
    let (_, second) = server.invite_by_mail("second@example.test");
    let form = other.get(&format!("/invitations/{second}")).expect(200);
    let mut post = |token: &str| {
        let path = format!("/invitations/{token}");
        cost(&server, || other.reply(&form, &path, &[("password", PASSWORD)]))
    };
    let page_of_dead = post("lnk_unknown");
    let page_of_alive = post(&second);
    assert_eq!((page_of_dead.0.status, page_of_alive.0.status), (404, 200));
    assert_eq!((page_of_dead.1, page_of_dead.2), (page_of_alive.1, page_of_alive.2));
    assert_eq!(page_of_alive.2, 1);
    let (accepted, work, computed) = accept(&alive);
    assert_eq!((accepted.status, computed), (200, 1));
    for (answer, dead_work, dead_computed) in &of_dead {
        assert_eq!((answer.status, *dead_work, *dead_computed), (404, work, computed));
        assert_eq!(answer.face(), of_dead[0].0.face());
    }

    // A form without its token is refused alike for every link.
    let unproven = |token: &str| {
        server.request_at_root("POST", &format!("/invitations/{token}")).form("password=x").send().expect(403).face()
    };
    assert_eq!(unproven(&alive), unproven("lnk_unknown"));

    server.get("/users/me").bearer(token::ADMINISTRATOR).send().expect(200);
    // Inviters learn who is a member of their own account, and nothing about other accounts.
    let invite = |address: &str| {
        let person = json!({"account_invitation": {"full_name": "Twin", "email_address": address}});
        let (answer, work) =
            server.work_of(|| server.post("/account_invitations").bearer(token::ADMINISTRATOR).json(&person).send());
        let mut record = answer.json();
        record["account_invitations"] = json!(null);
        (answer.status, work, record["meta"].clone())
    };
    assert_eq!(invite("other_administrator@example.com"), invite("nobody.at.all@example.test"));
    assert_eq!(invite("project_lead@example.com").0, 422);
}
