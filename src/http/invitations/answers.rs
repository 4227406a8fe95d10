//! The same as the pages, as JSON, for teams with a front end of their own.
//!
//! The token is always in the body: addresses end up in the logs of others. No cookie counts here, so that no page of
//! another site can answer for somebody who is signed in.

use std::sync::Arc;

use hyper::{Response, StatusCode};
use secrecy::{ExposeSecret as _, SecretString};

use crate::engine::access::Caller;
use crate::engine::error::Error;
use crate::http::api::additions;
use crate::http::headers;
use crate::http::object::Object;
use crate::http::visit::{Visit, text};
use crate::resources::invitations::acceptance::{self, Acceptance, CONFIRMATION};
use crate::server::listen::{Body, RequestBody};
use crate::wire::changes::Fault;
use crate::wire::kind;
use crate::wire::params::Tree;

/// `POST /invitations/lookup`.
pub async fn look_up(visit: &Visit<'_>, body: RequestBody) -> Result<Response<Body>, Error> {
    let token = token(&visit.body(body).await?)?;
    let now = visit.app.clock.now();
    let seen = visit.app.store.read(move |db| acceptance::look(db, token.expose_secret(), None, now)).await?;
    let offer = &seen.offer;
    let elsewhere: Vec<&str> = seen.elsewhere.iter().map(|member| member.account_name.as_str()).collect();
    Ok(Object::new()
        .text("account_name", &offer.account_name)
        .text("inviter_name", &offer.inviter_name)
        .text("full_name", &offer.full_name)
        .text("email_address", &offer.email_address)
        .text_or_null("headline", offer.headline.as_deref())
        .text("permission", offer.permission.name())
        .text_or_null("role_name", offer.role_name.as_deref())
        .text("expiration_date", &kind::date(offer.expires_on))
        .truth("can_be_accepted", offer.is_granted)
        .texts("ends_memberships_in", &elsewhere)
        .answer(StatusCode::OK))
}

/// `POST /invitations/accept`.
pub async fn accept(visit: &Visit<'_>, body: RequestBody) -> Result<Response<Body>, Error> {
    let params = visit.body(body).await?;
    visit.limit_attempts()?;
    let app = visit.app;
    // The password first: neither what it costs nor what is wrong with it may tell whether the link is one that works.
    let password = SecretString::from(text(&params, "password").unwrap_or_default());
    let hashed = app.password_checks.hash(password, Arc::clone(&app.entropy)).await.map_err(|error| match error {
        Error::Syntax(sentence) => Error::Invalid(vec![Fault::of("password", 0, &sentence)]),
        other => other,
    })?;
    let answer = Acceptance {
        token: token(&params)?,
        password: Some(hashed),
        is_move_confirmed: params.get(CONFIRMATION).is_some_and(is_true),
        signed_in: None,
    };
    let context = app.context(&Arc::new(Caller::unknown()), Some(visit.request_id));
    let remarks = Arc::clone(&context.remarks);
    let (accepted, invitation_id) = visit.write(move |db| acceptance::accept(db, &context, &answer)).await?;
    let mut response = Object::new()
        .text("account_membership_id", &accepted.membership_id.to_string())
        .text("user_id", &accepted.user_id.to_string())
        .text("invitation_id", &invitation_id.to_string())
        .answer(StatusCode::OK);
    additions::tell(&remarks, response.headers_mut());
    Ok(response)
}

/// `POST /invitations/decline`.
pub async fn decline(visit: &Visit<'_>, body: RequestBody) -> Result<Response<Body>, Error> {
    let token = token(&visit.body(body).await?)?;
    visit.limit_attempts()?;
    let context = visit.app.context(&Arc::new(Caller::unknown()), Some(visit.request_id));
    visit.write(move |db| acceptance::decline(db, &context, token.expose_secret())).await?;
    Ok(headers::empty())
}

/// A body without a token is answered as one whose token does not work.
fn token(params: &Tree) -> Result<SecretString, Error> {
    text(params, "token").map(SecretString::from).ok_or(Error::NotFound)
}

/// Whether a JSON `true`, or the text of one, stands there.
fn is_true(value: &serde_json::Value) -> bool {
    value.as_bool().or_else(|| value.as_str().and_then(kind::truth)).unwrap_or_default()
}
