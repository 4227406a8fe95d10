//! Records deleted as their description says: for good with what depends on them, or softly while other rows name them.

use crate::engine::audit::{self, AuditEntry};
use crate::engine::context::Context;
use crate::engine::error::Error;
use crate::engine::nested::{self, Subject};
use crate::engine::records::Record;
use crate::engine::tallies;
use crate::ids::{AccountId, RecordId};
use crate::store::{self, Db, Param};
use crate::wire::describe::Resource;

pub fn delete(db: &mut Db, context: &Context, record: &Record) -> Result<(), Error> {
    let (account, resource) = (context.caller.account_id, record.resource);
    if is_in_use(db, record)? {
        let sql =
            format!("UPDATE {} SET deleted_at = ?3, updated_at = ?3 WHERE account_id = ?1 AND id = ?2", resource.table);
        db.exec(&sql, &[account.into(), record.id.into(), Param::Int(context.now.0)])?;
    } else {
        note_dependents(db, context, resource, record.id)?;
        take_along(db, account, resource, record.id)?;
        for nested in resource.nested() {
            nested::remove(db, Subject::new(account, resource.object, record.id), nested)?;
        }
        let sql = format!("DELETE FROM {} WHERE account_id = ?1 AND id = ?2", resource.table);
        db.exec(&sql, &[account.into(), record.id.into()])?;
        for tally in resource.tallies.iter().filter(|tally| tally.conditions.is_empty()) {
            tallies::add(db, account, tally.name, -1)?;
        }
    }
    Ok(AuditEntry::of(context, resource, "delete", record.id).before(record.attributes()).write(db)?)
}

fn is_in_use(db: &mut Db, record: &Record) -> Result<bool, Error> {
    let kept_by = record.resource.deletion.kept_by;
    if kept_by.is_empty() {
        return Ok(false);
    }
    let names = |(table, column): &(&str, &str)| format!("EXISTS (SELECT 1 FROM {table} WHERE {column} = ?1)");
    let sql = format!("SELECT {}", kept_by.iter().map(names).collect::<Vec<_>>().join(" OR "));
    Ok(db.one(&sql, &[record.id.into()], |row| row.int(0))? != 0)
}

/// Puts into the trail what is about to go along with a record, where that is an event.
pub fn note_dependents(db: &mut Db, context: &Context, resource: &Resource, id: RecordId) -> Result<(), Error> {
    for dependents in resource.deletion.takes_along {
        if let Some(resource) = dependents.resource {
            let params = [context.caller.account_id.into(), id.into()];
            audit::note_deletion_of_each(db, context, resource, dependents.condition, params)?;
        }
    }
    Ok(())
}

/// Removes what makes no sense without the record.
pub fn take_along(db: &mut Db, account: AccountId, resource: &Resource, id: RecordId) -> Result<(), store::Error> {
    for dependents in resource.deletion.takes_along {
        let sql = format!("DELETE FROM {} WHERE account_id = ?1 AND {}", dependents.table, dependents.condition);
        let gone = db.exec(&sql, &[account.into(), id.into()])?;
        if let Some(tally) = dependents.tally.filter(|_| gone > 0) {
            tallies::add(db, account, tally, -i64::try_from(gone).unwrap_or(i64::MAX))?;
        }
    }
    Ok(())
}
