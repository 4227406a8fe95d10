//! The target: one transaction that checks what is there, replaces it, and compares the result with the source.
//!
//! A copy leaves a mark with the identity of its source and the checksum of everything that was copied. A target with
//! that checksum holds only what came from its source, so a newer copy of that source may replace it. A target that has
//! changed since is replaced only if that was asked for.

use crate::resources::accounts;
use crate::store::{self, Db, OwnedParam, Param};
use crate::transfer::copy::source::{Outline, SourceClient, wait};
use crate::transfer::copy::{Copied, CopyError, CopyOptions, Progress, Stage, checksum_of_all, identity};
use crate::transfer::rows::{Checksum, PAGE, Page, read_table};
use crate::transfer::tables::{self, COPIED, MARKERS, Table};

/// Refuses a target that holds accounts and has no mark of a copy of this source.
pub(super) fn check_mark(db: &mut Db, options: &CopyOptions) -> Result<(), CopyError> {
    if options.replaces || !tables::exists(db, "accounts")? || !accounts::exist(db)? {
        return Ok(());
    }
    let mark = if tables::exists(db, MARKERS)? { mark(db)? } else { None };
    match mark {
        Some((source, _)) if source == identity(&options.from) => Ok(()),
        Some(_) => Err(refused(options, "holds a copy of another database")),
        None => Err(refused(options, "holds accounts")),
    }
}

/// Refuses a target that was changed since it was copied.
fn check(db: &mut Db, options: &CopyOptions, tables: &[Table]) -> Result<(), CopyError> {
    check_mark(db, options)?;
    if options.replaces || !accounts::exist(db)? {
        return Ok(());
    }
    let Some((_, content)) = mark(db)? else { return Err(refused(options, "holds accounts")) };
    match checksum_of_all(&checksums(db, tables, &mut |_, _| {})?) == content {
        true => Ok(()),
        false => Err(refused(options, "was copied from this source and was changed since")),
    }
}

fn refused(options: &CopyOptions, what: &str) -> CopyError {
    CopyError::Refused(format!(
        "the target {} {what}: name an empty database, or add --replace to overwrite what it holds",
        options.to
    ))
}

/// The mark of an earlier copy: the identity of its source, and the checksum.
fn mark(db: &mut Db) -> Result<Option<(String, String)>, store::Error> {
    let sql = "SELECT value FROM markers WHERE name = ?1";
    let value = db.maybe(sql, &[Param::Text(COPIED)], |row| row.text(0).map(str::to_owned))?;
    Ok(value.and_then(|value| value.split_once(' ').map(|(source, content)| (source.to_owned(), content.to_owned()))))
}

/// Prepares the connection that writes, in a transaction before any other.
pub(super) fn prepare(db: &mut Db) -> Result<(), store::Error> {
    match db.dialect().expect_large_transaction() {
        Some(sql) => db.exec(sql, &[]).map(drop),
        None => Ok(()),
    }
}

/// Replaces the contents of the target.
pub(super) fn fill(db: &mut Db, source: &SourceClient, options: &CopyOptions) -> Result<Copied, CopyError> {
    // Before the lock: if source and target are one database, the source must not wait for the target.
    let outline = source.outline()?;
    for sql in db.dialect().begin_copy(false) {
        db.maybe(sql, &[], |_| Ok(())).map_err(|cause| busy(options, &cause))?;
    }
    let tables = tables::all(db)?;
    require_same_columns(&outline, &tables)?;
    check(db, options, &tables)?;
    tables::empty(db, &tables)?;
    let mut copied = Vec::with_capacity(tables.len());
    for (index, table) in tables.iter().enumerate() {
        let &(_, of, last_id) = &outline[index];
        let tell = |rows| (options.on_progress)(&Progress { stage: Stage::Copying, table: table.name, rows, of });
        copied.push((table.name, fill_table(db, source, (index, table), tell)?));
        continue_ids(db, table, last_id)?;
        if let Some(sql) = db.dialect().analyze(table.name) {
            db.exec(&sql, &[])?;
        }
    }
    let mut tell = |table: usize, rows| {
        let (table, of) = (tables[table].name, outline[table].1);
        (options.on_progress)(&Progress { stage: Stage::Comparing, table, rows, of });
    };
    require_same_rows(&copied, &checksums(db, &tables, &mut tell)?)?;
    let value = format!("{} {}", identity(&options.from), checksum_of_all(&copied));
    db.exec("INSERT INTO markers (name, value) VALUES (?1, ?2)", &[Param::Text(COPIED), Param::Text(&value)])?;
    Ok(copied)
}

