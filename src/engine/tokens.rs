//! Bearer tokens and the cache of their callers.
//!
//! A token is 256 random bits, shown once; the database holds only its SHA-256. That hash needs no salt and no work
//! factor: 256 bits cannot be guessed. Looking it up in an index is as safe as comparing in constant time, since
//! steering the hash would mean inverting it.
//!
//! Every request has a token, so callers are cached, by hash. When this process changes tokens, members or accounts, it
//! empties the cache before it answers. Changes by other processes take effect when an entry expires, after one second.
//!
//! A second is too long for a write: an administrator who was just disabled could undo that. So each write requires, in
//! its own transaction, that its caller is still what the cache says ([`require_unchanged`]); otherwise the request is
//! judged again, with the caller looked up anew.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use parking_lot::RwLock;
use percent_encoding::percent_decode_str;
use secrecy::SecretString;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use crate::clock::{Stopwatch, Timestamp};
use crate::engine::access::{Caller, Identity, Permission};
use crate::entropy::{Entropy, NoEntropy};
use crate::ids::{self, AccountId, Id, TokenId, UserId};
use crate::store::{Db, Error, Param, Store};

const CACHED_FOR: Duration = Duration::from_secs(1);

/// Beyond this many the cache is emptied.
const MOST_CALLERS: usize = 10_000;

pub type TokenHash = [u8; 32];

pub fn hash(token: &str) -> TokenHash {
    Sha256::digest(token.as_bytes()).into()
}

/// A new token: a prefix that names its kind, then 256 random bits in base64url.
pub fn generate(entropy: &Entropy, prefix: &str) -> Result<SecretString, NoEntropy> {
    Ok(SecretString::from(format!("{prefix}{}", URL_SAFE_NO_PAD.encode(entropy.bytes()?))))
}

/// The token in the address of a page, without the punctuation that mail programs and people append. No token contains
/// punctuation, and browsers may percent-encode it. Any other text is returned unchanged, and matches no token.
pub fn in_address(text: &str) -> &str {
    let is_foreign = |character: char| !(character.is_ascii_alphanumeric() || character == '-' || character == '_');
    let (token, added) = text.split_at(text.find(is_foreign).unwrap_or(text.len()));
    let is_punctuation = percent_decode_str(added).decode_utf8_lossy().chars().all(is_foreign);
    if is_punctuation { token } else { text }
}

/// Prefix of the tokens that callers of the API hold.
pub const ACCESS_PREFIX: &str = "inv_";

/// A token as an administrator sees it.
#[derive(Serialize)]
pub struct ListedToken {
    #[serde(serialize_with = "ids::number")]
    pub id: TokenId,
    #[serde(serialize_with = "ids::number")]
    pub user_id: UserId,
    pub email_address: String,
    pub label: String,
    pub created_at: Timestamp,
    pub revoked_at: Option<Timestamp>,
}

/// Stores a given token.
pub fn insert(
    db: &mut Db,
    account: AccountId,
    user: UserId,
    token: &str,
    label: &str,
    now: Timestamp,
) -> Result<TokenId, Error> {
    db.insert(
        "INSERT INTO access_tokens (account_id, user_id, token_hash, label, created_at) \
         VALUES (?1, ?2, ?3, ?4, ?5) RETURNING id",
        &[account.into(), user.into(), Param::Bytes(&hash(token)), Param::Text(label), Param::Int(now.0)],
    )
}

/// The tokens of an account, oldest first.
pub fn list(db: &mut Db, account: AccountId) -> Result<Vec<ListedToken>, Error> {
    db.all(
        "SELECT k.id, k.user_id, u.email_address, k.label, k.created_at, k.revoked_at \
         FROM access_tokens k JOIN users u ON u.id = k.user_id WHERE k.account_id = ?1 ORDER BY k.id",
        &[account.into()],
        |row| {
            Ok(ListedToken {
                id: row.id(0)?,
                user_id: row.id(1)?,
                email_address: row.text(2)?.to_owned(),
                label: row.text(3)?.to_owned(),
                created_at: Timestamp(row.int(4)?),
                revoked_at: row.maybe_int(5)?.map(Timestamp),
            })
        },
    )
}

