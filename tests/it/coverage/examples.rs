//! One working request for each operation.

use invited::testing::{REGISTRY, Rung};
use serde_json::{Value, json};

use crate::support::client::Request;
use crate::support::pictures;
use crate::support::{Server, contract, token};

/// An operation of the registry, as a client sees it.
pub(crate) struct ServedOperation {
    pub(crate) method: &'static str,
    /// Below the base path.
    pub(crate) path: String,
    /// The plural name.
    pub(crate) resource: &'static str,
    /// As in the policy.
    pub(crate) action: &'static str,
    pub(crate) from: Rung,
}

/// Every operation of every resource.
pub(crate) fn operations() -> Vec<ServedOperation> {
    let operations = REGISTRY.iter().flat_map(|entry| entry.resource.operations.iter().map(move |it| (entry, it)));
    let served = operations.map(|(entry, operation)| ServedOperation {
        method: operation.verb.method(),
        path: entry.resource.path(operation),
        resource: entry.resource.name,
        action: operation.verb.name(),
        from: operation.from,
    });
    served.collect()
}

/// How to call an operation successfully.
pub(crate) struct Example {
    /// Method and path template, as in the registry.
    pub(crate) operation: (&'static str, &'static str),
    /// The parameters that it does not work without; `{id}` stands for the id of the record.
    pub(crate) query: &'static str,
    /// The expected status.
    pub(crate) success: u16,
    /// The body, if the operation reads one that is no file.
    pub(crate) body: fn() -> Option<Value>,
    /// The name of the part in which a picture is sent.
    file: Option<&'static str>,
    /// The resource it is called on.
    pub(crate) subject: &'static Subject,
}

/// The records of a resource.
pub(crate) struct Subject {
    /// Creates or names a record for a caller and returns its id; `None` if the caller cannot have one.
    pub(crate) prepare: fn(&Server, &str) -> Option<String>,
    /// Whether a record can be a caller's own.
    pub(crate) is_owned: bool,
    /// A record of the first account.
    pub(crate) own: &'static str,
    /// A record of the second account.
    pub(crate) foreign: &'static str,
    /// A record that never existed.
    pub(crate) unknown: &'static str,
}

const INVITATIONS: &Subject = &Subject { prepare: invite, is_owned: true, own: "1", foreign: "5", unknown: "999" };
const MEMBERSHIPS: &Subject = &Subject { prepare: join, is_owned: false, own: "206", foreign: "221", unknown: "999" };
const USERS: &Subject = &Subject { prepare: user, is_owned: true, own: "6", foreign: "21", unknown: "999" };
const SKILLS: &Subject = &Subject { prepare: skill, is_owned: false, own: "301", foreign: "311", unknown: "999" };
const SKILL_MEMBERSHIPS: &Subject =
    &Subject { prepare: skill_of, is_owned: true, own: "401", foreign: "411", unknown: "999" };
const COST_RATES: &Subject =
    &Subject { prepare: cost_rate, is_owned: false, own: "501", foreign: "511", unknown: "999" };
const UTILIZATIONS: &Subject =
    &Subject { prepare: utilization, is_owned: false, own: "601", foreign: "611", unknown: "999" };
const REFERENCES: &Subject =
    &Subject { prepare: reference, is_owned: false, own: "701", foreign: "711", unknown: "999" };
const FIELDS: &Subject = &Subject { prepare: field, is_owned: false, own: "804", foreign: "811", unknown: "999" };
const FIELD_VALUES: &Subject =
    &Subject { prepare: field_value, is_owned: false, own: "902", foreign: "911", unknown: "999" };
const EVENTS: &Subject = &Subject { prepare: |_, _| None, is_owned: false, own: "1", foreign: "1", unknown: "999" };
const ROLES: &Subject = &Subject { prepare: role, is_owned: false, own: "103", foreign: "111", unknown: "999" };

const fn example(
    operation: (&'static str, &'static str),
    success: u16,
    body: fn() -> Option<Value>,
    subject: &'static Subject,
) -> Example {
    Example { operation, query: "", success, body, file: None, subject }
}

