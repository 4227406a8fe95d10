//! Pages: which rows of a list are wanted, and what `meta` says of them (rules B1 to B5).

use crate::wire::params::Tree;
use crate::wire::query::{given, text};

/// Records on a page when the request does not say.
const DEFAULT_PAGE_SIZE: i64 = 20;

/// Most records on a page.
const MOST_PAGE_SIZE: i64 = 200;

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

/// Rules B1, B2 and B4: which rows, and what `meta` says of them.
pub(super) fn page(params: &Tree) -> (Slice, Paging) {
    let number = text(params, "page").map(leading_integer);
    let size = match text(params, "per_page").map(leading_integer) {
        Some(size @ 1..) => size.min(MOST_PAGE_SIZE),
        _ => DEFAULT_PAGE_SIZE,
    };
    let paging = Paging { number: number.unwrap_or(1), size };
    let slice = match (given(params, "limit"), given(params, "offset")) {
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
}
