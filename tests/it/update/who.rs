//! Who may update which invitation, and the precedence of refusals.

use crate::exact::{everything, put_json, refusal, shown};
use crate::support::{Server, token};

const CHANGE: &str = r#"{"account_invitation":{"billability_target":42}}"#;
const BY_LEVEL: &str = "You do not have permission to do this.";
const BY_RECORD: &str = "Only an administrator or the inviter may change this invitation.";

#[test]
fn administrators_and_the_owner_update_all_invitations() {
    let server = Server::start();
    for bearer in [token::OWNER, token::ADMINISTRATOR] {
        for id in [1, 2, 3] {
            put_json(&server, &format!("/account_invitations/{id}"), bearer, CHANGE).expect(200);
        }
    }
}

#[test]
fn a_project_lead_updates_only_their_own_invitations() {
    let server = Server::start();
    put_json(&server, "/account_invitations/3", token::PROJECT_LEAD, CHANGE).expect(200);
    for id in [1, 2, 4] {
        let answer = put_json(&server, &format!("/account_invitations/{id}"), token::PROJECT_LEAD, CHANGE).expect(403);
        assert_eq!(answer.text(), refusal("system", BY_RECORD), "for invitation {id}");
    }
}

#[test]
fn a_level_above_the_inviters_is_not_enough_below_administrator() {
    let server = Server::start();
    for bearer in [token::REPORTS_VIEWER, token::REPORTS_VIEWER_WITH_COST] {
        for id in [1, 2, 3] {
            let answer = put_json(&server, &format!("/account_invitations/{id}"), bearer, CHANGE).expect(403);
            assert_eq!(answer.text(), refusal("system", BY_RECORD), "for invitation {id}");
        }
    }
}

#[test]
fn levels_below_project_lead_get_403_for_every_id_known_unknown_or_foreign() {
    let server = Server::start();
    for bearer in [token::PROJECT_CREATOR, token::COLLABORATOR, token::PUNCH_CLOCK] {
        for id in [1, 2, 3, 4, 5, 99] {
            let answer = put_json(&server, &format!("/account_invitations/{id}"), bearer, CHANGE).expect(403);
            assert_eq!(answer.text(), refusal("system", BY_LEVEL), "for invitation {id}");
        }
    }
}

#[test]
fn an_invitation_of_another_account_does_not_exist() {
    let server = Server::start();
    let unknown = put_json(&server, "/account_invitations/99", token::ADMINISTRATOR, CHANGE).expect(404);
    for (bearer, ids) in [
        (token::OTHER_ADMINISTRATOR, &[1, 2, 3, 4][..]),
        (token::ADMINISTRATOR, &[5]),
        (token::OWNER, &[5]),
        (token::PROJECT_LEAD, &[5, 99]),
        (token::REPORTS_VIEWER, &[5, 99]),
    ] {
        for id in ids {
            let answer = put_json(&server, &format!("/account_invitations/{id}"), bearer, CHANGE).expect(404);
            assert_eq!(answer.text(), unknown.text());
        }
    }
    put_json(&server, "/account_invitations/5", token::OTHER_ADMINISTRATOR, CHANGE).expect(200);
}

#[test]
fn members_of_a_canceled_account_update_nothing() {
    let server = Server::start();
    server.alter_stored("UPDATE accounts SET canceled_at = created_at WHERE id = 1");
    for bearer in [token::OWNER, token::ADMINISTRATOR, token::PROJECT_LEAD, token::COLLABORATOR] {
        let answer = put_json(&server, "/account_invitations/3", bearer, CHANGE).expect(403);
        assert_eq!(answer.text(), refusal("system", "Your account has been canceled"));
    }
    put_json(&server, "/account_invitations/5", token::OTHER_ADMINISTRATOR, CHANGE).expect(200);
}

#[test]
fn a_disabled_or_removed_member_has_no_valid_token() {
    let server = Server::start();
    server.alter_stored("UPDATE account_memberships SET disabled_at = 1 WHERE user_id = 2");
    server.delete("/account_memberships/205").bearer(token::OWNER).send().expect(204);
    for bearer in [token::ADMINISTRATOR, token::PROJECT_LEAD] {
        let answer = put_json(&server, "/account_invitations/3", bearer, CHANGE).expect(401);
        assert_eq!(answer.text(), refusal("oauth", "Invalid OAuth 2 Request"));
    }
    put_json(&server, "/account_invitations/3", token::OWNER, CHANGE).expect(200);
}

