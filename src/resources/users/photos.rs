//! The picture of a user: set, taken away, and served to browsers.
//!
//! Pages that show a picture cannot send a token, so its address is its secret: 256 random bits, new for each picture.
//! `users.photo_path` holds the path, the table `profile_photos` the bytes, one row for each user. They are in the database because
//! everything else is: a transaction changes both, and copies and backups need no second place.

use crate::engine::audit::AuditEntry;
use crate::engine::context::Context;
use crate::engine::error::Error;
use crate::engine::records::Record;
use crate::ids::UserId;
use crate::resources::entry::NewFile;
use crate::resources::users::RESOURCE;
use crate::store::{self, Db, Param};
use crate::wire::kind::{Cell, Kind};

/// The path of the pictures; a name follows.
pub const PATH: &str = "/images/profile_photos/";

/// Ends every name.
const SUFFIX: &str = ".jpg";

/// The name of the operation that sets a picture, and of its row in the audit trail.
pub const SET: &str = "set_profile_photo";

/// The same for taking it away.
pub const RESET: &str = "reset_profile_photo";

/// Stores a picture in place of the one before.
pub fn set(db: &mut Db, context: &Context, record: &Record, file: &NewFile) -> Result<(), Error> {
    let name = format!("{}{SUFFIX}", file.name);
    let before = remove(db, record.id.typed())?;
    db.exec(
        "INSERT INTO profile_photos (user_id, name, content, created_at) VALUES (?1, ?2, ?3, ?4)",
        &[record.id.into(), Param::Text(&name), Param::Bytes(&file.content), Param::Int(context.now.0)],
    )?;
    note(db, context, record, SET, [before.as_deref(), Some(&name)])
}

/// Goes back to the default picture. Without a picture this does nothing.
pub fn reset(db: &mut Db, context: &Context, record: &Record) -> Result<(), Error> {
    match remove(db, record.id.typed())? {
        Some(before) => note(db, context, record, RESET, [Some(&before), None]),
        None => Ok(()),
    }
}

/// Removes the bytes of a user's picture and returns its name.
fn remove(db: &mut Db, user: UserId) -> Result<Option<String>, store::Error> {
    let sql = "DELETE FROM profile_photos WHERE user_id = ?1 RETURNING name";
    db.maybe(sql, &[user.into()], |row| row.text(0).map(str::to_owned))
}

/// Removes the bytes of an erased user's picture.
pub fn forget(db: &mut Db, user: UserId) -> Result<(), store::Error> {
    remove(db, user).map(drop)
}

/// Writes the new path to the user and both to the audit trail.
fn note(db: &mut Db, context: &Context, record: &Record, action: &str, names: [Option<&str>; 2]) -> Result<(), Error> {
    let paths = names.map(|name| name.map(|name| format!("{PATH}{name}")));
    db.exec(
        "UPDATE users SET photo_path = ?3, updated_at = ?4 WHERE account_id = ?1 AND id = ?2",
        &[context.caller.account_id.into(), record.id.into(), paths[1].as_deref().into(), Param::Int(context.now.0)],
    )?;
    let cells = [&paths[0], &paths[1]].map(|path| path.as_deref().map_or(Cell::Null, Cell::Text));
    let entry = AuditEntry::of(context, &RESOURCE, action, record.id);
    Ok(entry.change("photo_path", Kind::Line, cells).write(db)?)
}

/// The picture with this name, a JPEG. Those of a canceled account are gone, as everything of it.
pub fn find(db: &mut Db, name: &str) -> Result<Option<Vec<u8>>, store::Error> {
    db.maybe(
        "SELECT p.content FROM profile_photos p JOIN users u ON u.id = p.user_id \
         JOIN accounts a ON a.id = u.account_id WHERE p.name = ?1 AND a.canceled_at IS NULL",
        &[Param::Text(name)],
        |row| row.bytes(0).map(<[u8]>::to_vec),
    )
}
