//! A connection to PostgreSQL, and the transaction of the job that has it.
//!
//! A round trip to a server costs more than most statements, so that as little as possible is waited for: what begins the
//! transaction travels with the first statement, a statement whose result nobody looks at with the next one, and what
//! ends the transaction with the one that the job has called its last. The server works them off in order, and after
//! one that fails does nothing more until the end.
//!
//! Statements are prepared once for each connection and text. Behind a pooler that gives every transaction another
//! connection there is nothing to keep: there the text travels each time, with the types of its values.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use futures_util::future::try_join_all;
use tokio::runtime::{Builder, Runtime};
use tokio::time::error::Elapsed;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Row, SimpleQueryMessage, Statement};

use crate::store::postgres::address::Address;
use crate::store::postgres::manner::Manner;
use crate::store::postgres::trouble;
use crate::store::{Error, Kept, Param, Position};

/// How long the server may take for what it was asked, before the connection is given up. Its own limits are shorter.
const ANSWER_WITHIN: Duration = Duration::from_secs(40);

/// Statements that wait at most for one to travel with.
const MOST_WAITING: usize = 16;

/// A connection with what it has prepared.
pub(in crate::store) struct Session {
    runtime: Runtime,
    client: Client,
    statements: HashMap<String, Statement>,
    is_pooled: bool,
    begin: String,
    commit: String,
    /// Up to where the last commit has written, where somebody wants to know.
    position: Position,
    stage: Stage,
    waiting: Vec<Waiting>,
    /// Whether what ends the transaction may travel with the last statement, and whether the next statement is that.
    may_end_early: bool,
    is_last: bool,
    /// Whether a statement of the transaction has failed. The server then answers `COMMIT` by undoing it, and calls that
    /// a success.
    has_failed: bool,
    /// Whether it failed for a reason that is gone when it is tried again.
    has_collided: bool,
    is_given_up: bool,
}

/// Where the transaction of a job stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// It is not begun. What begins it travels with its first statement.
    Ahead,
    /// It is begun.
    Open,
    /// Its end has been sent.
    Over,
}

/// A statement that waits for the next one.
struct Waiting {
    text: Text,
    values: Vec<Kept>,
}

/// How a statement is told to the server.
#[derive(Clone)]
enum Text {
    Prepared(Statement),
    Whole(String),
}

/// What the server has told of one part of what was sent.
enum Told {
    Nothing,
    Rows(Vec<Row>),
    Changed(u64),
    At(Position),
}

/// What is to be told.
#[derive(Clone, Copy)]
enum Wanted {
    Rows,
    Changed,
}

type Part<'a> = Pin<Box<dyn Future<Output = Result<Told, tokio_postgres::Error>> + 'a>>;

