//! The write-ahead log, and when it is emptied.
//!
//! A commit appends to the log, a checkpoint copies the log into the database file, and the next commit begins again at
//! its start, if no reader is in the middle of it. While readers are always busy, one of them always is, and the log
//! would grow without bound. So a log that has become large gets a checkpoint that waits for them: it holds back
//! writes, while readers that begin no longer need the log once it is copied. The wait ends soon after those that began
//! before have ended, but no later than the patience, which grows with the log.

use std::sync::atomic::{AtomicI32, AtomicU64, Ordering};
use std::time::Duration;

/// Bytes of a page.
const PAGE: i64 = 4_096;

/// Pages in the log that make a checkpoint due, and the growth after which another one is, if the log was not begun
/// again.
const DUE: i32 = 1_000;
const STEP: i32 = 250;

/// Pages from which a checkpoint waits for the readers, and the growth after which another one does.
const LARGE: i32 = 4_000;
const LARGE_STEP: i32 = 1_000;

/// Size to which the log's file is cut when it is begun again.
pub(super) const LARGE_BYTES: i64 = LARGE as i64 * PAGE;

/// How long the first checkpoint of a large log waits. Each one after it waits twice as long, up to the second value.
const FIRST_PATIENCE: Duration = Duration::from_millis(250);
const MOST_PATIENCE: Duration = Duration::from_secs(2);

/// What SQLite reports after each commit that wrote something.
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

    /// The pages in the log after the latest commit.
    pub(super) fn pages(&self) -> i32 {
        self.pages.load(Ordering::Relaxed)
    }

    /// The number of commits that wrote something.
    pub(super) fn commits(&self) -> u64 {
        self.commits.load(Ordering::Relaxed)
    }
}

/// How a checkpoint treats readers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Checkpoint {
    /// Copies what none of them keeps from being copied.
    Passing,
    /// Waits until none of them needs the log, so that the next commit begins it again.
    Waiting(Duration),
    /// The same, and cuts the file to nothing.
    Emptying,
}

/// Decides when a checkpoint is due.
#[derive(Debug)]
pub(super) struct Schedule {
    last: i32,
    due: i32,
    patience: Duration,
}

impl Default for Schedule {
    fn default() -> Self {
        Self { last: 0, due: DUE, patience: FIRST_PATIENCE }
    }
}

impl Schedule {
    /// The checkpoint that is due at this size of the log, in pages. The caller then makes it.
    pub(super) fn due(&mut self, pages: i32) -> Option<Checkpoint> {
        if pages < self.last {
            *self = Self::default();
        }
        self.last = pages;
        if pages < self.due {
            return None;
        }
        if pages < LARGE {
            self.due = (pages + STEP).min(LARGE);
            return Some(Checkpoint::Passing);
        }
        self.due = pages + LARGE_STEP;
        let patience = self.patience;
        self.patience = (patience * 2).min(MOST_PATIENCE);
        Some(Checkpoint::Waiting(patience))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_that_goes_on_growing_is_waited_for_longer_and_longer_and_one_begun_again_is_not() {
        let mut schedule = Schedule::default();
        let mut due = |pages| schedule.due(pages);
        let waiting = |milliseconds| Some(Checkpoint::Waiting(Duration::from_millis(milliseconds)));
        assert_eq!([due(999), due(1_000), due(1_001)], [None, Some(Checkpoint::Passing), None]);
        assert_eq!(
            [due(1_250), due(3_900), due(4_000)],
            [Some(Checkpoint::Passing), Some(Checkpoint::Passing), waiting(250)]
        );
        assert_eq!([due(4_999), due(5_000), due(6_000)], [None, waiting(500), waiting(1_000)]);
        assert_eq!([due(7_000), due(8_000)], [waiting(2_000), waiting(2_000)]);
        assert_eq!([due(3), due(1_000), due(4_000)], [None, Some(Checkpoint::Passing), waiting(250)]);
    }
}
