//! The threads of a store: how they begin, and how they are waited for.

use std::sync::{Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use super::{Error, Message};

/// The threads, joined when the store is closed.
pub(super) struct Threads(Mutex<Handles>);

struct Handles {
    readers: Vec<JoinHandle<()>>,
    writers: Vec<JoinHandle<()>>,
}

impl Threads {
    pub(super) fn new(readers: Vec<JoinHandle<()>>, writers: Vec<JoinHandle<()>>) -> Self {
        Self(Mutex::new(Handles { readers, writers }))
    }

    /// Tells every thread to end after the jobs that wait, and waits for that. Those that write go last: only a connection to
    /// SQLite that may write can take the log along when it is the last to close.
    pub(super) fn join(&self, writes: &flume::Sender<Message>, reads: &flume::Sender<Message>) {
        let (readers, writers) = {
            let mut handles = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            (std::mem::take(&mut handles.readers), std::mem::take(&mut handles.writers))
        };
        for (threads, queue) in [(readers, reads), (writers, writes)] {
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
