//! Copies everything from one database into another, between engines or within one.
//!
//! The source is read in one read transaction, so the copy is one state of it, even while it is written to. The target
//! is written in one transaction, which ends with a comparison: a copy that fails leaves the target as it was. Each
//! transaction runs on a thread of its store. The target asks the source for page after page, so memory stays bounded,
//! reading and writing overlap, and the target can start again.
//!
//! The comparison uses checksums over every row of every table ([`crate::transfer::rows`]): of what was read from the
//! source and of what is read back from the target. A program like `pg_dump` would work with one engine only, and would
//! copy tables that this program cannot read; here both sides have exactly this program's schema
//! ([`crate::transfer::tables`]).
//!
//! Invariants. A target that holds accounts is replaced only if that was asked for, or if it is, byte for byte, what an
//! earlier copy of the same source has left (`target`). An id that source or target has assigned is never assigned
//! again.

mod source;
mod target;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use sha2::{Digest as _, Sha256};

use crate::clock::Timestamp;
use crate::engine::schema::MIGRATIONS;
use crate::store::{self, Place, Store, migrate};
use crate::transfer::rows::{self, Checksum};

/// How long reading the source may take.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

pub struct CopyOptions {
    pub from: Place,
    pub to: Place,
    /// Whether the target may be replaced, whatever it holds.
    pub replaces: bool,
    /// When the target's schema is created.
    pub now: Timestamp,
    pub on_progress: ProgressCallback,
}

pub type ProgressCallback = Arc<dyn Fn(&Progress<'_>) + Send + Sync>;

#[derive(Clone, Copy, Debug)]
pub struct Progress<'a> {
    pub stage: Stage,
    pub table: &'a str,
    /// Rows that are done.
    pub rows: u64,
    /// All rows of the table.
    pub of: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// From the source to the target.
    Copying,
    /// Rows are read back from the target.
    Comparing,
}

/// The tables that were copied.
pub type Copied = Vec<(&'static str, Checksum)>;

/// One checksum for all tables.
pub fn checksum_of_all(tables: &[(&'static str, Checksum)]) -> String {
    let mut hash = Sha256::new();
    for (table, checksum) in tables {
        hash.update(format!("{table} {} {}\n", checksum.rows, checksum.sha256));
    }
    rows::hexadecimal(&hash.finalize())
}

#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// [`run`] adds the name of the database.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// A sentence: the reason, and what to do about it.
    #[error("{0}")]
    Refused(String),
}

/// Adds the name of the database to an error.
fn in_database<E: Into<CopyError>>(place: &Place) -> impl Fn(E) -> CopyError + use<'_, E> {
    move |error| match error.into() {
        CopyError::Store(cause) => CopyError::Refused(format!("{place}: {cause}")),
        refused => refused,
    }
}

/// Copies a database into another. The result is durable, and source and target were compared.
pub async fn run(options: CopyOptions) -> Result<Copied, CopyError> {
    let options = Arc::new(options);
    let (from, to) = (&options.from, &options.to);
    if is_same(from, to) {
        return Err(CopyError::Refused(format!("{to} is source and target at once: name two databases")));
    }
    require_file(from)?;
    let copied = in_store(from, async |source| {
        // The source is checked first: if it cannot be read, no target file is created.
        migrate::check(source, MIGRATIONS).await.map_err(in_database(from))?;
        in_store(to, async |target| between(source, target, &options).await).await
    });
    copied.await
}

/// Opens a database for long work, and closes it afterwards, without blocking the runtime.
pub async fn in_store<T>(
    place: &Place,
    work: impl AsyncFnOnce(&Store) -> Result<T, CopyError>,
) -> Result<T, CopyError> {
    let options = store::Options::for_one_job(place.clone(), LONGEST);
    let store = Store::open(&options).map_err(in_database::<store::Error>(place))?;
    let done = work(&store).await;
    let closed = tokio::task::spawn_blocking(move || store.close()).await;
    closed.map_err(|_| CopyError::Store(store::Error::Panicked))?;
    done
}

async fn between(source: &Store, target: &Store, options: &Arc<CopyOptions>) -> Result<Copied, CopyError> {
    // Before the schema is touched, so a target that is refused stays what it is.
    let first = Arc::clone(options);
    target.read(move |db| target::check_mark(db, &first)).await.map_err(in_database(&options.to))?;
    target.write(target::prepare).await.map_err(in_database::<store::Error>(&options.to))?;
    migrate::apply(target, MIGRATIONS, options.now).await.map_err(in_database(&options.to))?;
    let (client, questions) = source::connect();
    let filling = Arc::clone(options);
    let (read, written) = tokio::join!(
        source.read(move |db| source::serve(db, &questions)),
        target.write(move |db| target::fill(db, &client, &filling)),
    );
    // If the source has failed, the target's error only says that no more pages come.
    read.map_err(in_database::<store::Error>(&options.from))?;
    written.map_err(in_database(&options.to))
}

/// Refuses a missing file, which opening would create.
pub fn require_file(place: &Place) -> Result<(), CopyError> {
    match place {
        // If the system cannot say, opening the file fails with a reason.
        Place::File(path) if !path.try_exists().unwrap_or(true) => {
            Err(CopyError::Refused(format!("the database {} does not exist", path.display())))
        }
        Place::File(_) | Place::Server(_) => Ok(()),
    }
}

/// Whether two places are obviously the same. Two names for one database on a server are detected by the locks of
/// [`store::Dialect::begin_copy`].
fn is_same(one: &Place, other: &Place) -> bool {
    match (one, other) {
        (Place::File(one), Place::File(other)) => real(one) == real(other),
        _ => one.to_string() == other.to_string(),
    }
}

/// Identifies a source in the mark of its copies; a hash, because a target should not reveal paths of a machine.
fn identity(place: &Place) -> String {
    let name = match place {
        Place::File(path) => format!("sqlite:{}", real(path)),
        Place::Server(_) => place.to_string(),
    };
    rows::hexadecimal(&Sha256::digest(name))
}

fn real(path: &Path) -> String {
    path.canonicalize().unwrap_or_else(|_| path.to_owned()).display().to_string()
}
