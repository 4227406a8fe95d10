//! The contract that every answer must meet.
//!
//! The files in `tests/it/contract/` describe the bodies with closed objects, so a stray field fails. The code adds
//! what a schema cannot express: the headers (D4), the order of keys, that `results` and the primary map name the same
//! records in the same order (H14), that `count` agrees with `meta`, that an error's type matches its status.
//!
//! The files are OpenAPI 3.0, whose `nullable` is no JSON Schema. It is rewritten once, and each schema is compiled at
//! most once.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use jsonschema::{Draft, Validator};
use serde_json::{Value, json};

use super::client::{Answer, BASE};
use super::ordered_json::{self, Json};

/// The files. In all but the first, an object's keys are in the order of the wire, and its title is its map.
pub(crate) const FILES: &[&str] = &[
    include_str!("../contract/ox-people.openapi.json"),
    include_str!("../contract/ox-references.openapi.json"),
    include_str!("../contract/ox-skills.openapi.json"),
    include_str!("../contract/ox-rates.openapi.json"),
    include_str!("../contract/ox-photos.openapi.json"),
    include_str!("../contract/ox-fields.openapi.json"),
    include_str!("../contract/ox-events.openapi.json"),
];

static CONTRACT: LazyLock<Contract> = LazyLock::new(Contract::load);

/// The fields of an invitation, in order; the two rates and the target may be missing.
const INVITATION: &[&str] = &[
    "full_name",
    "email_address",
    "headline",
    "permission",
    "pending",
    "expiration_date",
    "bill_rate_in_cents",
    "billability_target",
    "cost_rate_in_cents",
    "inviter_id",
    "invitee_id",
    "default_role_id",
    "id",
];
/// The keys of a membership, in order: fields, keys of other records, id. Conditional and optional ones may be missing.
const MEMBERSHIP: &[&str] = &[
    "permission",
    "is_administrator",
    "is_project_lead",
    "is_punch_clock_user",
    "is_owner",
    "is_backup_approver",
    "can_create_workspace",
    "can_view_reports",
    "default_read_only",
    "manager_can_approve",
    "manager_can_edit_skills",
    "should_show_alert_on_timesheet_submission",
    "disabled_at",
    "created_at",
    "updated_at",
    "bill_rate_in_cents",
    "billability_target",
    "cost_rate_in_cents",
    "collaborator_only_license",
    "can_log_in",
    "non_participant",
    "enforce_workweek_minimum_on_timesheet_submission",
    "enforce_workweek_maximum_on_timesheet_submission",
    "user_id",
    "default_role_id",
    "manager_id",
    "effective_workweek_id",
    "backup_approver_association_ids",
    "cost_rate_ids",
    "future_billable_utilization_ids",
    "managee_ids",
    "possible_managee_ids",
    "possible_manager_ids",
    "skill_membership_ids",
    "id",
];
/// Keys that may be missing in an included membership.
const SOMETIMES: &[&str] = &[
    "bill_rate_in_cents",
    "billability_target",
    "cost_rate_in_cents",
    "enforce_workweek_minimum_on_timesheet_submission",
    "enforce_workweek_maximum_on_timesheet_submission",
];
const USER: &[&str] = &["full_name", "photo_path", "email_address", "headline", "id"];
const ROLE: &[&str] = &["name", "created_at", "updated_at", "deleted_at", "id"];
const ERROR: &[&str] = &["type", "field", "message", "index"];

/// Words after a record or a collection with answers that have no envelope.
const OUTSIDE: &[&str] = &["capacity", "event_types"];

/// Headers with one value, on every answer.
const FIXED_HEADERS: &[(&str, &str)] = &[
    ("cache-control", "no-cache, no-store"),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "SAMEORIGIN"),
    ("x-xss-protection", "1; mode=block"),
    ("x-download-options", "noopen"),
    ("x-permitted-cross-domain-policies", "none"),
];
/// Headers of no answer: there is no TLS here, and the vendor sends no challenge.
const ABSENT_HEADERS: &[&str] = &["strict-transport-security", "www-authenticate", "set-cookie"];

