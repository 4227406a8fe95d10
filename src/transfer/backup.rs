//! A backup: the state of a running database in one new SQLite file, whichever engine the database is on.
//!
//! SQLite writes out a file itself, whatever its schema, so a backup can be made before an upgrade of the schema, and
//! deleted data is not included. A database on a server is copied as `copy` does it, with the comparison at the end. To
//! restore a backup, put the file in the database's place, or copy it to a server.
//!
//! Invariants. The file gets its name only when it is complete and on the disk; until then it is `NAME.unfinished`
//! beside it. Only its owner can read it, from the first byte: it holds everyone's addresses. Nothing is ever
//! overwritten.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use crate::clock::Timestamp;
use crate::store::{self, Db, Place, Store};
use crate::transfer::copy::{self, CopyError, CopyOptions, ProgressCallback};
use crate::transfer::tables::{self, TABLES};

#[derive(Debug)]
pub struct Backup {
    /// Each table with its rows.
    pub tables: Vec<(&'static str, u64)>,
    /// The size of the file.
    pub bytes: u64,
}

/// Writes the current state of a database into a new file.
pub async fn make(
    from: &Place,
    file: &Path,
    now: Timestamp,
    on_progress: ProgressCallback,
) -> Result<Backup, CopyError> {
    copy::require_file(from)?;
    require_none(file)?;
    let draft = Draft::beside(file)?;
    let tables = match from {
        Place::File(path) => of_file(path, &draft).await?,
        Place::Server(_) => {
            let to = Place::File(draft.path.clone());
            let copied = copy::run(CopyOptions { from: from.clone(), to, replaces: false, now, on_progress }).await?;
            copied.into_iter().map(|(table, checksum)| (table, checksum.rows)).collect()
        }
    };
    let bytes = draft.publish(file)?;
    Ok(Backup { tables, bytes })
}

/// Lets SQLite write out a file, and counts the rows.
async fn of_file(from: &Path, draft: &Draft) -> Result<Vec<(&'static str, u64)>, CopyError> {
    let (source, into) = (from.to_owned(), draft.path.clone());
    let written = tokio::task::spawn_blocking(move || Store::write_compact(&source, &into)).await;
    let failed = |cause: store::Error| CopyError::Refused(format!("{}: {cause}", from.display()));
    written.unwrap_or(Err(store::Error::Panicked)).map_err(failed)?;
    let place = Place::File(draft.path.clone());
    match copy::in_store(&place, async |store| store.read(count).await.map_err(failed)).await? {
        tables if tables.is_empty() => {
            Err(CopyError::Refused(format!("{} holds no table of this program: name its database", from.display())))
        }
        tables => Ok(tables),
    }
}

/// The rows of each table. Another version of the program may have had fewer tables.
fn count(db: &mut Db) -> Result<Vec<(&'static str, u64)>, store::Error> {
    let mut tables = Vec::new();
    for table in TABLES {
        if tables::exists(db, table)? {
            let rows = db.one(&format!("SELECT count(*) FROM {table}"), &[], |row| row.int(0))?;
            tables.push((*table, rows.unsigned_abs()));
        }
    }
    Ok(tables)
}

fn require_none(file: &Path) -> Result<(), CopyError> {
    // A dangling symbolic link counts as existing.
    match file.symlink_metadata() {
        Ok(_) => Err(CopyError::Refused(format!("{} is there already: name a new file", file.display()))),
        Err(_) => Ok(()),
    }
}

/// An unfinished backup. The lock distinguishes a file that is being written from one that a killed process has left.
/// The file is removed on drop.
struct Draft {
    path: PathBuf,
    file: File,
}

impl Draft {
    fn beside(file: &Path) -> Result<Self, CopyError> {
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
                return Err(CopyError::Refused(format!("{} is being written by another backup", path.display())));
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

    /// Gives the file its name, and returns its size.
    fn publish(&self, name: &Path) -> Result<u64, CopyError> {
        let failed = because("cannot write", name);
        self.file.sync_all().map_err(&failed)?;
        let bytes = self.file.metadata().map_err(&failed)?.len();
        require_none(name)?;
        fs::rename(&self.path, name).map_err(&failed)?;
        // The name is on the disk once its folder is.
        let folder = name.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)?;
        Ok(bytes)
    }

    /// Removes SQLite's files beside the database, which a killed process may have left.
    fn remove_logs(&self) {
        for ending in ["-wal", "-shm", "-journal"] {
            // Usually there are none.
            let _ = fs::remove_file(with_ending(&self.path, ending));
        }
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // A finished backup has another name by now. If an unfinished one cannot be removed, the next backup overwrites
        // it.
        let _ = fs::remove_file(&self.path);
        self.remove_logs();
    }
}

fn with_ending(file: &Path, ending: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

fn because(what: &str, path: &Path) -> impl Fn(io::Error) -> CopyError + use<> {
    let start = format!("{what} {}", path.display());
    move |cause| CopyError::Refused(format!("{start}: {cause}"))
}
