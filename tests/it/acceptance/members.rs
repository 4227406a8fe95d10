//! Invitations of people who already are members of the account: no request leads there, but a restored or repaired
//! database may hold them.

use serde_json::json;

use crate::support::{Server, token};

/// An invitation whose invitee became a member meanwhile; returns the link and the user.
fn invited_although_a_member(server: &Server, invited: &str, has: &str, disabled_at: &str) -> (String, String) {
    let person = json!({"full_name": "Vera", "email_address": "vera@example.test", "permission": invited});
    let id = server.invite(&person);
    let user = server.show(&id).record()["invitee_id"].as_str().unwrap().to_owned();
    server.alter_stored(&format!(
        "INSERT INTO account_memberships (account_id, user_id, permission, is_owner, default_read_only, disabled_at, \
         created_at, updated_at) VALUES (1, {user}, '{has}', 0, 0, {disabled_at}, 1, 1)"
    ));
    (server.mailed("vera@example.test"), user)
}

fn memberships(server: &Server, user: &str) -> Vec<String> {
    server.stored(&format!("SELECT permission, disabled_at FROM account_memberships WHERE user_id = {user}"))
}

#[test]
fn an_acceptance_never_lowers_a_members_permission() {
    for (has, invited, ends_with) in [
        ("administrator", "collaborator", "administrator|null"),
        ("reports_viewer", "reports_viewer", "reports_viewer|null"),
        ("external_collaborator", "collaborator", "external_collaborator|null"),
        ("collaborator", "reports_viewer", "reports_viewer|null"),
    ] {
        let server = Server::start();
        let (link, user) = invited_although_a_member(&server, invited, has, "NULL");
        let answer = server.accept_link(&link).expect(200).json();
        assert_eq!(answer["user_id"], json!(user));
        assert_eq!(memberships(&server, &user), [ends_with], "{has} invited as {invited}");
    }
}

#[test]
fn a_raised_permission_takes_effect_at_once() {
    let server = Server::start();
    let (link, user) = invited_although_a_member(&server, "project_lead", "collaborator", "NULL");
    server.alter_stored(&format!("UPDATE users SET is_active = 1 WHERE id = {user}"));
    let bearer = server.token_of(user.parse().unwrap());
    server.get("/account_invitations").bearer(&bearer).send().expect(403);
    server.accept_link(&link).expect(200);
    server.get("/account_invitations").bearer(&bearer).send().expect(200);
}

#[test]
fn an_invitation_does_not_enable_a_disabled_member() {
    let server = Server::start();
    let (link, user) = invited_although_a_member(&server, "administrator", "collaborator", "1");
    let before = server.everything_stored();
    let answer = server.accept_link(&link).expect(404);
    assert_eq!(answer.text(), server.accept_link("lnk_unknown").text());
    assert_eq!(server.everything_stored(), before);
    assert_eq!(memberships(&server, &user), ["collaborator|1"]);
    // Nor can a disabled member be invited in the first place.
    let disabled = json!({"account_invitation": {"full_name": "Dora", "email_address": "disabled@example.com"}});
    let answer = server.post("/account_invitations").bearer(token::ADMINISTRATOR).json(&disabled).send().expect(422);
    assert_eq!(answer.errors()[0].3, "Email address belongs to a disabled member. Enable that membership instead.");
}
