//! The rules of the token endpoint: a code, a refresh token or client credentials become an access token.
//!
//! A refusal is a result and no error: a code presented twice ends its grant, and an error would roll that back.

use secrecy::{ExposeSecret as _, SecretString};

use crate::clock::Timestamp;
use crate::engine::audit::{Actor, AuditEntry};
use crate::engine::error::Error;
use crate::engine::{rows, tokens};
use crate::entropy::Entropy;
use crate::ids::{ApplicationId, GrantId, TokenId, UserId};
use crate::oauth::applications::{self, Application};
use crate::oauth::authorization::{is_scope, is_within};
use crate::oauth::pkce::{self, Challenge, Method};
use crate::oauth::refusal::{Code, Refusal, refusal};
use crate::oauth::{grants, is_active};
use crate::store::{self, Db, Param};
use crate::wire::kind::{Cell, Kind};

const REFRESH_PREFIX: &str = "inr_";

pub const UNKNOWN_CLIENT: Refusal =
    refusal(Code::InvalidClient, "The application is unknown, or its secret is missing or wrong.");

const DEAD_CODE: Refusal = refusal(
    Code::InvalidGrant,
    "The code is unknown, expired, used or revoked, or it was given to another application or for another redirect URI.",
);

const NOT_PROVEN: Refusal = refusal(Code::InvalidGrant, "The code_verifier does not belong to the code.");

const DEAD_REFRESH_TOKEN: Refusal = refusal(
    Code::InvalidGrant,
    "The refresh token is unknown, used or revoked, or it was given to another application.",
);

const WIDER_SCOPE: Refusal = refusal(Code::InvalidScope, "The scope is malformed or wider than what was granted.");

pub enum TokenRequest {
    AuthorizationCode {
        code: String,
        redirect_uri: String,
        verifier: Option<String>,
    },
    /// The scope may be a part of the granted one, or blank for all of it.
    RefreshToken {
        token: String,
        scope: String,
    },
    ClientCredentials {
        scope: String,
    },
}

pub struct Issued {
    pub access_token: SecretString,
    /// None with client credentials.
    pub refresh_token: Option<SecretString>,
    /// Blank if none was requested.
    pub scope: String,
    pub created_at: Timestamp,
}

pub struct Means<'a> {
    pub entropy: &'a Entropy,
    pub now: Timestamp,
    pub request_id: &'a str,
}

/// Carries out the request of an authenticated application.
pub fn exchange(
    db: &mut Db,
    means: &Means<'_>,
    application: &Application,
    request: &TokenRequest,
) -> Result<Result<Issued, Refusal>, Error> {
    if !applications::is_registered(db, application.id)? {
        return Ok(Err(UNKNOWN_CLIENT));
    }
    match request {
        TokenRequest::AuthorizationCode { code, redirect_uri, verifier } => {
            redeem(db, means, application, (code, redirect_uri, verifier.as_deref()))
        }
        TokenRequest::RefreshToken { token, scope } => renew(db, means, application, token, scope),
        TokenRequest::ClientCredentials { scope } => client_credentials(db, means, application, scope),
    }
}

/// The grant of a code or a refresh token.
struct FoundGrant {
    grant_id: GrantId,
    application_id: ApplicationId,
    user_id: UserId,
    scope: String,
    is_revoked: bool,
    is_used: bool,
}

fn redeem(
    db: &mut Db,
    means: &Means<'_>,
    application: &Application,
    (code, redirect_uri, verifier): (&str, &str, Option<&str>),
) -> Result<Result<Issued, Refusal>, Error> {
    let hash = tokens::hash(code);
    let sql = "SELECT id, application_id, user_id, scope, revoked_at, code_used_at, code_expires_at, redirect_uri, \
               code_challenge, code_challenge_method FROM grants WHERE code_hash = ?1";
    let found = db.maybe(sql, &[Param::Bytes(&hash)], |row| {
        let method = row.maybe_text(9)?.and_then(Method::named);
        let challenge = row.maybe_text(8)?.zip(method);
        Ok((
            found(row)?,
            Timestamp(row.int(6)?),
            row.text(7)? == redirect_uri,
            challenge.map(|(text, method)| Challenge { method, text: text.to_owned() }),
        ))
    })?;
    let Some((grant, expires_at, is_same_redirect, challenge)) = found else {
        return Ok(Err(DEAD_CODE));
    };
    // The code was presented, so it is used up before anything else is judged.
    let sql = "UPDATE grants SET code_used_at = ?2 WHERE id = ?1 AND code_used_at IS NULL";
    let is_first_use = db.exec(sql, &[grant.grant_id.into(), Param::Int(means.now.0)])? == 1;
    if !is_first_use || grant.application_id != application.id {
        grants::end(db, grant.grant_id, means.request_id, means.now)?;
        return Ok(Err(DEAD_CODE));
    }
    if grant.is_revoked || expires_at <= means.now || !is_same_redirect || !is_active(db, grant.user_id)? {
        return Ok(Err(DEAD_CODE));
    }
    if !pkce::is_proven(challenge.as_ref(), verifier) {
        return Ok(Err(NOT_PROVEN));
    }
    issue_for_grant(db, means, application, &grant, &grant.scope).map(Ok)
}

