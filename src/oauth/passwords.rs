//! Passwords: how they are kept, set and checked.
//!
//! A password can be guessed, so its hash is made to be slow: Argon2id with 19 MiB, two passes and one lane, the first
//! choice of OWASP's list for a server. It is computed on threads that may block, few at a time, since each one takes its
//! memory.
//!
//! Invariant: a sign-in costs one computation whoever it is for. An address that is unknown, a member without a password
//! and a member who is disabled are compared with a hash that no password has.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use argon2::{Algorithm, Argon2, Params, Version};
use secrecy::{ExposeSecret as _, SecretString};
use subtle::ConstantTimeEq as _;
use tokio::sync::Semaphore;

use crate::clock::Timestamp;
use crate::engine::audit::{self, Actor, Attributes, Entry};
use crate::engine::error::Error;
use crate::entropy::Entropy;
use crate::ids::{AccountId, UserId};
use crate::oauth::{ACTIVE_MEMBER_JOINS, IS_ACTIVE, sessions};
use crate::store::{self, Db, Param};
use crate::wire::fold::fold;
use crate::wire::kind::Kind;

/// Fewest characters of a password.
const FEWEST_CHARACTERS: usize = 12;

/// Most bytes of a password: more protect nothing and cost time.
const MOST_BYTES: usize = 1_024;

/// Computations at a time.
const AT_ONCE: usize = 4;

/// What a computation costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Costs {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
}

/// The costs of new passwords.
const COSTS: Costs = Costs { memory_kib: 19 * 1_024, passes: 2, lanes: 1 };

/// A password as it is stored.
pub struct Hashed {
    salt: Vec<u8>,
    hash: Vec<u8>,
    costs: Costs,
}

impl Hashed {
    /// Hashes a new password, or says what is wrong with it. This takes a while.
    pub fn new(password: &SecretString, entropy: &Entropy) -> Result<Self, Error> {
        let text = password.expose_secret();
        if text.chars().count() < FEWEST_CHARACTERS {
            return Err(Error::Syntax(format!("A password has at least {FEWEST_CHARACTERS} characters.")));
        }
        if text.len() > MOST_BYTES {
            return Err(Error::Syntax(format!("A password has at most {MOST_BYTES} bytes.")));
        }
        let salt = entropy.bytes()?.to_vec();
        let hash = compute(password, &salt, COSTS)?.to_vec();
        Ok(Self { salt, hash, costs: COSTS })
    }

    /// What takes as long as a stored password, and is none.
    fn nobodys() -> Self {
        Self { salt: vec![0; 32], hash: vec![0; 32], costs: COSTS }
    }

