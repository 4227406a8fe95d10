//! A whole database in memory. The sandbox keeps snapshots so that a test can return to where it began.
//!
//! A snapshot consists of the pages that a copy reads, so it works on both engines and for every table. Taking one and
//! putting it back are one transaction each, so no reader sees a mixture of two states.

use crate::store::{Db, Error};
use crate::transfer::rows::{Page, read_table};
use crate::transfer::tables::{self, Table};

/// All rows of a database, and the last ids that it has assigned.
pub struct Snapshot(Vec<TableSnapshot>);

struct TableSnapshot {
    table: Table,
    pages: Vec<Page>,
    last_id: Option<i64>,
}

impl Snapshot {
    pub fn take(db: &mut Db) -> Result<Self, Error> {
        let mut taken = Vec::new();
        for table in tables::all(db)? {
            let mut pages = Vec::new();
            read_table(db, &table, |page| pages.push(page))?;
            taken.push(TableSnapshot { last_id: table.last_id(db)?, table, pages });
        }
        Ok(Self(taken))
    }

    pub fn rows(&self) -> usize {
        self.0.iter().flat_map(|table| &table.pages).map(|page| page.rows).sum()
    }

    /// Restores all rows, and the next ids.
    pub fn put_back(&self, db: &mut Db) -> Result<(), Error> {
        empty(db)?;
        for TableSnapshot { table, pages, last_id } in &self.0 {
            for page in pages {
                page.write(db, table)?;
            }
            if let Some(last_id) = last_id {
                table.continue_ids_after(db, *last_id)?;
            }
        }
        Ok(())
    }
}

/// Empties every table and restarts ids.
pub fn empty(db: &mut Db) -> Result<(), Error> {
    let tables = tables::all(db)?;
    tables::empty(db, &tables)?;
    tables.iter().filter(|table| table.assigns_ids()).try_for_each(|table| table.continue_ids_after(db, 0))
}
