//! The list of account invitations, one test per rule, named after the rule.
//!
//! - `paging`: B1 to B5, B16, and `meta` on other answers (D2).
//! - `only`: B6.
//! - `order`: B7, and that the map of records follows `results` (H14).
//! - `include`: B8 and B9, the maps of the included classes (D1, D6).
//! - `filters`: B10 and B12, text filters (E8, H11, H12), and which of them act on show (E10).
//! - `forms`: the forms in which values of filters arrive (C12, C14, H4).
//! - `published`: all filters of the vendor (E14).
//! - `fields`: B15.

mod additions;
mod fields;
mod filters;
mod forms;
mod include;
mod only;
mod order;
mod paging;
mod published;
mod skills;

pub(crate) use include::{ids_of, included};
use serde_json::{Value, json};

use crate::support::Answer;

/// `meta` of an answer as (count, page_count, page_number, page_size).
#[track_caller]
fn meta(answer: &Answer) -> Value {
    let meta = answer.json()["meta"].clone();
    json!([meta["count"], meta["page_count"], meta["page_number"], meta["page_size"]])
}
