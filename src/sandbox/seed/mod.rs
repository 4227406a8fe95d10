//! Seeds: what a sandbox holds when it starts.
//!
//! A seed is a file, in YAML or JSON, and the standard one is such a file too: `standard.yaml`, beside this one. It is read in two
//! steps. `file` has the keys as they are written, each with its place; `check` judges what only makes sense together and gives
//! everything an id. What comes out is a [`Seed`]: plain rows, of which nothing can be wrong any more. `plant` writes it,
//! `generate` adds as many further rows as are asked for, and `schema` describes the format for editors.
//!
//! Moments are days before the start, so that the same seed is as fresh on every day. With a clock that is set and randomness that
//! is seeded, the same seed makes the same database.
//!
//! The tokens of a seed are in files that anybody may read. A database that holds them is therefore marked, so that nothing that a
//! team relies upon is ever served from it.

mod check;
mod crowd;
mod file;
pub mod generate;
mod make;
mod named;
mod plant;
mod references;
mod rows;
mod schema;
mod values;

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use serde_json::Value as Json;

use crate::clock::Timestamp;
use crate::engine::access::Permission;
use crate::engine::tokens;
use crate::language::Language;
use crate::oauth::passwords::HashedPassword;
use crate::store::{Db, Error, Param};
pub use file::Wrong;
use generate::Generated;
pub use plant::{Progress, plant, plant_with};
pub use schema::schema;
pub use values::read_start;

/// The standard seed as it is written.
pub const STANDARD: &str = include_str!("standard.yaml");

/// The name of the marker of a database that holds a seed.
const MARKER: &str = "sandbox";

/// A seed that was checked: everything has an id, and whatever it names is there.
#[derive(Clone, Default)]
pub struct Seed {
    /// When the sandbox starts; now without.
    pub now: Option<Timestamp>,
    /// Whether the clock stands still, where the seed says so.
    pub is_frozen: Option<bool>,
    accounts: Vec<Account>,
    /// Rows that are made up.
    generated: Option<Generated>,
}

#[derive(Clone)]
struct Account {
    id: i64,
    name: String,
    language: Option<Language>,
    seats: Option<i64>,
    created_days_ago: i64,
    roles: Vec<Role>,
    members: Vec<Member>,
    invitations: Vec<Invitation>,
    applications: Vec<Application>,
}

#[derive(Clone, Debug)]
struct Role {
    id: i64,
    name: String,
    created_days_ago: i64,
    deleted_days_ago: Option<i64>,
    external_references: Vec<Json>,
}

/// What a member has and an invitation promises.
#[derive(Clone, Debug, Default)]
struct Terms {
    permission: String,
    default_role_id: Option<i64>,
    bill_rate_in_cents: Option<i64>,
    cost_rate_in_cents: Option<i64>,
    billability_target: Option<i64>,
    default_read_only: bool,
}

#[derive(Clone, Debug)]
struct Person {
    user_id: i64,
    full_name: String,
    email_address: String,
    headline: Option<String>,
    external_references: Vec<Json>,
}

#[derive(Clone)]
struct Member {
    membership_id: i64,
    person: Person,
    terms: Terms,
    is_owner: bool,
    token: Option<String>,
    password: Option<Arc<HashedPassword>>,
    created_days_ago: i64,
    disabled_days_ago: Option<i64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Pending,
    Expired,
    Accepted,
    Declined,
}

/// Every state with its name.
const STATES: &[(State, &str)] = &[
    (State::Pending, "pending"),
    (State::Expired, "expired"),
    (State::Accepted, "accepted"),
    (State::Declined, "declined"),
];

#[derive(Clone, Debug)]
struct Invitation {
    id: i64,
    person: Person,
    terms: Terms,
    inviter_id: i64,
    state: State,
    created_days_ago: i64,
    /// The last day, counted from the start; as many days as the setting says without.
    expires_in_days: Option<i64>,
    answered_days_ago: i64,
    link_token: Option<String>,
}

