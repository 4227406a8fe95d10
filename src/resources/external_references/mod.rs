//! External references: a description, and no rules of their own.

mod description;

pub use description::{ENTRY, FILTERS_OF_ROLES, FILTERS_OF_USERS, NESTED, RESOURCE, field};
