//! Applications: programs that may ask the members of an account for access.
//!
//! An application belongs to one account, and only its members sign in for it. With client credentials it acts for one
//! given member. Every application has a secret; there are no public clients, and PKCE is honoured for all.

use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;
use subtle::ConstantTimeEq as _;

use crate::clock::Timestamp;
use crate::engine::audit::AuditEntry;
use crate::engine::error::{Error, read_text};
use crate::engine::tokens;
use crate::entropy::Entropy;
use crate::ids::{self, AccountId, ApplicationId, UserId};
use crate::oauth::active_member;
use crate::oauth::redirects;
use crate::store::{self, Db, Param, Row};
use crate::wire::kind::{Cell, Kind};

/// Prefix of client ids.
const CLIENT_PREFIX: &str = "app_";

const SECRET_PREFIX: &str = "ins_";

const MOST_REDIRECT_URIS: usize = 20;

#[derive(Clone, Debug, Serialize)]
pub struct Application {
    #[serde(skip)]
    pub id: ApplicationId,
    #[serde(serialize_with = "ids::number")]
    pub account_id: AccountId,
    /// The member for whom it acts with client credentials.
    #[serde(serialize_with = "ids::number")]
    pub user_id: UserId,
    pub client_id: String,
    pub name: String,
    /// In the order of registration.
    pub redirect_uris: Vec<String>,
}

pub struct NewApplication<'a> {
    pub account_id: AccountId,
    pub user_id: UserId,
    pub client_id: &'a str,
    pub secret: &'a str,
    pub name: &'a str,
    pub redirect_uris: &'a [String],
}

/// Registers an application and returns it with its secret. With client credentials it acts for the active member with
/// this address.
pub fn create(
    db: &mut Db,
    entropy: &Entropy,
    account_id: AccountId,
    email_address: &str,
    name: &str,
    redirect_uris: &[String],
    now: Timestamp,
) -> Result<(Application, SecretString), Error> {
    let name = read_text(Kind::Line, "name", name)?;
    if redirect_uris.is_empty() || redirect_uris.len() > MOST_REDIRECT_URIS {
        return Err(Error::Syntax(format!("An application has 1 to {MOST_REDIRECT_URIS} redirect URIs.")));
    }
    for uri in redirect_uris {
        if let Some(fault) = redirects::fault(uri) {
            return Err(Error::Syntax(format!("{fault} This one cannot be registered: {uri}")));
        }
    }
    let user_id = active_member(db, account_id, email_address)?;
    let client_id = tokens::generate(entropy, CLIENT_PREFIX)?.expose_secret().to_owned();
    let secret = tokens::generate(entropy, SECRET_PREFIX)?;
    let shown = secret.expose_secret();
    let new = NewApplication { account_id, user_id, client_id: &client_id, secret: shown, name: &name, redirect_uris };
    let id = insert(db, &new, now)?;
    AuditEntry::new(account_id, now, "application.create", "applications", id)
        .after([
            ("client_id", Kind::Line, Cell::Text(&client_id)),
            ("name", Kind::Line, Cell::Text(&name)),
            ("user_id", Kind::Id("users"), user_id.into()),
            ("redirect_uris", Kind::Line, Cell::Text(&redirect_uris.join(" "))),
        ])
        .write(db)?;
    let application = Application { id, account_id, user_id, client_id, name, redirect_uris: redirect_uris.to_vec() };
    Ok((application, secret))
}

/// Stores an application with a given client id and secret.
pub fn insert(db: &mut Db, new: &NewApplication<'_>, now: Timestamp) -> Result<ApplicationId, store::Error> {
    let id: ApplicationId = db.insert(
        "INSERT INTO applications (account_id, user_id, client_id, secret_hash, name, created_at) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6) RETURNING id",
        &[
            new.account_id.into(),
            new.user_id.into(),
            Param::Text(new.client_id),
            Param::Bytes(&tokens::hash(new.secret)),
            Param::Text(new.name),
            Param::Int(now.0),
        ],
    )?;
    for (position, uri) in (0..).zip(new.redirect_uris) {
        let sql = "INSERT INTO application_redirect_uris (application_id, position, uri) VALUES (?1, ?2, ?3)";
        db.exec(sql, &[id.into(), Param::Int(position), Param::Text(uri)])?;
    }
    Ok(id)
}

const COLUMNS: &str = "p.id, p.account_id, p.user_id, p.client_id, p.name";

/// Reads [`COLUMNS`]; the redirect URIs have a table of their own.
fn read(row: &Row<'_>) -> Result<Application, store::Error> {
    Ok(Application {
        id: row.id(0)?,
        account_id: row.id(1)?,
        user_id: row.id(2)?,
        client_id: row.text(3)?.to_owned(),
        name: row.text(4)?.to_owned(),
        redirect_uris: Vec::new(),
    })
}

