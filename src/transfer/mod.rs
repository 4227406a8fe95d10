//! Whole databases as rows: copies, backups and snapshots.

pub mod backup;
pub mod copy;
mod draft;
pub mod rows;
pub mod snapshot;
pub mod tables;
