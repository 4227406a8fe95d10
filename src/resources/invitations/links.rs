//! The links of invitations: secrets that open one invitation each, for whoever holds them.
//!
//! A link's token is 256 random bits, of which the database holds only the SHA-256. So a mail that is attempted again
//! cannot repeat the link of the attempt before, which may have arrived all the same: each attempt makes a link of its own,
//! and all of them work. What ends them is the invitation: sent anew, handed over as a link, answered, taken back, expired.
//! Considered and not taken: tokens that a key outside the database makes again. That key would be one more secret to keep,
//! and whoever has it and the database could forge every link.

use secrecy::{ExposeSecret as _, SecretString};

use crate::clock::Timestamp;
use crate::engine::error::Error;
use crate::engine::tokens;
use crate::entropy::Entropy;
use crate::ids::InvitationId;
use crate::store::{self, Db, Param};

/// The path of the page behind a link, without the token at its end.
pub const PATH: &str = "/invitations/";

/// Prefix of the tokens in links.
const PREFIX: &str = "lnk_";

/// How a link comes to its person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// By mail to the invited address, so that its holder is who reads that mail.
    Mail,
    /// From the hands of an administrator, so that it says nothing about the address.
    Administrator,
}

/// Makes a link of an invitation and returns its token, for the only time.
pub fn create(
    db: &mut Db,
    entropy: &Entropy,
    invitation_id: InvitationId,
    way: Way,
    now: Timestamp,
) -> Result<SecretString, Error> {
    let token = tokens::generate(entropy, PREFIX)?;
    insert(db, invitation_id, token.expose_secret(), way, now)?;
    Ok(token)
}

/// Stores a link whose token is known already.
pub fn insert(
    db: &mut Db,
    invitation_id: InvitationId,
    token: &str,
    way: Way,
    now: Timestamp,
) -> Result<(), store::Error> {
    db.exec(
        "INSERT INTO invitation_links (invitation_id, token_hash, is_by_mail, created_at) VALUES (?1, ?2, ?3, ?4)",
        &[
            invitation_id.into(),
            Param::Bytes(&tokens::hash(token)),
            Param::Int(i64::from(way == Way::Mail)),
            Param::Int(now.0),
        ],
    )?;
    Ok(())
}

/// Ends every link of an invitation.
pub fn end(db: &mut Db, invitation_id: InvitationId) -> Result<(), store::Error> {
    db.exec_later("DELETE FROM invitation_links WHERE invitation_id = ?1", &[invitation_id.into()])
}

/// The address of the page behind a link. Its beginning comes from the settings, never from a request.
pub fn address(base_url: &str, token: &SecretString) -> SecretString {
    SecretString::from(format!("{base_url}{PATH}{}", token.expose_secret()))
}
