//! Links that do not work: the answer does not reveal the reason.

use serde_json::json;

use crate::support::answers::PASSWORD;
use crate::support::browser::{Browser, is_guarded_page};
use crate::support::{Server, token};

/// Unusable tokens, each with its reason.
fn dead_tokens(server: &Server) -> Vec<(&'static str, String)> {
    let invite = |name: &str| server.invite_by_mail(&format!("{name}@example.test"));
    let manage = |method: &str, path: &str| server.request(method, path).bearer(token::ADMINISTRATOR).send();

    let (_, used) = invite("used");
    server.accept_link(&used).expect(200);
    let (revoked_id, revoked) = invite("revoked");
    manage("DELETE", &format!("/account_invitations/{revoked_id}")).expect(204);
    let (resent_id, resent) = invite("resent");
    manage("PUT", &format!("/account_invitations/{resent_id}/resend")).expect(200);
    let (handed_id, handed) = invite("handed");
    server.handed_over(&handed_id);
    let (_, declined) = invite("declined");
    server.reply("decline", &json!({"token": declined})).expect(204);
    let (expired_id, expired) = invite("expired");
    server
        .alter_stored(&format!("UPDATE account_invitations SET expires_on = expires_on - 31 WHERE id = {expired_id}"));
    let foreign = json!({"full_name": "F", "email_address": "foreign@example.test"});
    server.invite_by(token::OTHER_ADMINISTRATOR, &foreign);
    let canceled = server.mailed("foreign@example.test");
    server.alter_stored("UPDATE accounts SET canceled_at = created_at WHERE id = 2");
    let (_, alive) = invite("alive");
    let upper = alive.to_ascii_uppercase();
    let encoded = alive.replace('_', "%5F");
    let unknown = format!("lnk_{}", "A".repeat(43));
    vec![
        ("used", used),
        ("revoked", revoked),
        ("resent", resent),
        ("replaced by one that is handed over", handed),
        ("declined", declined),
        ("expired", expired),
        ("of an account that was canceled", canceled),
        ("in upper case", upper),
        ("percent-encoded", encoded),
        ("unknown", unknown),
        ("short", alive[..alive.len() - 1].to_owned()),
        ("of one character", "x".to_owned()),
        ("long", format!("{alive}A")),
        ("very long", "A".repeat(2_000)),
        ("without its prefix", alive[4..].to_owned()),
        ("of another kind", token::ADMINISTRATOR.to_owned()),
    ]
}

#[test]
fn no_page_and_no_error_reveals_why_a_token_does_not_work() {
    let server = Server::start();
    let tokens = dead_tokens(&server);
    let before = server.everything_stored();
    let (mut pages, mut errors) = (Vec::new(), Vec::new());
    for (reason, token) in &tokens {
        let (page, work) = server.work_of(|| server.open(token));
        is_guarded_page(&page);
        assert_eq!(page.header("set-cookie"), None, "{reason}");
        pages.push((reason, page.face(), work));
        let (looked, work) = server.work_of(|| server.look_up(token));
        errors.push((reason, looked.face(), work));
    }
    for (reason, page, work) in &pages {
        assert_eq!((page.0, page), (404, &pages[0].1), "{reason}");
        assert_eq!(work, &pages[0].2, "{reason}");
    }
    for (reason, error, work) in &errors {
        assert_eq!((error.0, error), (404, &errors[0].1), "{reason}");
        assert_eq!(work, &errors[0].2, "{reason}");
    }
    assert_eq!(server.everything_stored(), before);
}

#[test]
fn answering_with_a_dead_token_reveals_no_more() {
    let server = Server::start();
    let (_, alive) = server.invite_by_mail("form@example.test");
    let tokens = dead_tokens(&server);
    let mut browser = Browser::new(&server);
    let form = browser.get(&format!("/invitations/{alive}")).expect(200);
    let before = server.everything_stored();
    let mut first = None;
    for (reason, token) in &tokens {
        let path = format!("/invitations/{token}");
        let mut of_token = Vec::new();
        // No password: the page computes the hash only for a live link.
        for typed in [
            &[("password", "")][..],
            &[("decision", "decline")],
            &[("decision", "decline"), ("confirm_decline", "yes")],
        ] {
            let (answer, work) = server.work_of(|| browser.reply(&form, &path, typed));
            assert_eq!(answer.status, 404, "{reason}: {answer}");
            of_token.push((answer.face(), work));
        }
        let declined = server.work_of(|| server.reply("decline", &json!({"token": token})));
        of_token.push((declined.0.face(), declined.1));
        let accepted = server.work_of(|| server.reply("accept", &json!({"token": token, "password": PASSWORD})));
        of_token.push((accepted.0.face(), accepted.1));
        assert_eq!(first.get_or_insert_with(|| of_token.clone()), &of_token, "{reason}");
    }
    assert_eq!(server.everything_stored(), before);
}
