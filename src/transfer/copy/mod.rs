//! Everything that one database holds, moved into another: between engines or within one, in either direction.
//!
//! The source is read in one read transaction, so that the copy is one state of it, whoever goes on writing. The target
//! is written in one transaction, from the rows that it held before to the comparison at the end: a copy that breaks
//! off leaves the target as it was. Two transactions of two stores live on two threads; the one that writes asks the
//! other for page after page, so that memory stays bounded, reading and writing overlap, and writing may begin anew.
//!
//! What is compared are checksums over every row of every table ([`crate::transfer::rows`]), of what was read from the source and of what
//! is read back from the target. A program such as `pg_dump` would know one engine only, and would copy a table without
//! knowing whether the program can read it; here both sides have exactly the schema of this program ([`crate::transfer::tables`]).
//!
//! Invariants. A target that holds accounts is replaced only where that was asked for, or where it is, byte for byte,
//! what an earlier copy of the same source has left (`target`). No id is given again that source or target has given
//! before.

mod source;
mod target;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use sha2::{Digest as _, Sha256};

use crate::clock::Timestamp;
use crate::engine::schema::MIGRATIONS;
use crate::store::{self, Place, Store, migrate};
use crate::transfer::rows;

pub use crate::transfer::rows::Checksum;

/// How long the one read of the source may take.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// What is to be copied.
pub struct Order {
    /// The source.
    pub from: Place,
    /// The target.
    pub to: Place,
    /// Whether the target may be replaced, whatever it holds.
    pub replaces: bool,
    /// When the target's schema is made.
    pub now: Timestamp,
    /// Who hears how far it is.
    pub listener: Listener,
}

/// Who hears how far a copy is.
pub type Listener = Arc<dyn Fn(&Progress<'_>) + Send + Sync>;

/// How far a copy is.
#[derive(Clone, Copy, Debug)]
pub struct Progress<'a> {
    /// What is done at the moment.
    pub stage: Stage,
    /// The table.
    pub table: &'a str,
    /// Its rows that are done.
    pub rows: u64,
    /// All of its rows.
    pub of: u64,
}

/// What is done with a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Its rows go from the source to the target.
    Copying,
    /// Its rows are read back from the target.
    Comparing,
}

/// What was copied: each table with what both sides hold.
#[derive(Debug)]
pub struct Copied(pub Vec<(&'static str, Checksum)>);

impl Copied {
    /// Rows of all tables.
    pub fn rows(&self) -> u64 {
        self.0.iter().map(|(_, checksum)| checksum.rows).sum()
    }

    /// One checksum for all tables.
    pub fn sha256(&self) -> String {
        whole(&self.0)
    }
}

/// One checksum for all tables.
fn whole(tables: &[(&'static str, Checksum)]) -> String {
    let mut hash = Sha256::new();
    for (table, checksum) in tables {
        hash.update(format!("{table} {} {}\n", checksum.rows, checksum.sha256));
    }
    rows::hexadecimal(&hash.finalize())
}

/// Why nothing was copied.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A database failed; told with its name by [`run`].
    #[error(transparent)]
    Store(#[from] store::Error),
    /// What else stands in the way, and what to do about it.
    #[error("{0}")]
    Refused(String),
}

impl Error {
    /// Says in which database it happened.
    fn at(self, place: &Place) -> Self {
        match self {
            Self::Store(cause) => Self::Refused(format!("{place}: {cause}")),
            other => other,
        }
    }
}

/// Copies a database into another. What this returns is durable, and was compared.
pub async fn run(order: Order) -> Result<Copied, Error> {
    if is_same(&order.from, &order.to) {
        return Err(Error::Refused(format!("{} is source and target at once: name two databases", order.to)));
    }
    require_file(&order.from)?;
    let source = open(&order.from).map_err(|error| error.at(&order.from))?;
    let copied = from_open_source(&source, &order).await;
    close(source).await?;
    copied
}

async fn from_open_source(source: &Store, order: &Order) -> Result<Copied, Error> {
    // The source first: a target that is a new file is not made for a source that cannot be read.
    migrate::check(source, MIGRATIONS).await.map_err(|error| Error::from(error).at(&order.from))?;
    let target = open(&order.to).map_err(|error| error.at(&order.to))?;
    let copied = between(source, &target, order).await;
    close(target).await?;
    copied
}

async fn between(source: &Store, target: &Store, order: &Order) -> Result<Copied, Error> {
    let permit =
        target::Permit { replaces: order.replaces, source: identity(&order.from), place: order.to.to_string() };
    // Judged before the schema is touched, so that a target that is refused stays what it is.
    let judged = permit.clone();
    target.read(move |db| judged.judge_by_mark(db)).await.map_err(|error| error.at(&order.to))?;
    target.write(target::prepare).await.map_err(|error| Error::from(error).at(&order.to))?;
    let now = order.now;
    migrate::apply(target, MIGRATIONS, now).await.map_err(|error| Error::from(error).at(&order.to))?;
    let (pages, requests) = source::connect();
    let listener = Arc::clone(&order.listener);
    let (read, written) = tokio::join!(
        source.read(move |db| source::serve(db, &requests)),
        target.write(move |db| target::fill(db, &pages, &permit, &listener)),
    );
    // Where the source has failed, the target only knows that no more pages come.
    read.map_err(|error: store::Error| Error::from(error).at(&order.from))?;
    Ok(Copied(written.map_err(|error: Error| error.at(&order.to))?))
}

/// Opens a database for work that takes its time.
pub fn open(place: &Place) -> Result<Store, Error> {
    Ok(Store::open(&store::Options::for_one_job(place.clone(), LONGEST))?)
}

/// Closes a database, which must not hold up the runtime.
pub async fn close(store: Store) -> Result<(), Error> {
    let closed = tokio::task::spawn_blocking(move || store.close()).await;
    closed.map_err(|_| Error::Store(store::Error::Panicked))
}

/// Refuses a file that is not there, which opening it would make.
pub fn require_file(place: &Place) -> Result<(), Error> {
    match place {
        // Where the system does not tell, opening the file will tell why.
        Place::File(path) if !path.try_exists().unwrap_or(true) => {
            Err(Error::Refused(format!("the database {} does not exist", path.display())))
        }
        Place::File(_) | Place::Server(_) => Ok(()),
    }
}

/// Whether two places are plainly one. Two names of one database on a server are told apart by the locks of
/// [`store::Dialect::begin_copy`].
fn is_same(one: &Place, other: &Place) -> bool {
    match (one, other) {
        (Place::File(one), Place::File(other)) => real(one) == real(other),
        _ => one.to_string() == other.to_string(),
    }
}

/// By what a target knows its source again; a hash, since a target is no place for the paths of a machine.
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
