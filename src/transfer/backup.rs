//! The state of a running database in one new file of SQLite, whichever engine the database is of.
//!
//! A file is written out by SQLite itself, whatever its schema, so that a backup can be made before the schema is
//! brought up to date; what was deleted does not come along. A database on a server is copied as `copy` does it, with
//! the comparison at the end. Restoring is putting the file in its place, or copying it to a server.
//!
//! Invariants. The file has its name only when it is complete and on the disk; until then it is `NAME.unfinished`
//! beside it. Nobody but its owner may read it, from its first byte on: it holds everybody's addresses. Nothing is ever
//! overwritten.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use crate::clock::Timestamp;
use crate::store::{self, Db, Param, Place, Store};
use crate::transfer::copy::{self, Error, Order};
use crate::transfer::tables::TABLES;

/// What a backup holds.
#[derive(Debug)]
pub struct Made {
    /// Rows of each table.
    pub tables: Vec<(&'static str, u64)>,
    /// Size of the file.
    pub bytes: u64,
}

/// Writes the state of a database at this moment into a new file.
pub async fn make(from: &Place, file: &Path, now: Timestamp, listener: copy::Listener) -> Result<Made, Error> {
    copy::require_file(from)?;
    require_none(file)?;
    let draft = Draft::beside(file)?;
    let tables = match from {
        Place::File(path) => of_file(path, &draft).await?,
        Place::Server(_) => {
            let to = Place::File(draft.path.clone());
            let copied = copy::run(Order { from: from.clone(), to, replaces: false, now, listener }).await?;
            copied.0.into_iter().map(|(table, checksum)| (table, checksum.rows)).collect()
        }
    };
    let bytes = draft.publish(file)?;
    Ok(Made { tables, bytes })
}

/// Has SQLite write out a file, and counts what it has written.
async fn of_file(from: &Path, draft: &Draft) -> Result<Vec<(&'static str, u64)>, Error> {
    let (source, into) = (from.to_owned(), draft.path.clone());
    let written = tokio::task::spawn_blocking(move || Store::write_compact(&source, &into)).await;
    let failed = |cause: store::Error| Error::Refused(format!("{}: {cause}", from.display()));
    written.unwrap_or(Err(store::Error::Panicked)).map_err(failed)?;
    let store = copy::open(&Place::File(draft.path.clone()))?;
    let counted = store.read(count).await;
    copy::close(store).await?;
    match counted.map_err(failed)? {
        tables if tables.is_empty() => {
            Err(Error::Refused(format!("{} holds no table of this program: name its database", from.display())))
        }
        tables => Ok(tables),
    }
}

/// The rows of each table that there is: another version of the program may have had fewer.
fn count(db: &mut Db) -> Result<Vec<(&'static str, u64)>, store::Error> {
    let exists = db.dialect().table_exists();
    let mut tables = Vec::new();
    for table in TABLES {
        if db.maybe(exists, &[Param::Text(table)], |_| Ok(()))?.is_some() {
            let rows = db.one(&format!("SELECT count(*) FROM {table}"), &[], |row| row.int(0))?;
            tables.push((*table, rows.unsigned_abs()));
        }
    }
    Ok(tables)
}

fn require_none(file: &Path) -> Result<(), Error> {
    // A link that leads nowhere is something, too.
    match file.symlink_metadata() {
        Ok(_) => Err(Error::Refused(format!("{} is there already: name a new file", file.display()))),
        Err(_) => Ok(()),
    }
}

/// A file that is going to be a backup. It is locked while somebody writes it, so that what a process has left that was
/// killed is told from what another one is writing. It is removed when this is dropped.
struct Draft {
    path: PathBuf,
    file: File,
}

impl Draft {
    fn beside(file: &Path) -> Result<Self, Error> {
        let path = with_ending(file, ".unfinished");
        let failed = because("cannot write", &path);
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let opened = options.open(&path).map_err(&failed)?;
        match opened.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(Error::Refused(format!("{} is being written by another backup", path.display())));
            }
            Err(TryLockError::Error(cause)) => return Err(failed(cause)),
        }
        let draft = Self { path, file: opened };
        draft.file.set_len(0).map_err(&failed)?;
        #[cfg(unix)]
        draft.file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600)).map_err(&failed)?;
        draft.remove_logs();
        Ok(draft)
    }

    /// Gives the file its name; its size.
    fn publish(&self, name: &Path) -> Result<u64, Error> {
        let failed = because("cannot write", name);
        self.file.sync_all().map_err(&failed)?;
        let bytes = self.file.metadata().map_err(&failed)?.len();
        require_none(name)?;
        fs::rename(&self.path, name).map_err(&failed)?;
        // The name is on the disk when its folder is.
        let folder = name.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)?;
        Ok(bytes)
    }

    /// What SQLite keeps beside a file, left by a process that was killed.
    fn remove_logs(&self) {
        for ending in ["-wal", "-shm", "-journal"] {
            // Mostly there is none.
            let _ = fs::remove_file(with_ending(&self.path, ending));
        }
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // A backup that was made has gone from here; of another one nothing is to stay, and what cannot be removed is
        // overwritten next time.
        let _ = fs::remove_file(&self.path);
        self.remove_logs();
    }
}

fn with_ending(file: &Path, ending: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

fn because(what: &str, path: &Path) -> impl Fn(io::Error) -> Error + use<> {
    let start = format!("{what} {}", path.display());
    move |cause| Error::Refused(format!("{start}: {cause}"))
}
