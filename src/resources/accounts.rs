//! Accounts and tokens, as operators manage them on the command line. Each write is in the audit trail.

use secrecy::{ExposeSecret as _, SecretString};

use crate::clock::Timestamp;
use crate::engine::access::Permission;
use crate::engine::audit::{Actor, AuditEntry};
use crate::engine::error::{Error, read_text};
use crate::engine::tokens;
use crate::entropy::Entropy;
use crate::ids::{AccountId, TokenId, UserId};
use crate::language::Language;
use crate::oauth::grants;
use crate::resources::joining::{self, Joined};
use crate::resources::people::{self, NewMembership, NewUser};
use crate::store::{self, Db, Param};
use crate::wire::fold::fold;
use crate::wire::kind::{Cell, Kind};

pub struct CreatedAccount {
    pub account_id: AccountId,
    pub user_id: UserId,
    pub token: SecretString,
}

/// Makes an account without members.
pub fn insert(db: &mut Db, name: &str, now: Timestamp) -> Result<AccountId, store::Error> {
    let sql = "INSERT INTO accounts (name, created_at, updated_at) VALUES (?1, ?2, ?2) RETURNING id";
    db.insert(sql, &[Param::Text(name), Param::Int(now.0)])
}

/// Refuses a name or an owner with which no account can be created.
pub fn require_valid(name: &str, owner: (&str, &str)) -> Result<(), Error> {
    Details::read(name, owner).map(drop)
}

/// Refuses a second account with the same name and owner: every command would have to say which one it means.
pub fn require_new(db: &mut Db, name: &str, owner_email: &str) -> Result<(), Error> {
    let sql = "SELECT a.id FROM accounts a JOIN account_memberships m ON m.account_id = a.id AND m.is_owner = 1 \
               JOIN users u ON u.id = m.user_id WHERE a.name = ?1 AND u.email_key = ?2 ORDER BY a.id";
    let key = fold(owner_email.trim());
    let twin: Option<AccountId> = db.maybe(sql, &[Param::Text(name.trim()), Param::Text(&key)], |row| row.id(0))?;
    match twin {
        Some(id) => Err(Error::Syntax(format!(
            "Account {id} has this name and this owner already: add --again to create another one."
        ))),
        None => Ok(()),
    }
}

/// The texts with which an account is created.
struct Details {
    name: String,
    full_name: String,
    email_address: String,
}

impl Details {
    fn read(name: &str, owner: (&str, &str)) -> Result<Self, Error> {
        Ok(Self {
            name: read_text(Kind::Line, "name", name)?,
            full_name: read_text(Kind::Line, "owner_name", owner.0)?,
            email_address: read_text(Kind::Email, "owner_email", owner.1)?,
        })
    }
}

/// Makes an account with its owner, the first administrator.
pub fn create(
    db: &mut Db,
    entropy: &Entropy,
    name: &str,
    owner: (&str, &str),
    now: Timestamp,
) -> Result<CreatedAccount, Error> {
    let Details { name, full_name, email_address } = Details::read(name, owner)?;
    let account_id = insert(db, &name, now)?;
    let user = NewUser::new(account_id, &full_name, &email_address, None, now).proven();
    let user_id = people::insert_user(db, None, &user)?;
    let owner =
        NewMembership { is_owner: true, ..NewMembership::new(account_id, user_id, Permission::Administrator, now) };
    let membership_id = people::insert_membership(db, None, &owner)?;
    AuditEntry::new(account_id, now, "account.create", "accounts", account_id)
        .after([
            ("name", Kind::Line, Cell::Text(&name)),
            ("owner_id", Kind::Id("users"), user_id.into()),
            ("owner_name", Kind::Line, Cell::Text(&full_name)),
            ("owner_email", Kind::Email, Cell::Text(&email_address)),
        ])
        .write(db)?;
    joining::note(db, Joined { account_id, user_id, membership_id, has_joined_before: false }, Actor::OPERATOR, now)?;
    let (_, token) = create_token(db, entropy, account_id, user_id, "first token", now)?;
    Ok(CreatedAccount { account_id, user_id, token })
}

pub struct ListedAccount {
    pub id: AccountId,
    pub name: String,
}

/// Every account, oldest first.
pub fn list(db: &mut Db) -> Result<Vec<ListedAccount>, store::Error> {
    let sql = "SELECT id, name FROM accounts ORDER BY id";
    db.all(sql, &[], |row| Ok(ListedAccount { id: row.id(0)?, name: row.text(1)?.to_owned() }))
}

/// Sets the language of an account's mails and pages; `None` for the server's.
pub fn set_language(
    db: &mut Db,
    account_id: AccountId,
    language: Option<Language>,
    now: Timestamp,
) -> Result<(), store::Error> {
    let sql = "SELECT language FROM accounts WHERE id = ?1";
    let before = db.one(sql, &[account_id.into()], |row| Ok(row.maybe_text(0)?.map(str::to_owned)))?;
    let after = language.map(Language::code);
    if before.as_deref() == after {
        return Ok(());
    }
    let sql = "UPDATE accounts SET language = ?2, updated_at = ?3 WHERE id = ?1";
    db.exec(sql, &[account_id.into(), after.into(), Param::Int(now.0)])?;
    AuditEntry::new(account_id, now, "account.language", "accounts", account_id)
        .change("language", Kind::Line, [before.as_deref(), after].map(|code| code.map_or(Cell::Null, Cell::Text)))
        .write(db)
}

pub fn exist(db: &mut Db) -> Result<bool, store::Error> {
    db.exists("SELECT 1 FROM accounts LIMIT 1", &[])
}

/// Makes a token for a user of an account and returns it with its id.
pub fn create_token(
    db: &mut Db,
    entropy: &Entropy,
    account_id: AccountId,
    user_id: UserId,
    label: &str,
    now: Timestamp,
) -> Result<(TokenId, SecretString), Error> {
    let token = tokens::generate(entropy, tokens::ACCESS_PREFIX)?;
    let id = tokens::insert(db, account_id, user_id, token.expose_secret(), label, now)?;
    AuditEntry::new(account_id, now, "token.create", "access_tokens", id)
        .after([("user_id", Kind::Id("users"), user_id.into()), ("label", Kind::Line, Cell::Text(label))])
        .write(db)?;
    Ok((id, token))
}

/// Revokes a token, with the whole grant that it came from: otherwise the application would fetch another one. `false`
/// if there is no valid token with this id.
pub fn revoke_token(db: &mut Db, id: TokenId, now: Timestamp) -> Result<bool, store::Error> {
    let Some(account_id) = tokens::revoke(db, id, now)? else {
        return Ok(false);
    };
    AuditEntry::new(account_id, now, "token.revoke", "access_tokens", id)
        .change("revoked_at", Kind::Time, [Cell::Null, Cell::Int(now.0)])
        .write(db)?;
    let grant = "SELECT grant_id FROM access_tokens WHERE id = ?1";
    if let Some(grant) = db.one(grant, &[id.into()], |row| row.maybe_id(0))? {
        grants::end(db, grant, Actor::OPERATOR, now)?;
    }
    Ok(true)
}
