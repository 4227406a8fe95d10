//! What `--generate` asks for.

use std::str::FromStr;

/// How many rows are generated, and from which random seed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Generated {
    pub(super) invitations: u32,
    pub(super) members: u32,
    pub(super) roles: u32,
    pub(super) skills: u32,
    pub(super) skill_memberships: u32,
    pub(super) accounts: u32,
    pub(super) random_seed: u64,
}

impl Generated {
    pub(super) fn rows(&self) -> u64 {
        [self.invitations, self.members, self.roles, self.skills, self.skill_memberships, self.accounts]
            .into_iter()
            .map(u64::from)
            .sum()
    }
}

/// What can be generated.
const NAMES: [&str; 6] = ["invitations", "members", "roles", "skills", "skill_memberships", "accounts"];

/// The most skills of a person.
const MOST_SKILLS: u32 = 200;

impl Generated {
    /// Each generated member has each generated skill of the account, up to the most that a person can have.
    fn most_skill_memberships(&self) -> u64 {
        let accounts = self.accounts.max(1);
        let each = (self.skills / accounts).min(MOST_SKILLS);
        u64::from(self.members / accounts) * u64::from(each) * u64::from(accounts)
    }
}

impl FromStr for Generated {
    type Err = String;

    /// Reads `invitations=100000,members=500`.
    fn from_str(text: &str) -> Result<Self, String> {
        let mut generated = Self::default();
        for part in text.split(',') {
            let (name, number) = part.split_once('=').unwrap_or((part, ""));
            let (count, most) = match name {
                "invitations" => (&mut generated.invitations, 5_000_000),
                "members" => (&mut generated.members, 100_000),
                "roles" => (&mut generated.roles, 10_000),
                "skills" => (&mut generated.skills, 5_000),
                "skill_memberships" => (&mut generated.skill_memberships, 5_000_000),
                "accounts" => (&mut generated.accounts, 1_000),
                _ => return Err(format!("{name:?} is none of {}", NAMES.join(", "))),
            };
            if *count > 0 {
                return Err(format!("{name} is there twice"));
            }
            let number = number.parse().ok().filter(|number| (1..=most).contains(number));
            *count = number.ok_or_else(|| format!("write {name}= and a number from 1 to {most}"))?;
        }
        let most = generated.most_skill_memberships();
        if u64::from(generated.skill_memberships) > most {
            return Err(format!("so many members and skills have at most skill_memberships={most}"));
        }
        Ok(generated)
    }
}

/// The address of the administrator of a generated account.
pub(super) fn address(account_id: i64) -> String {
    format!("administrator-{account_id}@example.com")
}

/// The same administrator's token.
pub(super) fn token(account_id: i64) -> String {
    format!("sandbox-administrator-{account_id}")
}
