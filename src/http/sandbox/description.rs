//! The API description of the control plane: OpenAPI 3.1, generated from the routes and the types of bodies and
//! answers.

use schemars::Schema;
use schemars::generate::{SchemaGenerator, SchemaSettings};
use schemars::transform::RecursiveTransform;
use serde_json::{Map, Value as Json, json};

use crate::http::router::{Description, NamedRoute};

/// The description of routes.
pub fn document(routes: &[NamedRoute]) -> Json {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.definitions_path = "/components/schemas".into();
        settings.meta_schema = None;
    });
    let closed = RecursiveTransform(|schema: &mut Schema| {
        if schema.get("properties").is_some() && schema.get("additionalProperties").is_none() {
            schema.insert("additionalProperties".to_owned(), false.into());
        }
    });
    let mut bodies = settings.clone().with(|settings| settings.inline_subschemas = true).into_generator();
    let mut answers = settings.for_serialize().with_transform(closed).into_generator();
    let mut paths = Map::new();
    for route in routes {
        let Some(description) = &route.description else { continue };
        let methods = paths.entry(route.path).or_insert_with(|| json!({}));
        methods[route.method.to_lowercase()] = operation(route, description, &mut bodies, &mut answers);
    }
    let string = json!({"type": "string"});
    // A reason can also name the value that it is about.
    let reason = object(&json!({"type": string, "message": string}), &["type", "message"], true);
    let mut schemas = answers.take_definitions(true);
    let errors = object(&json!({"errors": {"type": "array", "items": reason}}), &["errors"], false);
    schemas.insert("Errors".to_owned(), errors);
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "invited: control plane of the sandbox",
            "summary": "What a test suite can do to the sandbox besides using it.",
            "description": "Only `invited sandbox` has these paths. They need no token, since everything in a \
                sandbox is public. Bodies are JSON, which the Content-Type has to say even where the body is empty, \
                and are read strictly: unknown keys are refused, and nothing changes. Pages of other origins are \
                refused.",
            "version": "1",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {"schemas": schemas},
    })
}

fn object(properties: &Json, required: &[&str], is_open: bool) -> Json {
    json!({"type": "object", "properties": properties, "required": required, "additionalProperties": is_open})
}

fn operation(
    route: &NamedRoute,
    description: &Description,
    bodies: &mut SchemaGenerator,
    answers: &mut SchemaGenerator,
) -> Json {
    let content = |media_type: &str, schema: Schema| json!({media_type: {"schema": schema}});
    let refused = |sentence: &str| {
        let errors = Schema::new_ref("#/components/schemas/Errors".to_owned());
        json!({"description": sentence, "content": content("application/json", errors)})
    };
    let mut responses = json!({"400": refused("The request is wrong; nothing has changed.")});
    if route.path.contains('{') && route.method != "PUT" {
        responses["404"] = refused("There is no such thing.");
    }
    match description.answer {
        Some((media_type, schema)) => {
            responses["200"] = json!({"description": "The answer.", "content": content(media_type, schema(answers))});
        }
        None => responses["204"] = json!({"description": "Done; the answer is empty."}),
    }
    let in_path = route.path.split(['{', '}']).skip(1).step_by(2);
    let in_path =
        in_path.map(|name| json!({"name": name, "in": "path", "required": true, "schema": {"type": "string"}}));
    let query = description
        .query
        .iter()
        .map(|(name, text, kind)| json!({"name": name, "in": "query", "description": text, "schema": {"type": kind}}));
    let mut operation = json!({
        "operationId": route.name,
        "summary": description.summary,
        "parameters": in_path.chain(query).collect::<Vec<_>>(),
        "responses": responses,
    });
    if let Some(schema) = description.body {
        let schema = schema(bodies);
        let is_required = schema.get("required").is_some();
        operation["requestBody"] = json!({"required": is_required, "content": content("application/json", schema)});
    }
    operation
}
