//! Time. This file has the only calls of the system's clocks; everything else is given the time.
//!
//! There are two kinds. *Wall time*, a [`Timestamp`], is what records and answers show and what expiry and rate limits
//! depend on; it comes from a [`Clock`], which tests and the sandbox can stop and move. *Elapsed time* is for deadlines
//! and latencies; it comes from a [`Stopwatch`] and always runs.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use parking_lot::Mutex;
use schemars::JsonSchema;
use serde::{Serialize, Serializer};
use tokio::sync::Notify;

use crate::wire::kind;

/// Microseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, JsonSchema)]
#[schemars(inline, description = "A moment, with whole seconds.")]
pub struct Timestamp(#[schemars(with = "String", extend("format" = "date-time"))] pub i64);

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&kind::time(self.0))
    }
}

/// Microseconds of a day.
const DAY: i64 = 86_400_000_000;

impl Timestamp {
    /// The day in UTC, in days since 1970-01-01.
    pub fn day(self) -> i64 {
        self.0.div_euclid(DAY)
    }

    /// Saturates at the end of time.
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(microseconds(duration)))
    }

    /// The time since an earlier moment; zero for a later one.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or_default())
    }

    /// Saturates at the beginning of time.
    #[must_use]
    pub fn minus(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(microseconds(duration)))
    }
}

fn microseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

/// A source of wall time.
pub struct Clock {
    start: Reading,
    reading: Mutex<Reading>,
    moved: Notify,
}

#[derive(Clone, Copy)]
enum Reading {
    /// The system's time plus this many microseconds.
    Running(i64),
    Frozen(Timestamp),
}

impl Clock {
    pub fn system() -> Self {
        Self::with(Reading::Running(0))
    }

    /// A clock that moves only by [`Clock::advance`] and [`Clock::set`].
    pub fn frozen(at: Timestamp) -> Self {
        Self::with(Reading::Frozen(at))
    }

    fn with(reading: Reading) -> Self {
        Self { start: reading, reading: Mutex::new(reading), moved: Notify::new() }
    }

    fn reading(&self) -> Reading {
        *self.reading.lock()
    }

    pub fn now(&self) -> Timestamp {
        self.reading().now()
    }

    /// Waits for this long, measured by elapsed time, so that setting the system clock back cannot prolong it. Ends
    /// sooner if the clock is moved past the end or before the beginning.
    pub async fn passed(&self, duration: Duration) {
        let (begin, elapsed) = (self.now(), Stopwatch::start());
        let end = begin.plus(duration);
        loop {
            let moved = self.moved.notified();
            tokio::pin!(moved);
            // Listen before looking at the clock: a change between the two must not be missed.
            moved.as_mut().enable();
            let now = self.now();
            if now >= end || now < begin {
                return;
            }
            match self.reading() {
                Reading::Frozen(_) => moved.await,
                Reading::Running(_) => {
                    tokio::select! {
                        () = tokio::time::sleep_until(elapsed.deadline(duration).into()) => return,
                        () = moved => {}
                    }
                }
            }
        }
    }

    /// Adopts a time that takes precedence over the system's, such as the database's, if it differs by more than
    /// `tolerance` and the clock is not frozen. Returns whether it did.
    pub fn follow(&self, now: Timestamp, tolerance: Duration) -> bool {
        let own = self.now();
        let is_far = own > now.plus(tolerance) || own < now.minus(tolerance);
        let follows = is_far && !self.is_frozen();
        if follows {
            self.set(Some(now), None);
        }
        follows
    }

    pub fn is_frozen(&self) -> bool {
        matches!(self.reading(), Reading::Frozen(_))
    }

    pub fn advance(&self, duration: Duration) {
        self.change(|reading| match reading {
            Reading::Frozen(at) => Reading::Frozen(at.plus(duration)),
            Reading::Running(moved) => Reading::Running(Timestamp(moved).plus(duration).0),
        });
    }

    /// Sets the time, and stops or starts the clock; `None` leaves that as it is.
    pub fn set(&self, now: Option<Timestamp>, is_frozen: Option<bool>) {
        self.change(|reading| {
            let now = now.unwrap_or_else(|| reading.now());
            match is_frozen.unwrap_or(matches!(reading, Reading::Frozen(_))) {
                true => Reading::Frozen(now),
                false => Reading::Running(now.0.saturating_sub(system_time().0)),
            }
        });
    }

    /// The time after a [`Clock::restart`].
    pub fn at_start(&self) -> Timestamp {
        self.start.now()
    }

    /// Returns to the initial state: the moment at which it was frozen, or the system's time.
    pub fn restart(&self) {
        self.change(|_| self.start);
    }

    fn change(&self, change: impl FnOnce(Reading) -> Reading) {
        let mut reading = self.reading.lock();
        *reading = change(*reading);
        self.moved.notify_waiters();
    }
}

impl Reading {
    fn now(self) -> Timestamp {
        match self {
            Self::Frozen(at) => at,
            Self::Running(moved) => Timestamp(system_time().0.saturating_add(moved)),
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the one place that may ask the system for the time")]
fn system_time() -> Timestamp {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(0).plus(since_epoch)
}

/// Measures elapsed time.
#[derive(Clone, Copy, Debug)]
pub struct Stopwatch(Instant);

impl Stopwatch {
    #[expect(clippy::disallowed_methods, reason = "the one place that may ask the system for the time")]
    pub fn start() -> Self {
        Self(Instant::now())
    }

    pub fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }

    /// The instant `duration` after the start, for the runtime's timers.
    pub fn deadline(&self, duration: Duration) -> Instant {
        self.0 + duration
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_wait_on_a_frozen_clock_ends_when_it_moves() {
        let clock = Clock::frozen(Timestamp(0));
        clock.passed(Duration::ZERO).await;
        let wait = async {
            clock.passed(Duration::from_secs(3)).await;
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

    #[tokio::test]
    async fn a_wait_on_a_running_clock_is_not_prolonged_when_it_is_put_back() {
        let clock = Clock::system();
        let start = Stopwatch::start();
        let put_back = async { clock.set(Some(clock.now().minus(Duration::from_secs(3 * 86_400))), None) };
        tokio::join!(clock.passed(Duration::from_secs(60)), put_back);
        assert!(start.elapsed() < Duration::from_secs(30), "{:?}", start.elapsed());
    }

    #[test]
    fn a_running_clock_follows_another_one_and_a_frozen_one_does_not() {
        let (second, day) = (Duration::from_secs(1), Duration::from_secs(86_400));
        let clock = Clock::system();
        let now = clock.now();
        assert!(!clock.follow(now.plus(second), second * 2));
        assert!(clock.follow(now.minus(day), second * 2));
        assert!(clock.now() < now.minus(day).plus(second * 30));
        let frozen = Clock::frozen(now);
        assert!(!frozen.follow(now.minus(day), second * 2));
        assert_eq!(frozen.now(), now);
    }

    #[test]
    fn days_are_counted_in_utc_on_both_sides_of_1970() {
        assert_eq!(Timestamp(0).day(), 0);
        assert_eq!(Timestamp(DAY - 1).day(), 0);
        assert_eq!(Timestamp(-1).day(), -1);
    }
}
