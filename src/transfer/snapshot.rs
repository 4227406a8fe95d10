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
    /// `None` if the table assigns no ids.
    last_id: Option<i64>,
}

impl Snapshot {
    pub fn take(db: &mut Db) -> Result<Self, Error> {
        tables::all(db)?.into_iter().map(|table| TableSnapshot::take(db, table)).collect::<Result<_, _>>().map(Self)
    }

    pub fn rows(&self) -> usize {
        self.0.iter().flat_map(|table| &table.pages).map(|page| page.rows).sum()
    }

    /// Restores all rows, and the next ids.
    pub fn put_back(&self, db: &mut Db) -> Result<(), Error> {
        empty(db)?;
        self.0.iter().try_for_each(|table| table.put_back(db))
    }
}

/// Empties every table and restarts ids.
pub fn empty(db: &mut Db) -> Result<(), Error> {
    let tables = tables::all(db)?;
    let names: Vec<&str> = tables.iter().map(|table| table.name).collect();
    for sql in db.dialect().empty_tables(&names) {
        db.exec(&sql, &[])?;
    }
    for table in tables.iter().filter(|table| table.assigns_ids()) {
        table.continue_ids_after(db, 0)?;
    }
    Ok(())
}

impl TableSnapshot {
    fn take(db: &mut Db, table: Table) -> Result<Self, Error> {
        let mut pages = Vec::new();
        read_table(db, &table, |page| pages.push(page))?;
        let last_id = if table.assigns_ids() { Some(table.last_id(db)?) } else { None };
        Ok(Self { table, pages, last_id })
    }

    fn put_back(&self, db: &mut Db) -> Result<(), Error> {
        for page in self.pages.iter().filter(|page| page.rows > 0) {
            page.write(db, &self.table)?;
        }
        self.last_id.map_or(Ok(()), |last_id| self.table.continue_ids_after(db, last_id))
    }
}
