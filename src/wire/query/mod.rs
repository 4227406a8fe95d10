//! List queries: filters, search, order, page and includes, by the rules of the vendor's library.
//!
//! Those rules hardly ever answer an error: what cannot be read falls back to a default (B1 to B16), and only a list
//! that is too long is refused. Each rule is one function, here, in `filters` or in `paging`. The result says *what* is
//! wanted; the store makes SQL of it.

use serde_json::Value as Json;

mod filters;
mod paging;

use crate::wire::describe::{Association, Direction, MOST_LISTED, Resource, Rung, Sort};
use crate::wire::fold::{fold, mark_words};
use crate::wire::params::Tree;
pub use filters::{Condition, TooMany, restriction, show_conditions};
pub use paging::{Paging, Slice};

pub struct ListQuery {
    /// All of them must hold.
    pub conditions: Vec<Condition>,
    /// The best matches of a search come first: rows in whose column this text occurs.
    pub best: Option<(&'static str, String)>,
    /// Ties go by ascending id (rule B7).
    pub order: Order,
    /// `None` for all rows that meet the conditions.
    pub slice: Option<Slice>,
    pub paging: Paging,
}

pub type Order = (&'static Sort, Direction);

impl ListQuery {
    pub fn read(resource: &'static Resource, params: &Tree, rung: Rung) -> Result<Self, TooMany> {
        let conditions = filters::list_conditions(resource, params, rung)?;
        let asked = explicit_order(resource, params, rung);
        let order = asked.unwrap_or_else(|| default_order(resource));
        let (slice, paging) = paging::page(params);
        let mut query = Self { conditions, best: None, order, slice: Some(slice), paging };
        if let Some(ids) = given(params, "only").map(ids) {
            if ids.len() > MOST_LISTED {
                return Err(TooMany { parameter: "only", of: "ids" });
            }
            // A blank `only` is absent (rule B6).
            query.conditions.push(Condition::Among("t.id", ids));
            query.slice = None;
        } else if let (Some(search), Some(text)) = (&resource.search, searched(params)) {
            // No stored text has a NUL, and PostgreSQL rejects one in a comparison (rule H11).
            if text.contains('\0') {
                query.conditions.push(Condition::Never);
            } else {
                query.best = asked.is_none().then(|| (search.words, mark_words(&text)));
                query.conditions.push(Condition::Contains(search.columns, text));
            }
        }
        Ok(query)
    }

    /// The most rows that it can find.
    pub fn most_rows(&self) -> i64 {
        self.slice.map_or(i64::try_from(MOST_LISTED).unwrap_or(i64::MAX), |slice| slice.limit)
    }
}

fn default_order(resource: &'static Resource) -> Order {
    let (name, direction) = resource.default_order;
    (resource.sorts.iter().find(|sort| sort.name == name).unwrap_or(&BY_ID), direction)
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

/// The search text, folded and trimmed; blank is absent (rule E9).
fn searched(params: &Tree) -> Option<String> {
    Some(fold(text(params, "search")?.trim())).filter(|text| !text.is_empty())
}

/// The requested order, if it names a sort that the caller may use (rule B7).
fn explicit_order(resource: &'static Resource, params: &Tree, rung: Rung) -> Option<Order> {
    let mut pieces = text(params, "order")?.split(':');
    let name = pieces.next()?;
    let direction = if pieces.next() == Some("desc") { Direction::Descending } else { Direction::Ascending };
    let sort = resource.sorts.iter().find(|sort| sort.name == name && rung >= sort.usable_from)?;
    Some((sort, direction))
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
