//! What a request asks of a list: filters, search, order, page and includes, by the vendor library's rules.
//!
//! Those rules hardly ever answer an error: what cannot be read falls back to a default (protocol.md section 4, rules B1
//! to B16); only a list of too many texts is refused. Each rule is one function, here, in `filters` or in `paging`. The
//! result says *what* is wanted; how a database is asked is the business of
//! the store.

use serde_json::Value as Json;

mod filters;
mod paging;

use crate::wire::describe::{Association, Direction, Resource, Rung, Sort};
use crate::wire::fold::{fold, mark_words};
use crate::wire::params::Tree;
pub use filters::{Condition, TooMany, show_conditions};
pub use paging::{Paging, Slice};

/// A search text, folded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Needle {
    /// The text.
    pub text: String,
    /// The text with its starts of words marked.
    pub words: String,
}

/// How a list is ordered; ties go by ascending id (rule B7).
#[derive(Clone, Copy)]
pub enum Order {
    /// By an expression.
    By(&'static Sort, Direction),
    /// By how well the search text fits, then by the default order of the resource.
    Relevance,
}

/// A list as it was asked for.
pub struct ListQuery {
    /// Conditions that all hold.
    pub conditions: Vec<Condition>,
    /// Text that is searched for.
    pub search: Option<Needle>,
    /// Order of the rows.
    pub order: Order,
    /// Order of the resource when none is asked for, which decides among equally relevant rows.
    pub default_order: Order,
    /// Which rows.
    pub slice: Slice,
    /// What `meta` says of the page.
    pub paging: Paging,
}

impl ListQuery {
    /// Reads a list of `resource` as a caller on `rung` may have it.
    pub fn read(resource: &'static Resource, params: &Tree, rung: Rung) -> Result<Self, TooMany> {
        let only = only(params);
        let mut conditions = filters::list_conditions(resource, params)?;
        let mut search = resource.search.as_ref().filter(|_| only.is_none()).and_then(|_| needle(params));
        if search.as_ref().is_some_and(|needle| needle.text.contains('\0')) {
            search = None;
            conditions.push(Condition::Never);
        }
        let default_order = default_order(resource);
        let unasked = if search.is_some() { Order::Relevance } else { default_order };
        let order = explicit_order(resource, params, rung).unwrap_or(unasked);
        let (page, paging) = paging::page(params);
        let slice = only.map_or(page, Slice::Only);
        Ok(Self { conditions, search, order, default_order, slice, paging })
    }
}

/// The order of a list that asks for none.
fn default_order(resource: &'static Resource) -> Order {
    let (name, direction) = resource.default_order;
    match resource.sorts.iter().find(|sort| sort.name == name) {
        Some(sort) => Order::By(sort, direction),
        None => Order::By(&BY_ID, Direction::Ascending),
    }
}

/// The order of a resource whose default names no sort.
static BY_ID: Sort = Sort::new("id", "t.id");

/// Rule B8: the associations of `include`, in the order of their first mention; unknown names are ignored.
pub fn includes(resource: &'static Resource, params: &Tree) -> Vec<&'static Association> {
    let mut wanted: Vec<&'static Association> = Vec::new();
    for name in included_names(params) {
        if let Some(association) = resource.associations.iter().find(|association| association.name == name)
            && !wanted.iter().any(|other| other.name == association.name)
        {
            wanted.push(association);
        }
    }
    wanted
}

/// The names in `include`.
pub fn included_names(params: &Tree) -> Vec<&str> {
    texts(params.get("include"))
}

/// Rule B9: the names in `optional_fields`, trimmed.
pub fn optional_fields(params: &Tree) -> Vec<&str> {
    texts(params.get("optional_fields")).into_iter().map(str::trim).collect()
}

/// Rule B6: the ids of `only`; `None` when it is absent or blank.
fn only(params: &Tree) -> Option<Vec<i64>> {
    given(params, "only").map(ids)
}

/// The pieces of a list that are all digits, once each (rule B6, protocol-corners H4).
fn ids(text: &str) -> Vec<i64> {
    let mut ids: Vec<i64> = text.split(',').filter_map(digits).collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

/// A number of digits only. One that exceeds 64 bits names no record.
pub fn digits(text: &str) -> Option<i64> {
    let all_digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if all_digits { text.parse().ok() } else { None }
}

/// The search text (protocol-corners E9): trimmed, blank is absent.
fn needle(params: &Tree) -> Option<Needle> {
    let folded = fold(text(params, "search")?.trim());
    (!folded.is_empty()).then(|| Needle { words: mark_words(&folded), text: folded })
}

/// Rule B7: the order that was asked for, if it names a sort that the caller may use.
fn explicit_order(resource: &'static Resource, params: &Tree, rung: Rung) -> Option<Order> {
    let mut pieces = text(params, "order")?.split(':');
    let name = pieces.next()?;
    let direction = if pieces.next() == Some("desc") { Direction::Descending } else { Direction::Ascending };
    let sort = resource.sorts.iter().find(|sort| sort.name == name && rung >= sort.usable_from)?;
    Some(Order::By(sort, direction))
}

/// A parameter that is text. Anything else is as if absent (protocol-corners C14).
fn text<'a>(params: &'a Tree, name: &str) -> Option<&'a str> {
    params.get(name).and_then(Json::as_str)
}

/// A parameter that is text and not blank.
fn given<'a>(params: &'a Tree, name: &str) -> Option<&'a str> {
    text(params, name).filter(|text| !text.trim().is_empty())
}

/// The pieces of a parameter that is a text with commas, or an array of such texts.
fn texts(value: Option<&Json>) -> Vec<&str> {
    let whole: Vec<&str> = match value {
        Some(Json::String(text)) => vec![text],
        Some(Json::Array(items)) => items.iter().filter_map(Json::as_str).collect(),
        _ => Vec::new(),
    };
    whole.into_iter().flat_map(|text| text.split(',')).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_keeps_pieces_that_are_all_digits_once_each() {
        let read = |text: &str| only(&Tree::from_iter([("only".to_owned(), Json::from(text))]));
        assert_eq!(read("7,5, 6,x,007,99999999999999999999"), Some(vec![5, 7]));
        assert_eq!(read(","), Some(vec![]));
        assert_eq!(read("abc"), Some(vec![]));
        assert_eq!(read(" "), None);
    }
}
