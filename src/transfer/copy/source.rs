//! The source: one read transaction, in which a thread answers questions until nobody asks any more.
//!
//! Whoever writes asks for a table from its beginning, so that it can begin anew after a transaction that was undone.

use crate::store::{self, Db};
use crate::transfer::copy::Error;
use crate::transfer::rows::{Page, Walk};
use crate::transfer::tables::{self, Table};

/// What the source holds, before any of its rows.
pub(super) struct Outline {
    pub(super) tables: Vec<Table>,
    /// For each table how many rows it has, and the last id that it has given.
    pub(super) counts: Vec<(u64, i64)>,
}

/// A question, with the way of its answer.
pub(super) enum Request {
    Outline(flume::Sender<Outline>),
    /// A page of a table, by its place in the list: the first one, or the one after the page that was asked for last.
    Page {
        table: usize,
        is_first: bool,
        reply: flume::Sender<Page>,
    },
}

/// The side that asks. When it is gone, the source's transaction ends.
pub(super) struct Pages(flume::Sender<Request>);

/// An answer that is on its way.
pub(super) struct Coming<T>(flume::Receiver<T>);

/// Connects one who asks with one who answers. A question is handed over and never queued: in a queue that nobody reads
/// any more it would wait for ever, and whoever asked with it.
pub(super) fn connect() -> (Pages, flume::Receiver<Request>) {
    let (requests, received) = flume::bounded(0);
    (Pages(requests), received)
}

impl Pages {
    pub(super) fn outline(&self) -> Result<Outline, Error> {
        let (reply, coming) = flume::bounded(1);
        self.0.send(Request::Outline(reply)).map_err(|_| gone())?;
        Coming(coming).wait()
    }

    /// Asks for a page, which is read while the caller does something else.
    pub(super) fn ask(&self, table: usize, is_first: bool) -> Result<Coming<Page>, Error> {
        let (reply, coming) = flume::bounded(1);
        self.0.send(Request::Page { table, is_first, reply }).map_err(|_| gone())?;
        Ok(Coming(coming))
    }
}

impl<T> Coming<T> {
    pub(super) fn wait(&self) -> Result<T, Error> {
        self.0.recv().map_err(|_| gone())
    }
}

/// The source has ended, and its own error says why.
fn gone() -> Error {
    Error::Refused("the source has ended".to_owned())
}

/// Answers questions from one state of the source.
pub(super) fn serve(db: &mut Db, requests: &flume::Receiver<Request>) -> Result<(), store::Error> {
    for sql in db.dialect().begin_copy(true) {
        db.maybe(sql, &[], |_| Ok(()))?;
    }
    let tables = tables::all(db)?;
    let mut walk = None;
    // Whoever has asked and is gone since needs no answer.
    while let Ok(request) = requests.recv() {
        match request {
            Request::Outline(reply) => drop(reply.send(outline(db, &tables)?)),
            Request::Page { table, is_first, reply } => {
                let Some(table) = tables.get(table) else { continue };
                let walk = match &mut walk {
                    Some(walk) if !is_first => walk,
                    walk => walk.insert(Walk::begin(table)),
                };
                drop(reply.send(walk.next(db, table)?));
            }
        }
    }
    Ok(())
}

fn outline(db: &mut Db, tables: &[Table]) -> Result<Outline, store::Error> {
    let mut counts = Vec::with_capacity(tables.len());
    for table in tables {
        let last = if table.gives_ids() { table.last_id(db)? } else { 0 };
        counts.push((table.count(db)?, last));
    }
    Ok(Outline { tables: tables.to_vec(), counts })
}
