//! Waiting jobs, served to a group of threads.
//!
//! A plain queue would let one tenant hold back all others: by many jobs in front of theirs, or by a few that take long
//! on every thread. So tenants take turns, each with its own line, and where there are several threads, one tenant
//! never has jobs on all of them. Jobs of no tenant, such as looking up a token, take turns like one more tenant, and
//! may run on every thread.
//!
//! Invariants: a full queue refuses at once; within one tenant's line, jobs are served in the order of their arrival;
//! a closed queue serves what it holds and takes no more.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Condvar, Mutex, MutexGuard};

use crate::store::Error;
use crate::store::job::{Job, NO_TENANT, Tenant};

pub(super) struct Queue {
    state: Mutex<State>,
    /// Most waiting jobs, of all tenants and of one.
    length: usize,
    length_of_one: usize,
    /// Most jobs of one tenant that run at a time.
    most_of_one: usize,
}

#[derive(Default)]
struct State {
    lines: HashMap<Tenant, Line>,
    /// The tenants whose next job may run now, in the order of their turns.
    turns: VecDeque<Tenant>,
    waiting: usize,
    is_closed: bool,
    /// The threads that wait for a job, each by a condition of its own. The last one is woken first: what it has read
    /// is still in the caches of its processor.
    idle: Vec<Arc<Condvar>>,
}

#[derive(Default)]
struct Line {
    jobs: VecDeque<Box<dyn Job>>,
    running: usize,
    has_turn: bool,
}

/// Why a queue did not take a job.
pub(super) struct Refused {
    pub(super) job: Box<dyn Job>,
    pub(super) cause: Error,
}

impl Queue {
    /// For this many threads.
    pub(super) fn new(length: usize, threads: usize) -> Self {
        // A lone thread takes turns between tenants, but may have many jobs of one under way: a batch.
        let most_of_one = if threads > 1 { threads - 1 } else { usize::MAX };
        let length_of_one = length.div_ceil(2);
        Self { state: Mutex::default(), length, length_of_one, most_of_one }
    }

    pub(super) fn push(&self, job: Box<dyn Job>) -> Result<(), Refused> {
        let mut state = self.state.lock();
        if state.is_closed {
            return Err(Refused { job, cause: Error::Stopped });
        }
        let tenant = job.terms().tenant;
        let of_tenant = state.lines.get(&tenant).map_or(0, |line| line.jobs.len());
        let is_line_full = tenant != NO_TENANT && of_tenant >= self.length_of_one;
        if state.waiting >= self.length || is_line_full {
            return Err(Refused { job, cause: Error::Overloaded });
        }
        state.waiting += 1;
        state.lines.entry(tenant).or_default().jobs.push_back(job);
        let is_given = state.give_turn(tenant, self.most_of_one);
        wake_one(state, is_given);
        Ok(())
    }

    /// Ends the thread's last job and returns its next one, waiting for it if need be; `None` once the queue is closed
    /// and empty. Both in one step: a turn that the end of a job gives would otherwise wake another thread, which then
    /// finds that this one has taken it.
    pub(super) fn take(&self, done: Option<Tenant>) -> Option<Box<dyn Job>> {
        let mut state = self.state.lock();
        if let Some(tenant) = done {
            state.finish(tenant, self.most_of_one);
        }
        loop {
            if let Some(job) = state.next(self.most_of_one) {
                // These were given without waking a thread.
                let are_others = !state.turns.is_empty();
                wake_one(state, are_others);
                return Some(job);
            }
            if state.is_closed && state.waiting == 0 {
                return None;
            }
            wait(&mut state, None);
        }
    }

    /// The same for a thread that has done several jobs; `Ok(None)` if there is none within this time, and
    /// [`Error::Stopped`] once the queue is closed and empty.
    pub(super) fn take_within(
        &self,
        done: impl IntoIterator<Item = Tenant>,
        patience: Duration,
    ) -> Result<Option<Box<dyn Job>>, Error> {
        let mut state = self.state.lock();
        for tenant in done {
            state.finish(tenant, self.most_of_one);
        }
        if let Some(job) = state.next(self.most_of_one) {
            return Ok(Some(job));
        }
        if !(state.is_closed && state.waiting == 0) {
            wait(&mut state, Some(patience));
        }
        match state.next(self.most_of_one) {
            None if state.is_closed && state.waiting == 0 => Err(Error::Stopped),
            job => Ok(job),
        }
    }

    /// The next job, if there is one now.
    pub(super) fn take_waiting(&self) -> Option<Box<dyn Job>> {
        self.state.lock().next(self.most_of_one)
    }

    pub(super) fn close(&self) {
        let mut state = self.state.lock();
        state.is_closed = true;
        for idle in state.idle.drain(..) {
            idle.notify_one();
        }
    }

    /// Waiting jobs.
    pub(super) fn len(&self) -> usize {
        self.state.lock().waiting
    }
}

/// Waits until there may be a job, or the queue is closed.
fn wait(state: &mut MutexGuard<'_, State>, patience: Option<Duration>) {
    let own = Arc::<Condvar>::default();
    state.idle.push(Arc::clone(&own));
    match patience {
        Some(patience) => drop(own.wait_for(state, patience)),
        None => own.wait(state),
    }
    // The waking thread has removed it; after a timeout nothing has.
    state.idle.retain(|other| !Arc::ptr_eq(other, &own));
}

/// Wakes a thread, if one is wanted and one is idle.
fn wake_one(mut state: MutexGuard<'_, State>, is_wanted: bool) {
    let idle = if is_wanted { state.idle.pop() } else { None };
    drop(state);
    if let Some(idle) = idle {
        idle.notify_one();
    }
}

impl State {
    /// Lets a tenant take a turn if it waits for one and may have it.
    fn give_turn(&mut self, tenant: Tenant, most_of_one: usize) -> bool {
        let Some(line) = self.lines.get_mut(&tenant) else { return false };
        let may_run = tenant == NO_TENANT || line.running < most_of_one;
        let is_given = !line.has_turn && !line.jobs.is_empty() && may_run;
        if is_given {
            line.has_turn = true;
            self.turns.push_back(tenant);
        }
        is_given
    }

    /// Ends a job of this tenant, after which its next one may run.
    fn finish(&mut self, tenant: Tenant, most_of_one: usize) {
        let Some(line) = self.lines.get_mut(&tenant) else { return };
        line.running = line.running.saturating_sub(1);
        if line.running == 0 && line.jobs.is_empty() {
            self.lines.remove(&tenant);
        } else {
            self.give_turn(tenant, most_of_one);
        }
    }

    fn next(&mut self, most_of_one: usize) -> Option<Box<dyn Job>> {
        let tenant = self.turns.pop_front()?;
        let line = self.lines.get_mut(&tenant)?;
        line.has_turn = false;
        let job = line.jobs.pop_front()?;
        line.running += 1;
        self.waiting -= 1;
        self.give_turn(tenant, most_of_one);
        Some(job)
    }
}
