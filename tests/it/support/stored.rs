//! Direct access to the database, for what no answer shows.

use std::path::Path;

use super::Server;
use super::database::rows_in_file;

/// Tables that only writes change.
const TABLES: &[&str] = &[
    "accounts",
    "users",
    "address_changes",
    "address_links",
    "profile_photos",
    "roles",
    "account_memberships",
    "account_invitations",
    "external_references",
    "skills",
    "skill_memberships",
    "cost_rates",
    "billable_utilizations",
    "custom_fields",
    "custom_field_choices",
    "custom_field_values",
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
        self.stored(&everything())
    }
}

/// All rows of a file.
#[track_caller]
pub(crate) fn everything_stored(database: &Path) -> Vec<String> {
    rows_in_file(database, &everything())
}

/// Statements for one connection: a story may look at everything before and after each of hundreds of requests.
fn everything() -> String {
    TABLES.iter().map(|table| format!("SELECT '{table}', * FROM {table} ORDER BY 2, 3;")).collect()
}
