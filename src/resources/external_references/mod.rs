//! External references: description and rules.

mod description;
mod rules;

pub use description::{ENTRY, OF_ROLES, OF_USERS, RESOURCE, by, by_any_ref};
pub use rules::{KIND, Subject, put, remove, write};