/// A schema that is compiled when the first answer is judged by it: most stories need three of the 168.
type Schema = LazyLock<Validator, Box<dyn FnOnce() -> Validator + Send>>;

struct Contract {
    templates: Vec<String>,
    /// By method, path template and status.
    answers: HashMap<(String, String, u16), Option<Schema>>,
    errors: Schema,
    /// The keys of the objects in a map, in order, each with whether every object has it.
    keys: HashMap<String, Vec<(String, bool)>>,
}

impl Contract {
    fn load() -> Self {
        let mut document = joined();
        rewrite_nullable(&mut document);
        let components = Arc::new(document["components"].take());
        let schema = |schema: &Value| {
            let (mut schema, components) = (schema.clone(), Arc::clone(&components));
            Schema::new(Box::new(move || {
                // References point to `#/components/schemas/…`, so each schema takes the components along.
                schema["components"] = Value::clone(&components);
                jsonschema::options()
                    .with_draft(Draft::Draft202012)
                    .should_validate_formats(true)
                    .build(&schema)
                    .expect("the contract's schemas compile")
            }))
        };
        let mut answers = HashMap::new();
        let paths = document["paths"].as_object().expect("the contract has paths");
        for (template, methods) in paths {
            for (method, operation) in methods.as_object().expect("a path has methods") {
                for (status, answer) in operation["responses"].as_object().expect("an operation has responses") {
                    let status = status.parse().expect("a status is a number");
                    let body = answer.pointer("/content/application~1json/schema").map(schema);
                    answers.insert((method.to_uppercase(), template.clone(), status), body);
                }
            }
        }
        let errors = schema(&json!({"$ref": "#/components/schemas/Errors"}));
        let keys = FILES[1..].iter().flat_map(|file| keys_of(file)).collect();
        Self { templates: paths.keys().cloned().collect(), answers, errors, keys }
    }

    /// The template of a path below the base path, literal segments first: `/users/me` is not `/users/{id}`.
    fn template(&self, path: &str) -> Option<&str> {
        let segments: Vec<&str> = path.split('/').collect();
        let fits = |template: &&String| {
            let pieces: Vec<&str> = template.split('/').collect();
            pieces.len() == segments.len()
                && pieces
                    .iter()
                    .zip(&segments)
                    .all(|(piece, segment)| piece == segment || (piece.starts_with('{') && !segment.is_empty()))
        };
        self.templates.iter().filter(fits).min_by_key(|template| template.matches('{').count()).map(String::as_str)
    }
}

/// Paths and schemas of all files.
fn joined() -> Value {
    let read = |file: &&str| serde_json::from_str::<Value>(file).expect("a contract file is valid JSON");
    let mut documents = FILES.iter().map(read);
    let mut joined = documents.next().expect("there is a first file");
    for document in documents {
        for place in ["/paths", "/components/schemas"] {
            let more = document.pointer(place).and_then(Value::as_object).expect("a contract has paths and schemas");
            let all = joined.pointer_mut(place).and_then(Value::as_object_mut).expect("the first one, too");
            all.extend(more.clone());
        }
    }
    joined
}

/// A text of JSON without the blanks between its tokens.
fn compact(text: &str) -> String {
    let (mut is_text, mut is_escaped) = (false, false);
    let is_kept = |character: &char| {
        let is_kept = is_text || !character.is_ascii_whitespace();
        is_text ^= *character == '"' && !is_escaped;
        is_escaped = *character == '\\' && !is_escaped;
        is_kept
    };
    text.chars().filter(is_kept).collect()
}

