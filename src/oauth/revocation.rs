//! How tokens end before their time (RFC 7009), and what an application is told of one (RFC 7662).

use crate::clock::Timestamp;
use crate::engine::audit::{self, Actor, Attributes, Entry};
use crate::engine::tokens;
use crate::ids::UserId;
use crate::oauth::applications::Application;
use crate::oauth::{ACTIVE_MEMBER_JOINS, IS_ACTIVE, grants};
use crate::store::{self, Db, Param};
use crate::wire::kind::{Cell, Kind};

/// Ends a token that this application holds: an access token by itself, a refresh token with everything that came of its
/// grant. A token that is unknown, or somebody else's, is left alone, and whoever asks cannot tell.
///
/// An access token does not take its grant along: a client that renews its tokens revokes the old one when it has the new.
pub fn revoke(
    db: &mut Db,
    application: &Application,
    token: &str,
    request_id: &str,
    now: Timestamp,
) -> Result<(), store::Error> {
    let hash = tokens::hash(token);
    let sql = "UPDATE access_tokens SET revoked_at = ?3 WHERE token_hash = ?1 AND application_id = ?2 \
               AND revoked_at IS NULL RETURNING id";
    let params = [Param::Bytes(&hash), application.id.into(), Param::Int(now.0)];
    if let Some(id) = db.maybe(sql, &params, |row| row.id(0))? {
        let revoked_at = |cell| Attributes::of_cells([("revoked_at", Kind::Time, cell)]);
        let entry = Entry {
            account_id: application.account_id,
            occurred_at: now,
            actor: Actor { user_id: None, token_id: None, request_id: Some(request_id) },
            action: "token.revoke",
            subject: ("access_tokens", id),
            before: Some(&revoked_at(Cell::Null)),
            after: Some(&revoked_at(Cell::Int(now.0))),
        };
        return audit::write(db, &entry);
    }
    let sql = "SELECT g.id FROM refresh_tokens r JOIN grants g ON g.id = r.grant_id \
               WHERE r.token_hash = ?1 AND g.application_id = ?2";
    match db.maybe(sql, &[Param::Bytes(&hash), application.id.into()], |row| row.id(0))? {
        Some(grant) => grants::end(db, grant, request_id, now),
        None => Ok(()),
    }
}

/// What an application is told of a token that works.
pub struct Facts {
    /// The application that holds it, if one does.
    pub client_id: Option<String>,
    /// Whether requests can be made with it; a refresh token is only good for renewing.
    pub is_access_token: bool,
    /// The scope; blank when none was asked for.
    pub scope: String,
    /// For whom it acts.
    pub user_id: UserId,
    /// That user's address.
    pub email_address: String,
    /// When it was made.
    pub created_at: Timestamp,
}

/// What this application may know of a token: access tokens of its account, and refresh tokens of its own. `None` for
/// every other token, and for one that does not work.
pub fn introspect(db: &mut Db, application: &Application, token: &str) -> Result<Option<Facts>, store::Error> {
    let hash = tokens::hash(token);
    let read = |is_access_token: bool| {
        move |row: &store::Row<'_>| {
            Ok(Facts {
                client_id: row.maybe_text(0)?.map(str::to_owned),
                is_access_token,
                scope: row.maybe_text(1)?.unwrap_or_default().to_owned(),
                user_id: row.id(2)?,
                email_address: row.text(3)?.to_owned(),
                created_at: Timestamp(row.int(4)?),
            })
        }
    };
    let access = format!(
        "SELECT p.client_id, k.scope, u.id, u.email_address, k.created_at FROM access_tokens k \
         JOIN users u ON u.id = k.user_id {ACTIVE_MEMBER_JOINS} LEFT JOIN applications p ON p.id = k.application_id \
         WHERE k.token_hash = ?1 AND k.account_id = ?2 AND k.revoked_at IS NULL AND {IS_ACTIVE}"
    );
    let found = db.maybe(&access, &[Param::Bytes(&hash), application.account_id.into()], read(true))?;
    if found.is_some() {
        return Ok(found);
    }
    let refresh = format!(
        "SELECT p.client_id, g.scope, u.id, u.email_address, r.created_at FROM refresh_tokens r \
         JOIN grants g ON g.id = r.grant_id JOIN users u ON u.id = g.user_id {ACTIVE_MEMBER_JOINS} \
         JOIN applications p ON p.id = g.application_id \
         WHERE r.token_hash = ?1 AND g.application_id = ?2 AND r.used_at IS NULL AND g.revoked_at IS NULL \
         AND {IS_ACTIVE}"
    );
    db.maybe(&refresh, &[Param::Bytes(&hash), application.id.into()], read(false))
}
