//! Values on their way to and from PostgreSQL.

use bytes::BytesMut;
use tokio_postgres::Row;
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};

use crate::store::db::Found;
use crate::store::postgres::trouble::explain;
use crate::store::{Error, Param};

/// What stands in a column. Engines differ in how they type an expression, so that whatever is a number, or true or false, is a
/// number here.
pub(in crate::store) fn found(row: &Row, column: usize) -> Result<Found<'_>, Error> {
    let unreadable = |cause: tokio_postgres::Error| Error::Statement(explain(&cause));
    let kind = row.columns().get(column).map(tokio_postgres::Column::type_);
    let number = |number: Option<i64>| number.map_or(Found::Null, Found::Int);
    Ok(match kind {
        Some(&Type::INT8) => number(row.try_get(column).map_err(unreadable)?),
        Some(&Type::INT4) => number(row.try_get::<_, Option<i32>>(column).map_err(unreadable)?.map(i64::from)),
        Some(&Type::INT2) => number(row.try_get::<_, Option<i16>>(column).map_err(unreadable)?.map(i64::from)),
        Some(&Type::BOOL) => number(row.try_get::<_, Option<bool>>(column).map_err(unreadable)?.map(i64::from)),
        Some(&Type::BYTEA) => {
            row.try_get::<_, Option<&[u8]>>(column).map_err(unreadable)?.map_or(Found::Null, Found::Bytes)
        }
        _ => row.try_get::<_, Option<&str>>(column).map_err(unreadable)?.map_or(Found::Null, Found::Text),
    })
}

impl ToSql for Param<'_> {
    fn to_sql(&self, kind: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match *self {
            Self::Null => Ok(IsNull::Yes),
            Self::Int(number) => match *kind {
                Type::INT4 => i32::try_from(number)?.to_sql(kind, out),
                Type::INT2 => i16::try_from(number)?.to_sql(kind, out),
                Type::BOOL => (number != 0).to_sql(kind, out),
                _ => number.to_sql(&Type::INT8, out),
            },
            Self::Text(text) => text.to_sql(&Type::TEXT, out),
            Self::Bytes(bytes) => bytes.to_sql(&Type::BYTEA, out),
        }
    }

    fn accepts(_: &Type) -> bool {
        // Which kinds of values meet which columns is decided where statements are written.
        true
    }

    to_sql_checked!();
}
