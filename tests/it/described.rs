//! The API descriptions, as generators of clients need them: every schema has one type, and everything that becomes a
//! type has a name.
//!
//! Each rule here is a fault that some generator had with an earlier description. `cargo xtask clients` runs the
//! generators themselves.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use crate::support::Server;
use crate::support::client::BASE;

/// Names that a generated client already uses for something else, in one language or another.
const TAKEN: &[&str] =
    &["Error", "Errors", "Response", "Request", "Result", "Option", "Drop", "Object", "Record", "Map"];

const METHODS: &[&str] = &["get", "put", "post", "delete"];

fn of_api(server: &Server) -> Value {
    server.get("/openapi.json").send().expect(200).json()
}

fn of_sandbox(server: &Server) -> Value {
    server.control("GET", "/openapi.json", &Value::Null).expect(200).json()
}

/// Both descriptions, with what to call them.
fn both() -> [(&'static str, Value); 2] {
    let server = Server::start();
    [("api", of_api(&server)), ("sandbox", of_sandbox(&server))]
}

/// Calls `look` with every value of a description, and where it is.
fn each<'a>(value: &'a Value, place: &str, look: &mut impl FnMut(&str, &'a Value)) {
    look(place, value);
    match value {
        Value::Object(members) => {
            members.iter().for_each(|(key, value)| each(value, &format!("{place}/{}", key.replace('/', "~1")), look));
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(index, item)| each(item, &format!("{place}/{index}"), look));
        }
        _ => {}
    }
}

/// The schemas of a description: the named ones, those at every `schema`, and all that these hold.
fn schemas(document: &Value) -> BTreeMap<String, &Value> {
    let mut found = BTreeMap::new();
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        add(schema, format!("/components/schemas/{name}"), &mut found);
    }
    each(document, "", &mut |place, value| {
        if place.ends_with("/schema") {
            add(value, place.to_owned(), &mut found);
        }
    });
    found
}

fn add<'a>(schema: &'a Value, place: String, found: &mut BTreeMap<String, &'a Value>) {
    for (name, inner) in schema["properties"].as_object().into_iter().flatten() {
        add(inner, format!("{place}/properties/{name}"), found);
    }
    for key in ["items", "additionalProperties"] {
        if let Some(inner) = schema.get(key).filter(|inner| inner.is_object()) {
            add(inner, format!("{place}/{key}"), found);
        }
    }
    for key in ["oneOf", "anyOf", "allOf"] {
        for (index, inner) in schema[key].as_array().into_iter().flatten().enumerate() {
            add(inner, format!("{place}/{key}/{index}"), found);
        }
    }
    found.insert(place, schema);
}

fn operations(document: &Value) -> Vec<(String, &Map<String, Value>)> {
    let paths = document["paths"].as_object().unwrap().iter();
    paths
        .flat_map(|(path, item)| {
            let of = METHODS.iter().filter_map(move |method| Some((method, item.get(*method)?)));
            of.map(move |(method, operation)| (format!("{method} {path}"), operation.as_object().unwrap()))
        })
        .collect()
}

/// What a response is, behind its reference.
fn resolved<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    match value["$ref"].as_str() {
        Some(target) => document.pointer(target.trim_start_matches('#')).unwrap(),
        None => value,
    }
}

#[test]
fn every_schema_has_one_type_or_leads_to_one() {
    for (name, document) in both() {
        for (place, schema) in schemas(&document) {
            let leads = ["$ref", "oneOf", "anyOf"].iter().any(|key| schema.get(key).is_some());
            let types: Vec<&Value> = match &schema["type"] {
                Value::Array(types) => types.iter().filter(|kind| **kind != "null").collect(),
                Value::Null => Vec::new(),
                kind => vec![kind],
            };
            assert_eq!(types.len(), usize::from(!leads), "{name} {place}: {schema}");
            assert!(schema.get("const").is_none(), "{name} {place} is a constant");
            let empty = schema["enum"].as_array().is_some_and(Vec::is_empty);
            assert!(!empty, "{name} {place} has no choice");
        }
    }
}

#[test]
fn whatever_becomes_a_type_has_a_name_once_and_one_that_is_free() {
    for (name, document) in both() {
        let mut choices = BTreeSet::new();
        for (place, schema) in schemas(&document) {
            let is_named = place.matches('/').count() == 3 && place.starts_with("/components/schemas/");
            let has_members = schema.get("properties").is_some();
            // The settings of the sandbox have one choice of their own, and are printed nowhere else.
            let is_choice = schema.get("enum").is_some() && name == "api";
            assert!(is_named || !(has_members || is_choice), "{name} {place} has no name: {schema}");
            let is_order = place.ends_with("Order");
            if is_named && is_choice && !is_order {
                assert!(choices.insert(schema["enum"].to_string()), "{name} {place} is there twice");
            }
        }
        let named = document["components"]["schemas"].as_object().unwrap();
        for taken in TAKEN {
            assert!(!named.contains_key(*taken), "{name} has a schema {taken}");
        }
        let mut ids = BTreeSet::new();
        for (place, operation) in operations(&document) {
            let id = operation["operationId"].as_str().unwrap();
            assert!(ids.insert(id), "{name} {place}: {id} is there twice");
            assert!(!named.contains_key(id), "{name} {place}: {id} is a schema, too");
        }
    }
}

