//! What operators do on the command line: an account begins and gets its language, and its members get and lose tokens.
//!
//! Invariant: each of these writes leaves its row in the audit trail, by an actor who is no user of the account.

use secrecy::SecretString;

use crate::clock::Timestamp;
use crate::engine::access::ADMINISTRATOR;
use crate::engine::audit::{self, Actor, Attributes, Entry};
use crate::engine::error::{Error, read_text};
use crate::engine::tokens;
use crate::entropy::Entropy;
use crate::ids::{AccountId, TokenId, UserId};
use crate::language::Language;
use crate::resources::people::{self, Keys, NewMembership, NewUser};
use crate::store::{self, Db, Param};
use crate::wire::kind::{Cell, Kind};

/// A new account.
pub struct Created {
    /// Its id.
    pub account_id: AccountId,
    /// The owner's user.
    pub user_id: UserId,
    /// The owner's first token, told for the only time.
    pub token: SecretString,
}

/// Writes an account that has nobody yet, and returns its id.
pub fn insert(db: &mut Db, name: &str, now: Timestamp) -> Result<AccountId, store::Error> {
    let sql = "INSERT INTO accounts (name, created_at, updated_at) VALUES (?1, ?2, ?2) RETURNING id";
    db.insert(sql, &[Param::Text(name), Param::Int(now.0)])
}

/// Makes an account with its owner, who is its first administrator.
pub fn create(
    db: &mut Db,
    entropy: &Entropy,
    name: &str,
    owner: (&str, &str),
    now: Timestamp,
) -> Result<Created, Error> {
    let name = read_text(Kind::Line, "name", name)?;
    let full_name = read_text(Kind::Line, "owner_name", owner.0)?;
    let email_address = read_text(Kind::Email, "owner_email", owner.1)?;
    let account_id = insert(db, &name, now)?;
    let keys = Keys::of(&full_name, &email_address);
    let user = NewUser {
        account_id,
        full_name: &full_name,
        email_address: &email_address,
        keys: &keys,
        headline: None,
        created_at: now,
    };
    let user_id = people::insert_user(db, None, &user)?;
    let owner = NewMembership { is_owner: true, ..NewMembership::new(account_id, user_id, ADMINISTRATOR, now) };
    people::insert_membership(db, None, &owner)?;
    let after = Attributes::of_cells([
        ("name", Kind::Line, Cell::Text(&name)),
        ("owner_id", Kind::Id("users"), user_id.into()),
        ("owner_name", Kind::Line, Cell::Text(&full_name)),
        ("owner_email", Kind::Email, Cell::Text(&email_address)),
    ]);
    let entry = Entry {
        account_id,
        occurred_at: now,
        actor: Actor::OPERATOR,
        action: "account.create",
        subject: ("accounts", account_id.record()),
        before: None,
        after: Some(&after),
    };
    audit::write(db, &entry)?;
    let (_, token) = create_token(db, entropy, account_id, user_id, "first token", now)?;
    Ok(Created { account_id, user_id, token })
}

/// An account as operators see it.
pub struct Listed {
    /// Its id.
    pub id: AccountId,
    /// Its name.
    pub name: String,
}

/// Every account, in the order in which they were made.
pub fn list(db: &mut Db) -> Result<Vec<Listed>, store::Error> {
    let sql = "SELECT id, name FROM accounts ORDER BY id";
    db.all(sql, &[], |row| Ok(Listed { id: row.id(0)?, name: row.text(1)?.to_owned() }))
}

/// Says in which language an account speaks to people outside; `None` for that of the server.
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
    let only_language =
        |code: Option<&str>| Attributes::of_cells([("language", Kind::Line, code.map_or(Cell::Null, Cell::Text))]);
    let entry = Entry {
        account_id,
        occurred_at: now,
        actor: Actor::OPERATOR,
        action: "account.language",
        subject: ("accounts", account_id.record()),
        before: Some(&only_language(before.as_deref())),
        after: Some(&only_language(after)),
    };
    audit::write(db, &entry)
}

/// Whether there is any account.
pub fn exist(db: &mut Db) -> Result<bool, store::Error> {
    db.exists("SELECT 1 FROM accounts LIMIT 1", &[])
}

/// Makes a token for a user of an account and returns it, for the only time, with its id.
pub fn create_token(
    db: &mut Db,
    entropy: &Entropy,
    account_id: AccountId,
    user_id: UserId,
    label: &str,
    now: Timestamp,
) -> Result<(TokenId, SecretString), Error> {
    let (id, token) = tokens::create::<Error>(db, entropy, account_id, user_id, label, now)?;
    let after = Attributes::of_cells([
        ("user_id", Kind::Id("users"), user_id.into()),
        ("label", Kind::Line, Cell::Text(label)),
    ]);
    let entry = Entry {
        account_id,
        occurred_at: now,
        actor: Actor::OPERATOR,
        action: "token.create",
        subject: ("access_tokens", id.record()),
        before: None,
        after: Some(&after),
    };
    audit::write(db, &entry)?;
    Ok((id, token))
}

/// Revokes a token for good; `false` when there is none of that id that is still valid.
pub fn revoke_token(db: &mut Db, id: TokenId, now: Timestamp) -> Result<bool, store::Error> {
    let Some(account_id) = tokens::revoke(db, id, now)? else {
        return Ok(false);
    };
    let revoked_at = |cell| Attributes::of_cells([("revoked_at", Kind::Time, cell)]);
    let entry = Entry {
        account_id,
        occurred_at: now,
        actor: Actor::OPERATOR,
        action: "token.revoke",
        subject: ("access_tokens", id.record()),
        before: Some(&revoked_at(Cell::Null)),
        after: Some(&revoked_at(Cell::Int(now.0))),
    };
    audit::write(db, &entry)?;
    Ok(true)
}
