//! Faults that a test orders: what goes wrong, with which requests, and how often.
//!
//! A fault says which requests it is for, and what becomes of them: an answer in place of the real one, a wait, a connection that
//! ends before the request had its effect or after it. The last is the one that real networks have and tests forget: the client does
//! not know whether it has invited somebody. Beyond that nothing of the server knows of faults: they are applied around the
//! handling of a request, and mails are refused where they would be put into the mailbox.
//!
//! Faults are looked at in the order in which they were ordered; the first that fits and is not used up is the one that
//! happens.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::entropy::{Entropy, NoEntropy};
use crate::ids::AccountId;
use crate::sandbox::pattern;
use crate::wire::fold::fold;

/// Faults that there can be at a time.
const MOST: usize = 1_000;

/// The longest wait that can be ordered, in milliseconds.
const LONGEST_WAIT: u64 = 120_000;

/// A fault as it is ordered; every key may be left out.
#[derive(Clone, Debug, Default, Deserialize, Serialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// The method of requests; any without.
    pub method: Option<String>,
    /// The path of requests, in which `*` stands for any text; any without.
    pub path: Option<String>,
    /// The account whose callers' requests it is for; all without.
    pub account_id: Option<String>,
    /// How often it happens; without end without.
    #[schemars(range(min = 1))]
    pub times: Option<u64>,
    /// How likely it is to happen to a request that it is for, from 0 to 1.
    #[schemars(range(max = 1))]
    pub probability: Option<f64>,
    /// The status that is answered, with the body that the vendor has for it.
    #[schemars(range(min = 400, max = 599))]
    pub status: Option<u16>,
    /// The seconds of `Retry-After`, with a status.
    pub retry_after: Option<u64>,
    /// How long the answer waits.
    #[schemars(range(max = 120_000))]
    pub latency_ms: Option<u64>,
    /// How much that wait varies: the deviation of its logarithm. Half of the waits are shorter than `latency_ms`.
    #[schemars(range(min = 0, max = 3))]
    pub latency_sigma: Option<f64>,
    /// When the connection ends without an answer.
    pub drop: Option<Drop>,
    /// Whether only the first half of the body arrives.
    pub truncate: Option<bool>,
    /// What becomes of mails.
    pub mail: Option<MailFault>,
    /// The address of mails; any without.
    pub to: Option<String>,
}

/// When a connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Drop {
    /// Before the request has an effect.
    BeforeCommit,
    /// After it had its effect.
    AfterCommit,
}

/// What becomes of a mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MailFault {
    /// It is refused for good.
    Refuse,
    /// It is refused for now, so that it is tried again.
    Postpone,
}

/// What a fault does to a request.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Effect {
    /// The fault's number.
    pub fault: u64,
    /// The status that is answered, with the seconds of `Retry-After` where there are any.
    pub status: Option<(u16, Option<u64>)>,
    /// How long the answer waits.
    pub wait: Duration,
    /// When the connection ends.
    pub drop: Option<Drop>,
    /// Whether the body breaks off.
    pub is_truncated: bool,
}

/// The faults of a sandbox.
#[derive(Default)]
pub struct Faults {
    orders: Mutex<Orders>,
    /// Whether there are any, for the requests of all those who have ordered none.
    are_there: AtomicBool,
}

#[derive(Default)]
struct Orders {
    last_number: u64,
    faults: Vec<Ordered>,
}

/// A fault, and what became of it.
#[derive(Clone, Debug)]
pub struct Ordered {
    /// Its number.
    pub number: u64,
    /// What was ordered.
    pub fault: Fault,
    /// How often it happened.
    pub happened: u64,
}

impl Ordered {
    fn is_used_up(&self) -> bool {
        self.fault.times.is_some_and(|times| self.happened >= times)
    }
}

/// A request, as far as faults ask.
pub struct Request<'a> {
    /// Its method.
    pub method: &'a str,
    /// Its path.
    pub path: &'a str,
    /// The account of its caller, where it is known.
    pub account_id: Option<AccountId>,
}

impl Faults {
    /// Takes an order, whose path has to fit one of these, and returns its number; or says what is wrong with it.
    pub fn order(&self, fault: Fault, paths: &[String]) -> Result<u64, String> {
        judge(&fault, paths)?;
        let mut orders = self.orders.lock().unwrap_or_else(PoisonError::into_inner);
        if orders.faults.len() >= MOST {
            orders.faults.retain(|ordered| !ordered.is_used_up());
        }
        if orders.faults.len() >= MOST {
            return Err(format!("There are {MOST} faults already; take some away first."));
        }
        orders.last_number += 1;
        let number = orders.last_number;
        orders.faults.push(Ordered { number, fault, happened: 0 });
        self.are_there.store(true, Ordering::Relaxed);
        Ok(number)
    }

    /// Every fault, those that are used up too.
    pub fn all(&self) -> Vec<Ordered> {
        self.orders.lock().unwrap_or_else(PoisonError::into_inner).faults.clone()
    }

    /// Takes all away; numbers go on.
    pub fn clear(&self) {
        let mut orders = self.orders.lock().unwrap_or_else(PoisonError::into_inner);
        orders.faults.clear();
        self.are_there.store(false, Ordering::Relaxed);
    }

