//! Cost rates: what an hour of a member costs, in each currency.
//!
//! The rate in the account's own currency is the member's default cost rate, which the membership shows as
//! `cost_rate_in_cents`. Both are written in one transaction, whichever of them a request names.

use crate::clock::Timestamp;
use crate::engine::access::ADMINISTRATOR;
use crate::engine::audit::AuditEntry;
use crate::engine::context::Context;
use crate::engine::creation::Written;
use crate::engine::error::Error;
use crate::engine::records::{self, Record};
use crate::ids::{AccountId, MembershipId, RecordId};
use crate::resources::entry::{Behaviour, Entry};
use crate::resources::memberships;
use crate::store::{self, Db, Param};
use crate::wire::changes::Changes;
use crate::wire::describe::{
    Association, Direction, EVENTS, Field, Filter, Operation, Referent, Resource, Sort, Upsert, Verb, derived,
};
use crate::wire::kind::{Cell, Kind};

/// The currency of an account that names none.
pub const DEFAULT_CURRENCY: &str = "USD";

pub const MEMBERSHIP: Referent = Referent { table: "account_memberships", condition: "1 = 1", what: "a membership" };

pub static ENTRY: Entry = Entry {
    resource: &RESOURCE,
    behaviour: Behaviour {
        beside_create: Some(lead_when_created),
        beside_update: Some(lead_when_updated),
        before_destroy: Some(lead_when_deleted),
        ..Behaviour::NONE
    },
};

pub static RESOURCE: Resource = Resource {
    name: "cost_rates",
    singular: "cost_rate",
    object: "CostRate",
    text: "What an hour of a member costs, in one currency.",
    table: "cost_rates",
    fields: &[
        Field::new("account_membership_id", Kind::NumberedId("account_memberships"), "The membership.")
            .on_create(1)
            .required()
            .naming(MEMBERSHIP),
        Field::new("amount_in_subunits", Kind::Cents, "The rate.").on_write(3).always_required(),
        Field::new("created_at", Kind::Time, "When it was made."),
        Field::new("currency", Kind::Currency, "The currency.").on_create(2).required(),
        derived("in_use", "1 = 0", "Whether a project of the member has this currency: never here."),
        Field::new("updated_at", Kind::Time, "When it was last changed."),
    ],
    filters: &[Filter::DATES],
    sorts: &[Sort::new("created_at", "t.created_at")],
    default_order: ("created_at", Direction::Ascending),
    associations: &[Association::belongs_to("account_membership", "account_membership_id", &memberships::RESOURCE)],
    upsert: Some(Upsert { key: &["account_membership_id", "currency"], renews: false }),
    events: EVENTS,
    operations: &[
        Operation::new(Verb::Index, "GetCostRates", ADMINISTRATOR, "Retrieve cost rates."),
        Operation::new(
            Verb::Create { bulk: 100 },
            "CreateCostRate",
            ADMINISTRATOR,
            "Set the rate of a member in a currency, or up to 100 rates.",
        ),
        Operation::new(Verb::Update, "UpdateCostRate", ADMINISTRATOR, "Change the amount of a cost rate."),
        Operation::new(Verb::Destroy, "DeleteCostRate", ADMINISTRATOR, "Delete a cost rate."),
    ],
    ..Resource::PLAIN
};

fn lead_when_created(db: &mut Db, context: &Context, written: Written, _: &Changes) -> Result<(), Error> {
    let record = records::find(db, &RESOURCE, context.caller.account_id, Some(written.id()))?;
    lead(db, context, &record, record.int("amount_in_subunits"))
}

fn lead_when_updated(db: &mut Db, context: &Context, record: &Record, changes: &Changes) -> Result<(), Error> {
    match changes.int("amount_in_subunits") {
        Some(amount) => lead(db, context, record, Some(amount)),
        None => Ok(()),
    }
}

fn lead_when_deleted(db: &mut Db, context: &Context, record: &Record) -> Result<(), Error> {
    lead(db, context, record, None)
}

