//! One account reaching into another.

use serde_json::json;

use crate::coverage::EXAMPLES;
use crate::support::answers::PASSWORD;
use crate::support::browser::encoded;
use crate::support::client::Request;
use crate::support::{Server, token};

/// Tried: a link of one account, with everything around it that could name another account.
#[test]
fn pitfall_03_a_token_leads_only_into_its_own_account() {
    for (account, inviter, other, foreign_bearer) in [
        (1, token::ADMINISTRATOR, "2", token::OTHER_ADMINISTRATOR),
        (2, token::OTHER_ADMINISTRATOR, "1", token::ADMINISTRATOR),
    ] {
        let server = Server::start();
        let person = json!({"full_name": "Vera", "email_address": "vera@example.test"});
        server.invite_by(inviter, &person);
        let link = server.mailed("vera@example.test");
        let strangers = format!("SELECT count(*) FROM account_memberships WHERE account_id = {other}");
        let before = server.number(&strangers);
        let body = json!({
            "token": link, "password": PASSWORD, "account_id": other, "account": {"id": other},
            "account_invitation": {"account_id": other},
        });
        let query = encoded(&[("account_id", other)]);
        let answer = server
            .request_at_root("POST", &format!("/invitations/accept?{query}"))
            .bearer(foreign_bearer)
            .header("X-Account-Id", other)
            .json(&body)
            .send()
            .expect(200);
        let user = answer.json()["user_id"].as_str().unwrap().to_owned();
        let place = format!("SELECT account_id FROM account_memberships WHERE user_id = {user}");
        assert_eq!(server.stored(&place), [account.to_string()]);
        assert_eq!(server.number(&strangers), before);
    }
}

/// Tried: every route with the id of another account's record, compared with an id that never existed.
#[test]
fn pitfall_04_a_foreign_id_is_an_unknown_one_on_every_route() {
    let server = Server::start();
    let before = server.everything_stored();
    let ask = |request: Request, bearer: &str| {
        let request = || request.clone().bearer(bearer);
        // A caller is looked up anew once a second, which one of two requests in a row may have to pay for.
        let [one, other] = [(); 2].map(|()| server.work_of(|| request().send()));
        assert_eq!(one.0.face(), other.0.face());
        (one.0.face(), one.1.min(other.1))
    };
    for bearer in [token::ADMINISTRATOR, token::PROJECT_LEAD, token::PUNCH_CLOCK] {
        // A first request caches the caller.
        server.get("/users/me").bearer(bearer).send().expect(200);
        for example in EXAMPLES.iter().filter(|example| example.has_id()) {
            let foreign = ask(example.request(&server, example.subject.foreign), bearer);
            let unknown = ask(example.request(&server, example.subject.unknown), bearer);
            assert_eq!(foreign, unknown, "{:?}", example.operation);
            assert!([403, 404].contains(&foreign.0.0), "{foreign:?}");
        }
        for (method, action) in [("POST", "link"), ("GET", "mails")] {
            let request = |id: &str| server.request_at_root(method, &format!("/invitations/{id}/{action}"));
            let (foreign, unknown) = (ask(request("5"), bearer), ask(request("999"), bearer));
            assert_eq!(foreign, unknown, "{action}");
            assert!([403, 404].contains(&foreign.0.0), "{foreign:?}");
        }
    }
    assert_eq!(server.everything_stored(), before);
    assert_eq!(server.deliver(), 0, "and no mail went out");
}
