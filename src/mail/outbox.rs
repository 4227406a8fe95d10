//! The outbox: queued mails as rows, written in the transaction that causes them, and the outcome of each.
//!
//! Making or resending an invitation, or changing an address, only adds a row, so a slow or absent mail server affects
//! no request. A worker (in `delivery`) claims rows, sends them and settles them. A row holds the event and the
//! address, not the text: a mail is written when it is sent, from the data of that moment.
//!
//! Invariants. A mail is sent at least once, always under the same Message-ID, unless it is canceled or given up. A
//! claim moves the due time ahead by more than sending may take: no other worker takes the row meanwhile, and if the
//! sender dies, it becomes due again. A settlement counts only for its own attempt. Rows outlive their invitations,
//! because they count the mails to an address.

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use tokio::sync::Notify;

use crate::clock::Timestamp;
use crate::entropy::{Entropy, NoEntropy};
use crate::ids::{AccountId, InvitationId, MailId, UserId};
use crate::mail::{Failure, Topic, harmless};
use crate::store::{self, Db, Dialect, Param, Row};
use crate::wire::fold::fold;

/// Doubles with each further attempt.
const FIRST_RETRY: Duration = Duration::from_secs(30);

const LAST_RETRY: Duration = Duration::from_secs(4 * 3_600);

/// Each wait is multiplied by a random number between these two.
const SHORTEST_SHARE: f64 = 0.8;
const LONGEST_SHARE: f64 = 1.2;

/// The period of the limit for one address, and of one notice.
const COUNTED_FOR: Duration = Duration::from_secs(24 * 3_600);

/// The invitation of a mail about something else.
const NO_INVITATION: InvitationId = InvitationId::new(0);

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

pub struct Outbox {
    /// If mail is off, nothing is queued.
    pub is_on: bool,
    /// The domain that mails come from: the right-hand side of their Message-IDs.
    pub domain: String,
    /// Mails to an address in a day, from all accounts together; 0 for no limit.
    pub most_for_address: Box<dyn Fn() -> u32 + Send + Sync>,
    /// Wakes the delivery worker.
    pub bell: Arc<Notify>,
    /// One clone for each mail being sent by this server.
    pub under_way: Arc<()>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailState {
    /// Waits for an attempt.
    Queued,
    /// Accepted by a mail server.
    Sent,
    /// Refused for good, or given up.
    Failed,
    /// Before it was sent, the invitation was answered, deleted, resent or expired, the address was changed again, or
    /// the person was erased.
    Canceled,
}

pub const STATES: &[(MailState, &str)] = &[
    (MailState::Queued, "queued"),
    (MailState::Sent, "sent"),
    (MailState::Failed, "failed"),
    (MailState::Canceled, "canceled"),
];

impl MailState {
    pub fn name(self) -> &'static str {
        STATES.iter().find(|(state, _)| *state == self).map_or("", |(_, name)| name)
    }
}

/// Queues a mail, unless the address has reached its limit. A mail about an invitation replaces those still waiting. A
/// notice does not count against that limit: otherwise, the person who changes a member's address could use it up
/// first. Its caller asks [`is_told`] instead.
pub fn enqueue(
    db: &mut Db,
    outbox: &Outbox,
    entropy: &Entropy,
    account: AccountId,
    topic: Topic,
    recipient: &str,
    now: Timestamp,
) -> Result<(), OutboxError> {
    if !outbox.is_on {
        return Ok(());
    }
    let recipient_key = fold(recipient);
    if !matches!(topic, Topic::AddressNotice(_)) {
        limit(db, outbox, &recipient_key, now)?;
    }
    if let Topic::Invitation(invitation) = topic {
        cancel(db, invitation, now)?;
    }
    db.exec_later(
        "INSERT INTO outbox (account_id, invitation_id, recipient, recipient_key, message_id, state, due_at, \
         created_at, updated_at, kind, user_id) VALUES (?1, ?2, ?3, ?4, ?5, 'queued', ?6, ?6, ?6, ?7, ?8)",
        &[
            account.into(),
            topic.invitation_id().unwrap_or(NO_INVITATION).into(),
            Param::Text(recipient),
            Param::Text(&recipient_key),
            Param::Text(&message_id(entropy, &outbox.domain)?),
            Param::Int(now.0),
            Param::Text(topic.name()),
            topic.user_id().into(),
        ],
    )?;
    let bell = Arc::clone(&outbox.bell);
    db.after_commit(move || bell.notify_one());
    Ok(())
}

