//! The API description, OpenAPI 3.1, generated from the descriptions that also serve the requests.

use serde_json::{Map, Value as Json, json};

use crate::wire::describe::{Association, Field, Filter, Link, Resource, Rung, Shown, Target, Test, Verb};
use crate::wire::kind::Kind;

/// Refusals of every operation.
const REFUSALS: &[(&str, &str)] = &[
    ("400", "The request is malformed."),
    ("401", "There is no valid bearer token."),
    ("403", "The caller may not do this."),
    ("404", "There is no such record."),
    ("422", "The values break a rule."),
    ("429", "There were too many requests; Retry-After says when to try again."),
    ("500", "The server failed; its log has the cause under the request id."),
    ("503", "The service is unavailable; Retry-After says when to try again."),
];

/// Further refusals of operations with a body.
const BODY_REFUSALS: &[(&str, &str)] = &[
    ("408", "The body did not arrive in time."),
    ("413", "The body is too large."),
    ("415", "The content type or encoding is not read."),
];

/// Further refusals of writes to a record.
const RECORD_REFUSALS: &[(&str, &str)] = &[("412", "The record is not what If-Match expects.")];

/// The description of these resources below `base_path`.
pub fn document(resources: &[&'static Resource], base_path: &str) -> Json {
    let mut paths = Map::new();
    let mut schemas = shared_schemas();
    for resource in resources {
        schemas.insert(resource.object.to_owned(), object_schema(resource));
        for operation in resource.operations {
            let methods = paths.entry(resource.path(operation.verb)).or_insert_with(|| json!({}));
            let mut description = json!({
                "operationId": operation.id,
                "summary": operation.text,
                "tags": [resource.name],
                "parameters": parameters(resource, operation.verb),
                "responses": responses(resource, operation.verb),
            });
            if let Some(body) = request_body(resource, operation.verb) {
                description["requestBody"] = body;
            }
            methods[operation.verb.method().to_lowercase()] = description;
        }
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "invited",
            "summary": "Account invitations, as clients of the Kantata OX API know them.",
            "description": "An independent server, not affiliated with Kantata.",
            "version": env!("CARGO_PKG_VERSION"),
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": base_path}],
        "security": [{"bearer": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
            "schemas": schemas,
        },
    })
}

fn shared_schemas() -> Map<String, Json> {
    let error = json!({
        "type": {"type": "string", "enum": ["oauth", "syntax", "system", "validation"]},
        "field": {"type": "string", "description": "On validation only: the attribute, or base."},
        "message": {"type": "string"},
        "index": {"type": "integer", "minimum": 0, "description": "On validation only: the position in a bulk."},
    });
    let errors = json!({"errors": {"type": "array", "minItems": 1, "items": reference("Error")}});
    let integer = json!({"type": "integer"});
    let meta = json!({"count": integer, "page_count": integer, "page_number": integer, "page_size": integer});
    Map::from_iter([
        ("Error".to_owned(), object(error, json!(["type", "message"]))),
        ("Errors".to_owned(), object(errors, json!(["errors"]))),
        ("Meta".to_owned(), object(meta, json!(["count", "page_count", "page_number", "page_size"]))),
    ])
}

/// The schema of an object with no other properties.
fn object(properties: impl Into<Json>, required: impl Into<Json>) -> Json {
    let (properties, required) = (properties.into(), required.into());
    json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false})
}

fn reference(schema: &str) -> Json {
    json!({"$ref": format!("#/components/schemas/{schema}")})
}

fn object_schema(resource: &Resource) -> Json {
    let mut properties = Map::new();
    let mut required = vec![json!("id")];
    for field in resource.fields {
        if field.shown == Shown::Never {
            continue;
        }
        let mut schema = field.kind.schema(field.nullable, false);
        schema["description"] = json!(field.text);
        properties.insert(field.name.to_owned(), schema);
        if field.shown == Shown::From(Rung::EVERYONE) {
            required.push(json!(field.name));
        }
    }
    for association in resource.associations {
        if let Some(mut schema) = key_schema(association) {
            schema["description"] = json!(format!("Only with include={}.", association.name));
            properties.insert(association.key.to_owned(), schema);
        }
    }
    properties.insert("id".to_owned(), json!({"type": "string", "pattern": "^[1-9][0-9]*$"}));
    let mut schema = object(properties, required);
    schema["description"] = json!(resource.text);
    schema
}

