//! The rules of the token endpoint: a code, a refresh token or client credentials become an access token.
//!
//! A refusal is a result and no error: a code presented twice ends its grant, and an error would roll that back.

use secrecy::{ExposeSecret as _, SecretString};

use crate::clock::Timestamp;
use crate::engine::audit::{Actor, AuditEntry};
use crate::engine::error::Error;
use crate::engine::request_id::RequestId;
use crate::engine::{rows, tokens};
use crate::entropy::Entropy;
use crate::ids::{ApplicationId, GrantId, TokenId, UserId};
use crate::oauth::applications::{self, Application};
use crate::oauth::authorization::{is_scope, is_within};
use crate::oauth::pkce::{self, Challenge, ChallengeMethod};
use crate::oauth::refusal::{Code, Refusal, refusal};
use crate::oauth::{grants, is_active};
use crate::store::{self, Db, Param};
use crate::wire::kind::{Cell, Kind};

const REFRESH_PREFIX: &str = "inr_";

pub const UNKNOWN_CLIENT: Refusal =
    refusal(Code::InvalidClient, "The application is unknown, or its secret is missing or wrong.");

const DEAD_CODE: Refusal = refusal(
    Code::InvalidGrant,
    "The code is unknown, expired, used or revoked, or it was given to another application or for another redirect \
     URI.",
);

const NOT_PROVEN: Refusal = refusal(Code::InvalidGrant, "The code_verifier does not belong to the code.");

const DEAD_REFRESH_TOKEN: Refusal = refusal(
    Code::InvalidGrant,
    "The refresh token is unknown, expired, used or revoked, or it was given to another application.",
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

/// What an authenticated application asks for, and what is needed to carry it out.
pub struct Exchange<'a> {
    pub application: &'a Application,
    pub entropy: &'a Entropy,
    pub now: Timestamp,
    /// Refresh tokens made then or earlier have expired.
    pub oldest_refresh_token: Timestamp,
    pub request_id: &'a RequestId,
}

type Exchanged = Result<Result<Issued, Refusal>, Error>;

/// The grant of a code or a refresh token.
struct FoundGrant {
    grant_id: GrantId,
    application_id: ApplicationId,
    user_id: UserId,
    scope: String,
    is_revoked: bool,
    is_used: bool,
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

impl Exchange<'_> {
    pub fn carry_out(&self, db: &mut Db, request: &TokenRequest) -> Exchanged {
        if !applications::is_registered(db, self.application.id)? {
            return Ok(Err(UNKNOWN_CLIENT));
        }
        match request {
            TokenRequest::AuthorizationCode { code, redirect_uri, verifier } => {
                self.redeem(db, code, redirect_uri, verifier.as_deref())
            }
            TokenRequest::RefreshToken { token, scope } => self.renew(db, token, scope),
            TokenRequest::ClientCredentials { scope } => self.client_credentials(db, scope),
        }
    }

    fn redeem(&self, db: &mut Db, code: &str, redirect_uri: &str, verifier: Option<&str>) -> Exchanged {
        let misused = "SELECT account_id FROM grants \
                       WHERE code_hash = ?1 AND (code_used_at IS NOT NULL OR application_id <> ?2)";
        self.expect_end(db, misused, code)?;
        let sql = format!(
            "SELECT id, application_id, user_id, scope, revoked_at, code_used_at, code_expires_at, \
             redirect_uri, code_challenge, code_challenge_method FROM grants t WHERE code_hash = ?1{}",
            db.dialect().for_update()
        );
        let found = db.maybe(&sql, &[Param::Bytes(&tokens::hash(code))], |row| {
            let method = row.maybe_text(9)?.and_then(ChallengeMethod::named);
            let challenge = row.maybe_text(8)?.zip(method);
            let challenge = challenge.map(|(text, method)| Challenge { method, text: text.to_owned() });
            Ok((found(row)?, Timestamp(row.int(6)?), row.text(7)? == redirect_uri, challenge))
        })?;
        let Some((grant, expires_at, is_same_redirect, challenge)) = found else {
            return Ok(Err(DEAD_CODE));
        };
        // The code was presented, so it is used up before anything else is judged.
        let sql = "UPDATE grants SET code_used_at = ?2 WHERE id = ?1 AND code_used_at IS NULL";
        let is_first_use = db.exec(sql, &[grant.grant_id.into(), Param::Int(self.now.0)])? == 1;
        if !is_first_use || grant.application_id != self.application.id {
            return self.end(db, &grant, DEAD_CODE);
        }
        if grant.is_revoked || expires_at <= self.now || !is_same_redirect || !is_active(db, grant.user_id)? {
            return Ok(Err(DEAD_CODE));
        }
        if !pkce::is_proven(challenge.as_ref(), verifier) {
            return Ok(Err(NOT_PROVEN));
        }
        self.issue(db, grant.user_id, Some(grant.grant_id), &grant.scope)
    }

