//! A connection to PostgreSQL, and the transaction of the job that is using it.
//!
//! A round trip to a server costs more than most statements, so messages share them: `BEGIN` travels with the first
//! statement, a statement without a result with the next one, and `COMMIT` with the one that the job has announced as
//! its last. The server runs them in order, and ignores those after a failed one until the transaction ends.
//!
//! Statements are prepared once per connection and text. That is impossible behind a pooler that gives every
//! transaction another connection; there each execution sends the text and the types of its values.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use futures_util::TryStreamExt as _;
use futures_util::future::try_join_all;
use tokio::runtime::{Builder, Runtime};
use tokio::time::error::Elapsed;
use tokio_postgres::{Client, Row, SimpleQueryMessage, Statement};

use crate::store::job::{Job, Wanted};
use crate::store::postgres::address::ServerAddress;
use crate::store::postgres::errors;
use crate::store::postgres::settings::SessionSettings;
use crate::store::postgres::values::typed;
use crate::store::{Error, OwnedParam, Param, Position};

/// Longest wait for an answer to a job without a time limit, before the connection is given up. The server's own limits
/// are shorter.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(40);

/// The time that a responsive server needs to report that a job has exceeded its limit.
const GRACE: Duration = Duration::from_secs(1);

/// Most statements that wait for another one to travel with.
const MOST_DEFERRED: usize = 16;

pub(in crate::store) struct Connection {
    runtime: Runtime,
    client: Client,
    statements: HashMap<String, Statement>,
    is_pooled: bool,
    settings: SessionSettings,
    /// Write position of the last commit, if commits ask for it.
    pub(super) position: Position,
    transaction: Transaction,
    /// The job's; a commit has to claim it.
    wanted: Wanted,
    /// Longest wait for an answer.
    patience: Duration,
    /// Statements that wait for the next one.
    deferred: Vec<Deferred>,
    /// Whether the commit may travel with the last statement, and whether the next statement is the last.
    may_end_early: bool,
    is_last: bool,
    /// Whether a statement of the transaction has failed, so the server would answer `COMMIT` with a silent rollback.
    pub(super) has_failed: bool,
    /// A failure of the server rather than of the job.
    pub(super) outage: Option<Error>,
    /// Whether it failed because of a concurrent transaction.
    has_collided: bool,
    is_given_up: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Transaction {
    /// `BEGIN` will travel with the first statement.
    NotBegun,
    Open,
    /// Its commit has been sent.
    Ended,
}

#[derive(Clone)]
enum StatementText {
    Prepared(Statement),
    Unprepared(String),
}

struct Deferred {
    text: StatementText,
    params: Vec<OwnedParam>,
    /// Whether the job fails unless it finds a row.
    must_find: bool,
}

/// The server's reply to one of the messages of a round trip.
#[derive(Default)]
struct Reply {
    rows: Vec<Row>,
    /// The number of changed rows.
    changed: u64,
    /// The position in the log, of a commit that requests it.
    position: Option<Position>,
}

type PendingReply<'a> = Pin<Box<dyn Future<Output = Result<Reply, tokio_postgres::Error>> + 'a>>;

impl Connection {
    pub(super) fn connect(address: &ServerAddress, settings: &SessionSettings) -> Result<Self, Error> {
        let runtime = Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|cause| Error::Unavailable(cause.to_string()))?;
        let client = runtime.block_on(address.connect(&settings.on_connect))?;
        Ok(Self {
            runtime,
            client,
            statements: HashMap::new(),
            is_pooled: address.is_pooled,
            settings: settings.clone(),
            position: Position::default(),
            transaction: Transaction::NotBegun,
            wanted: Wanted::default(),
            patience: ANSWER_TIMEOUT,
            deferred: Vec::new(),
            may_end_early: false,
            is_last: false,
            has_failed: false,
            outage: None,
            has_collided: false,
            is_given_up: false,
        })
    }

