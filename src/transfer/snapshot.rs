//! A whole database in memory, and back again: what the sandbox keeps, so that a test can return to where it began.
//!
//! It is made of the pages that a copy is made of, so that it knows no table by itself and is the same on both engines. Both ways are
//! one transaction: nobody ever sees a half of one state and a half of another.

use crate::store::{Db, Error};
use crate::transfer::rows::{Page, Walk};
use crate::transfer::tables::{self, Table};

/// All rows of a database, and the ids that it has given.
pub struct Snapshot(Vec<Held>);

struct Held {
    table: Table,
    pages: Vec<Page>,
    /// `None` where the table gives none.
    last_id: Option<i64>,
}

impl Snapshot {
    /// Takes one.
    pub fn take(db: &mut Db) -> Result<Self, Error> {
        tables::all(db)?.into_iter().map(|table| Held::take(db, table)).collect::<Result<_, _>>().map(Self)
    }

    /// Rows in it.
    pub fn rows(&self) -> usize {
        self.0.iter().flat_map(|held| &held.pages).map(|page| page.rows).sum()
    }

    /// Puts everything back as it was, the next ids too.
    pub fn put_back(&self, db: &mut Db) -> Result<(), Error> {
        empty(db)?;
        self.0.iter().try_for_each(|held| held.put_back(db))
    }
}

/// Empties every table, and has ids begin anew.
pub fn empty(db: &mut Db) -> Result<(), Error> {
    let tables = tables::all(db)?;
    let names: Vec<&str> = tables.iter().map(|table| table.name).collect();
    for sql in db.dialect().empty_tables(&names) {
        db.exec(&sql, &[])?;
    }
    for table in tables.iter().filter(|table| table.gives_ids()) {
        table.give_ids_after(db, 0)?;
    }
    Ok(())
}

impl Held {
    fn take(db: &mut Db, table: Table) -> Result<Self, Error> {
        let (mut walk, mut pages) = (Walk::begin(&table), Vec::new());
        loop {
            let page = walk.next(db, &table)?;
            let is_last = page.end.is_some();
            pages.push(page);
            if is_last {
                break;
            }
        }
        let last_id = if table.gives_ids() { Some(table.last_id(db)?) } else { None };
        Ok(Self { table, pages, last_id })
    }

    fn put_back(&self, db: &mut Db) -> Result<(), Error> {
        for page in self.pages.iter().filter(|page| page.rows > 0) {
            self.table.write(db, page)?;
        }
        self.last_id.map_or(Ok(()), |last_id| self.table.give_ids_after(db, last_id))
    }
}
