//! Seats: the licences that an account takes, against the contracted number.
//!
//! Each active member and each pending invitation takes a seat; acceptance only hands it over. Up to
//! [`FREE_WITHOUT_LOGIN`] external members who may not log in take none. The numbers are tallies
//! ([`crate::engine::tallies`]), and the ledger is made of them. As with the vendor, going over is allowed and billed:
//! the highest number over is kept, and answers to requests that take seats show the current one.

use schemars::JsonSchema;
use serde::Serialize;

use crate::clock::Timestamp;
use crate::engine::audit::{Attributes, AuditEntry};
use crate::engine::context::Context;
use crate::engine::tallies;
use crate::ids::AccountId;
use crate::resources::accounts::{self, ListedAccount};
use crate::resources::people::{ACTIVE_MEMBERSHIPS, WITHOUT_LOGIN};
use crate::store::{Db, Error, Param};
use crate::wire::kind::{Cell, Kind};

/// Tally of the pending invitations of an account.
pub const PENDING_INVITATIONS: &str = "account_invitations.pending";

/// As with the vendor, this many external members without login need no licence.
const FREE_WITHOUT_LOGIN: i64 = 15;

/// Tally of the most seats over the contracted number.
const BILLED: &str = "seats.billed";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ledger {
    /// `None` if unknown.
    pub contracted: Option<i64>,
    pub members: i64,
    /// The external ones among them who may not log in.
    pub without_login: i64,
    pub pending: i64,
    /// The most seats over the contracted number so far.
    pub billed: i64,
}

impl Ledger {
    pub fn taken(&self) -> i64 {
        self.members - self.without_login.min(FREE_WITHOUT_LOGIN) + self.pending
    }

    pub fn over(&self) -> i64 {
        self.contracted.map_or(0, |contracted| (self.taken() - contracted).max(0))
    }
}

/// The seats of an account.
#[derive(Serialize, JsonSchema)]
pub struct AccountSeats {
    pub account_id: AccountId,
    #[serde(skip)]
    pub name: String,
    contracted: Option<i64>,
    taken: i64,
    members: i64,
    without_login: i64,
    pending: i64,
    over: i64,
    billed: i64,
}

/// The seats of every account, the oldest first.
pub fn of_accounts(db: &mut Db) -> Result<Vec<AccountSeats>, Error> {
    let accounts = accounts::list(db)?.into_iter();
    let seats = |account: ListedAccount| {
        let ledger = ledger(db, account.id)?;
        let (taken, over, Ledger { contracted, members, without_login, pending, billed }) =
            (ledger.taken(), ledger.over(), ledger);
        Ok(AccountSeats {
            account_id: account.id,
            name: account.name,
            contracted,
            taken,
            members,
            without_login,
            pending,
            over,
            billed,
        })
    };
    accounts.map(seats).collect()
}

pub fn ledger(db: &mut Db, account: AccountId) -> Result<Ledger, Error> {
    db.one(
        "SELECT a.seats, \
         coalesce((SELECT total FROM tallies t WHERE t.account_id = a.id AND t.name = ?2), 0), \
         coalesce((SELECT total FROM tallies t WHERE t.account_id = a.id AND t.name = ?3), 0), \
         coalesce((SELECT total FROM tallies t WHERE t.account_id = a.id AND t.name = ?4), 0), \
         coalesce((SELECT total FROM tallies t WHERE t.account_id = a.id AND t.name = ?5), 0) \
         FROM accounts a WHERE a.id = ?1",
        &[
            account.into(),
            Param::Text(ACTIVE_MEMBERSHIPS),
            Param::Text(PENDING_INVITATIONS),
            Param::Text(BILLED),
            Param::Text(WITHOUT_LOGIN),
        ],
        |row| {
            Ok(Ledger {
                contracted: row.maybe_int(0)?,
                members: row.int(1)?,
                pending: row.int(2)?,
                billed: row.int(3)?,
                without_login: row.int(4)?,
            })
        },
    )
}

/// After seats were taken: records a new maximum, and puts the seats over into the answer.
pub fn note_taken(db: &mut Db, context: &Context) -> Result<(), Error> {
    let account = context.caller.account_id;
    // Invitations and members change different tallies, so concurrent writes would miss each other's seats. The
    // positive account id is the turn of changes to administrators.
    db.take_turn(-account.get())?;
    let ledger = ledger(db, account)?;
    let over = ledger.over();
    if over > ledger.billed {
        tallies::add(db, account, BILLED, over - ledger.billed)?;
    }
    context.remarks.note_seats_over(over);
    Ok(())
}

/// Sets the contracted number and returns the new ledger. The billed maximum starts anew, so the audit trail has both.
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
    AuditEntry::new(account, now, "account.seats", "accounts", account)
        .before(attributes(&before))
        .after(attributes(&after))
        .write(db)?;
    Ok(after)
}

/// The parts of a ledger that are set and not counted.
fn attributes(ledger: &Ledger) -> Attributes {
    let contracted = ledger.contracted.map_or(Cell::Null, Cell::Int);
    [("seats", Kind::Number, contracted), ("billed", Kind::Number, Cell::Int(ledger.billed))].into()
}
