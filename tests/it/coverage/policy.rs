//! Who may do what: every operation at every level, on the caller's own records and on others'.

use std::fmt::Write as _;

use super::examples::{Example, operations, skill};
use crate::support::{Server, snapshot, token};

/// Another caller who may create records.
fn another_creator(token: &str) -> &'static str {
    if token == token::OWNER { token::ADMINISTRATOR } else { token::OWNER }
}

/// The status a caller gets for an operation on an own or another's record.
fn status(server: &Server, example: &Example, caller: &str, is_own: bool) -> String {
    let maker = if is_own { caller } else { another_creator(caller) };
    let before = server.everything_stored();
    let id = match (example.has_id() || example.query.contains("{id}"), (example.subject.prepare)(server, maker)) {
        (false, _) => String::new(),
        (true, Some(id)) => id,
        // A caller who may not create records has no own ones.
        (true, None) => return "-".to_owned(),
    };
    let mut request = example.bare(server, &id, "");
    if let Some(mut body) = (example.body)() {
        // The same person cannot get a skill eight times.
        if let Some(skill_id) = body.pointer_mut("/skill_membership/skill_id") {
            *skill_id = skill(server, caller).into();
        }
        // The same address cannot be invited eight times.
        if let Some(address) = body.pointer_mut("/account_invitation/email_address") {
            *address = format!("example.{}.{caller}@example.test", before.len()).into();
        }
        request = request.json(&body);
    } else {
        request = example.filled(request);
    }
    let prepared = server.everything_stored();
    let answer = request.bearer(caller).send();
    if answer.status >= 400 {
        assert_eq!(server.everything_stored(), prepared, "{answer}");
    }
    answer.status.to_string()
}

#[test]
fn the_table_of_levels_and_actions_matches_the_reviewed_file() {
    let server = Server::start();
    let mut table = String::from(
        "# Who may do what: the status of each operation for each caller. The record is one that another member has\n\
         # made (other's) or the caller (own); `-` stands where a caller cannot have made one. Memberships and roles are\n\
         # nobody's own, and the user that is a caller's own is the caller.\n\n",
    );
    let width = 44;
    let _ = write!(table, "{:width$}", "");
    for (name, _) in token::EVERYBODY {
        let _ = write!(table, "  {name}");
    }
    table.push('\n');
    for operation in operations() {
        let example = Example::of(operation.method, &operation.path);
        let name = format!("{}.{}", operation.resource, operation.action);
        let lines: &[(String, bool)] = if example.has_id() && !example.subject.is_owned {
            &[(name, false)]
        } else if example.has_id() {
            &[(format!("{name}, other's"), false), (format!("{name}, own"), true)]
        } else {
            &[(name, false)]
        };
        for (line, is_own) in lines {
            let _ = write!(table, "{line:width$}");
            for (caller, token) in token::EVERYBODY {
                let status = status(&server, example, token, *is_own);
                let _ = write!(table, "  {status:<column$}", column = caller.len());
            }
            table.truncate(table.trim_end().len());
            table.push('\n');
        }
    }
    snapshot::compare("policy.txt", &table);
}

#[test]
fn every_refusal_by_level_has_the_same_words_whatever_the_record() {
    let server = Server::start();
    let expected = r#"{"errors":[{"type":"system","message":"You do not have permission to do this."}]}"#;
    let before = server.everything_stored();
    for operation in operations() {
        let example = Example::of(operation.method, &operation.path);
        if example.is_open_to_everybody() {
            continue;
        }
        for id in [example.subject.own, example.subject.foreign, example.subject.unknown] {
            for (name, token) in &token::EVERYBODY[5..] {
                let answer = example.request(&server, id).bearer(token).send().expect(403);
                assert_eq!(answer.text(), expected, "{:?} of {id} by {name}", example.operation);
            }
        }
    }
    assert_eq!(server.everything_stored(), before);
}

#[test]
fn every_refusal_by_record_has_the_same_words() {
    let server = Server::start();
    let expected = r#"{"errors":[{"type":"system","message":"Only an administrator or the inviter may change this invitation."}]}"#;
    let before = server.everything_stored();
    for (method, path) in [("PUT", "/2"), ("PATCH", "/2"), ("DELETE", "/2"), ("PUT", "/2/resend"), ("DELETE", "/4")] {
        for token in [token::REPORTS_VIEWER_WITH_COST, token::REPORTS_VIEWER, token::PROJECT_LEAD] {
            let path = format!("/account_invitations{path}");
            let body = serde_json::json!({"account_invitation": {"permission": "nonsense"}});
            let answer = server.request(method, &path).bearer(token).json(&body).send().expect(403);
            assert_eq!(answer.text(), expected, "{method} {path}");
        }
    }
    assert_eq!(server.everything_stored(), before);
}

#[test]
fn a_setting_restricts_inviting_to_administrators() {
    let server = Server::start_with(&[("create_level", "administrator")]);
    let person = serde_json::json!({"account_invitation": {"full_name": "New", "email_address": "new@example.test"}});
    for token in [token::REPORTS_VIEWER_WITH_COST, token::PROJECT_LEAD, token::COLLABORATOR] {
        server.post("/account_invitations").bearer(token).json(&person).send().expect(403);
    }
    server.post("/account_invitations").bearer(token::ADMINISTRATOR).json(&person).send().expect(200);
    // Earlier invitations still belong to their inviters.
    let change = serde_json::json!({"account_invitation": {"billability_target": 5}});
    server.put("/account_invitations/3").bearer(token::PROJECT_LEAD).json(&change).send().expect(200);
    server.get("/account_invitations").bearer(token::PROJECT_LEAD).send().expect(200);
}
