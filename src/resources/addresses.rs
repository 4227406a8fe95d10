//! Addresses: which of them are proven, and how a changed one is confirmed.
//!
//! Anyone may write any address into their own account. So an address counts beyond that account only if it is
//! proven: its owner has answered a mailed link, or the operator vouches for it. A changed address is shown at once, as
//! with the vendor, but proves nothing until the link in a mail to it is answered; the former address, if it was
//! proven, gets a notice. An unproven address blocks no other account.
//!
//! Rejected: showing the old address until the new one is confirmed. Clients of the vendor read back what they wrote.
//!
//! Invariants. A link proves only the address that it was mailed to. Opening one changes nothing: scanners do that.

use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};

use crate::clock::Timestamp;
use crate::engine::audit::{Actor, AuditEntry};
use crate::engine::context::Context;
use crate::engine::error::Error;
use crate::engine::tokens;
use crate::entropy::Entropy;
use crate::ids::{AccountId, UserId};
use crate::mail::{Topic, outbox};
use crate::resources::people::Keys;
use crate::resources::{email_address, users};
use crate::store::{self, Db, Param, Row};
use crate::wire::fold::fold;
use crate::wire::kind::{Cell, Kind};

/// The path of a confirmation link's page, before the token.
pub const PATH: &str = "/addresses/";

const PREFIX: &str = "adr_";

pub const LIFETIME: Duration = Duration::from_secs(7 * 86_400);

/// A user and the address that they are said to have.
#[derive(Clone, Debug)]
pub struct Claim {
    pub user_id: UserId,
    pub account_id: AccountId,
    pub account_name: String,
    /// The account's language, if it has set one.
    pub language: Option<String>,
    pub full_name: String,
    pub email_address: String,
    email_key: String,
}

const COLUMNS: &str = "u.id, u.account_id, a.name, a.language, u.full_name, u.email_address, u.email_key";

/// Users of accounts that are not cancelled.
const USERS: &str = "users u JOIN accounts a ON a.id = u.account_id AND a.canceled_at IS NULL";

fn read(row: &Row<'_>) -> Result<Claim, store::Error> {
    Ok(Claim {
        user_id: row.id(0)?,
        account_id: row.id(1)?,
        account_name: row.text(2)?.to_owned(),
        language: row.maybe_text(3)?.map(str::to_owned),
        full_name: row.text(4)?.to_owned(),
        email_address: row.text(5)?.to_owned(),
        email_key: row.text(6)?.to_owned(),
    })
}

/// The effects of a change of address, before the new one is written. A change of letter case is none. Taking a change
/// back makes the former address as proven as it was.
pub fn note_change(db: &mut Db, context: &Context, user: UserId, [before, after]: [&str; 2]) -> Result<(), Error> {
    let [former_key, new_key] = [fold(before), fold(after)];
    if former_key == new_key {
        return Ok(());
    }
    let (account, now) = (context.caller.account_id, context.now);
    outbox::cancel_confirmations(db, user, now)?;
    if take_back(db, user, &new_key)? {
        return Ok(());
    }
    // Of several changes in a row, the first former address is kept: the others were never confirmed.
    db.exec(
        "INSERT INTO address_changes (user_id, former_address, former_key, former_proven_at, changed_at) \
         SELECT id, email_address, email_key, address_proven_at, CAST(?2 AS BIGINT) FROM users WHERE id = ?1 \
         ON CONFLICT (user_id) DO UPDATE SET changed_at = excluded.changed_at",
        &[user.into(), Param::Int(now.0)],
    )?;
    end_links(db, user)?;
    let unproven = "UPDATE users SET address_proven_at = NULL WHERE id = ?1 AND address_proven_at IS NOT NULL";
    let was_proven = db.exec(unproven, &[user.into()])? > 0;
    // Once a day is enough: whoever changes an address to and fro must not flood its owner with notices.
    let is_news = was_proven && !outbox::is_told(db, user, &former_key, now)?;
    context.take_mails(1 + usize::from(is_news))?;
    let mut queue =
        |topic, recipient: &str| outbox::enqueue(db, &context.outbox, &context.entropy, account, topic, recipient, now);
    queue(Topic::AddressConfirmation(user), after)?;
    if is_news {
        queue(Topic::AddressNotice(user), before)?;
    }
    Ok(())
}

