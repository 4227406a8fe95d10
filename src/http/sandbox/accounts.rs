//! `/sandbox/accounts`: an account for one test. `/sandbox/seats`: what the real accounts would have been billed.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::engine::error::Error;
use crate::http::json::{Json, Ordered};
use crate::http::sandbox::extract::{Control, JsonBody};
use crate::ids::{AccountId, RoleId, UserId};
use crate::resources::seats::{self, AccountSeats};
use crate::sandbox::fresh_accounts;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AccountRequest {
    /// "Test account" if left out.
    #[schemars(length(min = 1, max = 200))]
    name: Option<String>,
}

/// A new account.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "CreatedAccount")]
pub struct AccountAnswer {
    account_id: AccountId,
    /// A token for each level.
    tokens: Ordered<String>,
    /// The user of each level.
    users: Ordered<UserId>,
    roles: Ordered<RoleId>,
}

pub async fn create(control: Control, JsonBody(asked): JsonBody<AccountRequest>) -> Result<Json<AccountAnswer>, Error> {
    let name = asked.name.unwrap_or_else(|| "Test account".to_owned());
    if name.trim().is_empty() || name.chars().count() > 200 || name.chars().any(char::is_control) {
        return Err(Error::Syntax("name must be 1 to 200 characters, none of them a control character.".to_owned()));
    }
    let now = control.app.clock.now();
    let made = control.app.store.write(move |db| fresh_accounts::create(db, &name, now)).await?;
    Ok(Json(AccountAnswer {
        account_id: made.account_id,
        tokens: Ordered(made.members.iter().map(|(level, token, _)| (*level, token.clone())).collect()),
        users: Ordered(made.members.into_iter().map(|(level, _, user_id)| (level, user_id)).collect()),
        roles: Ordered(made.roles),
    }))
}

#[derive(Serialize, JsonSchema)]
pub struct SeatList {
    accounts: Vec<AccountSeats>,
}

pub async fn seats(control: Control) -> Result<Json<SeatList>, Error> {
    Ok(Json(SeatList { accounts: control.app.store.read(seats::of_accounts).await? }))
}
