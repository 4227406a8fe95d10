//! The API description, OpenAPI 3.1, generated from the descriptions that also serve the requests.
//!
//! It is written for generators of clients. Every object, body, envelope and enumeration is a named schema
//! ([`components`]); each has exactly one type; bodies are described as JSON alone, although forms are read, too.
//!
//! A new kind of value brings its schema along and needs nothing here. A new form of operation needs its sentence in
//! [`details`], and more only where its parameters, body or answer are none of the usual ones.

mod answers;
mod components;
mod parameters;
mod records;

use serde_json::{Map, Value as Json, json};

use crate::wire::describe::{Direction, Operation, Resource, Verb};
use components::Components;
pub use components::{object, reference};
pub use parameters::{APPLY_DEFAULT_FILTERS, LIST_PARAMETERS, SEARCH};
use records::Readers;

/// What the description says of the server beside its resources.
pub struct About<'a> {
    /// Scheme, host and port of the server; blank if they are not known, so addresses are relative.
    pub base_url: &'a str,
    /// Of the API.
    pub base_path: &'a str,
    pub readers: Readers,
}

/// The description of these resources.
pub fn document(resources: &[&'static Resource], about: &About<'_>) -> Json {
    let mut components = Components::default();
    records::add_shared(&mut components);
    // Before any body: what records and bodies share is named after the record.
    for resource in resources {
        records::add_answers(&mut components, resource, about.readers);
    }
    let mut paths = json!({});
    for resource in resources {
        for operation in resource.operations {
            let described = describe(&mut components, resource, operation, about.readers);
            paths[resource.path(operation)][operation.verb.method().to_lowercase()] = described;
        }
    }
    let tags = resources.iter().map(|resource| json!({"name": resource.name, "description": resource.text}));
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "invited",
            "summary": "Account invitations, as clients of the Kantata OX API know them.",
            "description": "An independent server, not affiliated with Kantata.",
            "version": env!("CARGO_PKG_VERSION"),
            "contact": {"name": "The operator of this server", "url": format!("{}/docs", about.base_url)},
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": format!("{}{}", about.base_url, about.base_path)}],
        "tags": tags.collect::<Vec<_>>(),
        // A token of OAuth is a bearer token, too. If `oauth` were listed here as the other choice, some generated
        // clients would send its token without the word Bearer. It is declared to say where tokens come from.
        "security": [{"bearer": []}],
        "paths": paths,
        "components": {
            "securitySchemes": security_schemes(about.base_url),
            "headers": answers::all_headers(),
            "responses": answers::refusals(),
            "schemas": components.into_json(),
        },
    })
}

/// Scopes limit nothing, so none is declared.
fn security_schemes(base_url: &str) -> Json {
    let at = |path: &str| json!(format!("{base_url}{path}"));
    let scopes = Map::new();
    json!({
        "bearer": {"type": "http", "scheme": "bearer", "description": "A token of a member or an application."},
        "oauth": {
            "type": "oauth2",
            "description": "What an application may do is what the member may do in whose name it acts.",
            "flows": {
                "authorizationCode": {
                    "authorizationUrl": at("/oauth/authorize"),
                    "tokenUrl": at("/oauth/token"),
                    "refreshUrl": at("/oauth/token"),
                    "scopes": scopes,
                },
                "clientCredentials": {"tokenUrl": at("/oauth/token"), "scopes": scopes},
            },
        },
    })
}

fn describe(components: &mut Components, resource: &Resource, operation: &Operation, readers: Readers) -> Json {
    let mut described = json!({
        "operationId": operation.id,
        "summary": operation.text,
        "description": details(resource, operation, readers),
        "tags": [resource.name],
        "parameters": parameters::of(components, resource, operation),
        "responses": answers::of(components, resource, operation),
    });
    if let Some(body) = records::body(components, resource, operation) {
        described["requestBody"] = body;
    }
    described
}

/// The sentence of an operation, and what it leaves out.
fn details(resource: &Resource, operation: &Operation, readers: Readers) -> String {
    let form = match operation.verb {
        Verb::Index => {
            let (name, direction) = resource.default_order;
            let direction = match direction {
                Direction::Ascending => "lowest or earliest first",
                Direction::Descending => "highest or latest first",
            };
            format!("Filters narrow the list. Unless order says otherwise it is sorted by {name}, {direction}.")
        }
        Verb::Show => "Answers the record in an envelope, or 404.".to_owned(),
        Verb::ShowOwn(_) => "Needs no id: the token says whose record it is.".to_owned(),
        Verb::Create { bulk: 2.. } => {
            format!("The body has one record under {}, or several under {}.", resource.singular, resource.name)
        }
        Verb::Create { .. } => format!("The body has the attributes under {}.", resource.singular),
        Verb::Update => "Attributes that the body leaves out keep their values. PATCH does the same.".to_owned(),
        Verb::DestroyMany { .. } => "All of them are deleted, or none. The answer has no body.".to_owned(),
        Verb::Destroy | Verb::Detach(_) => "The answer has no body.".to_owned(),
        Verb::Document(_) | Verb::Overview(_) => "The answer has no envelope.".to_owned(),
        Verb::Attach(_) => "The body is multipart/form-data. Answers the record as it is afterwards.".to_owned(),
        Verb::Action(_) => "Needs no body. Answers the record as it is afterwards.".to_owned(),
    };
    let callers = readers(operation.from).map(|readers| format!(" Only for {readers}.")).unwrap_or_default();
    format!("{} {form}{callers}", operation.text)
}
