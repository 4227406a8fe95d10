//! A connection in the hands of a job: a few verbs, and rows whose text is borrowed.
//!
//! Placeholders are written `?1 ?2`: SQLite takes `$2` for a *name* and numbers it by first appearance, which binds the
//! wrong values without a word.

use rusqlite::types::{ToSqlOutput, ValueRef};

use crate::store::postgres::{self, Session};
use crate::store::{Dialect, Error};
use crate::wire::envelope::Cells;
use crate::wire::kind::{Cell, Value};

/// A connection inside a transaction.
pub struct Db {
    pub(super) engine: Engine,
    after_commit: Vec<AfterCommit>,
}

/// What a connection is connected to.
pub(super) enum Engine {
    Sqlite(rusqlite::Connection),
    Postgres(Box<Session>),
}

/// What is done when the transaction has become durable.
type AfterCommit = Box<dyn FnOnce() + Send>;

/// A value that goes into a statement.
#[derive(Clone, Copy, Debug)]
pub enum Param<'a> {
    /// No value.
    Null,
    /// A number.
    Int(i64),
    /// A text.
    Text(&'a str),
    /// Bytes.
    Bytes(&'a [u8]),
}

/// A value that outlives the statement or the result that it belongs to.
#[derive(Clone, Debug)]
pub enum Kept {
    /// No value.
    Null,
    /// A number.
    Int(i64),
    /// A text.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
}

impl From<Param<'_>> for Kept {
    fn from(param: Param<'_>) -> Self {
        match param {
            Param::Null => Self::Null,
            Param::Int(number) => Self::Int(number),
            Param::Text(text) => Self::Text(text.to_owned()),
            Param::Bytes(bytes) => Self::Bytes(bytes.to_owned()),
        }
    }
}

impl Kept {
    /// The value, for a statement.
    pub fn param(&self) -> Param<'_> {
        match self {
            Self::Null => Param::Null,
            Self::Int(number) => Param::Int(*number),
            Self::Text(text) => Param::Text(text),
            Self::Bytes(bytes) => Param::Bytes(bytes),
        }
    }
}

impl<'a> From<Cell<'a>> for Param<'a> {
    fn from(cell: Cell<'a>) -> Self {
        match cell {
            Cell::Null => Self::Null,
            Cell::Int(number) => Self::Int(number),
            Cell::Text(text) => Self::Text(text),
        }
    }
}

impl<'a> From<&'a Value> for Param<'a> {
    fn from(value: &'a Value) -> Self {
        value.cell().into()
    }
}

impl<'a> From<Option<&'a Value>> for Param<'a> {
    fn from(value: Option<&'a Value>) -> Self {
        value.map_or(Self::Null, Self::from)
    }
}

impl<'a> From<Option<&'a str>> for Param<'a> {
    fn from(text: Option<&'a str>) -> Self {
        text.map_or(Self::Null, Self::Text)
    }
}

impl From<Option<i64>> for Param<'_> {
    fn from(number: Option<i64>) -> Self {
        number.map_or(Self::Null, Self::Int)
    }
}

impl rusqlite::ToSql for Param<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match *self {
            Self::Null => ValueRef::Null,
            Self::Int(number) => ValueRef::Integer(number),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Bytes(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

/// A row of a result, valid while the result is read.
pub struct Row<'a>(RowOf<'a>);

#[derive(Clone, Copy)]
enum RowOf<'a> {
    Sqlite(&'a rusqlite::Row<'a>),
    Postgres(&'a tokio_postgres::Row),
}

/// What stands in a column.
pub(super) enum Found<'a> {
    Null,
    Int(i64),
    Text(&'a str),
    Bytes(&'a [u8]),
}

impl Found<'_> {
    fn name(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Int(_) => "a number",
            Self::Text(_) => "a text",
            Self::Bytes(_) => "bytes",
        }
    }
}

