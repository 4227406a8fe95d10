//! What an invitation offers to its person: what its mail says, what its page shows, and whether it can be had.
//!
//! One look-up serves mail, page and acceptance, so that they cannot disagree about which invitations are alive. An
//! invitation that was answered, taken back, has run out, or whose account was cancelled offers nothing: whoever asks with
//! its link cannot tell it from one that never was.

use crate::clock::Timestamp;
use crate::engine::access::Level;
use crate::engine::tokens;
use crate::ids::{AccountId, InvitationId, UserId};
use crate::resources::invitations::links::Way;
use crate::store::{Db, Error, Param, Row};

/// An invitation that waits for its person.
#[derive(Clone, Debug)]
pub struct Offer {
    /// The invitation.
    pub invitation_id: InvitationId,
    /// The account that it leads into.
    pub account_id: AccountId,
    /// Name of that account.
    pub account_name: String,
    /// The account's own language, where it has chosen one.
    pub language: Option<String>,
    /// The user who will be the member.
    pub invitee_id: UserId,
    /// The invited address.
    pub email_address: String,
    /// The same, in the form in which it is compared.
    pub email_key: String,
    /// Name of the invited person.
    pub full_name: String,
    /// Title of the invited person.
    pub headline: Option<String>,
    /// Level that the member will have, as the wire names it.
    pub permission: String,
    /// Name of the role that the member will have.
    pub role_name: Option<String>,
    /// Name of the user who has sent it.
    pub inviter_name: String,
    /// The last day on which it can be had, as days since 1970.
    pub expires_on: i64,
    /// Whether the inviter may still grant that level: a member who is active, on that level or above.
    pub is_granted: bool,
}

const COLUMNS: &str = "i.id, i.account_id, a.name, a.language, i.invitee_id, i.email_address, i.email_key, i.full_name, \
                       i.headline, i.permission, r.name, u.full_name, i.expires_on, m.permission";

/// What an invitation is joined with. The inviter's membership counts while it is active.
const JOINS: &str = "JOIN accounts a ON a.id = i.account_id JOIN users u ON u.id = i.inviter_id \
                     LEFT JOIN account_memberships m ON m.user_id = i.inviter_id AND m.disabled_at IS NULL \
                     LEFT JOIN roles r ON r.id = i.default_role_id";

/// The condition of an invitation that is alive, on the day `?2`.
const IS_ALIVE: &str =
    "i.accepted_at IS NULL AND i.declined_at IS NULL AND i.expires_on >= ?2 AND a.canceled_at IS NULL";

/// The offer behind the token of a link, and how the link came to its holder.
pub fn of_token(db: &mut Db, token: &str, now: Timestamp) -> Result<Option<(Offer, Way)>, Error> {
    let sql = format!(
        "SELECT {COLUMNS}, l.is_by_mail FROM invitation_links l JOIN account_invitations i ON i.id = l.invitation_id \
         {JOINS} WHERE l.token_hash = ?1 AND {IS_ALIVE}"
    );
    db.maybe(&sql, &[Param::Bytes(&tokens::hash(token)), Param::Int(now.day())], |row| {
        let way = if row.int(14)? == 1 { Way::Mail } else { Way::Administrator };
        Ok((read(row)?, way))
    })
}

/// The offer of an invitation by its id, for the mail about it.
pub fn of_invitation(db: &mut Db, id: InvitationId, now: Timestamp) -> Result<Option<Offer>, Error> {
    let sql = format!("SELECT {COLUMNS} FROM account_invitations i {JOINS} WHERE i.id = ?1 AND {IS_ALIVE}");
    db.maybe(&sql, &[id.into(), Param::Int(now.day())], read)
}

fn read(row: &Row<'_>) -> Result<Offer, Error> {
    let owned = |text: Option<&str>| text.map(str::to_owned);
    let permission = row.text(9)?.to_owned();
    let inviter = row.maybe_text(13)?.and_then(Level::of_permission);
    let wanted = Level::of_permission(&permission);
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
        is_granted: inviter.zip(wanted).is_some_and(|(inviter, wanted)| wanted <= inviter),
        permission,
        role_name: owned(row.maybe_text(10)?),
        inviter_name: row.text(11)?.to_owned(),
        expires_on: row.int(12)?,
    })
}
