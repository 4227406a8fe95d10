//! Values on their way to and from PostgreSQL.

use bytes::BytesMut;
use tokio_postgres::Row;
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};

use crate::store::postgres::errors::explain;
use crate::store::{Error, Param};

/// The value in a column. The engines type expressions differently, so numbers of any width and booleans are numbers.
pub(in crate::store) fn column(row: &Row, column: usize) -> Result<Param<'_>, Error> {
    let unreadable = |cause: tokio_postgres::Error| Error::Data(explain(&cause));
    let kind = row.columns().get(column).map(tokio_postgres::Column::type_);
    let number = |number: Option<i64>| number.map_or(Param::Null, Param::Int);
    Ok(match kind {
        Some(&Type::INT8) => number(row.try_get(column).map_err(unreadable)?),
        Some(&Type::INT4) => number(row.try_get::<_, Option<i32>>(column).map_err(unreadable)?.map(i64::from)),
        Some(&Type::INT2) => number(row.try_get::<_, Option<i16>>(column).map_err(unreadable)?.map(i64::from)),
        Some(&Type::BOOL) => number(row.try_get::<_, Option<bool>>(column).map_err(unreadable)?.map(i64::from)),
        Some(&Type::BYTEA) => {
            row.try_get::<_, Option<&[u8]>>(column).map_err(unreadable)?.map_or(Param::Null, Param::Bytes)
        }
        _ => row.try_get::<_, Option<&str>>(column).map_err(unreadable)?.map_or(Param::Null, Param::Text),
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
        // The authors of statements are responsible for matching types.
        true
    }

    to_sql_checked!();
}

/// A null fits every type, so the server has to infer which.
pub(super) fn typed(params: Vec<Param<'_>>) -> impl Iterator<Item = (Param<'_>, Type)> {
    params.into_iter().map(|param| match param {
        Param::Null => (param, Type::UNKNOWN),
        Param::Int(_) => (param, Type::INT8),
        Param::Text(_) => (param, Type::TEXT),
        Param::Bytes(_) => (param, Type::BYTEA),
    })
}
