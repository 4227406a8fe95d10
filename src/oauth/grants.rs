//! Grants: one consent of one member, from the code that tells of it to the last token that comes of it.
//!
//! The code is a part of the grant's row, since there is exactly one. It works for five minutes and for one use; that it
//! comes back later, or from another application, says that somebody else has seen it, and ends the grant.

use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};

use crate::clock::Timestamp;
use crate::engine::audit::{self, Actor, Attributes, Entry};
use crate::engine::error::Error;
use crate::engine::tokens;
use crate::entropy::Entropy;
use crate::ids::{GrantId, UserId};
use crate::oauth::applications::{self, Application};
use crate::oauth::authorization::Request;
use crate::oauth::is_active;
use crate::store::{self, Db, Param};
use crate::wire::kind::{Cell, Kind};

/// Prefix of codes.
const CODE_PREFIX: &str = "inc_";

/// How long a code works.
pub const CODE_LIFETIME: Duration = Duration::from_secs(5 * 60);

/// Who consents, and to what.
pub struct Consent<'a> {
    /// The application that asked.
    pub application: &'a Application,
    /// The member's user.
    pub user_id: UserId,
    /// Where the code goes.
    pub redirect_uri: &'a str,
    /// What was asked for.
    pub request: &'a Request,
    /// The request in which the member said so.
    pub request_id: &'a str,
}

/// Records a consent and returns the code that tells the application of it; `None` when the user may not act for the
/// application's account, or the application is gone.
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
    let id: GrantId = db.insert(
        "INSERT INTO grants (account_id, application_id, user_id, scope, redirect_uri, code_hash, code_challenge, \
         code_challenge_method, code_expires_at, created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) \
         RETURNING id",
        &[
            application.account_id.into(),
            application.id.into(),
            user_id.into(),
            Param::Text(&request.scope),
            Param::Text(redirect_uri),
            Param::Bytes(&tokens::hash(code.expose_secret())),
            challenge.map(|challenge| challenge.text.as_str()).into(),
            challenge.map(|challenge| challenge.method.name()).into(),
            Param::Int(now.plus(CODE_LIFETIME).0),
            Param::Int(now.0),
        ],
    )?;
    let after = Attributes::of_cells([
        ("client_id", Kind::Line, Cell::Text(&application.client_id)),
        ("user_id", Kind::Id("users"), user_id.into()),
        ("scope", Kind::Line, Cell::Text(&request.scope)),
    ]);
    let entry = Entry {
        account_id: application.account_id,
        occurred_at: now,
        actor: Actor { user_id: Some(user_id), token_id: None, request_id: Some(consent.request_id) },
        action: "grant.create",
        subject: ("grants", id.record()),
        before: None,
        after: Some(&after),
    };
    audit::write(db, &entry)?;
    Ok(Some(code))
}

/// Ends a grant with everything that came of it, in the name of nobody: it was used in a way that only a thief would.
pub(super) fn end(db: &mut Db, id: GrantId, request_id: &str, now: Timestamp) -> Result<(), store::Error> {
    let params = [id.into(), Param::Int(now.0)];
    db.exec("UPDATE access_tokens SET revoked_at = ?2 WHERE grant_id = ?1 AND revoked_at IS NULL", &params)?;
    let sql = "UPDATE grants SET revoked_at = ?2 WHERE id = ?1 AND revoked_at IS NULL RETURNING account_id";
    let Some(account_id) = db.maybe(sql, &params, |row| row.id(0))? else {
        return Ok(());
    };
    let revoked_at = |cell| Attributes::of_cells([("revoked_at", Kind::Time, cell)]);
    let entry = Entry {
        account_id,
        occurred_at: now,
        actor: Actor { user_id: None, token_id: None, request_id: Some(request_id) },
        action: "grant.revoke",
        subject: ("grants", id.record()),
        before: Some(&revoked_at(Cell::Null)),
        after: Some(&revoked_at(Cell::Int(now.0))),
    };
    audit::write(db, &entry)
}
