//! One-time links: how somebody signs in who has no password.
//!
//! Mail scanners open every link that they see, so opening one has no effect; the page behind it has a button, and only
//! that uses the link up.

use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};

use crate::clock::Timestamp;
use crate::engine::audit::{self, Actor, Attributes, Entry};
use crate::engine::error::Error;
use crate::engine::tokens;
use crate::entropy::Entropy;
use crate::ids::{AccountId, RecordId, UserId};
use crate::store::{self, Db, Param};
use crate::wire::kind::Kind;

/// Prefix of the secrets in links.
const LINK_PREFIX: &str = "inl_";

/// How long a link works.
pub const LIFETIME: Duration = Duration::from_secs(15 * 60);

/// Makes a link for a user and returns the secret in it, for the only time.
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
    let after = Attributes::of_cells([("user_id", Kind::Id("users"), user_id.into())]);
    let entry = Entry {
        account_id,
        occurred_at: now,
        actor: Actor::OPERATOR,
        action: "sign_in_link.create",
        subject: ("sign_in_links", id),
        before: None,
        after: Some(&after),
    };
    audit::write(db, &entry)?;
    Ok(token)
}

/// Uses a link up and returns its user; `None` when it is unknown, expired or used already.
pub fn redeem(db: &mut Db, token: &str, now: Timestamp) -> Result<Option<UserId>, store::Error> {
    let sql = "UPDATE sign_in_links SET used_at = ?2 WHERE token_hash = ?1 AND used_at IS NULL AND expires_at > ?2 \
               RETURNING user_id";
    db.maybe(sql, &[Param::Bytes(&tokens::hash(token)), Param::Int(now.0)], |row| row.id(0))
}
