//! OAuth 2.0 (protocol.md section 10): which application may act for which member, and how that member says so.
//!
//! - [`applications`]: who may ask · [`redirects`]: where an answer may go
//! - [`authorization`]: what is asked for, judged · [`pkce`]: the proof that code and token go to the same program
//! - [`grants`]: a consent and its code · [`exchange`]: how codes and refresh tokens become access tokens, once ·
//!   [`revocation`]: how they end, and what is told of them
//! - [`passwords`], [`sign_in_links`], [`sessions`]: how a member signs in, and stays so for a while
//!
//! There is no ready-made server in here: those that exist own their storage and their tokens, while ours are rows that
//! are written in the transaction of the effect, and look-ups that the API's own callers share.
//!
//! Invariants. Every secret is 256 random bits, told once, and stored as its SHA-256; passwords are stored as Argon2id
//! hashes. What works once is used up by one guarded `UPDATE`, so that it works once on every engine and under any
//! concurrency. What is presented a second time, or by somebody else, ends everything that came of it. Nothing here acts
//! for a member who is disabled or removed, or whose account is cancelled.

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

/// The condition that a user may act: an enabled member of an account that was not cancelled. It goes with
/// [`ACTIVE_MEMBER_JOINS`].
const IS_ACTIVE: &str = "m.disabled_at IS NULL AND a.canceled_at IS NULL";

/// What [`IS_ACTIVE`] looks at, for a row that is called `u`.
const ACTIVE_MEMBER_JOINS: &str =
    "JOIN account_memberships m ON m.user_id = u.id JOIN accounts a ON a.id = u.account_id";

/// Whether a user may act at this moment.
fn is_active(db: &mut Db, user_id: UserId) -> Result<bool, store::Error> {
    let sql = format!("SELECT 1 FROM users u {ACTIVE_MEMBER_JOINS} WHERE u.id = ?1 AND {IS_ACTIVE}");
    db.exists(&sql, &[user_id.into()])
}

/// The user of an account's member who may use a token.
pub fn active_member(db: &mut Db, account: AccountId, email_address: &str) -> Result<UserId, Error> {
    let email_address = email_address.trim();
    let sql = "SELECT u.id, m.disabled_at FROM users u JOIN account_memberships m ON m.user_id = u.id \
               WHERE u.account_id = ?1 AND u.email_key = ?2";
    let found = db.maybe(sql, &[account.into(), Param::Text(&fold(email_address))], |row| {
        Ok((row.id(0)?, row.maybe_int(1)?.is_some()))
    })?;
    match found {
        Some((user, false)) => Ok(user),
        Some((_, true)) => Err(Error::Syntax(format!(
            "The member {email_address} of account {account} is disabled. Enable the member first."
        ))),
        None => Err(Error::Syntax(format!("Account {account} has no member {email_address}."))),
    }
}
