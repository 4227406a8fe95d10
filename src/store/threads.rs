//! The threads of a store.

use std::thread::{self, JoinHandle};

use parking_lot::Mutex;

use crate::store::Error;
use crate::store::job::Message;

/// Groups of threads, in the order in which they are joined when the store is closed.
///
/// Writers must come last: only a writing SQLite connection can remove the write-ahead log when it closes last. Threads
/// that hand jobs on must come before those that take them.
pub(super) struct Threads(pub(super) Mutex<Vec<Group>>);

/// The threads that serve one queue.
pub(super) struct Group {
    pub(super) queue: flume::Sender<Message>,
    pub(super) threads: Vec<JoinHandle<()>>,
}

impl Threads {
    /// Lets every thread finish the waiting jobs and end.
    pub(super) fn join(&self) {
        let groups = std::mem::take(&mut *self.0.lock());
        for Group { threads, queue } in groups {
            // A thread that has already ended needs no message, and one that panicked has nothing left to close.
            for _ in &threads {
                let _ = queue.send(None);
            }
            for thread in threads {
                let _ = thread.join();
            }
        }
    }
}

/// Starts at least one thread that takes jobs from a queue of this length.
pub(super) fn start<W: FnOnce() + Send + 'static>(
    kind: &str,
    threads: usize,
    length: usize,
    mut worker: impl FnMut(usize, flume::Receiver<Message>) -> Result<W, Error>,
) -> Result<Group, Error> {
    let (queue, waiting) = flume::bounded(length);
    let spawn = |number| {
        let spawned = thread::Builder::new().name(format!("{kind}-{number}")).spawn(worker(number, waiting.clone())?);
        spawned.map_err(|cause| Error::Unavailable(cause.to_string()))
    };
    let threads = (1..=threads.max(1)).map(spawn).collect::<Result<_, _>>()?;
    Ok(Group { queue, threads })
}