    /// Takes one away; whether it was there.
    pub fn remove(&self, number: u64) -> bool {
        let mut orders = self.orders.lock().unwrap_or_else(PoisonError::into_inner);
        let before = orders.faults.len();
        orders.faults.retain(|ordered| ordered.number != number);
        orders.faults.len() < before
    }

    /// Whether there are any, used up or not.
    pub fn are_there(&self) -> bool {
        self.are_there.load(Ordering::Relaxed)
    }

    /// Whether any fault asks for the account of requests.
    pub fn ask_for_accounts(&self) -> bool {
        let orders = self.orders.lock().unwrap_or_else(PoisonError::into_inner);
        orders.faults.iter().any(|ordered| ordered.fault.account_id.is_some() && !ordered.is_used_up())
    }

    /// What happens to a request, if anything does.
    pub fn meet(&self, request: &Request<'_>, entropy: &Entropy) -> Result<Option<Effect>, NoEntropy> {
        self.happen(entropy, |fault| fault.mail.is_none() && fault.is_for(request))?
            .map(|(number, fault)| {
                Ok(Effect {
                    fault: number,
                    status: fault.status.map(|status| (status, fault.retry_after)),
                    wait: wait(&fault, entropy)?,
                    drop: fault.drop,
                    is_truncated: fault.truncate.unwrap_or_default(),
                })
            })
            .transpose()
    }

    /// What becomes of a mail, if anything does.
    pub fn meet_mail(&self, to: &str, entropy: &Entropy) -> Result<Option<MailFault>, NoEntropy> {
        let is_for =
            |fault: &Fault| fault.mail.is_some() && fault.to.as_deref().is_none_or(|wanted| fold(wanted) == fold(to));
        Ok(self.happen(entropy, is_for)?.and_then(|(_, fault)| fault.mail))
    }

    /// The first fault that fits and is not used up; it is counted.
    fn happen(&self, entropy: &Entropy, is_for: impl Fn(&Fault) -> bool) -> Result<Option<(u64, Fault)>, NoEntropy> {
        let mut orders = self.orders.lock().unwrap_or_else(PoisonError::into_inner);
        for ordered in &mut orders.faults {
            if ordered.is_used_up() || !is_for(&ordered.fault) {
                continue;
            }
            if let Some(probability) = ordered.fault.probability
                && fraction(entropy)? >= probability
            {
                continue;
            }
            ordered.happened += 1;
            return Ok(Some((ordered.number, ordered.fault.clone())));
        }
        Ok(None)
    }
}

impl Fault {
    fn is_for(&self, request: &Request<'_>) -> bool {
        let account = || request.account_id.map(|id| id.to_string());
        self.method.as_deref().is_none_or(|method| method.eq_ignore_ascii_case(request.method))
            && self.path.as_deref().is_none_or(|path| pattern::fits(path, request.path))
            && self.account_id.as_ref().is_none_or(|wanted| account().as_ref() == Some(wanted))
    }
}

/// What is wrong with an order, if anything is.
fn judge(fault: &Fault, paths: &[String]) -> Result<(), String> {
    let methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"];
    let has_effect = fault.status.is_some()
        || fault.latency_ms.is_some()
        || fault.drop.is_some()
        || fault.truncate == Some(true)
        || fault.mail.is_some();
    let is_of_request = fault.method.is_some()
        || fault.path.is_some()
        || fault.account_id.is_some()
        || fault.status.is_some()
        || fault.latency_ms.is_some()
        || fault.drop.is_some()
        || fault.truncate.is_some();
    let rules = [
        (has_effect, "A fault has to do something: say status, latency_ms, drop, truncate or mail."),
        (
            fault.method.as_deref().is_none_or(|method| methods.iter().any(|known| method.eq_ignore_ascii_case(known))),
            "method must be GET, HEAD, POST, PUT, PATCH or DELETE.",
        ),
        (fault.path.as_deref().is_none_or(|path| path.len() <= 1_000), "path must not be longer than 1000 bytes."),
        (fault.times != Some(0), "times must be at least 1; leave it out for a fault without end."),
        (
            fault.probability.is_none_or(|probability| probability > 0.0 && probability <= 1.0),
            "probability must be more than 0 and at most 1.",
        ),
        (fault.status.is_none_or(|status| (400..=599).contains(&status)), "status must be from 400 to 599."),
        (fault.retry_after.is_none() || fault.status.is_some(), "retry_after goes with status."),
        (fault.latency_ms.is_none_or(|wait| wait <= LONGEST_WAIT), "latency_ms must not be more than 120000."),
        (fault.latency_sigma.is_none() || fault.latency_ms.is_some(), "latency_sigma goes with latency_ms."),
        (fault.latency_sigma.is_none_or(|sigma| (0.0..=3.0).contains(&sigma)), "latency_sigma must be from 0 to 3."),
        (fault.drop.is_none() || fault.status.is_none(), "Say status or drop: a connection that ends answers nothing."),
        (fault.drop.is_none() || fault.truncate.is_none(), "Say truncate or drop: either ends the connection."),
        (fault.mail.is_none() || !is_of_request, "A fault of mail goes with times, probability and to, nothing else."),
        (fault.to.is_none() || fault.mail.is_some(), "to goes with mail."),
    ];
    if let Some((_, sentence)) = rules.iter().find(|(holds, _)| !holds) {
        return Err((*sentence).to_owned());
    }
    match &fault.path {
        Some(path) if !paths.iter().any(|known| pattern::can_fit(path, known)) => {
            Err(format!("No request can have the path {path:?}, so that this fault would never happen."))
        }
        _ => Ok(()),
    }
}

