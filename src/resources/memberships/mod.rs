//! Memberships: description and rules.

mod description;
mod rules;

pub use description::{ENTRY, RESOURCE, billability, rate};
pub use rules::{judge_punch_clock_rate, raise, remove};
