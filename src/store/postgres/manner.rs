//! How connections are spoken to: what is said once, and what begins and ends each transaction.

use std::time::Duration;

/// How long a statement of a write may wait for a lock, and run.
const LOCK_WITHIN: &str = "5s";
const WRITE_WITHIN: &str = "30s";

/// What ends a transaction after which somebody wants to know up to where the log is written. That is asked in the same breath,
/// and outside of the transaction, which has its place in the log only then.
const COMMIT_AND_TELL: &str = "COMMIT; SELECT (pg_current_wal_insert_lsn() - '0/0')::bigint";

/// How a connection is spoken to.
#[derive(Clone)]
pub(super) struct Manner {
    /// What is said once, when it was made.
    pub(super) first_words: String,
    /// What begins each transaction.
    pub(super) begin: String,
    /// What ends each.
    pub(super) commit: String,
}

impl Manner {
    pub(super) fn of_writes(is_pooled: bool) -> Self {
        let limits = [("lock_timeout", LOCK_WITHIN), ("statement_timeout", WRITE_WITHIN)];
        Self::new(is_pooled, "READ COMMITTED", "READ WRITE", &limits)
    }

    /// The same, where a replica has to be told from where on it is good enough.
    pub(super) fn telling(self) -> Self {
        Self { commit: COMMIT_AND_TELL.to_owned(), ..self }
    }

    /// One state of the data for all that a job reads.
    pub(super) fn of_reads(is_pooled: bool, within: Duration) -> Self {
        let within = format!("{}ms", within.as_millis().max(1));
        Self::new(is_pooled, "REPEATABLE READ", "READ ONLY", &[("statement_timeout", &within)])
    }

    /// What can be said once is: a pooler's connection belongs to others, too, so that there each transaction says it.
    fn new(is_pooled: bool, isolation: &str, access: &str, limits: &[(&str, &str)]) -> Self {
        let commit = "COMMIT".to_owned();
        let set =
            |word: &str| limits.iter().map(|(name, value)| format!("; {word} {name} = '{value}'")).collect::<String>();
        if is_pooled {
            let begin = format!("BEGIN ISOLATION LEVEL {isolation} {access}{}", set("SET LOCAL"));
            return Self { first_words: String::new(), begin, commit };
        }
        let first_words =
            format!("SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL {isolation} {access}{}", set("SET"));
        Self { first_words, begin: "BEGIN".to_owned(), commit }
    }
}
