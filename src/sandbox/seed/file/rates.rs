//! Cost rates and billable utilizations of a member.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::sandbox::seed::values::{Cents, CurrencyCode, Day, DaysAhead, RecordNumber, Target};
use crate::sandbox::seed::written::Written;

/// What an hour of a member costs, in one currency.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CostRate {
    pub id: Option<Written<RecordNumber>>,
    pub currency: Written<CurrencyCode>,
    /// The rate. That in the currency of the account is also the default cost rate.
    pub amount_in_subunits: Written<Cents>,
}

/// The share of a member's time to be billed, from a day on.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BillableUtilization {
    pub id: Option<Written<RecordNumber>>,
    /// The first day, counted from the start; negative for a day before it. This, or effective_date, is there.
    pub effective_in_days: Option<Written<DaysAhead>>,
    /// The first day, such as 2031-02-01.
    pub effective_date: Option<Written<Day>>,
    /// The share, in percent.
    pub target: Written<Target>,
    #[serde(skip)]
    pub found_id: i64,
}

/// A rate of a member with its id, once the default cost rate is among them.
pub struct FoundRate {
    pub id: i64,
    pub currency: String,
    pub amount: i64,
}
