//! PostgreSQL rolls back a transaction with a failed statement and reports the commit as a success.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use invited::testing::store::Error;

use crate::store::pass_over_a_failure;
use crate::support::Server;
use crate::support::postgres::PostgresServer;

#[test]
fn a_transaction_with_a_failed_statement_never_counts_as_committed() {
    let postgres = PostgresServer::start();
    let server = Server::start_over(postgres.database(), &[]);
    let before = server.everything_stored();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let is_done = Arc::new(AtomicBool::new(false));
    let (done, commits) = (Arc::clone(&is_done), server.app().store.statistics().commits());
    let answered: Result<(), Error> = runtime.block_on(server.app().store.write(move |db| {
        let done = Arc::clone(&done);
        db.after_commit(move || done.store(true, Ordering::Relaxed));
        pass_over_a_failure(db)
    }));
    assert!(matches!(answered, Err(Error::Unavailable(_))), "{answered:?}");
    assert_eq!(server.everything_stored(), before);
    assert!(!is_done.load(Ordering::Relaxed), "the commit hook ran without a commit");
    assert_eq!(server.app().store.statistics().commits(), commits);

    // A statement that cannot be prepared is a failure too, and the connection serves the next job.
    let answered: Result<(), Error> = runtime.block_on(server.app().store.write(|db| {
        db.exec("UPDATE users SET headline = 'passed over' WHERE id = 1", &[])?;
        assert!(db.exec("UPDATE nothing SET headline = NULL", &[]).is_err());
        Ok(())
    }));
    assert!(matches!(answered, Err(Error::Unavailable(_))), "{answered:?}");
    assert_eq!(server.everything_stored(), before);
    server.write(|db| Ok(db.exec("UPDATE users SET headline = 'kept' WHERE id = 1", &[])?));
    assert_eq!(server.stored("SELECT headline FROM users WHERE id = 1"), ["kept"]);
}
