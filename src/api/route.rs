//! From a method and a path to an operation of the registry.
//!
//! The paths of the API follow one pattern, so they are matched against the registry itself: a resource that is
//! described is routed. The corners of the vendor's router (`.json`, one trailing slash, percent-encoding, everything
//! unknown is 404 and never 405) are protocol-corners C15 to C17.

use hyper::Method;
use percent_encoding::percent_decode_str;

use crate::resources::{self, Entry};
use crate::wire::describe::{Operation, Verb};
use crate::wire::query::digits;

/// An operation and the record that it is about.
pub struct Route {
    /// The resource.
    pub entry: &'static Entry,
    /// The operation.
    pub operation: &'static Operation,
    /// The record; `None` when the path has no id, or one that no record can have.
    pub id: Option<i64>,
}

/// The segments of a path below the base path, decoded; `None` for a path elsewhere. A path that cannot be decoded has no
/// segments, so that nothing is found there.
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

/// The operation at a place.
pub fn find(method: &Method, segments: &[String]) -> Option<Route> {
    let (entry, wanted): (_, Box<dyn Fn(Verb) -> bool>) = match segments {
        [collection] => (
            resources::find(collection)?,
            match *method {
                Method::GET | Method::HEAD => Box::new(|verb| verb == Verb::Index),
                Method::POST => Box::new(|verb| matches!(verb, Verb::Create { .. })),
                _ => return None,
            },
        ),
        [collection, id] if !id.is_empty() => (
            resources::find(collection)?,
            match *method {
                Method::GET | Method::HEAD => Box::new(|verb| verb == Verb::Show),
                Method::PUT | Method::PATCH => Box::new(|verb| verb == Verb::Update),
                Method::DELETE => Box::new(|verb| verb == Verb::Destroy),
                _ => return None,
            },
        ),
        [collection, id, action] if !id.is_empty() && *method == Method::PUT => {
            (resources::find(collection)?, Box::new(move |verb| matches!(verb, Verb::Action(name) if name == action)))
        }
        _ => return None,
    };
    let operation = entry.resource.operation(wanted)?;
    let id = segments.get(1).and_then(|id| digits(id)).filter(|id| *id > 0);
    Some(Route { entry, operation, id })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(method: &Method, path: &str) -> Option<(&'static str, Option<i64>)> {
        find(method, &place(path)?).map(|route| (route.operation.verb.name(), route.id))
    }

    #[test]
    fn paths_find_their_operation() {
        let (get, put) = (&Method::GET, &Method::PUT);
        for (method, path, expected) in [
            (get, "/api/v1/account_invitations", Some(("list", None))),
            (get, "/api/v1/account_invitations.json", Some(("list", None))),
            (get, "/api/v1/account_invitations/", Some(("list", None))),
            (&Method::HEAD, "/api/v1/account_invitations/7", Some(("show", Some(7)))),
            (get, "/api/v1/account_invitations/%37", Some(("show", Some(7)))),
            (get, "/api/v1/account_invitations/007.json", Some(("show", Some(7)))),
            (get, "/api/v1/account_invitations/7abc", Some(("show", None))),
            (get, "/api/v1/account_invitations/7.json.json", Some(("show", None))),
            (get, "/api/v1/account_invitations/0", Some(("show", None))),
            (get, "/api/v1/account_invitations/99999999999999999999", Some(("show", None))),
            (&Method::PATCH, "/api/v1/account_invitations/7", Some(("update", Some(7)))),
            (put, "/api/v1/account_invitations/7/resend.json", Some(("resend", Some(7)))),
            (&Method::PATCH, "/api/v1/account_invitations/7/resend", None),
            (put, "/api/v1/account_invitations", None),
            (get, "/api/v1/Account_invitations", None),
            (get, "/api/v1//account_invitations", None),
            (get, "/api/v1/account_invitations//", None),
            (get, "/api/v1/account_invitations/.json", None),
            (get, "/api/v1/account_invitations.xml", None),
            (get, "/api/v1/account_invitations%2F7", None),
            (get, "/api/v2/account_invitations", None),
            (get, "/api/v1/%ff", None),
        ] {
            assert_eq!(name(method, path), expected, "{method} {path}");
        }
    }
}