impl Row<'_> {
    fn found(&self, column: usize) -> Result<Found<'_>, Error> {
        match self.0 {
            RowOf::Postgres(row) => postgres::found(row, column),
            RowOf::Sqlite(row) => Ok(match row.get_ref(column)? {
                ValueRef::Null => Found::Null,
                ValueRef::Integer(number) => Found::Int(number),
                ValueRef::Text(text) => Found::Text(str::from_utf8(text).map_err(|_| unexpected(column, "not UTF-8"))?),
                ValueRef::Blob(bytes) => Found::Bytes(bytes),
                ValueRef::Real(_) => return Err(unexpected(column, "a fraction")),
            }),
        }
    }

    /// The number in a column.
    pub fn int(&self, column: usize) -> Result<i64, Error> {
        self.maybe_int(column)?.ok_or_else(|| unexpected(column, "null"))
    }

    /// The number in a column, as an id or whatever else is made of one.
    pub fn id<T: From<i64>>(&self, column: usize) -> Result<T, Error> {
        self.int(column).map(T::from)
    }

    pub fn maybe_id<T: From<i64>>(&self, column: usize) -> Result<Option<T>, Error> {
        Ok(self.maybe_int(column)?.map(T::from))
    }

    /// The number in a column, or null.
    pub fn maybe_int(&self, column: usize) -> Result<Option<i64>, Error> {
        match self.found(column)? {
            Found::Null => Ok(None),
            Found::Int(number) => Ok(Some(number)),
            other => Err(unexpected(column, other.name())),
        }
    }

    /// The text in a column.
    pub fn text(&self, column: usize) -> Result<&str, Error> {
        self.maybe_text(column)?.ok_or_else(|| unexpected(column, "null"))
    }

    /// The bytes in a column.
    pub fn bytes(&self, column: usize) -> Result<&[u8], Error> {
        match self.found(column)? {
            Found::Bytes(bytes) => Ok(bytes),
            other => Err(unexpected(column, other.name())),
        }
    }

    /// The text in a column, or null.
    pub fn maybe_text(&self, column: usize) -> Result<Option<&str>, Error> {
        match self.found(column)? {
            Found::Null => Ok(None),
            Found::Text(text) => Ok(Some(text)),
            other => Err(unexpected(column, other.name())),
        }
    }
}

/// For those who carry rows without knowing them.
impl Row<'_> {
    /// Whatever stands in a column, in the form in which it can be written again.
    pub fn any(&self, column: usize) -> Result<Param<'_>, Error> {
        Ok(match self.found(column)? {
            Found::Null => Param::Null,
            Found::Int(number) => Param::Int(number),
            Found::Text(text) => Param::Text(text),
            Found::Bytes(bytes) => Param::Bytes(bytes),
        })
    }
}

fn unexpected(column: usize, found: &str) -> Error {
    Error::Statement(format!("column {column} is {found}"))
}

impl Cells for Row<'_> {
    fn cell(&self, index: usize) -> Cell<'_> {
        // Every printed value comes by here, so that SQLite's are taken as they are, without a step between.
        if let RowOf::Sqlite(row) = self.0 {
            return match row.get_ref(index) {
                Ok(ValueRef::Integer(number)) => Cell::Int(number),
                Ok(ValueRef::Text(text)) => str::from_utf8(text).map_or(Cell::Null, Cell::Text),
                _ => Cell::Null,
            };
        }
        match self.found(index) {
            Ok(Found::Int(number)) => Cell::Int(number),
            Ok(Found::Text(text)) => Cell::Text(text),
            _ => Cell::Null,
        }
    }
}

impl Db {
    pub(super) fn new(engine: Engine) -> Self {
        Self { engine, after_commit: Vec::new() }
    }

    /// How the engine wants things said.
    pub fn dialect(&self) -> Dialect {
        match self.engine {
            Engine::Sqlite(_) => Dialect::Sqlite,
            Engine::Postgres(_) => Dialect::Postgres,
        }
    }

    /// Has something done once this job's changes are durable, before anybody is told of them: what is kept in memory
    /// learns of a change no later than its caller. It is never done for a job that is undone.
    pub fn after_commit(&mut self, act: impl FnOnce() + Send + 'static) {
        self.after_commit.push(Box::new(act));
    }

    /// How many acts wait for the commit.
    pub(super) fn waiting_acts(&self) -> usize {
        self.after_commit.len()
    }

    /// Forgets the acts that jobs have asked for since there were `kept`.
    pub(super) fn forget_acts(&mut self, kept: usize) {
        self.after_commit.truncate(kept);
    }

    /// Does what waits for the commit.
    pub(super) fn act_after_commit(&mut self) {
        for act in self.after_commit.drain(..) {
            act();
        }
    }

