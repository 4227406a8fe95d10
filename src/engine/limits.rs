//! Rate limits (protocol.md section 8): how many requests a minute, for each token and for each invitation, and how many
//! attempts to sign in.
//!
//! Each limit is a bucket that holds a minute's worth and fills evenly (the generic cell rate algorithm): one number
//! per key says when the bucket will be full again. Wall time decides, so that a clock that is moved moves the limits
//! with it. The state is in memory and per server.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::clock::Timestamp;
use crate::engine::error::Error;

/// Microseconds of a minute.
const MINUTE: i64 = 60_000_000;

/// Microseconds of a second.
const SECOND: i64 = 1_000_000;

/// Keys that are remembered before full buckets, which say nothing, are swept out.
const SWEEP_AT: usize = 10_000;

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Every request of a token.
    General,
    /// Creates of a token.
    Create,
    /// Resends of a token.
    Resend,
    /// Resends of one invitation.
    ResendOfRecord,
    /// Attempts to sign in as one member.
    SignIn,
    /// Attempts to sign in from one place in the network.
    SignInOfPeer,
    /// Requests for tokens of one application.
    TokenRequest,
}

/// How many kinds there are.
const KINDS: usize = Kind::TokenRequest as usize + 1;

/// How many a minute, 0 for no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PerMinute {
    /// Requests of a token.
    pub general: u32,
    /// Creates of a token; a bulk is one.
    pub create: u32,
    /// Resends of a token.
    pub resend: u32,
    /// Resends of one record.
    pub resend_of_record: u32,
    /// Attempts to sign in with one address.
    pub sign_in: u32,
    /// Attempts to sign in from one place in the network.
    pub sign_in_of_peer: u32,
    /// Requests for tokens of one application.
    pub token_request: u32,
}

impl PerMinute {
    /// The limits in the order of the kinds.
    fn by_kind(&self) -> [u32; KINDS] {
        [
            self.general,
            self.create,
            self.resend,
            self.resend_of_record,
            self.sign_in,
            self.sign_in_of_peer,
            self.token_request,
        ]
    }
}

/// Limits in force.
pub struct Limits {
    /// By kind; numbers by themselves, since every request looks at one.
    per_minute: [AtomicU32; KINDS],
    buckets: Mutex<Buckets>,
}

/// When each bucket will be full, and when full ones were last swept out.
#[derive(Default)]
struct Buckets {
    full_at: HashMap<(Kind, i64), i64>,
    swept_at: i64,
}

impl Buckets {
    /// Removes full buckets, which say nothing, when there are many; at most once a second, since it looks at all.
    fn sweep(&mut self, now: i64) {
        if self.full_at.len() >= SWEEP_AT && (now - self.swept_at).abs() >= SECOND {
            self.full_at.retain(|_, full_at| (now..=now + MINUTE).contains(full_at));
            self.swept_at = now;
        }
    }
}

impl Limits {
    /// Full buckets.
    pub fn new(per_minute: PerMinute) -> Self {
        Self { per_minute: per_minute.by_kind().map(AtomicU32::new), buckets: Mutex::default() }
    }

    /// Has other limits hold from now on.
    pub fn set(&self, per_minute: PerMinute) {
        for (limit, wanted) in self.per_minute.iter().zip(per_minute.by_kind()) {
            limit.store(wanted, Ordering::Relaxed);
        }
    }

    /// Fills every bucket.
    pub fn forget(&self) {
        self.buckets.lock().unwrap_or_else(PoisonError::into_inner).full_at.clear();
    }

    /// Takes one from the bucket of `key`, or refuses with the seconds after which one will be there.
    pub fn take(&self, kind: Kind, key: i64, now: Timestamp) -> Result<(), Error> {
        self.ask(kind, key, now, true)
    }

    /// Refuses as [`Limits::take`] does, and takes nothing.
    pub fn check(&self, kind: Kind, key: i64, now: Timestamp) -> Result<(), Error> {
        self.ask(kind, key, now, false)
    }

    fn ask(&self, kind: Kind, key: i64, now: Timestamp, takes: bool) -> Result<(), Error> {
        let per_minute = self.per_minute[kind as usize].load(Ordering::Relaxed);
        if per_minute == 0 {
            return Ok(());
        }
        let one = MINUTE / i64::from(per_minute);
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        buckets.sweep(now.0);
        let bucket = buckets.full_at.entry((kind, key)).or_insert(now.0);
        // No bucket takes longer than a minute to fill, unless the clock has stepped back: that must lock nobody out.
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

    fn limits(general: u32) -> Limits {
        Limits::new(PerMinute { general, ..PerMinute::default() })
    }

    #[test]
    fn a_bucket_holds_a_minutes_worth_and_fills_evenly() {
        let (limits, start) = (limits(3), Timestamp(1_000));
        for _ in 0..3 {
            assert!(limits.take(Kind::General, 1, start).is_ok());
        }
        assert!(matches!(limits.take(Kind::General, 1, start), Err(Error::RateLimited(20))));
        assert!(limits.take(Kind::General, 2, start).is_ok(), "another key has a bucket of its own");
        let later = Timestamp(start.0 + MINUTE / 3);
        assert!(limits.take(Kind::General, 1, later).is_ok());
        assert!(limits.take(Kind::General, 1, later).is_err());
    }

    #[test]
    fn a_clock_that_steps_back_locks_nobody_out() {
        let (limits, start) = (limits(60), Timestamp(90 * MINUTE));
        for _ in 0..30 {
            assert!(limits.take(Kind::General, 1, start).is_ok());
        }
        let an_hour_ago = Timestamp(30 * MINUTE);
        assert!(matches!(limits.take(Kind::General, 1, an_hour_ago), Err(Error::RateLimited(1))));
        assert!(limits.take(Kind::General, 1, Timestamp(an_hour_ago.0 + SECOND)).is_ok());
    }

    #[test]
    fn zero_is_no_limit() {
        let limits = limits(0);
        assert!((0..1_000).all(|_| limits.take(Kind::General, 1, Timestamp(0)).is_ok()));
    }
}
