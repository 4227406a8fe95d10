//! A compact copy of a file.

use std::path::Path;

use rusqlite::{Connection, OpenFlags};

use crate::store::sqlite::connection::{cannot_open, configure};
use crate::store::{Error, Store};

impl Store {
    /// Writes a snapshot of one file into another, empty one while writes to the first go on. Unlike a copy of pages,
    /// it leaves out deleted content. It cannot run inside a transaction, so it opens another connection. That is
    /// writable, since only a writable connection removes the write-ahead log when it closes last.
    pub fn write_compact(from: &Path, into: &Path) -> Result<(), Error> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(from, flags).map_err(|cause| cannot_open(from, &cause))?;
        configure(&connection)?;
        let name = into.to_str().ok_or_else(|| Error::Unavailable(format!("{} is not UTF-8", into.display())))?;
        connection.execute("VACUUM INTO ?1", [name])?;
        Ok(())
    }
}