/// An example for each operation.
pub(crate) const EXAMPLES: &[Example] = &[
    example(("GET", "/account_invitations"), 200, || None, INVITATIONS),
    example(
        ("POST", "/account_invitations"),
        200,
        || Some(json!({"account_invitation": {"full_name": "Example", "email_address": "example@example.test"}})),
        INVITATIONS,
    ),
    example(("GET", "/account_invitations/{id}"), 200, || None, INVITATIONS),
    example(
        ("PUT", "/account_invitations/{id}"),
        200,
        || Some(json!({"account_invitation": {"billability_target": 42}})),
        INVITATIONS,
    ),
    example(("DELETE", "/account_invitations/{id}"), 204, || None, INVITATIONS),
    example(("PUT", "/account_invitations/{id}/resend"), 200, || None, INVITATIONS),
    example(("GET", "/account_memberships"), 200, || None, MEMBERSHIPS),
    example(("GET", "/account_memberships/{id}"), 200, || None, MEMBERSHIPS),
    example(
        ("PUT", "/account_memberships/{id}"),
        200,
        || Some(json!({"account_membership": {"billability_target": 42}})),
        MEMBERSHIPS,
    ),
    example(("DELETE", "/account_memberships/{id}"), 204, || None, MEMBERSHIPS),
    example(("PUT", "/account_memberships/{id}/disable"), 200, || None, MEMBERSHIPS),
    example(("PUT", "/account_memberships/{id}/enable"), 200, || None, MEMBERSHIPS),
    example(("GET", "/users"), 200, || None, USERS),
    example(("GET", "/users/me"), 200, || None, USERS),
    example(("GET", "/users/{id}"), 200, || None, USERS),
    example(("PUT", "/users/{id}"), 200, || Some(json!({"user": {"headline": "Example"}})), USERS),
    Example {
        query: "start_date=2031-01-02&end_date=2031-01-06",
        ..example(("GET", "/users/{id}/capacity"), 200, || None, USERS)
    },
    Example {
        file: Some("user[profile_photo_attachment_file]"),
        ..example(("POST", "/users/{id}/profile_photo"), 200, || None, USERS)
    },
    example(("DELETE", "/users/{id}/profile_photo"), 204, || None, USERS),
    example(("GET", "/roles"), 200, || None, ROLES),
    example(("POST", "/roles"), 200, || Some(json!({"role": {"name": "Example"}})), ROLES),
    example(("GET", "/roles/{id}"), 200, || None, ROLES),
    example(("PUT", "/roles/{id}"), 200, || Some(json!({"role": {"name": "Renamed"}})), ROLES),
    example(("DELETE", "/roles/{id}"), 204, || None, ROLES),
    Example { query: "subject_type=Skill", ..example(("GET", "/external_references"), 200, || None, REFERENCES) },
    example(
        ("POST", "/external_references/create_or_update"),
        200,
        || {
            Some(json!({"external_reference": {
                "subject_type": "User", "subject_id": 7, "service_name": "hr", "service_model": "person",
                "service_model_ref": "7",
            }}))
        },
        REFERENCES,
    ),
    example(("DELETE", "/external_references/{id}"), 204, || None, REFERENCES),
    example(("GET", "/skills"), 200, || None, SKILLS),
    example(
        ("POST", "/skills"),
        200,
        || Some(json!({"skill": {"name": "Example", "max_level": "5", "skill_category_id": 1}})),
        SKILLS,
    ),
    example(("GET", "/skills/{id}"), 200, || None, SKILLS),
    example(("PUT", "/skills/{id}"), 200, || Some(json!({"skill": {"name": "Renamed"}})), SKILLS),
    example(("DELETE", "/skills/{id}"), 204, || None, SKILLS),
    example(("GET", "/skill_categories"), 200, || None, SKILLS),
    example(("GET", "/skill_memberships"), 200, || None, SKILL_MEMBERSHIPS),
    example(
        ("POST", "/skill_memberships"),
        200,
        || Some(json!({"skill_membership": {"skill_id": 302, "user_id": 7, "level": 2}})),
        SKILL_MEMBERSHIPS,
    ),
    example(("GET", "/skill_memberships/{id}"), 200, || None, SKILL_MEMBERSHIPS),
    example(
        ("PUT", "/skill_memberships/{id}"),
        200,
        || Some(json!({"skill_membership": {"level": 2}})),
        SKILL_MEMBERSHIPS,
    ),
    example(("DELETE", "/skill_memberships/{id}"), 204, || None, SKILL_MEMBERSHIPS),
    example(("GET", "/cost_rates"), 200, || None, COST_RATES),
    example(
        ("POST", "/cost_rates"),
        200,
        || Some(json!({"cost_rate": {"account_membership_id": 206, "currency": "USD", "amount_in_subunits": 100}})),
        COST_RATES,
    ),
    example(("PUT", "/cost_rates/{id}"), 200, || Some(json!({"cost_rate": {"amount_in_subunits": 200}})), COST_RATES),
    example(("DELETE", "/cost_rates/{id}"), 204, || None, COST_RATES),
    example(("GET", "/billable_utilizations"), 200, || None, UTILIZATIONS),
    example(
        ("POST", "/billable_utilizations"),
        200,
        || {
            Some(json!({"billable_utilization": {
                "account_membership_id": 206, "effective_date": "2031-02-01", "target": 50,
            }}))
        },
        UTILIZATIONS,
    ),
    example(("GET", "/billable_utilizations/{id}"), 200, || None, UTILIZATIONS),
    example(
        ("PUT", "/billable_utilizations/{id}"),
        200,
        || Some(json!({"billable_utilization": {"effective_date": "2031-03-01", "target": 60}})),
        UTILIZATIONS,
    ),
    example(("DELETE", "/billable_utilizations/{id}"), 204, || None, UTILIZATIONS),
    example(("GET", "/custom_fields"), 200, || None, FIELDS),
    example(("POST", "/custom_fields"), 200, || Some(json!({"custom_field": {"name": "Example"}})), FIELDS),
    example(("PUT", "/custom_fields/{id}"), 200, || Some(json!({"custom_field": {"name": "Renamed"}})), FIELDS),
    example(("DELETE", "/custom_fields/{id}"), 204, || None, FIELDS),
    example(("GET", "/custom_field_choices"), 200, || None, FIELDS),
    Example { query: "subject_type=User", ..example(("GET", "/custom_field_values"), 200, || None, FIELD_VALUES) },
    example(
        ("POST", "/custom_field_values"),
        200,
        || {
            Some(json!({"custom_field_value": {
                "subject_type": "User", "subject_id": 8, "custom_field_id": 802, "value": [823],
            }}))
        },
        FIELD_VALUES,
    ),
    Example { query: "ids={id}", ..example(("DELETE", "/custom_field_values"), 204, || None, FIELD_VALUES) },
    example(("GET", "/custom_field_values/{id}"), 200, || None, FIELD_VALUES),
    example(
        ("PUT", "/custom_field_values/{id}"),
        200,
        || Some(json!({"custom_field_value": {"value": [823]}})),
        FIELD_VALUES,
    ),
    example(("DELETE", "/custom_field_values/{id}"), 204, || None, FIELD_VALUES),
    example(("GET", "/subscribed_events"), 200, || None, EVENTS),
    example(("GET", "/subscribed_events/event_types"), 200, || None, EVENTS),
];

