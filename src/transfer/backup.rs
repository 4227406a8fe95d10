//! A backup: the state of a running database in one new SQLite file, whichever engine the database is on.
//!
//! SQLite writes out a file itself, whatever its schema, so a backup can be made before an upgrade of the schema, and
//! deleted data is not included. A database on a server is copied as `copy` does it, with the comparison at the end. To
//! restore a backup, put the file in the database's place, or copy it to a server.
//!
//! Invariants. The file gets its name only when it is complete and on the disk; until then it is a draft beside it.
//! Only its owner can read it, from the first byte: it holds everyone's addresses. Nothing is ever overwritten.

use std::path::Path;

use crate::clock::Timestamp;
use crate::entropy::Entropy;
use crate::store::{self, Db, Place, Store};
use crate::transfer::copy::{self, CopyError, CopyOptions, ProgressCallback};
use crate::transfer::draft::{Draft, require_none};
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
    (now, entropy): (Timestamp, &Entropy),
    on_progress: ProgressCallback,
) -> Result<Backup, CopyError> {
    copy::require_file(from)?;
    require_none(file)?;
    let draft = Draft::beside(file, entropy)?;
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
    let failed = |cause: store::Error| {
        CopyError::Refused(format!("cannot back up {} to {}: {cause}", from.display(), draft.path.display()))
    };
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
