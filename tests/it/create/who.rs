//! Which level may create, and what it may grant.

use crate::exact::{Invitation, everything, invalid, post_json, refusal, shown};
use crate::support::{Answer, LEVELS, Server, token};

fn create(server: &Server, bearer: &str, address: &str, more: &str) -> Answer {
    let body = format!(r#"{{"account_invitation":{{"full_name":"N","email_address":"{address}"{more}}}}}"#);
    post_json(server, "/account_invitations", bearer, &body)
}

const BY_LEVEL: &str = "You do not have permission to do this.";

#[test]
fn project_leads_and_above_create() {
    let server = Server::start();
    for (step, (bearer, user)) in [
        (token::PROJECT_LEAD, 5),
        (token::REPORTS_VIEWER, 4),
        (token::REPORTS_VIEWER_WITH_COST, 3),
        (token::ADMINISTRATOR, 2),
        (token::OWNER, 1),
    ]
    .into_iter()
    .enumerate()
    {
        let step = u64::try_from(step).unwrap();
        let address: &'static str = format!("n{step}@example.test").leak();
        let answer = create(&server, bearer, address, "").expect(200);
        let expected = Invitation { inviter: user, ..Invitation::fresh(6 + step, "N", address, 23 + step) };
        let body = if user <= 2 { expected.body() } else { expected.body_without_cost() };
        assert_eq!(answer.text(), body);
    }
}

#[test]
fn lower_levels_cannot_create_whatever_they_send() {
    let server = Server::start();
    let before = everything(&server);
    for bearer in [token::PROJECT_CREATOR, token::COLLABORATOR, token::PUNCH_CLOCK] {
        let answer = create(&server, bearer, "n@example.test", "").expect(403);
        assert_eq!(answer.text(), refusal("system", BY_LEVEL));
        for body in ["{", "{}", r#"{"account_invitation":{}}"#, r#"{"account_invitations":[]}"#] {
            let answer = post_json(&server, "/account_invitations", bearer, body).expect(403);
            assert_eq!(answer.text(), refusal("system", BY_LEVEL), "for {body}");
        }
    }
    assert_eq!(everything(&server), before);
}

#[test]
fn a_setting_restricts_creating_to_administrators() {
    let server = Server::start_with(&[("create_level", "administrator")]);
    for bearer in [token::PROJECT_LEAD, token::REPORTS_VIEWER, token::REPORTS_VIEWER_WITH_COST] {
        let answer = create(&server, bearer, "n@example.test", "").expect(403);
        assert_eq!(answer.text(), refusal("system", BY_LEVEL));
        let bulk = r#"{"account_invitations":[{"full_name":"N","email_address":"n@example.test"}]}"#;
        post_json(&server, "/account_invitations", bearer, bulk).expect(403);
    }
    create(&server, token::ADMINISTRATOR, "n@example.test", "").expect(200);
    create(&server, token::OWNER, "m@example.test", "").expect(200);
    post_json(&server, "/account_invitations/3", token::PROJECT_LEAD, "{}").expect(404);
}

#[test]
fn the_setting_restricts_only_creating() {
    let server = Server::start_with(&[("create_level", "administrator")]);
    let answer = crate::exact::put_json(
        &server,
        "/account_invitations/3",
        token::PROJECT_LEAD,
        r#"{"account_invitation":{"billability_target":1}}"#,
    )
    .expect(200);
    assert_eq!(answer.record()["billability_target"], 1);
}

#[test]
fn inviters_grant_no_level_above_their_own() {
    let server = Server::start();
    for (own, bearer) in [
        ("project_lead", token::PROJECT_LEAD),
        ("reports_viewer", token::REPORTS_VIEWER),
        ("reports_viewer_with_cost", token::REPORTS_VIEWER_WITH_COST),
        ("administrator", token::ADMINISTRATOR),
    ] {
        let ceiling = LEVELS.iter().position(|level| *level == own).unwrap();
        for (rank, level) in LEVELS.into_iter().enumerate() {
            let more = format!(r#","permission":"{level}","bill_rate_in_cents":1"#);
            let answer = create(&server, bearer, &format!("{own}.{level}@example.test"), &more);
            if rank <= ceiling {
                assert_eq!(answer.expect(200).record()["permission"], level, "{own} grants {level}");
            } else {
                let answer = answer.expect(422);
                assert_eq!(
                    answer.text(),
                    invalid("permission", "Permission must not be above your own."),
                    "{own} grants {level}"
                );
            }
        }
    }
    let more = r#","permission":"administrator""#;
    create(&server, token::OWNER, "owner.administrator@example.com", more).expect(200);
}

#[test]
fn a_cost_rate_is_ignored_unless_an_administrator_sets_it() {
    let server = Server::start();
    for (step, bearer) in
        [token::PROJECT_LEAD, token::REPORTS_VIEWER, token::REPORTS_VIEWER_WITH_COST].into_iter().enumerate()
    {
        for (again, value) in ["100", "\"abc\"", "-1", "[]"].into_iter().enumerate() {
            let more = format!(r#","cost_rate_in_cents":{value},"bill_rate_in_cents":7"#);
            let answer = create(&server, bearer, &format!("n{step}.{again}@example.test"), &more).expect(200);
            let record = answer.record();
            assert!(record.get("cost_rate_in_cents").is_none());
            let id = record["id"].as_str().unwrap().parse().unwrap();
            let seen = shown(&server, id);
            assert!(seen["cost_rate_in_cents"].is_null(), "for {value}");
            assert_eq!(seen["bill_rate_in_cents"], 7);
        }
    }
}

#[test]
fn a_caller_without_a_valid_token_creates_nothing() {
    let server = Server::start();
    let before = everything(&server);
    let answer = create(&server, "nobody", "n@example.test", "").expect(401);
    assert_eq!(answer.text(), refusal("oauth", "Invalid OAuth 2 Request"));
    let body = r#"{"account_invitation":{"full_name":"N","email_address":"n@example.test"}}"#;
    server.post("/account_invitations").body(Some("application/json"), body).send().expect(401);
    assert_eq!(everything(&server), before);
}
