//! Compares both databases row by row, and aligns the next ids.

use std::path::Path;

use rusqlite::{Connection, OpenFlags};
use tokio::runtime::{Builder, Runtime};
use tokio_postgres::{Client, NoTls, SimpleQueryMessage};

use crate::support::database::Database;

/// Direct access to both databases.
pub(super) struct Tables {
    file: Connection,
    runtime: Runtime,
    client: Client,
}

/// A table and its columns in SQLite.
struct Table {
    name: String,
    columns: Vec<Column>,
}

struct Column {
    name: String,
    is_bytes: bool,
}

impl Tables {
    pub(super) fn open(file: &Path, on_server: &Database) -> Self {
        let file = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let client = runtime.block_on(async {
            let (client, connection) = tokio_postgres::connect(&on_server.setting(), NoTls).await.unwrap();
            tokio::spawn(connection);
            client
        });
        Self { file, runtime, client }
    }

    /// Sets PostgreSQL's sequences to SQLite's counters.
    ///
    /// An id of a rolled-back row is used up in PostgreSQL, while SQLite rolls its counter back. Both keep the promise
    /// that no id is given twice, but without this every later id would differ.
    pub(super) fn align_next_ids(&self) {
        let mut sql = String::new();
        for (table, last) in self.last_ids() {
            let sequence = format!("pg_get_serial_sequence('{table}', 'id')");
            match last {
                Some(last) => sql.push_str(&format!("SELECT setval({sequence}, {last});")),
                None => sql.push_str(&format!("SELECT setval({sequence}, 1, false);")),
            }
        }
        self.on_server(&sql);
    }

    /// Every table with counted ids, and SQLite's last one.
    fn last_ids(&self) -> Vec<(String, Option<i64>)> {
        let counted = "SELECT t.name, s.seq FROM sqlite_schema t LEFT JOIN sqlite_sequence s ON s.name = t.name \
                       WHERE t.type = 'table' AND t.sql LIKE '%AUTOINCREMENT%' \
                       UNION ALL SELECT 'audit', max(id) FROM audit";
        let mut statement = self.file.prepare_cached(counted).unwrap();
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        rows.collect::<Result<_, _>>().unwrap()
    }

    /// The differences between the rows, one sentence per table.
    pub(super) fn differences(&self) -> Vec<String> {
        let mut differences = Vec::new();
        let tables = self.tables();
        let names: Vec<String> = tables.iter().map(|table| table.name.clone()).collect();
        let known = self.on_server(
            "SELECT tablename FROM pg_tables WHERE schemaname = current_schema() \
             AND tablename <> 'schema_migrations' ORDER BY tablename COLLATE \"C\"",
        );
        if names != known {
            differences.push(format!("the tables are {names:?} in SQLite and {known:?} in PostgreSQL"));
        }
        for table in &tables {
            let in_file = self.in_file(&table.rows(|name| format!("hex({name})"), ""));
            let on_server =
                self.on_server(&table.rows(|name| format!("upper(encode({name}, 'hex'))"), " COLLATE \"C\""));
            if in_file.len() != on_server.len() {
                let (file, server) = (in_file.len(), on_server.len());
                differences.push(format!("{} has {file} rows in SQLite and {server} in PostgreSQL", table.name));
            }
            let different = in_file.iter().zip(&on_server).filter(|(file, server)| file != server);
            if let Some((file, server)) = different.clone().next() {
                differences.push(format!(
                    "{} has {} rows that differ; the first:\n  SQLite      {file}\n  PostgreSQL  {server}",
                    table.name,
                    different.count()
                ));
            }
        }
        differences
    }

    fn tables(&self) -> Vec<Table> {
        // Migrations are left out: test databases are copied from a template.
        let names = self.in_file(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' \
             AND name <> 'schema_migrations' ORDER BY name",
        );
        let columns = |name: &str| {
            let sql = format!("SELECT name, upper(type) = 'BLOB' FROM pragma_table_info('{name}')");
            let mut statement = self.file.prepare(&sql).unwrap();
            let rows = statement.query_map([], |row| Ok(Column { name: row.get(0)?, is_bytes: row.get(1)? })).unwrap();
            rows.collect::<Result<_, _>>().unwrap()
        };
        names.into_iter().map(|name| Table { columns: columns(&name), name }).collect()
    }

    /// The rows of a query with one text column.
    fn in_file(&self, sql: &str) -> Vec<String> {
        let mut statement = self.file.prepare(sql).unwrap();
        let rows = statement.query_map([], |row| row.get(0)).unwrap();
        rows.collect::<Result<_, _>>().unwrap()
    }

    fn on_server(&self, sql: &str) -> Vec<String> {
        let messages = self.runtime.block_on(self.client.simple_query(sql));
        let messages = messages.unwrap_or_else(|cause| panic!("{sql}: {cause:?}"));
        let text = |message: SimpleQueryMessage| match message {
            SimpleQueryMessage::Row(row) => Some(row.get(0).unwrap_or_default().to_owned()),
            _ => None,
        };
        messages.into_iter().filter_map(text).collect()
    }
}

impl Table {
    /// A query that returns every row as one text, ordered by content.
    fn rows(&self, bytes: impl Fn(&str) -> String, collation: &str) -> String {
        let columns: Vec<String> = self
            .columns
            .iter()
            .map(|column| {
                let name = format!("\"{}\"", column.name);
                let text = if column.is_bytes { bytes(&name) } else { format!("CAST({name} AS TEXT)") };
                format!("coalesce('{}=' || {text}, '')", column.name)
            })
            .collect();
        let row = columns.join(" || ' | ' || ");
        // Shorter texts first, so that ids are in numeric order.
        format!("SELECT row FROM (SELECT {row} AS row FROM \"{}\") r ORDER BY length(row), row{collation}", self.name)
    }
}
