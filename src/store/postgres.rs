//! The PostgreSQL engine: a few threads, each with a connection of its own and a transaction for each job.
//!
//! A thread drives its connection with a runtime of one thread, so that a rule is the same synchronous function as with
//! SQLite. What begins a transaction travels with the first statement of the job, in one round trip.
//!
//! Invariants. A job's changes are durable before it is answered. A connection that breaks costs the jobs that were on it a
//! 503, and is made anew, after a while that grows while nobody answers. Statements are prepared once for each connection and
//! text; a text is rewritten from `?1` to `$1` then and never again.

use std::collections::HashMap;
use std::error::Error as _;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use bytes::BytesMut;
use tokio::runtime::{Builder, Runtime};
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};
use tokio_postgres::{Client, Config, NoTls, Row, Statement};

use super::db::{Engine, Found};
use super::threads::{self, Threads};
use super::{Db, Error, Job, Message, Options, Param, Statistics, Store};
use crate::clock::Stopwatch;

/// How long a connection may take to be made.
const CONNECT_WITHIN: Duration = Duration::from_secs(10);

/// The wait after the first attempt to connect that failed; it doubles up to the last.
const FIRST_WAIT: Duration = Duration::from_millis(50);
const LAST_WAIT: Duration = Duration::from_secs(2);

/// How long a statement of a write may wait for a lock, and run.
const WRITE_LIMITS: &str = "SET LOCAL lock_timeout = '5s'; SET LOCAL statement_timeout = '30s'";

pub(super) fn open(url: &str, options: &Options) -> Result<Store, Error> {
    let mut config: Config = url.parse().map_err(|cause| Error::Unavailable(explain(&cause)))?;
    config.connect_timeout(CONNECT_WITHIN).application_name("invited");
    let statistics = Arc::new(Statistics::default());
    let (writes, waiting_writes) = flume::bounded(options.queue_length.max(1));
    let (reads, waiting_reads) = flume::bounded(options.queue_length.max(64));
    let read_limits = format!("SET LOCAL statement_timeout = '{}ms'", options.read_timeout.as_millis().max(1));
    let begin_write = format!("BEGIN ISOLATION LEVEL READ COMMITTED; {WRITE_LIMITS}");
    let begin_read = format!("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; {read_limits}");
    // Whoever starts the server is told at once what is wrong with the address. On a thread of its own, since a connection
    // drives itself, which no thread of another runtime may do.
    let address = config.clone();
    let first = thread::spawn(move || Session::connect(&address)).join().map_err(|_| Error::Panicked)??;
    let worker = |session: Option<Session>, is_writer: bool| Worker {
        db: session.map(connected_to),
        config: config.clone(),
        begin: if is_writer { begin_write.clone() } else { begin_read.clone() },
        jobs: if is_writer { waiting_writes.clone() } else { waiting_reads.clone() },
        is_writer,
        statistics: Arc::clone(&statistics),
        wait: FIRST_WAIT,
        failed: None,
    };
    let (mut writers, mut readers, mut first) = (Vec::new(), Vec::new(), Some(first));
    for number in 1..=options.connections.max(1) {
        let worker = worker(first.take(), true);
        writers.push(threads::spawn(format!("writer-{number}"), move || worker.work())?);
    }
    for number in 1..=options.readers.max(1) {
        let worker = worker(None, false);
        readers.push(threads::spawn(format!("reader-{number}"), move || worker.work())?);
    }
    Ok(Store { writes, reads, statistics, threads: Arc::new(Threads::new(readers, writers)) })
}

/// A thread that works off jobs.
struct Worker {
    db: Option<Db>,
    config: Config,
    begin: String,
    jobs: flume::Receiver<Message>,
    is_writer: bool,
    statistics: Arc<Statistics>,
    wait: Duration,
    /// Since when the server could not be reached.
    failed: Option<Stopwatch>,
}