#[derive(Clone, Debug)]
struct Application {
    name: String,
    client_id: String,
    secret: String,
    redirect_uris: Vec<String>,
    user_id: i64,
}

/// A token of a seed, as it is told to whoever starts the sandbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// What it is called: the part of its member's address before the `@`, or more of it where that is not enough.
    pub name: String,
    /// The token.
    pub token: String,
}

impl Seed {
    /// Reads a seed from a text in YAML or JSON, or says what is wrong with it.
    pub fn read(text: &str) -> Result<Self, Wrong> {
        check::seed(&file::parse(text)?)
    }

    /// The standard seed, which is read once.
    pub fn standard() -> Result<Arc<Self>, Wrong> {
        static READ: OnceLock<Result<Arc<Seed>, Wrong>> = OnceLock::new();
        READ.get_or_init(|| Self::read(STANDARD).map(Arc::new)).clone()
    }

    /// The same seed, with rows that are made up from a random seed.
    #[must_use]
    pub fn with(self, generated: Generated, random_seed: u64) -> Self {
        Self { generated: Some(generated.made_from(random_seed)), ..self }
    }

    /// How many rows are made up.
    pub fn generated_rows(&self) -> u64 {
        self.generated.map_or(0, |generated| generated.rows())
    }

    /// Every member with a token, with the account.
    fn holders(&self) -> impl Iterator<Item = (i64, String, String)> {
        let of_file = self.accounts.iter().flat_map(|account| {
            let with_token = |member: &Member| Some((member.person.email_address.clone(), member.token.clone()?));
            account.members.iter().filter_map(with_token).map(|(address, token)| (account.id, address, token))
        });
        of_file
            .chain(self.further_accounts().into_iter().map(|further| (further.id, further.address(), further.token())))
    }

    /// The tokens, in the order in which their members are written.
    pub fn tokens(&self) -> Vec<Token> {
        let local = |address: &str| address.split('@').next().unwrap_or_default().to_owned();
        let mut seen: HashMap<String, usize> = HashMap::new();
        for (_, address, _) in self.holders() {
            *seen.entry(local(&address)).or_default() += 1;
            *seen.entry(address).or_default() += 1;
        }
        let is_one = |name: &String| seen.get(name) == Some(&1);
        let name = |account: i64, address: String| {
            let whole = if is_one(&address) { address.clone() } else { format!("{address} of account {account}") };
            Some(local(&address)).filter(is_one).unwrap_or(whole)
        };
        self.holders().map(|(account, address, token)| Token { name: name(account, address), token }).collect()
    }

    /// An invitation that still waits, and a token by which it can be changed in every way: of its inviter, who is an administrator.
    pub fn example(&self) -> Option<(i64, &str)> {
        self.accounts.iter().find_map(|account| {
            let pending = |invitation: &&Invitation| invitation.state == State::Pending;
            account.invitations.iter().filter(pending).find_map(|invitation| {
                let is_inviter = |member: &&Member| {
                    member.person.user_id == invitation.inviter_id
                        && member.terms.permission == Permission::Administrator.name()
                        && member.disabled_days_ago.is_none()
                };
                let inviter = account.members.iter().find(is_inviter)?;
                Some((invitation.id, inviter.token.as_deref()?))
            })
        })
    }
}

/// Whether a seed was ever written into the database.
pub fn is_marked(db: &mut Db) -> Result<bool, Error> {
    let sql = "SELECT 1 FROM markers WHERE name = ?1";
    Ok(db.maybe(sql, &[Param::Text(MARKER)], |_| Ok(()))?.is_some())
}

/// The tokens of a seed that the database knows: one that was kept may hold another seed.
pub fn known_tokens(db: &mut Db, seed: &Seed) -> Result<Vec<Token>, Error> {
    let mut known = Vec::new();
    for token in seed.tokens() {
        let sql = "SELECT 1 FROM access_tokens WHERE token_hash = ?1";
        if db.maybe(sql, &[Param::Bytes(&tokens::hash(&token.token))], |_| Ok(()))?.is_some() {
            known.push(token);
        }
    }
    Ok(known)
}
