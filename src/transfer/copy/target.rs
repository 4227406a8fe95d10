//! The target: one transaction that judges what is there, replaces it, and compares the result with the source.
//!
//! A copy leaves a mark: by what its source is known, and the checksum of everything that was copied. A target that
//! still comes to that checksum holds nothing that its source has not given it, and may be replaced by a newer copy of
//! that source without anybody being asked. One in which anything has changed since is somebody's data.

use crate::resources::accounts;
use crate::store::{self, Db, OwnedParam, Param};
use crate::transfer::copy::source::{Outline, Pages};
use crate::transfer::copy::{Error, Listener, Progress, Stage, whole};
use crate::transfer::rows::{Checksum, PAGE, Page, Walk};
use crate::transfer::tables::{self, COPIED, MARKERS, Table};

/// What may be replaced.
#[derive(Clone, Debug)]
pub(super) struct Permit {
    pub(super) replaces: bool,
    /// By what the source is known.
    pub(super) source: String,
    /// The target, for people.
    pub(super) place: String,
}

impl Permit {
    /// Refuses a target that holds something else than a copy of this source, as far as its mark tells.
    pub(super) fn judge_by_mark(&self, db: &mut Db) -> Result<(), Error> {
        if self.replaces || !has_table(db, "accounts")? || !accounts::exist(db)? {
            return Ok(());
        }
        let mark = if has_table(db, MARKERS)? { mark(db)? } else { None };
        match mark {
            Some((source, _)) if source == self.source => Ok(()),
            Some(_) => Err(self.refused("holds a copy of another database")),
            None => Err(self.refused("holds accounts")),
        }
    }

    /// Refuses a target that was changed since it was copied.
    fn judge(&self, db: &mut Db, tables: &[Table]) -> Result<(), Error> {
        self.judge_by_mark(db)?;
        if self.replaces || !accounts::exist(db)? {
            return Ok(());
        }
        let Some((_, content)) = mark(db)? else { return Err(self.refused("holds accounts")) };
        if whole(&checksums(db, tables, &mut |_, _| {})?) == content {
            return Ok(());
        }
        Err(self.refused("was copied from this source and was changed since"))
    }

    fn refused(&self, what: &str) -> Error {
        Error::Refused(format!(
            "the target {} {what}: name an empty database, or add --replace to lose what is there",
            self.place
        ))
    }
}

fn has_table(db: &mut Db, name: &str) -> Result<bool, store::Error> {
    let sql = db.dialect().table_exists();
    Ok(db.maybe(sql, &[Param::Text(name)], |_| Ok(()))?.is_some())
}

/// The mark of an earlier copy: by what its source is known, and what it came to.
fn mark(db: &mut Db) -> Result<Option<(String, String)>, store::Error> {
    let sql = "SELECT value FROM markers WHERE name = ?1";
    let value = db.maybe(sql, &[Param::Text(COPIED)], |row| row.text(0).map(str::to_owned))?;
    Ok(value.and_then(|value| value.split_once(' ').map(|(source, content)| (source.to_owned(), content.to_owned()))))
}

/// Prepares the connection that writes; in a transaction of its own, before the connection has done anything else.
pub(super) fn prepare(db: &mut Db) -> Result<(), store::Error> {
    match db.dialect().expect_large_transaction() {
        Some(sql) => db.exec(sql, &[]).map(drop),
        None => Ok(()),
    }
}

/// Replaces what the target holds by what the source holds.
pub(super) fn fill(
    db: &mut Db,
    pages: &Pages,
    permit: &Permit,
    listener: &Listener,
) -> Result<Vec<(&'static str, Checksum)>, Error> {
    // Asked first: of a database that is source and target at once, the source is to wait for nobody.
    let outline = pages.outline()?;
    for sql in db.dialect().begin_copy(false) {
        db.maybe(sql, &[], |_| Ok(())).map_err(|cause| busy(permit, &cause))?;
    }
    let tables = tables::all(db)?;
    require_same_columns(&outline, &tables)?;
    permit.judge(db, &tables)?;
    let names: Vec<&str> = tables.iter().map(|table| table.name).collect();
    for sql in db.dialect().empty_tables(&names) {
        db.exec(&sql, &[])?;
    }
    let mut copied = Vec::with_capacity(tables.len());
    for (index, table) in tables.iter().enumerate() {
        let (of, _) = outline.counts[index];
        let tell = |rows| listener(&Progress { stage: Stage::Copying, table: table.name, rows, of });
        copied.push((table.name, fill_table(db, pages, (index, table), tell)?));
        follow_ids(db, table, outline.counts[index].1)?;
        if let Some(sql) = db.dialect().analyze(table.name) {
            db.exec(&sql, &[])?;
        }
    }
    let mut tell = |table: usize, rows| {
        let (table, of) = (tables[table].name, outline.counts[table].0);
        listener(&Progress { stage: Stage::Comparing, table, rows, of });
    };
    require_same_rows(&copied, &checksums(db, &tables, &mut tell)?)?;
    let value = format!("{} {}", permit.source, whole(&copied));
    db.exec("INSERT INTO markers (name, value) VALUES (?1, ?2)", &[Param::Text(COPIED), Param::Text(&value)])?;
    Ok(copied)
}