    /// Whether this is the password. This takes a while.
    fn is_of(&self, password: &SecretString) -> Result<bool, Error> {
        // One that is too long was never set. Its length is the sender's own, so that time may tell of it.
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

/// Stores the password of a user, and ends every session and link of that user: whoever knew the old one is out.
pub fn set(
    db: &mut Db,
    account_id: AccountId,
    user_id: UserId,
    hashed: &Hashed,
    actor: Actor<'_>,
    now: Timestamp,
) -> Result<(), store::Error> {
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
    sessions::end_all(db, user_id)?;
    db.exec("DELETE FROM sign_in_links WHERE user_id = ?1", &[user_id.into()])?;
    let after = Attributes::of_cells([("user_id", Kind::Id("users"), user_id.into())]);
    let entry = Entry {
        account_id,
        occurred_at: now,
        actor,
        action: "password.set",
        subject: ("users", user_id.record()),
        before: None,
        after: Some(&after),
    };
    audit::write(db, &entry)
}

/// Gives a user the password of another one: of the same person, who moves from one account to another.
pub fn take_along(db: &mut Db, from: UserId, to: UserId) -> Result<(), store::Error> {
    db.exec(
        "INSERT INTO passwords (user_id, salt, hash, memory_kib, passes, lanes, changed_at) \
         SELECT CAST(?2 AS BIGINT), salt, hash, memory_kib, passes, lanes, changed_at FROM passwords WHERE user_id = ?1 \
         ON CONFLICT (user_id) DO NOTHING",
        &[from.into(), to.into()],
    )?;
    Ok(())
}

/// Somebody who wants to sign in: the user, if there is one who may, and what the password is compared with.
pub struct Candidate {
    user_id: Option<UserId>,
    hashed: Hashed,
}

/// Whom an address stands for within an account.
pub fn candidate(db: &mut Db, account_id: AccountId, email_address: &str) -> Result<Candidate, store::Error> {
    let sql = format!(
        "SELECT u.id, p.salt, p.hash, p.memory_kib, p.passes, p.lanes FROM users u {ACTIVE_MEMBER_JOINS} \
         JOIN passwords p ON p.user_id = u.id WHERE u.account_id = ?1 AND u.email_key = ?2 AND {IS_ACTIVE}"
    );
    let cost = |number: i64| {
        u32::try_from(number).map_err(|_| store::Error::Data(format!("{number} is no cost of a password")))
    };
    let nobody = || Candidate { user_id: None, hashed: Hashed::nobodys() };
    let email_key = fold(email_address.trim());
    // No stored text has a NUL, and PostgreSQL cannot even compare one.
    if email_key.contains('\0') {
        return Ok(nobody());
    }
    let found = db.maybe(&sql, &[account_id.into(), Param::Text(&email_key)], |row| {
        let costs = Costs { memory_kib: cost(row.int(3)?)?, passes: cost(row.int(4)?)?, lanes: cost(row.int(5)?)? };
        let hashed = Hashed { salt: row.bytes(1)?.to_vec(), hash: row.bytes(2)?.to_vec(), costs };
        Ok(Candidate { user_id: Some(row.id(0)?), hashed })
    })?;
    Ok(found.unwrap_or_else(nobody))
}

/// Where passwords are checked, a few at a time.
pub struct Checks {
    permits: Arc<Semaphore>,
    made: AtomicU64,
}

impl Default for Checks {
    fn default() -> Self {
        Self { permits: Arc::new(Semaphore::new(AT_ONCE)), made: AtomicU64::new(0) }
    }
}

impl Checks {
    /// Computations since the start, which are the server's dearest work.
    pub fn made(&self) -> u64 {
        self.made.load(Ordering::Relaxed)
    }

    /// Hashes a new password, or says what is wrong with it.
    pub async fn hash(&self, password: SecretString, entropy: Arc<Entropy>) -> Result<Hashed, Error> {
        self.compute(move || Hashed::new(&password, &entropy)).await
    }

    /// The user whose password this is; `None` for everybody else, after the same work.
    pub async fn user_of(&self, candidate: Candidate, password: SecretString) -> Result<Option<UserId>, Error> {
        self.compute(move || candidate.hashed.is_of(&password).map(|is_same| candidate.user_id.filter(|_| is_same)))
            .await
    }

    async fn compute<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let stopped = || Error::Unavailable("passwords are no longer computed".to_owned());
        let permit = Arc::clone(&self.permits).acquire_owned().await.map_err(|_| stopped())?;
        self.made.fetch_add(1, Ordering::Relaxed);
        let computed = tokio::task::spawn_blocking(move || {
            // The permit goes along: a client that hangs up must not make room for another computation.
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
    fn only_the_password_itself_fits_its_hash() -> Result<(), Error> {
        let hashed = Hashed::new(&secret("correct horse battery"), &Entropy::seeded(1))?;
        assert!(hashed.is_of(&secret("correct horse battery"))?);
        for other in ["correct horse batter", "Correct horse battery", "", &"x".repeat(MOST_BYTES + 1)] {
            assert!(!hashed.is_of(&secret(other))?, "{other}");
        }
        assert!(!Hashed::nobodys().is_of(&secret(""))?);
        Ok(())
    }

    #[test]
    fn a_password_that_is_too_short_or_too_long_is_refused() {
        let entropy = Entropy::seeded(1);
        for password in ["", "eleven char", &"é".repeat(600)] {
            assert!(Hashed::new(&secret(password), &entropy).is_err(), "{password}");
        }
    }

    #[test]
    fn equal_passwords_have_different_hashes() -> Result<(), Error> {
        let entropy = Entropy::seeded(1);
        let one = Hashed::new(&secret("correct horse battery"), &entropy)?;
        let other = Hashed::new(&secret("correct horse battery"), &entropy)?;
        assert_ne!(one.hash, other.hash);
        Ok(())
    }
}