/// The keys of the titled objects of a file.
fn keys_of(file: &str) -> Vec<(String, Vec<(String, bool)>)> {
    let document = ordered_json::read(&compact(file)).expect("a contract file is valid JSON");
    let schemas = document.get("components").and_then(|it| it.get("schemas")).expect("a contract has schemas");
    let titled = schemas.pairs().iter().filter_map(|(_, schema)| {
        let title = schema.get("title").and_then(Json::text)?.to_owned();
        let required: Vec<&str> = schema.get("required")?.elements().iter().filter_map(Json::text).collect();
        let keys = schema.get("properties")?.keys();
        let keys = keys.into_iter().map(|key| (key.to_owned(), required.contains(&key)));
        Some((title, keys.collect()))
    });
    titled.collect()
}

/// `nullable: true` beside a type, an enumeration or a choice becomes another alternative.
fn rewrite_nullable(value: &mut Value) {
    match value {
        Value::Array(elements) => elements.iter_mut().for_each(rewrite_nullable),
        Value::Object(object) => {
            object.values_mut().for_each(rewrite_nullable);
            if object.get("nullable") == Some(&Value::Bool(true)) {
                object.remove("nullable");
                if let Some(kind) = object.get_mut("type") {
                    *kind = json!([kind, "null"]);
                }
                if let Some(Value::Array(values)) = object.get_mut("enum") {
                    values.push(Value::Null);
                }
                if let Some(Value::Array(choices)) = object.get_mut("oneOf") {
                    choices.push(json!({"type": "null"}));
                }
            }
        }
        _ => {}
    }
}

/// Checks an answer; the error names the breach.
pub(crate) fn check(method: &str, target: &str, sent: &[(String, String)], answer: &Answer) -> Result<(), String> {
    let path = target.split('?').next().unwrap_or_default();
    // The description, the reference page and the health pages are outside the vendor's API and have their own shapes.
    let Some(below) = path.strip_prefix(BASE) else {
        return Ok(());
    };
    if below == "/openapi.json" && answer.status == 200 {
        return Ok(());
    }
    check_headers(sent, answer)?;
    if method == "HEAD" || answer.status == 204 || answer.status == 304 {
        return match answer.body.len() {
            0 => Ok(()),
            length => Err(format!("there are {length} bytes of body where none may be")),
        };
    }
    let text = str::from_utf8(&answer.body).map_err(|_| "the body is not UTF-8".to_owned())?;
    let value: Value = serde_json::from_str(text).map_err(|cause| format!("the body is no JSON: {cause}"))?;
    let ordered = ordered_json::read(text)?;
    check_schema(method, below, answer.status, &value)?;
    if answer.status >= 400 {
        check_errors(answer, &ordered)
    } else if below.split('/').skip(2).any(|word| OUTSIDE.iter().any(|name| word.starts_with(name))) {
        Ok(())
    } else {
        check_envelope(&ordered)
    }
}

fn check_headers(sent: &[(String, String)], answer: &Answer) -> Result<(), String> {
    let wants = |name: &str, wanted: Option<&str>| match (answer.header(name), wanted) {
        (found, wanted) if found == wanted => Ok(()),
        (found, wanted) => Err(format!("the header {name} is {found:?} instead of {wanted:?}")),
    };
    for (name, value) in FIXED_HEADERS {
        wants(name, Some(value))?;
    }
    for name in ABSENT_HEADERS {
        wants(name, None)?;
    }
    let has_body = answer.status != 204 && answer.status != 304;
    wants("content-type", has_body.then_some("application/json; charset=utf-8"))?;
    for (position, (name, _)) in answer.headers.iter().enumerate() {
        if answer.headers[..position].iter().any(|(earlier, _)| earlier == name) {
            return Err(format!("the header {name} stands twice"));
        }
    }
    let entity_tag = answer.header("etag");
    if answer.status == 200 {
        let inner = entity_tag.and_then(|tag| tag.strip_prefix("W/\"")).and_then(|tag| tag.strip_suffix('"'));
        if inner.is_none_or(str::is_empty) {
            return Err(format!("the ETag is {entity_tag:?} instead of a weak one"));
        }
    } else if answer.status != 304 {
        wants("etag", None)?;
    }
    let runtime = answer.header("x-runtime");
    if runtime.and_then(|runtime| runtime.parse::<f64>().ok()).is_none_or(|seconds| seconds < 0.0) {
        return Err(format!("X-Runtime is {runtime:?} instead of seconds"));
    }
    let waits = answer.header("retry-after");
    if [429, 503].contains(&answer.status) != waits.is_some_and(|seconds| seconds.parse::<u32>().is_ok()) {
        return Err(format!("Retry-After is {waits:?} on a {}", answer.status));
    }
    check_request_id(sent, answer.header("x-request-id").unwrap_or_default())
}

