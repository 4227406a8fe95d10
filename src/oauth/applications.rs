//! Applications: the programs that may ask the members of an account for access.
//!
//! An application belongs to one account, so that who signs in for it is looked for there and nowhere else. It also has a
//! member of its own, for whom it acts when it asks in its own name (client credentials). Every application has a secret;
//! there are no public clients, and PKCE is honoured for all.

use secrecy::SecretString;
use subtle::ConstantTimeEq as _;

use crate::clock::Timestamp;
use crate::engine::audit::{self, Actor, Attributes, Entry};
use crate::engine::error::Error;
use crate::engine::error::read_text;
use crate::engine::tokens;
use crate::entropy::Entropy;
use crate::ids::{AccountId, ApplicationId, UserId};
use crate::oauth::active_member;
use crate::oauth::redirects;
use crate::store::{self, Db, Param};
use crate::wire::kind::{Cell, Kind};

/// Prefix of the names by which applications are known.
const CLIENT_PREFIX: &str = "app_";

/// Prefix of the secrets of applications.
const SECRET_PREFIX: &str = "ins_";

/// Most redirect URIs of one application.
const MOST_REDIRECT_URIS: usize = 20;

/// An application.
#[derive(Clone, Debug)]
pub struct Application {
    /// Its id among the rows.
    pub id: ApplicationId,
    /// The account whose members it may ask.
    pub account_id: AccountId,
    /// The member as whom it acts in its own name.
    pub user_id: UserId,
    /// By what it is known outside.
    pub client_id: String,
    /// What members see.
    pub name: String,
    /// Where answers may go, in the order in which they were registered.
    pub redirect_uris: Vec<String>,
}

/// What a new application is made of.
pub struct New<'a> {
    /// The account.
    pub account_id: AccountId,
    /// The member's user.
    pub user_id: UserId,
    /// By what it is known outside.
    pub client_id: &'a str,
    /// What it proves itself with.
    pub secret: &'a str,
    /// What members see.
    pub name: &'a str,
    /// Where answers may go.
    pub redirect_uris: &'a [String],
}

/// A new application as it is told, for the only time.
pub struct Created {
    /// The application.
    pub application: Application,
    /// What it proves itself with.
    pub secret: SecretString,
}

/// Registers an application of an account, which acts as the active member of this address in its own name.
pub fn create(
    db: &mut Db,
    entropy: &Entropy,
    account_id: AccountId,
    email_address: &str,
    name: &str,
    redirect_uris: &[String],
    now: Timestamp,
) -> Result<Created, Error> {
    use secrecy::ExposeSecret as _;

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
    let client_id = tokens::generate(entropy, CLIENT_PREFIX)?;
    let secret = tokens::generate(entropy, SECRET_PREFIX)?;
    let new = New {
        account_id,
        user_id,
        client_id: client_id.expose_secret(),
        secret: secret.expose_secret(),
        name: &name,
        redirect_uris,
    };
    let id = insert(db, &new, now)?;
    write_audit(db, &new, id, now)?;
    let application = Application {
        id,
        account_id,
        user_id,
        client_id: client_id.expose_secret().to_owned(),
        name,
        redirect_uris: redirect_uris.to_vec(),
    };
    Ok(Created { application, secret })
}

