//! Revocation (RFC 7009) and introspection (RFC 7662) of tokens.

use crate::clock::Timestamp;
use crate::engine::audit::{Actor, AuditEntry};
use crate::engine::request_id::RequestId;
use crate::engine::tokens;
use crate::ids::{TokenId, UserId};
use crate::oauth::applications::Application;
use crate::oauth::{ACTIVE_MEMBER_JOINS, IS_ACTIVE, grants};
use crate::store::{self, Db, Param};
use crate::wire::kind::{Cell, Kind};

/// Revokes a token of this application: an access token alone, a refresh token with its whole grant. Unknown and
/// foreign tokens are left alone, with the same answer.
///
/// An access token leaves its grant alone: clients revoke the old access token after a refresh.
pub fn revoke(
    db: &mut Db,
    application: &Application,
    token: &str,
    request_id: &RequestId,
    now: Timestamp,
) -> Result<(), store::Error> {
    let hash = tokens::hash(token);
    let sql = "SELECT id FROM access_tokens WHERE token_hash = ?1 AND application_id = ?2 AND revoked_at IS NULL";
    if let Some(id) = db.maybe(sql, &[Param::Bytes(&hash), application.id.into()], |row| row.id::<TokenId>(0))? {
        if tokens::revoke(db, id, now)?.is_none() {
            return Ok(());
        }
        return AuditEntry::new(application.account_id, now, "token.revoke", "access_tokens", id)
            .by(Actor::request(request_id))
            .change("revoked_at", Kind::Time, [Cell::Null, Cell::Int(now.0)])
            .write(db);
    }
    let sql = "SELECT g.id FROM refresh_tokens r JOIN grants g ON g.id = r.grant_id \
               WHERE r.token_hash = ?1 AND g.application_id = ?2";
    match db.maybe(sql, &[Param::Bytes(&hash), application.id.into()], |row| row.id(0))? {
        Some(grant) => grants::end(db, grant, Actor::request(request_id), now).map(drop),
        None => Ok(()),
    }
}

/// A working token.
pub struct IntrospectedToken {
    /// None for tokens made by operators.
    pub client_id: Option<String>,
    pub is_access_token: bool,
    /// Blank if none was requested.
    pub scope: String,
    pub user_id: UserId,
    /// Only a proven one: any other could be false.
    pub email_address: Option<String>,
    pub created_at: Timestamp,
}

const PROVEN_ADDRESS: &str = "CASE WHEN u.address_proven_at IS NOT NULL THEN u.email_address END";

/// Finds a working access token of the application's account, or a refresh token of the application that is not too
/// old.
pub fn introspect(
    db: &mut Db,
    application: &Application,
    token: &str,
    oldest_refresh_token: Timestamp,
) -> Result<Option<IntrospectedToken>, store::Error> {
    let hash = tokens::hash(token);
    let read = |is_access_token: bool| {
        move |row: &store::Row<'_>| {
            Ok(IntrospectedToken {
                client_id: row.maybe_text(0)?.map(str::to_owned),
                is_access_token,
                scope: row.maybe_text(1)?.unwrap_or_default().to_owned(),
                user_id: row.id(2)?,
                email_address: row.maybe_text(3)?.map(str::to_owned),
                created_at: Timestamp(row.int(4)?),
            })
        }
    };
    let access = format!(
        "SELECT p.client_id, k.scope, u.id, {PROVEN_ADDRESS}, k.created_at FROM access_tokens k \
         JOIN users u ON u.id = k.user_id {ACTIVE_MEMBER_JOINS} LEFT JOIN applications p ON p.id = k.application_id \
         WHERE k.token_hash = ?1 AND k.account_id = ?2 AND k.revoked_at IS NULL AND {IS_ACTIVE}"
    );
    let found = db.maybe(&access, &[Param::Bytes(&hash), application.account_id.into()], read(true))?;
    if found.is_some() {
        return Ok(found);
    }
    let refresh = format!(
        "SELECT p.client_id, g.scope, u.id, {PROVEN_ADDRESS}, r.created_at FROM refresh_tokens r \
         JOIN grants g ON g.id = r.grant_id JOIN users u ON u.id = g.user_id {ACTIVE_MEMBER_JOINS} \
         JOIN applications p ON p.id = g.application_id \
         WHERE r.token_hash = ?1 AND g.application_id = ?2 AND r.used_at IS NULL AND g.revoked_at IS NULL \
         AND r.created_at > ?3 AND {IS_ACTIVE}"
    );
    let params = [Param::Bytes(&hash), application.id.into(), Param::Int(oldest_refresh_token.0)];
    db.maybe(&refresh, &params, read(false))
}
