//! `GET /sandbox/seats`: what the real account would have been billed.

use schemars::JsonSchema;
use serde::Serialize;

use crate::engine::error::Error;
use crate::http::json::Json;
use crate::http::sandbox::extract::Control;
use crate::ids::AccountId;
use crate::resources::{accounts, seats};
use crate::store::Db;

#[derive(Serialize, JsonSchema)]
pub struct SeatList {
    accounts: Vec<AccountSeats>,
}

/// The seats of an account.
#[derive(Serialize, JsonSchema)]
struct AccountSeats {
    account_id: AccountId,
    contracted: Option<i64>,
    taken: i64,
    members: i64,
    pending: i64,
    over: i64,
    billed: i64,
}

pub async fn list(control: Control) -> Result<Json<SeatList>, Error> {
    let seats_of = |db: &mut Db, account_id: AccountId| -> Result<AccountSeats, Error> {
        let ledger = seats::ledger(db, account_id)?;
        let (contracted, taken, over) = (ledger.contracted, ledger.taken(), ledger.over());
        let (members, pending, billed) = (ledger.members, ledger.pending, ledger.billed);
        Ok(AccountSeats { account_id, contracted, taken, members, pending, over, billed })
    };
    let all = move |db: &mut Db| accounts::list(db)?.iter().map(|account| seats_of(db, account.id)).collect();
    Ok(Json(SeatList { accounts: control.app.store.read(all).await? }))
}
