//! The generated rows of a file of SQLite, copied into a database on PostgreSQL whose schema and seed are there already.
//!
//! The rows travel as text to psql, in the format of `COPY`, which is many times faster than one insertion each and needs no
//! second description of the data.

use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::Stdio;

use anyhow::{Context, Result, bail};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags};

use super::Postgres;
use crate::data::{ACCOUNT, FIRST_ID};
use crate::interrupt::Interrupt;

/// The tables that are generated; the seed has rows in them, too, with smaller ids.
const TABLES: [&str; 3] = ["users", "account_memberships", "account_invitations"];

/// Copies what was generated in a file into a database.
pub(crate) fn copy(postgres: &Postgres, file: &Path, database: &str, interrupt: &Interrupt) -> Result<()> {
    let source = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let mut psql = postgres
        .psql(&postgres.url(database))
        .arg("--file=-")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .context("starting psql")?;
    let written = match psql.stdin.take() {
        Some(script) => write(&source, BufWriter::with_capacity(1 << 16, script), interrupt),
        None => Ok(()),
    };
    // It has said on standard error what it did not like, which is more than that its pipe is closed.
    let status = psql.wait().context("waiting for psql")?;
    if !status.success() {
        bail!("psql did not take the generated rows ({status})");
    }
    written
}

/// The script: the rows without the checks that they have passed already, what follows from them, and what keeps the
/// database from tidying up during a measurement.
fn write(source: &Connection, mut script: impl Write, interrupt: &Interrupt) -> Result<()> {
    writeln!(script, "BEGIN;\nSET LOCAL session_replication_role = replica;")?;
    for table in TABLES {
        interrupt.check()?;
        write_table(source, table, &mut script)?;
        writeln!(script, "SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}));")?;
    }
    let mut tallies = source.prepare("SELECT name, total FROM tallies WHERE account_id = ?1")?;
    let mut rows = tallies.query([ACCOUNT])?;
    while let Some(row) = rows.next()? {
        let (name, total): (String, i64) = (row.get(0)?, row.get(1)?);
        writeln!(
            script,
            "INSERT INTO tallies (account_id, name, total) VALUES ({ACCOUNT}, '{name}', {total}) \
             ON CONFLICT (account_id, name) DO UPDATE SET total = excluded.total;"
        )?;
    }
    writeln!(script, "COMMIT;\nVACUUM (ANALYZE, FREEZE);\nCHECKPOINT;")?;
    script.flush()?;
    Ok(())
}

fn write_table(source: &Connection, table: &str, script: &mut impl Write) -> Result<()> {
    let mut statement = source.prepare(&format!("SELECT * FROM {table} WHERE id >= ?1 ORDER BY id"))?;
    let columns: Vec<&str> = statement.column_names().collect();
    let (columns, count) = (columns.join(", "), columns.len());
    writeln!(script, "COPY {table} ({columns}) FROM STDIN;")?;
    let mut rows = statement.query([FIRST_ID])?;
    while let Some(row) = rows.next()? {
        for column in 0..count {
            if column > 0 {
                script.write_all(b"\t")?;
            }
            write_cell(row.get_ref(column)?, script)?;
        }
        script.write_all(b"\n")?;
    }
    writeln!(script, "\\.")?;
    Ok(())
}

/// A value as `COPY` reads it.
fn write_cell(value: ValueRef<'_>, script: &mut impl Write) -> Result<()> {
    match value {
        ValueRef::Null => script.write_all(b"\\N")?,
        ValueRef::Integer(number) => write!(script, "{number}")?,
        ValueRef::Text(text) => {
            for &byte in text {
                match byte {
                    b'\\' => script.write_all(b"\\\\")?,
                    b'\t' => script.write_all(b"\\t")?,
                    b'\n' => script.write_all(b"\\n")?,
                    b'\r' => script.write_all(b"\\r")?,
                    other => script.write_all(&[other])?,
                }
            }
        }
        ValueRef::Real(_) | ValueRef::Blob(_) => bail!("a generated row holds a fraction or bytes"),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(value: ValueRef<'_>) -> String {
        let mut out = Vec::new();
        write_cell(value, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_cell_can_be_told_from_the_marks_around_it() {
        assert_eq!(cell(ValueRef::Null), "\\N");
        assert_eq!(cell(ValueRef::Integer(-7)), "-7");
        assert_eq!(cell(ValueRef::Text("Chloé\t\\N\n".as_bytes())), "Chloé\\t\\\\N\\n");
        assert!(write_cell(ValueRef::Real(0.5), &mut Vec::new()).is_err());
    }

    #[test]
    fn the_seed_stays_as_it_is_and_the_tallies_count_it() {
        let source = Connection::open_in_memory().unwrap();
        for table in TABLES {
            source.execute_batch(&format!("CREATE TABLE {table} (id, name)")).unwrap();
            source.execute_batch(&format!("INSERT INTO {table} VALUES (1, 'seed'), (1000, NULL)")).unwrap();
        }
        source.execute_batch("CREATE TABLE tallies (account_id, name, total)").unwrap();
        source.execute_batch("INSERT INTO tallies VALUES (1, 'all', 2), (2, 'all', 9)").unwrap();
        let mut script = Vec::new();
        write(&source, &mut script, &Interrupt::default()).unwrap();
        let script = String::from_utf8(script).unwrap();
        assert!(script.contains("COPY users (id, name) FROM STDIN;\n1000\t\\N\n\\.\n"), "{script}");
        assert!(script.contains("VALUES (1, 'all', 2)") && !script.contains('9'), "{script}");
    }
}