impl Session {
    /// Connects to a server that is fit, and tells it how it is going to be spoken to.
    pub(super) fn connect(address: &Address, manner: &Manner) -> Result<Self, Error> {
        let runtime = Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|cause| Error::Unavailable(cause.to_string()))?;
        let client = runtime.block_on(address.connect(&manner.first_words))?;
        Ok(Self {
            runtime,
            client,
            statements: HashMap::new(),
            is_pooled: address.is_pooled,
            begin: manner.begin.clone(),
            commit: manner.commit.clone(),
            position: Position::default(),
            stage: Stage::Ahead,
            waiting: Vec::new(),
            may_end_early: false,
            is_last: false,
            has_failed: false,
            has_collided: false,
            is_given_up: false,
        })
    }

    /// Makes ready for the transaction of the next job.
    pub(super) fn expect_job(&mut self, may_end_early: bool) {
        self.stage = Stage::Ahead;
        self.may_end_early = may_end_early;
        (self.is_last, self.has_failed, self.has_collided) = (false, false, false);
    }

    /// Up to where the last commit has written.
    pub(super) fn position(&self) -> Position {
        self.position
    }

    /// Up to where this server has followed another one, asked outside of every transaction, so that what is read after this is no
    /// older. One that follows nobody has everything.
    pub(super) fn followed(&mut self) -> Result<Position, Error> {
        let sql = "SELECT CASE WHEN pg_is_in_recovery() THEN (pg_last_wal_replay_lsn() - '0/0')::bigint END";
        let rows = match in_time(&self.runtime, self.client.query_typed(sql, &[])) {
            Ok(told) => told.map_err(|cause| trouble::error(&cause))?,
            Err(_) => return Err(self.given_up()),
        };
        let number: Option<i64> = rows.first().and_then(|row| row.try_get(0).ok().flatten());
        Ok(Position(number.map_or(u64::MAX, i64::unsigned_abs)))
    }

    /// Whether the connection is of no use any more.
    pub(super) fn is_broken(&self) -> bool {
        self.is_given_up || self.client.is_closed()
    }

    /// Whether a statement of the transaction has failed.
    pub(super) fn has_failed(&self) -> bool {
        self.has_failed
    }

    /// Whether the job may be run again: nothing of it has come into force, and it would not fail of itself.
    pub(super) fn may_try_again(&self) -> bool {
        self.has_failed && (self.has_collided || (self.is_broken() && self.stage != Stage::Over))
    }

    /// The next statement is the job's last: what ends the transaction may travel with it.
    pub(in crate::store) fn expect_last(&mut self) {
        self.is_last = self.may_end_early;
    }

    /// Reads all rows of a result.
    pub(in crate::store) fn query(&mut self, sql: &str, params: &[Param<'_>]) -> Result<Vec<Row>, Error> {
        match self.send(Some((sql, params, Wanted::Rows)))? {
            Told::Rows(rows) => Ok(rows),
            Told::Nothing | Told::At(_) | Told::Changed(_) => Ok(Vec::new()),
        }
    }

    /// Executes a statement without a result; the number of rows that it changed.
    pub(in crate::store) fn execute(&mut self, sql: &str, params: &[Param<'_>]) -> Result<usize, Error> {
        match self.send(Some((sql, params, Wanted::Changed)))? {
            Told::Changed(rows) => Ok(usize::try_from(rows).unwrap_or(usize::MAX)),
            Told::Nothing | Told::At(_) | Told::Rows(_) => Ok(0),
        }
    }

    /// Has a statement executed at the latest with the next one.
    pub(in crate::store) fn execute_later(&mut self, sql: &str, params: &[Param<'_>]) -> Result<(), Error> {
        if self.waiting.len() >= MOST_WAITING {
            self.send(None)?;
        }
        let text = self.text(sql)?;
        self.waiting.push(Waiting { text, values: params.iter().map(|param| Kept::from(*param)).collect() });
        Ok(())
    }

    /// Executes several statements that have no parameters, for as long as they take.
    pub(in crate::store) fn script(&mut self, sql: &str) -> Result<(), Error> {
        self.send(None)?;
        let executed = self.runtime.block_on(self.client.batch_execute(sql));
        executed.map_err(|cause| self.failed(&cause))
    }

    /// Ends the transaction, if the job has begun one.
    pub(super) fn end(&mut self, keep: bool) -> Result<(), Error> {
        if !keep || self.has_failed {
            return self.undo(keep);
        }
        match self.stage {
            Stage::Ahead if self.waiting.is_empty() => Ok(()),
            Stage::Ahead | Stage::Open => {
                self.expect_end();
                self.send(None).map(drop)
            }
            Stage::Over => Ok(()),
        }
    }

    /// Takes back what the job did. What was to be undone is undone by the loss of the connection, too.
    fn undo(&mut self, keep: bool) -> Result<(), Error> {
        self.waiting.clear();
        if self.stage == Stage::Open {
            // Whoever did not answer in time is not asked for another time.
            self.is_given_up = self.is_given_up
                || !matches!(in_time(&self.runtime, self.client.batch_execute("ROLLBACK")), Ok(Ok(())));
            self.stage = Stage::Ahead;
        }
        match (keep, self.stage, self.has_failed) {
            (false, Stage::Over, false) => {
                Err(Error::Statement("a job has failed after the statement that it had called its last".to_owned()))
            }
            (true, ..) => Err(Error::Unavailable("a statement of the transaction has failed".to_owned())),
            (false, ..) => Ok(()),
        }
    }

    /// Has the end of the transaction travel with what is sent next.
    fn expect_end(&mut self) {
        (self.may_end_early, self.is_last) = (true, true);
    }

    /// Sends what has waited, then the statement if there is one, in one round trip.
    fn send(&mut self, statement: Option<(&str, &[Param<'_>], Wanted)>) -> Result<Told, Error> {
        if self.stage == Stage::Over {
            return Err(Error::Statement("a statement follows the one that was called the last of its job".to_owned()));
        }
        let statement = match statement {
            Some((sql, params, wanted)) => Some((self.text(sql)?, params, wanted)),
            None => None,
        };
        let (waiting, ends) = (std::mem::take(&mut self.waiting), std::mem::take(&mut self.is_last));
        let mut parts: Vec<Part<'_>> = Vec::with_capacity(waiting.len() + 3);
        let client = &self.client;
        if self.stage == Stage::Ahead {
            parts.push(Box::pin(say(client, &self.begin)));
        }
        for Waiting { text, values } in &waiting {
            let params: Vec<Param<'_>> = values.iter().map(Kept::param).collect();
            parts.push(Box::pin(ask(client, text.clone(), params, Wanted::Changed)));
        }
        let asked = statement.map(|(text, params, wanted)| ask(client, text, params.to_vec(), wanted));
        let answer_at = asked.is_some().then_some(parts.len());
        parts.extend(asked.map(|part| Box::pin(part) as Part<'_>));
        if ends {
            parts.push(Box::pin(commit(client, &self.commit)));
        }
        if parts.is_empty() {
            return Ok(Told::Nothing);
        }
        self.stage = if ends { Stage::Over } else { Stage::Open };
        // All are on their way before any is waited for, and the first that fails is the one that is told.
        match in_time(&self.runtime, try_join_all(parts)) {
            Ok(Ok(mut told)) => {
                if let Some(Told::At(position)) = told.last() {
                    self.position = *position;
                }
                Ok(answer_at.map_or(Told::Nothing, |at| told.swap_remove(at)))
            }
            Ok(Err(cause)) => Err(self.failed(&cause)),
            Err(_) => Err(self.given_up()),
        }
    }

    /// How a statement is told: its number where it was prepared on this connection, which is done now if it was not.
    fn text(&mut self, sql: &str) -> Result<Text, Error> {
        if self.is_pooled {
            return Ok(Text::Whole(numbered(sql)));
        }
        if let Some(statement) = self.statements.get(sql) {
            return Ok(Text::Prepared(statement.clone()));
        }
        let statement = match in_time(&self.runtime, self.client.prepare(&numbered(sql))) {
            Ok(prepared) => prepared.map_err(|cause| self.failed(&cause))?,
            Err(_) => return Err(self.given_up()),
        };
        self.statements.insert(sql.to_owned(), statement.clone());
        Ok(Text::Prepared(statement))
    }

    /// Gives up a connection on which nothing is answered any more.
    fn given_up(&mut self) -> Error {
        (self.has_failed, self.is_given_up) = (true, true);
        Error::Unavailable("the database server does not answer".to_owned())
    }

    /// Remembers that the transaction is spoilt, and says why.
    fn failed(&mut self, cause: &tokio_postgres::Error) -> Error {
        self.has_failed = true;
        self.has_collided |= trouble::is_collision(cause);
        trouble::error(cause)
    }
}

/// Waits for an answer of the server, though not for ever.
fn in_time<T>(runtime: &Runtime, answer: impl Future<Output = T>) -> Result<T, Elapsed> {
    runtime.block_on(async { tokio::time::timeout(ANSWER_WITHIN, answer).await })
}

/// A text with `$1` in place of `?1`. No text of this program has a question mark for anything else.
fn numbered(sql: &str) -> String {
    sql.replace('?', "$")
}

async fn say(client: &Client, text: &str) -> Result<Told, tokio_postgres::Error> {
    client.batch_execute(text).await.map(|()| Told::Nothing)
}

/// Ends a transaction; where the text asks for it, the answer says up to where the log is written.
async fn commit(client: &Client, text: &str) -> Result<Told, tokio_postgres::Error> {
    let messages = client.simple_query(text).await?;
    let number = messages.iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => row.get(0)?.parse().ok(),
        _ => None,
    });
    Ok(number.map_or(Told::Nothing, |number| Told::At(Position(number))))
}

async fn ask(
    client: &Client,
    text: Text,
    params: Vec<Param<'_>>,
    wanted: Wanted,
) -> Result<Told, tokio_postgres::Error> {
    match (text, wanted) {
        (Text::Prepared(statement), Wanted::Rows) => client.query(&statement, &values(&params)).await.map(Told::Rows),
        (Text::Prepared(statement), Wanted::Changed) => {
            client.execute(&statement, &values(&params)).await.map(Told::Changed)
        }
        (Text::Whole(text), Wanted::Rows) => client.query_typed(&text, &typed(&params)).await.map(Told::Rows),
        (Text::Whole(text), Wanted::Changed) => client.execute_typed(&text, &typed(&params)).await.map(Told::Changed),
    }
}

fn values<'a>(params: &'a [Param<'a>]) -> Vec<&'a (dyn ToSql + Sync)> {
    params.iter().map(|param| param as _).collect()
}

/// Values with their types. A null fits every type, so that the server has to find out which.
fn typed<'a>(params: &'a [Param<'a>]) -> Vec<(&'a (dyn ToSql + Sync), Type)> {
    let kind = |param: &Param<'_>| match param {
        Param::Null => Type::UNKNOWN,
        Param::Int(_) => Type::INT8,
        Param::Text(_) => Type::TEXT,
        Param::Bytes(_) => Type::BYTEA,
    };
    params.iter().map(|param| (param as &(dyn ToSql + Sync), kind(param))).collect()
}
