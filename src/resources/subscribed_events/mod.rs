//! Subscribed events: what has happened to the records of an account, for those who poll.
//!
//! An event is a row of the audit trail that has a type (`crate::engine::audit`), so it is written in the transaction
//! of the change, and neither exists without the other. Rejected: a table of its own, which every write would pay for
//! twice.

mod description;
mod subjects;
mod types;

pub use description::ENTRY;