#[test]
fn the_precedence_of_refusals_is_fixed() {
    let server = Server::start();
    let before = everything(&server);
    let bad_field = r#"{"account_invitation":{"billability_target":101}}"#;
    let put = |path: &str, bearer: &str, body: &str| put_json(&server, path, bearer, body).status;
    assert_eq!(put("/nowhere", "nobody", "{"), 401, "401 before an unknown path");
    assert_eq!(put("/account_invitations/99", "nobody", bad_field), 401, "401 before an unknown record");
    assert_eq!(put("/nowhere", token::COLLABORATOR, "{"), 404, "an unknown path before the level");
    assert_eq!(put("/account_invitations/1", token::COLLABORATOR, "{"), 403, "the level before the body");
    assert_eq!(put("/account_invitations/99", token::COLLABORATOR, bad_field), 403, "the level before the record");
    assert_eq!(put("/account_invitations/99", token::ADMINISTRATOR, "{"), 400, "the body before the record");
    assert_eq!(put("/account_invitations/99", token::ADMINISTRATOR, "{}"), 400, "the root key before the record");
    assert_eq!(put("/account_invitations/99?a=%zz", token::ADMINISTRATOR, bad_field), 400, "the query string too");
    assert_eq!(put("/account_invitations/99", token::ADMINISTRATOR, bad_field), 404, "the record before the fields");
    assert_eq!(put("/account_invitations/1", token::PROJECT_LEAD, bad_field), 403, "the inviter before the fields");
    assert_eq!(put("/account_invitations/1", token::ADMINISTRATOR, bad_field), 422, "the fields last");
    let answer =
        server.put("/account_invitations/99").bearer(token::ADMINISTRATOR).body(Some("text/plain"), b"hello").send();
    assert_eq!(answer.status, 415, "the type of the body before the record");
    let answer =
        server.put("/account_invitations/1").bearer(token::COLLABORATOR).body(Some("text/plain"), b"hello").send();
    assert_eq!(answer.status, 403, "the level before the type of the body");
    assert_eq!(everything(&server), before);
}

#[test]
fn the_scheme_may_have_any_case_and_several_blanks_after_it() {
    let server = Server::start();
    for value in ["bearer sandbox-administrator", "BEARER sandbox-administrator", "Bearer   sandbox-administrator"] {
        server
            .put("/account_invitations/1")
            .header("authorization", value)
            .body(Some("application/json"), CHANGE.as_bytes())
            .send()
            .expect(200);
    }
}

#[test]
fn every_other_authentication_is_refused() {
    let server = Server::start();
    for value in [
        "sandbox-administrator",
        "Basic c2FuZGJveC1hZG1pbmlzdHJhdG9yOg==",
        "Token sandbox-administrator",
        "Bearer",
        "Bearer ",
        "Bearersandbox-administrator",
        "Bearer sandbox-administrator extra",
        "Bearer sandbox-administrator, Bearer sandbox-administrator",
        "Bearer \"sandbox-administrator\"",
        "Bearer Sandbox-Administrator",
    ] {
        let answer = server
            .put("/account_invitations/1")
            .header("authorization", value)
            .body(Some("application/json"), CHANGE.as_bytes())
            .send()
            .expect(401);
        assert_eq!(answer.text(), refusal("oauth", "Invalid OAuth 2 Request"), "for {value:?}");
    }
    for path in [
        "/account_invitations/1?access_token=sandbox-administrator",
        "/account_invitations/1?bearer_token=sandbox-administrator",
    ] {
        server.put(path).body(Some("application/json"), CHANGE.as_bytes()).send().expect(401);
    }
    let form = "access_token=sandbox-administrator&account_invitation[billability_target]=42";
    server.put("/account_invitations/1").form(form).send().expect(401);
    assert!(shown(&server, 1)["billability_target"].is_null());
}

#[test]
fn a_setting_allows_the_token_in_the_query_string() {
    let server = Server::start_with(&[("token_in_query", "true")]);
    let path = "/account_invitations/1?access_token=sandbox-administrator";
    let put = |path: &str| server.put(path).body(Some("application/json"), CHANGE);
    put(path).send().expect(200);
    put("/account_invitations/1?access_token=nobody").send().expect(401);
    put("/account_invitations/1").send().expect(401);
    put(path).header("authorization", "Bearer nobody").send().expect(401);
    let form = "access_token=sandbox-administrator&account_invitation[billability_target]=42";
    server.put("/account_invitations/1").form(form).send().expect(401);
}
