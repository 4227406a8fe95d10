//! Counts kept as rows: the exact `count` of a long list costs one look-up.
//!
//! A change to a counted set changes its tally in the same transaction. Descriptions name the lists counted this way;
//! all others count their rows.

use crate::ids::AccountId;
use crate::store::{Db, Error, Param};
use crate::wire::condition::Condition;
use crate::wire::describe::Resource;
use crate::wire::query::ListQuery;

pub fn add(db: &mut Db, account: AccountId, name: &str, difference: i64) -> Result<(), Error> {
    db.exec_later(
        "INSERT INTO tallies (account_id, name, total) VALUES (?1, ?2, ?3) \
         ON CONFLICT (account_id, name) DO UPDATE SET total = tallies.total + excluded.total",
        &[account.into(), Param::Text(name), Param::Int(difference)],
    )
}

/// The count of a list, if it has a tally.
pub fn count(db: &mut Db, resource: &Resource, account: AccountId, query: &ListQuery) -> Result<Option<i64>, Error> {
    let Some(tally) = resource.tallies.iter().find(|tally| fits(tally.conditions, &query.conditions)) else {
        return Ok(None);
    };
    total(db, account, tally.name).map(Some)
}

pub fn total(db: &mut Db, account: AccountId, name: &str) -> Result<i64, Error> {
    let sql = "SELECT total FROM tallies WHERE account_id = ?1 AND name = ?2";
    Ok(db.maybe(sql, &[account.into(), Param::Text(name)], |row| row.int(0))?.unwrap_or(0))
}

fn fits(counted: &[&'static str], asked: &[Condition]) -> bool {
    counted.len() == asked.len()
        && asked.iter().all(|condition| matches!(condition, Condition::Fixed(text) if counted.contains(text)))
}
