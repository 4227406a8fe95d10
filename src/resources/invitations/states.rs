//! How far invitations have come, for those who look at many: the answer, or that there is none, and the mail about each.
//!
//! The API says `pending` of everything that was not accepted, as the vendor does. Here it is what still waits: what was
//! declined or has run out is told apart, by the day of who asks and not by whether the sweeper has been there already.

use crate::clock::Timestamp;
use crate::ids::{AccountId, InvitationId};
use crate::store::{Db, Error, Param};

/// The state of an invitation that can still be answered.
pub const PENDING: &str = "pending";

/// An invitation with what became of it.
#[derive(Clone, Debug)]
pub struct Listed {
    /// Its id.
    pub id: InvitationId,
    /// `accepted`, `declined`, `expired` or [`PENDING`].
    pub state: String,
    /// The invited address.
    pub email_address: String,
    /// Name of the invited person.
    pub full_name: String,
    /// Level that the member will have, as the wire names it.
    pub permission: String,
    /// The last day on which it can be had, as days since 1970.
    pub expires_on: i64,
    /// The state of the latest mail about it; `None` where there was none, or none that is still known.
    pub mail_state: Option<String>,
}

/// What a listing is about.
#[derive(Clone, Copy)]
pub enum About {
    /// One invitation of an account.
    Invitation(AccountId, InvitationId),
    /// Those of an account that can still be answered.
    Pending(AccountId),
    /// All of an account.
    Account(AccountId),
}

/// The invitations that a listing is about, in the order in which they were made.
pub fn list(db: &mut Db, about: About, now: Timestamp) -> Result<Vec<Listed>, Error> {
    let (account, id, state) = match about {
        About::Invitation(account, id) => (account, Some(id), None),
        About::Pending(account) => (account, None, Some(PENDING)),
        About::Account(account) => (account, None, None),
    };
    let sql = "SELECT * FROM (SELECT i.id AS id, CASE WHEN i.accepted_at IS NOT NULL THEN 'accepted' \
               WHEN i.declined_at IS NOT NULL THEN 'declined' WHEN i.expires_on < ?2 THEN 'expired' \
               ELSE 'pending' END AS state, i.email_address, i.full_name, i.permission, i.expires_on, \
               (SELECT o.state FROM outbox o WHERE o.invitation_id = i.id ORDER BY o.id DESC LIMIT 1) \
               FROM account_invitations i WHERE i.account_id = ?1 AND (?3 IS NULL OR i.id = ?3)) listed \
               WHERE ?4 IS NULL OR state = ?4 ORDER BY id";
    db.all(sql, &[account.into(), Param::Int(now.day()), id.into(), state.into()], |row| {
        Ok(Listed {
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
