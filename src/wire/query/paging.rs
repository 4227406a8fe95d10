//! Pages: which rows of a list to read, and what `meta` says about them (rules B1 to B5).

use crate::wire::params::Tree;
use crate::wire::query::text;

const DEFAULT_PAGE_SIZE: i64 = 20;

const MAX_PAGE_SIZE: i64 = 200;

/// Which rows of a list to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slice {
    pub limit: i64,
    pub offset: i64,
}

/// The part of `meta` that depends on the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Paging {
    /// The requested page.
    pub number: i64,
    pub size: i64,
}

impl Paging {
    /// For an answer that is not a list (rule D2).
    pub fn of_records(records: usize) -> Self {
        Self { number: 1, size: i64::try_from(records).unwrap_or(i64::MAX).max(DEFAULT_PAGE_SIZE) }
    }
}

/// Rules B1, B2 and B4.
pub(super) fn page(params: &Tree) -> (Slice, Paging) {
    let number = |name| text(params, name).map(|text| leading_integer(&text));
    let size = match number("per_page") {
        Some(size @ 1..) => size.min(MAX_PAGE_SIZE),
        _ => DEFAULT_PAGE_SIZE,
    };
    let paging = Paging { number: number("page").unwrap_or(1), size };
    let given = |name| text(params, name).filter(|text| !text.trim().is_empty()).map(|text| leading_integer(&text));
    let slice = match (given("limit"), given("offset")) {
        (Some(limit), Some(offset)) => Slice { limit: limit.clamp(1, MAX_PAGE_SIZE), offset: offset.max(0) },
        _ => Slice { limit: size, offset: (paging.number.max(1) - 1).saturating_mul(size) },
    };
    (slice, paging)
}

/// The integer at the beginning of a text, 0 if there is none; it saturates at 64 bits (rule E2).
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
