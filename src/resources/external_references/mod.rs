//! External references: a description, and the records that can have them.

mod description;
mod subjects;

pub use description::{
    ENTRY, FILTERS_OF_CUSTOM_FIELD_CHOICES, FILTERS_OF_CUSTOM_FIELD_VALUES, FILTERS_OF_CUSTOM_FIELDS,
    FILTERS_OF_INVITEES, FILTERS_OF_ROLES, FILTERS_OF_SKILLS, FILTERS_OF_USERS, NESTED, RESOURCE, field,
};
