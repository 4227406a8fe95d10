//! Clients over a rate limit.

use serde_json::json;

use super::Watched;
use crate::exact::{everything, refusal, shown};
use crate::oauth;
use crate::support::{Answer, Server, token};

fn is_refused(answer: Answer) -> u64 {
    let answer = answer.expect(429);
    assert_eq!(answer.text(), refusal("system", "Rate limit exceeded. Please try again later."));
    let seconds = answer.header("retry-after").expect("Retry-After is missing").parse().unwrap();
    assert!((1..=60).contains(&seconds), "Retry-After is {seconds}");
    seconds
}

fn create(server: &Server, bearer: &str, address: &str) -> Answer {
    server
        .post("/account_invitations")
        .bearer(bearer)
        .json(&json!({"account_invitation": {"full_name": "N", "email_address": address}}))
        .send()
}

fn resend(server: &Server, bearer: &str, id: u64) -> Answer {
    server.put(&format!("/account_invitations/{id}/resend")).bearer(bearer).send()
}

#[test]
fn the_general_limit_counts_every_request_of_a_user() {
    let server = Server::start_with(&[("rate_general", "3")]);
    let get = |bearer: &str, path: &str| server.get(path).bearer(bearer).send();
    get(token::ADMINISTRATOR, "/account_invitations").expect(200);
    get(token::ADMINISTRATOR, "/account_invitations/99").expect(404);
    get(token::ADMINISTRATOR, "/account_invitations/1").expect(200);
    let seconds = is_refused(get(token::ADMINISTRATOR, "/account_invitations"));
    is_refused(get(token::ADMINISTRATOR, "/nowhere"));
    is_refused(server.put("/account_invitations/1").bearer(token::ADMINISTRATOR).form("%").send());
    get("nobody", "/account_invitations").expect(401);
    get(token::OWNER, "/account_invitations").expect(200);
    server.advance_seconds(seconds);
    get(token::ADMINISTRATOR, "/account_invitations").expect(200);
}

#[test]
fn the_limit_of_creates_counts_each_of_a_bulk_and_ignores_other_requests() {
    let server = Server::start_with(&[("rate_create", "51")]);
    create(&server, token::ADMINISTRATOR, "a@example.test").expect(200);
    let people: Vec<_> =
        (0..50).map(|number| json!({"full_name": "N", "email_address": format!("p{number}@example.test")})).collect();
    server
        .post("/account_invitations")
        .bearer(token::ADMINISTRATOR)
        .json(&json!({"account_invitations": people}))
        .send()
        .expect(200);
    let before = everything(&server);
    is_refused(create(&server, token::ADMINISTRATOR, "b@example.test"));
    assert_eq!(everything(&server), before);
    resend(&server, token::ADMINISTRATOR, 1).expect(200);
    create(&server, token::PROJECT_LEAD, "b@example.test").expect(200);
    server.advance_seconds(60);
    create(&server, token::ADMINISTRATOR, "c@example.test").expect(200);
}

#[test]
fn a_bulk_that_is_judged_again_counts_once() {
    let server = Server::start_with(&[("rate_create", "20")]);
    let bulk = |name: &str| {
        let people: Vec<_> = (0..10)
            .map(|number| json!({"full_name": "N", "email_address": format!("{name}{number}@example.test")}))
            .collect();
        let body = json!({"account_invitations": people});
        server.post("/account_invitations").bearer(token::ADMINISTRATOR).json(&body).send()
    };
    // The server remembers an administrator, who is something else by the time of the write.
    server.get("/users/me").bearer(token::ADMINISTRATOR).send().expect(200);
    server.alter_stored("UPDATE account_memberships SET permission = 'project_lead' WHERE user_id = 2");
    bulk("a").expect(200);
    bulk("b").expect(200);
    is_refused(create(&server, token::ADMINISTRATOR, "c@example.test"));
}

/// An application can have a new token for every request.
#[test]
fn a_user_has_one_limit_whichever_token_and_whichever_application() {
    let server = Server::start_with(&[("rate_create", "2"), ("rate_token", "0")]);
    let new_token = || {
        let answer = oauth::post(&server, "/oauth/token", &[("grant_type", "client_credentials")]).expect(200);
        answer.json()["access_token"].as_str().unwrap().to_owned()
    };
    for number in 0..2 {
        create(&server, &new_token(), &format!("n{number}@example.test")).expect(200);
    }
    for number in 2..6 {
        is_refused(create(&server, &new_token(), &format!("n{number}@example.test")));
    }
}