/// Sets the default rate of the membership, if this rate is in the account's currency.
fn lead(db: &mut Db, context: &Context, record: &Record, amount: Option<i64>) -> Result<(), Error> {
    let Some(membership) = record.int("account_membership_id").map(MembershipId::new) else { return Ok(()) };
    let account = context.caller.account_id;
    let stored = "SELECT m.cost_rate_in_cents FROM account_memberships m JOIN accounts a ON a.id = m.account_id \
                  WHERE m.account_id = ?1 AND m.id = ?2 AND a.currency = ?3";
    let params = [account.into(), membership.into(), record.text("currency").into()];
    let Some(before) = db.maybe(stored, &params, |row| row.maybe_int(0))?.filter(|before| *before != amount) else {
        return Ok(());
    };
    let sql =
        "UPDATE account_memberships SET cost_rate_in_cents = ?3, updated_at = ?4 WHERE account_id = ?1 AND id = ?2";
    db.exec(sql, &[account.into(), membership.into(), amount.into(), Param::Int(context.now.0)])?;
    let entry = AuditEntry::of(context, &memberships::RESOURCE, "update", membership.record());
    Ok(entry.change("cost_rate_in_cents", Kind::Cents, [before, amount].map(cell)).write(db)?)
}

fn cell(amount: Option<i64>) -> Cell<'static> {
    amount.map_or(Cell::Null, Cell::Int)
}

/// The rates of a membership.
pub fn of_membership(db: &mut Db, membership: MembershipId) -> Result<Vec<RecordId>, store::Error> {
    let sql = "SELECT id FROM cost_rates WHERE account_membership_id = ?1 ORDER BY id";
    db.all(sql, &[membership.into()], |row| row.id(0))
}

/// Follows a change of the default rate of a membership, and puts what that does to a rate into the audit trail.
pub fn follow_and_note(
    db: &mut Db,
    context: &Context,
    membership: MembershipId,
    [before, after]: [Option<i64>; 2],
) -> Result<(), Error> {
    let account = context.caller.account_id;
    let Some(id) = follow(db, account, membership, after, context.now)? else { return Ok(()) };
    let action = match (before, after) {
        (_, None) => "delete",
        (None, Some(_)) => "create",
        (Some(_), Some(_)) => "update",
    };
    let entry = AuditEntry::of(context, &RESOURCE, action, id);
    let whose = ("account_membership_id", Kind::NumberedId("account_memberships"), membership.into());
    let amount = |amount| ("amount_in_subunits", Kind::Cents, cell(amount));
    let entry = match action {
        "delete" => entry.before([whose, amount(before)]),
        "create" => entry.after(records::find(db, &RESOURCE, account, Some(id))?.attributes()),
        _ => entry.before([amount(before)]).after([amount(after)]),
    };
    Ok(entry.write(db)?)
}

/// Writes the default rate of a membership as a rate in the account's currency, and returns the id of that rate.
pub fn follow(
    db: &mut Db,
    account: AccountId,
    membership: MembershipId,
    amount: Option<i64>,
    now: Timestamp,
) -> Result<Option<RecordId>, store::Error> {
    let sql = match amount {
        Some(_) => {
            "INSERT INTO cost_rates (account_id, account_membership_id, currency, amount_in_subunits, created_at, \
             updated_at) SELECT ?1, ?2, a.currency, ?3, ?4, ?4 FROM accounts a WHERE a.id = ?1 \
             ON CONFLICT (account_membership_id, currency) DO UPDATE SET \
             amount_in_subunits = excluded.amount_in_subunits, updated_at = excluded.updated_at RETURNING id"
        }
        None => {
            "DELETE FROM cost_rates WHERE account_id = ?1 AND account_membership_id = ?2 \
             AND currency = (SELECT a.currency FROM accounts a WHERE a.id = ?1) RETURNING id"
        }
    };
    let with_amount = [account.into(), membership.into(), amount.into(), Param::Int(now.0)];
    let params = if amount.is_some() { &with_amount[..] } else { &with_amount[..2] };
    db.maybe(sql, params, |row| row.id(0))
}
