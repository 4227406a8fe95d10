//! Users: description and rules.

mod description;
mod rules;

pub use description::{ENTRY, RESOURCE};
pub use rules::ADDRESS;
