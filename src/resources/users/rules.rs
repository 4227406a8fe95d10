//! Changes of a user's name and address.

use crate::engine::audit::AuditEntry;
use crate::engine::context::Context;
use crate::engine::error::Error;
use crate::engine::records::Record;
use crate::resources::people::Keys;
use crate::resources::{addresses, email_address};
use crate::store::{Db, Param};
use crate::wire::changes::Changes;
use crate::wire::describe::UniqueIndex;
use crate::wire::fold::fold;
use crate::wire::kind::{Cell, Kind};

/// Guarantees that an address belongs to one user of an account.
pub const ADDRESS: UniqueIndex = UniqueIndex { name: "users_address", columns: "users.account_id, users.email_key" };

pub const ADDRESS_TAKEN: &str = "Email address already belongs to another user of this account.";

const ADDRESS_INVITED: &str = "Email address already has a pending invitation.";

/// Judges a new address, and derives the keys of name and address.
pub fn before_update(db: &mut Db, context: &Context, record: &Record, changes: &mut Changes) -> Result<(), Error> {
    judge_address(db, context, record, changes)?;
    if changes.text("full_name").is_some() || changes.text("email_address").is_some() {
        let text = |name| changes.text(name).or(record.text(name)).unwrap_or_default();
        let keys = Keys::of(text("full_name"), text("email_address"));
        changes.derive("name_key", keys.name);
        changes.derive("email_key", keys.email);
        changes.derive("search_key", keys.search);
    }
    Ok(())
}

pub fn beside_update(db: &mut Db, context: &Context, record: &Record, changes: &Changes) -> Result<(), Error> {
    if let Some(address) = changes.text("email_address") {
        let before = record.text("email_address").unwrap_or_default();
        addresses::note_change(db, context, record.id.typed(), [before, address])?;
        let entry = AuditEntry::of(context, &email_address::RESOURCE, "update", record.id);
        entry.change("email_address", Kind::Email, [before, address].map(Cell::Text)).write(db)?;
    }
    Ok(())
}

/// An address belongs to one user, and a pending invitation reserves its address for the invitee (docs/WIRE.md, G13).
fn judge_address(db: &mut Db, context: &Context, record: &Record, changes: &mut Changes) -> Result<(), Error> {
    let Some(key) = changes.text("email_address").map(fold) else {
        return Ok(());
    };
    let params = [context.caller.account_id.into(), Param::Text(&key), record.id.into()];
    let taken = "SELECT 1 FROM users WHERE account_id = ?1 AND email_key = ?2 AND id <> ?3";
    let invited = "SELECT 1 FROM account_invitations \
                   WHERE account_id = ?1 AND email_key = ?2 AND invitee_id <> ?3 AND accepted_at IS NULL";
    let refusal = if db.exists(taken, &params)? {
        ADDRESS_TAKEN
    } else if db.exists(invited, &params)? {
        ADDRESS_INVITED
    } else {
        return Ok(());
    };
    changes.refuse("email_address", refusal);
    Ok(())
}
