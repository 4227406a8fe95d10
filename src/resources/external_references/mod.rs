//! External references: description and rules.

mod description;
mod rules;

pub use description::{ENTRY, FILTERS_OF_ROLES, FILTERS_OF_USERS, RESOURCE, field};
pub use rules::{KIND, Subject, drop_unchanged, put, remove, write};
