//! Rate limits: requests per minute for each user, account and invitation, sign-in attempts, mails per day.
//!
//! Each limit is a bucket that holds a period's worth and refills evenly (the generic cell rate algorithm): one number
//! per key says when the bucket will be full again. Wall time decides, so moving the clock moves the limits with it.
//! The state is in memory and per server.
//!
//! Requests count for their user and account, not for their token: anyone with an application can have as many tokens
//! as they like. A bulk request counts once for each of its elements. One that exceeds a whole bucket passes when the
//! bucket is full, and the requests after it wait longer.

use std::collections::HashMap;

use parking_lot::Mutex;

use crate::clock::Timestamp;
use crate::engine::error::Error;
use crate::engine::tuning::{Tuned, Tuning};
use crate::ids::{AccountId, UserId};

pub use crate::engine::tuning::PerMinute;

/// Microseconds of a minute.
const MINUTE: i64 = 60_000_000;

/// Microseconds of a day.
const DAY: i64 = 24 * 60 * MINUTE;

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
    MailsOfAccount,
}

impl Limit {
    fn period(self) -> i64 {
        if self == Self::MailsOfAccount { DAY } else { MINUTE }
    }
}

/// Whose bucket it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Whose {
    /// A user's, record's, address's or application's, depending on the limit.
    One(i64),
    /// An account's, for the limits of its users together.
    Account(AccountId),
}

impl Tuning {
    /// The most in the limit's period; 0 for no limit.
    fn most(&self, limit: Limit, whose: Whose) -> i64 {
        let most = match limit {
            Limit::MailsOfAccount => return i64::from(self.rate_mails_per_account),
            other => i64::from(self.rates.of(other)),
        };
        match whose {
            Whose::One(_) => most,
            Whose::Account(_) => most.saturating_mul(i64::from(self.rates.account_factor)),
        }
    }
}

