//! The folder of a run. It is new for each run and removed at its end.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// Removes itself with everything in it.
pub(crate) struct Folder {
    path: PathBuf,
}

impl Folder {
    /// Makes the folder inside `parent`, or beside the built program.
    pub(crate) fn make(parent: Option<&Path>) -> Result<Folder> {
        let program = std::env::current_exe()?;
        let parent = parent.or(program.parent()).context("the program is in no folder")?;
        let path = parent.join(format!("invited-bench-{}", std::process::id()));
        std::fs::create_dir_all(&path).with_context(|| format!("making the folder {}", path.display()))?;
        Ok(Folder { path })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// A database in the folder.
    pub(crate) fn database(&self, name: &str) -> PathBuf {
        self.path.join(format!("{name}.sqlite"))
    }

    /// Removes a database and its log, to give the disk back early.
    pub(crate) fn remove_database(&self, name: &str) {
        for ending in ["", "-wal", "-shm"] {
            let mut file = self.database(name).into_os_string();
            file.push(ending);
            // What is not there needs no removal; what cannot be removed goes with the folder.
            let _ = std::fs::remove_file(file);
        }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let Err(cause) = std::fs::remove_dir_all(&self.path) {
            eprintln!("the folder {} could not be removed: {cause}", self.path.display());
        }
    }
}
