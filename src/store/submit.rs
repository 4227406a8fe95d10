//! From a request to a database thread and back.
//!
//! A late answer is useless: the client has given up, and the jobs behind are waiting. So each job of a request has a
//! deadline, counted from its arrival. It is answered by then, however far it is, and if it has not begun by then, it
//! never begins. A job whose client is gone ends in the same way.

use std::time::Duration;

use tokio::sync::oneshot;

use crate::store::Error;
use crate::store::job::{JobError, Task, Terms, Wanted, Work};
use crate::store::queue::{Queue, Refused};

/// How long to wait beyond the deadline for a commit that has begun, before its outcome counts as unknown.
const GRACE: Duration = Duration::from_millis(250);

const TOO_LATE: &str = "it was not done within the time limit, and nothing was changed";
const STILL_COMMITTING: &str = "the commit takes longer than the time limit";

/// Abandons a job when its client is gone, that is, when the future that waits for it is dropped.
struct Client(Wanted);

impl Drop for Client {
    fn drop(&mut self) {
        self.0.abandon();
    }
}

/// Queues a job and waits for its result.
pub(super) async fn submit<T: Send + 'static, E: JobError>(
    queue: &Queue,
    work: impl Work<T, E>,
    terms: Terms,
) -> Result<T, E> {
    let (reply, mut answer) = oneshot::channel();
    let client = Client(Wanted::default());
    let job = Task::new(work, terms, client.0.clone(), reply);
    queue.push(Box::new(job)).map_err(|Refused { cause, .. }| cause)?;
    let in_time = match terms.limit {
        Some(limit) => tokio::time::timeout(limit, &mut answer).await,
        None => Ok((&mut answer).await),
    };
    let answered = match in_time {
        Ok(answered) => answered,
        Err(_) if client.0.abandon() => return Err(Error::Unavailable(TOO_LATE.to_owned()).into()),
        Err(_) => match tokio::time::timeout(GRACE, answer).await {
            Ok(answered) => answered,
            Err(_) => return Err(Error::Uncertain(STILL_COMMITTING.to_owned()).into()),
        },
    };
    answered.unwrap_or_else(|_| Err(Error::Stopped.into()))
}
