//! Migrations: numbered scripts, each applied once, in order, all of them in one transaction, and by one program at a time.
//!
//! Several programs may share a database and are not replaced at the same moment, so that each migration says which programs can
//! serve once it was applied. One that only adds (it expands the schema) leaves those before it at work: first the database is
//! migrated, then the programs are replaced, one after the other. One that takes something away (it contracts the schema) names
//! itself; it belongs into a later release than the last program that used what it removes. The database keeps what was said, since
//! it is the older program that has to know.
//!
//! The scripts are handed in, since the store knows no particular table. One text serves every engine: the few words
//! that differ are written in braces and replaced by those of the engine's dialect.

use sha2::{Digest, Sha256};

use crate::clock::Timestamp;
use crate::store::{Db, Error, Param, Store};

/// A step of the schema.
pub struct Migration {
    /// Number, counted from 1 without gaps.
    pub version: i64,
    /// The version of the oldest programs that can serve when it was applied: its own, unless it only adds.
    pub oldest_program: i64,
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

/// Brings the schema up to date. Refuses a database that is newer than the program can serve, or whose history differs.
pub async fn apply(store: &Store, migrations: &'static [Migration], now: Timestamp) -> Result<Applied, Error> {
    store.write(move |db| apply_within(db, migrations, now)).await
}

/// Whether the database has a schema that these migrations' program can serve; the error says what to do about another one.
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
    if let Some(script) = db.dialect().take_turn_to_migrate() {
        db.script(script)?;
    }
    let from = current(db)?;
    check_history(db, migrations, from)?;
    if from == 0 {
        db.script(
            "CREATE TABLE IF NOT EXISTS schema_migrations (version BIGINT PRIMARY KEY, oldest_program BIGINT NOT NULL, \
             name TEXT NOT NULL, checksum TEXT NOT NULL, applied_at BIGINT NOT NULL)",
        )?;
    }
    for migration in migrations.iter().filter(|migration| migration.version > from) {
        let mut script = migration.script.to_owned();
        for (word, meaning) in db.dialect().words() {
            script = script.replace(word, meaning);
        }
        db.script(&script)?;
        db.exec(
            "INSERT INTO schema_migrations (version, oldest_program, name, checksum, applied_at) \
             VALUES (?1, ?2, ?3, ?4, ?5)",
            &[
                Param::Int(migration.version),
                Param::Int(migration.oldest_program),
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
    if version > newest && oldest_program(db)? > newest {
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

/// The version of the oldest programs that can serve the schema.
fn oldest_program(db: &mut Db) -> Result<i64, Error> {
    db.one("SELECT coalesce(max(oldest_program), 0) FROM schema_migrations", &[], |row| row.int(0))
}

fn checksum(migration: &Migration) -> String {
    Sha256::digest(migration.script).iter().map(|byte| format!("{byte:02x}")).collect()
}