/// The schema of a key that is not a field.
fn key_schema(association: &Association) -> Option<Json> {
    let name = association.target.name();
    match association.link {
        Link::Field => None,
        Link::One(_) => Some(Kind::Id(name).schema(true, false)),
        Link::Many { .. } | Link::Empty => Some(Kind::Ids(name).schema(false, false)),
    }
}

/// Additional headers, and whether only writes read them.
const HEADERS: &[(&str, bool, &str)] = &[
    ("Invited-Strict", false, "With true, whatever would be ignored is an error that names it."),
    ("Invited-Dry-Run", true, "With true, everything is done but the effect."),
    ("Idempotency-Key", true, "A request with the same key within a day has no second effect: its answer is repeated."),
    ("If-Match", true, "Entity tags of the record as it was read; another record is answered 412."),
];

fn parameters(resource: &Resource, verb: Verb) -> Vec<Json> {
    let mut parameters = Vec::new();
    if verb.has_id() {
        let schema = json!({"type": "integer", "format": "int64", "minimum": 1});
        parameters.push(json!({"in": "path", "name": "id", "required": true, "schema": schema}));
    }
    if !resource.associations.is_empty() && verb != Verb::Destroy {
        let names: Vec<&str> = resource.associations.iter().map(|association| association.name).collect();
        parameters.push(query(
            "include",
            json!({"type": "string"}),
            &format!("Any of {}, with commas.", names.join(", ")),
        ));
    }
    let optional: Vec<&str> =
        resource.fields.iter().filter(|field| field.shown == Shown::OnRequest).map(|field| field.name).collect();
    if !optional.is_empty() && verb != Verb::Destroy {
        let text = format!("Any of {}, with commas.", optional.join(", "));
        parameters.push(query("optional_fields", json!({"type": "string"}), &text));
    }
    let acts = |filter: &&Filter| verb == Verb::Index || resource.lifting_value(filter.name).is_some();
    if matches!(verb, Verb::Index | Verb::Show) {
        parameters.extend(resource.filters.iter().filter(acts).map(|filter| filter_parameter(resource, filter)));
        let schema = json!({"type": "boolean", "default": true});
        parameters.push(query("apply_default_filters", schema, APPLY_DEFAULT_FILTERS));
    }
    if verb == Verb::Index {
        parameters.extend(list_parameters(resource));
    }
    let headers = HEADERS
        .iter()
        .filter(|(name, only_writes, _)| (verb.is_write() || !only_writes) && (*name != "If-Match" || verb.has_id()));
    parameters.extend(headers.map(
        |(name, _, text)| json!({"in": "header", "name": name, "schema": {"type": "string"}, "description": text}),
    ));
    parameters
}

fn filter_parameter(resource: &Resource, filter: &Filter) -> Json {
    let schema = match filter.test {
        Test::Flag(_) => {
            let is_alone = resource.default_scope.as_ref().is_some_and(|scope| scope.lifted_by.len() == 1);
            match resource.lifting_value(filter.name).filter(|_| is_alone) {
                Some(lifting) => json!({"type": "boolean", "default": !lifting}),
                None => json!({"type": "boolean"}),
            }
        }
        Test::Id(_) => json!({"type": "integer", "format": "int64", "minimum": 1}),
        Test::After(_) | Test::Before(_) => json!({"type": "string", "format": "date-time"}),
        Test::Contains(_) | Test::Equals(..) | Test::OneOf(..) | Test::Ids(_) | Test::NotIds(_) => {
            json!({"type": "string"})
        }
    };
    query(filter.name, schema, filter.text)
}

/// The parameters of every list beside its filters: name, least value of a number, and a sentence.
pub const LIST_PARAMETERS: &[(&str, Option<i64>, &str)] = &[
    ("page", Some(1), "The page, counted from 1."),
    ("per_page", Some(1), "Records on a page: 20 unless given, at most 200."),
    ("limit", Some(1), "Records at most; counts only together with offset."),
    ("offset", Some(0), "Records to leave out; counts only together with limit."),
    ("only", None, "Ids with commas: exactly these records, without pages."),
];

pub const SEARCH: &str = "Records whose texts contain this one, best matches first.";

pub const APPLY_DEFAULT_FILTERS: &str = "Anything but true, TRUE or 1 switches off the defaults of filters.";

