//! List queries: filters, search, order, page and includes, by the rules of the vendor's library.
//!
//! Those rules hardly ever answer an error: what cannot be read falls back to a default (B1 to B16), and only a list
//! that is too long is refused. Each rule is one function, here, in `filters` or in `paging`. The result says *what* is
//! wanted; the store makes SQL of it.

use std::borrow::Cow;

use serde_json::Value as Json;

mod filters;
mod given;
mod paging;

use crate::wire::condition::Condition;
use crate::wire::describe::{Association, Direction, MOST_LISTED, Resource, Rung, Sort, Window};
use crate::wire::fold::{fold, mark_words};
use crate::wire::kind::{Value, truth};
use crate::wire::params::Tree;
pub use filters::{ListError, is_unreadable, restriction, show_conditions};
use given::{Given, numbered, plain};
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
    /// Of the reader, for conditions with `{rung}`.
    pub rung: Rung,
    /// In days since 1970, for conditions with `{today}`.
    pub today: i64,
}

pub type Order = (&'static Sort, Direction);

impl ListQuery {
    pub fn read(resource: &'static Resource, params: &Tree, rung: Rung) -> Result<Self, ListError> {
        let conditions = filters::list_conditions(resource, params, rung)?;
        let asked = explicit_order(resource, params, rung);
        let order = asked.unwrap_or_else(|| default_order(resource));
        let (slice, paging) = paging::page(params);
        let mut query = Self { conditions, best: None, order, slice: Some(slice), paging, rung, today: 0 };
        // A blank `only` is absent (rule B6).
        if let Some(only) = Given::read(params, "only") {
            query.conditions.push(Condition::Among("t.id", Ids::read("only", MOST_LISTED, &only)?.ids));
            query.slice = None;
        } else if let (Some(search), Some(given)) = (&resource.search, Given::read(params, "search")) {
            // The whole trimmed text (rule E9).
            match given.one().map(|text| fold(text.trim())) {
                // No stored text has a NUL, and PostgreSQL rejects one in a comparison (rule H11).
                Some(text) if !text.contains('\0') => {
                    query.best = asked.is_none().then(|| (search.words, mark_words(&text)));
                    query.conditions.push(Condition::Contains(search.columns, text));
                }
                _ => query.conditions.push(Condition::Never),
            }
        }
        Ok(query)
    }

    /// The same on this day, in days since 1970.
    #[must_use]
    pub fn on_day(self, today: i64) -> Self {
        Self { today, ..self }
    }

    /// Without the records that are too old for a list at this moment, in microseconds since 1970.
    #[must_use]
    pub fn within_window(mut self, resource: &'static Resource, now: i64) -> Self {
        if let Some(Window { column, lasts }) = resource.window {
            let begin = now.saturating_sub(i64::try_from(lasts.as_micros()).unwrap_or(i64::MAX));
            self.conditions.push(Condition::Compares(column, ">", Value::Int(begin)));
        }
        self
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

/// The associations of `include` that callers on this rung know, in the order of their first mention; unknown names are
/// ignored (rule B8).
pub fn includes(resource: &'static Resource, params: &Tree, rung: Rung) -> Vec<&'static Association> {
    let mut wanted: Vec<&'static Association> = Vec::new();
    for name in included_names(params) {
        if let Some(association) = resource.associations.iter().find(|association| association.name == name)
            && rung >= association.usable_from
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

/// Whether a boolean parameter is given and true.
pub fn is_true(params: &Tree, name: &str) -> bool {
    text(params, name).is_some_and(|text| truth(&text) == Some(true))
}

/// The names in `optional_fields`, trimmed (rule B9).
pub fn optional_fields(params: &Tree) -> Vec<&str> {
    texts(params.get("optional_fields")).into_iter().map(str::trim).collect()
}

/// A list of ids.
struct Ids {
    /// The values that are all digits, without duplicates (rules B6 and H4).
    ids: Vec<i64>,
    /// Whether there are no others; blank ones do not count.
    is_whole: bool,
    /// Whether nothing is listed, on purpose.
    is_empty: bool,
}

impl Ids {
    fn read(parameter: &'static str, most: usize, given: &Given<'_>) -> Result<Self, ListError> {
        let listed = given.many();
        let is_empty = listed.as_ref().is_some_and(Vec::is_empty);
        let is_whole = |listed: &Vec<&str>| listed.iter().all(|text| text.is_empty() || digits(text).is_some());
        let is_whole = listed.as_ref().is_some_and(is_whole);
        let mut ids: Vec<i64> = listed.unwrap_or_default().into_iter().filter_map(digits).collect();
        ids.sort_unstable();
        ids.dedup();
        if ids.len() > most {
            Err(ListError::TooMany { parameter, most, of: "ids" })
        } else {
            Ok(Self { ids, is_whole, is_empty })
        }
    }
}

/// The ids of a list in any of its forms; `None` if one of them is none.
pub fn listed(value: &Json) -> Option<Vec<i64>> {
    let given = Given::of(value);
    let texts = given.as_ref().map_or_else(|| Some(Vec::new()), Given::many)?;
    texts.into_iter().filter(|text| !text.is_empty()).map(digits).collect()
}

/// A number of nothing but digits; `None` if it exceeds 64 bits, when it is no id.
pub fn digits(text: &str) -> Option<i64> {
    let all_digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if all_digits { text.parse().ok() } else { None }
}

/// The parameters of every list, as far as they were given in a form that cannot be read, or only in part.
pub fn unreadable(params: &Tree) -> impl Iterator<Item = &'static str> {
    let only = Given::read(params, "only").and_then(|only| Ids::read("only", MOST_LISTED, &only).ok());
    let is_one = |name: &str| Given::read(params, name).is_none_or(|given| given.one().is_some());
    let others = ["search", "order", "page", "per_page", "limit", "offset", "apply_default_filters"];
    let only = only.filter(|only| !only.is_whole).map(|_| "only");
    only.into_iter().chain(others.into_iter().filter(move |name| !is_one(name)))
}

/// The requested order, if it names a sort that the caller may use (rule B7).
fn explicit_order(resource: &'static Resource, params: &Tree, rung: Rung) -> Option<Order> {
    let order = text(params, "order")?;
    let mut pieces = order.split(':');
    let name = pieces.next()?;
    let direction = if pieces.next() == Some("desc") { Direction::Descending } else { Direction::Ascending };
    let sort = resource.sorts.iter().find(|sort| sort.name == name && rung >= sort.usable_from)?;
    Some((sort, direction))
}

/// A parameter that is one value. Anything else counts as absent (rule C14).
fn text<'a>(params: &'a Tree, name: &str) -> Option<Cow<'a, str>> {
    params.get(name).and_then(plain)
}

/// The pieces of a comma-separated text, or of a list of such texts.
fn texts(value: Option<&Json>) -> Vec<&str> {
    let whole: Vec<&str> = match value {
        Some(Json::String(text)) => vec![text],
        Some(Json::Array(items)) => items.iter().filter_map(Json::as_str).collect(),
        Some(Json::Object(members)) => numbered(members).into_iter().flatten().filter_map(Json::as_str).collect(),
        _ => Vec::new(),
    };
    whole.into_iter().flat_map(|text| text.split(',')).collect()
}
