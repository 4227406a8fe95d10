//! Jobs that get in each other's way: they are run again before anybody is answered, and not for ever.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Duration;

use invited::clock::Stopwatch;
use invited::store::{Error, Param, UniqueIndex};
use serde_json::json;

use super::own_cluster::{serve, start};
use crate::support::database::execute;
use crate::support::{Answer, Server, token, within};

/// A trigger that fails an update of an invitation under a condition, after it has counted the attempt. A sequence is not undone
/// with its transaction.
fn fail_updates(when: &str, code: &str) -> String {
    format!(
        "CREATE SEQUENCE attempts; \
         CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
         IF nextval('attempts') {when} THEN RAISE EXCEPTION 'on purpose' USING ERRCODE = '{code}'; END IF; \
         RETURN new; END $$; \
         CREATE TRIGGER fail BEFORE UPDATE ON account_invitations FOR EACH ROW EXECUTE FUNCTION fail()"
    )
}

fn update(server: &Server, rate: u64) -> Answer {
    let body = json!({"account_invitation": {"bill_rate_in_cents": rate}});
    server.put("/account_invitations/2").bearer(token::ADMINISTRATOR).json(&body).send()
}

/// Two jobs that take two rows in opposite order, each its second when both have their first: one has to be undone.
#[test]
fn two_jobs_that_wait_for_each_other_are_both_done() {
    let (_cluster, url) = start();
    let server = serve(&url, &[]);
    let both_have_one = Arc::new(Barrier::new(2));
    let (attempts, told) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let since = Stopwatch::start();
    thread::scope(|scope| {
        for (first, second) in [(1, 2), (2, 1)] {
            let (barrier, attempts, told) = (Arc::clone(&both_have_one), Arc::clone(&attempts), Arc::clone(&told));
            let mut own_attempts = 0;
            let job = move |db: &mut invited::store::Db| {
                own_attempts += 1;
                attempts.fetch_add(1, Ordering::Relaxed);
                let told = Arc::clone(&told);
                db.after_commit(move || {
                    told.fetch_add(1, Ordering::Relaxed);
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
    assert_eq!(attempts.load(Ordering::Relaxed), 3, "one of them is run again, once");
    assert_eq!(told.load(Ordering::Relaxed), 2, "what waits for the commit is done once for each");
    assert_eq!(server.stored("SELECT headline FROM users WHERE id IN (1, 2)"), ["xx", "xx"]);
}

#[test]
fn a_job_that_collides_each_time_is_given_up_and_leaves_nothing() {
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
fn a_job_that_is_run_again_counts_once_for_the_limit_of_its_invitation() {
    let (_cluster, url) = start();
    let server = serve(&url, &[("rate_resend_per_invitation", "2")]);
    execute(&url, &fail_updates("<= 2", "40001"));
    let resend = || server.put("/account_invitations/2/resend").bearer(token::ADMINISTRATOR).send();
    resend().expect(200);
    assert_eq!(server.stored("SELECT last_value FROM attempts"), ["3"], "the first resend was run three times");
    resend().expect(200);
    resend().expect(429);
    let told = "SELECT count(*) FROM audit WHERE action = 'account_invitation.resend'";
    assert_eq!(server.stored(told), ["2"]);
}

#[test]
fn a_lock_that_is_held_from_outside_is_waited_for_a_while_and_leaves_nothing_half_done() {
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
        // Whoever wants something else is not held up.
        server.get("/account_invitations/2").bearer(token::ADMINISTRATOR).send().expect(200);
        holder.join().unwrap();
    });
    assert_eq!(server.everything_stored(), before);
    update(&server, 2).expect(200);
}

#[test]
fn a_full_disk_is_a_reason_to_try_again_later_and_leaves_nothing_half_done() {
    let (_cluster, url) = start();
    let server = serve(&url, &[]);
    // The server's own words for a full disk, from a trigger, since a story may not fill one.
    execute(&url, &fail_updates("> 0", "53100"));
    let before = server.everything_stored();
    let answer = update(&server, 1).expect(503);
    assert_eq!(answer.header("retry-after"), Some("1"));
    assert_eq!(
        server.stored("SELECT last_value FROM attempts"),
        ["1"],
        "what does not go away by itself is not repeated"
    );
    assert_eq!(server.everything_stored(), before);
    server.get("/account_invitations").bearer(token::ADMINISTRATOR).send().expect(200);
    execute(&url, "DROP TRIGGER fail ON account_invitations");
    update(&server, 2).expect(200);
}

/// What travels with a job's last statement cannot be taken back, so that a job which then fails is told to be wrong.
#[test]
fn a_job_that_fails_after_its_last_statement_is_an_error_and_no_success() {
    let (_cluster, url) = start();
    let server = serve(&url, &[]);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
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

    assert_eq!(commits(), before, "none of them counts as done");

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