/// D5: a harmless id of the client is returned, otherwise a fresh UUID.
fn check_request_id(sent: &[(String, String)], found: &str) -> Result<(), String> {
    let mut own = sent.iter().filter(|(name, _)| name.eq_ignore_ascii_case("x-request-id")).map(|(_, value)| value);
    let harmless = |id: &&String| {
        (1..=255).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    };
    match (own.next(), own.next()) {
        // Either of two ids may be used.
        (Some(_), Some(_)) => Ok(()),
        (Some(id), None) if harmless(&id) && id == found => Ok(()),
        (Some(id), None) if harmless(&id) => Err(format!("X-Request-Id is {found:?} instead of the client's {id:?}")),
        _ if is_uuid(found) => Ok(()),
        _ => Err(format!("X-Request-Id is {found:?} instead of a UUID")),
    }
}

fn is_uuid(text: &str) -> bool {
    let groups: Vec<&str> = text.split('-').collect();
    groups.iter().map(|group| group.len()).eq([8, 4, 4, 4, 12])
        && groups.concat().bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn check_schema(method: &str, below: &str, status: u16, value: &Value) -> Result<(), String> {
    // Each of these spellings is the same operation.
    let path = percent_decoded(below);
    let path = path.strip_suffix('/').unwrap_or(&path);
    let path = path.strip_suffix(".json").unwrap_or(path);
    let template = CONTRACT.template(path).unwrap_or(path);
    let method = if method == "PATCH" { "PUT" } else { method };
    let validator = match CONTRACT.answers.get(&(method.to_owned(), template.to_owned(), status)) {
        Some(Some(validator)) => validator,
        Some(None) => {
            return Err(format!("{method} {template} {status} has no body in the contract"));
        }
        None if status >= 400 => &CONTRACT.errors,
        None => return Err(format!("{method} {template} does not answer {status}")),
    };
    let faults: Vec<String> =
        validator.iter_errors(value).map(|fault| format!("at {}: {fault}", fault.instance_path())).collect();
    if faults.is_empty() { Ok(()) } else { Err(faults.join("\n")) }
}

fn percent_decoded(path: &str) -> String {
    percent_encoding::percent_decode_str(path).decode_utf8_lossy().into_owned()
}

fn check_errors(answer: &Answer, body: &Json) -> Result<(), String> {
    let wanted = match answer.status {
        400 | 413 | 415 => "syntax",
        401 => "oauth",
        422 => "validation",
        _ => "system",
    };
    for entry in body.get("errors").map(Json::elements).unwrap_or_default() {
        let kind = entry.get("type").and_then(Json::text).unwrap_or_default();
        if kind != wanted {
            return Err(format!("a {} has the type {kind:?} instead of {wanted:?}", answer.status));
        }
        let due: &[&str] = if kind == "validation" { ERROR } else { &["type", "message"] };
        if entry.keys() != due {
            return Err(format!("an error has the keys {:?} instead of {due:?}", entry.keys()));
        }
    }
    Ok(())
}

fn check_envelope(body: &Json) -> Result<(), String> {
    let keys = body.keys();
    let [first, second, primary, fourth, included @ ..] = keys.as_slice() else {
        return Err(format!("the envelope has only the keys {keys:?}"));
    };
    if [*first, *second, *fourth] != ["count", "results", "meta"] {
        return Err(format!("the envelope's keys come in the order {keys:?}"));
    }
    let find = |key: &str| body.get(key).unwrap_or(&Json::Array(Vec::new())).clone();
    let (meta, results, records) = (find("meta"), find("results"), find(primary));
    if meta.keys() != ["count", "page_count", "page_number", "page_size"] {
        return Err(format!("meta has the keys {:?}", meta.keys()));
    }
    if meta.get("count") != body.get("count") {
        return Err("count and meta.count differ".to_owned());
    }
    let mut ids = Vec::new();
    for entry in results.elements() {
        if entry.keys() != ["key", "id"] || entry.get("key").and_then(Json::text) != Some(primary) {
            return Err(format!("results holds {entry:?}"));
        }
        ids.push(entry.get("id").and_then(Json::text).unwrap_or_default());
    }
    // An association to records of the same class adds them to the same map, after those of the page.
    if !records.keys().starts_with(&ids) || (records.keys().len() > ids.len() && *primary != "users") {
        return Err(format!("results names {ids:?}, but {primary} holds {:?}", records.keys()));
    }
    check_records(primary, &records, false)?;
    included.iter().try_for_each(|name| check_records(name, &find(name), true))
}

/// Fields are in their declared order, `id` last; a side-loaded object has no optional ones.
fn check_records(class: &str, records: &Json, side_loaded: bool) -> Result<(), String> {
    if let Some(declared) = CONTRACT.keys.get(class) {
        return check_keys(class, declared, records, side_loaded);
    }
    let declared = match class {
        "account_invitations" => INVITATION,
        "account_memberships" => MEMBERSHIP,
        "users" if side_loaded => USER,
        "roles" if side_loaded => ROLE,
        _ => &[],
    };
    let last_field = MEMBERSHIP.iter().position(|name| *name == "manager_id").unwrap_or_default();
    let is_plain = |name: &&str| match MEMBERSHIP.iter().position(|known| known == name) {
        Some(place) if class == "account_memberships" => {
            (place <= last_field || *name == "id") && !["can_log_in", "non_participant"].contains(name)
        }
        _ => true,
    };
    for (id, record) in records.pairs() {
        let keys = record.keys();
        if keys.last() != Some(&"id") || record.get("id").and_then(Json::text) != Some(id) {
            return Err(format!("the object {id} of {class} does not end with its id"));
        }
        let is_due = |name: &&str| keys.contains(name) || (side_loaded && is_plain(name) && !SOMETIMES.contains(name));
        let due: Vec<&str> = declared.iter().copied().filter(is_due).collect();
        if !declared.is_empty() && keys != due {
            return Err(format!("the object {id} of {class} has the keys {keys:?} instead of {due:?}"));
        }
        if let Some(stray) = keys.iter().find(|name| side_loaded && !is_plain(name)) {
            return Err(format!("the included object {id} of {class} has the key {stray}"));
        }
    }
    Ok(())
}

/// The same for an object whose keys a file lists.
fn check_keys(class: &str, declared: &[(String, bool)], records: &Json, side_loaded: bool) -> Result<(), String> {
    for (id, record) in records.pairs() {
        let keys = record.keys();
        let is_due = |name: &str, always: bool| always || (!side_loaded && keys.contains(&name));
        let due: Vec<&str> =
            declared.iter().filter(|(name, always)| is_due(name, *always)).map(|(name, _)| name.as_str()).collect();
        if keys != due || record.get("id").and_then(Json::text) != Some(id) {
            return Err(format!("the object {id} of {class} has the keys {keys:?} instead of {due:?}"));
        }
    }
    Ok(())
}

#[test]
fn every_schema_of_the_contract_compiles() {
    let schemas: Vec<&Schema> = CONTRACT.answers.values().flatten().chain([&CONTRACT.errors]).collect();
    for schema in &schemas {
        LazyLock::force(schema);
    }
    assert!(schemas.len() > 150, "only {} schemas", schemas.len());
}
