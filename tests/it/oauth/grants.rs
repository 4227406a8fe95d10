//! What ends a grant: the operator, a new password, and refresh tokens that nobody uses.

use invited::testing::accounts;
use invited::testing::passwords::Grants;
use serde_json::json;

use super::{
    Browser, CALLBACK, OTHER, SANDBOX_APP, api_status, pair, post, post_as, redeem, refresh, refused, register,
    set_password_and, tokens_of,
};
use crate::support::answers::PASSWORD;
use crate::support::{Server, token};

const DAY: u64 = 86_400;

/// The id of an access token, which only operators see: the newest one.
fn newest_token(server: &Server) -> i64 {
    server.number("SELECT max(id) FROM access_tokens")
}

/// The operator's `token revoke`; servers notice it within a second, or at once when they are told.
fn revoke(server: &Server, id: i64) {
    let now = server.app().clock.now();
    assert!(server.write(move |db| Ok(accounts::revoke_token(db, id.into(), now)?)));
    server.app().callers.forget();
}

#[test]
fn the_operator_who_revokes_a_token_ends_the_grant_that_it_came_from() {
    let server = Server::start();
    let (other_access, other_renewal) = tokens_of(&server, token::PROJECT_LEAD);
    let (first, renewal) = tokens_of(&server, token::ADMINISTRATOR);
    let (second, renewal) = pair(&refresh(&server, &renewal));
    revoke(&server, newest_token(&server));
    for access in [&first, &second] {
        assert_eq!(api_status(&server, access), 401);
    }
    refused(&refresh(&server, &renewal), 400, "invalid_grant");
    assert_eq!(api_status(&server, &other_access), 200, "another grant stays");
    refresh(&server, &other_renewal).expect(200);
    let trail = server.stored("SELECT action, actor_user_id FROM audit WHERE action LIKE '%.revoke' ORDER BY id");
    assert_eq!(trail, ["token.revoke|null", "grant.revoke|null"]);
    // A token that came from no grant ends alone.
    let own = post(&server, "/oauth/token", &[("grant_type", "client_credentials")]).expect(200);
    let own = own.json()["access_token"].as_str().unwrap().to_owned();
    revoke(&server, newest_token(&server));
    assert_eq!((api_status(&server, &own), api_status(&server, &other_access)), (401, 200));
}

#[test]
fn a_new_password_ends_the_members_grants_unless_they_are_to_be_kept() {
    let server = Server::start();
    let (others, _) = tokens_of(&server, token::PROJECT_LEAD);
    let (access, renewal) = tokens_of(&server, token::ADMINISTRATOR);
    let code = super::code(&server, &[]);
    set_password_and(Grants::Keep, &server, 2, PASSWORD);
    assert_eq!(api_status(&server, &access), 200);
    let (access, renewal) = (access, pair(&refresh(&server, &renewal)).1);
    set_password_and(Grants::End, &server, 2, PASSWORD);
    assert_eq!(api_status(&server, &access), 401);
    refused(&refresh(&server, &renewal), 400, "invalid_grant");
    refused(&redeem(&server, &code, &[]), 400, "invalid_grant");
    assert_eq!(api_status(&server, &others), 200, "those of other members stay");
    assert_eq!(api_status(&server, token::ADMINISTRATOR), 200, "and so do the tokens that operators have made");
}

#[test]
fn a_password_that_is_chosen_on_a_page_ends_grants_too() {
    let server = Server::start();
    let (access, renewal) = tokens_of(&server, token::PROJECT_LEAD);
    let (id, link) = server.invite_by_mail("vera@example.test");
    // An invitation whose invitee has become a member since.
    server.alter_stored(&format!("UPDATE account_invitations SET invitee_id = 5 WHERE id = {id}"));
    Browser::new(&server).decide(&link, &[("password", PASSWORD)]).expect(200);
    assert_eq!(api_status(&server, &access), 401);
    refused(&refresh(&server, &renewal), 400, "invalid_grant");
}

#[test]
fn a_refresh_token_that_nobody_uses_for_ninety_days_expires() {
    let server = Server::start();
    let (access, renewal) = tokens_of(&server, token::ADMINISTRATOR);
    server.advance_seconds(90 * DAY - 1);
    let (_, renewal) = pair(&refresh(&server, &renewal));
    server.advance_seconds(90 * DAY - 1);
    let active = || post(&server, "/oauth/introspect", &[("token", &renewal)]).expect(200).json()["active"].clone();
    assert_eq!(active(), true, "each use starts the time anew");
    server.advance_seconds(1);
    assert_eq!(active(), false);
    let before = server.everything_stored();
    refused(&refresh(&server, &renewal), 400, "invalid_grant");
    assert_eq!(server.everything_stored(), before, "an expired token is no theft");
    assert_eq!(api_status(&server, &access), 200, "access tokens do not expire");
}

#[test]
fn the_lifetime_of_refresh_tokens_is_a_setting() {
    let mut server = Server::start_with(&[("refresh_token_days", "1")]);
    let (_, renewal) = tokens_of(&server, token::ADMINISTRATOR);
    server.advance_seconds(DAY);
    refused(&refresh(&server, &renewal), 400, "invalid_grant");
    server.restart_with(&[("refresh_token_days", "0")]);
    server.advance_seconds(1_000 * DAY);
    refresh(&server, &renewal).expect(200);
}

#[test]
fn an_expired_refresh_token_shown_by_another_application_still_ends_the_grant() {
    let server = Server::start();
    register(&server, OTHER, 1, &[CALLBACK]);
    let (access, renewal) = tokens_of(&server, token::ADMINISTRATOR);
    server.advance_seconds(90 * DAY);
    let fields = [("grant_type", "refresh_token"), ("refresh_token", renewal.as_str())];
    refused(&post_as(&server, "/oauth/token", OTHER, &fields), 400, "invalid_grant");
    assert_eq!(api_status(&server, &access), 401);
    assert_eq!(
        post_as(&server, "/oauth/introspect", SANDBOX_APP, &[("token", &access)]).json(),
        json!({"active": false})
    );
}
