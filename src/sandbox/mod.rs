//! The sandbox: the same server over a database with a seeded account, for those who integrate.

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
use faults::Faults;
use journal::Journal;
use seed::Seed;
use snapshots::Snapshots;

/// What a sandbox has beside the server that it is.
pub struct Sandbox {
    /// What it held when it started.
    pub seed: Arc<Seed>,
    /// What is to go wrong.
    pub faults: Faults,
    /// What was asked and answered.
    pub journal: Journal,
    /// What is kept, to return to.
    pub snapshots: Snapshots,
    /// What was in force when it began to serve.
    pub first_tuning: OnceLock<Tuning>,
}

impl Sandbox {
    /// One that holds a seed, and keeps so many requests.
    pub fn of(seed: Arc<Seed>, kept_requests: usize) -> Self {
        let (faults, journal, snapshots) = (Faults::default(), Journal::of(kept_requests), Snapshots::default());
        Self { seed, faults, journal, snapshots, first_tuning: OnceLock::new() }
    }
}

/// A folder for a database that nobody keeps; it is removed when this is dropped.
pub struct TemporaryFolder(PathBuf);

impl TemporaryFolder {
    /// Makes a folder that only this user can read.
    pub fn create(entropy: &Entropy) -> std::io::Result<Self> {
        let random = entropy.bytes().map_err(|cause: NoEntropy| std::io::Error::other(cause))?;
        let name: String = random[..8].iter().map(|byte| format!("{byte:02x}")).collect();
        let path = std::env::temp_dir().join(format!("invited-sandbox-{name}"));
        let mut builder = std::fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&path)?;
        Ok(Self(path))
    }

    /// The file of the database in it.
    pub fn database(&self) -> PathBuf {
        self.0.join("sandbox.sqlite")
    }
}

impl Drop for TemporaryFolder {
    fn drop(&mut self) {
        // What cannot be removed is left to the system, which empties its folder of temporary files.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
