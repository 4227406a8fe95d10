//! Passwords.
//!
//! Passwords can be guessed, so their hash is slow: Argon2id with 19 MiB, two passes and one lane, the first choice of
//! OWASP's list. It is computed on blocking threads, few at a time because of the memory.
//!
//! Invariant: every sign-in costs one computation. An unknown address, a member without a password and a disabled
//! member are compared with a hash that no password has.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use argon2::{Algorithm, Argon2, Params, Version};
use secrecy::{ExposeSecret as _, SecretString};
use subtle::ConstantTimeEq as _;
use tokio::sync::Semaphore;

use crate::clock::Timestamp;
use crate::engine::audit::{Actor, AuditEntry};
use crate::engine::error::Error;
use crate::engine::tokens;
use crate::entropy::Entropy;
use crate::ids::{AccountId, UserId};
use crate::oauth::{ACTIVE_MEMBER_JOINS, IS_ACTIVE, grants};
use crate::store::{self, Db, Param};
use crate::wire::fold::fold;
use crate::wire::kind::Kind;

const FEWEST_CHARACTERS: usize = 12;

/// More bytes protect nothing and cost time.
const MOST_BYTES: usize = 1_024;

const AT_ONCE: usize = 4;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Costs {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
}

const COSTS: Costs = Costs { memory_kib: 19 * 1_024, passes: 2, lanes: 1 };

pub struct HashedPassword {
    salt: Vec<u8>,
    hash: Vec<u8>,
    costs: Costs,
}

impl HashedPassword {
    /// Refuses what is too short or too long for a password.
    pub fn require_possible(password: &SecretString) -> Result<(), Error> {
        let text = password.expose_secret();
        if text.chars().count() < FEWEST_CHARACTERS {
            return Err(Error::Syntax(format!("A password has at least {FEWEST_CHARACTERS} characters.")));
        }
        if text.len() > MOST_BYTES {
            return Err(Error::Syntax(format!("A password has at most {MOST_BYTES} bytes.")));
        }
        Ok(())
    }

    /// Hashes a new password, or refuses it. Slow.
    pub fn new(password: &SecretString, entropy: &Entropy) -> Result<Self, Error> {
        Self::require_possible(password)?;
        let salt = entropy.bytes()?.to_vec();
        let hash = compute(password, &salt, COSTS)?.to_vec();
        Ok(Self { salt, hash, costs: COSTS })
    }

    /// Takes as long to check as a stored password, and matches none.
    fn matching_none() -> Self {
        Self { salt: vec![0; 32], hash: vec![0; 32], costs: COSTS }
    }

    /// Slow.
    fn is_of(&self, password: &SecretString) -> Result<bool, Error> {
        // A longer one was never set. Timing may reveal its length, which the sender knows.
        let is_possible = password.expose_secret().len() <= MOST_BYTES;
        let none = SecretString::from(String::new());
        let computed = compute(if is_possible { password } else { &none }, &self.salt, self.costs)?;
        let is_same: bool = computed.ct_eq(self.hash.as_slice()).into();
        Ok(is_same && is_possible)
    }
}

fn compute(password: &SecretString, salt: &[u8], costs: Costs) -> Result<[u8; 32], Error> {
    let failed = |cause: argon2::Error| Error::Internal(format!("a password could not be hashed: {cause}"));
    let params = Params::new(costs.memory_kib, costs.passes, costs.lanes, Some(32)).map_err(failed)?;
    let mut hash = [0; 32];
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(password.expose_secret().as_bytes(), salt, &mut hash)
        .map_err(failed)?;
    Ok(hash)
}

/// What a new password does to the applications that the member has allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grants {
    /// The old password may have been known to others, who allowed them.
    End,
    Keep,
}