/// Stores an application whose name and secret are known already.
pub fn insert(db: &mut Db, new: &New<'_>, now: Timestamp) -> Result<ApplicationId, store::Error> {
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

fn write_audit(db: &mut Db, new: &New<'_>, id: ApplicationId, now: Timestamp) -> Result<(), store::Error> {
    let redirect_uris = new.redirect_uris.join(" ");
    let after = Attributes::of_cells([
        ("client_id", Kind::Line, Cell::Text(new.client_id)),
        ("name", Kind::Line, Cell::Text(new.name)),
        ("user_id", Kind::Id("users"), new.user_id.into()),
        ("redirect_uris", Kind::Line, Cell::Text(&redirect_uris)),
    ]);
    let entry = Entry {
        account_id: new.account_id,
        occurred_at: now,
        actor: Actor::OPERATOR,
        action: "application.create",
        subject: ("applications", id.record()),
        before: None,
        after: Some(&after),
    };
    audit::write(db, &entry)
}

/// The application of a name; `None` when there is none or it was deleted.
pub fn find(db: &mut Db, client_id: &str) -> Result<Option<Application>, store::Error> {
    Ok(find_with_hash(db, client_id)?.map(|(application, _)| application))
}

/// Whether an application that was found before is still there: what is written for it has to know.
pub(super) fn is_registered(db: &mut Db, id: ApplicationId) -> Result<bool, store::Error> {
    let sql = "SELECT 1 FROM applications WHERE id = ?1 AND deleted_at IS NULL";
    db.exists(sql, &[id.into()])
}

fn find_with_hash(db: &mut Db, client_id: &str) -> Result<Option<(Application, Vec<u8>)>, store::Error> {
    // No stored text has a NUL, and PostgreSQL cannot even compare one.
    if client_id.contains('\0') {
        return Ok(None);
    }
    let sql = "SELECT id, account_id, user_id, client_id, name, secret_hash FROM applications \
               WHERE client_id = ?1 AND deleted_at IS NULL";
    let found = db.maybe(sql, &[Param::Text(client_id)], |row| {
        let application = Application {
            id: row.id(0)?,
            account_id: row.id(1)?,
            user_id: row.id(2)?,
            client_id: row.text(3)?.to_owned(),
            name: row.text(4)?.to_owned(),
            redirect_uris: Vec::new(),
        };
        Ok((application, row.bytes(5)?.to_vec()))
    })?;
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

/// The application of a name that proves itself with its secret. An unknown name takes the same path: it is compared
/// with a hash that no secret has.
pub fn authenticate(db: &mut Db, client_id: &str, secret: &str) -> Result<Option<Application>, store::Error> {
    let (application, stored) = match find_with_hash(db, client_id)? {
        Some((application, hash)) => (Some(application), hash),
        None => (None, vec![0; size_of::<tokens::TokenHash>()]),
    };
    let is_proven: bool = tokens::hash(secret).ct_eq(stored.as_slice()).into();
    Ok(application.filter(|_| is_proven))
}

/// An application as an operator sees it.
pub struct Listed {
    /// The application.
    pub application: Application,
    /// Address of the member as whom it acts in its own name.
    pub email_address: String,
    /// When it was registered.
    pub created_at: Timestamp,
}

/// The applications of all accounts, oldest first.
pub fn list(db: &mut Db) -> Result<Vec<Listed>, store::Error> {
    let mut listed = db.all(
        "SELECT p.id, p.account_id, p.user_id, p.client_id, p.name, u.email_address, p.created_at \
         FROM applications p JOIN users u ON u.id = p.user_id WHERE p.deleted_at IS NULL ORDER BY p.id",
        &[],
        |row| {
            let application = Application {
                id: row.id(0)?,
                account_id: row.id(1)?,
                user_id: row.id(2)?,
                client_id: row.text(3)?.to_owned(),
                name: row.text(4)?.to_owned(),
                redirect_uris: Vec::new(),
            };
            let created_at = Timestamp(row.int(6)?);
            Ok(Listed { application, email_address: row.text(5)?.to_owned(), created_at })
        },
    )?;
    for one in &mut listed {
        one.application.redirect_uris = redirect_uris(db, one.application.id)?;
    }
    Ok(listed)
}

/// Deletes an application, and with it every code and token that it holds; `false` when there is none of that name.
pub fn delete(db: &mut Db, client_id: &str, now: Timestamp) -> Result<bool, store::Error> {
    let sql = "UPDATE applications SET deleted_at = ?2 WHERE client_id = ?1 AND deleted_at IS NULL \
               RETURNING id, account_id, name";
    let deleted = db.maybe(sql, &[Param::Text(client_id), Param::Int(now.0)], |row| {
        Ok((row.id::<ApplicationId>(0)?, row.id(1)?, row.text(2)?.to_owned()))
    })?;
    let Some((id, account_id, name)) = deleted else {
        return Ok(false);
    };
    for sql in [
        "UPDATE grants SET revoked_at = ?2 WHERE application_id = ?1 AND revoked_at IS NULL",
        "UPDATE access_tokens SET revoked_at = ?2 WHERE application_id = ?1 AND revoked_at IS NULL",
    ] {
        db.exec(sql, &[id.into(), Param::Int(now.0)])?;
    }
    let before = Attributes::of_cells([
        ("client_id", Kind::Line, Cell::Text(client_id)),
        ("name", Kind::Line, Cell::Text(&name)),
    ]);
    let entry = Entry {
        account_id,
        occurred_at: now,
        actor: Actor::OPERATOR,
        action: "application.delete",
        subject: ("applications", id.record()),
        before: Some(&before),
        after: None,
    };
    audit::write(db, &entry)?;
    Ok(true)
}
