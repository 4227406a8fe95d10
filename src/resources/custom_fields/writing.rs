//! Values that are set: judged by their field, which says who may and what a value is.

use serde_json::Value as Json;

use crate::engine::access::Caller;
use crate::engine::context::Context;
use crate::engine::error::Error;
use crate::engine::records::Record;
use crate::resources::custom_fields::{NOT_WRITABLE, typed};
use crate::store::{self, Db, Param};
use crate::wire::changes::Changes;
use crate::wire::kind::Value;

/// What a field says of its values.
struct Field {
    id: i64,
    value_type: String,
    is_unique: bool,
    read_from: i64,
    write_from: i64,
}

impl Field {
    /// The field, which nobody changes until the transaction ends: a choice that is being selected is not deleted.
    fn find(db: &mut Db, caller: &Caller, id: i64) -> Result<Option<Self>, store::Error> {
        let sql = format!(
            "SELECT value_type, unique_constraint, read_from, write_from FROM custom_fields \
             WHERE account_id = ?1 AND id = ?2{}",
            db.dialect().for_share()
        );
        db.maybe(&sql, &[caller.account_id.into(), Param::Int(id)], |row| {
            Ok(Self {
                id,
                value_type: row.text(0)?.to_owned(),
                is_unique: row.int(1)? != 0,
                read_from: row.int(2)?,
                write_from: row.int(3)?,
            })
        })
    }
}

/// To a caller who may not read a field it does not exist.
pub fn judge_new(db: &mut Db, context: &Context, changes: &mut Changes) -> Result<(), Error> {
    let Some(id) = changes.int("custom_field_id") else { return Ok(()) };
    let rung: i64 = context.caller.rung().0.into();
    match Field::find(db, &context.caller, id)?.filter(|field| rung >= field.read_from) {
        None => changes.refuse("custom_field_id", "Custom field id must be a custom field of this account."),
        Some(field) if rung < field.write_from => return Err(Error::Forbidden(NOT_WRITABLE)),
        Some(field) => {
            if let Some(typed) = read(db, context, &field, changes)? {
                write(&field, typed, changes);
            }
        }
    }
    Ok(())
}

/// A value that stays as it is keeps its setter.
pub fn judge(db: &mut Db, context: &Context, record: &Record, changes: &mut Changes) -> Result<(), Error> {
    let id = record.int("custom_field_id").unwrap_or_default();
    let field = Field::find(db, &context.caller, id)?.ok_or(Error::NotFound)?;
    match read(db, context, &field, changes)? {
        Some(typed) if record.text("value") == Some(&typed.json) => changes.drop("value"),
        Some(typed) => {
            write(&field, typed, changes);
            let setter = context.caller.user_id().map_or(Value::Null, |user| Value::Int(user.get()));
            changes.derive_value("setter_id", setter);
        }
        None => {}
    }
    Ok(())
}

/// The value in a body, if it is one of the field.
fn read(db: &mut Db, context: &Context, field: &Field, changes: &mut Changes) -> Result<Option<typed::Typed>, Error> {
    let Some(text) = changes.text("value") else { return Ok(None) };
    let given: Json = serde_json::from_str(text).map_err(|cause| Error::Internal(cause.to_string()))?;
    match typed::read(&field.value_type, &given) {
        Ok(typed) if has_all(db, context, field, &typed.choices)? => Ok(Some(typed)),
        Ok(_) => {
            changes.refuse("value", "Value must name choices of this custom field.");
            Ok(None)
        }
        Err(sentence) => {
            changes.refuse("value", sentence);
            Ok(None)
        }
    }
}

fn has_all(db: &mut Db, context: &Context, field: &Field, choices: &[i64]) -> Result<bool, store::Error> {
    if choices.is_empty() {
        return Ok(true);
    }
    let sql = format!(
        "SELECT count(*) FROM custom_field_choices WHERE account_id = ?1 AND custom_field_id = ?2 AND {}",
        db.dialect().among_ids("id", "?3")
    );
    let ids = serde_json::Value::from(choices).to_string();
    let params = [context.caller.account_id.into(), Param::Int(field.id), Param::Text(&ids)];
    let known = db.one(&sql, &params, |row| row.int(0))?;
    Ok(usize::try_from(known) == Ok(choices.len()))
}

fn write(field: &Field, typed: typed::Typed, changes: &mut Changes) {
    changes.rewrite("value", Value::Text(typed.json));
    if field.is_unique {
        changes.derive("unique_key", typed.key.clone());
    }
    changes.derive("value_key", typed.key);
    changes.derive_value("display_text", typed.display.map_or(Value::Null, Value::Text));
}
