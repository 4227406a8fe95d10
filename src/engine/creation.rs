//! Records made as their description says: judged, written, counted and audited, one or many at once.
//!
//! Everything that a description can say of a new record happens here: required attributes and defaults (read before),
//! ids that must name something, ceilings, unique values, nested objects, tallies. What is special is a function of the
//! resource, named in its behaviour. All of a body is written, or nothing.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use crate::engine::audit::{Attributes, AuditEntry};
use crate::engine::context::Context;
use crate::engine::deletion;
use crate::engine::error::Error;
use crate::engine::nested::{self, Subject};
use crate::engine::records;
use crate::engine::rows::{self, Columns};
use crate::engine::tallies;
use crate::ids::RecordId;
use crate::store::{Db, Param};
use crate::wire::changes::{Changes, Violation};
use crate::wire::describe::{Ceiling, Resource, Upsert};
use crate::wire::kind::label;

/// What has become of an element of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    New(RecordId),
    /// A record that its key names was changed.
    Changed(RecordId),
}

impl Written {
    pub fn id(self) -> RecordId {
        match self {
            Self::New(id) | Self::Changed(id) => id,
        }
    }
}

/// Refuses ids that name nothing.
pub fn judge_referents(db: &mut Db, context: &Context, changes: &mut Changes) -> Result<(), Error> {
    for (field, referent, id) in changes.naming() {
        let sql = format!(
            "SELECT 1 FROM {} t WHERE t.account_id = ?1 AND t.id = ?2 AND {}",
            referent.table, referent.condition
        );
        if !db.exists(&sql, &[context.caller.account_id.into(), Param::Int(id)])? {
            changes.refuse(field.name, format!("{} must be {} of this account.", label(field.name), referent.what));
        }
    }
    Ok(())
}

/// Writes every element, or none at all, once all of them were judged.
pub fn create(
    db: &mut Db,
    resource: &'static Resource,
    context: &Context,
    elements: &mut [Changes],
) -> Result<Vec<Written>, Error> {
    Error::unless_valid(Changes::finish(elements))?;
    let mut written = Vec::with_capacity(elements.len());
    for changes in elements.iter_mut() {
        written.push(write(db, resource, context, changes)?);
    }
    let made = written.iter().filter(|written| matches!(written, Written::New(_))).count();
    let made = i64::try_from(made).unwrap_or(i64::MAX);
    for ceiling in resource.ceilings {
        for changes in elements.iter() {
            judge_ceiling(db, resource, context, ceiling, changes)?;
        }
    }
    for tally in resource.tallies.iter().filter(|tally| made > 0 && tally.conditions.is_empty()) {
        tallies::add(db, context.caller.account_id, tally.name, made)?;
    }
    Ok(written)
}

fn write(db: &mut Db, resource: &'static Resource, context: &Context, changes: &mut Changes) -> Result<Written, Error> {
    if let Some(upsert) = resource.upsert
        && let Some(id) = named(db, resource, upsert, context, changes)?
    {
        let record = records::find(db, resource, context.caller.account_id, Some(id))?;
        if !upsert.renews {
            changes.drop_unchanged(|name| record.stored(name));
            records::write(db, context, &record, changes)?;
            return Ok(Written::Changed(id));
        }
        if changes.values().all(|(field, value)| record.get(field.name) == Some(value)) {
            return Ok(Written::Changed(id));
        }
        deletion::delete(db, context, &record)?;
    }
    changes.derive_folded();
    let account = context.caller.account_id;
    let mut columns: Columns<'_> = vec![("account_id", account.into())];
    columns.extend(changes.columns().into_iter().map(|(name, value)| (name, value.into())));
    let authors = resource.fields.iter().filter(|field| field.is_author);
    columns.extend(authors.map(|field| (field.name, context.caller.user_id().into())));
    columns.extend(rows::made_at(context.now));
    let id: RecordId =
        rows::insert(db, resource.table, columns).map_err(|error| records::refusal(resource, changes, error))?;
    nested::write(db, Subject::new(account, resource.object, id), changes, context.now)?;
    let entry = AuditEntry::of(context, resource, "create", id);
    entry.after(Attributes::of(changes.values())).write(db)?;
    Ok(Written::New(id))
}

/// The record that the key in a body names. Whoever looks for the same key waits until this transaction ends, so two
/// requests never both make a record.
fn named(
    db: &mut Db,
    resource: &Resource,
    upsert: Upsert,
    context: &Context,
    changes: &Changes,
) -> Result<Option<RecordId>, Error> {
    let account = context.caller.account_id;
    let mut sql = format!("SELECT id FROM {} WHERE account_id = ?1", resource.table);
    let mut params: Vec<Param<'_>> = vec![account.into()];
    let mut hasher = DefaultHasher::new();
    (resource.table, account.get()).hash(&mut hasher);
    for name in upsert.key {
        let Some(value) = changes.get(name) else { return Ok(None) };
        value.hash(&mut hasher);
        params.push(value.into());
        sql.push_str(&format!(" AND {name} = ?{}", params.len()));
    }
    db.take_turn(hasher.finish().cast_signed() | i64::MIN)?;
    Ok(db.maybe(&sql, &params, |row| row.id(0))?)
}

/// Judged after the write, so that each element of a bulk counts.
fn judge_ceiling(
    db: &mut Db,
    resource: &Resource,
    context: &Context,
    ceiling: &Ceiling,
    changes: &Changes,
) -> Result<(), Error> {
    let mut sql = format!("SELECT count(*) FROM {} WHERE account_id = ?1", resource.table);
    let mut params: Vec<Param<'_>> = vec![context.caller.account_id.into()];
    if let Some(field) = ceiling.per {
        sql.push_str(&format!(" AND {field} = ?2"));
        params.extend(changes.get(field).map(Param::from));
    }
    if db.one(&sql, &params, |row| row.int(0))? > ceiling.most {
        let field = ceiling.per.unwrap_or("base");
        return Err(Error::Invalid(vec![Violation::of(field, changes.index(), ceiling.message)]));
    }
    Ok(())
}
