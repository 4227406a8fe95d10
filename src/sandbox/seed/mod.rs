//! Seeds: what a sandbox holds when it starts.
//!
//! A seed is a file in YAML or JSON; the standard one is `standard.yaml`, beside this file. `file` declares the format,
//! `read` and `check` make sure that nothing is wrong with it, `plant` writes it, and `generate` adds as many rows as
//! are asked for. `skills`, `rates` and `custom_fields` do all of this for a part of the file.
//!
//! Times are days before the start, so a seed never gets old. With a fixed clock and a random seed, the same seed makes
//! the same database.
//!
//! The tokens of a seed are public. A database that holds a seed is therefore marked, and `invited serve` refuses it.

mod check;
mod custom_fields;
mod file;
mod generate;
mod generated;
mod person;
mod plant;
mod rates;
mod read;
mod references;
mod rows;
mod skills;
mod values;
mod written;

use std::collections::HashMap;
use std::ops::RangeInclusive;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, OnceLock};

use crate::clock::Timestamp;
use crate::engine::access::Permission;
use crate::engine::tokens;
use crate::resources::accounts;
use crate::store::{Db, Error, Param};
use file::{Account, File, Invitation, InvitationState, Member};
use generate::Generator;
pub use generated::Generated;
use plant::Start;
pub use values::read_start;
pub use written::SeedError;

/// The text of the standard seed.
pub const STANDARD: &str = include_str!("standard.yaml");

/// The name of the row that marks a database that holds a seed.
const MARKER: &str = "sandbox";

/// The tables whose rows have the ids of the seed.
const WITH_IDS: &[&str] = &[
    "accounts",
    "roles",
    "users",
    "account_memberships",
    "account_invitations",
    "external_references",
    "skills",
    "skill_memberships",
    "custom_fields",
    "custom_field_choices",
    "custom_field_values",
    "cost_rates",
    "billable_utilizations",
];

/// A seed that was checked.
#[derive(Clone)]
pub struct Seed {
    /// When the sandbox starts; `None` means now.
    pub now: Option<Timestamp>,
    /// Whether the clock stands still, if the seed says so.
    pub is_frozen: Option<bool>,
    accounts: Arc<Vec<Account>>,
    generated: Generated,
}

/// A token of a seed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// The part of the member's address before the `@`, or more of the address where that is not unique.
    pub name: String,
    pub token: String,
}

impl Seed {
    /// Reads a seed from a text in YAML or JSON.
    pub fn read(text: &str) -> Result<Self, SeedError> {
        let mut file = read::parse(text)?;
        check::check(&mut file)?;
        let (now, is_frozen) = file.clock.map_or((None, None), |clock| (clock.now, clock.frozen));
        let accounts = Arc::new(file.accounts.value);
        Ok(Self {
            now: now.and_then(|now| read_start(&now.value).ok()),
            is_frozen,
            accounts,
            generated: Generated::default(),
        })
    }

    /// The standard seed, which is read once.
    pub fn standard() -> Result<Arc<Self>, SeedError> {
        static READ: OnceLock<Result<Arc<Seed>, SeedError>> = OnceLock::new();
        READ.get_or_init(|| Self::read(STANDARD).map(Arc::new)).clone()
    }

    /// The same seed with generated rows.
    #[must_use]
    pub fn with(self, generated: Generated, random_seed: u64) -> Self {
        Self { generated: Generated { random_seed, ..generated }, ..self }
    }

    /// How many rows are generated.
    pub fn generated_rows(&self) -> u64 {
        self.generated.rows()
    }

    /// The ids of generated accounts.
    fn generated_accounts(&self) -> RangeInclusive<i64> {
        let last = self.accounts.iter().map(|account| account.found.id).max().unwrap_or_default();
        last + 1..=last + i64::from(self.generated.accounts)
    }

    /// The tokens of all members who have one, in the order of the file.
    pub fn tokens(&self) -> Vec<Token> {
        let of_file = self.accounts.iter().flat_map(|account| {
            let holder = |member: &Member| {
                let token = member.token.as_ref()?.value.clone();
                Some((account.found.id, member.email_address.value.clone(), token))
            };
            account.members.iter().filter_map(holder)
        });
        let generated = self.generated_accounts().map(|id| (id, generated::address(id), generated::token(id)));
        let holders: Vec<(i64, String, String)> = of_file.chain(generated).collect();
        let names = |address: &str| [address.split('@').next().unwrap_or_default().to_owned(), address.to_owned()];
        let mut seen: HashMap<String, usize> = HashMap::new();
        for name in holders.iter().flat_map(|(_, address, _)| names(address)) {
            *seen.entry(name).or_default() += 1;
        }
        let token = |(account, address, token): (i64, String, String)| {
            let unique = names(&address).into_iter().find(|name| seen.get(name) == Some(&1));
            Token { name: unique.unwrap_or_else(|| format!("{address} of account {account}")), token }
        };
        holders.into_iter().map(token).collect()
    }

    /// The id of a pending invitation, and the token of its inviter, who is an administrator and may change it in every
    /// way.
    pub fn example(&self) -> Option<(i64, &str)> {
        self.accounts.iter().find_map(|account| {
            let pending = |invitation: &&Invitation| invitation.state() == InvitationState::Pending;
            account.invitations.iter().filter(pending).find_map(|invitation| {
                let is_inviter = |member: &&Member| {
                    member.found.user_id == invitation.found.inviter_id
                        && member.permission.value == Permission::Administrator.name()
                        && member.disabled_days_ago.is_none()
                };
                let inviter = account.members.iter().find(is_inviter)?;
                Some((invitation.found.id, inviter.token.as_ref()?.value.as_str()))
            })
        })
    }
}

/// The format of seeds as a JSON Schema (draft 2020-12), for editors and programs.
pub fn schema() -> String {
    format!("{:#}\n", schemars::schema_for!(File).as_value())
}

/// Writes a seed into an empty database. A database that holds accounts is left as it is; the result is `false` if they
/// did not come from a seed. Generated rows are counted in `written`.
pub fn plant(
    db: &mut Db,
    seed: &Seed,
    now: Timestamp,
    invitation_days: i64,
    written: &AtomicU64,
) -> Result<bool, Error> {
    if accounts::exist(db)? {
        return is_marked(db);
    }
    if !is_marked(db)? {
        let mark = "INSERT INTO markers (name, value) VALUES (?1, ?2)";
        db.exec(mark, &[Param::Text(MARKER), Param::Text("its tokens are publicly known")])?;
    }
    let start = Start { now, invitation_days };
    for account in &*seed.accounts {
        plant::account(db, account, start)?;
    }
    let mut generator = Generator::after(db, start, written, seed.generated.random_seed)?;
    generator.write(&seed.generated, seed.accounts.first(), seed.generated_accounts())?;
    db.advance_ids(WITH_IDS)?;
    Ok(true)
}

/// Whether the database ever held a seed.
pub fn is_marked(db: &mut Db) -> Result<bool, Error> {
    db.exists("SELECT 1 FROM markers WHERE name = ?1", &[Param::Text(MARKER)])
}

/// The tokens of a seed that the database knows; a database that was kept may hold another seed.
pub fn known_tokens(db: &mut Db, seed: &Seed) -> Result<Vec<Token>, Error> {
    let mut known = Vec::new();
    for token in seed.tokens() {
        let sql = "SELECT 1 FROM access_tokens WHERE token_hash = ?1";
        if db.exists(sql, &[Param::Bytes(&tokens::hash(&token.token))])? {
            known.push(token);
        }
    }
    Ok(known)
}