/// Ends an unconfirmed change if the new address is the one before it, which is then as proven as it was.
fn take_back(db: &mut Db, user: UserId, new_key: &str) -> Result<bool, Error> {
    let sql = "DELETE FROM address_changes WHERE user_id = ?1 AND former_key = ?2 RETURNING former_proven_at";
    let proven_at = db.maybe(sql, &[user.into(), Param::Text(new_key)], |row| row.maybe_int(0))?;
    let Some(proven_at) = proven_at else { return Ok(false) };
    end_links(db, user)?;
    db.exec("UPDATE users SET address_proven_at = ?2 WHERE id = ?1", &[user.into(), proven_at.into()])?;
    Ok(true)
}

/// Records that a user holds this address; `false` if it is no longer the user's address, or proven already.
pub fn prove(db: &mut Db, user: UserId, email_key: &str, now: Timestamp) -> Result<bool, store::Error> {
    let sql = "UPDATE users SET address_proven_at = ?3 WHERE id = ?1 AND email_key = ?2 AND address_proven_at IS NULL";
    let is_new = db.exec(sql, &[user.into(), Param::Text(email_key), Param::Int(now.0)])? > 0;
    if is_new {
        forget(db, user)?;
    }
    Ok(is_new)
}

/// Forgets a change of address and its links.
pub fn forget(db: &mut Db, user: UserId) -> Result<(), store::Error> {
    db.exec("DELETE FROM address_changes WHERE user_id = ?1", &[user.into()])?;
    end_links(db, user)
}

fn end_links(db: &mut Db, user: UserId) -> Result<(), store::Error> {
    db.exec("DELETE FROM address_links WHERE user_id = ?1", &[user.into()]).map(drop)
}

/// Makes a link that confirms the address of a claim, and returns its token.
pub fn create_link(db: &mut Db, entropy: &Entropy, claim: &Claim, now: Timestamp) -> Result<SecretString, Error> {
    let token = tokens::generate(entropy, PREFIX)?;
    db.exec(
        "INSERT INTO address_links (user_id, email_key, token_hash, expires_at, created_at) \
         VALUES (?1, ?2, ?3, ?4, ?5)",
        &[
            claim.user_id.into(),
            Param::Text(&claim.email_key),
            Param::Bytes(&tokens::hash(token.expose_secret())),
            Param::Int(now.plus(LIFETIME).0),
            Param::Int(now.0),
        ],
    )?;
    Ok(token)
}

/// The URL of a link's page. Its base comes from the settings, never from a request.
pub fn link(base_url: &str, token: &SecretString) -> SecretString {
    SecretString::from(format!("{base_url}{PATH}{}", token.expose_secret()))
}

/// The user's claim to this address, for the mail about it; `None` if it is proven or was given up.
pub fn open_claim(db: &mut Db, user: UserId, email_address: &str) -> Result<Option<Claim>, store::Error> {
    let sql =
        format!("SELECT {COLUMNS} FROM {USERS} WHERE u.id = ?1 AND u.email_key = ?2 AND u.address_proven_at IS NULL");
    db.maybe(&sql, &[user.into(), Param::Text(&fold(email_address))], read)
}

/// The user whose address was changed, for the notice to the former one; `None` if the change was taken back.
pub fn changed(db: &mut Db, user: UserId, former_address: &str) -> Result<Option<Claim>, store::Error> {
    let sql = format!("SELECT {COLUMNS} FROM {USERS} WHERE u.id = ?1 AND u.email_key <> ?2");
    db.maybe(&sql, &[user.into(), Param::Text(&fold(former_address))], read)
}

/// What the holder of a link is asked to confirm. Changes nothing.
pub fn look(db: &mut Db, token: &str, now: Timestamp) -> Result<Claim, Error> {
    let sql = format!(
        "SELECT {COLUMNS} FROM {USERS} JOIN address_links l ON l.user_id = u.id AND l.email_key = u.email_key \
         WHERE l.token_hash = ?1 AND l.expires_at > ?2 AND u.address_proven_at IS NULL"
    );
    db.maybe(&sql, &[Param::Bytes(&tokens::hash(token)), Param::Int(now.0)], read)?.ok_or(Error::NotFound)
}

