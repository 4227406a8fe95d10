//! Whether a database's files are still where they were opened.
//!
//! A file that is moved, replaced or deleted stays open, and SQLite goes on as if nothing had happened: it acknowledges
//! writes that no later start will find, and a command such as `token revoke` works on another file than the server. So
//! the writer checks before each batch and while it is idle, and each reader a few times a second. Looking up three
//! names costs microseconds, a commit a hundred times as much.
//!
//! The look-ups ask for nothing but the identity. A file system that gives fine-grained times to files whose times are
//! asked for, as Linux does since 6.13, would otherwise have to write a new time with every commit, and each commit
//! would take a fifth longer.
//!
//! When that happens, the log's content is moved into the file that is still open, wherever it is now. That file is
//! then complete without the log, and a file in its old place gets no pages of another database from the log. Opening
//! the new file instead was rejected: only the operator knows which of the two is right.

use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};

use rusqlite::Connection;

use crate::store::Error;

/// What distinguishes a file from another one of the same name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Identity {
    device: [u64; 2],
    number: u64,
}

impl Identity {
    #[cfg(target_os = "linux")]
    fn of(path: &Path) -> Option<Self> {
        use rustix::fs::{AtFlags, CWD, StatxFlags, statx};
        let file = statx(CWD, path, AtFlags::empty(), StatxFlags::INO).ok()?;
        Some(Self { device: [file.stx_dev_major.into(), file.stx_dev_minor.into()], number: file.stx_ino })
    }

    #[cfg(all(unix, not(target_os = "linux")))]
    fn of(path: &Path) -> Option<Self> {
        use std::os::unix::fs::MetadataExt as _;
        let file = std::fs::metadata(path).ok()?;
        Some(Self { device: [file.dev(), 0], number: file.ino() })
    }

    /// Elsewhere an open file can be neither moved nor deleted.
    #[cfg(not(unix))]
    fn of(_: &Path) -> Option<Self> {
        None
    }
}

/// The files of an open database.
#[derive(Clone, Debug)]
pub(super) struct Files {
    path: PathBuf,
    /// The write-ahead log and its index, which SQLite removes only when the last connection is closed.
    beside: [(PathBuf, Option<Identity>); 2],
}

impl Files {
    /// The files that a connection has just opened.
    pub(super) fn of(path: &Path) -> Self {
        // SQLite keeps them beside the file itself, not beside a link to it.
        let file = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let beside = ["-wal", "-shm"].map(|ending| {
            let name = OsString::from_iter([file.as_os_str(), ending.as_ref()]);
            let file = PathBuf::from(name);
            let identity = Identity::of(&file);
            (file, identity)
        });
        Self { path: path.to_owned(), beside }
    }

    /// Fails while a file is not where it was opened; the error says what to do.
    pub(super) fn require_place(&self, connection: &Connection) -> Result<(), Error> {
        if has_moved(connection)? {
            return Err(Error::Unavailable(format!(
                "the database file {} was moved, replaced or deleted while it was open: put it back, or restart the \
                 server to use the file that is there now",
                self.path.display()
            )));
        }
        match self.beside.iter().find(|(path, opened)| opened.is_some() && Identity::of(path) != *opened) {
            Some((path, _)) => Err(Error::Unavailable(format!(
                "{} was moved, replaced or deleted while the database was open: restart the server, nothing is lost",
                path.display()
            ))),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Files {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}", self.path.display())
    }
}

#[cfg(unix)]
fn has_moved(connection: &Connection) -> Result<bool, Error> {
    let mut has_moved = 0;
    connection.file_control(Some(rusqlite::MAIN_DB), rusqlite::FileControl::HasMoved(&mut has_moved))?;
    Ok(has_moved != 0)
}

#[cfg(not(unix))]
fn has_moved(_: &Connection) -> Result<bool, Error> {
    Ok(false)
}
