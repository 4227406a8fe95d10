//! Databases with many invitations. Schema and seed come from the program under test, which runs once over the empty
//! database; then `fill.sql` inserts the rows. `members.sql` makes members of the invited people.

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result};
use rusqlite::Connection;

use crate::postgres::Postgres;
use crate::progress;
use crate::server::Server;

/// The first generated invitation; the others follow without gaps.
pub(crate) const FIRST_ID: u32 = 1_000;

/// What a database is filled with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Filling {
    Invitations,
    /// The invited people are members with skills, too.
    Members,
}

/// Makes a database and returns its URL, as the server takes it. On SQLite it is the file `NAME.sqlite` in the folder.
pub(crate) fn make(
    program: &Path,
    folder: &Path,
    postgres: Option<&Postgres>,
    name: &str,
    invitations: u32,
    filling: Filling,
) -> Result<String> {
    progress::step(&format!("database {name} of {invitations} invitations"))?;
    let file = folder.join(format!("{name}.sqlite"));
    let url = match postgres {
        None => format!("sqlite:{}", file.display()),
        Some(postgres) => postgres.create(name)?,
    };
    drop(Server::sandbox(program, folder, &["--database", &url])?);
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_micros();
    let members = if filling == Filling::Members { include_str!("members.sql") } else { "" };
    let rows = [include_str!("fill.sql"), members]
        .concat()
        .replace("{first}", &FIRST_ID.to_string())
        .replace("{count}", &invitations.to_string())
        .replace("{now}", &now.to_string())
        .replace("{word}", "\u{2}")
        .replace("{text}", "\u{1}");
    match postgres {
        None => fill(&Connection::open(&file)?, &rows).context("filling the database")?,
        Some(postgres) => postgres.fill(name, &rows)?,
    }
    Ok(url)
}

/// Without the indexes of the growing tables, which are built anew: sorted, that is several times faster.
fn fill(db: &Connection, rows: &str) -> Result<()> {
    let indexes: Vec<(String, String)> = db
        .prepare(
            "SELECT name, sql FROM sqlite_schema \
             WHERE type = 'index' AND sql IS NOT NULL AND tbl_name IN \
             ('users', 'account_invitations', 'account_memberships', 'skill_memberships')",
        )?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    db.execute_batch("PRAGMA synchronous = OFF; PRAGMA cache_size = -262144; BEGIN")?;
    for (name, _) in &indexes {
        db.execute_batch(&format!("DROP INDEX {name}"))?;
    }
    db.execute_batch(rows)?;
    for (_, index) in &indexes {
        db.execute_batch(index)?;
    }
    db.execute_batch("COMMIT; PRAGMA wal_checkpoint(TRUNCATE)")?;
    Ok(())
}
