//! Accounts: how one begins.

use secrecy::SecretString;

use crate::clock::Timestamp;
use crate::entropy::Entropy;
use crate::error::Error;
use crate::store::{Db, Param};
use crate::tokens;
use crate::wire::fold::{fold, search_key};
use crate::wire::kind::{Kind, Value};

/// A new account.
pub struct Created {
    /// Its id.
    pub account_id: i64,
    /// The owner's user.
    pub user_id: i64,
    /// The owner's first token, told for the only time.
    pub token: SecretString,
}

/// Reads a text from outside as the kind of value that it must be.
pub fn read_text(kind: Kind, name: &str, text: &str) -> Result<String, Error> {
    match kind.read(name, &text.into()) {
        Ok(Value::Text(text)) => Ok(text),
        Ok(_) => Err(Error::Syntax(format!("{name} is not text."))),
        Err(sentence) => Err(Error::Syntax(sentence)),
    }
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
    let now_param = Param::Int(now.0);
    let account_id = db.insert(
        "INSERT INTO accounts (name, created_at, updated_at) VALUES (?1, ?2, ?2) RETURNING id",
        &[Param::Text(&name), now_param],
    )?;
    let user_id = db.insert(
        "INSERT INTO users (account_id, full_name, name_key, email_address, email_key, search_key, created_at, updated_at) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7) RETURNING id",
        &[
            Param::Int(account_id),
            Param::Text(&full_name),
            Param::Text(&fold(&full_name)),
            Param::Text(&email_address),
            Param::Text(&fold(&email_address)),
            Param::Text(&search_key(&[&full_name, &email_address])),
            now_param,
        ],
    )?;
    db.exec(
        "INSERT INTO account_memberships (account_id, user_id, permission, is_owner, created_at, updated_at) \
         VALUES (?1, ?2, 'administrator', 1, ?3, ?3)",
        &[Param::Int(account_id), Param::Int(user_id), now_param],
    )?;
    let (_, token) = tokens::create::<Error>(db, entropy, (account_id, user_id), "first token", now)?;
    Ok(Created { account_id, user_id, token })
}
