//! Many rows at a time, and the choices that they are made up from.

use crate::entropy::Entropy;
use crate::store::{Db, Error, Param};
use crate::wire::kind::Value;

/// Rows of one statement: enough that the statement's own cost does not show, and not more parameters than an engine takes.
const ROWS: usize = 200;

/// Rows of a table that are written together.
pub(super) struct Batch {
    table: &'static str,
    columns: &'static str,
    width: usize,
    values: Vec<Value>,
}

impl Batch {
    fn of(table: &'static str, columns: &'static str) -> Self {
        Self { table, columns, width: columns.split(',').count(), values: Vec::new() }
    }

    pub fn of_users() -> Self {
        Self::of(
            "users",
            "id, account_id, full_name, name_key, email_address, email_key, search_key, headline, is_active, created_at, \
             updated_at",
        )
    }

    pub fn of_memberships() -> Self {
        Self::of(
            "account_memberships",
            "id, account_id, user_id, permission, default_role_id, bill_rate_in_cents, cost_rate_in_cents, \
             billability_target, disabled_at, created_at, updated_at",
        )
    }

    pub fn of_invitations() -> Self {
        Self::of(
            "account_invitations",
            "id, account_id, full_name, name_key, email_address, email_key, search_key, headline, permission, \
             default_role_id, bill_rate_in_cents, cost_rate_in_cents, billability_target, inviter_id, invitee_id, \
             expires_on, accepted_at, declined_at, expired_at, created_at, updated_at",
        )
    }

    /// Whether the next row leads to a write, before which whatever it names has to be there.
    pub fn is_full(&self) -> bool {
        self.values.len() + self.width >= ROWS * self.width
    }

    /// Adds a row, and writes what has come together when that is enough.
    pub fn add(&mut self, db: &mut Db, row: Vec<Value>) -> Result<(), Error> {
        self.values.extend(row);
        if self.values.len() >= ROWS * self.width { self.write(db) } else { Ok(()) }
    }

    /// Writes what has come together.
    pub fn write(&mut self, db: &mut Db) -> Result<(), Error> {
        if self.values.is_empty() {
            return Ok(());
        }
        let row = |first: usize| {
            let places: Vec<String> = (first..first + self.width).map(|place| format!("?{place}")).collect();
            format!("({})", places.join(", "))
        };
        let rows: Vec<String> = (1..=self.values.len()).step_by(self.width).map(row).collect();
        let sql = format!("INSERT INTO {} ({}) VALUES {}", self.table, self.columns, rows.join(", "));
        let params: Vec<Param<'_>> = self.values.iter().map(Param::from).collect();
        db.exec(&sql, &params)?;
        self.values.clear();
        Ok(())
    }
}

/// The choices of one row.
pub(super) struct Dice {
    bytes: [u8; 64],
    used: usize,
}

impl Dice {
    pub fn throw(entropy: &Entropy) -> Result<Self, Error> {
        let mut bytes = [0; 64];
        for half in bytes.chunks_exact_mut(32) {
            half.copy_from_slice(&entropy.bytes().map_err(|cause| Error::Unavailable(cause.to_string()))?);
        }
        Ok(Self { bytes, used: 0 })
    }

    /// A number from 0 up to one less than `end`, of which there are at most 65,536.
    pub fn below(&mut self, end: i64) -> i64 {
        let byte = |at: usize| i64::from(self.bytes[at % self.bytes.len()]);
        let number = byte(self.used) * 256 + byte(self.used + 1);
        self.used += 2;
        number * end.max(1) / 65_536
    }

    /// Whether something happens that happens to so many of a hundred.
    pub fn chance(&mut self, percent: i64) -> bool {
        self.below(100) < percent
    }

    /// One of several, of which there is at least one.
    pub fn one_of<T: Copy>(&mut self, choices: &[T]) -> T {
        let place = self.below(i64::try_from(choices.len()).unwrap_or(1));
        choices[usize::try_from(place).unwrap_or_default()]
    }
}
