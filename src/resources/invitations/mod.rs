//! Invitations: their description, the rules of their life, their links, and how people answer them.

pub mod acceptance;
mod description;
pub mod links;
pub mod offers;
mod rules;
pub mod states;

pub use description::{ENTRY, RESOURCE};
pub use rules::{ALL, PENDING_ADDRESS, accept, hand_over, remove_pending};
