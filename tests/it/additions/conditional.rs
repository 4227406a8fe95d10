//! `If-Match`: a write only if the record is unchanged since it was read.

use serde_json::json;

use crate::coverage::EXAMPLES;
use crate::support::{Answer, Server, token};

fn tag(answer: &Answer) -> String {
    answer.header("etag").expect("a 200 has a tag").to_owned()
}

#[test]
fn every_write_to_a_record_is_refused_when_the_record_has_changed() {
    let due = r#"{"errors":[{"type":"system","message":"The record has changed since it was read. Read it again, then decide."}]}"#;
    for example in EXAMPLES.iter().filter(|example| example.is_write() && example.has_id()) {
        let collection = format!("/{}", example.operation.1.split('/').nth(1).unwrap());
        let show = format!("{collection}/{{id}}");
        if !EXAMPLES.iter().any(|other| other.operation == ("GET", show.as_str())) {
            continue;
        }
        let server = Server::start();
        let path = format!("{collection}/{}", example.subject.own);
        let read = server.get(&path).bearer(token::ADMINISTRATOR).send().expect(200);
        let stored = server.everything_stored();
        let ask = |expected: &str| {
            example
                .request(&server, example.subject.own)
                .bearer(token::ADMINISTRATOR)
                .header("If-Match", expected)
                .send()
        };
        let refused = ask("W/\"stale\"").expect(412);
        assert_eq!(refused.text(), due, "{:?}", example.operation);
        assert_eq!(server.everything_stored(), stored, "{:?}", example.operation);
        ask(&format!("\"other\", {}", tag(&read))).expect(example.success);
    }
}

#[test]
fn the_tag_of_a_write_is_that_of_the_next_read() {
    let server = Server::start();
    let update = |target: u64, expected: &str| {
        let body = json!({"account_invitation": {"billability_target": target}});
        server
            .put("/account_invitations/1")
            .bearer(token::ADMINISTRATOR)
            .json(&body)
            .header("If-Match", expected)
            .send()
    };
    let mut expected = "*".to_owned();
    for target in [1, 2, 3] {
        let stale = expected.clone();
        expected = tag(&update(target, &expected).expect(200));
        assert_eq!(expected, tag(&server.get("/account_invitations/1").bearer(token::ADMINISTRATOR).send()));
        if target > 1 {
            update(99, &stale).expect(412);
        }
    }
}

#[test]
fn a_tag_read_with_includes_holds_for_a_write_with_the_same_includes() {
    let server = Server::start();
    let path = "/account_memberships/206?include=user&optional_fields=can_log_in";
    let expected = tag(&server.get(path).bearer(token::ADMINISTRATOR).send().expect(200));
    let body = json!({"account_membership": {"manager_can_approve": true}});
    let put =
        |path: &str| server.put(path).bearer(token::ADMINISTRATOR).json(&body).header("If-Match", &expected).send();
    put("/account_memberships/206").expect(412);
    put(path).expect(200);
    put(path).expect(412);
}

#[test]
fn a_tag_covers_what_its_reader_sees() {
    let server = Server::start();
    // A change that only administrators see does not make a project lead's tag stale.
    let seen_by_lead = tag(&server.get("/account_invitations/3").bearer(token::PROJECT_LEAD).send().expect(200));
    let rate = json!({"account_invitation": {"cost_rate_in_cents": 5}});
    server.put("/account_invitations/3").bearer(token::ADMINISTRATOR).json(&rate).send().expect(200);
    let target = json!({"account_invitation": {"billability_target": 5}});
    let put = server.put("/account_invitations/3").bearer(token::PROJECT_LEAD).json(&target);
    put.header("If-Match", &seen_by_lead).send().expect(200);
}

#[test]
fn existence_and_access_are_checked_before_the_tag_and_the_tag_before_the_values() {
    let server = Server::start();
    let put = |path: &str, token: &str| {
        let body = json!({"account_invitation": {"permission": "nonsense"}});
        server.put(path).bearer(token).json(&body).header("If-Match", "\"stale\"").send()
    };
    put("/account_invitations/999", token::ADMINISTRATOR).expect(404);
    put("/account_invitations/2", token::PROJECT_LEAD).expect(403);
    put("/account_invitations/2", token::ADMINISTRATOR).expect(412);
    let star = json!({"account_invitation": {"permission": "nonsense"}});
    let put = server.put("/account_invitations/2").bearer(token::ADMINISTRATOR).json(&star);
    put.header("If-Match", "*").send().expect(422);
}

#[test]
fn a_malformed_header_is_a_400() {
    let server = Server::start();
    for value in ["stale", "W/stale", "\"open", ""] {
        let delete = server.delete("/account_invitations/1").bearer(token::ADMINISTRATOR);
        delete.header("If-Match", value).send().expect(400);
    }
}

#[test]
fn of_64_writers_with_the_same_tag_one_wins() {
    let server = Server::start();
    let expected = tag(&server.get("/account_invitations/1").bearer(token::ADMINISTRATOR).send().expect(200));
    let answers = crate::concurrency::together(64, |client| {
        let body = json!({"account_invitation": {"billability_target": client}});
        let put = server.put("/account_invitations/1").bearer(token::ADMINISTRATOR).json(&body);
        put.header("If-Match", &expected).send()
    });
    let won: Vec<&Answer> = answers.iter().filter(|answer| answer.status == 200).collect();
    assert_eq!(won.len(), 1);
    assert_eq!(answers.iter().filter(|answer| answer.status == 412).count(), 63);
    assert_eq!(server.show("1").record()["billability_target"], won[0].record()["billability_target"]);
}
