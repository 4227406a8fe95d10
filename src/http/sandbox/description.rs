//! The API description of the control plane: OpenAPI 3.1, generated from the routes and the types of bodies and
//! answers.
//!
//! As in the description of the API, every object, body and enumeration is a named schema, so generators name its type.

use schemars::Schema;
use schemars::generate::{SchemaGenerator, SchemaSettings};
use schemars::transform::RecursiveTransform;
use serde_json::{Map, Value as Json, json};

use crate::http::router::{Description, NamedRoute};
use crate::wire::openapi::{object, reference};

/// The first segments of paths below the base path, and what is behind them.
const TAGS: &[(&str, &str)] = &[
    ("accounts", "Fresh accounts, so that tests can run side by side."),
    ("clock", "The sandbox's time."),
    ("faults", "What goes wrong with the next requests."),
    ("inspector", "The latest requests as a page."),
    ("mailbox", "The mail that the sandbox would have sent."),
    ("openapi.json", "This description."),
    ("requests", "The latest requests."),
    ("reset", "Back to the seed."),
    ("seats", "What accounts would have been billed."),
    ("settings", "What can be set while the sandbox runs."),
    ("snapshots", "States to come back to."),
];

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
    let settings = settings.with_transform(RecursiveTransform(list_choices));
    let mut bodies = settings.clone().into_generator();
    let mut answers = settings.for_serialize().with_transform(closed).into_generator();
    let mut paths = Map::new();
    for route in routes {
        let Some(description) = &route.description else { continue };
        let methods = paths.entry(route.path).or_insert_with(|| json!({}));
        methods[route.method.to_lowercase()] = operation(route, description, &mut bodies, &mut answers);
    }
    let mut schemas = answers.take_definitions(true);
    add_read(&mut schemas, bodies.take_definitions(true), &mut paths);
    // A reason can also name the value that it is about.
    let text = json!({"type": "string"});
    let mut detail = object(json!({"type": text, "message": text}), json!(["type", "message"]));
    detail["additionalProperties"] = json!(true);
    schemas.insert("ErrorDetail".to_owned(), detail);
    let errors = json!({"errors": {"type": "array", "items": reference("ErrorDetail")}});
    schemas.insert("ErrorResponse".to_owned(), object(errors, json!(["errors"])));
    let tags = TAGS.iter().map(|(name, text)| json!({"name": name, "description": text}));
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
            "contact": {"name": "The operator of this sandbox"},
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "security": [],
        "tags": tags.collect::<Vec<_>>(),
        "paths": paths,
        "components": {
            "headers": {"X-Request-Id": {"schema": text, "description": "The id of the request in the log."}},
            "schemas": schemas,
        },
    })
}

/// An enumeration whose values have sentences is a choice of constants, which generators take for a union of types.
/// Here it becomes a list of values, with the sentences in its description.
fn list_choices(schema: &mut Schema) {
    let choices = schema.get("oneOf").and_then(Json::as_array);
    let value = |choice: &Json| Some((choice.get("const")?.clone(), choice.get("description").cloned()));
    let Some(choices) = choices.and_then(|of| of.iter().map(value).collect::<Option<Vec<_>>>()) else { return };
    let sentence =
        |(value, text): &(Json, Option<Json>)| Some(format!("{}: {}", value.as_str()?, text.as_ref()?.as_str()?));
    let sentences: Vec<String> = choices.iter().filter_map(sentence).collect();
    schema.remove("oneOf");
    schema.insert("type".to_owned(), json!("string"));
    schema.insert("enum".to_owned(), choices.into_iter().map(|(value, _)| value).collect());
    schema.insert("description".to_owned(), json!(sentences.join("\n")));
}

/// Adds the schemas of bodies. Some types are answered, too, in another form: as they are read they are called
/// `…Input`.
fn add_read(schemas: &mut Map<String, Json>, read: Map<String, Json>, paths: &mut Map<String, Json>) {
    let is_other = |(name, schema): &(&String, &Json)| schemas.get(*name).is_some_and(|answered| answered != *schema);
    let renamed: Vec<String> = read.iter().filter(is_other).map(|(name, _)| name.clone()).collect();
    let bodies = paths.values_mut().filter_map(Json::as_object_mut).flat_map(Map::values_mut);
    bodies.filter_map(|operation| operation.get_mut("requestBody")).for_each(|body| rename(body, &renamed));
    for (name, mut schema) in read {
        rename(&mut schema, &renamed);
        let name = if renamed.contains(&name) { format!("{name}Input") } else { name };
        schemas.insert(name, schema);
    }
}

/// Makes references to these names end in `Input`.
fn rename(schema: &mut Json, names: &[String]) {
    match schema {
        Json::Object(members) => {
            for (key, value) in members {
                let name = value.as_str().and_then(|target| target.rsplit('/').next());
                match name.filter(|name| key == "$ref" && names.iter().any(|known| known == name)) {
                    Some(name) => *value = json!(format!("#/components/schemas/{name}Input")),
                    None => rename(value, names),
                }
            }
        }
        Json::Array(items) => items.iter_mut().for_each(|item| rename(item, names)),
        _ => {}
    }
}

fn operation(
    route: &NamedRoute,
    description: &Description,
    bodies: &mut SchemaGenerator,
    answers: &mut SchemaGenerator,
) -> Json {
    let content = |media_type: &str, schema: Schema| json!({media_type: {"schema": schema}});
    let headers = json!({"X-Request-Id": {"$ref": "#/components/headers/X-Request-Id"}});
    let answer = |sentence: &str| json!({"description": sentence, "headers": headers});
    let refused = |sentence: &str| {
        let mut answer = answer(sentence);
        answer["content"] = json!({"application/json": {"schema": reference("ErrorResponse")}});
        answer
    };
    let mut responses = json!({"400": refused("The request is wrong; nothing has changed.")});
    if route.path.contains('{') && route.method != "PUT" {
        responses["404"] = refused("There is no such thing.");
    }
    match description.answer {
        Some((media_type, schema)) => {
            responses["200"] = answer("The answer.");
            responses["200"]["content"] = content(media_type, schema(answers));
        }
        None => responses["204"] = answer("Done; the answer is empty."),
    }
    let in_path = route.path.split(['{', '}']).skip(1).step_by(2);
    let in_path =
        in_path.map(|name| json!({"name": name, "in": "path", "required": true, "schema": {"type": "string"}}));
    let query = description
        .query
        .iter()
        .map(|(name, text, kind)| json!({"name": name, "in": "query", "description": text, "schema": {"type": kind}}));
    let strictness = if route.method == "GET" { "Changes nothing." } else { "If anything is wrong, nothing changes." };
    let mut operation = json!({
        "operationId": route.name,
        "summary": description.summary,
        "description": format!("{} {strictness}", description.summary),
        "tags": [route.path.split('/').nth(2)],
        "parameters": in_path.chain(query).collect::<Vec<_>>(),
        "responses": responses,
    });
    if let Some(schema) = description.body {
        let schema = schema(bodies);
        let name = schema.get("$ref").and_then(Json::as_str).and_then(|target| target.rsplit('/').next());
        let body = name.and_then(|name| bodies.definitions().get(name));
        let is_required = body.is_some_and(|body| body.get("required").is_some());
        operation["requestBody"] = json!({"required": is_required, "content": content("application/json", schema)});
    }
    operation
}
