//! What can be changed while the server runs. A sandbox's control plane does; `serve` keeps what its settings say.
//!
//! Among it is the *profile*: where the vendor's behaviour is known only in part, each guess is a switch with a name, and its default is
//! what `docs/WIRE.md` decides. Whoever knows better, or wants to see what a client makes of the other possibility, turns it.

use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use crate::engine::limits::PerMinute;
use crate::wire::kind::Dates;

/// Everything that can be changed.
#[derive(Clone, Debug, PartialEq)]
pub struct Tuning {
    /// Rate limits.
    pub rates: PerMinute,
    /// Most mails to an address in a day; 0 for no limit.
    pub rate_mails_per_address: u32,
    /// Days from making or sending an invitation to its expiration date.
    pub invitation_days: i64,
    /// How others reach this server, without a slash at the end; never taken from what a request says.
    pub base_url: String,
    /// What is known of the vendor only in part.
    pub profile: Profile,
}

/// What is known of the vendor only in part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Profile {
    /// Whether every request is in strict mode.
    pub is_strict: bool,
    /// Whether who is invited is a member at once, without a mail and without an answer.
    pub activates_at_once: bool,
    /// Whether a 429 says when to come again.
    pub tells_when_to_retry: bool,
    /// How days are written.
    pub dates: Dates,
}

impl Default for Profile {
    fn default() -> Self {
        Self { is_strict: false, activates_at_once: false, tells_when_to_retry: true, dates: Dates::Days }
    }
}

impl Profile {
    /// The profile as one number.
    fn bits(self) -> u8 {
        let flags = [self.is_strict, self.activates_at_once, self.tells_when_to_retry, self.dates == Dates::Times];
        flags.iter().enumerate().map(|(place, flag)| u8::from(*flag) << place).sum()
    }

    fn of_bits(bits: u8) -> Self {
        let flag = |place: u8| bits >> place & 1 == 1;
        Self {
            is_strict: flag(0),
            activates_at_once: flag(1),
            tells_when_to_retry: flag(2),
            dates: if flag(3) { Dates::Times } else { Dates::Days },
        }
    }
}

/// What is in force.
pub struct Tuned {
    whole: RwLock<Arc<Tuning>>,
    /// The profile once more, as one number, since every request looks at it.
    profile: AtomicU8,
}

impl Tuned {
    /// Begins with this.
    pub fn new(tuning: Tuning) -> Self {
        Self { profile: AtomicU8::new(tuning.profile.bits()), whole: RwLock::new(Arc::new(tuning)) }
    }

    /// What is in force now.
    pub fn get(&self) -> Arc<Tuning> {
        Arc::clone(&self.whole.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// What is known of the vendor only in part, as it is in force now.
    pub fn profile(&self) -> Profile {
        Profile::of_bits(self.profile.load(Ordering::Relaxed))
    }

    /// Has something else be in force from now on.
    pub fn set(&self, tuning: Tuning) {
        self.profile.store(tuning.profile.bits(), Ordering::Relaxed);
        *self.whole.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(tuning);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_is_the_same_after_it_was_a_number() {
        for bits in 0..16 {
            assert_eq!(Profile::of_bits(bits).bits(), bits);
        }
        assert_eq!(Profile::of_bits(Profile::default().bits()), Profile::default());
    }
}
