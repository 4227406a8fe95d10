//! Time. This file holds the only callers of the system's clocks; everything else is told the time.
//!
//! There are two kinds of time. *Wall time*, a [`Timestamp`], is what records and answers show and what decides about
//! expiry and rate limits: it comes from a [`Clock`], which tests and the sandbox can stop and move. *Elapsed time* is
//! what deadlines and latencies measure: it comes from a [`Stopwatch`] and always runs.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tokio::sync::Notify;

/// Microseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub i64);

/// Microseconds of a day.
const DAY: i64 = 86_400_000_000;

impl Timestamp {
    /// The day in UTC, as days since 1970-01-01.
    pub fn day(self) -> i64 {
        self.0.div_euclid(DAY)
    }

    /// The moment that comes `duration` later; at the end of time it stays there.
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)))
    }

    /// The moment that came `duration` earlier; at the beginning of time it stays there.
    #[must_use]
    pub fn minus(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)))
    }
}

/// A source of wall time.
pub struct Clock {
    start: Reading,
    reading: Mutex<Reading>,
    moved: Notify,
}

/// What a clock is set to.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// What it says.
    pub now: Timestamp,
    /// Whether it stands still.
    pub is_frozen: bool,
}

#[derive(Clone, Copy)]
enum Reading {
    /// The system's time, moved by so many microseconds.
    Running(i64),
    /// A time that only moves when it is told to.
    Frozen(Timestamp),
}

impl Clock {
    /// The system's clock.
    pub fn system() -> Self {
        Self::with(Reading::Running(0))
    }

    /// A clock that stands still.
    pub fn frozen(at: Timestamp) -> Self {
        Self::with(Reading::Frozen(at))
    }

    fn with(reading: Reading) -> Self {
        Self { start: reading, reading: Mutex::new(reading), moved: Notify::new() }
    }

    fn reading(&self) -> Reading {
        *self.reading.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The time.
    pub fn now(&self) -> Timestamp {
        said(self.reading())
    }

    /// Waits until the moment has come, however the clock gets there.
    pub async fn reached(&self, moment: Timestamp) {
        loop {
            let moved = self.moved.notified();
            tokio::pin!(moved);
            // Whoever moves the clock between the look at it and the wait must be heard.
            moved.as_mut().enable();
            let left = u64::try_from(moment.0.saturating_sub(self.now().0)).unwrap_or_default();
            match self.reading() {
                _ if left == 0 => return,
                Reading::Frozen(_) => moved.await,
                Reading::Running(_) => {
                    tokio::select! {
                        () = tokio::time::sleep(Duration::from_micros(left)) => {}
                        () = moved => {}
                    }
                }
            }
        }
    }

    /// Whether it stands still.
    pub fn is_frozen(&self) -> bool {
        matches!(self.reading(), Reading::Frozen(_))
    }

    /// Moves the clock forward.
    pub fn advance(&self, duration: Duration) {
        self.change(|reading| match reading {
            Reading::Frozen(at) => Reading::Frozen(at.plus(duration)),
            Reading::Running(moved) => Reading::Running(Timestamp(moved).plus(duration).0),
        });
    }

    /// Sets the clock, and has it stand still or run; what is not said stays.
    pub fn set(&self, now: Option<Timestamp>, is_frozen: Option<bool>) {
        self.change(|reading| {
            let now = now.unwrap_or_else(|| said(reading));
            match is_frozen.unwrap_or(matches!(reading, Reading::Frozen(_))) {
                true => Reading::Frozen(now),
                false => Reading::Running(now.0.saturating_sub(system_time().0)),
            }
        });
    }

    /// What it says and whether it stands still, to be set again.
    pub fn setting(&self) -> Setting {
        Setting { now: self.now(), is_frozen: self.is_frozen() }
    }

    /// What it would say if it went back to how it was made.
    pub fn at_start(&self) -> Timestamp {
        said(self.start)
    }

    /// Goes back to how the clock was made: to the moment at which it stood, or to the system's time.
    pub fn restart(&self) {
        self.change(|_| self.start);
    }

    /// Changes what the clock says, and has everybody who waits for a moment look again.
    fn change(&self, change: impl FnOnce(Reading) -> Reading) {
        let mut reading = self.reading.lock().unwrap_or_else(PoisonError::into_inner);
        *reading = change(*reading);
        self.moved.notify_waiters();
    }
}

/// What a clock says.
fn said(reading: Reading) -> Timestamp {
    match reading {
        Reading::Frozen(at) => at,
        Reading::Running(moved) => Timestamp(system_time().0.saturating_add(moved)),
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the one place that may ask the system for the time")]
fn system_time() -> Timestamp {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(0).plus(since_epoch)
}

/// Measures elapsed time.
#[derive(Clone, Copy, Debug)]
pub struct Stopwatch(Instant);

impl Stopwatch {
    /// Starts to measure.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that may ask the system for the time")]
    pub fn start() -> Self {
        Self(Instant::now())
    }

    /// Time since the start.
    pub fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }

    /// The moment `duration` after the start, for deadlines of the runtime.
    pub fn deadline(&self, duration: Duration) -> Instant {
        self.0 + duration
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frozen_clock_moves_only_when_told() {
        let clock = Clock::frozen(Timestamp(5));
        assert_eq!(clock.now(), Timestamp(5));
        clock.advance(Duration::from_secs(1));
        assert_eq!(clock.now(), Timestamp(1_000_005));
    }

    #[tokio::test]
    async fn whoever_waits_for_a_moment_of_a_frozen_clock_hears_it_move() {
        let clock = Clock::frozen(Timestamp(0));
        clock.reached(Timestamp(0)).await;
        let wait = async {
            clock.reached(Timestamp(3_000_000)).await;
            clock.now()
        };
        let advance = async {
            for _ in 0..5 {
                tokio::task::yield_now().await;
                clock.advance(Duration::from_secs(1));
            }
        };
        let (reached, ()) = tokio::join!(wait, advance);
        assert!(reached >= Timestamp(3_000_000), "{reached:?}");
    }

    #[test]
    fn days_are_counted_in_utc_on_both_sides_of_1970() {
        assert_eq!(Timestamp(0).day(), 0);
        assert_eq!(Timestamp(DAY - 1).day(), 0);
        assert_eq!(Timestamp(-1).day(), -1);
    }
}