    /// Reads the first row of a result, if it has any.
    pub fn maybe<T>(
        &mut self,
        sql: &str,
        params: &[Param<'_>],
        read: impl FnOnce(&Row<'_>) -> Result<T, Error>,
    ) -> Result<Option<T>, Error> {
        match &mut self.engine {
            Engine::Sqlite(connection) => {
                let mut statement = connection.prepare_cached(sql)?;
                let mut rows = statement.query(rusqlite::params_from_iter(params))?;
                rows.next()?.map(|row| read(&Row(RowOf::Sqlite(row)))).transpose()
            }
            Engine::Postgres(session) => {
                session.query(sql, params)?.first().map(|row| read(&Row(RowOf::Postgres(row)))).transpose()
            }
        }
    }

    /// Reads the first row of a result, which must have one.
    pub fn one<T>(
        &mut self,
        sql: &str,
        params: &[Param<'_>],
        read: impl FnOnce(&Row<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.maybe(sql, params, read)?.ok_or_else(|| Error::Statement("a row was expected, there is none".to_owned()))
    }

    /// Whether a result has any row.
    pub fn exists(&mut self, sql: &str, params: &[Param<'_>]) -> Result<bool, Error> {
        Ok(self.maybe(sql, params, |_| Ok(()))?.is_some())
    }

    /// Reads every row of a result into a list.
    pub fn all<T>(
        &mut self,
        sql: &str,
        params: &[Param<'_>],
        mut read: impl FnMut(&Row<'_>) -> Result<T, Error>,
    ) -> Result<Vec<T>, Error> {
        let mut rows = Vec::new();
        self.each(sql, params, &mut |row| {
            rows.push(read(row)?);
            Ok(())
        })?;
        Ok(rows)
    }

    /// Reads every row of a result.
    pub fn each(
        &mut self,
        sql: &str,
        params: &[Param<'_>],
        read: &mut dyn FnMut(&Row<'_>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        match &mut self.engine {
            Engine::Sqlite(connection) => {
                let mut statement = connection.prepare_cached(sql)?;
                let mut rows = statement.query(rusqlite::params_from_iter(params))?;
                while let Some(row) = rows.next()? {
                    read(&Row(RowOf::Sqlite(row)))?;
                }
                Ok(())
            }
            Engine::Postgres(session) => {
                session.query(sql, params)?.iter().try_for_each(|row| read(&Row(RowOf::Postgres(row))))
            }
        }
    }

    /// Executes a statement without a result and returns the number of rows that it changed.
    pub fn exec(&mut self, sql: &str, params: &[Param<'_>]) -> Result<usize, Error> {
        match &mut self.engine {
            Engine::Sqlite(connection) => {
                let mut statement = connection.prepare_cached(sql)?;
                Ok(statement.execute(rusqlite::params_from_iter(params))?)
            }
            Engine::Postgres(session) => session.execute(sql, params),
        }
    }

    /// Executes a statement at the latest with the next one, for changes that nothing looks at in between and no rule of the schema
    /// refuses: where a server is a round trip away, they are not waited for by themselves.
    pub fn exec_later(&mut self, sql: &str, params: &[Param<'_>]) -> Result<(), Error> {
        match &mut self.engine {
            Engine::Sqlite(_) => self.exec(sql, params).map(drop),
            Engine::Postgres(session) => session.execute_later(sql, params),
        }
    }

    /// Announces that the next statement is the last of this job, which cannot fail after it: what makes the job durable may travel
    /// with it. A statement after it is refused, on engines where this makes a difference.
    pub fn expect_last(&mut self) {
        if let Engine::Postgres(session) = &mut self.engine {
            session.expect_last();
        }
    }

    /// Executes an `INSERT … RETURNING id` and returns the id.
    pub fn insert<T: From<i64>>(&mut self, sql: &str, params: &[Param<'_>]) -> Result<T, Error> {
        self.one(sql, params, |row| row.id(0))
    }

    /// Lets writers of one number, such as an account's, go on one after the other from here: what is read after this stays true
    /// until the transaction ends, as far as they change it. The wait travels with the next statement, which sees what those have
    /// done whose turn it was before.
    pub fn take_turn(&mut self, number: i64) -> Result<(), Error> {
        match self.dialect().take_turn() {
            Some(sql) => self.exec_later(sql, &[Param::Int(number)]),
            None => Ok(()),
        }
    }

    /// Has the next ids of tables follow those that were given by hand.
    pub fn follow_given_ids(&mut self, tables: &[&str]) -> Result<(), Error> {
        for sql in tables.iter().filter_map(|table| self.dialect().follow_given_ids(table)).collect::<Vec<_>>() {
            self.one(&sql, &[], |row| row.int(0))?;
        }
        Ok(())
    }

    /// Executes several statements that have no parameters.
    pub(super) fn script(&mut self, sql: &str) -> Result<(), Error> {
        match &mut self.engine {
            Engine::Sqlite(connection) => Ok(connection.execute_batch(sql)?),
            Engine::Postgres(session) => session.script(sql),
        }
    }
}
