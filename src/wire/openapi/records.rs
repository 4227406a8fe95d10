//! The schemas of a resource: its records, their envelope, and the bodies that make and change them.

use serde_json::{Value as Json, json};

use crate::wire::describe::{Field, FileInput, Link, Operation, Resource, Rung, Shown, Target, Verb};
use crate::wire::kind::Kind;
use crate::wire::openapi::components::{Components, object, reference, title};

/// Names a rung for a sentence such as `Only for administrators.`; `None` if it is open to all.
pub type Readers = fn(Rung) -> Option<String>;

fn id() -> Json {
    Kind::Id("").schema(false, false)
}

/// What the envelopes and the refusals of all resources share.
pub fn add_shared(components: &mut Components) {
    let count = |text: &str| json!({"type": "integer", "minimum": 0, "description": text});
    let meta = json!({
        "count": count("Records of the whole list."),
        "page_count": count("Pages of the whole list."),
        "page_number": count("This page; 0 of 0 if the list is empty."),
        "page_size": count("The most records on a page."),
    });
    components.add("Meta", object(meta, json!(["count", "page_count", "page_number", "page_size"])));
    let key = json!({"type": "string", "pattern": "^[a-z_]+$", "description": "The map that holds the record."});
    components.add("ResultEntry", object(json!({"key": key, "id": id()}), json!(["key", "id"])));
    let kind = json!({"type": "string", "enum": ["oauth", "syntax", "system", "validation"]});
    let detail = json!({
        "type": components.attribute("ErrorDetail", "type", "", kind),
        "field": {"type": "string", "description": "On validation only: the attribute, or base."},
        "message": {"type": "string", "description": "A sentence for people."},
        "index": {"type": "integer", "minimum": 0, "description": "On validation only: the position in a bulk."},
    });
    let detail = components.add("ErrorDetail", object(detail, json!(["type", "message"])));
    let errors = json!({"errors": {"type": "array", "minItems": 1, "items": detail}});
    components.add("ErrorResponse", object(errors, json!(["errors"])));
}

/// Adds the schema of a record and of its envelope.
pub fn add_answers(components: &mut Components, resource: &Resource, readers: Readers) {
    let record = record(components, resource, readers);
    components.add(resource.object, record);
    components.add(&envelope_name(resource), envelope(resource));
}

pub fn envelope_name(resource: &Resource) -> String {
    format!("{}Envelope", resource.object)
}

fn record(components: &mut Components, resource: &Resource, readers: Readers) -> Json {
    let shown = || resource.fields.iter().filter(|field| field.shown != Shown::Never);
    let mut attribute = |field: &Field| {
        let mut schema = field.kind.schema(field.nullable, false);
        schema["description"] = json!(format!("{}{}", field.text, condition(field, readers)));
        (field.name.to_owned(), components.attribute(resource.object, field.name, "", schema))
    };
    let mut properties: Json = shown().map(&mut attribute).collect();
    for association in resource.associations.iter().filter(|association| !matches!(association.link, Link::Field)) {
        let kind = association.kind();
        let is_nullable = matches!(kind, Kind::Id(_) | Kind::Pointer);
        let mut schema = kind.schema(is_nullable, false);
        schema["description"] = json!(format!("Only with include={}.", association.name));
        properties[association.key] = components.attribute(resource.object, association.key, "", schema);
    }
    properties["id"] = id();
    let always = shown().filter(|field| field.shown == Shown::From(Rung::EVERYONE)).map(|field| field.name);
    let mut schema = object(properties, ["id"].into_iter().chain(always).collect::<Vec<_>>());
    schema["description"] = json!(resource.text);
    schema
}

