//! The folder of a temporary database.
//!
//! Its process removes it at the end, but a killed process cannot. So the folder is locked while its process lives, and
//! the next sandbox removes unlocked ones. A folder gets its final name only after it is locked, so that no other
//! sandbox takes it for an abandoned one in between.

use std::fs::{self, File};
use std::io;
use std::path::PathBuf;

use crate::entropy::{Entropy, NoEntropy};
use crate::files;

const PREFIX: &str = "invited-temporary-";

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
        let (unlocked, path) = (place.join(format!(".{PREFIX}{name}")), place.join(format!("{PREFIX}{name}")));
        files::folder_builder().create(&unlocked)?;
        let lock = File::open(&unlocked).and_then(|folder| folder.lock().map(|()| folder)).ok();
        fs::rename(&unlocked, &path)?;
        Ok(Self { path, lock })
    }

    pub fn database(&self) -> PathBuf {
        self.path.join("sandbox.sqlite")
    }

    /// Removes the folders that killed processes of the same user have left.
    pub fn remove_abandoned(&self) {
        let Some(own) = self.lock.as_ref().and_then(|lock| lock.metadata().ok()) else { return };
        for entry in fs::read_dir(std::env::temp_dir()).into_iter().flatten().flatten() {
            let is_named = entry.file_name().to_string_lossy().starts_with(PREFIX);
            // This does not follow links.
            if is_named && entry.metadata().is_ok_and(|found| found.is_dir() && files::has_same_owner(&found, &own)) {
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

impl Drop for TemporaryFolder {
    fn drop(&mut self) {
        // If this fails, the next sandbox removes it.
        let _ = fs::remove_dir_all(&self.path);
    }
}
