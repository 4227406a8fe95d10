//! The pages' answers as JSON, for teams with a front end of their own.
//!
//! The token is always in the body, since addresses end up in other people's logs. Cookies are ignored, so no page of
//! another site can answer for a signed-in user.

use std::sync::Arc;

use axum::response::{IntoResponse as _, Response};
use hyper::StatusCode;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};

use crate::engine::error::Error;
use crate::http::api::options;
use crate::http::extract::{BodyParams, Visit, text};
use crate::http::json::{Json, Ordered};
use crate::oauth::passwords::HashedPassword;
use crate::resources::invitations::acceptance::{self, Acceptance, CONFIRMATION};
use crate::wire::changes::Violation;
use crate::wire::kind;
use crate::wire::params::Tree;

pub async fn look_up(visit: Visit, BodyParams(params): BodyParams) -> Result<Json<Ordered<Value>>, Error> {
    let (token, now) = (token(&params)?, visit.app.clock.now());
    let seen = visit.app.store.read(move |db| acceptance::look(db, token.expose_secret(), None, now)).await?;
    let offer = seen.offer;
    let elsewhere: Vec<String> = seen.elsewhere.into_iter().map(|member| member.account_name).collect();
    Ok(Json(Ordered(vec![
        ("account_name", json!(offer.account_name)),
        ("inviter_name", json!(offer.inviter_name)),
        ("full_name", json!(offer.full_name)),
        ("email_address", json!(offer.email_address)),
        ("headline", json!(offer.headline)),
        ("permission", json!(offer.permission.name())),
        ("role_name", json!(offer.role_name)),
        ("expiration_date", json!(kind::date(offer.expires_on))),
        ("can_be_accepted", json!(offer.is_granted)),
        ("ends_memberships_in", json!(elsewhere)),
    ])))
}

pub async fn accept(visit: Visit, BodyParams(params): BodyParams) -> Result<Response, Error> {
    let password = new_password(text(&params, "password").unwrap_or_default())?;
    let token = token(&params)?;
    visit.limit_attempts()?;
    let answer = Acceptance {
        token,
        password: Some(hash(&visit, password).await?),
        is_move_confirmed: params.get(CONFIRMATION).is_some_and(is_true),
        signed_in: None,
    };
    let context = visit.context();
    let remarks = Arc::clone(&context.remarks);
    let (accepted, invitation_id) = visit.write(move |db| acceptance::accept(db, &context, &answer)).await?;
    let body = Ordered(vec![
        ("account_membership_id", json!(accepted.membership_id)),
        ("user_id", json!(accepted.user_id)),
        ("invitation_id", json!(invitation_id)),
    ]);
    let mut response = Json(body).into_response();
    options::add_remarks(&remarks, response.headers_mut());
    Ok(response)
}

pub async fn decline(visit: Visit, BodyParams(params): BodyParams) -> Result<StatusCode, Error> {
    let token = token(&params)?;
    visit.limit_attempts()?;
    let context = visit.context();
    visit.write(move |db| acceptance::decline(db, &context, token.expose_secret())).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The password of an answer. It is checked first: a fault must not show whether the link works, and does not count as
/// an attempt.
pub fn new_password(text: String) -> Result<SecretString, Error> {
    let password = SecretString::from(text);
    match HashedPassword::require_possible(&password) {
        Err(Error::Syntax(sentence)) => Err(Error::Invalid(vec![Violation::of("password", 0, &sentence)])),
        judged => judged.map(|()| password),
    }
}

/// Hashes the password of an answer, before anything is looked up: the cost must not show whether the link works.
pub async fn hash(visit: &Visit, password: SecretString) -> Result<HashedPassword, Error> {
    visit.app.password_checks.hash(password, Arc::clone(&visit.app.entropy)).await
}

/// A body without a token is answered like one whose token does not work.
fn token(params: &Tree) -> Result<SecretString, Error> {
    text(params, "token").map(SecretString::from).ok_or(Error::NotFound)
}

/// A JSON `true`, or text that means it.
fn is_true(value: &Value) -> bool {
    value.as_bool().or_else(|| value.as_str().and_then(kind::truth)).unwrap_or_default()
}
