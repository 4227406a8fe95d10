//! List queries: filters, search, order, page and includes, by the rules of the vendor's library.
//!
//! Those rules hardly ever answer an error: what cannot be read falls back to a default (B1 to B16), and only a list of
//! too many texts is refused. Each rule is one function, here, in `filters` or in `paging`. The result says *what* is
//! wanted; the store makes SQL of it.

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
    pub text: String,
    /// The text with the start of each word marked.
    pub words: String,
}

/// The order of a list; ties go by ascending id (rule B7).
#[derive(Clone, Copy)]
pub enum Order {
    By(&'static Sort, Direction),
    /// Best matches of the search text first, then by the default order of the resource.
    Relevance,
}

pub struct ListQuery {
    /// All of them must hold.
    pub conditions: Vec<Condition>,
    pub search: Option<Needle>,
    pub order: Order,
    /// Decides among equally relevant rows.
    pub default_order: Order,
    pub slice: Slice,
    pub paging: Paging,
}

impl ListQuery {
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

fn default_order(resource: &'static Resource) -> Order {
    let (name, direction) = resource.default_order;
    match resource.sorts.iter().find(|sort| sort.name == name) {
        Some(sort) => Order::By(sort, direction),
        None => Order::By(&BY_ID, Direction::Ascending),
    }
}

static BY_ID: Sort = Sort::new("id", "t.id");

/// The associations of `include`, in the order of their first mention; unknown names are ignored (rule B8).
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

pub fn included_names(params: &Tree) -> Vec<&str> {
    texts(params.get("include"))
}

/// The names in `optional_fields`, trimmed (rule B9).
pub fn optional_fields(params: &Tree) -> Vec<&str> {
    texts(params.get("optional_fields")).into_iter().map(str::trim).collect()
}

/// The ids of `only`; `None` if it is absent or blank (rule B6).
fn only(params: &Tree) -> Option<Vec<i64>> {
    given(params, "only").map(ids)
}

/// The pieces of a list that are all digits, without duplicates (rules B6 and H4).
fn ids(text: &str) -> Vec<i64> {
    let mut ids: Vec<i64> = text.split(',').filter_map(digits).collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

/// A number of nothing but digits; `None` if it exceeds 64 bits, when it is no id.
pub fn digits(text: &str) -> Option<i64> {
    let all_digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if all_digits { text.parse().ok() } else { None }
}

/// The search text, trimmed; blank is absent (rule E9).
fn needle(params: &Tree) -> Option<Needle> {
    let folded = fold(text(params, "search")?.trim());
    (!folded.is_empty()).then(|| Needle { words: mark_words(&folded), text: folded })
}

/// The requested order, if it names a sort that the caller may use (rule B7).
fn explicit_order(resource: &'static Resource, params: &Tree, rung: Rung) -> Option<Order> {
    let mut pieces = text(params, "order")?.split(':');
    let name = pieces.next()?;
    let direction = if pieces.next() == Some("desc") { Direction::Descending } else { Direction::Ascending };
    let sort = resource.sorts.iter().find(|sort| sort.name == name && rung >= sort.usable_from)?;
    Some(Order::By(sort, direction))
}

/// A parameter that is text. Anything else counts as absent (rule C14).
fn text<'a>(params: &'a Tree, name: &str) -> Option<&'a str> {
    params.get(name).and_then(Json::as_str)
}

/// A parameter that is text, and not blank.
fn given<'a>(params: &'a Tree, name: &str) -> Option<&'a str> {
    text(params, name).filter(|text| !text.trim().is_empty())
}

/// The pieces of a comma-separated text, or of an array of such texts.
fn texts(value: Option<&Json>) -> Vec<&str> {
    let whole: Vec<&str> = match value {
        Some(Json::String(text)) => vec![text],
        Some(Json::Array(items)) => items.iter().filter_map(Json::as_str).collect(),
        _ => Vec::new(),
    };
    whole.into_iter().flat_map(|text| text.split(',')).collect()
}
