//! Jobs on their way to a database thread, and their answers on the way back.

use std::panic::{AssertUnwindSafe, catch_unwind};

use tokio::sync::oneshot;

use crate::store::{Db, Error, Position};

/// What a database thread is sent: a job, or `None` to end after the jobs before it.
pub(super) type Message = Option<Box<dyn Job>>;

/// Queues a job and waits for its answer.
pub(super) async fn submit<T, E, F>(
    queue: &flume::Sender<Message>,
    work: F,
    fate: Fate,
    since: Position,
) -> Result<T, E>
where
    F: FnMut(&mut Db) -> Result<T, E> + Send + 'static,
    T: Send + 'static,
    E: From<Error> + Send + 'static,
{
    let (reply, answer) = oneshot::channel();
    let job = Task { work, outcome: None, fate, since, reply };
    queue.try_send(Some(Box::new(job))).map_err(|refused| match refused {
        flume::TrySendError::Full(_) => Error::Overloaded,
        flume::TrySendError::Disconnected(_) => Error::Stopped,
    })?;
    answer.await.unwrap_or_else(|_| Err(Error::Stopped.into()))
}

/// What a database thread knows of a job: it is run inside a transaction, and answered when that has ended.
pub(super) trait Job: Send {
    /// Runs the work, for the first time or once more; `false` asks to undo it.
    fn run(&mut self, db: &mut Db) -> bool;

    /// Whether what it does is meant to last if it goes well.
    fn is_kept(&self) -> bool;

    /// Up to where a replica must have followed that runs it.
    fn since(&self) -> Position;

    /// Sends the answer. With an `Err`, the transaction did not become durable, and nothing that the job has seen or
    /// done can be relied upon.
    fn answer(self: Box<Self>, ended: Result<(), Error>);
}

/// What becomes of the changes of a job that succeeds.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    Kept,
    Undone,
}

struct Task<F, T, E> {
    work: F,
    outcome: Option<Result<T, E>>,
    fate: Fate,
    since: Position,
    reply: oneshot::Sender<Result<T, E>>,
}

impl<F, T, E> Job for Task<F, T, E>
where
    F: FnMut(&mut Db) -> Result<T, E> + Send,
    T: Send,
    E: From<Error> + Send,
{
    fn run(&mut self, db: &mut Db) -> bool {
        // After a panic the closure is not called again, and what it did is undone: nothing half done is seen.
        let outcome = catch_unwind(AssertUnwindSafe(|| (self.work)(db)));
        let outcome = outcome.unwrap_or_else(|_| Err(Error::Panicked.into()));
        let keep = outcome.is_ok() && self.fate == Fate::Kept;
        self.outcome = Some(outcome);
        keep
    }

    fn is_kept(&self) -> bool {
        self.fate == Fate::Kept
    }

    fn since(&self) -> Position {
        self.since
    }

    fn answer(self: Box<Self>, ended: Result<(), Error>) {
        let outcome = match (ended, self.outcome) {
            (Ok(()), Some(outcome)) => outcome,
            (Ok(()), None) => Err(Error::Stopped.into()),
            (Err(error), _) => Err(error.into()),
        };
        // The client may have gone; its answer goes nowhere, which is no reason to stop the thread.
        let _ = self.reply.send(outcome);
    }
}
