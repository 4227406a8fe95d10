//! What those who poll for events are told when a person becomes a member.
//!
//! An invitee is nobody to them, so a user is created for them on joining, and not when invited. Whoever comes back was
//! created before: only the membership is new.

use crate::clock::Timestamp;
use crate::engine::audit::{Actor, AuditEntry};
use crate::engine::error::Error;
use crate::engine::records;
use crate::ids::{AccountId, MembershipId, RecordId, UserId};
use crate::resources::{cost_rates, email_address, memberships, users};
use crate::store::Db;
use crate::wire::describe::Resource;
use crate::wire::kind::{Cell, Kind};

/// A person who has just become a member.
#[derive(Clone, Copy)]
pub struct Joined {
    pub account_id: AccountId,
    pub user_id: UserId,
    pub membership_id: MembershipId,
    pub has_joined_before: bool,
}

pub fn note(db: &mut Db, joined: Joined, actor: Actor<'_>, now: Timestamp) -> Result<(), Error> {
    let Joined { account_id: account, user_id, membership_id, has_joined_before } = joined;
    let note_record = |db: &mut Db, resource: &'static Resource, id: RecordId| {
        let record = records::find(db, resource, account, Some(id))?;
        let entry = AuditEntry::about(account, now, resource, "create", id).by(actor);
        entry.after(record.attributes()).write(db)?;
        Ok::<_, Error>(record)
    };
    if !has_joined_before {
        let user = note_record(db, &users::RESOURCE, user_id.record())?;
        let address = user.text("email_address").map_or(Cell::Null, Cell::Text);
        AuditEntry::about(account, now, &email_address::RESOURCE, "create", user_id.record())
            .by(actor)
            .after([("email_address", Kind::Email, address)])
            .write(db)?;
    }
    let membership = note_record(db, &memberships::RESOURCE, membership_id.record())?;
    if membership.int("cost_rate_in_cents").is_some() {
        for rate in cost_rates::of_membership(db, membership_id)? {
            note_record(db, &cost_rates::RESOURCE, rate)?;
        }
    }
    Ok(())
}
