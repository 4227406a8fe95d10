//! A look at the database file from outside, for what no answer shows.

use std::path::Path;

use rusqlite::types::Value as Cell;
use rusqlite::{Connection, OpenFlags};

use super::Server;

/// Tables whose rows only writes change.
const TABLES: &[&str] = &[
    "accounts",
    "users",
    "roles",
    "account_memberships",
    "account_invitations",
    "external_references",
    "access_tokens",
    "audit",
    "tallies",
    "idempotent_requests",
    "applications",
    "application_redirect_uris",
    "grants",
    "refresh_tokens",
    "passwords",
    "sign_in_links",
    "sessions",
    "invitation_links",
    "outbox",
];

impl Server {
    /// The rows that a statement finds, each as one text.
    #[track_caller]
    pub(crate) fn stored(&self, sql: &str) -> Vec<String> {
        stored(&self.database_path(), sql)
    }

    /// Changes the file behind the server's back, for states that no request leads to.
    #[track_caller]
    pub(crate) fn alter_stored(&self, sql: &str) {
        let connection = Connection::open(self.database_path()).expect("the database opens");
        connection.busy_timeout(std::time::Duration::from_secs(5)).expect("the connection can wait");
        connection.execute_batch(sql).expect("the statement runs");
    }

    /// Everything that is stored, the audit trail included. Equal before and after whatever changes nothing.
    #[track_caller]
    pub(crate) fn everything_stored(&self) -> Vec<String> {
        everything_stored(&self.database_path())
    }
}

/// The rows of a file that a statement finds, each as one text.
#[track_caller]
fn stored(database: &Path, sql: &str) -> Vec<String> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
    let connection = Connection::open_with_flags(database, flags).expect("the database opens");
    let mut statement = connection.prepare(sql).expect("the statement is valid");
    let columns = statement.column_count();
    let rows = statement.query_map([], |row| {
        let cells: rusqlite::Result<Vec<String>> = (0..columns).map(|column| Ok(print(&row.get(column)?))).collect();
        Ok(cells?.join("|"))
    });
    rows.expect("the statement runs").collect::<Result<_, _>>().expect("every row can be read")
}

/// Everything that is stored in a file.
#[track_caller]
pub(crate) fn everything_stored(database: &Path) -> Vec<String> {
    TABLES
        .iter()
        .flat_map(|table| {
            let rows = stored(database, &format!("SELECT * FROM {table} ORDER BY 1, 2"));
            rows.into_iter().map(move |row| format!("{table}: {row}"))
        })
        .collect()
}

fn print(cell: &Cell) -> String {
    match cell {
        Cell::Null => "null".to_owned(),
        Cell::Integer(number) => number.to_string(),
        Cell::Real(number) => number.to_string(),
        Cell::Text(text) => text.clone(),
        Cell::Blob(bytes) => format!("{bytes:02x?}"),
    }
}