impl Worker {
    fn work(mut self) {
        while let Ok(Some(mut job)) = self.jobs.recv() {
            let ended = self.run(job.as_mut());
            match self.is_writer {
                true => self.statistics.count_writes(1, ended.is_ok()),
                false => self.statistics.count_read(),
            }
            job.answer(ended);
        }
    }

    /// Runs a job in a transaction of its own.
    fn run(&mut self, job: &mut dyn Job) -> Result<(), Error> {
        let begin = self.begin.clone();
        let db = self.connected()?;
        session(db)?.begin = Some(begin);
        let keep = job.run(db);
        let ended = session(db)?.end(keep);
        match (&ended, keep) {
            (Ok(()), true) => db.act_after_commit(),
            _ => db.forget_acts(0),
        }
        if session(db).is_ok_and(|session| session.is_broken()) {
            tracing::warn!("a connection to the database was lost");
            self.db = None;
        }
        ended
    }

    /// The connection, made anew where it was lost. While nobody answers, jobs are refused without each of them trying.
    fn connected(&mut self) -> Result<&mut Db, Error> {
        if self.db.is_none() {
            if self.failed.is_some_and(|since| since.elapsed() < self.wait) {
                return Err(Error::Unavailable("the database server cannot be reached".to_owned()));
            }
            match Session::connect(&self.config) {
                Ok(session) => {
                    self.db = Some(connected_to(session));
                    (self.failed, self.wait) = (None, FIRST_WAIT);
                }
                Err(cause) => {
                    self.wait = if self.failed.is_some() { (self.wait * 2).min(LAST_WAIT) } else { FIRST_WAIT };
                    self.failed = Some(Stopwatch::start());
                    return Err(cause);
                }
            }
        }
        self.db.as_mut().ok_or(Error::Stopped)
    }
}

fn connected_to(session: Session) -> Db {
    Db::new(Engine::Postgres(Box::new(session)))
}

fn session(db: &mut Db) -> Result<&mut Session, Error> {
    match &mut db.engine {
        Engine::Postgres(session) => Ok(session),
        Engine::Sqlite(_) => Err(Error::Stopped),
    }
}

/// A connection with what it has prepared.
pub(super) struct Session {
    runtime: Runtime,
    client: Client,
    statements: HashMap<String, Statement>,
    /// What has to be said before the next statement, and travels with it.
    begin: Option<String>,
    /// Whether a transaction was begun and is not ended.
    is_open: bool,
    /// Whether a statement of it has failed. The server then answers `COMMIT` by undoing it, and calls that a success.
    has_failed: bool,
}

