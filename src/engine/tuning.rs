//! Settings that can change while the server runs. Only a sandbox's control plane changes them.
//!
//! There is one copy, behind an [`ArcSwap`]: everything that obeys one of these settings holds a [`Tuned`] and looks at
//! the current value when it needs it, so a change cannot reach only some of its readers.
//!
//! The [`Profile`] collects the guesses about the vendor: where its behaviour is only partly documented, each guess is
//! a named switch whose default is the one in `docs/WIRE.md`, and a test suite can try the other possibility.

use std::sync::Arc;

use arc_swap::ArcSwap;
use clap::Args;

use crate::wire::kind::Dates;

#[derive(Clone, Debug, PartialEq)]
pub struct Tuning {
    pub rates: PerMinute,
    /// Mails per address and day; 0 for no limit.
    pub rate_mails_per_address: u32,
    /// Mails per account and day; 0 for no limit.
    pub rate_mails_per_account: u32,
    /// Days from creating or resending an invitation to its expiration date.
    pub invitation_days: i64,
    /// Public URL of this server, without a trailing slash. Never derived from a request.
    pub base_url: String,
    pub profile: Profile,
}

/// Rate limits per minute, with their settings; 0 for no limit.
#[derive(Args, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[command(next_help_heading = "Rate limits")]
pub struct PerMinute {
    /// Requests per minute and user; 0 for no limit
    #[arg(long = "rate-general", value_name = "COUNT", default_value = "600")]
    pub general: u32,
    /// Invitations created per minute and user, each of a bulk counts; 0 for no limit
    #[arg(long = "rate-create", value_name = "COUNT", default_value = "600")]
    pub create: u32,
    /// Resends per minute and user; 0 for no limit
    #[arg(long = "rate-resend", value_name = "COUNT", default_value = "20")]
    pub resend: u32,
    /// Resends per minute of one invitation; 0 for no limit
    #[arg(long = "rate-resend-per-invitation", value_name = "COUNT", default_value = "1")]
    pub resend_of_record: u32,
    /// Sign-ins per minute and mail address; 0 for no limit
    #[arg(long = "rate-sign-in", value_name = "COUNT", default_value = "10")]
    pub sign_in: u32,
    /// Sign-ins per minute and network address of the client (see trusted_proxies); 0 for no limit
    #[arg(long = "rate-sign-in-per-peer", value_name = "COUNT", default_value = "30")]
    pub sign_in_of_peer: u32,
    /// Token requests per minute and OAuth application; 0 for no limit
    #[arg(long = "rate-token", value_name = "COUNT", default_value = "600")]
    pub token_request: u32,
    /// All users of an account together have this many times the limits of one user; 0 for no limit
    #[arg(long = "rate-account-factor", value_name = "COUNT", default_value = "10")]
    pub account_factor: u32,
}

/// Switches for vendor behaviour that is not fully documented, with their settings.
#[derive(Args, Clone, Copy, Debug, PartialEq, Eq)]
pub struct Profile {
    /// Refuse what is otherwise ignored, as the header Invited-Strict does for a single request
    #[arg(long = "strict", value_name = "BOOL", default_value = "false")]
    pub is_strict: OnOff,
    /// Make invitees members at once, without a mail and without their acceptance
    #[arg(long = "activate-new-users-at-once", value_name = "BOOL", default_value = "false")]
    pub activates_at_once: OnOff,
    /// Send Retry-After with 429 responses
    #[arg(long = "tell-when-to-retry", value_name = "BOOL", default_value = "true")]
    pub tells_when_to_retry: OnOff,
    /// How dates are written: days (2031-02-01) or times (2031-02-01T00:00:00Z)
    #[arg(long, value_name = "FORMAT", default_value = "days", value_parser = dates)]
    pub dates: Dates,
}

/// A setting that is true or false. Clap must not see the `bool`: it would make a flag without a value of it.
pub type OnOff = bool;

/// The error is the end of a sentence.
pub fn dates(text: &str) -> Result<Dates, String> {
    match text {
        "days" => Ok(Dates::Days),
        "times" => Ok(Dates::Times),
        _ => Err("must be one of days, times".to_owned()),
    }
}

impl Default for Profile {
    fn default() -> Self {
        Self { is_strict: false, activates_at_once: false, tells_when_to_retry: true, dates: Dates::Days }
    }
}

/// The tuning in force. Clones share it.
#[derive(Clone)]
pub struct Tuned(Arc<ArcSwap<Tuning>>);

impl Tuned {
    pub fn new(tuning: Tuning) -> Self {
        Self(Arc::new(ArcSwap::from_pointee(tuning)))
    }

    /// The current settings. To change some, set a modified copy.
    pub fn get(&self) -> Arc<Tuning> {
        self.0.load_full()
    }

    /// One of the current settings, without sharing the rest: cheap enough for every request.
    pub fn look<T>(&self, at: impl FnOnce(&Tuning) -> T) -> T {
        at(&self.0.load())
    }

    pub fn profile(&self) -> Profile {
        self.look(|tuning| tuning.profile)
    }

    /// Replaces the current settings.
    pub fn set(&self, tuning: Tuning) {
        self.0.store(Arc::new(tuning));
    }
}