/// An invitation by the token's owner, with an address made unique by counting the existing ones.
fn invite(server: &Server, token: &str) -> Option<String> {
    let number = server.list("only_pending=false").json()["count"].clone();
    let address = format!("prepared.{number}.{token}@example.test");
    let body = json!({"account_invitation": {"full_name": "Prepared", "email_address": address}});
    let answer = server.post("/account_invitations").bearer(token).json(&body).send();
    (answer.status == 200).then(|| answer.ids().remove(0))
}

/// A new membership.
pub(crate) fn join(server: &Server, _token: &str) -> Option<String> {
    invite(server, token::ADMINISTRATOR).map(|invitation| server.accept(&invitation).0)
}

/// The token's own user.
fn user(server: &Server, token: &str) -> Option<String> {
    Some(server.get("/users/me").bearer(token).send().expect(200).ids().remove(0))
}

pub(crate) fn role(server: &Server, _token: &str) -> Option<String> {
    let body = json!({"role": {"name": "Prepared"}});
    Some(server.post("/roles").bearer(token::ADMINISTRATOR).json(&body).send().expect(200).ids().remove(0))
}

/// A record that the administrator makes.
fn made(server: &Server, path: &str, body: &Value) -> Option<String> {
    Some(server.post(path).bearer(token::ADMINISTRATOR).json(body).send().expect(200).ids().remove(0))
}

/// A new skill.
pub(crate) fn skill(server: &Server, _token: &str) -> Option<String> {
    made(server, "/skills", &json!({"skill": {"name": "Prepared", "max_level": "5", "skill_category_id": 4}}))
}

/// A new skill that the token's user claims.
pub(crate) fn skill_of(server: &Server, token: &str) -> Option<String> {
    let claim = json!({"skill_membership": {"skill_id": skill(server, token), "user_id": user(server, token)}});
    Some(server.post("/skill_memberships").bearer(token).json(&claim).send().expect(200).ids().remove(0))
}

pub(crate) fn cost_rate(server: &Server, _token: &str) -> Option<String> {
    let rate = json!({"account_membership_id": 207, "currency": "CHF", "amount_in_subunits": 1});
    made(server, "/cost_rates", &json!({"cost_rate": rate}))
}

pub(crate) fn utilization(server: &Server, _token: &str) -> Option<String> {
    let target = json!({"account_membership_id": 207, "effective_date": "2031-05-01", "target": 10});
    made(server, "/billable_utilizations", &json!({"billable_utilization": target}))
}

/// A new field that every collaborator may read and project leads may write.
fn field(server: &Server, _token: &str) -> Option<String> {
    let field = json!({
        "name": "Prepared", "value_type": "number", "read_access": "account_collaboration",
        "write_access": "project_lead",
    });
    made(server, "/custom_fields", &json!({"custom_field": field}))
}

