//! The records that can have external references.

use crate::engine::access::ADMINISTRATOR;
use crate::engine::context::Context;
use crate::engine::error::Error;
use crate::store::{Db, Param};
use crate::wire::changes::Changes;
use crate::wire::describe::Restriction;

/// Their classes, as `subject_type` has them.
pub const CLASSES: &[&str] = &["User", "Role", "Skill", "CustomField", "CustomFieldChoice", "CustomFieldValue"];

/// The table of each class.
const TABLES: [&str; CLASSES.len()] =
    ["users", "roles", "skills", "custom_fields", "custom_field_choices", "custom_field_values"];

/// The subject of a reference, as `name:id`.
pub const POINTER: &str = "CASE t.subject_type WHEN 'User' THEN 'users' WHEN 'Role' THEN 'roles' \
                           WHEN 'Skill' THEN 'skills' WHEN 'CustomField' THEN 'custom_fields' \
                           WHEN 'CustomFieldChoice' THEN 'custom_field_choices' \
                           WHEN 'CustomFieldValue' THEN 'custom_field_values' END || ':' || t.subject_id";

/// References of custom fields, of choices and of values are seen by those who may read the field.
pub const READABLE: Restriction = Restriction {
    from: ADMINISTRATOR,
    condition: "CASE t.subject_type \
                WHEN 'CustomField' THEN (SELECT f.read_from FROM custom_fields f WHERE f.id = t.subject_id) \
                WHEN 'CustomFieldChoice' THEN (SELECT f.read_from FROM custom_fields f \
                JOIN custom_field_choices c ON c.custom_field_id = f.id WHERE c.id = t.subject_id) \
                WHEN 'CustomFieldValue' THEN (SELECT f.read_from FROM custom_fields f \
                JOIN custom_field_values v ON v.custom_field_id = f.id WHERE v.id = t.subject_id) \
                ELSE 0 END <= {rung}",
};

/// A reference belongs to a record of the account.
pub fn judge(db: &mut Db, context: &Context, changes: &mut Changes) -> Result<(), Error> {
    let class = changes.text("subject_type").and_then(|class| CLASSES.iter().position(|known| *known == class));
    let Some((class, id)) = class.zip(changes.int("subject_id")) else { return Ok(()) };
    let sql = format!("SELECT 1 FROM {} WHERE account_id = ?1 AND id = ?2", TABLES[class]);
    if !db.exists(&sql, &[context.caller.account_id.into(), Param::Int(id)])? {
        let sentence = format!("Subject id must be the id of a {} of this account.", CLASSES[class]);
        changes.refuse("subject_id", sentence);
    }
    Ok(())
}