fn busy(options: &CopyOptions, cause: &store::Error) -> CopyError {
    CopyError::Refused(format!(
        "the target {} is the source under another name, or another copy from or to it is at work ({cause})",
        options.to
    ))
}

fn require_same_columns(outline: &Outline, tables: &[Table]) -> Result<(), CopyError> {
    match outline.iter().map(|(table, ..)| table).zip(tables).find(|(there, here)| there != here) {
        None => Ok(()),
        Some((there, here)) => Err(CopyError::Refused(format!(
            "table {} has the columns {} in the source and {} in the target: one of them was changed by hand",
            there.name,
            there.columns.join(", "),
            here.columns.join(", ")
        ))),
    }
}

fn require_same_rows(read: &[(&str, Checksum)], written: &[(&str, Checksum)]) -> Result<(), CopyError> {
    match read.iter().zip(written).find(|(read, written)| read != written) {
        None => Ok(()),
        Some(((table, read), (_, written))) => Err(CopyError::Refused(format!(
            "table {table} came to {} rows and {} in the source, {} rows and {} in the target: nothing was changed",
            read.rows, read.sha256, written.rows, written.sha256
        ))),
    }
}

/// Copies a table. While a page is written, the next one is read.
fn fill_table(
    db: &mut Db,
    source: &SourceClient,
    (index, table): (usize, &Table),
    tell: impl Fn(u64),
) -> Result<Checksum, CopyError> {
    let mut pending = source.page(index, true)?;
    let mut rows = 0;
    loop {
        let page = wait(&pending)?;
        if page.checksum.is_none() {
            pending = source.page(index, false)?;
        }
        if !db.dialect().holds_nul() {
            refuse_nul(table, &page)?;
        }
        page.write(db, table)?;
        rows += page.rows as u64;
        // The last page may be empty; then its progress was reported with the page before.
        if page.rows > 0 || rows == 0 {
            tell(rows);
        }
        if let Some(checksum) = page.checksum {
            return Ok(checksum);
        }
    }
}

/// Refuses a text that the engine cannot store. The engine's own error would not name the row.
fn refuse_nul(table: &Table, page: &Page) -> Result<(), CopyError> {
    let params: Vec<Param<'_>> = page.values.iter().map(OwnedParam::param).collect();
    let has_nul = |value: &Param<'_>| matches!(value, Param::Text(text) if text.contains('\0'));
    for row in params.chunks(table.columns.len()) {
        if let Some(column) = row.iter().position(has_nul) {
            return Err(CopyError::Refused(format!(
                "{}: {} holds the character U+0000, which PostgreSQL cannot store: take it out of the source",
                table.describe(row),
                table.columns[column]
            )));
        }
    }
    Ok(())
}

/// Makes the next id follow all ids of source and target. It never goes back, so it does no harm on an engine that does
/// not roll it back with the transaction.
fn continue_ids(db: &mut Db, table: &Table, given: Option<i64>) -> Result<(), store::Error> {
    match given.max(table.last_id(db)?) {
        Some(last) if last > 0 => table.continue_ids_after(db, last),
        _ => Ok(()),
    }
}

/// The checksum of every table. `tell` is called after each page.
fn checksums(db: &mut Db, tables: &[Table], tell: &mut dyn FnMut(usize, u64)) -> Result<Copied, store::Error> {
    let mut found = Vec::with_capacity(tables.len());
    for (index, table) in tables.iter().enumerate() {
        let mut rows = 0;
        let checksum = read_table(db, table, |page| {
            rows += page.rows as u64;
            if page.rows > 0 {
                tell(index, rows);
            }
        })?;
        found.push((table.name, checksum));
    }
    Ok(found)
}

const _: () = assert!(PAGE * 65 < 32_766, "SQLite takes 32,766 parameters, PostgreSQL twice as many");
