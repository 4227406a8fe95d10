//! The API description, OpenAPI 3.1, generated from the descriptions that also serve the requests.

use serde_json::{Value as Json, json};

use crate::wire::describe::{Field, Filter, Link, Resource, Rung, Shown, Sort, Target, Test, Verb};
use crate::wire::kind::Kind;

/// Status and text of every refusal, and which operations it is of.
const REFUSALS: &[(&str, VerbTest, &str)] = &[
    ("400", ALWAYS, "The request is malformed."),
    ("401", ALWAYS, "There is no valid bearer token."),
    ("403", ALWAYS, "The caller may not do this."),
    ("404", ALWAYS, "There is no such record."),
    ("408", Verb::reads_body, "The body did not arrive in time."),
    ("412", Verb::writes_to_record, "The record is not what If-Match expects."),
    ("413", Verb::reads_body, "The body is too large."),
    ("415", Verb::reads_body, "The content type or encoding is not read."),
    ("422", ALWAYS, "The values break a rule."),
    ("429", ALWAYS, "There were too many requests; Retry-After says when to try again."),
    ("500", ALWAYS, "The server failed; its log has the cause under the request id."),
    ("503", ALWAYS, "The service is unavailable; Retry-After says when to try again."),
];

/// Additional headers, and which operations read them.
const HEADERS: &[(&str, VerbTest, &str)] = &[
    ("Invited-Strict", ALWAYS, "With true, whatever would be ignored is an error that names it."),
    ("Invited-Dry-Run", Verb::is_write, "With true, everything is done but the effect."),
    (
        "Idempotency-Key",
        Verb::is_write,
        "A request with the same key within a day has no second effect: its answer is repeated.",
    ),
    ("If-Match", Verb::writes_to_record, "Entity tags of the record as it was read; another record is answered 412."),
];

/// Which operations something belongs to.
type VerbTest = fn(Verb) -> bool;

const ALWAYS: VerbTest = |_| true;

