//! The answers of operations: the envelope, nothing, or a refusal, each with its headers.

use serde_json::{Map, Value as Json, json};

use crate::wire::describe::{Operation, Resource, Verb};
use crate::wire::openapi::components::{Components, reference, title};
use crate::wire::openapi::records::envelope_name;

/// A refusal: its status, its name among the responses, which operations it is of, and a sentence.
struct Refusal(&'static str, &'static str, fn(Verb) -> bool, &'static str);

const REFUSALS: &[Refusal] = &[
    Refusal("400", "BadRequest", |_| true, "The request is malformed."),
    Refusal("401", "Unauthorized", |_| true, "There is no valid bearer token."),
    Refusal("403", "Forbidden", |_| true, "The caller may not do this."),
    Refusal("404", "NotFound", |_| true, "There is no such record."),
    Refusal("408", "RequestTimeout", Verb::reads_body, "The body did not arrive in time."),
    Refusal("412", "PreconditionFailed", Verb::writes_to_record, "The record is not what If-Match expects."),
    Refusal("413", "ContentTooLarge", Verb::reads_body, "The body is too large."),
    Refusal("415", "UnsupportedMediaType", Verb::reads_body, "The content type or encoding is not read."),
    Refusal("422", "UnprocessableContent", |_| true, "The values break a rule."),
    Refusal("429", "TooManyRequests", |_| true, "There were too many requests; Retry-After says when to try again."),
    Refusal("500", "InternalServerError", |_| true, "The server failed; its log has the cause under the request id."),
    Refusal("503", "ServiceUnavailable", |_| true, "The service is unavailable; Retry-After says when to try again."),
];

/// A header of answers: which answers have it, the schema of its value, and a sentence.
struct Header {
    name: &'static str,
    is_on: fn(Verb, &str) -> bool,
    schema: fn() -> Json,
    text: &'static str,
}

const HEADERS: &[Header] = &[
    Header {
        name: "X-Request-Id",
        is_on: |_, _| true,
        schema: || json!({"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[A-Za-z0-9_-]+$"}),
        text: "The id of the request in the log: the one that the request gave, or a new one.",
    },
    Header {
        name: "X-Runtime",
        is_on: |_, _| true,
        schema: || json!({"type": "string", "pattern": "^[0-9]+\\.[0-9]{6}$"}),
        text: "How long the answer took, in seconds.",
    },
    Header {
        name: "ETag",
        is_on: |_, status| status == "200",
        schema: || json!({"type": "string", "pattern": "^W/\".+\"$"}),
        text: "A weak tag of the answer; that of a show is for If-Match.",
    },
    Header {
        name: "Idempotent-Replayed",
        is_on: |verb, status| verb.is_write() && is_success(status),
        schema: || json!({"type": "boolean"}),
        text: "True if this is the answer to an earlier request with the same Idempotency-Key.",
    },
    Header {
        name: "Invited-Dry-Run",
        is_on: |verb, status| verb.is_write() && is_success(status),
        schema: || json!({"type": "boolean"}),
        text: "True if nothing was done, since the request asked for a dry run.",
    },
    Header {
        name: "Invited-Seats-Over",
        is_on: |verb, status| verb.is_write() && is_success(status),
        schema: || json!({"type": "integer", "minimum": 1}),
        text: "How many seats the account now uses beyond its contract.",
    },
    Header {
        name: "Invited-Existing",
        is_on: |verb, status| verb.is_write() && status == "422",
        schema: || json!({"type": "string", "pattern": "^[0-9]+=[0-9]+(, [0-9]+=[0-9]+)*$"}),
        text: "The records in the way of elements of the body: index and id.",
    },
    Header {
        name: "Retry-After",
        is_on: |_, status| matches!(status, "429" | "503"),
        schema: || json!({"type": "integer", "minimum": 0}),
        text: "Seconds until a new try makes sense.",
    },
];

fn is_success(status: &str) -> bool {
    status.starts_with('2')
}

/// The responses of an operation, by status.
pub fn of(components: &mut Components, resource: &Resource, operation: &Operation) -> Json {
    let verb = operation.verb;
    let mut responses = match operation.document {
        _ if verb.answers_nothing() => json!({"204": {"description": "It is gone.", "headers": headers(verb, "204")}}),
        Some(document) => {
            let name = format!("{}{}", resource.object, title(operation.at.unwrap_or(verb.name())));
            let schema = components.add(&name, (document.schema)());
            success(verb, "The answer, without an envelope.", schema)
        }
        None => success(verb, "The records, by id, and their order.", reference(&envelope_name(resource))),
    };
    for Refusal(status, name, _, _) in REFUSALS.iter().filter(|Refusal(_, _, is_of, _)| is_of(verb)) {
        responses[*status] = json!({"$ref": format!("#/components/responses/{name}")});
    }
    responses
}

fn success(verb: Verb, text: &str, schema: Json) -> Json {
    let mut response = content(text, schema);
    response["headers"] = headers(verb, "200");
    json!({ "200": response })
}

/// The refusals, which are the same for all operations, by name.
pub fn refusals() -> Json {
    let refusal = |Refusal(status, name, _, text): &Refusal| {
        let mut response = content(text, reference("ErrorResponse"));
        response["headers"] = headers(Verb::Update, status);
        ((*name).to_owned(), response)
    };
    REFUSALS.iter().map(refusal).collect()
}

/// The headers of answers, by name.
pub fn all_headers() -> Json {
    let header =
        |header: &Header| (header.name.to_owned(), json!({"schema": (header.schema)(), "description": header.text}));
    HEADERS.iter().map(header).collect()
}

fn headers(verb: Verb, status: &str) -> Json {
    let of = HEADERS.iter().filter(|header| (header.is_on)(verb, status));
    let reference = |header: &Header| json!({"$ref": format!("#/components/headers/{}", header.name)});
    Json::Object(of.map(|header| (header.name.to_owned(), reference(header))).collect::<Map<_, _>>())
}

#[expect(clippy::needless_pass_by_value, reason = "callers build the schema in place")]
fn content(text: &str, schema: Json) -> Json {
    json!({"description": text, "content": {"application/json": {"schema": schema}}})
}