impl Session {
    fn connect(config: &Config) -> Result<Self, Error> {
        let runtime = Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|cause| Error::Unavailable(cause.to_string()))?;
        let client = runtime.block_on(async {
            let connecting = tokio::time::timeout(CONNECT_WITHIN, config.connect(NoTls));
            let (client, connection) = connecting
                .await
                .map_err(|_| Error::Unavailable("the database server does not answer".to_owned()))?
                .map_err(|cause| Error::Unavailable(explain(&cause)))?;
            // It lives as long as the client, and says by the client's errors when it is over.
            tokio::spawn(connection);
            Ok::<_, Error>(client)
        })?;
        Ok(Self { runtime, client, statements: HashMap::new(), begin: None, is_open: false, has_failed: false })
    }

    fn is_broken(&self) -> bool {
        self.client.is_closed()
    }

    /// Reads all rows of a result.
    pub(super) fn query(&mut self, sql: &str, params: &[Param<'_>]) -> Result<Vec<Row>, Error> {
        let statement = self.prepared(sql)?;
        let params: Vec<&(dyn ToSql + Sync)> = params.iter().map(|param| param as _).collect();
        let begin = self.begin.take();
        let client = &self.client;
        let rows = self.runtime.block_on(async {
            let query = client.query(&statement, &params);
            match &begin {
                None => query.await,
                // Both are on their way before either is waited for.
                Some(begin) => tokio::try_join!(client.batch_execute(begin), query).map(|(_, rows)| rows),
            }
        });
        self.is_open |= begin.is_some();
        self.has_failed |= rows.is_err();
        rows.map_err(|cause| error(&cause))
    }

    /// Executes a statement without a result; the number of rows that it changed.
    pub(super) fn execute(&mut self, sql: &str, params: &[Param<'_>]) -> Result<usize, Error> {
        let statement = self.prepared(sql)?;
        let params: Vec<&(dyn ToSql + Sync)> = params.iter().map(|param| param as _).collect();
        let begin = self.begin.take();
        let client = &self.client;
        let changed = self.runtime.block_on(async {
            let execution = client.execute(&statement, &params);
            match &begin {
                None => execution.await,
                Some(begin) => tokio::try_join!(client.batch_execute(begin), execution).map(|(_, changed)| changed),
            }
        });
        self.is_open |= begin.is_some();
        self.has_failed |= changed.is_err();
        changed.map(|rows| usize::try_from(rows).unwrap_or(usize::MAX)).map_err(|cause| error(&cause))
    }

    /// Executes several statements that have no parameters.
    pub(super) fn script(&mut self, sql: &str) -> Result<(), Error> {
        let whole = match self.begin.take() {
            Some(begin) => {
                self.is_open = true;
                format!("{begin}; {sql}")
            }
            None => sql.to_owned(),
        };
        let executed = self.runtime.block_on(self.client.batch_execute(&whole));
        self.has_failed |= executed.is_err();
        executed.map_err(|cause| error(&cause))
    }

    /// Ends the transaction, if the job has begun one.
    fn end(&mut self, keep: bool) -> Result<(), Error> {
        self.begin = None;
        let has_failed = std::mem::take(&mut self.has_failed);
        if !std::mem::take(&mut self.is_open) {
            return Ok(());
        }
        let sql = if keep && !has_failed { "COMMIT" } else { "ROLLBACK" };
        let ended = self.runtime.block_on(self.client.batch_execute(sql)).map_err(|cause| error(&cause));
        // What was to be undone is undone by the loss of the connection, too.
        match keep {
            true if has_failed => Err(Error::Unavailable("a statement of the transaction has failed".to_owned())),
            true => ended,
            false => Ok(()),
        }
    }

    fn prepared(&mut self, sql: &str) -> Result<Statement, Error> {
        if let Some(statement) = self.statements.get(sql) {
            return Ok(statement.clone());
        }
        let text = numbered(sql);
        let statement = self.runtime.block_on(self.client.prepare(&text));
        self.has_failed |= statement.is_err();
        let statement = statement.map_err(|cause| error(&cause))?;
        self.statements.insert(sql.to_owned(), statement.clone());
        Ok(statement)
    }
}

/// A text with `$1` in place of `?1`. No text of this program has a question mark for anything else.
fn numbered(sql: &str) -> String {
    sql.replace('?', "$")
}

/// What stands in a column. Engines differ in how they type an expression, so that whatever is a number, or true or false, is a
/// number here.
pub(super) fn found(row: &Row, column: usize) -> Result<Found<'_>, Error> {
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

/// The class of an error (PostgreSQL's appendix A).
fn error(cause: &tokio_postgres::Error) -> Error {
    let Some(told) = cause.as_db_error() else {
        return Error::Unavailable(explain(cause));
    };
    if *told.code() == SqlState::UNIQUE_VIOLATION {
        return Error::Unique(told.constraint().unwrap_or_default().to_owned());
    }
    match told.code().code().get(..2) {
        // Connection, transaction, resources, operator, system: what may be otherwise in a moment.
        Some("08" | "25" | "40" | "53" | "55" | "57" | "58") => Error::Unavailable(explain(cause)),
        _ => Error::Statement(explain(cause)),
    }
}

/// An error with what is behind it, on one line.
fn explain(cause: &tokio_postgres::Error) -> String {
    match (cause.as_db_error(), cause.source()) {
        (Some(told), _) => format!("{} ({})", told.message(), told.code().code()),
        (None, Some(source)) => format!("{cause}: {source}"),
        (None, None) => cause.to_string(),
    }
}
