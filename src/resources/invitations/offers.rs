//! What a pending invitation offers to its invitee.
//!
//! Mail, page and acceptance share one look-up, so they agree on which invitations are open. An invitation that was
//! answered, deleted or has expired, or whose account was cancelled, offers nothing: its link is like one that never
//! existed.

use crate::clock::Timestamp;
use crate::engine::access::Permission;
use crate::engine::tokens;
use crate::ids::{AccountId, InvitationId, UserId};
use crate::resources::invitations::links::LinkOrigin;
use crate::store::{Db, Error, Param, Row};

#[derive(Clone, Debug)]
pub struct Offer {
    pub invitation_id: InvitationId,
    pub account_id: AccountId,
    pub account_name: String,
    /// The account's language, if it has set one.
    pub language: Option<String>,
    pub invitee_id: UserId,
    pub email_address: String,
    /// The address in lower case.
    pub email_key: String,
    pub full_name: String,
    pub headline: Option<String>,
    pub permission: Permission,
    pub role_name: Option<String>,
    pub inviter_name: String,
    /// The last day, as days since 1970.
    pub expires_on: i64,
    /// Whether the inviter may still grant the permission.
    pub is_granted: bool,
}

const COLUMNS: &str = "i.id, i.account_id, a.name, a.language, i.invitee_id, i.email_address, i.email_key, \
                       i.full_name, i.headline, i.permission, r.name, u.full_name, i.expires_on, m.permission";

/// The inviter's membership counts while it is active and may log in.
const JOINS: &str = "JOIN accounts a ON a.id = i.account_id JOIN users u ON u.id = i.inviter_id \
                     LEFT JOIN account_memberships m ON m.user_id = i.inviter_id AND m.disabled_at IS NULL \
                     AND m.can_log_in = 1 \
                     LEFT JOIN roles r ON r.id = i.default_role_id";

/// On the day `?2`.
const IS_OPEN: &str =
    "i.accepted_at IS NULL AND i.declined_at IS NULL AND i.expires_on >= ?2 AND a.canceled_at IS NULL";

/// The offer behind the token of a link, and where the link came from.
pub fn of_token(db: &mut Db, token: &str, now: Timestamp) -> Result<Option<(Offer, LinkOrigin)>, Error> {
    let sql = format!(
        "SELECT {COLUMNS}, l.is_by_mail FROM invitation_links l JOIN account_invitations i ON i.id = l.invitation_id \
         {JOINS} WHERE l.token_hash = ?1 AND {IS_OPEN}"
    );
    db.maybe(&sql, &[Param::Bytes(&tokens::hash(token)), Param::Int(now.day())], |row| {
        let origin = if row.int(14)? == 1 { LinkOrigin::Mail } else { LinkOrigin::Administrator };
        Ok((read(row)?, origin))
    })
}

/// The offer of an invitation, for its mail.
pub fn of_invitation(db: &mut Db, id: InvitationId, now: Timestamp) -> Result<Option<Offer>, Error> {
    let sql = format!("SELECT {COLUMNS} FROM account_invitations i {JOINS} WHERE i.id = ?1 AND {IS_OPEN}");
    db.maybe(&sql, &[id.into(), Param::Int(now.day())], read)
}

fn read(row: &Row<'_>) -> Result<Offer, Error> {
    let owned = |text: Option<&str>| text.map(str::to_owned);
    let permission: Permission = row.text(9)?.parse()?;
    let inviter = row.maybe_text(13)?.map(str::parse::<Permission>).transpose()?;
    Ok(Offer {
        invitation_id: row.id(0)?,
        account_id: row.id(1)?,
        account_name: row.text(2)?.to_owned(),
        language: owned(row.maybe_text(3)?),
        invitee_id: row.id(4)?,
        email_address: row.text(5)?.to_owned(),
        email_key: row.text(6)?.to_owned(),
        full_name: row.text(7)?.to_owned(),
        headline: owned(row.maybe_text(8)?),
        is_granted: inviter.is_some_and(|inviter| permission.level() <= inviter.level()),
        permission,
        role_name: owned(row.maybe_text(10)?),
        inviter_name: row.text(11)?.to_owned(),
        expires_on: row.int(12)?,
    })
}
