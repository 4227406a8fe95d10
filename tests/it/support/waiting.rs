//! Waiting for a condition: the only place where a story sleeps before it looks again.

use std::time::Duration;

use invited::testing::Stopwatch;

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
