//! From a method and a path to an operation of the registry.
//!
//! The paths of the API follow one pattern, so they are matched against the registry itself: a described resource is
//! routed. The corners of the vendor's router (`.json`, one trailing slash, percent-encoding, everything unknown is 404
//! and never 405) are docs/WIRE.md, C15 to C17.

use hyper::Method;
use percent_encoding::percent_decode_str;

use crate::ids::RecordId;
use crate::resources::entry::Entry;
use crate::resources::registry;
use crate::wire::describe::{Operation, Verb};
use crate::wire::query::digits;

/// The base path of the API.
pub const BASE_PATH: &str = "/api/v1";

pub struct Route {
    pub entry: &'static Entry,
    pub operation: &'static Operation,
    /// `None` when the path has no id, or one that no record can have.
    pub id: Option<RecordId>,
}

/// The decoded segments of a path below the base path; `None` for any other path. A path that cannot be decoded has no
/// segments, so nothing is found there.
pub fn place(path: &str) -> Option<Vec<String>> {
    let mut decoded = path.strip_prefix('/')?.split('/').map(decode);
    let is_below =
        decoded.next().flatten().as_deref() == Some("api") && decoded.next().flatten().as_deref() == Some("v1");
    if !is_below {
        return None;
    }
    let mut segments = decoded.collect::<Option<Vec<String>>>().unwrap_or_default();
    if segments.last().is_some_and(String::is_empty) {
        segments.pop();
    }
    if let Some(last) = segments.last_mut()
        && let Some(stem) = last.strip_suffix(".json")
    {
        *last = stem.to_owned();
    }
    Some(segments)
}

fn decode(segment: &str) -> Option<String> {
    percent_decode_str(segment).decode_utf8().ok().map(std::borrow::Cow::into_owned)
}

/// The operation at these segments.
pub fn find(method: &Method, segments: &[String]) -> Option<Route> {
    let (collection, id, action) = match segments {
        [collection] => (collection, None, None),
        [collection, id] if !id.is_empty() => (collection, Some(id), None),
        [collection, id, action] if !id.is_empty() => (collection, Some(id), Some(action.as_str())),
        _ => return None,
    };
    let entry = registry::find(collection)?;
    let is_word = |word: &str| action.is_none() && id.is_some_and(|id| id == word);
    let is_read_at_word = |verb: Verb| matches!(verb, Verb::ShowOwn(word) | Verb::Overview(word) if is_word(word));
    let own = entry.resource.operation(is_read_at_word).filter(|_| matches!(*method, Method::GET | Method::HEAD));
    let word = id.filter(|_| *method == Method::POST && action.is_none()).map(String::as_str);
    let at_word = word.and_then(|word| at(entry, word));
    let operation = own.or(at_word).or_else(|| {
        entry.resource.operation(|verb| match (method, id.is_some(), action) {
            (&Method::GET | &Method::HEAD, false, None) => verb == Verb::Index,
            (&Method::POST, false, None) => matches!(verb, Verb::Create { .. }),
            (&Method::GET | &Method::HEAD, true, None) => verb == Verb::Show,
            (&Method::PUT | &Method::PATCH, true, None) => verb == Verb::Update,
            (&Method::DELETE, true, None) => verb == Verb::Destroy,
            (&Method::DELETE, false, None) => matches!(verb, Verb::DestroyMany { .. }),
            _ => false,
        })
    });
    let operation = operation.or_else(|| at_record(entry, method, action?))?;
    let id = id.and_then(|id| digits(id)).filter(|id| *id > 0).map(RecordId::new);
    Some(Route { entry, operation, id })
}

/// What a POST to this word of a collection does.
fn at(entry: &Entry, word: &str) -> Option<&'static Operation> {
    let mut operations = entry.resource.operations.iter();
    operations.find(|operation| matches!(operation.verb, Verb::Create { .. }) && operation.at == Some(word))
}

/// What a method does at this word of a record.
fn at_record(entry: &Entry, method: &Method, word: &str) -> Option<&'static Operation> {
    let method = if method == Method::HEAD { &Method::GET } else { method };
    entry.resource.operations.iter().find(|operation| match operation.verb {
        Verb::Action(name) | Verb::Document(name) | Verb::Attach(name) | Verb::Detach(name) => {
            operation.at.unwrap_or(name) == word && operation.verb.method() == method.as_str()
        }
        _ => false,
    })
}
