//! Invitations: their description, the rules of their life, their links, and how people answer them.

pub mod acceptance;
mod creation;
mod description;
pub mod links;
pub mod offers;
mod rules;
pub mod states;

pub use creation::{PENDING_ADDRESS, columns};
pub use description::{ENTRY, RESOURCE};
pub use rules::{ALL, accept, hand_over, remove_pending};
