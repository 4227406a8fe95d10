//! The endpoints for applications: tokens, revocation, introspection.

use std::sync::Arc;

use secrecy::ExposeSecret;
use serde_json::{Value, json};

use crate::clock::Timestamp;
use crate::engine::error::Error;
use crate::http::extract::{BodyParams, Visit, text};
use crate::http::json::{Json, Ordered};
use crate::http::oauth::client;
use crate::http::oauth::refused::Refused;
use crate::oauth::exchange::{Exchange, TokenRequest};
use crate::oauth::refusal::{Code, Refusal, refusal};
use crate::oauth::revocation;
use crate::store::Db;
use crate::wire::params::Tree;

const NO_TOKEN: Refusal = refusal(Code::InvalidRequest, "The parameter token is missing.");

pub async fn token(visit: Visit, BodyParams(params): BodyParams) -> Result<Json<Ordered<Value>>, Refused> {
    let asked = asked(&params)?;
    let application = client::authenticate(&visit, &params).await?;
    // Only an authenticated application learns which parameter is missing.
    let asked = asked?;
    let app = Arc::clone(&visit.app);
    let (now, request_id) = (app.clock.now(), visit.call.request_id.clone());
    let outcome = visit
        .write(move |db| {
            let exchange = Exchange {
                application: &application,
                entropy: &app.entropy,
                now,
                oldest_refresh_token: app.config.oldest_refresh_token(now),
                request_id: &request_id,
            };
            let outcome = exchange.carry_out(db, &asked)?;
            if outcome.is_err() {
                // A refusal may have revoked tokens that were issued before.
                app.callers.forget_after_commit(db);
            }
            Ok(outcome)
        })
        .await?;
    let issued = outcome?;
    // In the key order of the vendor's server.
    Ok(Json(Ordered::given(vec![
        ("access_token", json!(issued.access_token.expose_secret())),
        ("token_type", json!("Bearer")),
        ("refresh_token", json!(issued.refresh_token.as_ref().map(ExposeSecret::expose_secret))),
        ("scope", json!(unless_blank(&issued.scope))),
        ("created_at", json!(seconds(issued.created_at))),
    ])))
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

fn unless_blank(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.trim().is_empty())
}

/// Whole seconds since 1970.
fn seconds(moment: Timestamp) -> i64 {
    moment.0.div_euclid(1_000_000)
}

/// The answer is the same whether or not there was such a token.
pub async fn revoke(visit: Visit, BodyParams(params): BodyParams) -> Result<Json<Value>, Refused> {
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

pub async fn introspect(visit: Visit, BodyParams(params): BodyParams) -> Result<Json<Ordered<Value>>, Refused> {
    let application = client::authenticate(&visit, &params).await?;
    let token = text(&params, "token").ok_or(NO_TOKEN)?;
    let oldest = visit.app.config.oldest_refresh_token(visit.app.clock.now());
    let work = move |db: &mut Db| Ok::<_, Error>(revocation::introspect(db, &application, &token, oldest)?);
    let facts = visit.app.store.read(work).await?;
    let mut answer = vec![("active", json!(facts.is_some()))];
    if let Some(facts) = facts {
        answer.extend([
            ("scope", json!(unless_blank(&facts.scope))),
            ("client_id", json!(facts.client_id.as_deref().and_then(unless_blank))),
            ("username", json!(facts.email_address)),
            ("token_type", json!(facts.is_access_token.then_some("Bearer"))),
            ("iat", json!(seconds(facts.created_at))),
            ("sub", json!(facts.user_id)),
            ("iss", json!(visit.app.base_url())),
        ]);
    }
    Ok(Json(Ordered::given(answer)))
}
