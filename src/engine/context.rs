//! Who acts, when, and with what: all that a rule needs besides the database.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use crate::clock::Timestamp;
use crate::engine::access::Caller;
use crate::engine::error::Error;
use crate::engine::limits::{self, Limits};
use crate::engine::tokens::Callers;
use crate::entropy::Entropy;
use crate::ids::RecordId;
use crate::mail::outbox::Outbox;

/// The surroundings of a write.
#[derive(Clone)]
pub struct Context {
    /// Who.
    pub caller: Arc<Caller>,
    /// When.
    pub now: Timestamp,
    /// The request, for the audit trail; `None` for a command.
    pub request_id: Option<String>,
    /// Where secrets come from.
    pub entropy: Arc<Entropy>,
    /// Rate limits of records, which count only what is permitted.
    pub limits: Arc<Limits>,
    /// The callers that are remembered, to be forgotten when what they may do has changed.
    pub callers: Arc<Callers>,
    /// Days from making or sending an invitation to its expiration date.
    pub invitation_days: i64,
    /// Whether who is invited is a member at once.
    pub activates_at_once: bool,
    /// The domains whose addresses may be invited; none for all.
    pub invite_domains: Arc<[String]>,
    /// Where mails are put.
    pub outbox: Arc<Outbox>,
    /// What the answer tells besides its body.
    pub remarks: Arc<Remarks>,
    /// Whether everything will be undone: then nothing outside the database may change either.
    pub is_rehearsal: bool,
    /// Whether nothing is written after the rule has printed its record, so that the printing is the job's last statement.
    pub is_whole_job: bool,
    /// Whether the one limit of a record that the job counts for was taken, which must not happen again if it is run again.
    pub has_taken_limit: Arc<AtomicBool>,
}

/// What rules have to say to the client beside the record: headers of ours, of which the vendor's clients know nothing.
#[derive(Debug, Default)]
pub struct Remarks {
    seats_over: AtomicI64,
}

impl Remarks {
    /// Has the answer tell how many seats are taken beyond the contracted number.
    pub fn note_seats_over(&self, seats: i64) {
        self.seats_over.store(seats, Ordering::Relaxed);
    }

    /// The seats that are taken beyond the contracted number, where that is worth a word.
    pub fn seats_over(&self) -> Option<i64> {
        Some(self.seats_over.load(Ordering::Relaxed)).filter(|seats| *seats > 0)
    }
}

impl Context {
    /// The same surroundings once more, for a step of a write in which somebody else acts.
    #[must_use]
    pub fn for_caller(&self, caller: Caller) -> Self {
        Self { caller: Arc::new(caller), ..self.clone() }
    }

    /// Counts for a rate limit of one record. A rehearsal is only told whether the limit is reached.
    pub fn take_limit(&self, kind: limits::Kind, record_id: RecordId) -> Result<(), Error> {
        if self.is_rehearsal {
            return self.limits.check(kind, record_id.get(), self.now);
        }
        if !self.has_taken_limit.load(Ordering::Relaxed) {
            self.limits.take(kind, record_id.get(), self.now)?;
            self.has_taken_limit.store(true, Ordering::Relaxed);
        }
        Ok(())
    }
}
