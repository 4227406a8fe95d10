//! Migrations: numbered scripts, each applied once, in order, all of them in one transaction.
//!
//! The scripts are handed in, since the store knows no particular table. One text serves every engine: the few words
//! that differ are written in braces and replaced by those of the engine's dialect.

use sha2::{Digest, Sha256};

use super::{Db, Error, Param, Store};
use crate::clock::Timestamp;

/// A step of the schema.
pub struct Migration {
    /// Number, counted from 1 without gaps.
    pub version: i64,
    /// What it brings, for people.
    pub name: &'static str,
    /// The script.
    pub script: &'static str,
}

/// A word that a script writes in braces, and what it means to an engine.
pub type Word = (&'static str, &'static str);

/// What [`apply`] found and did.
#[derive(Debug, PartialEq, Eq)]
pub struct Applied {
    /// Version before.
    pub from: i64,
    /// Version now.
    pub to: i64,
}

/// Brings the schema up to date. Refuses a database that is newer than the program, or whose history differs.
pub async fn apply(store: &Store, migrations: &'static [Migration], now: Timestamp) -> Result<Applied, Error> {
    store.write(move |db| apply_within(db, migrations, now)).await
}

/// Whether the database has just the schema that these migrations make; the error says what to do about another one.
pub async fn check(store: &Store, migrations: &'static [Migration]) -> Result<(), Error> {
    store.read(move |db| check_within(db, migrations)).await
}

fn check_within(db: &mut Db, migrations: &[Migration]) -> Result<(), Error> {
    let version = current(db)?;
    check_history(db, migrations, version)?;
    let newest = newest(migrations);
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
    let known = db.maybe(sql, &[Param::Text("schema_migrations")], |_| Ok(()))?;
    if known.is_none() {
        return Ok(0);
    }
    db.one("SELECT coalesce(max(version), 0) FROM schema_migrations", &[], |row| row.int(0))
}

fn apply_within(db: &mut Db, migrations: &[Migration], now: Timestamp) -> Result<Applied, Error> {
    db.exec(
        "CREATE TABLE IF NOT EXISTS schema_migrations \
         (version BIGINT PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL, applied_at BIGINT NOT NULL)",
        &[],
    )?;
    let from = current(db)?;
    check_history(db, migrations, from)?;
    for migration in migrations.iter().filter(|migration| migration.version > from) {
        let mut script = migration.script.to_owned();
        for (word, meaning) in db.dialect().words() {
            script = script.replace(word, meaning);
        }
        db.script(&script)?;
        db.exec(
            "INSERT INTO schema_migrations (version, name, checksum, applied_at) VALUES (?1, ?2, ?3, ?4)",
            &[
                Param::Int(migration.version),
                Param::Text(migration.name),
                Param::Text(&checksum(migration)),
                Param::Int(now.0),
            ],
        )?;
    }
    let to = current(db)?;
    Ok(Applied { from, to })
}

fn check_history(db: &mut Db, migrations: &[Migration], version: i64) -> Result<(), Error> {
    let newest = newest(migrations);
    if version > newest {
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
    Ok(())
}

fn checksum(migration: &Migration) -> String {
    Sha256::digest(migration.script).iter().map(|byte| format!("{byte:02x}")).collect()
}
