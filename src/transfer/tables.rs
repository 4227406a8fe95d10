//! The tables that are copied, with their columns and keys.
//!
//! The names are listed in the order in which the tables can be filled: each after those that its foreign keys refer
//! to. The engine is not asked for them because a schema on a server may hold other programs' tables, which a copy must
//! not touch. Columns and keys are read from the engine on both sides, and must be equal. A test compares the list with
//! the schema.

use crate::store::{self, Db, Param};

/// Every table except that of the migrations, which describes the schema of its own side.
pub const TABLES: &[&str] = &[
    "accounts",
    "users",
    "address_changes",
    "address_links",
    PICTURES,
    "roles",
    "tallies",
    "account_memberships",
    "account_invitations",
    "invitation_links",
    "external_references",
    "skills",
    "skill_memberships",
    "cost_rates",
    "billable_utilizations",
    "custom_fields",
    "custom_field_choices",
    "custom_field_values",
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

/// The table of pictures, each of which may have half a megabyte.
pub(crate) const PICTURES: &str = "profile_photos";

/// The table in which a target notes its source.
pub(crate) const MARKERS: &str = "markers";

/// The name of that row, which is never copied.
pub(crate) const COPIED: &str = "copied_from";

/// A table as both engines have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Table {
    pub(crate) name: &'static str,
    /// Ordered by name.
    pub(crate) columns: Vec<String>,
    /// The indices of the primary key's columns.
    pub(crate) key: Vec<usize>,
}

pub(crate) fn all(db: &mut Db) -> Result<Vec<Table>, store::Error> {
    TABLES.iter().map(|name| Table::find(db, name)).collect()
}

pub(crate) fn exists(db: &mut Db, name: &str) -> Result<bool, store::Error> {
    db.exists(db.dialect().table_exists(), &[Param::Text(name)])
}

/// Removes all rows.
pub(crate) fn empty(db: &mut Db, tables: &[Table]) -> Result<(), store::Error> {
    let names: Vec<&str> = tables.iter().map(|table| table.name).collect();
    db.dialect().empty_tables(&names).iter().try_for_each(|sql| db.exec(sql, &[]).map(drop))
}

impl Table {
    fn find(db: &mut Db, name: &'static str) -> Result<Self, store::Error> {
        let sql = db.dialect().columns_of_table();
        let columns = db.all(sql, &[Param::Text(name)], |row| Ok((row.text(0)?.to_owned(), row.int(1)?)))?;
        let places = columns.iter().enumerate().map(|(index, (_, place))| (*place, index));
        let mut key: Vec<(i64, usize)> = places.filter(|(place, _)| *place > 0).collect();
        if key.is_empty() {
            return Err(store::Error::Schema(format!("there is no table {name} with a primary key")));
        }
        key.sort_unstable();
        let columns = columns.into_iter().map(|(name, _)| name).collect();
        Ok(Self { name, columns, key: key.into_iter().map(|(_, index)| index).collect() })
    }

    /// Whether its rows get their ids from the database.
    pub(crate) fn assigns_ids(&self) -> bool {
        self.columns.iter().any(|column| column == "id")
    }

    /// The last id that the database has assigned in it, if it assigns any.
    pub(crate) fn last_id(&self, db: &mut Db) -> Result<Option<i64>, store::Error> {
        match self.assigns_ids() {
            true => db.one(&db.dialect().last_id(self.name), &[], |row| row.int(0).map(Some)),
            false => Ok(None),
        }
    }

    pub(crate) fn count(&self, db: &mut Db) -> Result<u64, store::Error> {
        let sql = format!("SELECT count(*) FROM {}{}", self.name, self.condition(" WHERE "));
        db.one(&sql, &[], |row| row.int(0)).map(i64::unsigned_abs)
    }

    /// The statement that reads at most `rows` rows in the order of the key: the first ones, or those after the key in
    /// the parameters.
    pub(crate) fn page_statement(&self, rows: usize, is_first: bool) -> String {
        let (columns, key) = (quoted(&self.columns), quoted(&self.key_columns()));
        let start = if is_first {
            self.condition(" WHERE ")
        } else {
            let values: Vec<String> = (1..=self.key.len()).map(|number| format!("?{number}")).collect();
            format!(" WHERE ({key}) > ({}){}", values.join(", "), self.condition(" AND "))
        };
        format!("SELECT {columns} FROM {}{start} ORDER BY {key} LIMIT {rows}", self.name)
    }

    pub(crate) fn continue_ids_after(&self, db: &mut Db, last_id: i64) -> Result<(), store::Error> {
        db.dialect().set_last_id(self.name, last_id).iter().try_for_each(|sql| db.exec(sql, &[]).map(drop))
    }

    /// The table and the key of a row, for messages.
    pub(crate) fn describe(&self, row: &[Param<'_>]) -> String {
        let value = |column: &usize| match row.get(*column) {
            Some(Param::Int(number)) => number.to_string(),
            Some(Param::Text(text)) => format!("{text:?}"),
            _ => "?".to_owned(),
        };
        let key: Vec<String> = self
            .key_columns()
            .into_iter()
            .zip(&self.key)
            .map(|(name, column)| format!("{name} {}", value(column)))
            .collect();
        format!("table {}, {}", self.name, key.join(", "))
    }

    fn key_columns(&self) -> Vec<&str> {
        self.key.iter().map(|column| self.columns[*column].as_str()).collect()
    }

    /// Leaves out the row that a target notes its source in.
    fn condition(&self, before: &str) -> String {
        if self.name == MARKERS { format!("{before}name <> '{COPIED}'") } else { String::new() }
    }
}

/// The statement that inserts so many rows, with a parameter for each value.
pub(crate) fn insert_statement(table: &str, columns: &[impl AsRef<str>], rows: usize) -> String {
    let width = columns.len();
    let row = |row: usize| {
        let values: Vec<String> = (1..=width).map(|column| format!("?{}", row * width + column)).collect();
        format!("({})", values.join(", "))
    };
    let values: Vec<String> = (0..rows).map(row).collect();
    format!("INSERT INTO {table} ({}) VALUES {}", quoted(columns), values.join(", "))
}

fn quoted(names: &[impl AsRef<str>]) -> String {
    names.iter().map(|name| format!("\"{}\"", name.as_ref())).collect::<Vec<_>>().join(", ")
}
