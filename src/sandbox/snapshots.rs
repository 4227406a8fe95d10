//! States that a test has kept by name, to return to.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::clock::{ClockState, Timestamp};
use crate::mail::Mail;
use crate::transfer::snapshot::Snapshot;

/// Snapshots that there can be at a time: each is in memory.
const MOST: usize = 100;

/// A state.
pub struct State {
    /// All rows.
    pub rows: Snapshot,
    /// The mails in the mailbox.
    pub mails: Vec<Mail>,
    /// What the clock said, and whether it stood still.
    pub clock: ClockState,
    /// When it was kept, by that clock.
    pub taken_at: Timestamp,
}

/// The states by their names.
#[derive(Default)]
pub struct Snapshots(Mutex<BTreeMap<String, Arc<State>>>);

impl Snapshots {
    /// Keeps a state, in place of one of the same name. `false` where there are too many already.
    pub fn keep(&self, name: &str, state: State) -> bool {
        let mut states = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if states.len() >= MOST && !states.contains_key(name) {
            return false;
        }
        states.insert(name.to_owned(), Arc::new(state));
        true
    }

    /// The state of a name.
    pub fn find(&self, name: &str) -> Option<Arc<State>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }

    /// All of them, by name.
    pub fn all(&self) -> Vec<(String, Arc<State>)> {
        let states = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        states.iter().map(|(name, state)| (name.clone(), Arc::clone(state))).collect()
    }

    /// Forgets the state of a name; whether there was one.
    pub fn forget(&self, name: &str) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(name).is_some()
    }
}