/// Revokes a token and returns its account; `None` if there is no valid token with this id.
pub fn revoke(db: &mut Db, id: TokenId, now: Timestamp) -> Result<Option<AccountId>, Error> {
    let sql = "SELECT account_id FROM access_tokens WHERE id = ?1 AND revoked_at IS NULL";
    let Some(account) = db.maybe(sql, &[id.into()], |row| row.id(0))? else {
        return Ok(None);
    };
    expect_change(db, account)?;
    let sql = "UPDATE access_tokens SET revoked_at = ?2 WHERE id = ?1 AND revoked_at IS NULL";
    let revoked = db.exec(sql, &[id.into(), Param::Int(now.0)])?;
    Ok((revoked > 0).then_some(account))
}

/// Revokes the tokens and grants of a user or an application, which their rows name in this column.
pub fn revoke_all<const KIND: char>(
    db: &mut Db,
    account: AccountId,
    column: &str,
    id: Id<KIND>,
    now: Timestamp,
) -> Result<(), Error> {
    expect_change(db, account)?;
    // Grants first: a renewal locks its grant, so no new token can appear after this statement.
    for table in ["grants", "access_tokens"] {
        let sql = format!("UPDATE {table} SET revoked_at = ?2 WHERE {column} = ?1 AND revoked_at IS NULL");
        db.exec(&sql, &[id.into(), Param::Int(now.0)])?;
    }
    Ok(())
}

/// Ends a user's access for good: tokens, the grants that would renew them, sessions, links and the password.
pub fn end_access(db: &mut Db, account: AccountId, user: UserId, now: Timestamp) -> Result<(), Error> {
    revoke_all(db, account, "user_id", user, now)?;
    for sql in [
        "DELETE FROM sessions WHERE user_id = ?1",
        "DELETE FROM sign_in_links WHERE user_id = ?1",
        "DELETE FROM passwords WHERE user_id = ?1",
    ] {
        db.exec(sql, &[user.into()])?;
    }
    Ok(())
}

#[derive(Default)]
pub struct Callers(RwLock<CachedCallers>);

#[derive(Default)]
struct CachedCallers {
    /// Counts how often the cache was emptied: a look-up that began before must not bring the old answer back.
    generation: u64,
    /// Each with the time since it was found.
    callers: HashMap<TokenHash, (Arc<Caller>, Stopwatch)>,
}

impl Callers {
    /// The caller of a token; `None` if the token is unknown or revoked, or its user no active member.
    pub async fn find(&self, store: &Store, hash: TokenHash) -> Result<Option<Arc<Caller>>, Error> {
        let generation = match self.recall(&hash) {
            Ok(caller) => return Ok(Some(caller)),
            Err(generation) => generation,
        };
        let found = store.read(move |db| look_up(db, &hash)).await?.map(Arc::new);
        if let Some(caller) = &found {
            self.remember(hash, caller, generation);
        }
        Ok(found)
    }

    /// The caller of a token as it is now.
    pub async fn find_anew(&self, store: &Store, hash: TokenHash) -> Result<Option<Arc<Caller>>, Error> {
        self.forget();
        self.find(store, hash).await
    }

    /// To be called after a change to a token, membership or account was committed.
    pub fn forget(&self) {
        let mut cache = self.0.write();
        cache.generation += 1;
        cache.callers.clear();
    }

    pub fn forget_after_commit(self: &Arc<Self>, db: &mut Db) {
        let callers = Arc::clone(self);
        db.after_commit(move || callers.forget());
    }

