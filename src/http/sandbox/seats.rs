//! `GET /sandbox/seats`: what the real account would have been billed.

use axum::extract::State;
use schemars::JsonSchema;
use serde::Serialize;

use crate::engine::error::Error;
use crate::http::json::{Digits, Json};
use crate::http::sandbox::extract::Control;
use crate::ids::AccountId;
use crate::resources::seats;

#[derive(Serialize, JsonSchema)]
pub struct SeatList {
    accounts: Vec<AccountSeats>,
}

/// The seats of an account.
#[derive(Serialize, JsonSchema)]
struct AccountSeats {
    account_id: Digits<AccountId>,
    contracted: Option<i64>,
    taken: i64,
    members: i64,
    pending: i64,
    over: i64,
    billed: i64,
}

pub async fn list(State(control): State<Control>) -> Result<Json<SeatList>, Error> {
    let work = control.app.store.read(|db| {
        let ids: Vec<AccountId> = db.all("SELECT id FROM accounts ORDER BY id", &[], |row| row.id(0))?;
        ids.into_iter()
            .map(|id| {
                let ledger = seats::ledger(db, id)?;
                Ok(AccountSeats {
                    account_id: Digits(id),
                    contracted: ledger.contracted,
                    taken: ledger.taken(),
                    members: ledger.members,
                    pending: ledger.pending,
                    over: ledger.over(),
                    billed: ledger.billed,
                })
            })
            .collect::<Result<_, Error>>()
    });
    Ok(Json(SeatList { accounts: work.await? }))
}
