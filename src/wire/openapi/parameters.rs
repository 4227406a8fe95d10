//! The parameters of operations: those of paths, queries and headers.

use serde_json::{Value as Json, json};

use crate::wire::describe::{Filter, Operation, Resource, Shown, Sort, Test, Verb};
use crate::wire::openapi::components::Components;

/// A header that a request may have.
struct Header {
    name: &'static str,
    is_read_by: fn(Verb) -> bool,
    schema: fn() -> Json,
    text: &'static str,
}

const HEADERS: &[Header] = &[
    Header {
        name: "Invited-Strict",
        is_read_by: |_| true,
        schema: truth,
        text: "With true, whatever would be ignored is an error that names it.",
    },
    Header {
        name: "Invited-Dry-Run",
        is_read_by: Verb::is_write,
        schema: truth,
        text: "With true, everything is done but the effect.",
    },
    Header {
        name: "Idempotency-Key",
        is_read_by: Verb::is_write,
        schema: || json!({"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"}),
        text: "A request with the same key within a day has no second effect: its answer is repeated.",
    },
    Header {
        name: "If-Match",
        is_read_by: Verb::writes_to_record,
        schema: || json!({"type": "string", "minLength": 1}),
        text: "Entity tags of the record as it was read; another record is answered 412.",
    },
];

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

/// Names with commas between them.
const NAMES: &str = "^[a-z_]+(,[a-z_]+)*$";

/// Ids with commas between them.
const IDS: &str = "^[0-9]+(,[0-9]+)*$";

fn truth() -> Json {
    json!({"type": "boolean"})
}

fn text() -> Json {
    json!({"type": "string"})
}

fn id() -> Json {
    json!({"type": "integer", "format": "int64", "minimum": 1})
}

/// The parameters of an operation. The choices of an order get their name among the components.
pub fn of(components: &mut Components, resource: &Resource, operation: &Operation) -> Vec<Json> {
    let (mut parameters, verb) = (Vec::new(), operation.verb);
    if verb.has_id() {
        let text = "The id of the record.";
        parameters.push(json!({"in": "path", "name": "id", "required": true, "schema": id(), "description": text}));
    }
    if !verb.answers_nothing() && operation.document.is_none() {
        parameters.extend(keys(resource));
    }
    if let Verb::DestroyMany { most } = verb {
        let schema = json!({"type": "string", "pattern": IDS});
        parameters.push(query("ids", schema, &format!("Ids with commas, at most {most}.")));
    }
    for parameter in operation.document.iter().flat_map(|document| document.parameters) {
        let mut described = query(parameter.name, parameter.kind.schema(false, true), parameter.text);
        described["required"] = json!(true);
        parameters.push(described);
    }
    if matches!(verb, Verb::Index | Verb::Show | Verb::Document(_)) {
        let acts = |filter: &&Filter| verb == Verb::Index || resource.lifting_value(filter.name).is_some();
        parameters.extend(resource.filters().filter(acts).map(|filter| of_filter(resource, filter)));
        let schema = json!({"type": "boolean", "default": true});
        parameters.push(query("apply_default_filters", schema, APPLY_DEFAULT_FILTERS));
    }
    if verb == Verb::Index {
        parameters.extend(of_list(components, resource));
    }
    parameters.extend(HEADERS.iter().filter(|header| (header.is_read_by)(verb)).map(
        |header| json!({"in": "header", "name": header.name, "schema": (header.schema)(), "description": header.text}),
    ));
    parameters
}

/// Which keys the answer has beyond the usual ones.
fn keys(resource: &Resource) -> Vec<Json> {
    let associations: Vec<&str> = resource.associations.iter().map(|association| association.name).collect();
    let optional =
        resource.fields.iter().filter(|field| matches!(field.shown, Shown::OnRequest | Shown::OnRequestBeside(..)));
    let optional: Vec<&str> = optional.map(|field| field.name).collect();
    let given = [("include", associations), ("optional_fields", optional)].into_iter();
    let parameter = |(name, choices): (&str, Vec<&str>)| {
        let schema = json!({"type": "string", "pattern": NAMES});
        query(name, schema, &format!("Any of {}, with commas.", choices.join(", ")))
    };
    given.filter(|(_, choices)| !choices.is_empty()).map(parameter).collect()
}

/// Order, search and page.
fn of_list(components: &mut Components, resource: &Resource) -> Vec<Json> {
    let mut parameters = Vec::new();
    let directions = |sort: &Sort| ["asc", "desc"].map(|direction| format!("{}:{direction}", sort.name));
    let orders: Vec<String> = resource.sorts.iter().flat_map(directions).collect();
    if !orders.is_empty() {
        let orders = components.add(&format!("{}Order", resource.object), json!({"type": "string", "enum": orders}));
        parameters.push(query("order", orders, "The order; ties go by id."));
    }
    parameters.extend(resource.search.iter().map(|_| query("search", text(), SEARCH)));
    parameters.extend(LIST_PARAMETERS.iter().map(|(name, least, sentence)| {
        let number = least.map(|least| json!({"type": "integer", "minimum": least}));
        query(name, number.unwrap_or_else(|| json!({"type": "string", "pattern": IDS})), sentence)
    }));
    parameters
}

fn of_filter(resource: &Resource, filter: &Filter) -> Json {
    let schema = match filter.test {
        Test::Has => truth(),
        Test::Flag(_) => {
            let is_alone = resource.default_scope.as_ref().is_some_and(|scope| scope.lifted_by.len() == 1);
            match resource.lifting_value(filter.name).filter(|_| is_alone) {
                Some(lifting) => json!({"type": "boolean", "default": !lifting}),
                None => truth(),
            }
        }
        Test::Id(_) => id(),
        Test::Ids(_) | Test::NotIds(_) => json!({"type": "string", "pattern": IDS}),
        Test::Words(words) => {
            let words: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            json!({"type": "string", "pattern": format!("^({0})(,({0}))*$", words.join("|"))})
        }
        Test::After(_) | Test::Before(_) => json!({"type": "string", "format": "date-time"}),
        // Text, or several of them in one.
        _ => text(),
    };
    let mut parameter = query(filter.name, schema, &filter.sentence());
    if filter.is_required {
        parameter["required"] = json!(true);
    }
    parameter
}

#[expect(clippy::needless_pass_by_value, reason = "callers build the schema in place")]
fn query(name: &str, schema: Json, text: &str) -> Json {
    json!({"in": "query", "name": name, "schema": schema, "description": text})
}
