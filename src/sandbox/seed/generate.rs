//! As many rows as somebody wants to see a client handle: made up from the random seed, the same ones each time.
//!
//! They come beside the rows of the seed: into its first account, or into further accounts, over which they are spread evenly.
//! People have names and addresses as people have them, the addresses under `example.test`, where no mail ever arrives. A hundred
//! thousand rows are written a few hundred at a time, in the transaction of the whole seed.

use std::str::FromStr;

use crate::entropy::Entropy;
use crate::sandbox::seed::make::{Maker, Place, SPREAD};
use crate::sandbox::seed::plant::{Progress, Start};
use crate::sandbox::seed::{Account, Seed};
use crate::store::{Db, Error};

/// What can be asked for, with the most that there may be of it.
const MOST: &[(&str, u32)] =
    &[("invitations", 5_000_000), ("members", 100_000), ("roles", 10_000), ("accounts", 1_000)];

/// How many rows are made up, and from which random seed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Generated {
    invitations: u32,
    members: u32,
    roles: u32,
    accounts: u32,
    /// What they are made up from.
    random_seed: u64,
}

impl FromStr for Generated {
    type Err = String;

    /// Reads `invitations=100000,members=500`.
    fn from_str(text: &str) -> Result<Self, String> {
        let mut generated = Self::default();
        let mut seen = Vec::new();
        for part in text.split(',') {
            let (name, number) = part.split_once('=').unwrap_or((part, ""));
            let Some((_, most)) = MOST.iter().find(|(known, _)| *known == name) else {
                let known: Vec<&str> = MOST.iter().map(|(name, _)| *name).collect();
                return Err(format!("{name:?} cannot be generated, but {}", known.join(", ")));
            };
            let fits = |number: &u32| (1..=*most).contains(number);
            let number = number
                .parse()
                .ok()
                .filter(fits)
                .ok_or_else(|| format!("write {name}= and a number from 1 to {most}"))?;
            if seen.contains(&name) {
                return Err(format!("{name} is there twice"));
            }
            seen.push(name);
            match name {
                "invitations" => generated.invitations = number,
                "members" => generated.members = number,
                "roles" => generated.roles = number,
                _ => generated.accounts = number,
            }
        }
        Ok(generated)
    }
}

/// An account that is made up, with an administrator who owns it.
pub(super) struct Further {
    pub id: i64,
}

impl Further {
    pub fn address(&self) -> String {
        format!("administrator-{}@example.test", self.id)
    }

    pub fn token(&self) -> String {
        format!("sandbox-administrator-{}", self.id)
    }
}

impl Seed {
    /// The accounts that are made up.
    pub(super) fn further_accounts(&self) -> Vec<Further> {
        let wanted = self.generated.map_or(0, |generated| i64::from(generated.accounts));
        let last = highest(self.accounts.iter().map(|account| account.id));
        (1..=wanted).map(|number| Further { id: last + number }).collect()
    }

    /// The last ids of the seed, which those of made-up rows follow.
    fn last_ids(&self) -> LastIds {
        let of = |ids: fn(&Account) -> Vec<i64>| highest(self.accounts.iter().flat_map(ids));
        LastIds {
            role: of(|account| account.roles.iter().map(|role| role.id).collect()),
            membership: of(|account| account.members.iter().map(|member| member.membership_id).collect()),
            invitation: of(|account| account.invitations.iter().map(|invitation| invitation.id).collect()),
            user: of(|account| {
                let members = account.members.iter().map(|member| member.person.user_id);
                members.chain(account.invitations.iter().map(|invitation| invitation.person.user_id)).collect()
            }),
        }
    }
}

fn highest(ids: impl Iterator<Item = i64>) -> i64 {
    ids.max().unwrap_or_default()
}

/// The last ids that were given.
pub(super) struct LastIds {
    pub role: i64,
    pub membership: i64,
    pub invitation: i64,
    pub user: i64,
}

impl Generated {
    /// The same rows, made up from this.
    pub(super) fn made_from(self, random_seed: u64) -> Self {
        Self { random_seed, ..self }
    }

    /// How many rows that are, for those who wait.
    pub(super) fn rows(&self) -> u64 {
        [self.invitations, self.members, self.roles, self.accounts].into_iter().map(u64::from).sum()
    }

    /// Writes the rows.
    pub(super) fn plant(&self, db: &mut Db, seed: &Seed, start: Start, progress: &Progress) -> Result<(), Error> {
        let entropy = Entropy::seeded(self.random_seed).branch("generate");
        let mut maker = Maker { db, entropy, last: seed.last_ids(), start, progress };
        let further = seed.further_accounts();
        let mut places = Vec::new();
        for account in &further {
            places.push(maker.account(account)?);
        }
        if let Some(first) = seed.accounts.first().filter(|_| further.is_empty()) {
            let owner = first.members.iter().find(|member| member.is_owner).map(|owner| owner.person.user_id);
            let since = start.days_ago(first.created_days_ago.min(SPREAD));
            let inviters = owner.into_iter().collect();
            places.push(Place { account: first.id, roles: Vec::new(), inviters, uninvited: Vec::new(), since });
        }
        let parts = u32::try_from(places.len()).unwrap_or(1).max(1);
        for (number, place) in (0..parts).zip(&mut places) {
            let share = |all: u32| all / parts + u32::from(number < all % parts);
            maker.roles(place, share(self.roles))?;
            maker.members(place, share(self.members))?;
            maker.invitations(place, share(self.invitations))?;
        }
        Ok(())
    }
}