    /// The caller of a token, or the generation in which it is unknown.
    fn recall(&self, hash: &TokenHash) -> Result<Arc<Caller>, u64> {
        let cache = self.0.read();
        let remembered = cache.callers.get(hash).filter(|(_, since)| since.elapsed() < CACHED_FOR);
        remembered.map(|(caller, _)| Arc::clone(caller)).ok_or(cache.generation)
    }

    fn remember(&self, hash: TokenHash, caller: &Arc<Caller>, generation: u64) {
        let mut cache = self.0.write();
        if cache.generation != generation {
            return;
        }
        if cache.callers.len() >= MOST_CALLERS {
            cache.callers.clear();
        }
        cache.callers.insert(hash, (Arc::clone(caller), Stopwatch::start()));
    }
}

/// How a write takes its turn among the writes of its account. On PostgreSQL, where several threads write at once,
/// turns put a caller's writes and the changes that end the caller's authority in order.
///
/// The alternative, a lock on the rows of token and membership, would cost every write two more writes; and a caller
/// who keeps writing could keep such rows locked, so nobody could ever disable that caller. Turns are served in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// Beside other writes.
    Shared,
    /// Alone: it changes what a member may do. It waits for the writes before it, and those after it see the change.
    Alone,
}

/// Requires, in the transaction of a write, that the caller is still what it was when it was looked up: the token
/// valid, the membership active and allowed to log in, the permission the same. A person without a token is identified
/// by the write itself.
pub fn require_unchanged(db: &mut Db, caller: &Caller, turn: Turn) -> Result<(), Error> {
    let Identity::Member { token_id, permission, .. } = caller.identity else { return Ok(()) };
    match turn {
        Turn::Shared => db.share_turn(caller.account_id.get())?,
        Turn::Alone => expect_change(db, caller.account_id)?,
    }
    db.require(
        "SELECT 1 FROM access_tokens k JOIN account_memberships m ON m.user_id = k.user_id \
         JOIN accounts a ON a.id = k.account_id WHERE k.id = ?1 AND k.revoked_at IS NULL \
         AND m.disabled_at IS NULL AND m.can_log_in = 1 AND m.permission = ?2 AND a.canceled_at IS NULL",
        &[token_id.into(), permission.into()],
    )
}

/// Takes the turn for a change of what members of an account may do. Whatever makes such a change calls this in its
/// transaction: no write that relied on the old state commits after it. It comes before the change locks a row that
/// other writes lock, too, or the two may wait for each other.
pub fn expect_change(db: &mut Db, account: AccountId) -> Result<(), Error> {
    db.take_turn(account.get())
}

fn look_up(db: &mut Db, hash: &TokenHash) -> Result<Option<Caller>, Error> {
    db.maybe(
        "SELECT k.id, k.account_id, k.user_id, m.permission, a.canceled_at FROM access_tokens k \
         JOIN account_memberships m ON m.user_id = k.user_id JOIN accounts a ON a.id = k.account_id \
         WHERE k.token_hash = ?1 AND k.revoked_at IS NULL AND m.disabled_at IS NULL \
         AND m.can_log_in = 1",
        &[Param::Bytes(hash)],
        |row| {
            let permission: Permission = row.text(3)?.parse()?;
            Ok(Caller {
                account_id: row.id(1)?,
                identity: Identity::Member { user_id: row.id(2)?, token_id: row.id(0)?, permission },
                level: permission.level(),
                is_account_canceled: row.maybe_int(4)?.is_some(),
            })
        },
    )
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    #[test]
    fn a_token_has_256_bits_and_is_stored_only_as_its_hash() -> Result<(), NoEntropy> {
        let entropy = Entropy::seeded(1);
        let token = generate(&entropy, ACCESS_PREFIX)?;
        assert_eq!(token.expose_secret().len(), ACCESS_PREFIX.len() + 43);
        assert_ne!(hash(token.expose_secret()), hash(generate(&entropy, ACCESS_PREFIX)?.expose_secret()));
        assert!(!format!("{token:?}").contains(&token.expose_secret()[4..]));
        Ok(())
    }
}
