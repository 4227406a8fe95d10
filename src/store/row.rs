//! Rows of a result, whose text is borrowed while the result is read.

use rusqlite::types::ValueRef;

use crate::store::postgres::values;
use crate::store::{Error, Param};
use crate::wire::envelope::Cells;
use crate::wire::kind::Cell;

pub struct Row<'a>(pub(super) RowOf<'a>);

#[derive(Clone, Copy)]
pub(super) enum RowOf<'a> {
    Sqlite(&'a rusqlite::Row<'a>),
    Postgres(&'a tokio_postgres::Row),
}

impl Row<'_> {
    /// The value in a column, whatever its type.
    pub fn any(&self, column: usize) -> Result<Param<'_>, Error> {
        match self.0 {
            RowOf::Postgres(row) => values::column(row, column),
            RowOf::Sqlite(row) => Ok(match row.get_ref(column)? {
                ValueRef::Null => Param::Null,
                ValueRef::Integer(number) => Param::Int(number),
                ValueRef::Text(text) => Param::Text(str::from_utf8(text).map_err(|_| unexpected(column, "not UTF-8"))?),
                ValueRef::Blob(bytes) => Param::Bytes(bytes),
                ValueRef::Real(_) => return Err(unexpected(column, "a fraction")),
            }),
        }
    }

    pub fn int(&self, column: usize) -> Result<i64, Error> {
        self.maybe_int(column)?.ok_or_else(|| unexpected(column, "null"))
    }

    /// The number in a column, as an id.
    pub fn id<T: From<i64>>(&self, column: usize) -> Result<T, Error> {
        self.int(column).map(T::from)
    }

    pub fn maybe_id<T: From<i64>>(&self, column: usize) -> Result<Option<T>, Error> {
        Ok(self.maybe_int(column)?.map(T::from))
    }

    pub fn maybe_int(&self, column: usize) -> Result<Option<i64>, Error> {
        match self.any(column)? {
            Param::Null => Ok(None),
            Param::Int(number) => Ok(Some(number)),
            other => Err(unexpected(column, type_of(other))),
        }
    }

    pub fn text(&self, column: usize) -> Result<&str, Error> {
        self.maybe_text(column)?.ok_or_else(|| unexpected(column, "null"))
    }

    pub fn maybe_text(&self, column: usize) -> Result<Option<&str>, Error> {
        match self.any(column)? {
            Param::Null => Ok(None),
            Param::Text(text) => Ok(Some(text)),
            other => Err(unexpected(column, type_of(other))),
        }
    }

    pub fn bytes(&self, column: usize) -> Result<&[u8], Error> {
        match self.any(column)? {
            Param::Bytes(bytes) => Ok(bytes),
            other => Err(unexpected(column, type_of(other))),
        }
    }
}

fn type_of(value: Param<'_>) -> &'static str {
    match value {
        Param::Null => "null",
        Param::Int(_) => "a number",
        Param::Text(_) => "a text",
        Param::Bytes(_) => "bytes",
    }
}

fn unexpected(column: usize, found: &str) -> Error {
    Error::Data(format!("column {column} is {found}"))
}

impl Cells for Row<'_> {
    fn cell(&self, index: usize) -> Cell<'_> {
        // Every printed value passes here, so SQLite's are taken directly.
        if let RowOf::Sqlite(row) = self.0 {
            return match row.get_ref(index) {
                Ok(ValueRef::Integer(number)) => Cell::Int(number),
                Ok(ValueRef::Text(text)) => str::from_utf8(text).map_or(Cell::Null, Cell::Text),
                _ => Cell::Null,
            };
        }
        match self.any(index) {
            Ok(Param::Int(number)) => Cell::Int(number),
            Ok(Param::Text(text)) => Cell::Text(text),
            _ => Cell::Null,
        }
    }
}
