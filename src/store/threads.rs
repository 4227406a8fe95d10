//! The threads of a store.

use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use parking_lot::Mutex;

use crate::clock::Stopwatch;
use crate::store::Error;
use crate::store::queue::Queue;

/// How often a closing store looks whether its threads have ended.
const LOOK_EVERY: Duration = Duration::from_millis(2);

/// Groups of threads, in the order in which they end when the store is closed.
///
/// Writers must come last: only a writing SQLite connection can remove the write-ahead log when it closes last. Threads
/// that hand jobs on must come before those that take them.
pub(super) struct Threads(pub(super) Mutex<Vec<Group>>);

/// The threads that serve one queue. Once the group is gone, no more jobs can be submitted, so its threads end by
/// themselves.
pub(super) struct Group {
    pub(super) queue: Arc<Queue>,
    pub(super) threads: Vec<JoinHandle<()>>,
}

impl Threads {
    /// Lets every thread finish the waiting jobs and end. `false` if some still run after this time; they are left
    /// alone.
    pub(super) fn join(&self, patience: Duration) -> bool {
        let groups = std::mem::take(&mut *self.0.lock());
        let since = Stopwatch::start();
        for mut group in groups {
            group.queue.close();
            for thread in group.threads.drain(..) {
                while !thread.is_finished() {
                    if since.elapsed() >= patience {
                        return false;
                    }
                    thread::sleep(LOOK_EVERY);
                }
                // One that panicked has nothing left to close.
                let _ = thread.join();
            }
        }
        true
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.queue.close();
    }
}

/// Starts at least one thread that takes jobs from a queue of this length.
pub(super) fn start<W: FnOnce() + Send + 'static>(
    kind: &str,
    threads: usize,
    length: usize,
    mut worker: impl FnMut(usize, Arc<Queue>) -> Result<W, Error>,
) -> Result<Group, Error> {
    let threads = threads.max(1);
    let mut group = Group { queue: Arc::new(Queue::new(length, threads)), threads: Vec::with_capacity(threads) };
    for number in 1..=threads {
        let worker = worker(number, Arc::clone(&group.queue))?;
        let spawned = thread::Builder::new().name(format!("{kind}-{number}")).spawn(worker);
        group.threads.push(spawned.map_err(|cause| Error::Unavailable(cause.to_string()))?);
    }
    Ok(group)
}
