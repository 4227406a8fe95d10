//! Invitation states (accepted, declined, expired, pending) and delivery status, for operator listings.
//!
//! In the API, `pending` is everything that was not accepted, as with the vendor. Here declined and expired invitations
//! are told apart; expiry depends on the date, not on whether the sweeper has run.

use serde::Serialize;

use crate::clock::Timestamp;
use crate::ids::{AccountId, InvitationId};
use crate::store::{Db, Error, Param};
use crate::wire::kind;

/// Can still be answered.
pub const PENDING: &str = "pending";

#[derive(Clone, Debug, Serialize)]
pub struct ListedInvitation {
    pub id: InvitationId,
    /// `accepted`, `declined`, `expired` or [`PENDING`].
    pub state: String,
    pub email_address: String,
    pub full_name: String,
    pub permission: String,
    /// The last day, as days since 1970.
    #[serde(rename = "expiration_date", serialize_with = "kind::serialize_date")]
    pub expires_on: i64,
    /// The state of its latest mail, if one is known.
    pub mail_state: Option<String>,
}

/// Lists the invitations of an account, oldest first: all, or the one with this id, or those in this state.
pub fn list(
    db: &mut Db,
    account: AccountId,
    id: Option<InvitationId>,
    state: Option<&str>,
    now: Timestamp,
) -> Result<Vec<ListedInvitation>, Error> {
    // Each comparison comes before its `IS NULL`: PostgreSQL takes the type of a parameter from its first use.
    let sql = "SELECT * FROM (SELECT i.id AS id, CASE WHEN i.accepted_at IS NOT NULL THEN 'accepted' \
               WHEN i.declined_at IS NOT NULL THEN 'declined' \
               WHEN i.expired_at IS NOT NULL OR i.expires_on < ?2 THEN 'expired' \
               ELSE 'pending' END AS state, i.email_address, i.full_name, i.permission, i.expires_on, \
               (SELECT o.state FROM outbox o WHERE o.invitation_id = i.id ORDER BY o.id DESC LIMIT 1) AS mail_state \
               FROM account_invitations i WHERE i.account_id = ?1 AND (i.id = ?3 OR ?3 IS NULL)) listed \
               WHERE state = ?4 OR ?4 IS NULL ORDER BY id";
    db.all(sql, &[account.into(), Param::Int(now.day()), id.into(), state.into()], |row| {
        Ok(ListedInvitation {
            id: row.id(0)?,
            state: row.text(1)?.to_owned(),
            email_address: row.text(2)?.to_owned(),
            full_name: row.text(3)?.to_owned(),
            permission: row.text(4)?.to_owned(),
            expires_on: row.int(5)?,
            mail_state: row.maybe_text(6)?.map(str::to_owned),
        })
    })
}
