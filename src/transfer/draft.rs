//! The file in which a backup is written until it is complete: `NAME.RANDOM.unfinished` beside it.
//!
//! Its name is random and the file is always new, so nobody can have planted a link that leads the backup elsewhere, or
//! a file of their own that would then hold everybody's addresses. A lock tells a draft that is being written from one
//! that a killed process has left.

use std::ffi::{OsStr, OsString};
use std::fs::{self, DirEntry, File, Metadata, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use crate::entropy::Entropy;
use crate::files;
use crate::transfer::copy::CopyError;

const ENDING: &str = ".unfinished";

/// Hexadecimal digits of a draft's name.
const RANDOM_LENGTH: usize = 16;

/// An unfinished backup. The file is removed on drop.
pub(super) struct Draft {
    pub(super) path: PathBuf,
    file: File,
}

impl Draft {
    pub(super) fn beside(name: &Path, entropy: &Entropy) -> Result<Self, CopyError> {
        let random = entropy.bytes().map_err(|cause| CopyError::Refused(cause.to_string()))?;
        let digits: String = random[..RANDOM_LENGTH / 2].iter().map(|byte| format!("{byte:02x}")).collect();
        let path = with_ending(name, &format!(".{digits}{ENDING}"));
        let failed = because("cannot write", &path);
        let draft = Self { file: files::create(&path).map_err(&failed)?, path };
        draft.file.lock().map_err(failed)?;
        draft.remove_stale(name);
        Ok(draft)
    }

    /// Gives the file its name, and returns its size.
    pub(super) fn publish(&self, name: &Path) -> Result<u64, CopyError> {
        let failed = because("cannot write", name);
        self.file.sync_all().map_err(&failed)?;
        let written = self.file.metadata().map_err(&failed)?;
        if !self.path.symlink_metadata().is_ok_and(|found| is_same(&found, &written)) {
            return Err(CopyError::Refused(format!("{} was replaced while it was written", self.path.display())));
        }
        // Unlike a rename, a hard link never replaces a file. Some file systems have no hard links.
        match fs::hard_link(&self.path, name) {
            Err(cause) if cause.kind() == io::ErrorKind::AlreadyExists => return Err(taken(name)),
            Err(_) => {
                require_none(name)?;
                fs::rename(&self.path, name).map_err(&failed)?;
            }
            Ok(()) => {}
        }
        // The name is on the disk once its folder is.
        File::open(folder_of(name)).and_then(|folder| folder.sync_all()).map_err(failed)?;
        Ok(written.len())
    }

    /// Removes the drafts that killed backups of the same name have left, if they belong to the same user. Entries that
    /// cannot be examined stay.
    fn remove_stale(&self, name: &Path) {
        let Ok(own) = self.file.metadata() else { return };
        let Some(name) = name.file_name() else { return };
        let entries = fs::read_dir(folder_of(&self.path)).into_iter().flatten().flatten();
        for entry in entries.filter(|entry| is_draft_of(name, &entry.file_name())) {
            if entry.path() != self.path && is_stale(&entry, &own) {
                remove(&entry.path());
            }
        }
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // A finished backup also has its final name by now.
        remove(&self.path);
    }
}

/// Fails if there is anything of this name.
pub(super) fn require_none(file: &Path) -> Result<(), CopyError> {
    // A dangling symbolic link counts as existing.
    match file.symlink_metadata() {
        Ok(_) => Err(taken(file)),
        Err(_) => Ok(()),
    }
}

fn taken(file: &Path) -> CopyError {
    CopyError::Refused(format!("{} is there already: name a new file", file.display()))
}

/// Removes a draft, and the files that SQLite may have left beside it.
fn remove(path: &Path) {
    for ending in ["", "-wal", "-shm", "-journal"] {
        // Usually there is only the draft. If it cannot be removed, the next backup tries again.
        let _ = fs::remove_file(with_ending(path, ending));
    }
}

fn is_draft_of(name: &OsStr, entry: &OsStr) -> bool {
    let (Some(name), Some(entry)) = (name.to_str(), entry.to_str()) else { return false };
    let random = entry.strip_prefix(name).and_then(|rest| rest.strip_prefix('.')?.strip_suffix(ENDING));
    random.is_some_and(|text| text.len() == RANDOM_LENGTH && text.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// Whether a draft was left behind, and is a file of the same user as `own`.
fn is_stale(entry: &DirEntry, own: &Metadata) -> bool {
    // Those of the entry itself, not of a link's target.
    let Ok(found) = entry.metadata() else { return false };
    if !found.is_file() || !files::has_same_owner(&found, own) {
        return false;
    }
    let opened = OpenOptions::new().write(true).open(entry.path());
    opened.is_ok_and(|file| file.try_lock().is_ok() && file.metadata().is_ok_and(|opened| is_same(&opened, &found)))
}

#[cfg(unix)]
fn is_same(one: &Metadata, other: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    (one.dev(), one.ino()) == (other.dev(), other.ino())
}

#[cfg(not(unix))]
fn is_same(one: &Metadata, other: &Metadata) -> bool {
    one.file_type() == other.file_type()
}

fn folder_of(file: &Path) -> &Path {
    file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn with_ending(file: &Path, ending: &str) -> PathBuf {
    let mut name = OsString::from(file);
    name.push(ending);
    PathBuf::from(name)
}

fn because(what: &str, path: &Path) -> impl Fn(io::Error) -> CopyError + use<> {
    let start = format!("{what} {}", path.display());
    move |cause| CopyError::Refused(format!("{start}: {cause}"))
}
