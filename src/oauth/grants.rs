//! Grants: one consent of one member, from its code to the last token.
//!
//! The code is part of the grant's row, since there is exactly one. It works once, for five minutes. A second use, or
//! one by another application, means that the code leaked, and ends the grant. The operator can end it, too. A new
//! password ends it unless told otherwise, and so does the end of the membership or the application. All tokens of a
//! grant end with it.

use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;

use crate::clock::Timestamp;
use crate::engine::audit::{Actor, AuditEntry};
use crate::engine::error::Error;
use crate::engine::request_id::RequestId;
use crate::engine::{rows, tokens};
use crate::entropy::Entropy;
use crate::ids::{self, AccountId, GrantId, UserId};
use crate::oauth::applications::{self, Application};
use crate::oauth::authorization::AccessRequest;
use crate::oauth::is_active;
use crate::store::{self, Db, Param};
use crate::wire::kind::{Cell, Kind};

const CODE_PREFIX: &str = "inc_";

pub const CODE_LIFETIME: Duration = Duration::from_secs(5 * 60);

pub struct Consent<'a> {
    pub application: &'a Application,
    pub user_id: UserId,
    pub redirect_uri: &'a str,
    pub request: &'a AccessRequest,
    /// For the audit trail.
    pub request_id: &'a RequestId,
}

/// Records a consent and returns its code; `None` if the user may not act for the application's account, or the
/// application is gone.
pub fn consent(
    db: &mut Db,
    entropy: &Entropy,
    consent: &Consent<'_>,
    now: Timestamp,
) -> Result<Option<SecretString>, Error> {
    let Consent { application, user_id, redirect_uri, request, .. } = *consent;
    let belongs = "SELECT 1 FROM users WHERE id = ?1 AND account_id = ?2";
    let is_of_account = db.exists(belongs, &[user_id.into(), application.account_id.into()])?;
    if !is_of_account || !is_active(db, user_id)? || !applications::is_registered(db, application.id)? {
        return Ok(None);
    }
    let code = tokens::generate(entropy, CODE_PREFIX)?;
    let challenge = request.challenge.as_ref();
    let hash = tokens::hash(code.expose_secret());
    let row = vec![
        ("account_id", application.account_id.into()),
        ("application_id", application.id.into()),
        ("user_id", user_id.into()),
        ("scope", Param::Text(&request.scope)),
        ("redirect_uri", Param::Text(redirect_uri)),
        ("code_hash", Param::Bytes(&hash)),
        ("code_challenge", challenge.map(|challenge| challenge.text.as_str()).into()),
        ("code_challenge_method", challenge.map(|challenge| challenge.method.name()).into()),
        ("code_expires_at", Param::Int(now.plus(CODE_LIFETIME).0)),
        ("created_at", Param::Int(now.0)),
    ];
    let id: GrantId = rows::insert(db, "grants", row)?;
    AuditEntry::new(application.account_id, now, "grant.create", "grants", id)
        .by(Actor::user(user_id, Some(consent.request_id)))
        .after([
            ("client_id", Kind::Line, Cell::Text(&application.client_id)),
            ("user_id", Kind::Id("users"), user_id.into()),
            ("scope", Kind::Line, Cell::Text(&request.scope)),
        ])
        .write(db)?;
    Ok(Some(code))
}

/// Ends a grant with its tokens; `false` if there is none with this id, or it has ended.
pub fn end(db: &mut Db, id: GrantId, actor: Actor<'_>, now: Timestamp) -> Result<bool, store::Error> {
    let sql = "SELECT account_id FROM grants WHERE id = ?1 AND revoked_at IS NULL";
    let Some(account_id) = db.maybe(sql, &[id.into()], |row| row.id(0))? else {
        return Ok(false);
    };
    tokens::expect_change(db, account_id)?;
    let params = [id.into(), Param::Int(now.0)];
    let sql = "UPDATE grants SET revoked_at = ?2 WHERE id = ?1 AND revoked_at IS NULL";
    if db.exec(sql, &params)? == 0 {
        return Ok(false);
    }
    // Only after the grant, which a renewal locks: no new token can appear after this statement.
    db.exec("UPDATE access_tokens SET revoked_at = ?2 WHERE grant_id = ?1 AND revoked_at IS NULL", &params)?;
    AuditEntry::new(account_id, now, "grant.revoke", "grants", id)
        .by(actor)
        .change("revoked_at", Kind::Time, [Cell::Null, Cell::Int(now.0)])
        .write(db)?;
    Ok(true)
}

/// Ends every grant of a member.
pub fn end_all(db: &mut Db, user: UserId, actor: Actor<'_>, now: Timestamp) -> Result<(), store::Error> {
    let sql = "SELECT id FROM grants WHERE user_id = ?1 AND revoked_at IS NULL ORDER BY id";
    let grants: Vec<GrantId> = db.all(sql, &[user.into()], |row| row.id(0))?;
    grants.into_iter().try_for_each(|id| end(db, id, actor, now).map(drop))
}

/// A grant as an operator sees it.
#[derive(Serialize)]
pub struct ListedGrant {
    #[serde(serialize_with = "ids::number")]
    pub id: GrantId,
    pub client_id: String,
    pub application: String,
    #[serde(serialize_with = "ids::number")]
    pub user_id: UserId,
    pub email_address: String,
    /// Blank if none was requested.
    pub scope: String,
    pub created_at: Timestamp,
    /// When the application got its newest refresh token; `None` until it redeems the code.
    pub renewed_at: Option<Timestamp>,
    pub revoked_at: Option<Timestamp>,
}

/// The grants of an account, oldest first.
pub fn list(db: &mut Db, account: AccountId) -> Result<Vec<ListedGrant>, store::Error> {
    let sql = "SELECT g.id, p.client_id, p.name, g.user_id, u.email_address, g.scope, g.created_at, \
               (SELECT max(r.created_at) FROM refresh_tokens r WHERE r.grant_id = g.id), g.revoked_at FROM grants g \
               JOIN applications p ON p.id = g.application_id JOIN users u ON u.id = g.user_id \
               WHERE g.account_id = ?1 ORDER BY g.id";
    db.all(sql, &[account.into()], |row| {
        Ok(ListedGrant {
            id: row.id(0)?,
            client_id: row.text(1)?.to_owned(),
            application: row.text(2)?.to_owned(),
            user_id: row.id(3)?,
            email_address: row.text(4)?.to_owned(),
            scope: row.text(5)?.to_owned(),
            created_at: Timestamp(row.int(6)?),
            renewed_at: row.maybe_int(7)?.map(Timestamp),
            revoked_at: row.maybe_int(8)?.map(Timestamp),
        })
    })
}
