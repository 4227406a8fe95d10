//! Strict mode: reports what is otherwise ignored.
//!
//! Like the vendor, this server ignores unknown parameters, which hides a misspelt `only_pendng=false`. With
//! `Invited-Strict: true`, everything at the top level of a request that has no effect is an error that names it;
//! [`super::changes`] does the same inside a record.

use serde_json::Value as Json;

use crate::wire::describe::{Operation, Resource, Shown, Verb};
use crate::wire::openapi::LIST_PARAMETERS;
use crate::wire::params::Params;
use crate::wire::query;

/// A sentence that names what has no effect; `None` if everything has one.
pub fn ignored(resource: &'static Resource, operation: &Operation, params: &Params) -> Option<String> {
    let (verb, Params { tree: params, repeated }) = (operation.verb, params);
    let parameters = params.iter().filter(|(name, value)| !is_blank(value) && !is_known(resource, operation, name));
    let order = params.get("order").and_then(Json::as_str).filter(|_| verb == Verb::Index);
    let is_association = |name: &str| resource.associations.iter().any(|association| association.name == name);
    let is_optional = |name: &str| {
        resource.field(name).is_some_and(|field| matches!(field.shown, Shown::OnRequest | Shown::OnRequestBeside(..)))
    };
    let is_sort = |order: &str| {
        let name = order.split(':').next();
        resource.sorts.iter().any(|sort| Some(sort.name) == name)
    };
    let filters = resource.filters().filter(|filter| is_known(resource, operation, filter.name));
    let unreadable = filters.filter(|filter| query::is_unreadable(filter, params)).map(|filter| filter.name);
    let sentences = [
        ("repeated parameter", repeated.as_deref().into_iter().collect()),
        ("unreadable parameter", unreadable.chain(query::unreadable(params).filter(|_| verb == Verb::Index)).collect()),
        ("unknown parameter", parameters.map(|(name, _)| name.as_str()).collect()),
        ("unknown include", unknown(query::included_names(params), &is_association)),
        ("unknown optional field", unknown(query::optional_fields(params), &is_optional)),
        ("unknown order", unknown(order.into_iter().collect(), &is_sort)),
    ];
    let (kind, names) = sentences.into_iter().find(|(_, names)| !names.is_empty())?;
    let plural = if names.len() == 1 { "" } else { "s" };
    Some(format!("Strict mode: {kind}{plural} {}.", names.join(", ")))
}

/// Clients may send a parameter without a value instead of leaving it out.
fn is_blank(value: &Json) -> bool {
    match value {
        Json::Null => true,
        Json::String(text) => text.is_empty(),
        Json::Array(items) => items.is_empty(),
        Json::Object(members) => members.is_empty(),
        Json::Bool(_) | Json::Number(_) => false,
    }
}

fn is_known(resource: &Resource, operation: &Operation, name: &str) -> bool {
    let verb = operation.verb;
    match name {
        // Authentication has accepted or refused it by now.
        "access_token" => true,
        "include" | "optional_fields" => !verb.answers_nothing() && !matches!(verb, Verb::Overview(_)),
        "apply_default_filters" => matches!(verb, Verb::Index | Verb::Show | Verb::Document(_)),
        "ids" if matches!(verb, Verb::DestroyMany { .. }) => true,
        "order" => verb == Verb::Index,
        "search" => verb == Verb::Index && resource.search.is_some(),
        _ if name == resource.singular => matches!(verb, Verb::Create { .. } | Verb::Update | Verb::Attach(_)),
        _ if name == resource.name => matches!(verb, Verb::Create { bulk } if bulk > 1),
        _ => match verb {
            Verb::Index => {
                resource.filters().any(|filter| filter.name == name)
                    || LIST_PARAMETERS.iter().any(|(known, ..)| *known == name)
            }
            Verb::Show => resource.lifting_value(name).is_some(),
            Verb::Document(_) => {
                let mut parameters = operation.document.iter().flat_map(|document| document.parameters);
                parameters.any(|known| known.name == name) || resource.lifting_value(name).is_some()
            }
            _ => false,
        },
    }
}

fn unknown<'a>(names: Vec<&'a str>, is_known: &dyn Fn(&str) -> bool) -> Vec<&'a str> {
    names.into_iter().filter(|name| !name.is_empty() && !is_known(name)).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::is_blank;

    #[test]
    fn a_parameter_without_a_value_is_blank() {
        for blank in [json!(null), json!(""), json!([]), json!({})] {
            assert!(is_blank(&blank), "{blank}");
        }
        for given in [json!("x"), json!(false), json!(0), json!([1]), json!({"a": 1})] {
            assert!(!is_blank(&given), "{given}");
        }
    }
}
