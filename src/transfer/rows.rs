//! The rows of a table, page by page in the order of the primary key, and the checksum over all of them.
//!
//! A value is hashed as its kind, its length and its bytes, a row as its values in the order of the columns' names. So
//! two tables have one checksum exactly if they hold the same rows, whichever engine holds them.

use sha2::{Digest as _, Sha256};

use crate::store::{self, Db, OwnedParam, Param};
use crate::transfer::tables::Table;

/// Rows of a page. Times the columns of the widest table they stay below the parameters that a statement may have.
pub(crate) const PAGE: usize = 500;

/// What all rows of a table come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checksum {
    /// How many they are.
    pub rows: u64,
    /// SHA-256 over them, in hexadecimal digits.
    pub sha256: String,
}

/// Some rows, value after value.
pub(crate) struct Page {
    pub(crate) rows: usize,
    pub(crate) values: Vec<OwnedParam>,
    /// With the last page, what all of them come to.
    pub(crate) end: Option<Checksum>,
}

/// A walk through a table.
pub(crate) struct Walk {
    /// The key of the last row that was seen.
    after: Option<Vec<OwnedParam>>,
    hash: Sha256,
    rows: u64,
}

impl Walk {
    pub(crate) fn begin(table: &Table) -> Self {
        let mut hash = Sha256::new();
        hash.update(format!("{}({})\n", table.name, table.columns.join(",")));
        Self { after: None, hash, rows: 0 }
    }

    /// The next page.
    pub(crate) fn next(&mut self, db: &mut Db, table: &Table) -> Result<Page, store::Error> {
        let width = table.columns.len();
        let sql = table.page(PAGE, self.after.is_none());
        let after = self.after.take().unwrap_or_default();
        let after: Vec<Param<'_>> = after.iter().map(OwnedParam::param).collect();
        let mut values: Vec<OwnedParam> = Vec::with_capacity(PAGE * width);
        db.each(&sql, &after, &mut |row| {
            for column in 0..width {
                let value = row.any(column).map_err(|cause| unreadable(table, row, column, &cause))?;
                feed(&mut self.hash, value);
                values.push(value.into());
            }
            Ok(())
        })?;
        let rows = values.len() / width;
        self.rows += rows as u64;
        self.after = values.rchunks(width).next().map(|last| table.key.iter().map(|&key| last[key].clone()).collect());
        let end =
            (rows < PAGE).then(|| Checksum { rows: self.rows, sha256: hexadecimal(&self.hash.clone().finalize()) });
        Ok(Page { rows, values, end })
    }
}

fn feed(hash: &mut Sha256, value: Param<'_>) {
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

/// Says where a value stands that is none of those that this program writes.
fn unreadable(table: &Table, row: &store::Row<'_>, column: usize, cause: &store::Error) -> store::Error {
    let values: Vec<Param<'_>> =
        (0..table.columns.len()).map(|column| row.any(column).unwrap_or(Param::Null)).collect();
    store::Error::Data(format!("{}, {}: {cause}", table.describe(&values), table.columns[column]))
}

pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