#[test]
fn every_reference_leads_somewhere_and_every_component_is_used() {
    for (name, document) in both() {
        let mut used = BTreeSet::new();
        each(&document, "", &mut |place, value| {
            let target = value.as_object().and_then(|members| members.get("$ref")).and_then(Value::as_str);
            if let Some(target) = target {
                assert!(document.pointer(target.trim_start_matches('#')).is_some(), "{name} {place}: {target}");
                used.insert(target.to_owned());
            }
        });
        for kind in ["schemas", "headers", "responses"] {
            for component in document["components"][kind].as_object().into_iter().flatten().map(|(name, _)| name) {
                assert!(used.contains(&format!("#/components/{kind}/{component}")), "{name}: no use of {component}");
            }
        }
    }
}

#[test]
fn every_operation_says_what_it_does_and_answers() {
    for (name, document) in both() {
        let tags: Vec<&Value> = document["tags"].as_array().unwrap().iter().map(|tag| &tag["name"]).collect();
        for (place, operation) in operations(&document) {
            assert!(operation["description"].as_str().is_some_and(|text| text.len() > 10), "{name} {place}");
            assert!(operation["tags"].as_array().unwrap().iter().all(|tag| tags.contains(&tag)), "{name} {place}");
            for parameter in operation["parameters"].as_array().unwrap() {
                assert!(parameter["schema"].get("type").or(parameter["schema"].get("$ref")).is_some(), "{parameter}");
            }
            for (status, response) in operation["responses"].as_object().unwrap() {
                let response = resolved(&document, response);
                assert!(response["headers"].get("X-Request-Id").is_some(), "{name} {place} {status} has no headers");
                if status.starts_with(['4', '5']) {
                    let schema = &response["content"]["application/json"]["schema"];
                    assert_eq!(schema["$ref"], "#/components/schemas/ErrorResponse", "{name} {place} {status}");
                }
            }
            if let Some(body) = operation.get("requestBody") {
                let media: Vec<&String> = body["content"].as_object().unwrap().keys().collect();
                // Only a form can carry a file.
                let is_file = place.ends_with("/profile_photo");
                assert_eq!(media, [if is_file { "multipart/form-data" } else { "application/json" }], "{name} {place}");
            }
        }
        assert!(document["info"].get("contact").is_some() && document["info"].get("license").is_some(), "{name}");
    }
}

#[test]
fn the_described_headers_are_those_of_the_answers() {
    let server = Server::start();
    let document = of_api(&server);
    let created = &document["paths"]["/account_invitations"]["post"]["responses"];
    let described = |status: &str| -> Vec<String> {
        let headers = resolved(&document, &created[status])["headers"].as_object().unwrap();
        headers.keys().map(|name| name.to_ascii_lowercase()).collect()
    };
    let body = json!({"account_invitation": {"full_name": "Nia", "email_address": "nia@example.test"}});
    let send = |dry: &str| {
        let request = server.post("/account_invitations").bearer("sandbox-administrator").json(&body);
        request.header("idempotency-key", "once").header("invited-dry-run", dry).send().expect(200)
    };
    let answers = [send("true"), send("false"), send("false")];
    // Beside these there are only the headers that every answer has, whose values never differ.
    for (answer, own) in answers.iter().zip(["invited-dry-run", "etag", "idempotent-replayed"]) {
        for name in [own, "etag", "x-request-id", "x-runtime"] {
            assert!(answer.header(name).is_some() && described("200").contains(&name.to_owned()), "{name}");
        }
    }
    server.control("PUT", "/settings", &json!({"rate_create": 1})).expect(200);
    let refused = server.post("/account_invitations").bearer("sandbox-administrator").json(&body).send();
    let refused = if refused.status == 429 {
        refused
    } else {
        server.post("/account_invitations").bearer("sandbox-administrator").json(&body).send().expect(429)
    };
    assert!(refused.header("retry-after").is_some() && described("429").contains(&"retry-after".to_owned()));
}

/// A generated client signs in by the addresses of the description.
#[test]
fn the_description_says_where_tokens_come_from() {
    let server = Server::start();
    let document = of_api(&server);
    let flows = &document["components"]["securitySchemes"]["oauth"]["flows"];
    let metadata = server.request_at_root("GET", "/.well-known/oauth-authorization-server").send().expect(200).json();
    assert_eq!(flows["authorizationCode"]["authorizationUrl"], metadata["authorization_endpoint"]);
    for flow in ["authorizationCode", "clientCredentials"] {
        assert_eq!(flows[flow]["tokenUrl"], metadata["token_endpoint"], "{flow}");
    }
    let api = document["servers"][0]["url"].as_str().unwrap();
    assert!(api.ends_with(BASE) && api.starts_with("http"), "{api}");
}
