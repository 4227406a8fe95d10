//! The write-ahead log: what its latest commit made of it.

use std::sync::atomic::{AtomicI32, AtomicU64, Ordering};

/// Counts what SQLite tells after each commit that has written something.
#[derive(Debug, Default)]
pub(super) struct Log {
    pages: AtomicI32,
    commits: AtomicU64,
}

impl Log {
    /// To be called after each commit with the number of pages in the log.
    pub(super) fn grown_to(&self, pages: i32) {
        self.pages.store(pages, Ordering::Relaxed);
        self.commits.fetch_add(1, Ordering::Relaxed);
    }

    /// The pages in the log after the latest commit, unless a checkpoint was begun since.
    pub(super) fn pages(&self) -> i32 {
        self.pages.load(Ordering::Relaxed)
    }

    pub(super) fn begin_checkpoint(&self) {
        self.pages.store(0, Ordering::Relaxed);
    }

    /// The number of commits that have written something.
    pub(super) fn commits(&self) -> u64 {
        self.commits.load(Ordering::Relaxed)
    }
}
