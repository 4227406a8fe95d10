//! What every read and write of a described record goes through: access, audit, limits, tokens, counts, errors.

pub mod access;
pub mod audit;
pub mod context;
pub mod creation;
pub mod deletion;
pub mod error;
pub mod idempotency;
pub mod limits;
pub mod nested;
pub mod recent_writes;
pub mod records;
pub mod request_id;
pub mod rows;
pub mod schema;
pub mod tallies;
pub mod tokens;
pub mod tuning;
