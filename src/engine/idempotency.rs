//! Requests that may be sent again: one effect for one `Idempotency-Key` (docs/WIRE.md, Additions).
//!
//! A client that lost an answer does not know whether its request took effect. It repeats the request with the same key
//! and gets the first answer. The key is claimed and the answer stored in the transaction of the effect, so a crash
//! leaves both or neither. A refused request stores nothing: it may be corrected and sent again under the same key.
//!
//! The claim is a row with a unique key. A request that comes during the first one waits for the writer, finds the row,
//! and gets the same answer.
//!
//! The answer is kept as it was printed, not printed again from the records: a client that lost it wants to know what
//! its request did, not what others have done since, and the record may be gone. But callers see no more than they may
//! see today: a demoted caller gets the answer without the fields that are hidden from the new level.

use std::time::Duration;

use sha2::{Digest as _, Sha256};

use crate::clock::Timestamp;
use crate::engine::error::Error;
use crate::ids::{AccountId, RecordId, UserId};
use crate::store::{Db, Param};
use crate::wire::again;
use crate::wire::params::Tree;
use crate::wire::projection::Withheld;

/// How long an answer is kept at least: a day. After that, the sweeper removes it.
pub const KEPT_FOR: Duration = Duration::from_secs(24 * 60 * 60);

const OTHER_REQUEST: &str = "This Idempotency-Key was used for another request.";

pub struct IdempotencyKey {
    pub account_id: AccountId,
    /// A key belongs to a user, whichever token is used.
    pub user_id: UserId,
    /// Chosen by the client.
    pub text: String,
    pub fingerprint: [u8; 32],
    pub now: Timestamp,
}

/// The body of an answer that has one, and whether the effect took place earlier.
type Answered = (Option<Vec<u8>>, bool);

/// Hashes the operation, the record and every parameter, independent of their encoding.
pub fn fingerprint(operation: &str, id: Option<RecordId>, params: &Tree) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(operation);
    hash.update(id.map_or(0, RecordId::get).to_be_bytes());
    // Keys are printed in one order, and a tree of texts and numbers can always be printed.
    hash.update(serde_json::to_vec(params).unwrap_or_default());
    hash.finalize().into()
}

/// Does the work the first time, and repeats its answer every further time, as far as the caller may still see it:
/// `judge` refuses a replay that would be refused today, and fields that are `withheld` today are left out.
pub fn once(
    db: &mut Db,
    key: &IdempotencyKey,
    withheld: &Withheld,
    judge: impl FnOnce(&mut Db) -> Result<(), Error>,
    work: impl FnOnce(&mut Db) -> Result<Option<Vec<u8>>, Error>,
) -> Result<Answered, Error> {
    if !claim(db, key)? {
        let body = stored(db, key)?;
        judge(db)?;
        return Ok((body.map(|body| shown(body, withheld)).transpose()?, true));
    }
    let body = work(db)?;
    let text = match &body {
        Some(bytes) => Some(str::from_utf8(bytes).map_err(|cause| Error::Internal(cause.to_string()))?),
        None => None,
    };
    db.exec(
        "UPDATE idempotent_requests SET body = ?4 WHERE account_id = ?1 AND user_id = ?2 AND idempotency_key = ?3",
        &[key.account_id.into(), key.user_id.into(), Param::Text(&key.text), text.into()],
    )?;
    Ok((body, false))
}

/// Whether the key is new. One that looks expired is not: only the sweeper ends keys. It asks whether the clock can be
/// believed; under a wrong clock the work would be done a second time.
fn claim(db: &mut Db, key: &IdempotencyKey) -> Result<bool, Error> {
    // An update of no row: unlike DO NOTHING, it locks the row, so the sweeper cannot remove it before it is read.
    Ok(db.exists(
        "INSERT INTO idempotent_requests (account_id, user_id, idempotency_key, fingerprint, created_at) \
         VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (account_id, user_id, idempotency_key) \
         DO UPDATE SET fingerprint = excluded.fingerprint WHERE 1 = 0 RETURNING user_id",
        &[
            key.account_id.into(),
            key.user_id.into(),
            Param::Text(&key.text),
            Param::Bytes(&key.fingerprint),
            Param::Int(key.now.0),
        ],
    )?)
}

fn shown(body: String, withheld: &Withheld) -> Result<Vec<u8>, Error> {
    if withheld.is_empty() {
        return Ok(body.into_bytes());
    }
    again::withhold(&body, withheld).map_err(|cause| Error::Internal(format!("a stored answer is no answer: {cause}")))
}

/// The body of the first answer, if it has one.
fn stored(db: &mut Db, key: &IdempotencyKey) -> Result<Option<String>, Error> {
    let stored = db.maybe(
        "SELECT body FROM idempotent_requests \
         WHERE account_id = ?1 AND user_id = ?2 AND idempotency_key = ?3 AND fingerprint = ?4",
        &[key.account_id.into(), key.user_id.into(), Param::Text(&key.text), Param::Bytes(&key.fingerprint)],
        |row| Ok(row.maybe_text(0)?.map(str::to_owned)),
    )?;
    stored.ok_or_else(|| Error::rule(OTHER_REQUEST))
}
