//! The store below HTTP: the effect of a failing, panicking or slow job on itself and on others.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use invited::testing::Stopwatch;
use invited::testing::invitations::PENDING_ADDRESS;
use invited::testing::store::{Db, Error, Param, Store};
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;

use crate::support::database::is_on_server;
use crate::support::{Server, within};

/// Longest wait for what happens at once on an idle machine.
const PATIENCE: Duration = Duration::from_secs(10);

struct Case {
    runtime: Runtime,
    store: Store,
    _server: Server,
}

impl Case {
    fn new(settings: &[(&'static str, &str)]) -> Self {
        let server = Server::start_with(settings);
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        Self { runtime, store: server.app().store.clone(), _server: server }
    }

    fn write<T: Send + 'static>(
        &self,
        work: impl FnMut(&mut Db) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        self.runtime.block_on(self.store.write(work))
    }

    fn read<T: Send + 'static>(
        &self,
        work: impl FnMut(&mut Db) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        self.runtime.block_on(self.store.read(work))
    }

    /// A write that stands in the way of others until the gate is opened.
    fn hold(&self, gate: &Gate, store: Store) -> JoinHandle<Result<(), Error>> {
        let way = gate.way();
        let work = move |_: &mut Db| {
            way.pass();
            Ok(())
        };
        let held = self.runtime.spawn(async move { store.write(work).await });
        assert!(within(PATIENCE, || gate.arrived() == 1), "the write does not begin");
        held
    }

    /// Submits this many writes of a tenant at once.
    fn submit(&self, writes: usize, tenant: &Store, headline: &'static str) -> Vec<JoinHandle<Result<usize, Error>>> {
        let submit = |store: Store| async move { store.write(move |db| set_headline(db, 1, headline)).await };
        (0..writes).map(|_| self.runtime.spawn(submit(tenant.clone()))).collect()
    }

    fn headline_of_user(&self, id: i64) -> Option<String> {
        let sql = "SELECT headline FROM users WHERE id = ?1";
        self.read(move |db| db.one(sql, &[Param::Int(id)], |row| Ok(row.maybe_text(0)?.map(str::to_owned)))).unwrap()
    }
}

fn set_headline(db: &mut Db, id: i64, headline: &str) -> Result<usize, Error> {
    db.exec("UPDATE users SET headline = ?2 WHERE id = ?1", &[Param::Int(id), Param::Text(headline)])
}

#[test]
fn a_failed_or_panicked_job_leaves_no_trace_and_harms_no_other() {
    let case = Case::new(&[]);
    let (good, bad, panicking) = case.runtime.block_on(async {
        tokio::join!(
            case.store.write(|db| set_headline(db, 1, "kept")),
            case.store.write(|db| {
                set_headline(db, 2, "undone")?;
                Err::<(), _>(Error::Statement("on purpose".to_owned()))
            }),
            case.store.write(|db| {
                set_headline(db, 3, "undone")?;
                if db.exec("SELECT 1", &[]).is_ok() || true_at_run_time() {
                    panic!("on purpose");
                }
                Ok::<(), Error>(())
            }),
        )
    });
    assert_eq!(good.unwrap(), 1);
    assert!(matches!(bad, Err(Error::Statement(_))), "{bad:?}");
    assert!(matches!(panicking, Err(Error::Panicked)), "{panicking:?}");
    assert_eq!([1, 2, 3].map(|id| case.headline_of_user(id)), [Some("kept".to_owned()), None, None]);
    assert_eq!(case.write(|db| set_headline(db, 4, "after")).unwrap(), 1);
}

/// Hides from the compiler that the line after the panic is unreachable.
fn true_at_run_time() -> bool {
    std::env::args().count() > 0
}

#[test]
fn a_slow_read_is_refused_and_the_next_one_works() {
    let case = Case::new(&[("read_timeout", "0.05"), ("readers", "1")]);
    let endless = "WITH RECURSIVE n (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n";
    for _ in 0..3 {
        let refused = case.read(move |db| db.one(endless, &[], |row| row.int(0)));
        assert!(matches!(refused, Err(Error::Unavailable(_))), "{refused:?}");
        assert_eq!(case.headline_of_user(1), None);
    }
}

#[test]
fn a_violation_of_the_unique_index_on_pending_addresses_is_recognised() {
    let case = Case::new(&[]);
    let refused = case.write(|db| {
        let sql = "UPDATE account_invitations SET email_key = 'ada@example.com' WHERE id = 2";
        db.exec(sql, &[])
            .map_err(|error| error.on_constraint(PENDING_ADDRESS, || Error::Schema("recognised".to_owned())))
    });
    assert!(matches!(&refused, Err(Error::Schema(text)) if text == "recognised"), "{refused:?}");
}

