//! Seats: how many licences an account takes, and by how many that is more than was contracted.
//!
//! A member who is active and an invitation that is pending take a seat each; its acceptance only hands it over. Both are
//! tallies already ([`crate::engine::tallies`]), kept in the transaction of every change, so the ledger is their sum. Over the
//! contracted number everything goes on, as with the vendor, who bills what is over: the highest number is kept, and every
//! answer to a request that takes a seat tells the present one.

use crate::clock::Timestamp;
use crate::engine::audit::{self, Actor, Attributes, Entry};
use crate::engine::context::Context;
use crate::engine::tallies;
use crate::ids::AccountId;
use crate::resources::people::ACTIVE_MEMBERSHIPS;
use crate::store::{Db, Error, Param};
use crate::wire::kind::{Cell, Kind};

/// Tally of the pending invitations of an account.
pub const PENDING_INVITATIONS: &str = "account_invitations.pending";

/// The most seats beyond the contracted number that an account has ever taken.
const BILLED: &str = "seats.billed";

/// The ledger of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ledger {
    /// Seats that were contracted; `None` when nobody has said.
    pub contracted: Option<i64>,
    /// Active members.
    pub members: i64,
    /// Pending invitations.
    pub pending: i64,
    /// What would have been billed: the most seats over the contracted number that were ever taken.
    pub billed: i64,
}

impl Ledger {
    /// Seats that are taken.
    pub fn taken(&self) -> i64 {
        self.members + self.pending
    }

    /// Seats that are taken beyond the contracted number.
    pub fn over(&self) -> i64 {
        self.contracted.map_or(0, |contracted| (self.taken() - contracted).max(0))
    }
}

/// The ledger of an account.
pub fn ledger(db: &mut Db, account: AccountId) -> Result<Ledger, Error> {
    db.one(
        "SELECT a.seats, \
         coalesce((SELECT total FROM tallies t WHERE t.account_id = a.id AND t.name = ?2), 0), \
         coalesce((SELECT total FROM tallies t WHERE t.account_id = a.id AND t.name = ?3), 0), \
         coalesce((SELECT total FROM tallies t WHERE t.account_id = a.id AND t.name = ?4), 0) \
         FROM accounts a WHERE a.id = ?1",
        &[account.into(), Param::Text(ACTIVE_MEMBERSHIPS), Param::Text(PENDING_INVITATIONS), Param::Text(BILLED)],
        |row| {
            Ok(Ledger {
                contracted: row.maybe_int(0)?,
                members: row.int(1)?,
                pending: row.int(2)?,
                billed: row.int(3)?,
            })
        },
    )
}

/// Looks at the ledger after seats were taken: writes down a new height, and has the answer tell what is over.
pub fn note_taken(db: &mut Db, context: &Context) -> Result<(), Error> {
    let account = context.caller.account_id;
    // An invitation and a member change different tallies, so that each would miss the other's seat. Accounts' own numbers are the
    // turns of those who change administrators.
    db.take_turn(-account.get())?;
    let ledger = ledger(db, account)?;
    let over = ledger.over();
    if over > ledger.billed {
        tallies::add(db, account, BILLED, over - ledger.billed)?;
    }
    context.remarks.note_seats_over(over);
    Ok(())
}

/// Says how many seats were contracted, or that nobody knows, and returns the ledger as it is then. What was billed begins
/// anew, so that the trail tells it beside the number.
pub fn contract(db: &mut Db, account: AccountId, seats: Option<i64>, now: Timestamp) -> Result<Ledger, Error> {
    let before = ledger(db, account)?;
    let contracted = Ledger { contracted: seats, ..before };
    let after = Ledger { billed: contracted.over(), ..contracted };
    if after == before {
        return Ok(after);
    }
    let sql = "UPDATE accounts SET seats = ?2, updated_at = ?3 WHERE id = ?1";
    db.exec(sql, &[account.into(), seats.into(), Param::Int(now.0)])?;
    tallies::add(db, account, BILLED, after.billed - before.billed)?;
    let entry = Entry {
        account_id: account,
        occurred_at: now,
        actor: Actor::OPERATOR,
        action: "account.seats",
        subject: ("accounts", account.record()),
        before: Some(&attributes(&before)),
        after: Some(&attributes(&after)),
    };
    audit::write(db, &entry)?;
    Ok(after)
}

/// What the audit trail tells of a ledger: the parts that are said and not counted.
fn attributes(ledger: &Ledger) -> Attributes {
    Attributes::of_cells([
        ("seats", Kind::Number, ledger.contracted.map_or(Cell::Null, Cell::Int)),
        ("billed", Kind::Number, Cell::Int(ledger.billed)),
    ])
}
