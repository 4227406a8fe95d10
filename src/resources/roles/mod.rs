//! Roles: a description, and no rules of their own.

mod description;

pub use description::{ACTIVE, ENTRY, RESOURCE};
