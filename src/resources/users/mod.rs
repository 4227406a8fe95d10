//! Users: description and rules.

mod capacity;
mod description;
pub mod photos;
mod picture;
mod rules;

pub use description::{ENTRY, RESOURCE};
pub use rules::ADDRESS;