/// Stores the password of a user, and ends what the old one began: sessions, links and, unless kept, grants with all
/// their tokens.
pub fn set(
    db: &mut Db,
    account_id: AccountId,
    user_id: UserId,
    hashed: &HashedPassword,
    old_grants: Grants,
    actor: Actor<'_>,
    now: Timestamp,
) -> Result<(), store::Error> {
    if old_grants == Grants::End {
        tokens::expect_change(db, account_id)?;
    }
    db.exec(
        "INSERT INTO passwords (user_id, salt, hash, memory_kib, passes, lanes, changed_at) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (user_id) DO UPDATE SET salt = excluded.salt, \
         hash = excluded.hash, memory_kib = excluded.memory_kib, passes = excluded.passes, lanes = excluded.lanes, \
         changed_at = excluded.changed_at",
        &[
            user_id.into(),
            Param::Bytes(&hashed.salt),
            Param::Bytes(&hashed.hash),
            Param::Int(hashed.costs.memory_kib.into()),
            Param::Int(hashed.costs.passes.into()),
            Param::Int(hashed.costs.lanes.into()),
            Param::Int(now.0),
        ],
    )?;
    for sql in ["DELETE FROM sessions WHERE user_id = ?1", "DELETE FROM sign_in_links WHERE user_id = ?1"] {
        db.exec(sql, &[user_id.into()])?;
    }
    if old_grants == Grants::End {
        grants::end_all(db, user_id, actor, now)?;
    }
    AuditEntry::new(account_id, now, "password.set", "users", user_id)
        .by(actor)
        .after([("user_id", Kind::Id("users"), user_id.into())])
        .write(db)
}

/// Copies the password of a person who moves to this account.
pub fn take_along(
    db: &mut Db,
    from: UserId,
    account_id: AccountId,
    to: UserId,
    actor: Actor<'_>,
    now: Timestamp,
) -> Result<(), store::Error> {
    let copied = db.exec(
        "INSERT INTO passwords (user_id, salt, hash, memory_kib, passes, lanes, changed_at) \
         SELECT CAST(?2 AS BIGINT), salt, hash, memory_kib, passes, lanes, changed_at FROM passwords \
         WHERE user_id = ?1 ON CONFLICT (user_id) DO NOTHING",
        &[from.into(), to.into()],
    )?;
    if copied == 0 {
        return Ok(());
    }
    AuditEntry::new(account_id, now, "password.take_along", "users", to)
        .by(actor)
        .after([("user_id", Kind::Id("users"), to.into()), ("from_user_id", Kind::Id("users"), from.into())])
        .write(db)
}

/// The user who may sign in, if there is one, and the hash to compare with.
pub struct Candidate {
    user_id: Option<UserId>,
    hashed: HashedPassword,
}

/// The user who signs in with this address: in the given account; or, without one, in any where the address is proven.
/// Of several, the one with the newest password.
pub fn candidate(db: &mut Db, account_id: Option<AccountId>, email_address: &str) -> Result<Candidate, store::Error> {
    let unknown = || Candidate { user_id: None, hashed: HashedPassword::matching_none() };
    let email_key = fold(email_address.trim());
    // No stored text has a NUL, and PostgreSQL cannot even compare one.
    if email_key.contains('\0') {
        return Ok(unknown());
    }
    let mut params = vec![Param::Text(&email_key)];
    params.extend(account_id.map(Param::from));
    let whose = if account_id.is_some() { "u.account_id = ?2" } else { "u.address_proven_at IS NOT NULL" };
    let sql = format!(
        "SELECT u.id, p.salt, p.hash, p.memory_kib, p.passes, p.lanes FROM users u {ACTIVE_MEMBER_JOINS} \
         JOIN passwords p ON p.user_id = u.id WHERE u.email_key = ?1 AND {whose} AND u.is_active = 1 AND {IS_ACTIVE} \
         ORDER BY p.changed_at DESC, u.id DESC LIMIT 1"
    );
    let cost = |number: i64| {
        u32::try_from(number).map_err(|_| store::Error::Data(format!("{number} is no cost of a password")))
    };
    let found = db.maybe(&sql, &params, |row| {
        let costs = Costs { memory_kib: cost(row.int(3)?)?, passes: cost(row.int(4)?)?, lanes: cost(row.int(5)?)? };
        let hashed = HashedPassword { salt: row.bytes(1)?.to_vec(), hash: row.bytes(2)?.to_vec(), costs };
        Ok(Candidate { user_id: Some(row.id(0)?), hashed })
    })?;
    Ok(found.unwrap_or_else(unknown))
}

