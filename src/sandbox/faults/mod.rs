//! Faults that a test injects: what goes wrong, with which requests, and how often.
//!
//! A fault selects requests and says what happens to them: another answer, a delay, or a connection that ends before or
//! after the request had its effect. The last case is common in real networks and rare in tests: the client does not
//! know whether its request was handled. The rest of the server knows nothing of faults: they are applied around the
//! handling of a request, and to mails where they are put into the mailbox.
//!
//! Faults are tried in the order in which they were added. The first one that matches and is not used up is applied.

mod fault;

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use schemars::JsonSchema;
use serde::Serialize;

use crate::entropy::{Entropy, NoEntropy};
use crate::ids::FaultId;
use crate::wire::fold::fold;
use fault::fraction;
pub use fault::{Drop, Fault, MailFault, Request};

/// Faults at a time.
const MOST: usize = 1_000;

/// What a fault does to a request.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Effect {
    pub fault: Option<FaultId>,
    /// With the seconds of `Retry-After`.
    pub status: Option<(u16, Option<u64>)>,
    pub wait: Duration,
    pub drop: Option<Drop>,
    pub is_truncated: bool,
}

#[derive(Default)]
pub struct Faults {
    list: Mutex<FaultList>,
    /// Spares requests the lock when there are no faults.
    are_there: AtomicBool,
}

#[derive(Default)]
struct FaultList {
    last_number: i64,
    faults: Vec<OrderedFault>,
}

/// A fault and how often it has happened.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct OrderedFault {
    id: FaultId,
    fault: Fault,
    happened: u64,
}

impl OrderedFault {
    fn is_used_up(&self) -> bool {
        self.fault.times.is_some_and(|times| self.happened >= times)
    }
}

impl Faults {
    /// Adds a fault, whose path must fit one of these, and returns it. The error is a sentence.
    pub fn order(&self, fault: Fault, paths: &[String]) -> Result<OrderedFault, String> {
        fault.check(paths)?;
        let mut list = self.list.lock();
        if list.faults.len() >= MOST {
            list.faults.retain(|ordered| !ordered.is_used_up());
        }
        if list.faults.len() >= MOST {
            return Err(format!("There are {MOST} faults already; remove some first."));
        }
        list.last_number += 1;
        let ordered = OrderedFault { id: FaultId::new(list.last_number), fault, happened: 0 };
        list.faults.push(ordered.clone());
        self.are_there.store(true, Ordering::Relaxed);
        Ok(ordered)
    }

    /// Including those that are used up.
    pub fn all(&self) -> Vec<OrderedFault> {
        self.list.lock().faults.clone()
    }

    /// Removes all faults; numbers continue.
    pub fn clear(&self) {
        let mut list = self.list.lock();
        list.faults.clear();
        self.are_there.store(false, Ordering::Relaxed);
    }

    /// Whether the fault was there.
    pub fn remove(&self, id: FaultId) -> bool {
        let mut list = self.list.lock();
        let before = list.faults.len();
        list.faults.retain(|ordered| ordered.id != id);
        list.faults.len() < before
    }

    pub fn are_there(&self) -> bool {
        self.are_there.load(Ordering::Relaxed)
    }

    /// Whether a fault needs to know the caller's account.
    pub fn ask_for_accounts(&self) -> bool {
        let list = self.list.lock();
        list.faults.iter().any(|ordered| ordered.fault.account_id.is_some() && !ordered.is_used_up())
    }

    pub fn meet(&self, request: &Request<'_>, entropy: &Entropy) -> Result<Option<Effect>, NoEntropy> {
        self.happen(entropy, |fault| fault.mail.is_none() && fault.is_for(request))?
            .map(|(id, fault)| {
                Ok(Effect {
                    fault: Some(id),
                    status: fault.status.map(|status| (status, fault.retry_after)),
                    wait: fault.wait(entropy)?,
                    drop: fault.drop,
                    is_truncated: fault.truncate.unwrap_or_default(),
                })
            })
            .transpose()
    }

    pub fn meet_mail(&self, to: &str, entropy: &Entropy) -> Result<Option<MailFault>, NoEntropy> {
        let is_for =
            |fault: &Fault| fault.mail.is_some() && fault.to.as_deref().is_none_or(|wanted| fold(wanted) == fold(to));
        Ok(self.happen(entropy, is_for)?.and_then(|(_, fault)| fault.mail))
    }

    /// Finds the first fault that matches and is not used up, and counts it.
    fn happen(
        &self,
        entropy: &Entropy,
        is_for: impl Fn(&Fault) -> bool,
    ) -> Result<Option<(FaultId, Fault)>, NoEntropy> {
        let mut list = self.list.lock();
        for ordered in list.faults.iter_mut().filter(|ordered| !ordered.is_used_up() && is_for(&ordered.fault)) {
            if let Some(probability) = ordered.fault.probability
                && fraction(entropy)? >= probability
            {
                continue;
            }
            ordered.happened += 1;
            return Ok(Some((ordered.id, ordered.fault.clone())));
        }
        Ok(None)
    }
}
