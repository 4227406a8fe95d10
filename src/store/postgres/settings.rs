//! Session settings, and the statements that open and close each transaction.

use std::time::Duration;

/// Limits for a statement of a write: to wait for a lock, and to run.
const LOCK_TIMEOUT: &str = "5s";
const WRITE_TIMEOUT: &str = "30s";

/// Commits and asks for the write position in one round trip. The query is outside of the transaction, whose own
/// position is only known after its commit.
const COMMIT_AND_TELL: &str = "COMMIT; SELECT (pg_current_wal_insert_lsn() - '0/0')::bigint";

#[derive(Clone)]
pub(super) struct SessionSettings {
    /// SQL run once after connecting.
    pub(super) on_connect: String,
    pub(super) begin: String,
    pub(super) commit: String,
}

impl SessionSettings {
    /// With a replica, each commit also asks for the position that the replica has to reach.
    pub(super) fn of_writes(is_pooled: bool, has_replica: bool) -> Self {
        let limits = [("lock_timeout", LOCK_TIMEOUT), ("statement_timeout", WRITE_TIMEOUT)];
        let commit = if has_replica { COMMIT_AND_TELL } else { "COMMIT" };
        Self::new(is_pooled, "READ COMMITTED", "READ WRITE", &limits, commit)
    }

    /// Repeatable read: a job sees a consistent snapshot.
    pub(super) fn of_reads(is_pooled: bool, timeout: Duration) -> Self {
        let timeout = format!("{}ms", timeout.as_millis().max(1));
        Self::new(is_pooled, "REPEATABLE READ", "READ ONLY", &[("statement_timeout", &timeout)], "COMMIT")
    }

    /// Behind a pooler, which shares connections, each transaction sets everything; otherwise it is set once.
    fn new(is_pooled: bool, isolation: &str, access: &str, limits: &[(&str, &str)], commit: &str) -> Self {
        let commit = commit.to_owned();
        let set =
            |word: &str| limits.iter().map(|(name, value)| format!("; {word} {name} = '{value}'")).collect::<String>();
        if is_pooled {
            let begin = format!("BEGIN ISOLATION LEVEL {isolation} {access}{}", set("SET LOCAL"));
            return Self { on_connect: String::new(), begin, commit };
        }
        let on_connect =
            format!("SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL {isolation} {access}{}", set("SET"));
        Self { on_connect, begin: "BEGIN".to_owned(), commit }
    }
}
