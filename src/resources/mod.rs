//! The resources of the API: one folder for each, with its description and its rules, and what they share.

pub mod accounts;
pub mod addresses;
pub mod billable_utilizations;
pub mod cost_rates;
pub mod custom_fields;
pub mod elsewhere;
pub mod email_address;
pub mod entry;
pub mod erasure;
pub mod external_references;
pub mod invitations;
pub mod joining;
pub mod memberships;
pub mod people;
pub mod registry;
pub mod roles;
pub mod seats;
pub mod skills;
pub mod subscribed_events;
pub mod users;
pub mod writes;
