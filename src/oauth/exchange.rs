//! The token endpoint's rules: a code, a refresh token or the application's own name becomes an access token.
//!
//! A refusal is a result and no error, since it may have to be stored: a code that is presented twice ends its grant, and
//! an error would undo that.

use secrecy::{ExposeSecret as _, SecretString};

use crate::clock::Timestamp;
use crate::engine::audit::{self, Actor, Attributes, Entry};
use crate::engine::error::Error;
use crate::engine::tokens;
use crate::entropy::Entropy;
use crate::ids::{ApplicationId, GrantId, RecordId, UserId};
use crate::oauth::applications::{self, Application};
use crate::oauth::authorization::{is_scope, is_within};
use crate::oauth::pkce::{self, Challenge, Method};
use crate::oauth::refusal::{Code, Refusal, refusal};
use crate::oauth::{grants, is_active};
use crate::store::{self, Db, Param};
use crate::wire::kind::{Cell, Kind};

/// Prefix of refresh tokens.
const REFRESH_PREFIX: &str = "inr_";

/// The application does not exist, or has not proven that it is the one that it says.
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

/// What the application asks for.
pub enum Asked {
    /// Redeem a code.
    Code {
        /// The code.
        code: String,
        /// Where it was sent.
        redirect_uri: String,
        /// The proof that goes with its challenge.
        verifier: Option<String>,
    },
    /// Renew.
    Refresh {
        /// The refresh token.
        token: String,
        /// A part of what was granted, or blank for all of it.
        scope: String,
    },
    /// Act in its own name.
    OwnName {
        /// The scope, recorded and told back.
        scope: String,
    },
}

/// What the application gets.
pub struct Issued {
    /// The access token.
    pub access_token: SecretString,
    /// What it is renewed with; none for an application that can ask in its own name again.
    pub refresh_token: Option<SecretString>,
    /// The scope; blank when none was asked for.
    pub scope: String,
    /// When.
    pub created_at: Timestamp,
}

/// With what a request is carried out besides the database.
pub struct Means<'a> {
    /// Where secrets come from.
    pub entropy: &'a Entropy,
    /// When.
    pub now: Timestamp,
    /// The request, for the audit trail.
    pub request_id: &'a str,
}

/// Carries out the request of an application that has proven who it is.
pub fn exchange(
    db: &mut Db,
    means: &Means<'_>,
    application: &Application,
    asked: &Asked,
) -> Result<Result<Issued, Refusal>, Error> {
    if !applications::is_registered(db, application.id)? {
        return Ok(Err(UNKNOWN_CLIENT));
    }
    match asked {
        Asked::Code { code, redirect_uri, verifier } => {
            redeem(db, means, application, (code, redirect_uri, verifier.as_deref()))
        }
        Asked::Refresh { token, scope } => renew(db, means, application, token, scope),
        Asked::OwnName { scope } => in_own_name(db, means, application, scope),
    }
}

/// A grant as its code or its refresh token finds it.
struct Found {
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
    // Whatever is wrong from here on, the code was shown to somebody: it is used up before anything else is judged.
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

fn found(row: &store::Row<'_>) -> Result<Found, store::Error> {
    Ok(Found {
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

fn in_own_name(
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
    grant: &Found,
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

/// Makes an access token: a row like those of operators, that also says who holds it.
fn issue(
    db: &mut Db,
    means: &Means<'_>,
    application: &Application,
    user_id: UserId,
    grant_id: Option<GrantId>,
    scope: &str,
) -> Result<SecretString, Error> {
    let token = tokens::generate(means.entropy, tokens::ACCESS_PREFIX)?;
    let id: RecordId = db.insert(
        "INSERT INTO access_tokens (account_id, user_id, token_hash, label, created_at, application_id, grant_id, scope) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) RETURNING id",
        &[
            application.account_id.into(),
            user_id.into(),
            Param::Bytes(&tokens::hash(token.expose_secret())),
            Param::Text(&application.name),
            Param::Int(means.now.0),
            application.id.into(),
            grant_id.into(),
            Param::Text(scope),
        ],
    )?;
    let after = Attributes::of_cells([
        ("user_id", Kind::Id("users"), user_id.into()),
        ("label", Kind::Line, Cell::Text(&application.name)),
        ("client_id", Kind::Line, Cell::Text(&application.client_id)),
    ]);
    let entry = Entry {
        account_id: application.account_id,
        occurred_at: means.now,
        actor: Actor { user_id: Some(user_id), token_id: None, request_id: Some(means.request_id) },
        action: "token.create",
        subject: ("access_tokens", id),
        before: None,
        after: Some(&after),
    };
    audit::write(db, &entry)?;
    Ok(token)
}