    /// Prepares for the next job. What an earlier one left, if anything, must not become part of it.
    pub(super) fn expect_job(&mut self, job: &dyn Job) {
        self.deferred.clear();
        self.is_given_up |= self.transaction == Transaction::Open;
        self.transaction = Transaction::NotBegun;
        self.may_end_early = job.terms().commits;
        self.wanted = job.wanted().clone();
        self.patience = job.terms().limit.map_or(ANSWER_TIMEOUT, |limit| limit + GRACE);
        (self.is_last, self.has_failed, self.has_collided) = (false, false, false);
        self.outage = None;
    }

    /// The position that this replica has replayed; a server that is no replica has everything. Asked outside of a
    /// transaction, so a later read sees at least that much.
    pub(super) fn followed(&mut self) -> Result<Position, Error> {
        let sql = "SELECT CASE WHEN pg_is_in_recovery() THEN (pg_last_wal_replay_lsn() - '0/0')::bigint END";
        let rows = match in_time(&self.runtime, self.patience, self.client.query_typed(sql, &[])) {
            Ok(rows) => rows.map_err(|cause| errors::error(&cause))?,
            Err(_) => return Err(self.given_up()),
        };
        let number: Option<i64> = rows.first().and_then(|row| row.try_get(0).ok().flatten());
        Ok(Position(number.map_or(u64::MAX, i64::unsigned_abs)))
    }

    pub(super) fn is_broken(&self) -> bool {
        self.is_given_up || self.client.is_closed()
    }

    /// Whether a retry of the job may succeed and cannot apply it twice.
    pub(super) fn may_retry(&self) -> bool {
        self.has_failed && (self.has_collided || (self.is_broken() && self.transaction != Transaction::Ended))
    }

    pub(in crate::store) fn expect_last(&mut self) {
        self.is_last = self.may_end_early;
    }

