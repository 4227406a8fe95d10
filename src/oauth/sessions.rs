//! Sessions of signed-in members, one for each browser.
//!
//! The browser holds 256 random bits in a cookie, the database their hash. A session only identifies a user. Every
//! look-up checks that the membership is active, so disabling a member need not end sessions.

use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};

use crate::clock::Timestamp;
use crate::engine::access::Permission;
use crate::engine::audit::{Actor, AuditEntry};
use crate::engine::error::Error;
use crate::engine::request_id::RequestId;
use crate::engine::tokens;
use crate::entropy::Entropy;
use crate::ids::{AccountId, RecordId, UserId};
use crate::oauth::{ACTIVE_MEMBER_JOINS, IS_ACTIVE, is_active};
use crate::store::{self, Db, Param, Row};
use crate::wire::kind::Kind;

/// Without use.
pub const IDLE_LIFETIME: Duration = Duration::from_secs(30 * 60);

/// In all.
pub const LIFETIME: Duration = Duration::from_secs(12 * 3_600);

/// What the audit trail calls a failed attempt.
const REFUSED: &str = "session.refuse";

/// Uses in quick succession are recorded once.
const RECORDED_EVERY: Duration = Duration::from_secs(60);

#[derive(Clone, Debug)]
pub struct MemberSession {
    pub user_id: UserId,
    pub account_id: AccountId,
    pub account_name: String,
    pub full_name: String,
    pub email_address: String,
    pub permission: Permission,
    /// Whether this use should be recorded.
    pub is_to_be_recorded: bool,
}

/// Signs a user in, replacing the session that the browser had before, and returns the cookie. `None` if the user may
/// not act.
pub fn begin(
    db: &mut Db,
    entropy: &Entropy,
    user_id: UserId,
    before: &str,
    request_id: &RequestId,
    now: Timestamp,
) -> Result<Option<SecretString>, Error> {
    if !is_active(db, user_id)? {
        return Ok(None);
    }
    let account_id = db.one("SELECT account_id FROM users WHERE id = ?1", &[user_id.into()], |row| row.id(0))?;
    end(db, before, request_id, now)?;
    let token = tokens::generate(entropy, "")?;
    let id: RecordId = db.insert(
        "INSERT INTO sessions (user_id, token_hash, seen_at, created_at) VALUES (?1, ?2, ?3, ?3) RETURNING id",
        &[user_id.into(), Param::Bytes(&tokens::hash(token.expose_secret())), Param::Int(now.0)],
    )?;
    db.exec_later("UPDATE users SET last_site_activity = ?2 WHERE id = ?1", &[user_id.into(), Param::Int(now.0)])?;
    AuditEntry::new(account_id, now, "session.create", "sessions", id)
        .by(Actor::user(user_id, Some(request_id)))
        .after([("user_id", Kind::Id("users"), user_id.into())])
        .write(db)?;
    Ok(Some(token))
}

pub fn find(db: &mut Db, token: &str, now: Timestamp) -> Result<Option<MemberSession>, store::Error> {
    let sql = format!(
        "SELECT u.id, u.account_id, a.name, u.full_name, u.email_address, m.permission, s.seen_at FROM sessions s \
         JOIN users u ON u.id = s.user_id {ACTIVE_MEMBER_JOINS} \
         WHERE s.token_hash = ?1 AND s.created_at > ?2 AND s.seen_at > ?3 AND {IS_ACTIVE}"
    );
    let params =
        [Param::Bytes(&tokens::hash(token)), Param::Int(now.minus(LIFETIME).0), Param::Int(now.minus(IDLE_LIFETIME).0)];
    db.maybe(&sql, &params, |row| {
        Ok(MemberSession {
            user_id: row.id(0)?,
            account_id: row.id(1)?,
            account_name: row.text(2)?.to_owned(),
            full_name: row.text(3)?.to_owned(),
            email_address: row.text(4)?.to_owned(),
            permission: row.text(5)?.parse()?,
            is_to_be_recorded: row.int(6)? <= now.minus(RECORDED_EVERY).0,
        })
    })
}

