//! Whatever a database holds, as rows of tables: what copying, backing up and snapshots work on.
//!
//! Nothing here knows a resource. The names of the tables stand in one list ([`tables`]), their columns and keys are asked of the
//! engine, and values are carried as they are ([`rows`]).

pub mod rows;
pub mod snapshot;
pub mod tables;