/// An office that the administrator sets: every collaborator may read it, and project leads may write it.
fn field_value(server: &Server, _token: &str) -> Option<String> {
    let office = json!({"subject_type": "User", "subject_id": 9, "custom_field_id": 802, "value": [822]});
    made(server, "/custom_field_values", &json!({"custom_field_value": office}))
}

fn reference(server: &Server, _token: &str) -> Option<String> {
    let reference = json!({
        "subject_type": "Role", "subject_id": 101, "service_name": "hr", "service_model": "Job",
        "service_model_ref": "J-1",
    });
    made(server, "/external_references/create_or_update", &json!({"external_reference": reference}))
}

impl Example {
    /// The example of an operation.
    #[track_caller]
    pub(crate) fn of(method: &str, path: &str) -> &'static Self {
        match EXAMPLES.iter().find(|example| example.operation == (method, path)) {
            Some(example) => example,
            None => panic!("{method} {path} has no example: add one to EXAMPLES"),
        }
    }

    /// The path with this id.
    pub(crate) fn path(&self, id: &str) -> String {
        self.operation.1.replace("{id}", id)
    }

    /// Whether the path has an id.
    pub(crate) fn has_id(&self) -> bool {
        self.operation.1.contains("{id}")
    }

    /// Whether it writes.
    pub(crate) fn is_write(&self) -> bool {
        self.operation.0 != "GET"
    }

    /// Whether every level may call it.
    pub(crate) fn is_open_to_everybody(&self) -> bool {
        let operations = operations();
        let mut operations = operations.iter();
        let served = operations.find(|served| (served.method, served.path.as_str()) == self.operation).unwrap();
        served.from == Rung::EVERYONE
    }

    /// Whether a body is read. DELETE and GET of one record have none.
    pub(crate) fn reads_body(&self) -> bool {
        let (method, path) = self.operation;
        ["POST", "PUT"].contains(&method) || !path[1..].contains('/')
    }

    /// The request without token and body, with `query` appended to the path.
    pub(crate) fn bare(&self, server: &Server, id: &str, query: &str) -> Request {
        let mut target = format!("{}{query}", self.path(id));
        if !self.query.is_empty() {
            target.push(if target.contains('?') { '&' } else { '?' });
            target.push_str(&self.query.replace("{id}", id));
        }
        server.request(self.operation.0, &target)
    }

    /// The request with its body.
    pub(crate) fn filled(&self, request: Request) -> Request {
        match ((self.body)(), self.file) {
            (Some(body), _) => request.json(&body),
            (None, Some(part)) => request.file(part, &pictures::png(3, 2)),
            (None, None) => request,
        }
    }

    /// The request without a token.
    pub(crate) fn request(&self, server: &Server, id: &str) -> Request {
        self.filled(self.bare(server, id, ""))
    }
}

#[test]
fn every_operation_has_an_example_and_every_example_an_operation() {
    let operations = operations();
    for operation in &operations {
        let example = Example::of(operation.method, &operation.path);
        assert_eq!(example.operation.0, operation.method);
    }
    for example in EXAMPLES {
        let is_served = operations.iter().any(|served| (served.method, served.path.as_str()) == example.operation);
        assert!(is_served, "{:?} is not served", example.operation);
    }
}

#[test]
fn the_readme_counts_the_served_operations() {
    let sentence = format!("Of the vendor's 419 operations it serves {}: ", operations().len());
    assert!(include_str!("../../../README.md").contains(&sentence), "{sentence}");
}

#[test]
fn the_contract_and_the_served_operations_agree() {
    let operations = operations();
    let mut served: Vec<(String, String)> =
        operations.iter().map(|served| (served.method.to_owned(), served.path.clone())).collect();
    let mut promised = Vec::new();
    for file in contract::FILES {
        let document: Value = serde_json::from_str(file).unwrap();
        for (path, methods) in document["paths"].as_object().unwrap() {
            promised.extend(methods.as_object().unwrap().keys().map(|method| (method.to_uppercase(), path.clone())));
        }
    }
    served.sort();
    promised.sort();
    assert_eq!(served, promised);
}

#[test]
fn every_example_works_for_an_administrator() {
    for example in EXAMPLES {
        let server = Server::start();
        example.request(&server, example.subject.own).bearer(token::ADMINISTRATOR).send().expect(example.success);
    }
}

#[test]
fn every_operation_also_answers_with_a_json_suffix_and_a_trailing_slash() {
    for example in EXAMPLES {
        for suffix in [".json", "/", ".json?x=1", "?"] {
            let server = Server::start();
            let request = example.bare(&server, example.subject.own, suffix).bearer(token::ADMINISTRATOR);
            example.filled(request).send().expect(example.success);
        }
    }
}
