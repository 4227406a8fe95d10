//! Fields that are written: their levels, and the list of their choices, which is replaced as a whole.
//!
//! The statements are here because no other resource has rows that values of a third one name: a choice that goes is
//! taken out of the values that have selected it.

use std::collections::HashSet;

use serde_json::Value as Json;

use crate::engine::context::Context;
use crate::engine::creation::Written;
use crate::engine::error::Error;
use crate::engine::records::Record;
use crate::engine::rows;
use crate::ids::RecordId;
use crate::resources::custom_fields::rung_of;
use crate::resources::custom_fields::typed::has_choices;
use crate::store::{self, Db, Param};
use crate::wire::changes::Changes;
use crate::wire::fold::fold;
use crate::wire::kind::{Kind, Property, Value};

/// A choice in a body: with an id it is kept, without one it is new.
pub const CHOICE: &[Property] = &[
    Property { name: "label", kind: Kind::Line, required: false },
    Property { name: "id", kind: Kind::Id("custom_field_choices"), required: false },
];

#[derive(Clone, Debug, PartialEq, Eq)]
struct Choice {
    id: Option<i64>,
    /// `None` keeps it.
    label: Option<String>,
}

pub fn judge_new(_: &mut Db, _: &Context, changes: &mut Changes) -> Result<(), Error> {
    let offers_choices = changes.text("value_type").is_some_and(has_choices);
    if offers_choices && changes.int("unique_constraint") == Some(1) {
        changes.refuse("unique_constraint", "Unique constraint is not for fields with choices.");
    }
    judge_hint(offers_choices, changes);
    judge_choices(offers_choices, &[], changes)?;
    derive_rungs(changes);
    Ok(())
}

pub fn judge(db: &mut Db, context: &Context, record: &Record, changes: &mut Changes) -> Result<(), Error> {
    let offers_choices = record.text("value_type").is_some_and(has_choices);
    judge_hint(offers_choices, changes);
    let stored = stored(db, context, record.id)?;
    judge_choices(offers_choices, &stored, changes)?;
    derive_rungs(changes);
    Ok(())
}

fn judge_hint(offers_choices: bool, changes: &mut Changes) {
    if offers_choices && changes.text("default_text").is_some() {
        changes.refuse("default_text", "Default text is not for fields with choices.");
    }
}

/// A list that changes nothing is dropped.
fn judge_choices(offers_choices: bool, stored: &[Choice], changes: &mut Changes) -> Result<(), Error> {
    let Some(list) = list(changes)? else {
        changes.drop("choices");
        return Ok(());
    };
    let known: HashSet<Option<i64>> = stored.iter().map(|choice| choice.id).collect();
    let mut named = HashSet::new();
    let is_wrong = |choice: &Choice| match choice.id {
        Some(id) => !known.contains(&Some(id)) || !named.insert(id),
        None => choice.label.is_none(),
    };
    if !offers_choices && !list.is_empty() {
        changes.refuse("choices", "Choices are only for fields of the types single and multi.");
    } else if list.iter().any(is_wrong) {
        changes.refuse("choices", "Choices must have a label, or the id of a choice of this field, once.");
    } else if list == stored {
        changes.drop("choices");
    }
    Ok(())
}

fn derive_rungs(changes: &mut Changes) {
    for (name, column) in [("read_access", "read_from"), ("write_access", "write_from")] {
        if let Some(rung) = changes.text(name).map(rung_of) {
            changes.derive_value(column, Value::Int(rung.0.into()));
        }
    }
}

pub fn write_new(db: &mut Db, context: &Context, written: Written, changes: &Changes) -> Result<(), Error> {
    replace(db, context, written.id(), changes)
}

pub fn write(db: &mut Db, context: &Context, record: &Record, changes: &Changes) -> Result<(), Error> {
    replace(db, context, record.id, changes)
}

/// The list in a body; `None` if there is none.
fn list(changes: &Changes) -> Result<Option<Vec<Choice>>, Error> {
    let Some(text) = changes.text("choices") else { return Ok(None) };
    let given: Vec<Json> = serde_json::from_str(text).map_err(|cause| Error::Internal(cause.to_string()))?;
    let read = |choice: &Json| Choice { id: choice["id"].as_i64(), label: choice["label"].as_str().map(str::to_owned) };
    Ok(Some(given.iter().map(read).collect()))
}

