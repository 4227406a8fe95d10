//! The folder of a temporary database.
//!
//! Its process removes it at the end, but a killed process cannot. So the folder is locked while its process lives, and
//! the next sandbox removes unlocked ones. A folder gets its final name only after it is locked, so that no other
//! sandbox takes it for an abandoned one in between. One that never got it is abandoned after an hour.

use std::fs::{self, File, Metadata};
use std::io;
use std::path::PathBuf;
use std::time::{Duration, UNIX_EPOCH};

use crate::clock::Timestamp;
use crate::entropy::{Entropy, NoEntropy};
use crate::files;

const PREFIX: &str = "invited-temporary-";

/// The first name of a folder, for the moment until it is locked.
const FIRST_PREFIX: &str = ".invited-temporary-";

/// Far longer than that moment.
const ABANDONED_AFTER: Duration = Duration::from_secs(3_600);

/// A folder for a temporary database; it is removed on drop.
pub struct TemporaryFolder {
    path: PathBuf,
    /// `None` where the system cannot lock folders: there, abandoned ones are not removed.
    lock: Option<File>,
}

impl TemporaryFolder {
    /// Only this user can read it.
    pub fn create(entropy: &Entropy) -> io::Result<Self> {
        let random = entropy.bytes().map_err(|cause: NoEntropy| io::Error::other(cause))?;
        let name: String = random[..8].iter().map(|byte| format!("{byte:02x}")).collect();
        let place = std::env::temp_dir();
        let (unlocked, path) = (place.join(format!("{FIRST_PREFIX}{name}")), place.join(format!("{PREFIX}{name}")));
        files::folder_builder().create(&unlocked)?;
        let lock = File::open(&unlocked).and_then(|folder| folder.lock().map(|()| folder)).ok();
        fs::rename(&unlocked, &path)?;
        Ok(Self { path, lock })
    }

    pub fn database(&self) -> PathBuf {
        self.path.join("sandbox.sqlite")
    }

    /// Removes the folders that killed processes of the same user have left.
    pub fn remove_abandoned(&self, now: Timestamp) {
        let Some(own) = self.lock.as_ref().and_then(|lock| lock.metadata().ok()) else { return };
        for entry in fs::read_dir(std::env::temp_dir()).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            let is_candidate = |found: &Metadata| {
                let is_named = name.starts_with(PREFIX) || name.starts_with(FIRST_PREFIX) && is_old(found, now);
                is_named && found.is_dir() && files::has_same_owner(found, &own)
            };
            // This does not follow links.
            if entry.metadata().is_ok_and(|found| is_candidate(&found)) {
                // While the lock is held, no other sandbox removes the folder.
                let locked = File::open(entry.path()).and_then(|folder| Ok(folder.try_lock().map(|()| folder)?));
                if locked.is_ok() {
                    // If this fails, the next sandbox tries again.
                    let _ = fs::remove_dir_all(entry.path());
                }
            }
        }
    }
}

fn is_old(folder: &Metadata, now: Timestamp) -> bool {
    let made = folder.modified().ok().and_then(|made| made.duration_since(UNIX_EPOCH).ok());
    made.is_some_and(|made| now.since(Timestamp(0).plus(made)) > ABANDONED_AFTER)
}

impl Drop for TemporaryFolder {
    fn drop(&mut self) {
        // If this fails, the next sandbox removes it.
        let _ = fs::remove_dir_all(&self.path);
    }
}
