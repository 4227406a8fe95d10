//! What a request asks of a list: filters, search, order, page and includes, by the vendor library's rules.
//!
//! Those rules never answer an error: what cannot be read falls back to a default (protocol.md section 4, rules B1 to
//! B16). Each rule is one function below. The result says *what* is wanted; how a database is asked is the business of
//! the store.

use serde_json::Value as Json;

use super::describe::{Association, Direction, Filter, Resource, Rung, Sort, Test};
use super::fold::{fold, mark_words};
use super::kind::truth;
use super::params::Tree;

/// Records on a page when the request does not say.
const DEFAULT_PAGE_SIZE: i64 = 20;

/// Most records on a page.
const MOST_PAGE_SIZE: i64 = 200;

/// A condition on the rows of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// A fragment of the description.
    Fixed(&'static str),
    /// The column contains the text.
    Contains(&'static str, String),
    /// No row fulfils it.
    Never,
}

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

/// The part of a list that is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Slice {
    /// At most `limit` rows after the first `offset`.
    Page {
        /// Most rows.
        limit: i64,
        /// Rows that are left out.
        offset: i64,
    },
    /// The rows of these ids, all of them (rule B6).
    Only(Vec<i64>),
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

/// The part of `meta` that the request decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Paging {
    /// The number of the page, as asked.
    pub number: i64,
    /// Records on a page.
    pub size: i64,
}

impl Paging {
    /// What `meta` says of an answer that is no list (protocol-corners D2).
    pub fn of_records(records: usize) -> Self {
        Self { number: 1, size: i64::try_from(records).unwrap_or(i64::MAX).max(DEFAULT_PAGE_SIZE) }
    }
}

impl ListQuery {
    /// Reads a list of `resource` as a caller on `rung` may have it.
    pub fn read(resource: &'static Resource, params: &Tree, rung: Rung) -> Self {
        let only = only(params);
        let mut conditions = list_conditions(resource, params);
        let mut search = resource.search.as_ref().filter(|_| only.is_none()).and_then(|_| needle(params));
        if search.as_ref().is_some_and(|needle| needle.text.contains('\0')) {
            search = None;
            conditions.push(Condition::Never);
        }
        let default_order = default_order(resource);
        let unasked = if search.is_some() { Order::Relevance } else { default_order };
        let order = explicit_order(resource, params, rung).unwrap_or(unasked);
        let (page, paging) = page(params);
        Self { conditions, search, order, default_order, slice: only.map_or(page, Slice::Only), paging }
    }
}

/// The conditions of a list: every filter of the resource.
fn list_conditions(resource: &'static Resource, params: &Tree) -> Vec<Condition> {
    let defaults = defaults_apply(params);
    resource.filters.iter().filter_map(|filter| condition(filter, params, defaults)).collect()
}

/// The conditions of a show: only flags act there (protocol-corners E10).
pub fn show_conditions(resource: &'static Resource, params: &Tree) -> Vec<Condition> {
    let defaults = defaults_apply(params);
    let is_flag = |filter: &&Filter| matches!(filter.test, Test::Flag { .. });
    resource.filters.iter().filter(is_flag).filter_map(|filter| condition(filter, params, defaults)).collect()
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
    for name in texts(params.get("include")) {
        if let Some(association) = resource.associations.iter().find(|association| association.name == name)
            && !wanted.iter().any(|other| other.name == association.name)
        {
            wanted.push(association);
        }
    }
    wanted
}

/// Rule B10 and B12: the condition that a filter puts on the rows, if any.
fn condition(filter: &'static Filter, params: &Tree, defaults: bool) -> Option<Condition> {
    let given = text(params, filter.name).filter(|text| !text.trim().is_empty());
    match filter.test {
        Test::Flag { when_true, when_false, default } => {
            // Text that is no truth value counts as true, as in Ruby (protocol-corners E5).
            let value = match given {
                Some(text) => truth(text).unwrap_or(true),
                None => default.filter(|_| defaults)?,
            };
            if value { when_true } else { when_false }.map(Condition::Fixed)
        }
        Test::Contains(column) => given.map(|text| contains(column, text)),
    }
}

/// No stored text has a NUL, and PostgreSQL cannot even compare one (protocol-corners H11).
fn contains(column: &'static str, text: &str) -> Condition {
    if text.contains('\0') { Condition::Never } else { Condition::Contains(column, fold(text)) }
}

/// Rule B12: whether filters that have a default use it.
fn defaults_apply(params: &Tree) -> bool {
    text(params, "apply_default_filters").is_none_or(|text| matches!(text, "true" | "TRUE" | "1"))
}

/// Rule B6: the ids of `only`; `None` when it is absent or blank.
fn only(params: &Tree) -> Option<Vec<i64>> {
    let given = text(params, "only").filter(|text| !text.trim().is_empty())?;
    let mut ids: Vec<i64> = given.split(',').filter_map(digits).collect();
    ids.sort_unstable();
    ids.dedup();
    Some(ids)
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

/// Rules B1, B2 and B4: which rows, and what `meta` says of them.
fn page(params: &Tree) -> (Slice, Paging) {
    let number = text(params, "page").map(leading_integer);
    let size = match text(params, "per_page").map(leading_integer) {
        Some(size @ 1..) => size.min(MOST_PAGE_SIZE),
        _ => DEFAULT_PAGE_SIZE,
    };
    let paging = Paging { number: number.unwrap_or(1), size };
    let given = |name| text(params, name).filter(|text| !text.trim().is_empty());
    let slice = match (given("limit"), given("offset")) {
        (Some(limit), Some(offset)) => Slice::Page {
            limit: leading_integer(limit).clamp(1, MOST_PAGE_SIZE),
            offset: leading_integer(offset).max(0),
        },
        _ => Slice::Page { limit: size, offset: (paging.number.max(1) - 1).saturating_mul(size) },
    };
    (slice, paging)
}

/// The integer that a text begins with, 0 if there is none; beyond 64 bits it saturates (protocol-corners E2).
fn leading_integer(text: &str) -> i64 {
    let text = text.trim_ascii_start();
    let (negative, digits) = match text.as_bytes().first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    };
    digits.bytes().take_while(u8::is_ascii_digit).fold(0_i64, |number, digit| {
        let digit = i64::from(digit - b'0');
        number.saturating_mul(10).saturating_add(if negative { -digit } else { digit })
    })
}

/// A parameter that is text. Anything else is as if absent (protocol-corners C14).
fn text<'a>(params: &'a Tree, name: &str) -> Option<&'a str> {
    params.get(name).and_then(Json::as_str)
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
    fn a_leading_integer_is_read_as_ruby_does() {
        for (text, expected) in [
            ("12abc", 12),
            (" 7", 7),
            ("+3", 3),
            ("-3x", -3),
            ("", 0),
            ("abc", 0),
            ("- 5", 0),
            ("1_000", 1),
            ("99999999999999999999", i64::MAX),
            ("-99999999999999999999", i64::MIN),
        ] {
            assert_eq!(leading_integer(text), expected, "{text:?}");
        }
    }

    #[test]
    fn only_keeps_pieces_that_are_all_digits_once_each() {
        let read = |text: &str| only(&Tree::from_iter([("only".to_owned(), Json::from(text))]));
        assert_eq!(read("7,5, 6,x,007,99999999999999999999"), Some(vec![5, 7]));
        assert_eq!(read(","), Some(vec![]));
        assert_eq!(read("abc"), Some(vec![]));
        assert_eq!(read(" "), None);
    }
}