/// A Message-ID (RFC 5322, section 3.6.4), without the brackets, shared by all attempts.
pub fn message_id(entropy: &Entropy, domain: &str) -> Result<String, NoEntropy> {
    let random: String = entropy.bytes()?[..16].iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(format!("{random}@{domain}"))
}

/// The limit for one address. It counts rows, so it covers all accounts and servers and survives restarts.
fn limit(db: &mut Db, outbox: &Outbox, recipient_key: &str, now: Timestamp) -> Result<(), OutboxError> {
    let most = (outbox.most_for_address)();
    if most == 0 {
        return Ok(());
    }
    // The mail that must leave the period before the next one may be queued.
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

/// Cancels the waiting mails about an invitation.
pub fn cancel(db: &mut Db, invitation: InvitationId, now: Timestamp) -> Result<(), store::Error> {
    db.exec_later(
        "UPDATE outbox SET state = 'canceled', due_at = NULL, updated_at = ?2 \
         WHERE invitation_id = ?1 AND due_at IS NOT NULL",
        &[invitation.into(), Param::Int(now.0)],
    )
}

/// Cancels the waiting mails that ask a user to confirm an address.
pub fn cancel_confirmations(db: &mut Db, user: UserId, now: Timestamp) -> Result<(), store::Error> {
    db.exec_later(
        "UPDATE outbox SET state = 'canceled', due_at = NULL, updated_at = ?2 \
         WHERE user_id = ?1 AND kind = 'address_confirmation' AND due_at IS NOT NULL",
        &[user.into(), Param::Int(now.0)],
    )
}

/// Whether a former address of a user had a notice within the last day, or will have one. A canceled one told nobody.
pub fn is_told(db: &mut Db, user: UserId, recipient_key: &str, now: Timestamp) -> Result<bool, store::Error> {
    db.exists(
        "SELECT 1 FROM outbox WHERE recipient_key = ?1 AND created_at > ?2 AND user_id = ?3 \
         AND kind = 'address_notice' AND state <> 'canceled'",
        &[Param::Text(recipient_key), Param::Int(now.minus(COUNTED_FOR).0), user.into()],
    )
}

/// Serialised as its administrators see it.
#[derive(Clone, Debug, Serialize)]
pub struct QueuedMail {
    #[serde(skip)]
    pub id: MailId,
    #[serde(skip)]
    pub topic: Topic,
    /// Its Message-ID, without the brackets.
    pub message_id: String,
    #[serde(rename = "to")]
    pub recipient: String,
    pub state: String,
    pub attempts: i64,
    pub last_reply: Option<String>,
    #[serde(rename = "next_attempt_at")]
    pub due_at: Option<Timestamp>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

const COLUMNS: &str = "id, invitation_id, recipient, message_id, state, attempts, last_reply, due_at, created_at, \
                       updated_at, kind, user_id";

fn read(row: &Row<'_>) -> Result<QueuedMail, store::Error> {
    Ok(QueuedMail {
        id: row.id(0)?,
        topic: Topic::read(row.text(10)?, row.id(1)?, row.maybe_id(11)?)?,
        recipient: row.text(2)?.to_owned(),
        message_id: row.text(3)?.to_owned(),
        state: row.text(4)?.to_owned(),
        attempts: row.int(5)?,
        last_reply: row.maybe_text(6)?.map(str::to_owned),
        due_at: row.maybe_int(7)?.map(Timestamp),
        created_at: Timestamp(row.int(8)?),
        updated_at: Timestamp(row.int(9)?),
    })
}

/// The furthest ahead that a mail can be due. A later due time comes from a clock that was wrong; such a mail is due at
/// once.
fn furthest(lease: Duration) -> Duration {
    lease.max(LAST_RETRY.mul_f64(LONGEST_SHARE))
}

/// Makes mails due that are due later than `?2`, the furthest ahead. Usually there are none.
pub const BRING_BACK: &str = "UPDATE outbox SET due_at = ?1 WHERE due_at > ?2";

/// Claims up to `?3` mails that are due at `?1`, until `?2`. It walks an index in order and stops after the last.
pub fn claiming(dialect: Dialect) -> String {
    // Materialized: a planner could otherwise evaluate the subquery once per row and claim too many.
    format!(
        "WITH due AS MATERIALIZED (SELECT id FROM outbox WHERE due_at <= ?1 ORDER BY due_at, id LIMIT ?3{}) \
         UPDATE outbox SET due_at = ?2, attempts = attempts + 1, updated_at = ?1 \
         WHERE id IN (SELECT id FROM due) RETURNING {COLUMNS}",
        dialect.skip_locked()
    )
}

/// Claims due mails for as long as the lease, the longest waiting first.
pub fn claim(db: &mut Db, most: usize, lease: Duration, now: Timestamp) -> Result<Vec<QueuedMail>, store::Error> {
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    // One condition for both (`due_at <= ?1 OR due_at > ?2`) would read and sort every due mail for each claim.
    db.exec_later(BRING_BACK, &[Param::Int(now.0), Param::Int(now.plus(furthest(lease)).0)])?;
    let params = [Param::Int(now.0), Param::Int(now.plus(lease).0), Param::Int(most)];
    let mut claimed = db.all(&claiming(db.dialect()), &params, read)?;
    claimed.sort_by_key(|mail| mail.id);
    Ok(claimed)
}

/// Does not count a claim as an attempt, within its own transaction. The mail is due again when the claim ends.
pub fn take_back_attempt(db: &mut Db, mail: &QueuedMail) -> Result<(), store::Error> {
    db.exec("UPDATE outbox SET attempts = attempts - 1 WHERE id = ?1", &[mail.id.into()]).map(drop)
}

/// When the next mail is due, as [`claim`] understands it.
pub fn next_due(db: &mut Db, lease: Duration, now: Timestamp) -> Result<Option<Timestamp>, store::Error> {
    let sql = "SELECT (SELECT due_at FROM outbox WHERE due_at IS NOT NULL ORDER BY due_at LIMIT 1), \
               (SELECT due_at FROM outbox WHERE due_at IS NOT NULL ORDER BY due_at DESC LIMIT 1)";
    let ends = |row: &Row<'_>| Ok((row.maybe_int(0)?.map(Timestamp), row.maybe_int(1)?.map(Timestamp)));
    let (first, last) = db.one(sql, &[], ends)?;
    let is_misplaced = last.is_some_and(|last| last > now.plus(furthest(lease)));
    Ok(if is_misplaced { Some(now) } else { first })
}

/// What waits and what has failed, over all accounts.
#[derive(Clone, Copy, Debug, Default)]
pub struct QueueState {
    pub waiting: i64,
    /// When the oldest of them was queued.
    pub oldest: Option<Timestamp>,
    pub failed: i64,
}

/// Both numbers are in the index of waiting mails, so SQLite visits no row. PostgreSQL may visit those that wait: after
/// a change, only a vacuum tells it that the index alone is enough.
pub const WAITING: &str = "SELECT count(*), min(created_at) FROM outbox WHERE due_at IS NOT NULL";

pub fn queue_state(db: &mut Db) -> Result<QueueState, store::Error> {
    let (waiting, oldest) = db.one(WAITING, &[], |row| Ok((row.int(0)?, row.maybe_int(1)?.map(Timestamp))))?;
    let failed = db.one("SELECT count(*) FROM outbox WHERE state = 'failed'", &[], |row| row.int(0))?;
    Ok(QueueState { waiting, oldest, failed })
}

/// Records the outcome of an attempt; an outcome of `None` cancels the mail, since the invitation is no longer open. A
/// postponed mail is due again later, or given up after `give_up`. Returns the new state, or `None` if a later attempt
/// has begun.
pub fn settle(
    db: &mut Db,
    entropy: &Entropy,
    mail: &QueuedMail,
    outcome: Option<&Result<String, Failure>>,
    give_up: Duration,
    now: Timestamp,
) -> Result<Option<MailState>, OutboxError> {
    let (state, due_at, reply) = match outcome {
        Some(Ok(reply)) => (MailState::Sent, None, Some(reply)),
        Some(Err(Failure::ForGood(reply))) => (MailState::Failed, None, Some(reply)),
        None => (MailState::Canceled, None, None),
        Some(Err(Failure::ForNow(reply) | Failure::OfSender(reply))) => {
            let next = now.plus(wait_after(mail.attempts, entropy)?);
            let is_given_up = next > mail.created_at.plus(give_up);
            let state = if is_given_up { MailState::Failed } else { MailState::Queued };
            (state, (!is_given_up).then_some(next.0), Some(reply))
        }
    };
    let reply = reply.map(|text| harmless(text));
    let is_refused = matches!(outcome, Some(Err(Failure::ForGood(_))));
    let changed = db.exec(
        "UPDATE outbox SET state = ?3, due_at = ?4, last_reply = coalesce(?5, last_reply), updated_at = ?6, \
         is_refused = ?7 WHERE id = ?1 AND attempts = ?2 AND due_at IS NOT NULL",
        &[
            mail.id.into(),
            Param::Int(mail.attempts),
            Param::Text(state.name()),
            due_at.into(),
            reply.as_deref().into(),
            Param::Int(now.0),
            Param::Int(i64::from(is_refused)),
        ],
    )?;
    Ok((changed > 0).then_some(state))
}

/// Exponential backoff up to a bound, with a jitter of a fifth: mails that failed together are not retried together.
fn wait_after(attempts: i64, entropy: &Entropy) -> Result<Duration, NoEntropy> {
    let doublings = u32::try_from(attempts.saturating_sub(1).clamp(0, 16)).unwrap_or_default();
    let wait = FIRST_RETRY.saturating_mul(1 << doublings).min(LAST_RETRY);
    let fraction = f64::from(entropy.bytes()?[0]) / 255.0;
    Ok(wait.mul_f64(SHORTEST_SHARE + (LONGEST_SHARE - SHORTEST_SHARE) * fraction))
}

/// The mails about an invitation, newest first.
pub fn of_invitation(
    db: &mut Db,
    account: AccountId,
    invitation: InvitationId,
) -> Result<Vec<QueuedMail>, store::Error> {
    let sql = format!("SELECT {COLUMNS} FROM outbox WHERE invitation_id = ?2 AND account_id = ?1 ORDER BY id DESC");
    db.all(&sql, &[account.into(), invitation.into()], read)
}

/// At most `most` mails of an account, in one state if given, newest first.
pub fn of_account(
    db: &mut Db,
    account: AccountId,
    state: Option<&str>,
    most: i64,
) -> Result<Vec<QueuedMail>, store::Error> {
    // PostgreSQL takes the type of a parameter from its first use, so `IS NULL` comes second.
    let sql = format!(
        "SELECT {COLUMNS} FROM outbox WHERE account_id = ?1 AND (state = ?2 OR ?2 IS NULL) ORDER BY id DESC LIMIT ?3"
    );
    db.all(&sql, &[account.into(), state.into(), Param::Int(most)], read)
}

/// Failed mails of account `?1` that nothing has replaced.
const RETRIABLE: &str = "account_id = ?1 AND state = 'failed' AND (kind <> 'invitation' \
                         OR id = (SELECT max(o.id) FROM outbox o WHERE o.invitation_id = outbox.invitation_id))";

/// Requeues the failed mails of an account, with their full time; returns how many. Refused ones are requeued only if
/// the operator insists: their recipients do not exist or do not want them.
pub fn retry_failed(
    db: &mut Db,
    account: AccountId,
    with_refused: bool,
    now: Timestamp,
) -> Result<usize, store::Error> {
    let sql = format!(
        "UPDATE outbox SET state = 'queued', due_at = ?2, created_at = ?2, updated_at = ?2, is_refused = 0 \
         WHERE {RETRIABLE} AND is_refused <= ?3"
    );
    db.exec(&sql, &[account.into(), Param::Int(now.0), Param::Int(i64::from(with_refused))])
}

/// How many failed mails of an account were refused for good.
pub fn count_refused(db: &mut Db, account: AccountId) -> Result<i64, store::Error> {
    let sql = format!("SELECT count(*) FROM outbox WHERE {RETRIABLE} AND is_refused = 1");
    db.one(&sql, &[account.into()], |row| row.int(0))
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
