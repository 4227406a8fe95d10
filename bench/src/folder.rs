//! The folder of a run, which is removed with its handle.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn make(parent: Option<&Path>) -> Result<Folder> {
        let program = std::env::current_exe()?;
        let parent = parent.or(program.parent()).context("the program is in no folder")?;
        let path = std::path::absolute(parent)?.join(format!("invited-bench-{}", std::process::id()));
        std::fs::create_dir(&path).with_context(|| format!("making the folder {}", path.display()))?;
        Ok(Folder(path))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let Err(cause) = std::fs::remove_dir_all(&self.0) {
            eprintln!("bench: {} was not removed: {cause}", self.0.display());
        }
    }
}
