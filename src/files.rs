//! Files that hold addresses, hashes of secrets, or links: only their owner can read them, whatever the umask of the
//! process.
//!
//! A file that exists already keeps its mode: an operator may share a database with a group on purpose. `serve` logs
//! that at the start ([`is_open_to_others`]).

use std::fs::{DirBuilder, File, Metadata, OpenOptions};
use std::io;
use std::path::Path;

/// Creates a new file. Fails if anything has this name already, even a symbolic link.
pub fn create(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path)?;
    // The umask may have taken permissions away from the owner.
    #[cfg(unix)]
    file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    Ok(file)
}

/// Creates a file unless there is one. SQLite gives the files beside a database the mode of the database.
pub fn ensure(path: &Path) -> io::Result<()> {
    match create(path) {
        Err(cause) if cause.kind() == io::ErrorKind::AlreadyExists => {
            // A dangling link: writing through it would create a file that others can read.
            let leads_nowhere = !path.try_exists()?;
            if leads_nowhere { Err(io::Error::other("it is a link to a file that does not exist")) } else { Ok(()) }
        }
        created => created.map(drop),
    }
}

/// Builds folders that only their owner can enter.
pub fn folder_builder() -> DirBuilder {
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
}

/// Whether two files belong to the same user, where the system has users.
#[cfg(unix)]
pub fn has_same_owner(one: &Metadata, other: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    one.uid() == other.uid()
}

#[cfg(not(unix))]
pub fn has_same_owner(_: &Metadata, _: &Metadata) -> bool {
    false
}

/// Whether anyone but its owner can read or change a file.
#[cfg(unix)]
pub fn is_open_to_others(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    path.metadata().is_ok_and(|metadata| metadata.permissions().mode() & 0o077 != 0)
}

#[cfg(not(unix))]
pub fn is_open_to_others(_: &Path) -> bool {
    false
}
