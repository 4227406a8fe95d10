//! The endpoints that applications ask by themselves: tokens, their end, and what is known of one.

use std::sync::Arc;

use hyper::{Response, StatusCode};
use secrecy::ExposeSecret as _;

use crate::clock::Timestamp;
use crate::engine::error::Error;
use crate::http::oauth::client::{self, Unrecognised};
use crate::http::oauth::json;
use crate::http::object::Object;
use crate::http::visit::{Visit, text};
use crate::oauth::exchange::{self, Issued, Means, TokenRequest};
use crate::oauth::refusal::{Code, Refusal, refusal};
use crate::oauth::revocation::{self, IntrospectedToken};
use crate::server::listen::{Body, RequestBody};
use crate::wire::params::Tree;

const NO_TOKEN: Refusal = refusal(Code::InvalidRequest, "The parameter token is missing.");

/// A code, a refresh token or the application's own name becomes an access token.
pub async fn token(visit: &Visit<'_>, body: RequestBody) -> Result<Response<Body>, Error> {
    let params = visit.params(body).await?;
    let asked = match asked(&params) {
        Ok(asked) => asked,
        Err(refusal) => return Ok(json::refused(&refusal, false)),
    };
    let application = match client::recognise(visit, &params).await? {
        Ok(application) => application,
        Err(unrecognised) => return Ok(refused(&unrecognised)),
    };
    // What is missing is only told to those who have proven who they are.
    let asked = match asked {
        Ok(asked) => asked,
        Err(refusal) => return Ok(json::refused(&refusal, false)),
    };
    let app = Arc::clone(visit.app);
    let (now, request_id) = (app.clock.now(), visit.request_id.to_owned());
    let outcome = visit
        .write(move |db| {
            let means = Means { entropy: &app.entropy, now, request_id: &request_id };
            let outcome = exchange::exchange(db, &means, &application, &asked)?;
            if outcome.is_err() {
                // A refusal may have ended tokens that were given before.
                app.callers.forget_after_commit(db);
            }
            Ok(outcome)
        })
        .await?;
    Ok(match outcome {
        Ok(issued) => issued_body(&issued).answer(StatusCode::OK),
        Err(refusal) => json::refused(&refusal, false),
    })
}

/// What is asked for. The outer refusal concerns the grant itself, the inner one what it needs.
fn asked(params: &Tree) -> Result<Result<TokenRequest, Refusal>, Refusal> {
    let needed = |name: &str, sentence| text(params, name).ok_or(refusal(Code::InvalidRequest, sentence));
    let scope = text(params, "scope").unwrap_or_default();
    match needed("grant_type", "The parameter grant_type is missing.")?.as_str() {
        "authorization_code" => Ok(needed("code", "The parameter code is missing.").and_then(|code| {
            let redirect_uri = needed("redirect_uri", "The parameter redirect_uri is missing.")?;
            Ok(TokenRequest::AuthorizationCode { code, redirect_uri, verifier: text(params, "code_verifier") })
        })),
        "refresh_token" => {
            let token = needed("refresh_token", "The parameter refresh_token is missing.");
            Ok(token.map(|token| TokenRequest::RefreshToken { token, scope }))
        }
        "client_credentials" => Ok(Ok(TokenRequest::ClientCredentials { scope })),
        _ => Err(refusal(Code::UnsupportedGrantType, "This server does not know that grant_type.")),
    }
}

/// What is issued, in the order of the vendor's own server.
fn issued_body(issued: &Issued) -> Object {
    let refresh_token = issued.refresh_token.as_ref().map_or("", |token| token.expose_secret());
    Object::new()
        .text("access_token", issued.access_token.expose_secret())
        .text("token_type", "Bearer")
        .text_unless_blank("refresh_token", refresh_token)
        .text_unless_blank("scope", &issued.scope)
        .int("created_at", seconds(issued.created_at))
}

/// Whole seconds since 1970.
fn seconds(moment: Timestamp) -> i64 {
    moment.0.div_euclid(1_000_000)
}

fn refused(unrecognised: &Unrecognised) -> Response<Body> {
    json::refused(&unrecognised.refusal, unrecognised.is_challenged)
}

/// A token ends. Whoever asks is not told whether there was one.
pub async fn revoke(visit: &Visit<'_>, body: RequestBody) -> Result<Response<Body>, Error> {
    let params = visit.params(body).await?;
    let application = match client::recognise(visit, &params).await? {
        Ok(application) => application,
        Err(unrecognised) => return Ok(refused(&unrecognised)),
    };
    let Some(token) = text(&params, "token") else {
        return Ok(json::refused(&NO_TOKEN, false));
    };
    let app = Arc::clone(visit.app);
    let (now, request_id) = (app.clock.now(), visit.request_id.to_owned());
    visit
        .write(move |db| {
            app.callers.forget_after_commit(db);
            Ok(revocation::revoke(db, &application, &token, &request_id, now)?)
        })
        .await?;
    Ok(Object::new().answer(StatusCode::OK))
}

/// What is known of a token.
pub async fn introspect(visit: &Visit<'_>, body: RequestBody) -> Result<Response<Body>, Error> {
    let params = visit.params(body).await?;
    let application = match client::recognise(visit, &params).await? {
        Ok(application) => application,
        Err(unrecognised) => return Ok(refused(&unrecognised)),
    };
    let Some(token) = text(&params, "token") else {
        return Ok(json::refused(&NO_TOKEN, false));
    };
    let facts: Option<IntrospectedToken> =
        visit.app.store.read(move |db| Ok::<_, Error>(revocation::introspect(db, &application, &token)?)).await?;
    let Some(facts) = facts else {
        return Ok(Object::new().truth("active", false).answer(StatusCode::OK));
    };
    let token_type = if facts.is_access_token { "Bearer" } else { "" };
    Ok(Object::new()
        .truth("active", true)
        .text_unless_blank("scope", &facts.scope)
        .text_unless_blank("client_id", facts.client_id.as_deref().unwrap_or_default())
        .text("username", &facts.email_address)
        .text_unless_blank("token_type", token_type)
        .int("iat", seconds(facts.created_at))
        .text("sub", &facts.user_id.to_string())
        .text("iss", &visit.app.base_url())
        .answer(StatusCode::OK))
}