#[test]
fn all_users_of_an_account_have_a_limit_together_and_other_accounts_have_their_own() {
    let server = Server::start_with(&[("rate_general", "4"), ("rate_account_factor", "2")]);
    let ask = |bearer: &str| server.get("/account_invitations?per_page=1").bearer(bearer).send();
    for bearer in [token::OWNER, token::ADMINISTRATOR, token::PROJECT_LEAD, token::REPORTS_VIEWER] {
        ask(bearer).expect(200);
        ask(bearer).expect(200);
    }
    for bearer in [token::OWNER, token::REPORTS_VIEWER_WITH_COST] {
        is_refused(ask(bearer));
    }
    ask(token::OTHER_ADMINISTRATOR).expect(200);
}

#[test]
fn an_account_has_a_limit_of_mails_a_day() {
    let server = Server::start_with(&[("rate_mails_per_account", "4")]);
    let people: Vec<_> =
        (0..3).map(|number| json!({"full_name": "N", "email_address": format!("p{number}@example.test")})).collect();
    let bulk = json!({"account_invitations": people});
    let dry = server.post("/account_invitations").bearer(token::OWNER).header("Invited-Dry-Run", "true").json(&bulk);
    dry.send().expect(200);
    server.post("/account_invitations").bearer(token::OWNER).json(&bulk).send().expect(200);
    resend(&server, token::ADMINISTRATOR, 1).expect(200);
    let before = everything(&server);
    for answer in [create(&server, token::OWNER, "b@example.test"), resend(&server, token::OWNER, 2)] {
        let answer = answer.expect(429);
        let seconds: u64 = answer.header("retry-after").unwrap().parse().unwrap();
        assert!((1..=6 * 3_600).contains(&seconds), "one of four mails is a quarter of a day: {seconds}");
    }
    assert_eq!(everything(&server), before);
    create(&server, token::OTHER_ADMINISTRATOR, "b@example.test").expect(200);
    server.advance_seconds(6 * 3_600);
    create(&server, token::OWNER, "b@example.test").expect(200);
}

#[test]
fn the_limit_of_resends_counts_all_invitations() {
    let server = Server::start_with(&[("rate_resend", "2")]);
    resend(&server, token::ADMINISTRATOR, 1).expect(200);
    resend(&server, token::ADMINISTRATOR, 2).expect(200);
    let before = shown(&server, 3);
    is_refused(resend(&server, token::ADMINISTRATOR, 3));
    assert_eq!(shown(&server, 3), before);
    resend(&server, token::OWNER, 3).expect(200);
    create(&server, token::ADMINISTRATOR, "a@example.test").expect(200);
    server.advance_seconds(60);
    resend(&server, token::ADMINISTRATOR, 3).expect(200);
}

#[test]
fn an_invitation_is_resent_at_most_once_a_minute_for_all_callers() {
    let server = Server::start_with(&[("rate_resend_per_invitation", "1")]);
    resend(&server, token::ADMINISTRATOR, 1).expect(200);
    let seconds = is_refused(resend(&server, token::OWNER, 1));
    resend(&server, token::ADMINISTRATOR, 2).expect(200);
    server.advance_seconds(seconds - 1);
    is_refused(resend(&server, token::ADMINISTRATOR, 1));
    server.advance_seconds(1);
    resend(&server, token::ADMINISTRATOR, 1).expect(200);
}

#[test]
fn the_sandbox_has_no_limits_unless_they_are_set() {
    let watched = Watched::start();
    for _ in 0..40 {
        resend(&watched.server, token::ADMINISTRATOR, 3).expect(200);
    }
    for number in 0..70 {
        create(&watched.server, token::ADMINISTRATOR, &format!("n{number}@example.test")).expect(200);
    }
    for _ in 0..600 {
        watched.server.get("/account_invitations?per_page=1").bearer(token::ADMINISTRATOR).send().expect(200);
    }
}