fn stored(db: &mut Db, context: &Context, field: RecordId) -> Result<Vec<Choice>, store::Error> {
    let sql = "SELECT id, label FROM custom_field_choices WHERE account_id = ?1 AND custom_field_id = ?2 \
               ORDER BY position";
    db.all(sql, &[context.caller.account_id.into(), field.into()], |row| {
        Ok(Choice { id: Some(row.int(0)?), label: Some(row.text(1)?.to_owned()) })
    })
}

fn replace(db: &mut Db, context: &Context, field: RecordId, changes: &Changes) -> Result<(), Error> {
    let Some(list) = list(changes)? else { return Ok(()) };
    let kept: HashSet<i64> = list.iter().filter_map(|choice| choice.id).collect();
    let stored = stored(db, context, field)?;
    for gone in stored.iter().filter_map(|choice| choice.id).filter(|id| !kept.contains(id)) {
        remove(db, context, field, gone)?;
    }
    for (position, choice) in (1_i64..).zip(&list) {
        match choice.id {
            Some(id) => keep(db, context, id, position, choice.label.as_deref())?,
            None => insert(db, context, field, position, choice.label.as_deref().unwrap_or_default())?,
        }
    }
    Ok(())
}

fn insert(db: &mut Db, context: &Context, field: RecordId, position: i64, label: &str) -> Result<(), store::Error> {
    let key = fold(label);
    let mut columns = vec![
        ("account_id", context.caller.account_id.into()),
        ("custom_field_id", field.into()),
        ("label", Param::Text(label)),
        ("label_key", Param::Text(&key)),
        ("position", Param::Int(position)),
    ];
    columns.extend(rows::made_at(context.now));
    rows::insert(db, "custom_field_choices", columns).map(|_: RecordId| ())
}

/// Changes what is different.
fn keep(db: &mut Db, context: &Context, id: i64, position: i64, label: Option<&str>) -> Result<(), store::Error> {
    let sql = "UPDATE custom_field_choices SET label = coalesce(?4, label), label_key = coalesce(?5, label_key), \
               position = ?3, updated_at = ?6 \
               WHERE account_id = ?1 AND id = ?2 AND (position <> ?3 OR label <> coalesce(?4, label))";
    let key = label.map(fold);
    let params = [
        context.caller.account_id.into(),
        Param::Int(id),
        Param::Int(position),
        label.into(),
        key.as_deref().into(),
        Param::Int(context.now.0),
    ];
    db.exec(sql, &params).map(drop)
}

/// Deletes a choice. A value that has selected no other goes with it.
fn remove(db: &mut Db, context: &Context, field: RecordId, id: i64) -> Result<(), store::Error> {
    let (account, key) = (context.caller.account_id, format!(",{id},"));
    let of_field = [account.into(), field.into(), Param::Text(&key)];
    let alone = "FROM custom_field_values WHERE account_id = ?1 AND custom_field_id = ?2 AND value_key = ?3";
    let references = format!(
        "DELETE FROM external_references WHERE account_id = ?1 AND subject_type = 'CustomFieldValue' \
         AND subject_id IN (SELECT id {alone})"
    );
    db.exec(&references, &of_field)?;
    db.exec(&format!("DELETE {alone}"), &of_field)?;
    let others = "replace(value_key, ?3, ',')";
    let shrink = format!(
        "UPDATE custom_field_values SET value = '[' || substr({others}, 2, length({others}) - 2) || ']', \
         value_key = {others}, updated_at = ?4 \
         WHERE account_id = ?1 AND custom_field_id = ?2 AND value_key LIKE '%' || ?3 || '%'"
    );
    db.exec(&shrink, &[account.into(), field.into(), Param::Text(&key), Param::Int(context.now.0)])?;
    let of_choice = [account.into(), Param::Int(id)];
    let sql = "DELETE FROM external_references WHERE account_id = ?1 AND subject_type = 'CustomFieldChoice' \
               AND subject_id = ?2";
    db.exec(sql, &of_choice)?;
    db.exec("DELETE FROM custom_field_choices WHERE account_id = ?1 AND id = ?2", &of_choice).map(drop)
}
