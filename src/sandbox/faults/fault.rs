//! A fault: which requests it is for, and what it does to them.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::entropy::{Entropy, NoEntropy};
use crate::ids::AccountId;
use crate::sandbox::pattern;

const METHODS: [&str; 6] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"];

/// In milliseconds.
const LONGEST_WAIT: u64 = 120_000;

/// What goes wrong, with which requests, and how often.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// The method of requests. Default: any.
    pub method: Option<String>,
    /// The path of requests, in which `*` stands for any text. Default: any.
    pub path: Option<String>,
    /// The account of the caller. Default: any.
    pub account_id: Option<String>,
    /// How often it happens. Default: without end.
    #[schemars(range(min = 1))]
    pub times: Option<u64>,
    /// How likely it is to happen to a request that it matches, from 0 to 1.
    #[schemars(range(max = 1))]
    pub probability: Option<f64>,
    /// The status of the answer, with the body that the vendor has for it.
    #[schemars(range(min = 400, max = 599))]
    pub status: Option<u16>,
    /// The seconds of `Retry-After`; needs a status.
    pub retry_after: Option<u64>,
    /// How long the answer is delayed, after the request had its effect.
    #[schemars(range(max = 120_000))]
    pub latency_ms: Option<u64>,
    /// The standard deviation of the delay's logarithm; `latency_ms` is the median.
    #[schemars(range(min = 0, max = 3))]
    pub latency_sigma: Option<f64>,
    /// Ends the connection without an answer.
    pub drop: Option<Drop>,
    /// Sends only the first half of the body.
    pub truncate: Option<bool>,
    /// Refuses mails.
    pub mail: Option<MailFault>,
    /// The address of mails. Default: any.
    pub to: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "DropMoment")]
pub enum Drop {
    /// Before the request has an effect.
    BeforeCommit,
    /// After the request had its effect.
    AfterCommit,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MailFault {
    /// For good.
    Refuse,
    /// For now; the server tries again.
    Postpone,
}

/// What faults select requests by.
pub struct Request<'a> {
    pub method: &'a str,
    pub path: &'a str,
    /// The account of the caller, if it is known.
    pub account_id: Option<AccountId>,
}

impl Fault {
    pub(super) fn is_for(&self, request: &Request<'_>) -> bool {
        let account = || request.account_id.map(|id| id.to_string());
        self.method.as_deref().is_none_or(|method| method.eq_ignore_ascii_case(request.method))
            && self.path.as_deref().is_none_or(|path| pattern::fits(path, request.path))
            && self.account_id.as_ref().is_none_or(|wanted| account().as_ref() == Some(wanted))
    }

    /// Checks that a fault can happen, on one of these paths. The error is a sentence.
    pub(super) fn check(&self, paths: &[String]) -> Result<(), String> {
        let is_method = |method: &String| METHODS.iter().any(|known| method.eq_ignore_ascii_case(known));
        let drops = self.drop.is_some();
        let changes_answer = self.status.is_some() || self.latency_ms.is_some() || drops;
        let has_effect = changes_answer || self.truncate == Some(true) || self.mail.is_some();
        let selects_requests = self.method.is_some() || self.path.is_some() || self.account_id.is_some();
        let is_of_request = selects_requests || changes_answer || self.truncate.is_some();
        let is_likely = |probability: f64| probability > 0.0 && probability <= 1.0;
        let refusals = [
            (!has_effect, "A fault has to do something: add status, latency_ms, drop, truncate or mail."),
            (!self.method.iter().all(is_method), "method must be GET, HEAD, POST, PUT, PATCH or DELETE."),
            (self.path.iter().any(|path| path.len() > 1_000), "path must not be longer than 1000 bytes."),
            (self.times == Some(0), "times must be at least 1; leave it out for a fault without end."),
            (!self.probability.is_none_or(is_likely), "probability must be more than 0 and at most 1."),
            (self.status.is_some_and(|status| !(400..=599).contains(&status)), "status must be from 400 to 599."),
            (self.retry_after.is_some() && self.status.is_none(), "retry_after needs status."),
            (self.latency_ms > Some(LONGEST_WAIT), "latency_ms must not be more than 120000."),
            (self.latency_sigma.is_some() && self.latency_ms.is_none(), "latency_sigma needs latency_ms."),
            (!self.latency_sigma.is_none_or(|s| (0.0..=3.0).contains(&s)), "latency_sigma must be from 0 to 3."),
            (drops && self.status.is_some(), "Use status or drop, not both: a connection that ends has no answer."),
            (drops && self.truncate.is_some(), "Use truncate or drop, not both: each one ends the connection."),
            (
                self.mail.is_some() && is_of_request,
                "mail may be combined with times, probability and to, nothing else.",
            ),
            (self.to.is_some() && self.mail.is_none(), "to needs mail."),
        ];
        if let Some((_, sentence)) = refusals.iter().find(|(is_broken, _)| *is_broken) {
            return Err((*sentence).to_owned());
        }
        match &self.path {
            Some(path) if !paths.iter().any(|known| pattern::can_fit(path, known)) => {
                Err(format!("No request can have the path {path:?}, so this fault would never happen."))
            }
            _ => Ok(()),
        }
    }

    /// The delay: the same each time, or log-normally distributed around it.
    pub(super) fn wait(&self, entropy: &Entropy) -> Result<Duration, NoEntropy> {
        let median = Duration::from_millis(self.latency_ms.unwrap_or_default());
        let Some(sigma) = self.latency_sigma.filter(|sigma| *sigma > 0.0) else {
            return Ok(median);
        };
        // Box and Muller's transform makes a normally distributed number of two uniform ones; the first must not be 0.
        let (one, other) = (1.0 - fraction(entropy)?, fraction(entropy)?);
        let normal = (-2.0 * one.ln()).sqrt() * (std::f64::consts::TAU * other).cos();
        let factor = (sigma * normal).exp();
        Ok(median.mul_f64(factor.min(100.0)).min(Duration::from_millis(LONGEST_WAIT)))
    }
}

/// A uniform number from 0 to less than 1.
pub(super) fn fraction(entropy: &Entropy) -> Result<f64, NoEntropy> {
    let mut bytes = [0; 4];
    bytes.copy_from_slice(&entropy.bytes()?[..4]);
    Ok(f64::from(u32::from_be_bytes(bytes)) / (f64::from(u32::MAX) + 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_of_the_waits_are_shorter_than_what_was_ordered() -> Result<(), NoEntropy> {
        let entropy = Entropy::seeded(1);
        let fault = Fault { latency_ms: Some(250), latency_sigma: Some(0.3), ..Fault::default() };
        let waits: Vec<Duration> = (0..400).map(|_| fault.wait(&entropy)).collect::<Result<_, _>>()?;
        let shorter = waits.iter().filter(|wait| **wait < Duration::from_millis(250)).count();
        assert!((160..=240).contains(&shorter), "{shorter}");
        assert!(waits.iter().any(|wait| *wait > Duration::from_millis(350)), "some are much longer");
        Ok(())
    }
}
