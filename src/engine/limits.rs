//! Rate limits: requests per minute for each token and each invitation, and sign-in attempts.
//!
//! Each limit is a bucket that holds a minute's worth and refills evenly (the generic cell rate algorithm): one number
//! per key says when the bucket will be full again. Wall time decides, so moving the clock moves the limits with it.
//! The state is in memory and per server.

use std::collections::HashMap;

use parking_lot::Mutex;

use crate::clock::Timestamp;
use crate::engine::error::Error;
use crate::engine::tuning::Tuned;

pub use crate::engine::tuning::PerMinute;

/// Microseconds of a minute.
const MINUTE: i64 = 60_000_000;

/// Microseconds of a second.
const SECOND: i64 = 1_000_000;

/// Number of keys from which full buckets, which carry no information, are swept out.
const SWEEP_AT: usize = 10_000;

/// What is counted; see [`PerMinute`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Limit {
    General,
    Create,
    Resend,
    ResendOfRecord,
    SignIn,
    SignInOfPeer,
    TokenRequest,
}

impl PerMinute {
    fn of(&self, limit: Limit) -> u32 {
        match limit {
            Limit::General => self.general,
            Limit::Create => self.create,
            Limit::Resend => self.resend,
            Limit::ResendOfRecord => self.resend_of_record,
            Limit::SignIn => self.sign_in,
            Limit::SignInOfPeer => self.sign_in_of_peer,
            Limit::TokenRequest => self.token_request,
        }
    }
}

pub struct Limits {
    tuned: Tuned,
    buckets: Mutex<Buckets>,
}

#[derive(Default)]
struct Buckets {
    /// When each bucket will be full.
    full_at: HashMap<(Limit, i64), i64>,
    swept_at: i64,
}

impl Buckets {
    /// Removes full buckets when there are many; at most once a second, since it looks at all of them.
    fn sweep(&mut self, now: i64) {
        if self.full_at.len() >= SWEEP_AT && (now - self.swept_at).abs() >= SECOND {
            self.full_at.retain(|_, full_at| (now..=now + MINUTE).contains(full_at));
            self.swept_at = now;
        }
    }
}

impl Limits {
    /// Full buckets, under the limits that `tuned` holds at each moment.
    pub fn new(tuned: Tuned) -> Self {
        Self { tuned, buckets: Mutex::default() }
    }

    /// Fills every bucket.
    pub fn forget(&self) {
        self.buckets.lock().full_at.clear();
    }

    /// Takes one from the bucket of `key`, or refuses with the seconds until one is available.
    pub fn take(&self, limit: Limit, key: i64, now: Timestamp) -> Result<(), Error> {
        self.ask(limit, key, now, true)
    }

    /// Refuses as [`Limits::take`] does, but takes nothing.
    pub fn check(&self, limit: Limit, key: i64, now: Timestamp) -> Result<(), Error> {
        self.ask(limit, key, now, false)
    }

    fn ask(&self, limit: Limit, key: i64, now: Timestamp, takes: bool) -> Result<(), Error> {
        let per_minute = self.tuned.look(|tuning| tuning.rates.of(limit));
        if per_minute == 0 {
            return Ok(());
        }
        let one = MINUTE / i64::from(per_minute);
        let mut buckets = self.buckets.lock();
        buckets.sweep(now.0);
        let bucket = buckets.full_at.entry((limit, key)).or_insert(now.0);
        // Only a clock that was set back makes a bucket take longer than a minute, and that must not lock anyone out.
        *bucket = (*bucket).clamp(now.0, now.0 + MINUTE);
        let full_after_this = *bucket + one;
        let over = full_after_this - now.0 - MINUTE;
        if over > 0 {
            let seconds = u64::try_from(over).unwrap_or_default().div_ceil(SECOND.unsigned_abs());
            return Err(Error::RateLimited(seconds));
        }
        if takes {
            *bucket = full_after_this;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::tuning::{Profile, Tuning};

    fn limits(general: u32) -> Limits {
        Limits::new(Tuned::new(Tuning {
            rates: PerMinute { general, ..PerMinute::default() },
            rate_mails_per_address: 0,
            invitation_days: 1,
            base_url: String::new(),
            profile: Profile::default(),
        }))
    }

    #[test]
    fn a_bucket_holds_a_minutes_worth_and_fills_evenly() {
        let (limits, start) = (limits(3), Timestamp(1_000));
        for _ in 0..3 {
            assert!(limits.take(Limit::General, 1, start).is_ok());
        }
        assert!(matches!(limits.take(Limit::General, 1, start), Err(Error::RateLimited(20))));
        assert!(limits.take(Limit::General, 2, start).is_ok(), "another key has a bucket of its own");
        let later = Timestamp(start.0 + MINUTE / 3);
        assert!(limits.take(Limit::General, 1, later).is_ok());
        assert!(limits.take(Limit::General, 1, later).is_err());
    }

    #[test]
    fn a_clock_that_steps_back_locks_no_client_out() {
        let (limits, start) = (limits(60), Timestamp(90 * MINUTE));
        for _ in 0..30 {
            assert!(limits.take(Limit::General, 1, start).is_ok());
        }
        let an_hour_ago = Timestamp(30 * MINUTE);
        assert!(matches!(limits.take(Limit::General, 1, an_hour_ago), Err(Error::RateLimited(1))));
        assert!(limits.take(Limit::General, 1, Timestamp(an_hour_ago.0 + SECOND)).is_ok());
    }

    #[test]
    fn zero_is_no_limit() {
        let limits = limits(0);
        assert!((0..1_000).all(|_| limits.take(Limit::General, 1, Timestamp(0)).is_ok()));
    }
}