fn found(row: &store::Row<'_>) -> Result<FoundGrant, store::Error> {
    Ok(FoundGrant {
        grant_id: row.id(0)?,
        application_id: row.id(1)?,
        user_id: row.id(2)?,
        scope: row.text(3)?.to_owned(),
        is_revoked: row.maybe_int(4)?.is_some(),
        is_used: row.maybe_int(5)?.is_some(),
    })
}

fn renew(
    db: &mut Db,
    means: &Means<'_>,
    application: &Application,
    token: &str,
    scope: &str,
) -> Result<Result<Issued, Refusal>, Error> {
    let hash = tokens::hash(token);
    let sql = "SELECT g.id, g.application_id, g.user_id, g.scope, g.revoked_at, r.used_at, r.id FROM refresh_tokens r \
               JOIN grants g ON g.id = r.grant_id WHERE r.token_hash = ?1";
    let found = db.maybe(sql, &[Param::Bytes(&hash)], |row| Ok((found(row)?, row.int(6)?)))?;
    let Some((grant, id)) = found else {
        return Ok(Err(DEAD_REFRESH_TOKEN));
    };
    if grant.is_used || grant.application_id != application.id {
        grants::end(db, grant.grant_id, means.request_id, means.now)?;
        return Ok(Err(DEAD_REFRESH_TOKEN));
    }
    if grant.is_revoked || !is_active(db, grant.user_id)? {
        return Ok(Err(DEAD_REFRESH_TOKEN));
    }
    if !is_within(scope, &grant.scope) {
        return Ok(Err(WIDER_SCOPE));
    }
    let sql = "UPDATE refresh_tokens SET used_at = ?2 WHERE id = ?1 AND used_at IS NULL";
    if db.exec(sql, &[Param::Int(id), Param::Int(means.now.0)])? != 1 {
        grants::end(db, grant.grant_id, means.request_id, means.now)?;
        return Ok(Err(DEAD_REFRESH_TOKEN));
    }
    let scope = if scope.trim().is_empty() { &grant.scope } else { scope };
    issue_for_grant(db, means, application, &grant, scope).map(Ok)
}

fn client_credentials(
    db: &mut Db,
    means: &Means<'_>,
    application: &Application,
    scope: &str,
) -> Result<Result<Issued, Refusal>, Error> {
    if !is_scope(scope) {
        return Ok(Err(WIDER_SCOPE));
    }
    if !is_active(db, application.user_id)? {
        let sentence = "The member for whom this application acts in its own name is disabled or was removed.";
        return Ok(Err(refusal(Code::UnauthorizedClient, sentence)));
    }
    let access_token = issue(db, means, application, application.user_id, None, scope)?;
    Ok(Ok(Issued { access_token, refresh_token: None, scope: scope.to_owned(), created_at: means.now }))
}

fn issue_for_grant(
    db: &mut Db,
    means: &Means<'_>,
    application: &Application,
    grant: &FoundGrant,
    scope: &str,
) -> Result<Issued, Error> {
    let access_token = issue(db, means, application, grant.user_id, Some(grant.grant_id), scope)?;
    let refresh_token = tokens::generate(means.entropy, REFRESH_PREFIX)?;
    db.exec(
        "INSERT INTO refresh_tokens (grant_id, token_hash, created_at) VALUES (?1, ?2, ?3)",
        &[grant.grant_id.into(), Param::Bytes(&tokens::hash(refresh_token.expose_secret())), Param::Int(means.now.0)],
    )?;
    let refresh_token = Some(refresh_token);
    Ok(Issued { access_token, refresh_token, scope: scope.to_owned(), created_at: means.now })
}

fn issue(
    db: &mut Db,
    means: &Means<'_>,
    application: &Application,
    user_id: UserId,
    grant_id: Option<GrantId>,
    scope: &str,
) -> Result<SecretString, Error> {
    let token = tokens::generate(means.entropy, tokens::ACCESS_PREFIX)?;
    let hash = tokens::hash(token.expose_secret());
    let row = vec![
        ("account_id", application.account_id.into()),
        ("user_id", user_id.into()),
        ("token_hash", Param::Bytes(&hash)),
        ("label", Param::Text(&application.name)),
        ("created_at", Param::Int(means.now.0)),
        ("application_id", application.id.into()),
        ("grant_id", grant_id.into()),
        ("scope", Param::Text(scope)),
    ];
    let id: TokenId = rows::insert(db, "access_tokens", row)?;
    AuditEntry::new(application.account_id, means.now, "token.create", "access_tokens", id)
        .by(Actor::user(user_id, Some(means.request_id)))
        .after([
            ("user_id", Kind::Id("users"), user_id.into()),
            ("label", Kind::Line, Cell::Text(&application.name)),
            ("client_id", Kind::Line, Cell::Text(&application.client_id)),
        ])
        .write(db)?;
    Ok(token)
}
