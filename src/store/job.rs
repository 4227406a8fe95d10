//! Jobs: database work, its result, and whether it is still wanted.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use tokio::sync::oneshot;

use crate::store::{Db, Error, Position};

/// What a job does. It may run more than once, so it must not consume what it captures.
pub trait Work<T, E>: FnMut(&mut Db) -> Result<T, E> + Send + 'static {}

impl<T, E, F: FnMut(&mut Db) -> Result<T, E> + Send + 'static> Work<T, E> for F {}

/// What a job may fail with.
pub trait JobError: From<Error> + Send + 'static {}

impl<E: From<Error> + Send + 'static> JobError for E {}

/// A customer of the service, by number. The store knows nothing else of it.
pub(super) type Tenant = i64;

/// The program itself.
pub(super) const NO_TENANT: Tenant = 0;

#[derive(Clone, Copy, Default)]
pub(super) struct Terms {
    /// Whether a success is to be committed.
    pub(super) commits: bool,
    /// The position that a replica must have reached to run the job.
    pub(super) since: Position,
    pub(super) tenant: Tenant,
    /// The longest time until the job is answered; `None` for no limit.
    pub(super) limit: Option<Duration>,
}

impl Terms {
    /// Whether a request waits for the job. The program's own jobs, such as migrations, report their failures
    /// themselves.
    pub(super) fn is_of_request(self) -> bool {
        self.limit.is_some()
    }
}

/// Whether a job is still wanted. Its submitter and its thread agree on it, so that a job is never answered as undone
/// and then committed.
#[derive(Clone, Default)]
pub(super) struct Wanted(Arc<AtomicU8>);

const OPEN: u8 = 0;
/// It is being committed.
const CLAIMED: u8 = 1;
const ABANDONED: u8 = 2;

impl Wanted {
    /// Claims the job for a commit; `false` if it is not wanted any more.
    pub(super) fn claim(&self) -> bool {
        let before = self.0.compare_exchange(OPEN, CLAIMED, Ordering::AcqRel, Ordering::Acquire);
        before != Err(ABANDONED)
    }

    pub(super) fn is_abandoned(&self) -> bool {
        self.0.load(Ordering::Acquire) == ABANDONED
    }

    /// Gives the job up; `false` if a thread has claimed it.
    pub(super) fn abandon(&self) -> bool {
        self.0.compare_exchange(OPEN, ABANDONED, Ordering::AcqRel, Ordering::Acquire) != Err(CLAIMED)
    }
}

/// A job as a database thread sees it: run inside a transaction, and answered when that has ended.
pub(super) trait Job: Send {
    /// Runs the work, possibly again; `false` asks for a rollback.
    fn run(&mut self, db: &mut Db) -> bool;

    fn terms(&self) -> Terms;

    fn wanted(&self) -> &Wanted;

    /// Sends the result, or the error that made the transaction fail and the job's result void.
    fn answer(self: Box<Self>, ended: Result<(), Error>);
}

pub(super) struct Task<F, T, E> {
    work: F,
    outcome: Option<Result<T, E>>,
    terms: Terms,
    wanted: Wanted,
    reply: oneshot::Sender<Result<T, E>>,
}

impl<F, T, E> Task<F, T, E> {
    pub(super) fn new(work: F, terms: Terms, wanted: Wanted, reply: oneshot::Sender<Result<T, E>>) -> Self {
        Self { work, outcome: None, terms, wanted, reply }
    }
}

impl<F: Work<T, E>, T: Send, E: JobError> Job for Task<F, T, E> {
    fn run(&mut self, db: &mut Db) -> bool {
        // Unwind safe: after a panic the closure is not called again, and its changes are rolled back.
        let outcome = catch_unwind(AssertUnwindSafe(|| (self.work)(db)));
        let outcome = outcome.unwrap_or_else(|_| Err(Error::Panicked.into()));
        let commits = outcome.is_ok() && self.terms.commits;
        self.outcome = Some(outcome);
        commits
    }

    fn terms(&self) -> Terms {
        self.terms
    }

    fn wanted(&self) -> &Wanted {
        &self.wanted
    }

    fn answer(self: Box<Self>, ended: Result<(), Error>) {
        let outcome = match (ended, self.outcome) {
            (Ok(()), Some(outcome)) => outcome,
            (Ok(()), None) => Err(Error::Stopped.into()),
            (Err(error), _) => Err(error.into()),
        };
        // The receiver is gone if the client has disconnected; that is not an error.
        let _ = self.reply.send(outcome);
    }
}
