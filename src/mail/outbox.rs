//! The outbox: mails as rows, written in the transaction that wants them, and what became of each.
//!
//! An invitation that is made or sent again puts a row here, and that is all that its request has to do with mail: a mail
//! server that hangs or is gone slows and fails nobody. A worker (in `delivery`) claims rows, sends them, and settles
//! them. The row holds the event and the address, not the text: the mail is written when it is sent, from what is
//! true then.
//!
//! Invariants. A mail is sent at least once, always under the same Message-ID, unless it was canceled or given up. A claim
//! moves the row's due time ahead by longer than sending may take: nobody else takes it meanwhile, and if its sender
//! dies, it is due again by itself. A settlement counts only for the attempt that it belongs to. Rows outlive their invitations, since how many
//! mails an address got is counted in them.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;

use crate::clock::Timestamp;
use crate::entropy::{Entropy, NoEntropy};
use crate::ids::{AccountId, InvitationId, MailId};
use crate::store::{self, Db, Param};
use crate::wire::fold::fold;

/// The wait after the first attempt that failed; it doubles with each further one.
const FIRST_RETRY: Duration = Duration::from_secs(30);

/// The longest wait between two attempts.
const LAST_RETRY: Duration = Duration::from_secs(4 * 3_600);

/// The time in which mails to one address are counted.
const COUNTED_FOR: Duration = Duration::from_secs(24 * 3_600);

/// Most characters that are kept of what a mail server said.
const REPLY_LENGTH: usize = 500;

/// Why the outbox could not take or settle a mail.
#[derive(Debug, thiserror::Error)]
pub enum OutboxError {
    #[error(transparent)]
    Store(#[from] store::Error),
    #[error(transparent)]
    NoEntropy(#[from] NoEntropy),
    #[error("the address had its share of mails; the next one may be queued in {0} seconds")]
    TooMany(u64),
}

/// What a rule needs to put mails into the outbox.
pub struct Outbox {
    /// Whether mails are sent at all. Without, nothing is put in.
    pub is_on: bool,
    /// The right side of Message-IDs.
    pub domain: String,
    /// Mails that an address may get in a day, from all accounts together; 0 for no limit.
    pub most_for_address: Box<dyn Fn() -> u32 + Send + Sync>,
    /// Rung when there is something to send.
    pub bell: Arc<Notify>,
    /// Held once more for each mail that is being sent by this server.
    pub under_way: Arc<()>,
}

/// What became of a mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It waits for its first attempt, or for another one.
    Queued,
    /// A mail server has taken it.
    Sent,
    /// It was refused for good, or its time is over.
    Failed,
    /// Its invitation was answered, taken back, sent anew, or ran out before it was sent.
    Canceled,
}

/// Every state with its name.
pub const STATES: &[(State, &str)] =
    &[(State::Queued, "queued"), (State::Sent, "sent"), (State::Failed, "failed"), (State::Canceled, "canceled")];

impl State {
    /// Its name.
    pub fn name(self) -> &'static str {
        STATES.iter().find(|(state, _)| *state == self).map_or("", |(_, name)| name)
    }
}

/// Puts a mail about an invitation into the outbox, in place of those that still wait. Refuses when the address has had its
/// share of the day.
pub fn enqueue(
    db: &mut Db,
    outbox: &Outbox,
    entropy: &Entropy,
    account: AccountId,
    invitation: InvitationId,
    recipient: &str,
    now: Timestamp,
) -> Result<(), OutboxError> {
    if !outbox.is_on {
        return Ok(());
    }
    let recipient_key = fold(recipient);
    limit(db, outbox, &recipient_key, now)?;
    cancel(db, invitation, now)?;
    db.exec_later(
        "INSERT INTO outbox (account_id, invitation_id, recipient, recipient_key, message_id, state, due_at, created_at, \
         updated_at) VALUES (?1, ?2, ?3, ?4, ?5, 'queued', ?6, ?6, ?6)",
        &[
            account.into(),
            invitation.into(),
            Param::Text(recipient),
            Param::Text(&recipient_key),
            Param::Text(&message_id(entropy, &outbox.domain)?),
            Param::Int(now.0),
        ],
    )?;
    let bell = Arc::clone(&outbox.bell);
    db.after_commit(move || bell.notify_one());
    Ok(())
}

/// A Message-ID (RFC 5322, section 3.6.4), without the brackets. It is made with the row, so that every attempt has the same.
pub fn message_id(entropy: &Entropy, domain: &str) -> Result<String, NoEntropy> {
    let random: String = entropy.bytes()?[..16].iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(format!("{random}@{domain}"))
}

