//! OAuth 2.0 (docs/WIRE.md, OAuth 2.0): how a member lets an application act in their name, and how members sign in.
//!
//! Existing OAuth servers own their storage and tokens. Here they are rows written in the transaction of the effect,
//! and look-ups shared with the API, so none is used.
//!
//! Invariants. Every secret is 256 random bits, shown once, and stored as its SHA-256; passwords are stored as Argon2id
//! hashes. A single-use secret is used up by one guarded `UPDATE`, under any concurrency. Presented again, or by
//! another application, it ends everything that came of it. Nothing here acts for a member who is disabled or removed,
//! or whose account is cancelled.

pub mod applications;
pub mod authorization;
pub mod exchange;
pub mod grants;
pub mod passwords;
pub mod pkce;
pub mod redirects;
pub mod refusal;
pub mod revocation;
pub mod sessions;
pub mod sign_in_links;

use crate::engine::error::Error;
use crate::ids::{AccountId, UserId};
use crate::store::{self, Db, Param};
use crate::wire::fold::fold;

/// The user is an enabled member, who may log in, of an account that is not cancelled. Needs [`ACTIVE_MEMBER_JOINS`].
const IS_ACTIVE: &str = "m.disabled_at IS NULL AND m.can_log_in = 1 AND a.canceled_at IS NULL";

/// The tables of [`IS_ACTIVE`], for a user `u`.
const ACTIVE_MEMBER_JOINS: &str =
    "JOIN account_memberships m ON m.user_id = u.id JOIN accounts a ON a.id = u.account_id";

/// Whether the user may act. The membership cannot change before the transaction ends.
fn is_active(db: &mut Db, user_id: UserId) -> Result<bool, store::Error> {
    let lock = db.dialect().for_share();
    let sql = format!(
        "SELECT 1 FROM account_memberships m WHERE m.user_id = ?1 AND m.disabled_at IS NULL AND m.can_log_in = 1 \
         AND (SELECT a.canceled_at FROM accounts a WHERE a.id = m.account_id) IS NULL{lock}"
    );
    db.exists(&sql, &[user_id.into()])
}

/// The user of an enabled member who may log in.
pub fn active_member(db: &mut Db, account: AccountId, email_address: &str) -> Result<UserId, Error> {
    let email_address = email_address.trim();
    let sql = "SELECT u.id, m.disabled_at, m.can_log_in FROM users u JOIN account_memberships m ON m.user_id = u.id \
               WHERE u.account_id = ?1 AND u.email_key = ?2";
    let found = db.maybe(sql, &[account.into(), Param::Text(&fold(email_address))], |row| {
        Ok((row.id(0)?, row.maybe_int(1)?.is_some(), row.int(2)? != 0))
    })?;
    match found {
        Some((user, false, true)) => Ok(user),
        Some((_, true, _)) => Err(Error::Syntax(format!(
            "The member {email_address} of account {account} is disabled. Enable the member first."
        ))),
        Some((_, false, false)) => Err(Error::Syntax(format!(
            "The member {email_address} of account {account} may not log in. Set can_log_in of the membership first."
        ))),
        None => Err(Error::Syntax(format!("Account {account} has no member {email_address}."))),
    }
}