/// Confirms an address for the holder of a link. Of concurrent confirmations one succeeds.
pub fn confirm(db: &mut Db, context: &Context, token: &str) -> Result<Claim, Error> {
    let claim = look(db, token, context.now)?;
    if !prove(db, claim.user_id, &claim.email_key, context.now)? {
        return Err(Error::NotFound);
    }
    note_proof(db, &claim, Actor::user(claim.user_id, context.request_id.as_deref()), context.now)?;
    Ok(claim)
}

/// The operator vouches for the address of a user; `false` if it was proven already.
pub fn vouch(db: &mut Db, account: AccountId, user: UserId, now: Timestamp) -> Result<bool, Error> {
    let sql = format!("SELECT {COLUMNS} FROM {USERS} WHERE u.account_id = ?1 AND u.id = ?2");
    let claim = db.maybe(&sql, &[account.into(), user.into()], read)?.ok_or(Error::NotFound)?;
    let is_new = prove(db, user, &claim.email_key, now)?;
    if is_new {
        note_proof(db, &claim, Actor::OPERATOR, now)?;
    }
    Ok(is_new)
}

fn note_proof(db: &mut Db, claim: &Claim, actor: Actor<'_>, now: Timestamp) -> Result<(), store::Error> {
    AuditEntry::new(claim.account_id, now, "user.confirm_address", "users", claim.user_id)
        .by(actor)
        .after([("email_address", Kind::Email, Cell::Text(&claim.email_address))])
        .write(db)
}

/// Takes an address from a former member who never confirmed it: otherwise the next person with this address would be
/// taken for that member. The former member gets back the address from before the change, unless another user has it by
/// now. Returns whether the address is free.
pub fn release(db: &mut Db, context: &Context, user: UserId) -> Result<bool, Error> {
    let (account, now) = (context.caller.account_id, context.now);
    let sql = "DELETE FROM address_changes WHERE user_id = ?1 RETURNING former_address, former_proven_at";
    let former = db.maybe(sql, &[user.into()], |row| Ok((row.text(0)?.to_owned(), row.maybe_int(1)?)))?;
    let Some((former, proven_at)) = former else { return Ok(false) };
    let taken = "SELECT 1 FROM users WHERE account_id = ?1 AND email_key = ?2 AND id <> ?3";
    let is_taken = db.exists(taken, &[account.into(), Param::Text(&fold(&former)), user.into()])?;
    let (address, proven_at) =
        if is_taken { (format!("former-{user}@former.invalid"), None) } else { (former, proven_at) };
    let names = "SELECT full_name, email_address FROM users WHERE account_id = ?1 AND id = ?2";
    let (full_name, unproven) =
        db.one(names, &[account.into(), user.into()], |row| Ok((row.text(0)?.to_owned(), row.text(1)?.to_owned())))?;
    let keys = Keys::of(&full_name, &address);
    let taken_meanwhile = || Error::Unavailable("another write took an address in the same moment".to_owned());
    db.exec(
        "UPDATE users SET email_address = ?3, email_key = ?4, search_key = ?5, address_proven_at = ?6, updated_at = ?7 \
         WHERE account_id = ?1 AND id = ?2",
        &[
            account.into(),
            user.into(),
            Param::Text(&address),
            Param::Text(&keys.email),
            Param::Text(&keys.search),
            proven_at.into(),
            Param::Int(now.0),
        ],
    )
    // Another write has taken the former address since it was looked for. A second attempt finds it taken.
    .map_err(|error| error.on_constraint(users::ADDRESS, taken_meanwhile))?;
    end_links(db, user)?;
    let caller = &context.caller;
    let request_id = context.request_id.as_deref();
    let actor = Actor { user_id: caller.user_id(), token_id: caller.token_id(), request_id };
    let change = [Cell::Text(&unproven), Cell::Text(&address)];
    AuditEntry::new(account, now, "user.release_address", "users", user)
        .by(actor)
        .event("user:updated")
        .change("email_address", Kind::Email, change)
        .write(db)?;
    AuditEntry::about(account, now, &email_address::RESOURCE, "update", user.record())
        .by(actor)
        .change("email_address", Kind::Email, change)
        .write(db)?;
    Ok(true)
}
