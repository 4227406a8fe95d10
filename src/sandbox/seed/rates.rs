//! Cost rates and billable utilizations in a seed.

use crate::clock::Timestamp;
use crate::ids::AccountId;
use crate::resources::cost_rates::DEFAULT_CURRENCY;
use crate::sandbox::seed::file::{Account, FoundRate, Member};
use crate::sandbox::seed::references::{Ids, Unique};
use crate::sandbox::seed::rows::{self, NewRow};
use crate::sandbox::seed::written::SeedError;
use crate::store::{Db, Error, OwnedParam, Param};
use crate::wire::kind::day;

/// What is unique over the whole file.
#[derive(Default)]
pub(super) struct Names {
    rates: Ids,
    utilizations: Ids,
}

impl Names {
    pub(super) fn note(&mut self, members: &[Member]) -> Result<(), SeedError> {
        for rate in members.iter().flat_map(|member| &member.cost_rates) {
            self.rates.note("cost rate", &rate.id)?;
        }
        for utilization in members.iter().flat_map(|member| &member.billable_utilizations) {
            self.utilizations.note("billable utilization", &utilization.id)?;
        }
        Ok(())
    }
}

/// The currency of an account.
pub(super) fn currency(account: &Account) -> &str {
    account.currency.as_ref().map_or(DEFAULT_CURRENCY, |currency| currency.value.as_str())
}

/// The rate in the account's currency may be written in either place, or in both if they agree.
pub(super) fn check(names: &mut Names, currency: &str, member: &mut Member) -> Result<(), SeedError> {
    let (mut known, mut default) = (Unique::default(), None);
    for rate in &member.cost_rates {
        known.note(&rate.currency, &rate.currency.value, "A rate in")?;
        let (id, amount) = (names.rates.assign(&rate.id), rate.amount_in_subunits.value);
        if rate.currency.value == currency {
            default = Some(amount);
        }
        member.found_rates.push(FoundRate { id, currency: rate.currency.value.clone(), amount });
    }
    match (&member.cost_rate_in_cents, default) {
        (Some(written), Some(amount)) if written.value != amount => {
            let sentence = format!("The rate in {currency} is {amount}, which is the default; leave this out.");
            return written.wrong(sentence);
        }
        (Some(written), None) => {
            let id = names.rates.assign(&None);
            member.found_rates.push(FoundRate { id, currency: currency.to_owned(), amount: written.value });
        }
        _ => {}
    }
    for utilization in &mut member.billable_utilizations {
        utilization.found_id = names.utilizations.assign(&utilization.id);
        match (&utilization.effective_in_days, &utilization.effective_date) {
            (None, None) => return utilization.target.wrong("Add effective_in_days or effective_date."),
            (Some(days), Some(_)) => return days.wrong("Leave this out, or effective_date."),
            _ => {}
        }
    }
    Ok(())
}

/// The default cost rate of a member.
fn default_rate(member: &Member, currency: &str) -> Option<i64> {
    member.found_rates.iter().find(|rate| rate.currency == currency).map(|rate| rate.amount)
}

pub(super) fn plant(
    db: &mut Db,
    account_id: AccountId,
    currency: &str,
    member: &Member,
    created_at: Timestamp,
    start: Timestamp,
) -> Result<(), Error> {
    let rate =
        |rate: &FoundRate| rate_row(account_id, [rate.id, member.found.id, rate.amount], &rate.currency, created_at);
    rows::insert(db, "cost_rates", &member.found_rates.iter().map(rate).collect::<Vec<_>>())?;
    if let Some(amount) = default_rate(member, currency) {
        let sql = "UPDATE account_memberships SET cost_rate_in_cents = ?2 WHERE id = ?1";
        db.exec(sql, &[Param::Int(member.found.id), Param::Int(amount)])?;
    }
    let utilizations = member.billable_utilizations.iter().map(|utilization| {
        let written = utilization.effective_date.as_ref().and_then(|written| day(&written.value));
        let ahead = utilization.effective_in_days.as_ref().map_or(0, |days| days.value);
        let columns = [
            ("id", utilization.found_id),
            ("account_id", account_id.get()),
            ("account_membership_id", member.found.id),
            ("effective_date", written.unwrap_or(start.day() + ahead)),
            ("target", utilization.target.value),
            ("created_at", created_at.0),
            ("updated_at", created_at.0),
        ];
        columns.into_iter().map(|(column, value)| (column, OwnedParam::from(Param::Int(value)))).collect()
    });
    rows::insert(db, "billable_utilizations", &utilizations.collect::<Vec<NewRow>>())
}

/// A cost rate with this id, of this membership, with this amount.
pub(super) fn rate_row(
    account_id: AccountId,
    [id, membership_id, amount]: [i64; 3],
    currency: &str,
    created_at: Timestamp,
) -> NewRow {
    let columns = [
        ("id", Param::Int(id)),
        ("account_id", account_id.into()),
        ("account_membership_id", Param::Int(membership_id)),
        ("currency", Param::Text(currency)),
        ("amount_in_subunits", Param::Int(amount)),
        ("created_at", Param::Int(created_at.0)),
        ("updated_at", Param::Int(created_at.0)),
    ];
    columns.into_iter().map(|(column, value)| (column, value.into())).collect()
}
