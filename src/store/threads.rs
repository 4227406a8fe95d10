//! The threads of a store: how they begin, and how they are waited for.

use std::sync::{Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use crate::store::{Error, Message};

/// The threads, joined when the store is closed: group by group, in this order.
pub(super) struct Threads(Mutex<Vec<Group>>);

/// Threads that work off one queue.
pub(super) struct Group {
    threads: Vec<JoinHandle<()>>,
    queue: flume::Sender<Message>,
}

impl Group {
    pub(super) fn new(queue: &flume::Sender<Message>, threads: Vec<JoinHandle<()>>) -> Self {
        Self { threads, queue: queue.clone() }
    }
}

impl Threads {
    /// Those that write go last: only a connection to SQLite that may write can take the log along when it is the last to close.
    /// Those that hand jobs on go before those that take them.
    pub(super) fn new(groups: Vec<Group>) -> Self {
        Self(Mutex::new(groups))
    }

    /// Tells every thread to end after the jobs that wait, and waits for that.
    pub(super) fn join(&self) {
        let groups = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        for Group { threads, queue } in groups {
            // A thread that is gone already cannot be told, nor does it need to be; one that panicked has nothing to close.
            for _ in &threads {
                let _ = queue.send(None);
            }
            for thread in threads {
                let _ = thread.join();
            }
        }
    }
}

/// Starts a thread of a store.
pub(super) fn spawn(name: String, work: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, Error> {
    thread::Builder::new().name(name).spawn(work).map_err(|cause| Error::Unavailable(cause.to_string()))
}
