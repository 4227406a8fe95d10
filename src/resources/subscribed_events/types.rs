//! The types of events, and what their payloads hold: `GET /subscribed_events/event_types`.

use serde_json::{Map, Value as Json, json};

use crate::engine::access::Caller;
use crate::engine::error::Error;
use crate::resources::subscribed_events::subjects::SUBJECTS;
use crate::store::Db;
use crate::wire::describe::{Document, Field, Resource};

/// The word in the path.
pub const WORD: &str = "event_types";

/// The document is the same for everybody.
pub fn print(_: &mut Db, _: &Caller) -> Result<Vec<u8>, Error> {
    let types = SUBJECTS.iter().flat_map(|subject| subject.events.iter().map(move |what| (*subject, *what)));
    let (names, schemas): (Vec<String>, Map<String, Json>) = types
        .map(|(subject, what)| {
            let name = format!("{}:{what}", subject.singular);
            let schema = json!({"name": name, "description": sentence(subject, what), "fields": fields(subject)});
            (name.clone(), (name, schema))
        })
        .unzip();
    let document = json!({"subscribed_event_types": names, "subscribed_event_type_schemas": schemas});
    Ok(document.to_string().into_bytes())
}

fn sentence(subject: &Resource, what: &str) -> String {
    format!("{} was {}.", subject.object, what.replace('_', " "))
}

fn fields(subject: &Resource) -> Json {
    let field = |field: &Field| {
        let kind = field.kind.schema(field.nullable, false)["type"].clone();
        (field.name.to_owned(), json!({"name": field.name, "type": kind, "description": field.text}))
    };
    subject.fields.iter().map(field).collect::<Map<_, _>>().into()
}

pub static DOCUMENT: Document = Document { parameters: &[], schema };

fn schema() -> Json {
    let text = json!({"type": "string"});
    let of_type = json!({"type": "object", "description": "The name, the description and the fields of a type."});
    json!({
        "type": "object",
        "properties": {
            "subscribed_event_types": {"type": "array", "items": text},
            "subscribed_event_type_schemas": {"type": "object", "additionalProperties": of_type},
        },
        "required": ["subscribed_event_types", "subscribed_event_type_schemas"],
    })
}