    pub(in crate::store) fn query(&mut self, sql: &str, params: &[Param<'_>]) -> Result<Vec<Row>, Error> {
        Ok(self.send(Some((sql, params)))?.rows)
    }

    /// Returns the number of changed rows.
    pub(in crate::store) fn execute(&mut self, sql: &str, params: &[Param<'_>]) -> Result<usize, Error> {
        Ok(usize::try_from(self.send(Some((sql, params)))?.changed).unwrap_or(usize::MAX))
    }

    /// Executes a statement no later than the next one.
    pub(in crate::store) fn execute_later(&mut self, sql: &str, params: &[Param<'_>]) -> Result<(), Error> {
        self.defer(sql, params, false)
    }

    /// The same; the next statement fails unless this one finds a row.
    pub(in crate::store) fn require_later(&mut self, sql: &str, params: &[Param<'_>]) -> Result<(), Error> {
        self.defer(sql, params, true)
    }

    fn defer(&mut self, sql: &str, params: &[Param<'_>], must_find: bool) -> Result<(), Error> {
        if self.deferred.len() >= MOST_DEFERRED {
            self.send(None)?;
        }
        let text = self.text(sql)?;
        let params = params.iter().map(|param| OwnedParam::from(*param)).collect();
        self.deferred.push(Deferred { text, params, must_find });
        Ok(())
    }

    /// Executes several statements without parameters and without a time limit.
    pub(in crate::store) fn script(&mut self, sql: &str) -> Result<(), Error> {
        self.send(None)?;
        let executed = self.runtime.block_on(self.client.batch_execute(sql));
        executed.map_err(|cause| self.failed(&cause))
    }

    /// Commits or rolls back, if the job has begun a transaction.
    pub(super) fn end(&mut self, keep: bool) -> Result<(), Error> {
        if !keep || self.has_failed {
            return self.roll_back(keep);
        }
        match self.transaction {
            Transaction::NotBegun if self.deferred.is_empty() => Ok(()),
            Transaction::NotBegun | Transaction::Open => {
                (self.may_end_early, self.is_last) = (true, true);
                let ended = self.send(None).map(drop);
                if ended.is_err() && self.transaction != Transaction::Ended {
                    // Left open, the next job's commit would be the commit of this one.
                    self.roll_back(false)?;
                }
                ended
            }
            Transaction::Ended => Ok(()),
        }
    }

    /// A lost connection is a rollback, too.
    fn roll_back(&mut self, keep: bool) -> Result<(), Error> {
        self.deferred.clear();
        if self.transaction == Transaction::Open {
            // A server that did not answer in time is not asked again.
            self.is_given_up = self.is_given_up
                || !matches!(in_time(&self.runtime, self.patience, self.client.batch_execute("ROLLBACK")), Ok(Ok(())));
            self.transaction = Transaction::NotBegun;
        }
        match (keep, self.transaction, self.has_failed) {
            (false, Transaction::Ended, false) => {
                Err(Error::Statement("a job failed after the statement that it had announced as its last".to_owned()))
            }
            (true, Transaction::Ended, _) => {
                Err(Error::Uncertain("the statement that carried the commit has failed".to_owned()))
            }
            (true, ..) => Err(Error::Unavailable("a statement of the transaction has failed".to_owned())),
            (false, ..) => Ok(()),
        }
    }

    /// Sends the deferred statements, then this one if there is one, in one round trip.
    fn send(&mut self, statement: Option<(&str, &[Param<'_>])>) -> Result<Reply, Error> {
        if self.transaction == Transaction::Ended {
            return Err(Error::Statement("a job executed a statement after the one announced as its last".to_owned()));
        }
        let statement = match statement {
            Some((sql, params)) => Some((self.text(sql)?, params)),
            None => None,
        };
        if self.is_last && self.deferred.iter().any(|deferred| deferred.must_find) {
            // The commit must not travel before the requirement is known to be met.
            self.is_last = false;
            self.send(None)?;
            self.is_last = true;
        }
        if self.is_last && !self.wanted.claim() {
            self.has_failed = true;
            return Err(Error::Unavailable("the client no longer waits for this job".to_owned()));
        }
        let (deferred, ends) = (std::mem::take(&mut self.deferred), std::mem::take(&mut self.is_last));
        let mut messages: Vec<PendingReply<'_>> = Vec::with_capacity(deferred.len() + 3);
        let client = &self.client;
        if self.transaction == Transaction::NotBegun {
            messages.push(Box::pin(begin(client, &self.settings.begin)));
        }
        let first_deferred = messages.len();
        for Deferred { text, params, .. } in &deferred {
            let params = params.iter().map(OwnedParam::param).collect();
            messages.push(Box::pin(execute(client, text.clone(), params)));
        }
        let own_index = statement.is_some().then_some(messages.len());
        if let Some((text, params)) = statement {
            messages.push(Box::pin(execute(client, text, params.to_vec())));
        }
        if ends {
            messages.push(Box::pin(commit(client, &self.settings.commit)));
        }
        if messages.is_empty() {
            return Ok(Reply::default());
        }
        self.transaction = if ends { Transaction::Ended } else { Transaction::Open };
        // Polling all of them sends every message before the first reply arrives. The first error is returned.
        match in_time(&self.runtime, self.patience, try_join_all(messages)) {
            Ok(Ok(mut replies)) => {
                if let Some(position) = replies.last().and_then(|reply| reply.position) {
                    self.position = position;
                }
                let mut found = deferred.iter().zip(&replies[first_deferred..]);
                if found.any(|(deferred, reply)| deferred.must_find && reply.rows.is_empty()) {
                    self.has_failed = true;
                    return Err(Error::Unmet);
                }
                Ok(own_index.map(|index| replies.swap_remove(index)).unwrap_or_default())
            }
            Ok(Err(cause)) => {
                let error = self.failed(&cause);
                Err(if ends && errors::is_loss(&cause) { uncertain(error) } else { error })
            }
            Err(_) => {
                let error = self.given_up();
                Err(if ends { uncertain(error) } else { error })
            }
        }
    }

    /// The prepared statement, prepared now if it was not; behind a pooler, the text.
    fn text(&mut self, sql: &str) -> Result<StatementText, Error> {
        if self.is_pooled {
            return Ok(StatementText::Unprepared(numbered(sql)));
        }
        if let Some(statement) = self.statements.get(sql) {
            return Ok(StatementText::Prepared(statement.clone()));
        }
        let statement = match in_time(&self.runtime, self.patience, self.client.prepare(&numbered(sql))) {
            Ok(prepared) => prepared.map_err(|cause| self.failed(&cause))?,
            Err(_) => return Err(self.given_up()),
        };
        self.statements.insert(sql.to_owned(), statement.clone());
        Ok(StatementText::Prepared(statement))
    }

    fn given_up(&mut self) -> Error {
        (self.has_failed, self.is_given_up) = (true, true);
        let error = Error::Unavailable("the database server does not answer".to_owned());
        self.outage = Some(error.clone());
        error
    }

    fn failed(&mut self, cause: &tokio_postgres::Error) -> Error {
        self.has_failed = true;
        self.has_collided |= errors::is_collision(cause);
        let error = errors::error(cause);
        if errors::is_outage(cause) {
            self.outage.get_or_insert_with(|| error.clone());
        }
        error
    }
}

fn in_time<T>(runtime: &Runtime, patience: Duration, answer: impl Future<Output = T>) -> Result<T, Elapsed> {
    runtime.block_on(async { tokio::time::timeout(patience, answer).await })
}

/// The error of a job whose commit was sent and not answered.
fn uncertain(error: Error) -> Error {
    match error {
        Error::Unavailable(cause) => Error::Uncertain(cause),
        other => other,
    }
}

/// Replaces `?1` by `$1`. No statement of this program has a question mark for anything else.
fn numbered(sql: &str) -> String {
    sql.replace('?', "$")
}

async fn begin(client: &Client, text: &str) -> Result<Reply, tokio_postgres::Error> {
    client.batch_execute(text).await.map(|()| Reply::default())
}

/// Pages of the log, and the segments that they are in, of a server that was built as usual; both in bytes.
const LOG_PAGE: u64 = 8_192;
const LOG_SEGMENT: u64 = 16 * 1_024 * 1_024;

/// The end of the last record, for the position at which the next one will begin. Where a record ends with its page,
/// that is behind the header of the next page, and a replica gets there only with the next record: its reader would
/// wait for a write that may never come.
fn end_of_record(position: u64) -> u64 {
    let header = if position % LOG_SEGMENT < LOG_PAGE { 40 } else { 24 };
    if position % LOG_PAGE == header { position - header } else { position }
}

/// Replies with the write position if the text asks for it.
async fn commit(client: &Client, text: &str) -> Result<Reply, tokio_postgres::Error> {
    let messages = client.simple_query(text).await?;
    let position = messages.iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => row.get(0)?.parse().ok(),
        _ => None,
    });
    Ok(Reply { position: position.map(end_of_record).map(Position), ..Reply::default() })
}

async fn execute(client: &Client, text: StatementText, params: Vec<Param<'_>>) -> Result<Reply, tokio_postgres::Error> {
    let mut stream = Box::pin(match text {
        StatementText::Prepared(statement) => client.query_raw(&statement, params).await?,
        StatementText::Unprepared(text) => client.query_typed_raw(&text, typed(params)).await?,
    });
    let mut rows = Vec::new();
    while let Some(row) = stream.try_next().await? {
        rows.push(row);
    }
    Ok(Reply { rows, changed: stream.rows_affected().unwrap_or_default(), position: None })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_that_fills_its_page_ends_before_the_header_of_the_next_one() {
        for (position, end) in [
            (50_405_400, 50_405_376),
            (50_405_376, 50_405_376),
            (50_405_408, 50_405_408),
            (2 * LOG_SEGMENT + 40, 2 * LOG_SEGMENT),
            (2 * LOG_SEGMENT + 24, 2 * LOG_SEGMENT + 24),
        ] {
            assert_eq!(end_of_record(position), end, "{position}");
        }
    }
}
