//! The tables that are copied, and what the engine knows of them.
//!
//! Their names stand here in the order in which they can be filled: each after those that its foreign keys name. They
//! are not asked of the engine, since a schema on a server may hold tables of others, which no copy may touch. Columns
//! and keys are asked, on both sides, and must agree. A test compares the list with the schema.

use crate::store::{self, Db, OwnedParam, Param};
use crate::transfer::rows::Page;

/// Every table but the one of the migrations, which says what the schema of each side is and is not copied.
pub const TABLES: &[&str] = &[
    "accounts",
    "users",
    "roles",
    "tallies",
    "account_memberships",
    "account_invitations",
    "invitation_links",
    "external_references",
    "applications",
    "application_redirect_uris",
    "grants",
    "refresh_tokens",
    "access_tokens",
    "passwords",
    "sign_in_links",
    "sessions",
    "idempotent_requests",
    "outbox",
    "audit",
    MARKERS,
];

/// The table in which a target keeps from where it was copied.
pub(crate) const MARKERS: &str = "markers";

/// The name of that row, which is the target's own and never copied.
pub(crate) const COPIED: &str = "copied_from";

/// A table as both engines have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Table {
    pub(crate) name: &'static str,
    /// By name, whatever their order in the table.
    pub(crate) columns: Vec<String>,
    /// The places of the key's columns among them.
    pub(crate) key: Vec<usize>,
}

/// Every table of the list.
pub(crate) fn all(db: &mut Db) -> Result<Vec<Table>, store::Error> {
    TABLES.iter().map(|name| Table::find(db, name)).collect()
}

impl Table {
    fn find(db: &mut Db, name: &'static str) -> Result<Self, store::Error> {
        let sql = db.dialect().columns_of_table();
        let (mut columns, mut key) = (Vec::new(), Vec::new());
        db.each(sql, &[Param::Text(name)], &mut |row| {
            let place = row.int(1)?;
            if place > 0 {
                key.push((place, columns.len()));
            }
            columns.push(row.text(0)?.to_owned());
            Ok(())
        })?;
        if key.is_empty() {
            return Err(store::Error::Schema(format!("there is no table {name} with a primary key")));
        }
        key.sort_unstable();
        Ok(Self { name, columns, key: key.into_iter().map(|(_, column)| column).collect() })
    }

    /// Whether its rows get their ids from the database.
    pub(crate) fn gives_ids(&self) -> bool {
        self.columns.iter().any(|column| column == "id")
    }

    /// The last id that it has given.
    pub(crate) fn last_id(&self, db: &mut Db) -> Result<i64, store::Error> {
        db.one(&db.dialect().last_id(self.name), &[], |row| row.int(0))
    }

    pub(crate) fn count(&self, db: &mut Db) -> Result<u64, store::Error> {
        let sql = format!("SELECT count(*) FROM {}{}", self.name, self.condition(" WHERE "));
        db.one(&sql, &[], |row| row.int(0)).map(i64::unsigned_abs)
    }

    /// Reads a page: at most `rows` rows in the order of the key, those after the key that is given, if one is.
    pub(crate) fn page(&self, rows: usize, is_first: bool) -> String {
        let (columns, key) = (quoted(self.columns.iter()), quoted(self.key_columns()));
        let start = if is_first {
            self.condition(" WHERE ")
        } else {
            let values: Vec<String> = (1..=self.key.len()).map(|number| format!("?{number}")).collect();
            format!(" WHERE ({key}) > ({}){}", values.join(", "), self.condition(" AND "))
        };
        format!("SELECT {columns} FROM {}{start} ORDER BY {key} LIMIT {rows}", self.name)
    }

    /// Writes so many rows, with a parameter for each value.
    fn insert(&self, rows: usize) -> String {
        let width = self.columns.len();
        let row = |row: usize| {
            let values: Vec<String> = (1..=width).map(|column| format!("?{}", row * width + column)).collect();
            format!("({})", values.join(", "))
        };
        let rows: Vec<String> = (0..rows).map(row).collect();
        format!("INSERT INTO {} ({}) VALUES {}", self.name, quoted(self.columns.iter()), rows.join(", "))
    }

    /// Writes the rows of a page.
    pub(crate) fn write(&self, db: &mut Db, page: &Page) -> Result<(), store::Error> {
        let params: Vec<Param<'_>> = page.values.iter().map(OwnedParam::param).collect();
        db.exec(&self.insert(page.rows), &params).map(drop)
    }

    /// Has ids go on after the last one that was given.
    pub(crate) fn give_ids_after(&self, db: &mut Db, last_id: i64) -> Result<(), store::Error> {
        db.dialect().set_last_id(self.name, last_id).iter().try_for_each(|sql| db.exec(sql, &[]).map(drop))
    }

    /// A row by its key, for people.
    pub(crate) fn describe(&self, row: &[Param<'_>]) -> String {
        let value = |column: &usize| match row.get(*column) {
            Some(Param::Int(number)) => number.to_string(),
            Some(Param::Text(text)) => format!("{text:?}"),
            _ => "?".to_owned(),
        };
        let key: Vec<String> =
            self.key_columns().zip(&self.key).map(|(name, column)| format!("{name} {}", value(column))).collect();
        format!("table {}, {}", self.name, key.join(", "))
    }

    fn key_columns(&self) -> impl Iterator<Item = &String> {
        self.key.iter().filter_map(|column| self.columns.get(*column))
    }

    /// Leaves out the row that is the target's own.
    fn condition(&self, before: &str) -> String {
        if self.name == MARKERS { format!("{before}name <> '{COPIED}'") } else { String::new() }
    }
}

fn quoted<'a>(names: impl Iterator<Item = &'a String>) -> String {
    names.map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ")
}
