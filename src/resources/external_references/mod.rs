//! External references: description and rules.

mod description;
mod rules;

pub use description::{
    ENTRY, OF_ROLES, OF_USERS, RESOURCE, by_service_model, by_service_model_ref, by_service_model_refs,
    by_service_name, by_status, field,
};
pub use rules::{KIND, Subject, drop_unchanged, put, remove, write};
