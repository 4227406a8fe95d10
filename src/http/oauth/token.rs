//! The endpoints for applications: tokens, revocation, introspection.

use std::sync::Arc;

use secrecy::ExposeSecret as _;
use serde::Serialize;
use serde_json::{Value, json};

use crate::clock::Timestamp;
use crate::engine::error::Error;
use crate::http::extract::{Params, Visit, text};
use crate::http::json::Json;
use crate::http::oauth::client;
use crate::http::oauth::refused::Refused;
use crate::oauth::exchange::{self, Means, TokenRequest};
use crate::oauth::refusal::{Code, Refusal, refusal};
use crate::oauth::revocation;
use crate::wire::params::Tree;

const NO_TOKEN: Refusal = refusal(Code::InvalidRequest, "The parameter token is missing.");

/// An access token, in the key order of the vendor's server.
#[derive(Serialize)]
pub struct IssuedToken {
    access_token: String,
    token_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<String>,
    created_at: i64,
}

#[derive(Serialize)]
pub struct Introspection {
    active: bool,
    #[serde(flatten)]
    facts: Option<TokenFacts>,
}

#[derive(Serialize)]
struct TokenFacts {
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<String>,
    username: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    token_type: Option<&'static str>,
    iat: i64,
    sub: String,
    iss: String,
}

pub async fn token(visit: Visit, Params(params): Params) -> Result<Json<IssuedToken>, Refused> {
    let asked = asked(&params)?;
    let application = client::authenticate(&visit, &params).await?;
    // Only an authenticated application learns which parameter is missing.
    let asked = asked?;
    let app = Arc::clone(&visit.app);
    let (now, request_id) = (app.clock.now(), visit.call.request_id.clone());
    let outcome = visit
        .write(move |db| {
            let means = Means { entropy: &app.entropy, now, request_id: &request_id };
            let outcome = exchange::exchange(db, &means, &application, &asked)?;
            if outcome.is_err() {
                // A refusal may have revoked tokens that were issued before.
                app.callers.forget_after_commit(db);
            }
            Ok(outcome)
        })
        .await?;
    let issued = outcome?;
    Ok(Json(IssuedToken {
        access_token: issued.access_token.expose_secret().to_owned(),
        token_type: "Bearer",
        refresh_token: issued.refresh_token.map(|token| token.expose_secret().to_owned()),
        scope: unless_blank(issued.scope),
        created_at: seconds(issued.created_at),
    }))
}

/// The grant. The outer refusal is about its type, the inner one about its parameters.
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
        _ => Err(refusal(Code::UnsupportedGrantType, "This grant_type is not supported.")),
    }
}

fn unless_blank(text: String) -> Option<String> {
    Some(text).filter(|text| !text.trim().is_empty())
}

/// Whole seconds since 1970.
fn seconds(moment: Timestamp) -> i64 {
    moment.0.div_euclid(1_000_000)
}

/// The answer is the same whether or not there was such a token.
pub async fn revoke(visit: Visit, Params(params): Params) -> Result<Json<Value>, Refused> {
    let application = client::authenticate(&visit, &params).await?;
    let token = text(&params, "token").ok_or(NO_TOKEN)?;
    let app = Arc::clone(&visit.app);
    let (now, request_id) = (app.clock.now(), visit.call.request_id.clone());
    visit
        .write(move |db| {
            app.callers.forget_after_commit(db);
            Ok(revocation::revoke(db, &application, &token, &request_id, now)?)
        })
        .await?;
    Ok(Json(json!({})))
}

pub async fn introspect(visit: Visit, Params(params): Params) -> Result<Json<Introspection>, Refused> {
    let application = client::authenticate(&visit, &params).await?;
    let token = text(&params, "token").ok_or(NO_TOKEN)?;
    let work = visit.app.store.read(move |db| Ok::<_, Error>(revocation::introspect(db, &application, &token)?));
    let facts = work.await?.map(|facts| TokenFacts {
        scope: unless_blank(facts.scope),
        client_id: facts.client_id.and_then(unless_blank),
        username: facts.email_address,
        token_type: facts.is_access_token.then_some("Bearer"),
        iat: seconds(facts.created_at),
        sub: facts.user_id.to_string(),
        iss: visit.app.base_url(),
    });
    Ok(Json(Introspection { active: facts.is_some(), facts }))
}