/// The user of a session. Neither the session nor the membership can end before the transaction does.
pub fn user(db: &mut Db, token: &str, now: Timestamp) -> Result<Option<UserId>, store::Error> {
    let lock = db.dialect().for_share();
    let sql = format!("SELECT user_id FROM sessions WHERE token_hash = ?1 AND created_at > ?2 AND seen_at > ?3{lock}");
    let params =
        [Param::Bytes(&tokens::hash(token)), Param::Int(now.minus(LIFETIME).0), Param::Int(now.minus(IDLE_LIFETIME).0)];
    match db.maybe(&sql, &params, |row| row.id(0))? {
        Some(user_id) if is_active(db, user_id)? => Ok(Some(user_id)),
        _ => Ok(None),
    }
}

pub fn record_use(db: &mut Db, token: &str, now: Timestamp) -> Result<(), store::Error> {
    let sql = "UPDATE sessions SET seen_at = ?2 WHERE token_hash = ?1";
    db.exec(sql, &[Param::Bytes(&tokens::hash(token)), Param::Int(now.0)])?;
    Ok(())
}

/// Ends the session of a browser, if it has one, because its member signs out or signs in again.
pub fn end(db: &mut Db, token: &str, request_id: &RequestId, now: Timestamp) -> Result<(), store::Error> {
    let sql = "DELETE FROM sessions WHERE token_hash = ?1 \
               RETURNING id, user_id, (SELECT u.account_id FROM users u WHERE u.id = user_id)";
    type Ended = (RecordId, UserId, AccountId);
    let read = |row: &Row<'_>| Ok::<Ended, store::Error>((row.id(0)?, row.id(1)?, row.id(2)?));
    let ended = db.maybe(sql, &[Param::Bytes(&tokens::hash(token))], read)?;
    let Some((id, user_id, account_id)) = ended else { return Ok(()) };
    AuditEntry::new(account_id, now, "session.delete", "sessions", id)
        .by(Actor::user(user_id, Some(request_id)))
        .before([("user_id", Kind::Id("users"), user_id.into())])
        .write(db)
}

/// Records a failed attempt to sign in, for a known user or for an application of this account. What was typed is not
/// recorded: it may be a stranger's address, or a password in the wrong field.
///
/// Whether an address is known must not be told by the time either, and a commit takes long. So every attempt costs the
/// same round trips and a commit, even one that belongs to nobody's trail.
pub fn note_failure(
    db: &mut Db,
    account_id: Option<AccountId>,
    user_id: Option<UserId>,
    request_id: &RequestId,
    now: Timestamp,
) -> Result<(), store::Error> {
    let entry = match (user_id, account_id) {
        (Some(user_id), Some(account_id)) => AuditEntry::new(account_id, now, REFUSED, "users", user_id),
        (Some(user_id), None) => {
            let sql = "SELECT account_id FROM users WHERE id = ?1";
            let account_id = db.one(sql, &[user_id.into()], |row| row.id(0))?;
            AuditEntry::new(account_id, now, REFUSED, "users", user_id)
        }
        (None, Some(account_id)) => AuditEntry::new(account_id, now, REFUSED, "accounts", account_id),
        (None, None) => return write_in_vain(db, now),
    };
    entry.by(Actor::request(request_id)).write(db)
}

/// Writes a row and deletes it again. A transaction without any change would not wait for the disk.
fn write_in_vain(db: &mut Db, now: Timestamp) -> Result<(), store::Error> {
    let sql = "INSERT INTO audit (account_id, occurred_at, action, subject_type, subject_id) \
               VALUES (0, ?1, ?2, 'nobody', 0) RETURNING id";
    let id: RecordId = db.insert(sql, &[Param::Int(now.0), Param::Text(REFUSED)])?;
    db.exec_later("DELETE FROM audit WHERE id = ?1", &[id.into()])
}
