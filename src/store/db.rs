//! A connection as a job sees it: a few verbs, the same for both engines.
//!
//! Placeholders are written `?1 ?2`. With `$2`, SQLite would take it for a *name*, number it by first appearance, and
//! silently bind the wrong values.

use crate::store::postgres::connection::Connection;
use crate::store::row::{Row, RowOf};
use crate::store::{Dialect, Error, Param};

/// A connection inside a transaction.
pub struct Db {
    pub(super) engine: Engine,
    after_commit: Vec<AfterCommit>,
}

pub(super) enum Engine {
    Sqlite(rusqlite::Connection),
    Postgres(Box<Connection>),
}

type AfterCommit = Box<dyn FnOnce() + Send>;

impl Db {
    pub(super) fn new(engine: Engine) -> Self {
        Self { engine, after_commit: Vec::new() }
    }

    pub fn dialect(&self) -> Dialect {
        match self.engine {
            Engine::Sqlite(_) => Dialect::Sqlite,
            Engine::Postgres(_) => Dialect::Postgres,
        }
    }

    /// Runs `act` once this job's changes are durable and before the job is answered, so caches learn of a change no
    /// later than the caller. It never runs for a job that is undone.
    pub fn after_commit(&mut self, act: impl FnOnce() + Send + 'static) {
        self.after_commit.push(Box::new(act));
    }

    pub(super) fn acts(&self) -> usize {
        self.after_commit.len()
    }

    /// Forgets all acts but the first `kept`.
    pub(super) fn forget_acts(&mut self, kept: usize) {
        self.after_commit.truncate(kept);
    }

    pub(super) fn act_after_commit(&mut self) {
        for act in self.after_commit.drain(..) {
            act();
        }
    }

    /// The first row of a result, if it has any.
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
            Engine::Postgres(connection) => {
                connection.query(sql, params)?.first().map(|row| read(&Row(RowOf::Postgres(row)))).transpose()
            }
        }
    }

    /// The first row of a result, which must have one.
    pub fn one<T>(
        &mut self,
        sql: &str,
        params: &[Param<'_>],
        read: impl FnOnce(&Row<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.maybe(sql, params, read)?.ok_or_else(|| Error::Data("there is no row".to_owned()))
    }

    pub fn exists(&mut self, sql: &str, params: &[Param<'_>]) -> Result<bool, Error> {
        Ok(self.maybe(sql, params, |_| Ok(()))?.is_some())
    }

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

    /// Calls `read` with every row of a result.
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
            Engine::Postgres(connection) => {
                connection.query(sql, params)?.iter().try_for_each(|row| read(&Row(RowOf::Postgres(row))))
            }
        }
    }

    /// Executes a statement and returns the number of changed rows.
    pub fn exec(&mut self, sql: &str, params: &[Param<'_>]) -> Result<usize, Error> {
        match &mut self.engine {
            Engine::Sqlite(connection) => {
                let mut statement = connection.prepare_cached(sql)?;
                Ok(statement.execute(rusqlite::params_from_iter(params))?)
            }
            Engine::Postgres(connection) => connection.execute(sql, params),
        }
    }

    /// Executes a statement no later than the next one, to save a round trip to a server. Only for changes that nothing
    /// reads in between and that no constraint can refuse.
    pub fn exec_later(&mut self, sql: &str, params: &[Param<'_>]) -> Result<(), Error> {
        match &mut self.engine {
            Engine::Sqlite(_) => self.exec(sql, params).map(drop),
            Engine::Postgres(connection) => connection.execute_later(sql, params),
        }
    }

    /// Fails the job unless the statement finds a row. The failure may only come with the next statement, which saves a
    /// round trip to a server. Nothing is committed before the row is found.
    pub fn require(&mut self, sql: &str, params: &[Param<'_>]) -> Result<(), Error> {
        match &mut self.engine {
            Engine::Sqlite(_) => self.exists(sql, params)?.then_some(()).ok_or(Error::Unmet),
            Engine::Postgres(connection) => connection.require_later(sql, params),
        }
    }

    /// Announces that the next statement is the job's last and that the job cannot fail after it, so the commit may
    /// travel with it. PostgreSQL refuses a further statement.
    pub fn expect_last(&mut self) {
        if let Engine::Postgres(connection) = &mut self.engine {
            connection.expect_last();
        }
    }

    /// Executes an `INSERT … RETURNING id` and returns the id.
    pub fn insert<T: From<i64>>(&mut self, sql: &str, params: &[Param<'_>]) -> Result<T, Error> {
        self.one(sql, params, |row| row.id(0))
    }

    /// Serializes the writers that call this with the same number, such as an account's id, until their transactions
    /// end. The wait travels with the next statement, which sees what the previous writer committed.
    pub fn take_turn(&mut self, number: i64) -> Result<(), Error> {
        self.lock_number(self.dialect().take_turn(), number)
    }

    /// Shares this turn with others that share it, while nobody can take it. Turns are served in the order of the
    /// requests.
    pub fn share_turn(&mut self, number: i64) -> Result<(), Error> {
        self.lock_number(self.dialect().share_turn(), number)
    }

    fn lock_number(&mut self, sql: Option<&str>, number: i64) -> Result<(), Error> {
        sql.map_or(Ok(()), |sql| self.exec_later(sql, &[Param::Int(number)]))
    }

    /// Moves the tables' id sequences past ids that were inserted explicitly.
    pub fn advance_ids(&mut self, tables: &[&str]) -> Result<(), Error> {
        for sql in tables.iter().filter_map(|table| self.dialect().advance_ids(table)).collect::<Vec<_>>() {
            self.one(&sql, &[], |row| row.int(0))?;
        }
        Ok(())
    }

    /// Executes several statements without parameters.
    pub(super) fn script(&mut self, sql: &str) -> Result<(), Error> {
        match &mut self.engine {
            Engine::Sqlite(connection) => Ok(connection.execute_batch(sql)?),
            Engine::Postgres(connection) => connection.script(sql),
        }
    }
}
