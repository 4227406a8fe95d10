//! One-time links for members without a password.
//!
//! Mail scanners open every link, so opening has no effect; a button on the page uses the link up.

use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};

use crate::clock::Timestamp;
use crate::engine::audit::AuditEntry;
use crate::engine::error::Error;
use crate::engine::request_id::RequestId;
use crate::engine::tokens;
use crate::entropy::Entropy;
use crate::ids::{AccountId, RecordId, UserId};
use crate::oauth::sessions;
use crate::store::{self, Db, Param};
use crate::wire::kind::Kind;

const LINK_PREFIX: &str = "inl_";

pub const LIFETIME: Duration = Duration::from_secs(15 * 60);

/// Makes a link for a user and returns its secret.
pub fn create(
    db: &mut Db,
    entropy: &Entropy,
    account_id: AccountId,
    user_id: UserId,
    now: Timestamp,
) -> Result<SecretString, Error> {
    let token = tokens::generate(entropy, LINK_PREFIX)?;
    let id: RecordId = db.insert(
        "INSERT INTO sign_in_links (user_id, token_hash, expires_at, created_at) VALUES (?1, ?2, ?3, ?4) RETURNING id",
        &[
            user_id.into(),
            Param::Bytes(&tokens::hash(token.expose_secret())),
            Param::Int(now.plus(LIFETIME).0),
            Param::Int(now.0),
        ],
    )?;
    AuditEntry::new(account_id, now, "sign_in_link.create", "sign_in_links", id)
        .after([("user_id", Kind::Id("users"), user_id.into())])
        .write(db)?;
    Ok(token)
}

/// Uses a link up and returns its user; `None` if it is unknown, expired or used. Attempts with an expired or used one
/// are recorded.
pub fn redeem(
    db: &mut Db,
    token: &str,
    request_id: &RequestId,
    now: Timestamp,
) -> Result<Option<UserId>, store::Error> {
    let sql = "UPDATE sign_in_links SET used_at = ?2 WHERE token_hash = ?1 AND used_at IS NULL AND expires_at > ?2 \
               RETURNING user_id";
    let hash = tokens::hash(token);
    let user = db.maybe(sql, &[Param::Bytes(&hash), Param::Int(now.0)], |row| row.id(0))?;
    if user.is_none() {
        let of_link = "SELECT user_id FROM sign_in_links WHERE token_hash = ?1";
        let claimed = db.maybe(of_link, &[Param::Bytes(&hash)], |row| row.id(0))?;
        sessions::note_failure(db, None, claimed, request_id, now)?;
    }
    Ok(user)
}