#[test]
fn a_job_that_ignores_a_failed_statement_gets_the_true_outcome() {
    let case = Case::new(&[]);
    let answered = case.write(pass_over_a_failure);
    let is_stored = case.headline_of_user(1).as_deref() == Some("passed over");
    // SQLite undoes only the statement, PostgreSQL the whole transaction; the result must match.
    assert_eq!(answered.is_ok(), is_stored, "{answered:?}");
    assert_eq!(case.write(|db| set_headline(db, 2, "after")).unwrap(), 1);
}

/// Writes, and ignores another write that violates a unique index.
pub(crate) fn pass_over_a_failure(db: &mut Db) -> Result<(), Error> {
    set_headline(db, 1, "passed over")?;
    let refused = db.exec("UPDATE account_invitations SET email_key = 'ada@example.com' WHERE id = 2", &[]);
    assert!(matches!(refused, Err(Error::Unique(_))), "{refused:?}");
    Ok(())
}

#[test]
fn a_closed_store_has_finished_its_work_and_refuses_more() {
    let case = Case::new(&[]);
    assert_eq!(case.write(|db| set_headline(db, 1, "last")).unwrap(), 1);
    case.store.close();
    let refused = case.write(|db| set_headline(db, 1, "too late"));
    assert!(matches!(refused, Err(Error::Stopped)), "{refused:?}");
}

#[test]
fn a_dry_run_answers_and_leaves_no_trace() {
    let case = Case::new(&[]);
    let before = case.headline_of_user(1);
    let seen = case.runtime.block_on(case.store.rehearse(|db| {
        set_headline(db, 1, "rehearsed")?;
        db.one("SELECT headline FROM users WHERE id = 1", &[], |row| row.text(0).map(str::to_owned))
    }));
    assert_eq!(seen.unwrap(), "rehearsed");
    assert_eq!(case.headline_of_user(1), before);
}

#[test]
fn commit_hooks_run_before_the_answer_and_only_for_committed_jobs() {
    let case = Case::new(&[]);
    let done = Arc::new(Mutex::new(Vec::new()));
    let note = |name: &'static str| {
        let done = Arc::clone(&done);
        move || done.lock().unwrap().push(name)
    };
    let (kept, failed, rehearsed) = (note("kept"), note("failed"), note("rehearsed"));
    case.write(move |db| {
        db.after_commit(kept.clone());
        Ok(())
    })
    .unwrap();
    assert_eq!(*done.lock().unwrap(), ["kept"]);
    let outcome = case.write(move |db| {
        db.after_commit(failed.clone());
        Err::<(), _>(Error::Statement("on purpose".to_owned()))
    });
    assert!(outcome.is_err());
    case.runtime
        .block_on(case.store.rehearse(move |db| {
            db.after_commit(rehearsed.clone());
            Ok::<_, Error>(())
        }))
        .unwrap();
    assert_eq!(*done.lock().unwrap(), ["kept"]);
}

/// Holds jobs until it is opened or dropped: a story that fails must not leave threads behind that wait for ever.
#[derive(Default)]
struct Gate(Way);

/// The job's side of a gate.
#[derive(Clone, Default)]
struct Way(Arc<(Mutex<GateState>, Condvar)>);

#[derive(Default)]
struct GateState {
    arrived: usize,
    is_open: bool,
}

impl Way {
    /// Waits until the gate is opened.
    fn pass(&self) {
        let mut state = self.0.0.lock().unwrap();
        state.arrived += 1;
        while !state.is_open {
            state = self.0.1.wait(state).unwrap();
        }
    }
}

impl Gate {
    fn way(&self) -> Way {
        self.0.clone()
    }

    fn open(&self) {
        let (state, opened) = &*self.0.0;
        state.lock().unwrap().is_open = true;
        opened.notify_all();
    }

    /// Jobs that have come as far as the gate.
    fn arrived(&self) -> usize {
        self.0.0.0.lock().unwrap().arrived
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.open();
    }
}

#[test]
fn a_story_that_fails_lets_its_held_jobs_go() {
    let case = Case::new(&[("connections", "1")]);
    let failed = catch_unwind(AssertUnwindSafe(|| {
        let gate = Gate::default();
        let _held = case.hold(&gate, case.store.patient());
        panic!("on purpose");
    }));
    assert!(failed.is_err());
    assert_eq!(case.write(|db| set_headline(db, 1, "after")).unwrap(), 1);
}

