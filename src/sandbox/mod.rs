//! The sandbox: the same server over a database with test data, for developers of clients.

pub mod faults;
pub mod fresh_accounts;
pub mod journal;
mod pattern;
pub mod seed;
pub mod snapshots;

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use crate::engine::tuning::Tuning;
use crate::entropy::{Entropy, NoEntropy};
use crate::files;
use faults::Faults;
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
    pub fn of(seed: Arc<Seed>, kept_requests: usize) -> Self {
        let (faults, journal, snapshots) = (Faults::default(), Journal::of(kept_requests), Snapshots::default());
        Self { seed, faults, journal, snapshots, first_tuning: OnceLock::new() }
    }
}

/// A folder for a temporary database; it is removed on drop.
pub struct TemporaryFolder(PathBuf);

impl TemporaryFolder {
    /// Only this user can read it.
    pub fn create(entropy: &Entropy) -> std::io::Result<Self> {
        let random = entropy.bytes().map_err(|cause: NoEntropy| std::io::Error::other(cause))?;
        let name: String = random[..8].iter().map(|byte| format!("{byte:02x}")).collect();
        let path = std::env::temp_dir().join(format!("invited-sandbox-{name}"));
        files::folder_builder().create(&path)?;
        Ok(Self(path))
    }

    pub fn database(&self) -> PathBuf {
        self.0.join("sandbox.sqlite")
    }
}

impl Drop for TemporaryFolder {
    fn drop(&mut self) {
        // If this fails, the system empties its folder of temporary files.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