/// A wait as it was ordered: the same each time, or spread log-normally around it.
fn wait(fault: &Fault, entropy: &Entropy) -> Result<Duration, NoEntropy> {
    let Some(median) = fault.latency_ms else {
        return Ok(Duration::ZERO);
    };
    let median = Duration::from_millis(median);
    let Some(sigma) = fault.latency_sigma.filter(|sigma| *sigma > 0.0) else {
        return Ok(median);
    };
    // Box and Muller's way from two even numbers to a normal one; the first must not be 0.
    let (one, other) = (1.0 - fraction(entropy)?, fraction(entropy)?);
    let normal = (-2.0 * one.ln()).sqrt() * (std::f64::consts::TAU * other).cos();
    let factor = (sigma * normal).exp();
    Ok(median.mul_f64(factor.min(100.0)).min(Duration::from_millis(LONGEST_WAIT)))
}

/// A number from 0 up to 1.
fn fraction(entropy: &Entropy) -> Result<f64, NoEntropy> {
    let mut bytes = [0; 4];
    bytes.copy_from_slice(&entropy.bytes()?[..4]);
    Ok(f64::from(u32::from_be_bytes(bytes)) / (f64::from(u32::MAX) + 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(fault: Fault) -> Result<u64, String> {
        Faults::default().order(fault, &["/api/v1/users/{id}".to_owned()])
    }

    fn broken(status: u16) -> Fault {
        Fault { status: Some(status), ..Fault::default() }
    }

    #[test]
    fn an_order_that_could_do_nothing_is_refused_with_what_to_say_instead() {
        for (fault, said) in [
            (Fault::default(), "has to do something"),
            (broken(200), "from 400 to 599"),
            (Fault { times: Some(0), ..broken(503) }, "at least 1"),
            (Fault { probability: Some(0.0), ..broken(503) }, "more than 0"),
            (Fault { probability: Some(1.5), ..broken(503) }, "at most 1"),
            (Fault { method: Some("FETCH".to_owned()), ..broken(503) }, "GET, HEAD"),
            (Fault { path: Some("/api/v2/*".to_owned()), ..broken(503) }, "never happen"),
            (Fault { drop: Some(Drop::AfterCommit), ..broken(503) }, "status or drop"),
            (Fault { retry_after: Some(1), truncate: Some(true), ..Fault::default() }, "goes with status"),
            (Fault { mail: Some(MailFault::Refuse), ..broken(503) }, "nothing else"),
        ] {
            let told = order(fault.clone()).unwrap_err();
            assert!(told.contains(said), "{fault:?}: {told}");
        }
        assert_eq!(order(Fault { path: Some("/api/v1/users/7".to_owned()), ..broken(503) }), Ok(1));
    }

    #[test]
    fn a_fault_happens_as_often_as_was_ordered_and_to_nobody_else() -> Result<(), NoEntropy> {
        let (faults, entropy) = (Faults::default(), Entropy::seeded(1));
        let paths = ["/api/v1/users/{id}".to_owned()];
        let fault = Fault {
            method: Some("put".to_owned()),
            path: Some("/api/v1/users/*".to_owned()),
            account_id: Some("7".to_owned()),
            times: Some(2),
            ..broken(503)
        };
        assert_eq!(faults.order(fault, &paths), Ok(1));
        let ask = |method, account: Option<i64>| {
            let account_id = account.map(AccountId::new);
            faults
                .meet(&Request { method, path: "/api/v1/users/1", account_id }, &entropy)
                .map(|effect| effect.is_some())
        };
        assert!(!ask("GET", Some(7))? && !ask("PUT", Some(8))? && !ask("PUT", None)?);
        assert!(ask("PUT", Some(7))? && ask("PUT", Some(7))? && !ask("PUT", Some(7))?);
        assert_eq!(faults.all()[0].happened, 2);
        Ok(())
    }

    #[test]
    fn half_of_the_waits_are_shorter_than_what_was_ordered() -> Result<(), NoEntropy> {
        let entropy = Entropy::seeded(1);
        let fault = Fault { latency_ms: Some(250), latency_sigma: Some(0.3), ..Fault::default() };
        let waits: Vec<Duration> = (0..400).map(|_| wait(&fault, &entropy)).collect::<Result<_, _>>()?;
        let shorter = waits.iter().filter(|wait| **wait < Duration::from_millis(250)).count();
        assert!((160..=240).contains(&shorter), "{shorter}");
        assert!(waits.iter().any(|wait| *wait > Duration::from_millis(350)), "some are much longer");
        Ok(())
    }
}
