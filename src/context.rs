//! Who acts, when, and with what: all that a rule needs besides the database.

use std::sync::Arc;

use crate::access::Caller;
use crate::clock::Timestamp;
use crate::entropy::Entropy;
use crate::error::Error;
use crate::limits::{self, Limits};
use crate::tokens::Callers;

/// The surroundings of a write.
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
    /// Whether everything will be undone: then nothing outside the database may change either.
    pub is_rehearsal: bool,
}

impl Context {
    /// Counts for a rate limit of one record. A rehearsal is only told whether the limit is reached.
    pub fn take_limit(&self, kind: limits::Kind, record_id: i64) -> Result<(), Error> {
        if self.is_rehearsal {
            self.limits.check(kind, record_id, self.now)
        } else {
            self.limits.take(kind, record_id, self.now)
        }
    }
}