fn busy(permit: &Permit, cause: &store::Error) -> Error {
    Error::Refused(format!(
        "the target {} is the source under another name, or another copy from or to it is at work ({cause})",
        permit.place
    ))
}

fn require_same_columns(outline: &Outline, tables: &[Table]) -> Result<(), Error> {
    match outline.tables.iter().zip(tables).find(|(there, here)| there != here) {
        None => Ok(()),
        Some((there, here)) => Err(Error::Refused(format!(
            "table {} has the columns {} in the source and {} in the target: one of them was changed by hand",
            there.name,
            there.columns.join(", "),
            here.columns.join(", ")
        ))),
    }
}

fn require_same_rows(read: &[(&str, Checksum)], written: &[(&str, Checksum)]) -> Result<(), Error> {
    match read.iter().zip(written).find(|(read, written)| read != written) {
        None => Ok(()),
        Some(((table, read), (_, written))) => Err(Error::Refused(format!(
            "table {table} came to {} rows and {} in the source, {} rows and {} in the target: nothing was changed",
            read.rows, read.sha256, written.rows, written.sha256
        ))),
    }
}

/// Copies a table. While a page is written, the next one is read.
fn fill_table(
    db: &mut Db,
    pages: &Pages,
    (index, table): (usize, &Table),
    tell: impl Fn(u64),
) -> Result<Checksum, Error> {
    let mut coming = pages.ask(index, true)?;
    let mut rows = 0;
    loop {
        let page = coming.wait()?;
        if page.end.is_none() {
            coming = pages.ask(index, false)?;
        }
        write(db, table, &page)?;
        rows += page.rows as u64;
        // The last page of a full table is empty, and what it tells was told.
        if page.rows > 0 || rows == 0 {
            tell(rows);
        }
        if let Some(end) = page.end {
            return Ok(end);
        }
    }
}

fn write(db: &mut Db, table: &Table, page: &Page) -> Result<(), Error> {
    if page.rows == 0 {
        return Ok(());
    }
    if !db.dialect().holds_nul() {
        let params: Vec<Param<'_>> = page.values.iter().map(OwnedParam::param).collect();
        refuse_nul(table, &params)?;
    }
    Ok(table.write(db, page)?)
}

/// Refuses a text that the engine cannot hold, since its own error would not say where that stands.
fn refuse_nul(table: &Table, params: &[Param<'_>]) -> Result<(), Error> {
    let has_nul = |value: &Param<'_>| matches!(value, Param::Text(text) if text.contains('\0'));
    for row in params.chunks(table.columns.len()) {
        if let Some(column) = row.iter().position(has_nul) {
            return Err(Error::Refused(format!(
                "{}: {} holds the character U+0000, which PostgreSQL cannot store: take it out of the source",
                table.describe(row),
                table.columns[column]
            )));
        }
    }
    Ok(())
}

/// Has the next id follow every one that source or target has given. It never goes back, so that where the engine does
/// not undo this with the transaction, it does no harm.
fn follow_ids(db: &mut Db, table: &Table, given: i64) -> Result<(), store::Error> {
    if !table.gives_ids() {
        return Ok(());
    }
    let last = given.max(table.last_id(db)?);
    if last > 0 {
        table.give_ids_after(db, last)?;
    }
    Ok(())
}

/// What every table comes to; told, page by page, how far it is.
fn checksums(
    db: &mut Db,
    tables: &[Table],
    tell: &mut dyn FnMut(usize, u64),
) -> Result<Vec<(&'static str, Checksum)>, store::Error> {
    let mut found = Vec::with_capacity(tables.len());
    for (index, table) in tables.iter().enumerate() {
        let (mut walk, mut rows) = (Walk::begin(table), 0);
        let end = loop {
            let page = walk.next(db, table)?;
            rows += page.rows as u64;
            if page.rows > 0 {
                tell(index, rows);
            }
            if let Some(end) = page.end {
                break end;
            }
        };
        found.push((table.name, end));
    }
    Ok(found)
}

const _: () = assert!(PAGE * 65 < 32_766, "SQLite takes so many parameters, PostgreSQL twice as many");
