//! What a store reports about itself: counters, whether writes succeed, and how far they have reached a replica.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::store::health::Health;

/// A position in the write-ahead log of a PostgreSQL server. The default, 0, precedes every write.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position(pub(super) u64);

#[derive(Debug, Default)]
pub struct Statistics {
    commits: AtomicU64,
    writes: AtomicU64,
    reads: AtomicU64,
    late_reads: AtomicU64,
    pub(super) health: Health,
    /// The last position that this process has written, and the last that its replica is known to have replayed.
    written: AtomicU64,
    followed: AtomicU64,
}

impl Statistics {
    pub(super) fn count_late_read(&self) {
        self.late_reads.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn note_written(&self, position: Position) {
        self.written.fetch_max(position.0, Ordering::Release);
    }

    pub(super) fn note_followed(&self, position: Position) {
        self.followed.fetch_max(position.0, Ordering::Relaxed);
    }

    /// The position of the last answered write.
    pub(super) fn written(&self) -> Position {
        Position(self.written.load(Ordering::Acquire))
    }

    /// The position that the replica is known to have replayed.
    pub fn followed(&self) -> Position {
        Position(self.followed.load(Ordering::Relaxed))
    }

    /// Read jobs done by a replica.
    pub fn late_reads(&self) -> u64 {
        self.late_reads.load(Ordering::Relaxed)
    }

    pub(super) fn count_writes(&self, jobs: u64, is_committed: bool) {
        self.writes.fetch_add(jobs, Ordering::Relaxed);
        self.commits.fetch_add(u64::from(is_committed), Ordering::Relaxed);
    }

    pub(super) fn count_read(&self) {
        self.reads.fetch_add(1, Ordering::Relaxed);
    }

    /// Commits of at least one write.
    pub fn commits(&self) -> u64 {
        self.commits.load(Ordering::Relaxed)
    }

    /// Write jobs run.
    pub fn writes(&self) -> u64 {
        self.writes.load(Ordering::Relaxed)
    }

    /// Read jobs run, except by a replica.
    pub fn reads(&self) -> u64 {
        self.reads.load(Ordering::Relaxed)
    }
}
