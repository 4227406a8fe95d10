//! Roles: description and rules.

mod description;
mod rules;

pub use description::{ENTRY, RESOURCE};
pub use rules::{insert, judge_default_role};
