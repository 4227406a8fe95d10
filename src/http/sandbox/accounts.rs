//! `POST /sandbox/accounts`: an account for one test.

use std::collections::HashMap;

use axum::extract::State;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer};

use crate::engine::error::Error;
use crate::http::json::{Digits, Json};
use crate::http::sandbox::extract::{Body, Control};
use crate::ids::{AccountId, RoleId, UserId};
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
pub struct CreatedAccount {
    account_id: Digits<AccountId>,
    /// A token for each level.
    tokens: Named<String>,
    /// The user of each level.
    users: Named<Digits<UserId>>,
    roles: Named<Digits<RoleId>>,
}

/// An object whose keys keep their order.
#[derive(JsonSchema)]
#[schemars(inline)]
struct Named<T>(#[schemars(with = "HashMap<String, T>")] Vec<(&'static str, T)>);

impl<T: Serialize> Serialize for Named<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

pub async fn create(
    State(control): State<Control>,
    Body(AccountRequest { name }): Body<AccountRequest>,
) -> Result<Json<CreatedAccount>, Error> {
    let name = name.unwrap_or_else(|| "Test account".to_owned());
    if name.trim().is_empty() || name.chars().count() > 200 || name.chars().any(char::is_control) {
        return Err(Error::Syntax("name must be 1 to 200 characters, none of them a control character.".to_owned()));
    }
    let now = control.app.clock.now();
    let made = control.app.store.write(move |db| fresh_accounts::create(db, &name, now)).await?;
    Ok(Json(CreatedAccount {
        account_id: Digits(made.account_id),
        tokens: Named(made.members.iter().map(|(level, token, _)| (*level, token.clone())).collect()),
        users: Named(made.members.into_iter().map(|(level, _, user_id)| (level, Digits(user_id))).collect()),
        roles: Named(made.roles.into_iter().map(|(name, id)| (name, Digits(id))).collect()),
    }))
}