/// The description of these resources below `base_path`.
pub fn document(resources: &[&'static Resource], base_path: &str) -> Json {
    let mut paths = json!({});
    let mut schemas = shared_schemas();
    for resource in resources {
        schemas[resource.object] = object_schema(resource);
        for operation in resource.operations {
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
            paths[resource.path(operation)][operation.verb.method().to_lowercase()] = description;
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

fn shared_schemas() -> Json {
    let error = json!({
        "type": {"type": "string", "enum": ["oauth", "syntax", "system", "validation"]},
        "field": {"type": "string", "description": "On validation only: the attribute, or base."},
        "message": {"type": "string"},
        "index": {"type": "integer", "minimum": 0, "description": "On validation only: the position in a bulk."},
    });
    let errors = json!({"errors": {"type": "array", "minItems": 1, "items": reference("Error")}});
    let integer = json!({"type": "integer"});
    let meta = json!({"count": integer, "page_count": integer, "page_number": integer, "page_size": integer});
    json!({
        "Error": object(error, json!(["type", "message"])),
        "Errors": object(errors, json!(["errors"])),
        "Meta": object(meta, json!(["count", "page_count", "page_number", "page_size"])),
    })
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
    let shown = || resource.fields.iter().filter(|field| field.shown != Shown::Never);
    let mut properties: Json = shown().map(|field| described(field, false)).collect();
    for association in resource.associations.iter().filter(|association| !matches!(association.link, Link::Field)) {
        let kind = association.kind();
        let mut schema = kind.schema(matches!(kind, Kind::Id(_)), false);
        schema["description"] = json!(format!("Only with include={}.", association.name));
        properties[association.key] = schema;
    }
    properties["id"] = json!({"type": "string", "pattern": "^[1-9][0-9]*$"});
    let always = shown().filter(|field| field.shown == Shown::From(Rung::EVERYONE)).map(|field| field.name);
    let mut schema = object(properties, ["id"].into_iter().chain(always).collect::<Vec<_>>());
    schema["description"] = json!(resource.text);
    schema
}

/// A field as it is printed or, with `input`, as it is read.
fn described(field: &Field, input: bool) -> (String, Json) {
    let mut schema = field.kind.schema(field.nullable, input);
    schema["description"] = json!(field.text);
    (field.name.to_owned(), schema)
}

fn parameters(resource: &Resource, verb: Verb) -> Vec<Json> {
    let mut parameters = Vec::new();
    let text = || json!({"type": "string"});
    if verb.has_id() {
        let schema = json!({"type": "integer", "format": "int64", "minimum": 1});
        parameters.push(json!({"in": "path", "name": "id", "required": true, "schema": schema}));
    }
    let associations: Vec<&str> = resource.associations.iter().map(|association| association.name).collect();
    let optional = resource.fields.iter().filter(|field| field.shown == Shown::OnRequest);
    let optional: Vec<&str> = optional.map(|field| field.name).collect();
    for (name, choices) in [("include", associations), ("optional_fields", optional)] {
        if !choices.is_empty() && !matches!(verb, Verb::Destroy | Verb::DestroyMany { .. }) {
            parameters.push(query(name, text(), &format!("Any of {}, with commas.", choices.join(", "))));
        }
    }
    if let Verb::DestroyMany { most } = verb {
        parameters.push(query("ids", text(), &format!("Ids with commas, at most {most}; or in the body.")));
    }
    if matches!(verb, Verb::Index | Verb::Show) {
        let acts = |filter: &&Filter| verb == Verb::Index || resource.lifting_value(filter.name).is_some();
        parameters.extend(resource.filters().filter(acts).map(|filter| filter_parameter(resource, filter)));
        let schema = json!({"type": "boolean", "default": true});
        parameters.push(query("apply_default_filters", schema, APPLY_DEFAULT_FILTERS));
    }
    if verb == Verb::Index {
        let directions = |sort: &Sort| ["asc", "desc"].map(|direction| format!("{}:{direction}", sort.name));
        let orders: Vec<String> = resource.sorts.iter().flat_map(directions).collect();
        parameters.push(query("order", json!({"type": "string", "enum": orders}), "The order; ties go by id."));
        parameters.extend(resource.search.iter().map(|_| query("search", text(), SEARCH)));
        parameters.extend(LIST_PARAMETERS.iter().map(|(name, least, sentence)| {
            let number = least.map(|least| json!({"type": "integer", "minimum": least}));
            query(name, number.unwrap_or_else(text), sentence)
        }));
    }
    for (name, _, sentence) in HEADERS.iter().filter(|(_, reads, _)| reads(verb)) {
        parameters.push(json!({"in": "header", "name": name, "schema": text(), "description": sentence}));
    }
    parameters
}

fn filter_parameter(resource: &Resource, filter: &Filter) -> Json {
    let schema = match filter.test {
        Test::Has => json!({"type": "boolean"}),
        Test::Flag(_) => {
            let is_alone = resource.default_scope.as_ref().is_some_and(|scope| scope.lifted_by.len() == 1);
            match resource.lifting_value(filter.name).filter(|_| is_alone) {
                Some(lifting) => json!({"type": "boolean", "default": !lifting}),
                None => json!({"type": "boolean"}),
            }
        }
        Test::Id(_) => json!({"type": "integer", "format": "int64", "minimum": 1}),
        Test::After(_) | Test::Before(_) => json!({"type": "string", "format": "date-time"}),
        Test::Contains(_)
        | Test::Equals(..)
        | Test::OneOf(..)
        | Test::Ids(_)
        | Test::NotIds(_)
        | Test::Lacks(_)
        | Test::LacksIds(_)
        | Test::Words(_)
        | Test::Special(_)
        | Test::Nothing
        | Test::Everything => json!({"type": "string"}),
    };
    query(filter.name, schema, &filter.sentence())
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

#[expect(clippy::needless_pass_by_value, reason = "callers build the schema in place")]
fn query(name: &str, schema: Json, text: &str) -> Json {
    json!({"in": "query", "name": name, "schema": schema, "description": text})
}

fn responses(resource: &Resource, verb: Verb) -> Json {
    let mut responses = match verb {
        Verb::Destroy | Verb::DestroyMany { .. } => json!({"204": {"description": "It is gone."}}),
        _ => json!({"200": content("The records, by id, and their order.", envelope_schema(resource))}),
    };
    for (status, _, text) in REFUSALS.iter().filter(|(_, is_of, _)| is_of(verb)) {
        responses[*status] = content(text, reference("Errors"));
    }
    responses
}

#[expect(clippy::needless_pass_by_value, reason = "callers build the schema in place")]
fn content(text: &str, schema: Json) -> Json {
    json!({"description": text, "content": {"application/json": {"schema": schema}}})
}

fn envelope_schema(resource: &Resource) -> Json {
    let map = |object: &str| json!({"type": "object", "additionalProperties": reference(object)});
    let result = object(json!({"key": {"const": resource.name}, "id": {"type": "string"}}), json!(["key", "id"]));
    let mut properties = json!({
        "count": {"type": "integer", "minimum": 0},
        "results": {"type": "array", "items": result},
        resource.name: map(resource.object),
        "meta": reference("Meta"),
    });
    for association in resource.associations {
        match association.target {
            Target::Records(resource) => properties[resource.name] = map(resource.object),
            Target::Pointed(resources) => {
                for resource in resources {
                    properties[resource.name] = map(resource.object);
                }
            }
            Target::Nothing(name) => properties[name] = json!({"type": "object", "maxProperties": 0}),
        }
    }
    object(properties, json!(["count", "results", resource.name, "meta"]))
}

fn request_body(resource: &Resource, verb: Verb) -> Option<Json> {
    let element = element_schema(resource, verb)?;
    let root = |name: &str, schema: &Json| json!({"type": "object", "properties": {name: schema}, "required": [name]});
    let mut schema = root(resource.singular, &element);
    if let Verb::Create { bulk: bulk @ 2.. } = verb {
        let elements = json!({"type": "array", "minItems": 1, "maxItems": bulk, "items": element});
        schema = json!({"oneOf": [schema, root(resource.name, &elements)]});
    }
    let form = json!({"schema": {"type": "object"}});
    Some(json!({"required": true, "content": {
        "application/json": {"schema": schema},
        "application/x-www-form-urlencoded": form,
        "multipart/form-data": form,
    }}))
}

/// The attributes of one record; `None` for operations that read none.
fn element_schema(resource: &Resource, verb: Verb) -> Option<Json> {
    let settable = || resource.fields.iter().filter_map(|field| Some((field, field.input_for(verb)?)));
    settable().next()?;
    let properties: Json = settable().map(|(field, _)| described(field, true)).collect();
    let required = settable().filter(|(_, input)| input.required && matches!(verb, Verb::Create { .. }));
    let required: Vec<&str> = required.map(|(field, _)| field.name).collect();
    Some(json!({"type": "object", "properties": properties, "required": required}))
}
