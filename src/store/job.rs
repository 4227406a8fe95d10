//! Jobs on their way to a database thread, and their results on the way back.

use std::panic::{AssertUnwindSafe, catch_unwind};

use tokio::sync::oneshot;

use crate::store::{Db, Error, Position};

/// A job for a database thread, or `None` to end the thread after the jobs before it.
pub(super) type Message = Option<Box<dyn Job>>;

/// What a job does. It may run more than once, so it must not consume what it captures.
pub trait Work<T, E>: FnMut(&mut Db) -> Result<T, E> + Send + 'static {}

impl<T, E, F: FnMut(&mut Db) -> Result<T, E> + Send + 'static> Work<T, E> for F {}

/// What a job may fail with.
pub trait JobError: From<Error> + Send + 'static {}

impl<E: From<Error> + Send + 'static> JobError for E {}

/// Queues a job and waits for its result.
pub(super) async fn submit<T: Send + 'static, E: JobError>(
    queue: &flume::Sender<Message>,
    work: impl Work<T, E>,
    terms: Terms,
) -> Result<T, E> {
    let (reply, answer) = oneshot::channel();
    let job = Task { work, outcome: None, terms, reply };
    queue.try_send(Some(Box::new(job))).map_err(|refused| match refused {
        flume::TrySendError::Full(_) => Error::Overloaded,
        flume::TrySendError::Disconnected(_) => Error::Stopped,
    })?;
    answer.await.unwrap_or_else(|_| Err(Error::Stopped.into()))
}

/// A job as a database thread sees it: run inside a transaction, and answered when that has ended.
pub(super) trait Job: Send {
    /// Runs the work, possibly again; `false` asks for a rollback.
    fn run(&mut self, db: &mut Db) -> bool;

    fn terms(&self) -> Terms;

    /// Sends the result, or the error that made the transaction fail and the job's result void.
    fn answer(self: Box<Self>, ended: Result<(), Error>);
}

#[derive(Clone, Copy, Default)]
pub(super) struct Terms {
    /// Whether a success is to be committed.
    pub(super) commits: bool,
    /// The position that a replica must have reached to run the job.
    pub(super) since: Position,
}

struct Task<F, T, E> {
    work: F,
    outcome: Option<Result<T, E>>,
    terms: Terms,
    reply: oneshot::Sender<Result<T, E>>,
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
