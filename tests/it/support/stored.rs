//! Direct access to the database, for what no answer shows.

use std::path::Path;

use super::Server;
use super::database::rows_in_file;

/// Tables that only writes change.
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
    /// The rows of a query, each as one text.
    #[track_caller]
    pub(crate) fn stored(&self, sql: &str) -> Vec<String> {
        self.database().rows(sql)
    }

    /// Changes the database directly, for states that no request leads to.
    #[track_caller]
    pub(crate) fn alter_stored(&self, sql: &str) {
        self.database().alter(sql);
    }

    /// All stored rows, including the audit trail, to compare before and after.
    #[track_caller]
    pub(crate) fn everything_stored(&self) -> Vec<String> {
        everything(|sql| self.stored(sql))
    }
}

/// All rows of a file.
#[track_caller]
pub(crate) fn everything_stored(database: &Path) -> Vec<String> {
    everything(|sql| rows_in_file(database, sql))
}

fn everything(find: impl Fn(&str) -> Vec<String>) -> Vec<String> {
    TABLES
        .iter()
        .flat_map(|table| {
            let rows = find(&format!("SELECT * FROM {table} ORDER BY 1, 2"));
            rows.into_iter().map(move |row| format!("{table}: {row}"))
        })
        .collect()
}