pub fn find(db: &mut Db, client_id: &str) -> Result<Option<Application>, store::Error> {
    Ok(find_with_hash(db, client_id)?.map(|(application, _)| application))
}

/// Whether an application still exists. Writes for it check this again; it cannot be deleted before they end.
pub(super) fn is_registered(db: &mut Db, id: ApplicationId) -> Result<bool, store::Error> {
    let lock = db.dialect().for_share();
    let sql = format!("SELECT 1 FROM applications WHERE id = ?1 AND deleted_at IS NULL{lock}");
    db.exists(&sql, &[id.into()])
}

fn find_with_hash(db: &mut Db, client_id: &str) -> Result<Option<(Application, Vec<u8>)>, store::Error> {
    // No stored text has a NUL, and PostgreSQL cannot even compare one.
    if client_id.contains('\0') {
        return Ok(None);
    }
    let sql =
        format!("SELECT {COLUMNS}, p.secret_hash FROM applications p WHERE p.client_id = ?1 AND p.deleted_at IS NULL");
    let found = db.maybe(&sql, &[Param::Text(client_id)], |row| Ok((read(row)?, row.bytes(5)?.to_vec())))?;
    let Some((mut application, hash)) = found else {
        return Ok(None);
    };
    application.redirect_uris = redirect_uris(db, application.id)?;
    Ok(Some((application, hash)))
}

fn redirect_uris(db: &mut Db, id: ApplicationId) -> Result<Vec<String>, store::Error> {
    let sql = "SELECT uri FROM application_redirect_uris WHERE application_id = ?1 ORDER BY position";
    db.all(sql, &[id.into()], |row| Ok(row.text(0)?.to_owned()))
}

/// The application with this client id and secret. An unknown client id takes as long: it is compared with a hash that
/// no secret has.
pub fn authenticate(db: &mut Db, client_id: &str, secret: &str) -> Result<Option<Application>, store::Error> {
    let (application, stored) = match find_with_hash(db, client_id)? {
        Some((application, hash)) => (Some(application), hash),
        None => (None, vec![0; size_of::<tokens::TokenHash>()]),
    };
    let is_proven: bool = tokens::hash(secret).ct_eq(stored.as_slice()).into();
    Ok(application.filter(|_| is_proven))
}

#[derive(Serialize)]
pub struct ListedApplication {
    #[serde(flatten)]
    pub application: Application,
    /// Of the member for whom it acts with client credentials.
    pub email_address: String,
    pub created_at: Timestamp,
}

/// The applications of all accounts, oldest first.
pub fn list(db: &mut Db) -> Result<Vec<ListedApplication>, store::Error> {
    let sql = format!(
        "SELECT {COLUMNS}, u.email_address, p.created_at FROM applications p JOIN users u ON u.id = p.user_id \
         WHERE p.deleted_at IS NULL ORDER BY p.id"
    );
    let mut listed = db.all(&sql, &[], |row| {
        let (email_address, created_at) = (row.text(5)?.to_owned(), Timestamp(row.int(6)?));
        Ok(ListedApplication { application: read(row)?, email_address, created_at })
    })?;
    for one in &mut listed {
        one.application.redirect_uris = redirect_uris(db, one.application.id)?;
    }
    Ok(listed)
}

/// Deletes an application and revokes its grants and tokens; `false` if there is none with this client id.
pub fn delete(db: &mut Db, client_id: &str, now: Timestamp) -> Result<bool, store::Error> {
    let sql = "SELECT id, account_id, name FROM applications WHERE client_id = ?1 AND deleted_at IS NULL";
    let found = db.maybe(sql, &[Param::Text(client_id)], |row| {
        Ok((row.id::<ApplicationId>(0)?, row.id(1)?, row.text(2)?.to_owned()))
    })?;
    let Some((id, account_id, name)) = found else {
        return Ok(false);
    };
    tokens::expect_change(db, account_id)?;
    let sql = "UPDATE applications SET deleted_at = ?2 WHERE id = ?1 AND deleted_at IS NULL";
    if db.exec(sql, &[id.into(), Param::Int(now.0)])? == 0 {
        return Ok(false);
    }
    tokens::revoke_all(db, account_id, "application_id", id, now)?;
    AuditEntry::new(account_id, now, "application.delete", "applications", id)
        .before([("client_id", Kind::Line, Cell::Text(client_id)), ("name", Kind::Line, Cell::Text(&name))])
        .write(db)?;
    Ok(true)
}