fn list_parameters(resource: &Resource) -> Vec<Json> {
    let directions = |name: &'static str| ["asc", "desc"].map(|direction| format!("{name}:{direction}"));
    let orders: Vec<String> = resource.sorts.iter().flat_map(|sort| directions(sort.name)).collect();
    let mut parameters = vec![query("order", json!({"type": "string", "enum": orders}), "The order; ties go by id.")];
    if resource.search.is_some() {
        parameters.push(query("search", json!({"type": "string"}), SEARCH));
    }
    parameters.extend(LIST_PARAMETERS.iter().map(|(name, least, text)| {
        let schema = match least {
            Some(least) => json!({"type": "integer", "minimum": least}),
            None => json!({"type": "string"}),
        };
        query(name, schema, text)
    }));
    parameters
}

#[expect(clippy::needless_pass_by_value, reason = "callers build the schema in place")]
fn query(name: &str, schema: Json, text: &str) -> Json {
    json!({"in": "query", "name": name, "schema": schema, "description": text})
}

fn responses(resource: &Resource, verb: Verb) -> Json {
    let mut responses = Map::new();
    match verb {
        Verb::Destroy => responses.insert("204".to_owned(), json!({"description": "It is gone."})),
        _ => responses
            .insert("200".to_owned(), content("The records, by id, and their order.", envelope_schema(resource))),
    };
    let of_body = if verb.reads_body() { BODY_REFUSALS } else { &[] };
    let of_record = if verb.is_write() && verb.has_id() { RECORD_REFUSALS } else { &[] };
    for (status, text) in REFUSALS.iter().chain(of_body).chain(of_record) {
        responses.insert((*status).to_owned(), content(text, reference("Errors")));
    }
    Json::Object(responses)
}

#[expect(clippy::needless_pass_by_value, reason = "callers build the schema in place")]
fn content(text: &str, schema: Json) -> Json {
    json!({"description": text, "content": {"application/json": {"schema": schema}}})
}

fn envelope_schema(resource: &Resource) -> Json {
    let map = |object: &str| json!({"type": "object", "additionalProperties": reference(object)});
    let result = object(json!({"key": {"const": resource.name}, "id": {"type": "string"}}), json!(["key", "id"]));
    let mut properties = Map::from_iter([
        ("count".to_owned(), json!({"type": "integer", "minimum": 0})),
        ("results".to_owned(), json!({"type": "array", "items": result})),
        (resource.name.to_owned(), map(resource.object)),
        ("meta".to_owned(), reference("Meta")),
    ]);
    for association in resource.associations {
        let included = match association.target {
            Target::Records(resource) => map(resource.object),
            Target::Nothing(_) => json!({"type": "object", "maxProperties": 0}),
        };
        properties.insert(association.target.name().to_owned(), included);
    }
    object(properties, json!(["count", "results", resource.name, "meta"]))
}

fn request_body(resource: &Resource, verb: Verb) -> Option<Json> {
    let element = element_schema(resource, verb)?;
    let single = json!({
        "type": "object",
        "properties": {resource.singular: element},
        "required": [resource.singular],
    });
    let schema = match verb {
        Verb::Create { bulk } if bulk > 1 => json!({"oneOf": [single, {
            "type": "object",
            "properties": {resource.name: {"type": "array", "minItems": 1, "maxItems": bulk, "items": element}},
            "required": [resource.name],
        }]}),
        _ => single,
    };
    let form = json!({"schema": {"type": "object"}});
    Some(json!({"required": true, "content": {
        "application/json": {"schema": schema},
        "application/x-www-form-urlencoded": form,
        "multipart/form-data": form,
    }}))
}

/// The attributes of one record; `None` for operations that read none.
fn element_schema(resource: &Resource, verb: Verb) -> Option<Json> {
    let settable: Vec<&Field> = resource.fields.iter().filter(|field| field.input_for(verb).is_some()).collect();
    if settable.is_empty() {
        return None;
    }
    let is_required =
        |field: &&Field| matches!(verb, Verb::Create { .. }) && field.input.is_some_and(|input| input.required);
    let required: Vec<&str> = settable.iter().copied().filter(is_required).map(|field| field.name).collect();
    let properties: Map<String, Json> = settable
        .iter()
        .map(|field| {
            let mut schema = field.kind.schema(field.nullable, true);
            schema["description"] = json!(field.text);
            (field.name.to_owned(), schema)
        })
        .collect();
    Some(json!({"type": "object", "properties": properties, "required": required}))
}
