//! Sessions: that a member stays signed in for a while, in one browser.
//!
//! The browser holds 256 random bits in a cookie, the database their hash. A session says who somebody is and nothing
//! more: whether that user may still act is asked of the membership at every look-up, so that nobody has to remember to
//! end sessions when a member is disabled.

use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};

use crate::clock::Timestamp;
use crate::engine::audit::{self, Actor, Attributes, Entry};
use crate::engine::error::Error;
use crate::engine::tokens;
use crate::entropy::Entropy;
use crate::ids::{AccountId, RecordId, UserId};
use crate::oauth::{ACTIVE_MEMBER_JOINS, IS_ACTIVE};
use crate::store::{self, Db, Param};
use crate::wire::kind::Kind;

/// How long a session lasts that nobody uses.
pub const IDLE_LIFETIME: Duration = Duration::from_secs(30 * 60);

/// How long a session lasts at most.
pub const LIFETIME: Duration = Duration::from_secs(12 * 3_600);

/// A use is recorded this long after the one before: a page that is loaded twice need not be written twice.
const RECORDED_EVERY: Duration = Duration::from_secs(60);

/// Somebody who is signed in.
#[derive(Clone, Debug)]
pub struct Session {
    /// The user.
    pub user_id: UserId,
    /// The user's account.
    pub account_id: AccountId,
    /// Name of the account.
    pub account_name: String,
    /// The user's name.
    pub full_name: String,
    /// The user's address.
    pub email_address: String,
    /// The member's permission.
    pub permission: String,
    /// Whether this use should be recorded.
    pub is_to_be_recorded: bool,
}

/// Signs a user in, in place of whatever session the browser had before, and returns the text of the cookie. `None` when
/// the user may not act.
pub fn begin(
    db: &mut Db,
    entropy: &Entropy,
    user_id: UserId,
    before: &str,
    request_id: &str,
    now: Timestamp,
) -> Result<Option<SecretString>, Error> {
    let sql = format!("SELECT u.account_id FROM users u {ACTIVE_MEMBER_JOINS} WHERE u.id = ?1 AND {IS_ACTIVE}");
    let Some(account_id) = db.maybe(&sql, &[user_id.into()], |row| row.id(0))? else {
        return Ok(None);
    };
    end(db, before)?;
    let token = tokens::generate(entropy, "")?;
    let id: RecordId = db.insert(
        "INSERT INTO sessions (user_id, token_hash, seen_at, created_at) VALUES (?1, ?2, ?3, ?3) RETURNING id",
        &[user_id.into(), Param::Bytes(&tokens::hash(token.expose_secret())), Param::Int(now.0)],
    )?;
    let after = Attributes::of_cells([("user_id", Kind::Id("users"), user_id.into())]);
    let entry = Entry {
        account_id,
        occurred_at: now,
        actor: Actor { user_id: Some(user_id), token_id: None, request_id: Some(request_id) },
        action: "session.create",
        subject: ("sessions", id),
        before: None,
        after: Some(&after),
    };
    audit::write(db, &entry)?;
    Ok(Some(token))
}

/// Who is signed in by this cookie.
pub fn find(db: &mut Db, token: &str, now: Timestamp) -> Result<Option<Session>, store::Error> {
    let sql = format!(
        "SELECT u.id, u.account_id, a.name, u.full_name, u.email_address, m.permission, s.seen_at FROM sessions s \
         JOIN users u ON u.id = s.user_id {ACTIVE_MEMBER_JOINS} \
         WHERE s.token_hash = ?1 AND s.created_at > ?2 AND s.seen_at > ?3 AND {IS_ACTIVE}"
    );
    let params =
        [Param::Bytes(&tokens::hash(token)), Param::Int(now.minus(LIFETIME).0), Param::Int(now.minus(IDLE_LIFETIME).0)];
    db.maybe(&sql, &params, |row| {
        Ok(Session {
            user_id: row.id(0)?,
            account_id: row.id(1)?,
            account_name: row.text(2)?.to_owned(),
            full_name: row.text(3)?.to_owned(),
            email_address: row.text(4)?.to_owned(),
            permission: row.text(5)?.to_owned(),
            is_to_be_recorded: row.int(6)? <= now.minus(RECORDED_EVERY).0,
        })
    })
}

/// Records a use.
pub fn record_use(db: &mut Db, token: &str, now: Timestamp) -> Result<(), store::Error> {
    let sql = "UPDATE sessions SET seen_at = ?2 WHERE token_hash = ?1";
    db.exec(sql, &[Param::Bytes(&tokens::hash(token)), Param::Int(now.0)])?;
    Ok(())
}

/// Ends the session of a cookie, if there is one.
pub fn end(db: &mut Db, token: &str) -> Result<(), store::Error> {
    db.exec("DELETE FROM sessions WHERE token_hash = ?1", &[Param::Bytes(&tokens::hash(token))])?;
    Ok(())
}

/// Ends every session of a user.
pub(super) fn end_all(db: &mut Db, user_id: UserId) -> Result<(), store::Error> {
    db.exec("DELETE FROM sessions WHERE user_id = ?1", &[user_id.into()])?;
    Ok(())
}
