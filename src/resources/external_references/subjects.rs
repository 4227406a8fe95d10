//! The records that can have external references.

use crate::engine::context::Context;
use crate::engine::error::Error;
use crate::store::{Db, Param};
use crate::wire::changes::Changes;

/// Their classes, as `subject_type` has them.
pub const CLASSES: &[&str] = &["User", "Role", "Skill"];

/// The table of each class.
const TABLES: [&str; CLASSES.len()] = ["users", "roles", "skills"];

/// The subject of a reference, as `name:id`.
pub const POINTER: &str = "CASE t.subject_type WHEN 'User' THEN 'users' WHEN 'Role' THEN 'roles' \
                           WHEN 'Skill' THEN 'skills' END || ':' || t.subject_id";

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
