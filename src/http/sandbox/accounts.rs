//! `POST /sandbox/accounts`: an account for one test alone.

use hyper::{Response, StatusCode};
use serde::Deserialize;

use crate::engine::error::Error;
use crate::http::object::Object;
use crate::http::sandbox::Asked;
use crate::sandbox::fresh_accounts;
use crate::server::listen::{Body, RequestBody};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    name: Option<String>,
}

/// Makes one, and tells its tokens.
pub(super) async fn create(asked: &Asked<'_>, body: RequestBody) -> Result<Response<Body>, Error> {
    asked.query(&[])?;
    let Wanted { name } = asked.body(body).await?;
    let name = name.unwrap_or_else(|| "Test account".to_owned());
    if name.trim().is_empty() || name.chars().count() > 200 || name.chars().any(char::is_control) {
        return Err(Error::Syntax("name must be 1 to 200 characters, none of them a control character.".to_owned()));
    }
    let now = asked.visit.app.clock.now();
    let made = asked.visit.app.store.write(move |db| fresh_accounts::create(db, &name, now)).await?;
    let object = |pairs: Vec<(&str, String)>| {
        pairs.iter().fold(Object::new(), |object, (name, value)| object.text(name, value)).into_json()
    };
    let tokens = made.members.iter().map(|(level, token, _)| (*level, token.clone())).collect();
    let users = made.members.iter().map(|(level, _, user_id)| (*level, user_id.to_string())).collect();
    let roles = made.roles.iter().map(|(name, id)| (*name, id.to_string())).collect();
    let answer = Object::new()
        .text("account_id", &made.account_id.to_string())
        .raw("tokens", &object(tokens))
        .raw("users", &object(users))
        .raw("roles", &object(roles));
    Ok(answer.answer(StatusCode::OK))
}