/// Refuses one mail more to an address that has had its share. The rows are the count, so that it holds for all accounts and
/// servers together, and survives a restart.
fn limit(db: &mut Db, outbox: &Outbox, recipient_key: &str, now: Timestamp) -> Result<(), OutboxError> {
    let most = (outbox.most_for_address)();
    if most == 0 {
        return Ok(());
    }
    // The mail that has to leave the day before another one may come: the oldest of the newest share.
    let blocking = db.maybe(
        "SELECT created_at FROM outbox WHERE recipient_key = ?1 AND created_at > ?2 ORDER BY created_at DESC \
         LIMIT 1 OFFSET ?3",
        &[Param::Text(recipient_key), Param::Int(now.minus(COUNTED_FOR).0), Param::Int(i64::from(most) - 1)],
        |row| Ok(Timestamp(row.int(0)?)),
    )?;
    match blocking {
        None => Ok(()),
        Some(created_at) => {
            let left = created_at.plus(COUNTED_FOR).0.saturating_sub(now.0).max(1);
            Err(OutboxError::TooMany(u64::try_from(left).unwrap_or_default().div_ceil(1_000_000)))
        }
    }
}

/// Takes back what still waits to be sent about an invitation.
pub fn cancel(db: &mut Db, invitation: InvitationId, now: Timestamp) -> Result<(), store::Error> {
    db.exec_later(
        "UPDATE outbox SET state = 'canceled', due_at = NULL, updated_at = ?2 \
         WHERE invitation_id = ?1 AND due_at IS NOT NULL",
        &[invitation.into(), Param::Int(now.0)],
    )
}

/// A mail that this sender, and nobody else, may send now.
#[derive(Clone, Debug)]
pub struct Claimed {
    /// The row.
    pub id: MailId,
    /// The invitation that it is about.
    pub invitation_id: InvitationId,
    /// Where it goes.
    pub recipient: String,
    /// Its Message-ID, without the brackets.
    pub message_id: String,
    /// Attempts, this one included.
    pub attempts: i64,
    /// When it was put in.
    pub created_at: Timestamp,
}

/// Claims some of the mails that are due, those that wait longest first, for as long as the lease.
pub fn claim(db: &mut Db, most: usize, lease: Duration, now: Timestamp) -> Result<Vec<Claimed>, store::Error> {
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let skip_locked = db.dialect().skip_locked();
    // Materialized, since a planner may else ask for the rows once more for each row, and claim others beside them.
    let sql = format!(
        "WITH due AS MATERIALIZED (SELECT id FROM outbox WHERE due_at <= ?1 ORDER BY due_at, id LIMIT ?3{skip_locked}) \
         UPDATE outbox SET due_at = ?2, attempts = attempts + 1, updated_at = ?1 WHERE id IN (SELECT id FROM due) \
         RETURNING id, invitation_id, recipient, message_id, attempts, created_at"
    );
    let mut claimed = db.all(&sql, &[Param::Int(now.0), Param::Int(now.plus(lease).0), Param::Int(most)], |row| {
        Ok(Claimed {
            id: row.id(0)?,
            invitation_id: row.id(1)?,
            recipient: row.text(2)?.to_owned(),
            message_id: row.text(3)?.to_owned(),
            attempts: row.int(4)?,
            created_at: Timestamp(row.int(5)?),
        })
    })?;
    claimed.sort_by_key(|mail| mail.id);
    Ok(claimed)
}

/// When the next mail is due; `None` when none waits.
pub fn next_due(db: &mut Db) -> Result<Option<Timestamp>, store::Error> {
    let sql = "SELECT due_at FROM outbox WHERE due_at IS NOT NULL ORDER BY due_at LIMIT 1";
    db.maybe(sql, &[], |row| Ok(Timestamp(row.int(0)?)))
}

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A mail server has taken it, saying this.
    Sent(String),
    /// It may work later; this was said, or went wrong.
    Postponed(String),
    /// It will never work; this was said.
    Refused(String),
    /// There is no reason any more to send it.
    Canceled,
}

/// Writes down how an attempt ended. A mail that may work later is due again after a while, or given up when it has waited
/// for `give_up`. Returns the state, or `None` when the attempt is not the mail's latest, and so says nothing.
pub fn settle(
    db: &mut Db,
    entropy: &Entropy,
    mail: &Claimed,
    outcome: &Outcome,
    give_up: Duration,
    now: Timestamp,
) -> Result<Option<State>, OutboxError> {
    let (state, due_at, reply) = match outcome {
        Outcome::Sent(reply) => (State::Sent, None, Some(reply)),
        Outcome::Refused(reply) => (State::Failed, None, Some(reply)),
        Outcome::Canceled => (State::Canceled, None, None),
        Outcome::Postponed(reply) => {
            let next = now.plus(wait_after(mail.attempts, entropy)?);
            let is_given_up = next > mail.created_at.plus(give_up);
            let state = if is_given_up { State::Failed } else { State::Queued };
            (state, (!is_given_up).then_some(next.0), Some(reply))
        }
    };
    // A mail server may say anything: what commands a terminal, or the NUL that PostgreSQL takes into no text. A
    // settlement that fails for that would have the mail sent again and again.
    let harmless = |character: char| if character.is_control() { ' ' } else { character };
    let reply: Option<String> = reply.map(|text| text.chars().map(harmless).take(REPLY_LENGTH).collect());
    let changed = db.exec(
        "UPDATE outbox SET state = ?3, due_at = ?4, last_reply = coalesce(?5, last_reply), updated_at = ?6 \
         WHERE id = ?1 AND attempts = ?2 AND due_at IS NOT NULL",
        &[
            mail.id.into(),
            Param::Int(mail.attempts),
            Param::Text(state.name()),
            due_at.into(),
            reply.as_deref().into(),
            Param::Int(now.0),
        ],
    )?;
    Ok((changed > 0).then_some(state))
}

