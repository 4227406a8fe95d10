//! The rows of a table, page by page in the order of the primary key, and the checksum of all rows.
//!
//! A value is hashed as its kind, its length and its bytes, a row as its values in the order of the columns' names. So
//! two tables have the same checksum if and only if they hold the same rows, on whichever engine.

use sha2::{Digest as _, Sha256};

use crate::store::{self, Db, OwnedParam, Param};
use crate::transfer::tables::{PICTURES, Table, insert_statement};

/// Rows of a page. One statement inserts a page, and the engines limit the parameters of a statement.
pub(crate) const PAGE: usize = 500;

/// Rows of a page of pictures, since a page is in memory as a whole.
const PAGE_OF_PICTURES: usize = 20;

fn page_of(table: &Table) -> usize {
    if table.name == PICTURES { PAGE_OF_PICTURES } else { PAGE }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checksum {
    pub rows: u64,
    /// In hexadecimal digits.
    pub sha256: String,
}

/// Some rows, as one list of values.
pub(crate) struct Page {
    pub(crate) rows: usize,
    pub(crate) values: Vec<OwnedParam>,
    /// Of the whole table, with its last page.
    pub(crate) checksum: Option<Checksum>,
}

impl Page {
    pub(crate) fn write(&self, db: &mut Db, table: &Table) -> Result<(), store::Error> {
        if self.rows == 0 {
            return Ok(());
        }
        let params: Vec<Param<'_>> = self.values.iter().map(OwnedParam::param).collect();
        db.exec(&insert_statement(table.name, &table.columns, self.rows), &params).map(drop)
    }
}

/// Reads a table page by page.
pub(crate) struct TableReader {
    /// The key of the last row that was read.
    last_key: Option<Vec<OwnedParam>>,
    hash: Sha256,
    rows: u64,
}

impl TableReader {
    pub(crate) fn new(table: &Table) -> Self {
        let mut hash = Sha256::new();
        hash.update(format!("{}({})\n", table.name, table.columns.join(",")));
        Self { last_key: None, hash, rows: 0 }
    }

    pub(crate) fn next(&mut self, db: &mut Db, table: &Table) -> Result<Page, store::Error> {
        let (width, page) = (table.columns.len(), page_of(table));
        let sql = table.page_statement(page, self.last_key.is_none());
        let key = self.last_key.take().unwrap_or_default();
        let key: Vec<Param<'_>> = key.iter().map(OwnedParam::param).collect();
        let mut values: Vec<OwnedParam> = Vec::with_capacity(page * width);
        db.each(&sql, &key, &mut |row| {
            for column in 0..width {
                let value = row.any(column).map_err(|cause| unreadable(table, row, column, &cause))?;
                add_to(&mut self.hash, value);
                values.push(value.into());
            }
            Ok(())
        })?;
        let rows = values.len() / width;
        self.rows += rows as u64;
        self.last_key =
            values.rchunks(width).next().map(|last| table.key.iter().map(|&key| last[key].clone()).collect());
        let sha256 = || hexadecimal(&self.hash.clone().finalize());
        let checksum = (rows < page).then(|| Checksum { rows: self.rows, sha256: sha256() });
        Ok(Page { rows, values, checksum })
    }
}

/// Reads a whole table, page by page.
pub(crate) fn read_table(db: &mut Db, table: &Table, mut each: impl FnMut(Page)) -> Result<Checksum, store::Error> {
    let mut reader = TableReader::new(table);
    loop {
        let mut page = reader.next(db, table)?;
        let checksum = page.checksum.take();
        each(page);
        if let Some(checksum) = checksum {
            return Ok(checksum);
        }
    }
}

fn add_to(hash: &mut Sha256, value: Param<'_>) {
    let (kind, bytes) = match value {
        Param::Null => return hash.update([0]),
        Param::Int(number) => {
            hash.update([1]);
            return hash.update(number.to_be_bytes());
        }
        Param::Text(text) => (2, text.as_bytes()),
        Param::Bytes(bytes) => (3, bytes),
    };
    hash.update([kind]);
    hash.update((bytes.len() as u64).to_be_bytes());
    hash.update(bytes);
}

/// Names the row and column of a value that this program never writes.
fn unreadable(table: &Table, row: &store::Row<'_>, column: usize, cause: &store::Error) -> store::Error {
    let values: Vec<Param<'_>> =
        (0..table.columns.len()).map(|column| row.any(column).unwrap_or(Param::Null)).collect();
    store::Error::Data(format!("{}, {}: {cause}", table.describe(&values), table.columns[column]))
}

pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
