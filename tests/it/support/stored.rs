//! A look at the database from outside, for what no answer shows.

use std::path::Path;

use super::Server;
use super::database::rows_in_file;

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
        self.database().rows(sql)
    }

    /// Changes the database behind the server's back, for states that no request leads to.
    #[track_caller]
    pub(crate) fn alter_stored(&self, sql: &str) {
        self.database().alter(sql);
    }

    /// Everything that is stored, the audit trail included. Equal before and after whatever changes nothing.
    #[track_caller]
    pub(crate) fn everything_stored(&self) -> Vec<String> {
        self.stored(&everything())
    }
}

/// Everything that is stored in a file.
#[track_caller]
pub(crate) fn everything_stored(database: &Path) -> Vec<String> {
    rows_in_file(database, &everything())
}

/// Statements for one connection: a story may look at everything before and after each of hundreds of requests.
fn everything() -> String {
    TABLES.iter().map(|table| format!("SELECT '{table}', * FROM {table} ORDER BY 2, 3;")).collect()
}