impl PerMinute {
    fn of(&self, limit: Limit) -> u32 {
        match limit {
            Limit::MailsOfAccount => 0,
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

#[derive(Clone, Copy)]
struct Bucket {
    full_at: i64,
    /// When something was last taken from it, to notice a clock that was set back.
    taken_at: i64,
}

impl Bucket {
    /// The bucket after this many are taken, which fills by one in `one` and wholly in `period`; or a refusal with the
    /// seconds until they are there.
    fn without(&mut self, count: i64, period: i64, one: i64, now: Timestamp) -> Result<Self, Error> {
        if now.0 < self.taken_at {
            // A clock that was set back must not lock anyone out.
            self.full_at = self.full_at.min(now.0 + period);
        }
        let full_at = self.full_at.max(now.0);
        let full_after_this = full_at.saturating_add(one.saturating_mul(count));
        let over = full_after_this - now.0 - period;
        // A bulk request took one before its size was known.
        let is_full = full_at <= now.0 + one;
        if over > 0 && !(is_full && count > 1) {
            let seconds = u64::try_from(over).unwrap_or_default().div_ceil(SECOND.unsigned_abs());
            return Err(Error::RateLimited(seconds));
        }
        Ok(Self { full_at: full_after_this, taken_at: now.0 })
    }
}

#[derive(Default)]
struct Buckets {
    by_key: HashMap<(Limit, Whose), Bucket>,
    swept_at: i64,
}

impl Buckets {
    /// Removes full buckets when there are many; at most once a second, since it looks at all of them.
    fn sweep(&mut self, now: i64) {
        if self.by_key.len() >= SWEEP_AT && (now - self.swept_at).abs() >= SECOND {
            self.by_key.retain(|_, bucket| (now..=now + 2 * DAY).contains(&bucket.full_at));
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
        self.buckets.lock().by_key.clear();
    }

    /// Takes one from the bucket of `key`, or refuses with the seconds until one is available.
    pub fn take(&self, limit: Limit, key: i64, now: Timestamp) -> Result<(), Error> {
        self.ask(limit, Whose::One(key), 1, now, true)
    }

    /// Takes this many from the buckets of a user and of the user's account, or from neither.
    pub fn take_of_user(
        &self,
        limit: Limit,
        user: UserId,
        account: AccountId,
        count: usize,
        now: Timestamp,
    ) -> Result<(), Error> {
        self.ask_all(limit, [Whose::One(user.get()), Whose::Account(account)], count, now, true)
    }

    /// Takes this many from a bucket; without `takes` it only refuses.
    pub fn ask(&self, limit: Limit, whose: Whose, count: usize, now: Timestamp, takes: bool) -> Result<(), Error> {
        self.ask_all(limit, [whose], count, now, takes)
    }

    /// Asks each of these buckets before it takes from any: a request that one refuses uses up nothing of the others.
    fn ask_all<const N: usize>(
        &self,
        limit: Limit,
        all: [Whose; N],
        count: usize,
        now: Timestamp,
        takes: bool,
    ) -> Result<(), Error> {
        let most = self.tuned.look(|tuning| all.map(|whose| tuning.most(limit, whose)));
        let (period, count) = (limit.period(), i64::try_from(count).unwrap_or(i64::MAX));
        let mut buckets = self.buckets.lock();
        buckets.sweep(now.0);
        let mut taken = [None; N];
        for ((taken, whose), most) in taken.iter_mut().zip(all).zip(most).filter(|(_, most)| *most > 0) {
            let bucket = buckets.by_key.entry((limit, whose)).or_insert(Bucket { full_at: now.0, taken_at: now.0 });
            *taken = Some(bucket.without(count, period, period / most, now)?);
        }
        for (whose, bucket) in all.into_iter().zip(taken).filter(|_| takes) {
            bucket.map(|bucket| buckets.by_key.insert((limit, whose), bucket));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::tuning::Profile;

    fn limits(general: u32) -> Limits {
        Limits::new(Tuned::new(Tuning {
            rates: PerMinute { general, account_factor: 10, ..PerMinute::default() },
            rate_mails_per_address: 0,
            rate_mails_per_account: 0,
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
    fn a_bulk_counts_each_and_passes_a_smaller_bucket_only_when_that_is_full() {
        let (limits, start) = (limits(4), Timestamp(0));
        let take = |count, now: Timestamp| limits.ask(Limit::General, Whose::One(1), count, now, true);
        assert!(take(1, start).is_ok() && take(3, start).is_ok(), "a whole minute's worth");
        assert!(take(1, start).is_err());
        let full = Timestamp(MINUTE);
        assert!(take(1, full).is_ok() && take(49, full).is_ok(), "more than the bucket holds");
        assert!(matches!(take(1, full), Err(Error::RateLimited(705))), "forty-seven quarters of a minute later");
        assert!(take(2, full).is_err());
    }

    #[test]
    fn a_user_whom_the_account_refuses_uses_up_nothing() {
        let (limits, account, start) = (limits(3), AccountId::new(1), Timestamp(0));
        let take = |user, count, now| limits.take_of_user(Limit::General, UserId::new(user), account, count, now);
        // The account has ten times as many, and the others take all of them.
        for user in 1..=10 {
            assert!(take(user, 3, start).is_ok());
        }
        assert!((0..5).all(|_| take(11, 1, start).is_err()));
        // With room in the account, that user still has the whole limit.
        limits.buckets.lock().by_key.remove(&(Limit::General, Whose::Account(account)));
        assert!((0..3).all(|_| take(11, 1, start).is_ok()));
        // Nor does the account pay for a user who is refused.
        assert!((0..30).all(|_| take(11, 1, start).is_err()));
        assert!((12..21).all(|user| take(user, 3, start).is_ok()));
    }

    #[test]
    fn zero_is_no_limit() {
        let limits = limits(0);
        assert!((0..1_000).all(|_| limits.take(Limit::General, 1, Timestamp(0)).is_ok()));
    }
}
