//! Conflicting jobs are retried before they are answered, but not forever.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Duration;

use invited::testing::Stopwatch;
use invited::testing::store::{Error, Param, UniqueIndex};

use super::own_cluster::{serve, start};
use super::update;
use crate::support::database::execute;
use crate::support::{token, within};

/// A trigger that fails updates of invitations under a condition and counts the attempts. A sequence is not rolled
/// back.
fn fail_updates(when: &str, code: &str) -> String {
    format!(
        "CREATE SEQUENCE attempts; \
         CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
         IF nextval('attempts') {when} THEN RAISE EXCEPTION 'on purpose' USING ERRCODE = '{code}'; END IF; \
         RETURN new; END $$; \
         CREATE TRIGGER fail BEFORE UPDATE ON account_invitations FOR EACH ROW EXECUTE FUNCTION fail()"
    )
}

/// Two jobs lock two rows in opposite order, the second lock once both have their first, so one must be rolled back.
#[test]
fn two_deadlocked_jobs_both_succeed() {
    let (_cluster, url) = start();
    let server = serve(&url, &[]);
    let both_have_one = Arc::new(Barrier::new(2));
    let (attempts, committed) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let since = Stopwatch::start();
    thread::scope(|scope| {
        for (first, second) in [(1, 2), (2, 1)] {
            let (barrier, attempts, committed) =
                (Arc::clone(&both_have_one), Arc::clone(&attempts), Arc::clone(&committed));
            let mut own_attempts = 0;
            let job = move |db: &mut invited::testing::store::Db| {
                own_attempts += 1;
                attempts.fetch_add(1, Ordering::Relaxed);
                let committed = Arc::clone(&committed);
                db.after_commit(move || {
                    committed.fetch_add(1, Ordering::Relaxed);
                });
                let sql = "UPDATE users SET headline = coalesce(headline, '') || 'x' WHERE id = ?1";
                db.exec(sql, &[Param::Int(first)])?;
                if own_attempts == 1 {
                    barrier.wait();
                }
                db.exec(sql, &[Param::Int(second)])?;
                Ok(())
            };
            let server = &server;
            scope.spawn(move || server.write(job));
        }
    });
    println!("two jobs that deadlock are done after {:?}", since.elapsed());
    assert_eq!(attempts.load(Ordering::Relaxed), 3, "one of them is retried once");
    assert_eq!(committed.load(Ordering::Relaxed), 2, "each runs its commit hook once");
    assert_eq!(server.stored("SELECT headline FROM users WHERE id IN (1, 2)"), ["xx", "xx"]);
}

#[test]
fn a_job_that_always_conflicts_is_given_up_and_leaves_nothing() {
    let (_cluster, url) = start();
    let server = serve(&url, &[]);
    execute(&url, &fail_updates("> 0", "40001"));
    let before = server.everything_stored();
    let since = Stopwatch::start();
    let answer = update(&server, 1).expect(503);
    println!("given up after {:?}", since.elapsed());
    assert_eq!(answer.header("retry-after"), Some("1"));
    assert_eq!(server.stored("SELECT last_value FROM attempts"), ["5"]);
    assert_eq!(server.everything_stored(), before);
    execute(&url, "DROP TRIGGER fail ON account_invitations");
    update(&server, 2).expect(200);
}

#[test]
fn a_retried_job_counts_once_for_the_limit_of_its_invitation() {
    let (_cluster, url) = start();
    let server = serve(&url, &[("rate_resend_per_invitation", "2")]);
    execute(&url, &fail_updates("<= 2", "40001"));
    let resend = || server.put("/account_invitations/2/resend").bearer(token::ADMINISTRATOR).send();
    resend().expect(200);
    assert_eq!(server.stored("SELECT last_value FROM attempts"), ["3"], "the first resend took three attempts");
    resend().expect(200);
    resend().expect(429);
    let committed = "SELECT count(*) FROM audit WHERE action = 'account_invitation.resend'";
    assert_eq!(server.stored(committed), ["2"]);
}

