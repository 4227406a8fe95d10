//! Migrations: numbered scripts, each applied once, in order, in one transaction, and by one program at a time.
//!
//! Several programs may share a database and are not replaced at the same moment, so each migration names the oldest
//! program that still works after it. A migration that only adds (expands the schema) keeps older programs working:
//! migrate first, then replace the programs one by one. One that removes something (contracts the schema) names its own
//! version, and belongs in a later release than the last program that used what it removes. The database stores the
//! oldest version, since it is the older program that must check it.
//!
//! The caller passes the scripts, since the store knows no particular table. One text serves both engines: the few
//! words that differ are placeholders in braces, which the dialect replaces.

use sha2::{Digest, Sha256};

use crate::clock::Timestamp;
use crate::store::{Db, Error, Param, Store};

pub struct Migration {
    /// Counted from 1 without gaps.
    pub version: i64,
    /// The version of the oldest program that works after it: its own, unless it only adds.
    pub oldest_program: i64,
    pub name: &'static str,
    pub script: &'static str,
}

/// A placeholder of a script, and its replacement for an engine.
pub type Word = (&'static str, &'static str);

/// The schema versions before and after [`apply`].
#[derive(Debug, PartialEq, Eq)]
pub struct Applied {
    pub from: i64,
    pub to: i64,
}

/// Brings the schema up to date. Fails if it is too new for this program, or was made by other scripts.
pub async fn apply(store: &Store, migrations: &'static [Migration], now: Timestamp) -> Result<Applied, Error> {
    store.write(move |db| apply_within(db, migrations, now)).await
}

/// Fails if the schema is not one that this program can serve; the error says what to do.
pub async fn check(store: &Store, migrations: &'static [Migration]) -> Result<(), Error> {
    let (version, newest) = (store.read(move |db| check_history(db, migrations)).await?, newest(migrations));
    if version < newest {
        return Err(Error::Schema(format!(
            "the database has schema version {version}, this program needs {newest}: run `invited migrate`"
        )));
    }
    Ok(())
}

fn newest(migrations: &[Migration]) -> i64 {
    migrations.last().map_or(0, |migration| migration.version)
}

/// The version of the schema, 0 for an empty database.
fn current(db: &mut Db) -> Result<i64, Error> {
    let sql = db.dialect().table_exists();
    if !db.exists(sql, &["schema_migrations".into()])? {
        return Ok(0);
    }
    db.one("SELECT coalesce(max(version), 0) FROM schema_migrations", &[], |row| row.int(0))
}

fn apply_within(db: &mut Db, migrations: &[Migration], now: Timestamp) -> Result<Applied, Error> {
    if let Some(script) = db.dialect().take_turn_to_migrate() {
        db.script(script)?;
    }
    let from = check_history(db, migrations)?;
    if from == 0 {
        db.script(
            "CREATE TABLE IF NOT EXISTS schema_migrations (version BIGINT PRIMARY KEY, oldest_program BIGINT NOT NULL, \
             name TEXT NOT NULL, checksum TEXT NOT NULL, applied_at BIGINT NOT NULL)",
        )?;
    }
    for migration in migrations.iter().filter(|migration| migration.version > from) {
        let Migration { version, oldest_program, name, script } = *migration;
        let mut script = script.to_owned();
        for (word, meaning) in db.dialect().words() {
            script = script.replace(word, meaning);
        }
        db.script(&script)?;
        db.exec(
            "INSERT INTO schema_migrations (version, oldest_program, name, checksum, applied_at) \
             VALUES (?1, ?2, ?3, ?4, ?5)",
            &[version.into(), oldest_program.into(), name.into(), Param::Text(&checksum(migration)), now.0.into()],
        )?;
    }
    Ok(Applied { from, to: current(db)? })
}

/// The version of the schema, if this program's migrations have made it.
fn check_history(db: &mut Db, migrations: &[Migration]) -> Result<i64, Error> {
    let (version, newest) = (current(db)?, newest(migrations));
    let oldest_program = "SELECT coalesce(max(oldest_program), 0) FROM schema_migrations";
    if version > newest && db.one(oldest_program, &[], |row| row.int(0))? > newest {
        return Err(Error::Schema(format!(
            "the database has schema version {version}, this program knows {newest}: use a newer program"
        )));
    }
    for migration in migrations.iter().filter(|migration| migration.version <= version) {
        let sql = "SELECT checksum FROM schema_migrations WHERE version = ?1";
        let applied = db.maybe(sql, &[Param::Int(migration.version)], |row| row.text(0).map(str::to_owned))?;
        if applied.as_deref() != Some(checksum(migration).as_str()) {
            return Err(Error::Schema(format!(
                "migration {} ({}) was applied with another text: the database belongs to another build",
                migration.version, migration.name
            )));
        }
    }
    Ok(version)
}

fn checksum(migration: &Migration) -> String {
    Sha256::digest(migration.script).iter().map(|byte| format!("{byte:02x}")).collect()
}
