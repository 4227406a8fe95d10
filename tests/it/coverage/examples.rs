//! One working request for each operation.

use invited::resources;
use serde_json::{Value, json};

use crate::support::client::Request;
use crate::support::{Server, token};

/// How an operation is asked for.
pub(super) struct Example {
    /// Method and path template, as in the registry.
    pub(super) operation: (&'static str, &'static str),
    /// The status of a success.
    pub(super) success: u16,
    /// A body, for those that read one.
    pub(super) body: fn() -> Option<Value>,
    /// Makes a record for one caller by another's hand; the answer is its id, or nothing when that hand may not.
    pub(super) prepare: fn(&Server, &str) -> Option<String>,
    /// A record of the first account, one of the second, and one that never was.
    pub(super) ids: Ids,
}

/// Ids by whose they are.
#[derive(Clone, Copy)]
pub(super) struct Ids {
    pub(super) own: &'static str,
    pub(super) foreign: &'static str,
    pub(super) unknown: &'static str,
}

const INVITATIONS: Ids = Ids { own: "1", foreign: "5", unknown: "999" };

/// An example for each operation.
pub(super) const EXAMPLES: &[Example] = &[
    Example {
        operation: ("GET", "/account_invitations"),
        success: 200,
        body: || None,
        prepare: invite,
        ids: INVITATIONS,
    },
    Example {
        operation: ("POST", "/account_invitations"),
        success: 200,
        body: || Some(json!({"account_invitation": {"full_name": "Example", "email_address": "example@example.test"}})),
        prepare: invite,
        ids: INVITATIONS,
    },
    Example {
        operation: ("GET", "/account_invitations/{id}"),
        success: 200,
        body: || None,
        prepare: invite,
        ids: INVITATIONS,
    },
    Example {
        operation: ("PUT", "/account_invitations/{id}"),
        success: 200,
        body: || Some(json!({"account_invitation": {"billability_target": 42}})),
        prepare: invite,
        ids: INVITATIONS,
    },
    Example {
        operation: ("DELETE", "/account_invitations/{id}"),
        success: 204,
        body: || None,
        prepare: invite,
        ids: INVITATIONS,
    },
    Example {
        operation: ("PUT", "/account_invitations/{id}/resend"),
        success: 200,
        body: || None,
        prepare: invite,
        ids: INVITATIONS,
    },
];

/// An invitation by the owner of the token. Its address is a new one: the number of those before it is in it.
fn invite(server: &Server, token: &str) -> Option<String> {
    let number = server.list("only_pending=false").json()["count"].clone();
    let address = format!("prepared.{number}.{token}@example.test");
    let body = json!({"account_invitation": {"full_name": "Prepared", "email_address": address}});
    let answer = server.post("/account_invitations").bearer(token).json(&body).send();
    (answer.status == 200).then(|| answer.ids().remove(0))
}

impl Example {
    /// The example of an operation.
    #[track_caller]
    pub(super) fn of(method: &str, path: &str) -> &'static Self {
        match EXAMPLES.iter().find(|example| example.operation == (method, path)) {
            Some(example) => example,
            None => panic!("{method} {path} has no example: add one to EXAMPLES"),
        }
    }

    /// The path with an id in it.
    pub(super) fn path(&self, id: &str) -> String {
        self.operation.1.replace("{id}", id)
    }

    /// Whether the operation is about one record.
    pub(super) fn has_id(&self) -> bool {
        self.operation.1.contains("{id}")
    }

    /// Whether a body is looked at. DELETE has none, and GET's is ignored.
    pub(super) fn reads_body(&self) -> bool {
        ["POST", "PUT"].contains(&self.operation.0)
    }

    /// The request without a token, with something after its path and without its body.
    pub(super) fn bare(&self, server: &Server, id: &str, query: &str) -> Request {
        server.request(self.operation.0, &format!("{}{query}", self.path(id)))
    }

    /// The request without a token.
    pub(super) fn request(&self, server: &Server, id: &str) -> Request {
        let request = self.bare(server, id, "");
        match (self.body)() {
            Some(body) => request.json(&body),
            None => request,
        }
    }
}

#[test]
fn every_operation_has_an_example_and_every_example_an_operation() {
    let operations = resources::operations();
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
fn every_operation_of_a_served_resource_is_in_the_contract_and_the_other_way_round() {
    let document: Value = serde_json::from_str(include_str!("../contract/ox-people.openapi.json")).unwrap();
    let operations = resources::operations();
    let mut served: Vec<(String, String)> =
        operations.iter().map(|served| (served.method.to_owned(), served.path.clone())).collect();
    let mut promised = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        let resource = path.split('/').nth(1).unwrap();
        if operations.iter().any(|served| served.resource == resource) {
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
        example.request(&server, example.ids.own).bearer(token::ADMINISTRATOR).send().expect(example.success);
    }
}

#[test]
fn every_operation_also_answers_with_a_json_suffix_and_a_trailing_slash() {
    for example in EXAMPLES {
        for suffix in [".json", "/", ".json?x=1", "?"] {
            let server = Server::start();
            let request = example.bare(&server, example.ids.own, suffix).bearer(token::ADMINISTRATOR);
            let request = match (example.body)() {
                Some(body) => request.json(&body),
                None => request,
            };
            request.send().expect(example.success);
        }
    }
}
