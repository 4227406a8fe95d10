//! Whether writes succeed, for `/health/ready` and the log.
//!
//! The outcome of the last write decides: a probe for each check would write to the disk of an idle server. But once a
//! write has failed, no other may follow, since a proxy avoids a server that is not ready. So each check then makes a
//! probe write ([`crate::store::Store::require_writes`]), and the server recovers by itself.
//!
//! Invariant: one line in the log for each change, however many writes fail in between.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;

use crate::clock::Stopwatch;
use crate::store::Error;

/// How long the one writing thread may be busy with a transaction before it counts as stuck, for example on a disk that
/// hangs.
const STUCK_AFTER: Duration = Duration::from_secs(5);

#[derive(Debug)]
pub(super) struct Health {
    /// Set exactly while there is a cause, so a write that succeeds takes no lock.
    is_failing: AtomicBool,
    cause: Mutex<Option<Error>>,
    started: Stopwatch,
    /// When the transaction under way began, in milliseconds since the start, from 1; 0 if there is none.
    busy_since: AtomicU64,
}

impl Default for Health {
    fn default() -> Self {
        Self {
            is_failing: AtomicBool::new(false),
            cause: Mutex::new(None),
            started: Stopwatch::start(),
            busy_since: AtomicU64::new(0),
        }
    }
}

impl Health {
    /// A write failed for a reason outside of itself, which is logged if it is new.
    pub(super) fn failed(&self, error: &Error) {
        let mut cause = self.cause.lock();
        if cause.as_ref().is_none_or(|known| known.to_string() != error.to_string()) {
            tracing::error!(cause = %error, "writes fail");
        }
        *cause = Some(error.clone());
        self.is_failing.store(true, Ordering::Release);
    }

    /// A write was committed.
    pub(super) fn succeeded(&self) {
        if self.is_failing.load(Ordering::Acquire) {
            let mut cause = self.cause.lock();
            if cause.take().is_some() {
                tracing::warn!("writes succeed again");
            }
            self.is_failing.store(false, Ordering::Release);
        }
    }

    /// The one writing thread begins a transaction.
    pub(super) fn begin(&self) {
        let now = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.busy_since.store(now.max(1), Ordering::Relaxed);
    }

    pub(super) fn end(&self) {
        self.busy_since.store(0, Ordering::Relaxed);
    }

    /// Why the last write failed.
    pub(super) fn cause(&self) -> Option<Error> {
        if self.is_failing.load(Ordering::Acquire) { self.cause.lock().clone() } else { None }
    }

    /// Fails if a transaction takes so long that it is likely to be stuck.
    pub(super) fn require_progress(&self) -> Result<(), Error> {
        let since = self.busy_since.load(Ordering::Relaxed);
        let busy = self.started.elapsed().saturating_sub(Duration::from_millis(since));
        if since != 0 && busy > STUCK_AFTER {
            return Err(Error::Unavailable(format!("a write has been under way for {} s", busy.as_secs())));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_write_decides() {
        let health = Health::default();
        assert!(health.cause().is_none());
        health.failed(&Error::Unavailable("full".to_owned()));
        assert_eq!(health.cause().map(|cause| cause.to_string()), Some("the database is unavailable: full".to_owned()));
        health.succeeded();
        assert!(health.cause().is_none());
    }

    #[test]
    fn a_transaction_that_has_just_begun_is_not_stuck() {
        let health = Health::default();
        health.begin();
        assert!(health.require_progress().is_ok());
        health.end();
        assert!(health.require_progress().is_ok());
    }
}
