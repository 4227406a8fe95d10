//! What `--generate` asks for.

use std::str::FromStr;

/// How many rows are generated, and from which random seed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Generated {
    pub(super) invitations: u32,
    pub(super) members: u32,
    pub(super) roles: u32,
    pub(super) accounts: u32,
    pub(super) random_seed: u64,
}

impl Generated {
    pub(super) fn rows(&self) -> u64 {
        [self.invitations, self.members, self.roles, self.accounts].into_iter().map(u64::from).sum()
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
                "accounts" => (&mut generated.accounts, 1_000),
                _ => return Err(format!("{name:?} is none of invitations, members, roles, accounts")),
            };
            if *count > 0 {
                return Err(format!("{name} is there twice"));
            }
            let number = number.parse().ok().filter(|number| (1..=most).contains(number));
            *count = number.ok_or_else(|| format!("write {name}= and a number from 1 to {most}"))?;
        }
        Ok(generated)
    }
}

/// The address of the administrator of a generated account.
pub(super) fn address(account_id: i64) -> String {
    format!("administrator-{account_id}@example.test")
}

/// The same administrator's token.
pub(super) fn token(account_id: i64) -> String {
    format!("sandbox-administrator-{account_id}")
}