/// When a field is printed, as a sentence after its own.
fn condition(field: &Field, readers: Readers) -> String {
    match field.shown {
        Shown::From(rung) => readers(rung).map(|readers| format!(" Only for {readers}.")).unwrap_or_default(),
        Shown::OnRequestBeside(parameter, rung) => {
            let readers = readers(rung).map(|readers| format!(" Only for {readers},")).unwrap_or_default();
            format!("{readers} with optional_fields={} and {parameter}=true.", field.name)
        }
        Shown::OnRequest => format!(" Only with optional_fields={}.", field.name),
        Shown::Never => String::new(),
    }
}

fn envelope(resource: &Resource) -> Json {
    let map = |object: &str| json!({"type": "object", "additionalProperties": reference(object)});
    let mut properties = json!({
        "count": {"type": "integer", "minimum": 0, "description": "Records of the whole list."},
        "results": {"type": "array", "items": reference("ResultEntry"), "description": "The records in their order."},
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
            Target::Nothing(name) => {
                properties[name] = json!({"type": "object", "additionalProperties": true, "maxProperties": 0});
            }
        }
    }
    object(properties, json!(["count", "results", resource.name, "meta"]))
}

/// The body of an operation, by name; `None` for those that read no attributes.
///
/// Forms are read, too, and are not described: a generator that finds several media types may pick the wrong one.
pub fn body(components: &mut Components, resource: &Resource, operation: &Operation) -> Option<Json> {
    let verb = operation.verb;
    if let Some(file) = operation.file {
        return Some(file_body(components, resource, file));
    }
    let name = format!("{}{}", resource.object, title(verb.name()));
    let element = element(components, resource, verb, &name)?;
    let (one, many) = (resource.singular, resource.name);
    let schema = match verb {
        // One of two keys: a choice of two schemas says the same, and costs most generators a type for each.
        Verb::Create { bulk: bulk @ 2.. } => json!({
            "type": "object",
            "properties": {one: element, many: {"type": "array", "minItems": 1, "maxItems": bulk, "items": element}},
            "minProperties": 1,
            "maxProperties": 1,
            "description": format!("Either one under {one}, or up to {bulk} under {many}: all are made, or none."),
        }),
        _ => json!({
            "type": "object",
            "properties": {one: element},
            "required": [one],
            "description": format!("The attributes under {one}."),
        }),
    };
    let schema = components.add(&format!("{name}Body"), schema);
    Some(json!({"required": true, "content": {"application/json": {"schema": schema}}}))
}

/// A body with a file, which only a multipart form can carry.
fn file_body(components: &mut Components, resource: &Resource, file: &FileInput) -> Json {
    let part = file.part(resource.singular);
    let name = format!("{}{}", resource.object, title(file.field));
    let content = json!({
        "type": "string",
        "format": "binary",
        "contentMediaType": "application/octet-stream",
        "description": format!("{} {}.", file.text, file.formats),
    });
    let schema = json!({
        "type": "object",
        "description": format!("The file, in the part {part}."),
        "properties": {part.as_str(): content},
        "required": [part],
    });
    let schema = components.add(&name, schema);
    json!({"required": true, "content": {"multipart/form-data": {"schema": schema}}})
}

/// The attributes of one record.
fn element(components: &mut Components, resource: &Resource, verb: Verb, name: &str) -> Option<Json> {
    let settable = || resource.fields.iter().filter_map(|field| Some((field, field.input_for(verb)?)));
    settable().next()?;
    let mut attribute = |field: &Field| {
        let mut schema = field.kind.schema(field.nullable, true);
        schema["description"] = json!(field.text);
        (field.name.to_owned(), components.attribute(resource.object, field.name, "Input", schema))
    };
    let properties: Json = settable().map(|(field, _)| attribute(field)).collect();
    let is_create = matches!(verb, Verb::Create { .. });
    let required = settable().filter(|(_, input)| input.always_required || input.required && is_create);
    let required: Vec<&str> = required.map(|(field, _)| field.name).collect();
    let mut schema = json!({"type": "object", "properties": properties});
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    Some(components.add(name, schema))
}