#[test]
fn slow_reads_of_one_tenant_leave_a_thread_to_the_others() {
    let case = Case::new(&[("readers", "3")]);
    let (gate, slow) = (Gate::default(), case.store.of_tenant(1).patient());
    let held: Vec<_> = (0..6)
        .map(|_| {
            let (slow, way) = (slow.clone(), gate.way());
            case.runtime.spawn(async move {
                slow.read(move |_| {
                    way.pass();
                    Ok::<_, Error>(())
                })
                .await
            })
        })
        .collect();
    assert!(within(PATIENCE, || gate.arrived() == 2), "{} of six reads run at a time", gate.arrived());
    let other = case.store.of_tenant(2);
    for _ in 0..20 {
        let answered = case.runtime.block_on(other.read(|db| db.one("SELECT 1", &[], |row| row.int(0))));
        assert_eq!(answered.unwrap(), 1, "another tenant is answered meanwhile");
    }
    assert_eq!(gate.arrived(), 2);
    gate.open();
    for read in held {
        case.runtime.block_on(read).unwrap().unwrap();
    }
    assert_eq!(gate.arrived(), 6);
}

#[test]
fn a_write_that_comes_too_late_is_refused_and_never_done() {
    let case = Case::new(&[("connections", "1")]);
    let gate = Gate::default();
    let held = case.hold(&gate, case.store.patient());
    let since = Stopwatch::start();
    let refused = case.write(|db| set_headline(db, 1, "late"));
    assert!(matches!(&refused, Err(Error::Unavailable(text)) if text.contains("nothing was changed")), "{refused:?}");
    let elapsed = since.elapsed();
    assert!((Duration::from_millis(4_900)..PATIENCE).contains(&elapsed), "{elapsed:?}");
    gate.open();
    case.runtime.block_on(held).unwrap().unwrap();
    assert_eq!(case.write(|db| set_headline(db, 2, "after")).unwrap(), 1);
    assert_eq!(case.headline_of_user(1), None, "what was refused does not happen later");
}

#[test]
fn a_write_whose_client_is_gone_is_never_done() {
    let case = Case::new(&[("connections", "1")]);
    let gate = Gate::default();
    let held = case.hold(&gate, case.store.clone());
    let store = case.store.clone();
    let waiting = case.runtime.spawn(async move { store.write(|db| set_headline(db, 1, "gone")).await });
    assert!(within(PATIENCE, || case.store.waiting_writes() == 1));
    waiting.abort();
    assert!(case.runtime.block_on(waiting).unwrap_err().is_cancelled());
    gate.open();
    case.runtime.block_on(held).unwrap().unwrap();
    assert_eq!(case.write(|db| set_headline(db, 2, "after")).unwrap(), 1);
    assert_eq!(case.headline_of_user(1), None);
}

#[test]
fn a_write_that_is_given_up_while_it_runs_does_not_become_part_of_the_next_one() {
    let case = Case::new(&[("connections", "1")]);
    let (gate, store) = (Gate::default(), case.store.clone());
    let holding = gate.way();
    let running = case.runtime.spawn(async move {
        store
            .write(move |db| {
                set_headline(db, 1, "given up")?;
                holding.pass();
                Ok::<_, Error>(())
            })
            .await
    });
    assert!(within(PATIENCE, || gate.arrived() == 1));
    running.abort();
    assert!(case.runtime.block_on(running).unwrap_err().is_cancelled());
    gate.open();
    for _ in 0..3 {
        assert_eq!(case.write(|db| set_headline(db, 2, "after")).unwrap(), 1);
    }
    assert_eq!(case.headline_of_user(1), None);
}

#[test]
fn one_tenant_fills_half_of_the_queue_at_most() {
    let case = Case::new(&[("connections", "1"), ("queue_length", "8")]);
    let (gate, one) = (Gate::default(), case.store.of_tenant(1));
    let held = case.hold(&gate, one.clone());
    let waiting = case.submit(4, &one, "one");
    assert!(within(PATIENCE, || case.store.waiting_writes() == 4));
    let refused = case.runtime.block_on(one.write(|db| set_headline(db, 1, "too many")));
    assert!(matches!(refused, Err(Error::Overloaded)), "{refused:?}");
    let of_other = case.submit(1, &case.store.of_tenant(2), "other");
    assert!(within(PATIENCE, || case.store.waiting_writes() == 5));
    gate.open();
    for write in waiting.into_iter().chain(of_other) {
        assert_eq!(case.runtime.block_on(write).unwrap().unwrap(), 1);
    }
    case.runtime.block_on(held).unwrap().unwrap();
}

#[test]
fn writes_of_one_tenant_that_wait_together_are_committed_together() {
    let case = Case::new(&[]);
    if is_on_server() {
        // There each write has a transaction of its own.
        return;
    }
    let (gate, store) = (Gate::default(), case.store.of_tenant(1));
    let held = case.hold(&gate, store.clone());
    let commits = case.store.statistics().commits();
    let waiting = case.submit(20, &store, "together");
    assert!(within(PATIENCE, || case.store.waiting_writes() == 20));
    gate.open();
    case.runtime.block_on(held).unwrap().unwrap();
    for write in waiting {
        assert_eq!(case.runtime.block_on(write).unwrap().unwrap(), 1);
    }
    let commits = case.store.statistics().commits() - commits;
    assert!(commits <= 4, "{commits} commits for 21 writes");
}
