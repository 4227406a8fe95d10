//! Waiting for a condition: the only place where a story sleeps before it looks again.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use invited::testing::Stopwatch;

/// Sets a flag when it is dropped, so threads that work until then end even if an assertion fails.
pub(crate) struct Ends<'a>(pub(crate) &'a AtomicBool);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// Looks until something is so; whether that came in time.
pub(crate) fn within(patience: Duration, mut is_so: impl FnMut() -> bool) -> bool {
    let start = Stopwatch::start();
    while !is_so() {
        if start.elapsed() > patience {
            return false;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    true
}
