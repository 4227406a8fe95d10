//! The links of invitations: each is a secret that opens one invitation.
//!
//! A link's token is 256 random bits; the database holds only the SHA-256. A retried mail therefore cannot repeat the
//! link of the attempt before, which may have arrived: each attempt makes its own link, and all work until the
//! invitation is resent, handed over, answered, deleted or expired. Rejected: deriving tokens from a key outside the
//! database. That is one more secret to keep, and with it and the database every link could be forged.

use secrecy::{ExposeSecret as _, SecretString};

use crate::clock::Timestamp;
use crate::engine::error::Error;
use crate::engine::tokens;
use crate::entropy::Entropy;
use crate::ids::InvitationId;
use crate::store::{self, Db, Param};

/// The path of a link's page, before the token.
pub const PATH: &str = "/invitations/";

const PREFIX: &str = "lnk_";

/// How a link reaches its invitee.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkOrigin {
    /// By mail: its holder reads the mail of the invited address.
    Mail,
    /// From an administrator: it proves nothing about the address.
    Administrator,
}

/// Makes a link and returns its token.
pub fn create(
    db: &mut Db,
    entropy: &Entropy,
    invitation_id: InvitationId,
    origin: LinkOrigin,
    now: Timestamp,
) -> Result<SecretString, Error> {
    let token = tokens::generate(entropy, PREFIX)?;
    insert(db, invitation_id, token.expose_secret(), origin, now)?;
    Ok(token)
}

pub fn insert(
    db: &mut Db,
    invitation_id: InvitationId,
    token: &str,
    origin: LinkOrigin,
    now: Timestamp,
) -> Result<(), store::Error> {
    db.exec(
        "INSERT INTO invitation_links (invitation_id, token_hash, is_by_mail, created_at) VALUES (?1, ?2, ?3, ?4)",
        &[
            invitation_id.into(),
            Param::Bytes(&tokens::hash(token)),
            Param::Int(i64::from(origin == LinkOrigin::Mail)),
            Param::Int(now.0),
        ],
    )?;
    Ok(())
}

pub fn end(db: &mut Db, invitation_id: InvitationId) -> Result<(), store::Error> {
    db.exec_later("DELETE FROM invitation_links WHERE invitation_id = ?1", &[invitation_id.into()])
}

/// The URL of a link's page. Its base comes from the settings, never from a request.
pub fn address(base_url: &str, token: &SecretString) -> SecretString {
    SecretString::from(format!("{base_url}{PATH}{}", token.expose_secret()))
}