/// The wait after an attempt: doubled each time up to a bound, then stretched or shortened by up to a fifth, so that mails
/// that failed together do not come back together.
fn wait_after(attempts: i64, entropy: &Entropy) -> Result<Duration, NoEntropy> {
    let doublings = u32::try_from(attempts.saturating_sub(1).clamp(0, 16)).unwrap_or_default();
    let wait = FIRST_RETRY.saturating_mul(1 << doublings).min(LAST_RETRY);
    let fraction = f64::from(entropy.bytes()?[0]) / 255.0;
    Ok(wait.mul_f64(0.8 + 0.4 * fraction))
}

/// A mail as people see it.
pub struct Listed {
    /// The row.
    pub id: MailId,
    /// The invitation that it is about.
    pub invitation_id: InvitationId,
    /// Where it goes.
    pub recipient: String,
    /// Its Message-ID, without the brackets.
    pub message_id: String,
    /// The name of its state.
    pub state: String,
    /// Attempts so far.
    pub attempts: i64,
    /// What the mail server said last, or what went wrong.
    pub last_reply: Option<String>,
    /// When it is due again.
    pub due_at: Option<Timestamp>,
    /// When it was put in.
    pub created_at: Timestamp,
    /// When its state was written last.
    pub updated_at: Timestamp,
}

/// What a listing is about.
#[derive(Clone, Copy)]
pub enum About<'a> {
    /// One invitation of an account: every mail of it, newest first.
    Invitation(AccountId, InvitationId),
    /// An account: its newest mails, of one state where one is named, and at most so many.
    Account(AccountId, Option<&'a str>, i64),
}

/// The mails that a listing is about.
pub fn list(db: &mut Db, about: About<'_>) -> Result<Vec<Listed>, store::Error> {
    let columns =
        "id, invitation_id, recipient, message_id, state, attempts, last_reply, due_at, created_at, updated_at";
    let (condition, params) = match about {
        About::Invitation(account, invitation) => {
            ("invitation_id = ?2 AND account_id = ?1 ORDER BY id DESC", vec![account.into(), invitation.into()])
        }
        About::Account(account, state, most) => (
            "account_id = ?1 AND (?2 IS NULL OR state = ?2) ORDER BY id DESC LIMIT ?3",
            vec![account.into(), state.into(), Param::Int(most)],
        ),
    };
    db.all(&format!("SELECT {columns} FROM outbox WHERE {condition}"), &params, |row| {
        Ok(Listed {
            id: row.id(0)?,
            invitation_id: row.id(1)?,
            recipient: row.text(2)?.to_owned(),
            message_id: row.text(3)?.to_owned(),
            state: row.text(4)?.to_owned(),
            attempts: row.int(5)?,
            last_reply: row.maybe_text(6)?.map(str::to_owned),
            due_at: row.maybe_int(7)?.map(Timestamp),
            created_at: Timestamp(row.int(8)?),
            updated_at: Timestamp(row.int(9)?),
        })
    })
}

/// Has the failed mails of an account sent again, at once and with their full time; returns how many.
pub fn retry_failed(db: &mut Db, account: AccountId, now: Timestamp) -> Result<usize, store::Error> {
    db.exec(
        "UPDATE outbox SET state = 'queued', due_at = ?2, created_at = ?2, updated_at = ?2 \
         WHERE account_id = ?1 AND state = 'failed' AND id = (SELECT max(o.id) FROM outbox o \
         WHERE o.invitation_id = outbox.invitation_id)",
        &[account.into(), Param::Int(now.0)],
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_a_bound_and_differ() -> Result<(), NoEntropy> {
        let entropy = Entropy::seeded(1);
        for (attempts, seconds) in [(1, 30.0), (2, 60.0), (5, 480.0), (20, 14_400.0), (i64::MAX, 14_400.0)] {
            let waits: Vec<f64> = (0..20)
                .map(|_| wait_after(attempts, &entropy).map(|wait| wait.as_secs_f64()))
                .collect::<Result<_, _>>()?;
            assert!(waits.iter().all(|wait| (0.8 * seconds..=1.2 * seconds).contains(wait)), "{waits:?}");
            assert!(waits.windows(2).any(|pair| pair[0] != pair[1]), "{waits:?}");
        }
        Ok(())
    }
}