#[test]
fn a_foreign_lock_is_waited_for_and_leaves_nothing_half_done() {
    let (_cluster, url) = start();
    let server = serve(&url, &[]);
    let before = server.everything_stored();
    thread::scope(|scope| {
        let holding = "BEGIN; SELECT 1 FROM account_invitations WHERE id = 2 FOR UPDATE; SELECT pg_sleep(9); COMMIT";
        let holder = scope.spawn(|| execute(&url, holding));
        let is_held = "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep'";
        assert!(within(Duration::from_secs(4), || !execute(&url, is_held).is_empty()), "the lock is not held");
        let since = Stopwatch::start();
        let answer = update(&server, 1).expect(503);
        let waited = since.elapsed();
        println!("a lock is waited for {waited:?}");
        assert!(waited > Duration::from_secs(4) && waited < Duration::from_secs(9), "{waited:?}");
        assert_eq!(answer.header("retry-after"), Some("1"));
        // Requests for other rows do not wait.
        server.get("/account_invitations/2").bearer(token::ADMINISTRATOR).send().expect(200);
        holder.join().unwrap();
    });
    assert_eq!(server.everything_stored(), before);
    update(&server, 2).expect(200);
}

#[test]
fn a_full_disk_is_a_503_and_leaves_nothing_half_done() {
    let (_cluster, url) = start();
    let server = serve(&url, &[]);
    // The server's error code for a full disk, raised by a trigger, since a test must not fill the disk.
    execute(&url, &fail_updates("> 0", "53100"));
    let before = server.everything_stored();
    let answer = update(&server, 1).expect(503);
    assert_eq!(answer.header("retry-after"), Some("1"));
    assert_eq!(server.stored("SELECT last_value FROM attempts"), ["1"], "a lasting failure is not retried");
    assert_eq!(server.everything_stored(), before);
    server.get("/account_invitations").bearer(token::ADMINISTRATOR).send().expect(200);
    execute(&url, "DROP TRIGGER fail ON account_invitations");
    update(&server, 2).expect(200);
}

/// A commit sent with the last statement cannot be taken back, so a job that fails after it is a bug and says so.
#[test]
fn a_job_that_fails_after_its_last_statement_is_an_error() {
    let (_cluster, url) = start();
    let server = serve(&url, &[]);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let set = "UPDATE users SET headline = ?1 WHERE id = 1";
    let commits = || server.app().store.statistics().commits();
    let before = commits();

    let failed: Result<(), Error> = runtime.block_on(server.app().store.write(move |db| {
        db.expect_last();
        db.exec(set, &[Param::Text("first")])?;
        Err(Error::Schema("on purpose".to_owned()))
    }));
    assert!(matches!(&failed, Err(Error::Statement(text)) if text.contains("after the statement")), "{failed:?}");

    let panicked: Result<(), Error> = runtime.block_on(server.app().store.write(move |db| {
        db.expect_last();
        assert_eq!(db.exec(set, &[Param::Text("second")])?, 2, "on purpose");
        Ok(())
    }));
    assert!(matches!(&panicked, Err(Error::Statement(text)) if text.contains("after the statement")), "{panicked:?}");

    let followed: Result<usize, Error> = runtime.block_on(server.app().store.write(move |db| {
        db.expect_last();
        db.exec(set, &[Param::Text("third")])?;
        db.exec(set, &[Param::Text("fourth")])
    }));
    assert!(matches!(&followed, Err(Error::Statement(_))), "{followed:?}");

    assert_eq!(commits(), before, "none of them counts as committed");

    let same_address = UniqueIndex { name: "users_address", columns: "" };
    let refused: Result<usize, Error> = runtime.block_on(server.app().store.write(move |db| {
        db.exec(set, &[Param::Text("fifth")])?;
        db.expect_last();
        db.exec("UPDATE users SET email_key = 'same' WHERE account_id = 1", &[])
    }));
    assert!(refused.as_ref().is_err_and(|cause| cause.is_violation_of(same_address)), "{refused:?}");
    assert_eq!(server.stored("SELECT headline FROM users WHERE id = 1"), ["third"]);

    let before = commits();
    let kept: Result<usize, Error> = runtime.block_on(server.app().store.write(move |db| {
        db.expect_last();
        db.exec(set, &[Param::Text("kept")])
    }));
    assert_eq!((kept.unwrap(), commits()), (1, before + 1));
    assert_eq!(server.stored("SELECT headline FROM users WHERE id = 1"), ["kept"]);
}
