//! The sandbox: the same server over a database with test data, for developers of clients.

pub mod exchange;
pub mod faults;
mod folder;
pub mod fresh_accounts;
pub mod journal;
mod pattern;
mod ring;
pub mod seed;
pub mod snapshots;

use std::sync::{Arc, OnceLock};

use crate::engine::tuning::Tuning;
use faults::Faults;
pub use folder::TemporaryFolder;
use journal::Journal;
use seed::Seed;
use snapshots::Snapshots;

/// What a sandbox has in addition to a server.
pub struct Sandbox {
    pub seed: Arc<Seed>,
    pub faults: Faults,
    pub journal: Journal,
    pub snapshots: Snapshots,
    /// The settings when it began to serve, for a reset.
    pub first_tuning: OnceLock<Tuning>,
}

impl Sandbox {
    pub fn of(seed: Arc<Seed>, journal: Journal) -> Self {
        let (faults, snapshots) = (Faults::default(), Snapshots::default());
        Self { seed, faults, journal, snapshots, first_tuning: OnceLock::new() }
    }
}