impl Candidate {
    pub fn user_id(&self) -> Option<UserId> {
        self.user_id
    }
}

/// Proof that a user's password was entered; it holds until the password changes.
pub struct Proof {
    user_id: UserId,
    /// Every new password gets another one.
    salt: Vec<u8>,
}

impl Proof {
    /// The user, unless the password has changed since. It cannot change before the transaction ends.
    pub fn user(&self, db: &mut Db) -> Result<Option<UserId>, store::Error> {
        let lock = db.dialect().for_share();
        let sql = format!("SELECT user_id FROM passwords WHERE user_id = ?1 AND salt = ?2{lock}");
        db.maybe(&sql, &[self.user_id.into(), Param::Bytes(&self.salt)], |row| row.id(0))
    }
}

/// Hashes and checks passwords, a few at a time.
pub struct PasswordChecks {
    permits: Arc<Semaphore>,
    made: AtomicU64,
}

impl Default for PasswordChecks {
    fn default() -> Self {
        Self { permits: Arc::new(Semaphore::new(AT_ONCE)), made: AtomicU64::new(0) }
    }
}

impl PasswordChecks {
    /// Computations since the start.
    pub fn made(&self) -> u64 {
        self.made.load(Ordering::Relaxed)
    }

    pub async fn hash(&self, password: SecretString, entropy: Arc<Entropy>) -> Result<HashedPassword, Error> {
        self.compute(move || HashedPassword::new(&password, &entropy)).await
    }

    /// The proof, if the password is right.
    pub async fn prove(&self, candidate: Candidate, password: SecretString) -> Result<Option<Proof>, Error> {
        let prove = move || {
            let is_same = candidate.hashed.is_of(&password)?;
            let user_id = candidate.user_id.filter(|_| is_same);
            Ok(user_id.map(|user_id| Proof { user_id, salt: candidate.hashed.salt }))
        };
        self.compute(prove).await
    }

    async fn compute<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let stopped = || Error::Unavailable("passwords are no longer computed".to_owned());
        let permit = Arc::clone(&self.permits).acquire_owned().await.map_err(|_| stopped())?;
        self.made.fetch_add(1, Ordering::Relaxed);
        let computed = tokio::task::spawn_blocking(move || {
            // Held here: a client that hangs up must not make room for another computation.
            let _permit = permit;
            work()
        });
        computed.await.map_err(|_| stopped())?
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str) -> SecretString {
        SecretString::from(text.to_owned())
    }

    #[test]
    fn a_password_that_is_too_short_or_too_long_is_refused() {
        let entropy = Entropy::seeded(1);
        for password in ["", "eleven char", &"é".repeat(600)] {
            assert!(HashedPassword::new(&secret(password), &entropy).is_err(), "{password}");
        }
    }

    #[test]
    fn equal_passwords_have_different_hashes() -> Result<(), Error> {
        let entropy = Entropy::seeded(1);
        let one = HashedPassword::new(&secret("correct horse battery"), &entropy)?;
        let other = HashedPassword::new(&secret("correct horse battery"), &entropy)?;
        assert_ne!(one.hash, other.hash);
        Ok(())
    }

    #[test]
    fn only_the_password_itself_fits_its_hash() -> Result<(), Error> {
        let hashed = HashedPassword::new(&secret("correct horse battery"), &Entropy::seeded(1))?;
        assert!(hashed.is_of(&secret("correct horse battery"))?);
        for other in ["correct horse batter", "Correct horse battery", "", &"x".repeat(MOST_BYTES + 1)] {
            assert!(!hashed.is_of(&secret(other))?, "{other}");
        }
        assert!(!HashedPassword::matching_none().is_of(&secret(""))?);
        Ok(())
    }
}