    fn renew(&self, db: &mut Db, token: &str, scope: &str) -> Exchanged {
        let misused = "SELECT g.account_id FROM refresh_tokens r JOIN grants g ON g.id = r.grant_id \
                       WHERE r.token_hash = ?1 AND (r.used_at IS NOT NULL OR g.application_id <> ?2)";
        self.expect_end(db, misused, token)?;
        // Locked, so that revoking the grant also ends the tokens issued here.
        let sql = format!(
            "SELECT t.id, t.application_id, t.user_id, t.scope, t.revoked_at, r.used_at, r.id, r.created_at \
             FROM refresh_tokens r JOIN grants t ON t.id = r.grant_id WHERE r.token_hash = ?1{}",
            db.dialect().for_update()
        );
        let found = db.maybe(&sql, &[Param::Bytes(&tokens::hash(token))], |row| {
            Ok((found(row)?, row.int(6)?, Timestamp(row.int(7)?) <= self.oldest_refresh_token))
        })?;
        let Some((grant, id, is_expired)) = found else {
            return Ok(Err(DEAD_REFRESH_TOKEN));
        };
        if grant.is_used || grant.application_id != self.application.id {
            return self.end(db, &grant, DEAD_REFRESH_TOKEN);
        }
        if grant.is_revoked || is_expired || !is_active(db, grant.user_id)? {
            return Ok(Err(DEAD_REFRESH_TOKEN));
        }
        if !is_within(scope, &grant.scope) {
            return Ok(Err(WIDER_SCOPE));
        }
        let sql = "UPDATE refresh_tokens SET used_at = ?2 WHERE id = ?1 AND used_at IS NULL";
        if db.exec(sql, &[Param::Int(id), Param::Int(self.now.0)])? != 1 {
            return self.end(db, &grant, DEAD_REFRESH_TOKEN);
        }
        let scope = if scope.trim().is_empty() { &grant.scope } else { scope };
        self.issue(db, grant.user_id, Some(grant.grant_id), scope)
    }

    fn client_credentials(&self, db: &mut Db, scope: &str) -> Exchanged {
        if !is_scope(scope) {
            return Ok(Err(WIDER_SCOPE));
        }
        if !is_active(db, self.application.user_id)? {
            let sentence = "The member for whom this application acts in its own name is disabled or was removed.";
            return Ok(Err(refusal(Code::UnauthorizedClient, sentence)));
        }
        self.issue(db, self.application.user_id, None, scope)
    }

    /// Takes the turn of a change before the grant is locked, if the grant is about to end for a misuse that is already
    /// seen. A misuse in the same moment is noticed only under the lock, and may have to be tried again.
    fn expect_end(&self, db: &mut Db, misused: &str, secret: &str) -> Result<(), Error> {
        let params = [Param::Bytes(&tokens::hash(secret)), self.application.id.into()];
        match db.maybe(misused, &params, |row| row.id(0))? {
            Some(account) => Ok(tokens::expect_change(db, account)?),
            None => Ok(()),
        }
    }

    /// Ends a grant whose code or token was misused.
    fn end(&self, db: &mut Db, grant: &FoundGrant, refusal: Refusal) -> Exchanged {
        grants::end(db, grant.grant_id, Actor::request(self.request_id), self.now)?;
        Ok(Err(refusal))
    }

    /// Makes an access token, and a refresh token if there is a grant to renew it from.
    fn issue(&self, db: &mut Db, user_id: UserId, grant_id: Option<GrantId>, scope: &str) -> Exchanged {
        let Self { application, entropy, now, request_id, .. } = *self;
        let access_token = tokens::generate(entropy, tokens::ACCESS_PREFIX)?;
        let hash = tokens::hash(access_token.expose_secret());
        let row = vec![
            ("account_id", application.account_id.into()),
            ("user_id", user_id.into()),
            ("token_hash", Param::Bytes(&hash)),
            ("label", Param::Text(&application.name)),
            ("created_at", Param::Int(now.0)),
            ("application_id", application.id.into()),
            ("grant_id", grant_id.into()),
            ("scope", Param::Text(scope)),
        ];
        let id: TokenId = rows::insert(db, "access_tokens", row)?;
        AuditEntry::new(application.account_id, now, "token.create", "access_tokens", id)
            .by(Actor::user(user_id, Some(request_id)))
            .after([
                ("user_id", Kind::Id("users"), user_id.into()),
                ("label", Kind::Line, Cell::Text(&application.name)),
                ("client_id", Kind::Line, Cell::Text(&application.client_id)),
            ])
            .write(db)?;
        let mut refresh_token = None;
        if let Some(grant_id) = grant_id {
            let token = tokens::generate(entropy, REFRESH_PREFIX)?;
            db.exec(
                "INSERT INTO refresh_tokens (grant_id, token_hash, created_at) VALUES (?1, ?2, ?3)",
                &[grant_id.into(), Param::Bytes(&tokens::hash(token.expose_secret())), Param::Int(now.0)],
            )?;
            refresh_token = Some(token);
        }
        Ok(Ok(Issued { access_token, refresh_token, scope: scope.to_owned(), created_at: now }))
    }
}
