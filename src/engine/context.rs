//! What a rule needs besides the database: caller, time, limits, outbox.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU16, Ordering};

use crate::clock::Timestamp;
use crate::engine::access::Caller;
use crate::engine::error::Error;
use crate::engine::limits::{Limit, Limits, Whose};
use crate::engine::request_id::RequestId;
use crate::engine::tokens::Callers;
use crate::entropy::Entropy;
use crate::ids::RecordId;
use crate::mail::outbox::Outbox;

#[derive(Clone)]
pub struct Context {
    pub caller: Arc<Caller>,
    pub now: Timestamp,
    /// For the audit trail; `None` for a command.
    pub request_id: Option<Arc<RequestId>>,
    pub entropy: Arc<Entropy>,
    pub limits: Arc<Limits>,
    /// Cached callers, forgotten when what they may do changes.
    pub callers: Arc<Callers>,
    /// Days from sending an invitation to its expiration date.
    pub invitation_days: i64,
    /// Whether invitees become members at once.
    pub activates_at_once: bool,
    /// Domains whose addresses may be invited; empty for all.
    pub invite_domains: Arc<[String]>,
    pub outbox: Arc<Outbox>,
    pub remarks: Arc<Remarks>,
    pub mode: WriteMode,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WriteMode {
    /// It is rolled back, so nothing outside the database may change.
    DryRun,
    /// Nothing is written after the rule prints its record, so printing is the job's last statement.
    Whole,
    /// Part of a larger job: other statements follow.
    Part,
}

/// What the rules of one request leave for its answer, and for a retry.
#[derive(Debug, Default)]
pub struct Remarks {
    seats_over: AtomicI64,
    /// The limits already taken, as bits: a retried job must not take them again.
    taken: AtomicU16,
}

impl Remarks {
    pub fn note_seats_over(&self, seats: i64) {
        self.seats_over.store(seats, Ordering::Relaxed);
    }

    /// Seats taken beyond the contracted number, if any.
    pub fn seats_over(&self) -> Option<i64> {
        Some(self.seats_over.load(Ordering::Relaxed)).filter(|seats| *seats > 0)
    }
}

impl Context {
    /// A copy of this context with another caller.
    #[must_use]
    pub fn for_caller(&self, caller: Caller) -> Self {
        Self { caller: Arc::new(caller), ..self.clone() }
    }

    /// Counts for a rate limit of one record.
    pub fn take_limit(&self, limit: Limit, record_id: RecordId) -> Result<(), Error> {
        self.take_once(limit, Whose::One(record_id.get()), 1)
    }

    /// Counts the mails that this request will cause.
    pub fn take_mails(&self, count: usize) -> Result<(), Error> {
        if !self.outbox.is_on {
            return Ok(());
        }
        self.take_once(Limit::MailsOfAccount, Whose::Account(self.caller.account_id), count)
    }

    /// Takes a limit, once per request. A dry run only checks it.
    fn take_once(&self, limit: Limit, whose: Whose, count: usize) -> Result<(), Error> {
        let bit = 1 << limit as u16;
        if self.remarks.taken.load(Ordering::Relaxed) & bit == 0 {
            let takes = self.mode != WriteMode::DryRun;
            self.limits.ask(limit, whose, count, self.now, takes)?;
            self.remarks.taken.fetch_or(bit, Ordering::Relaxed);
        }
        Ok(())
    }
}
