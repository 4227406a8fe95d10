//! Named states that a test can return to.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::clock::Timestamp;
use crate::mail::Mail;
use crate::transfer::snapshot::Snapshot;

/// Snapshots at a time; each one is in memory.
const MOST: usize = 100;

pub struct State {
    pub rows: Snapshot,
    /// The mails in the mailbox.
    pub mails: Vec<Mail>,
    /// By the sandbox's clock.
    pub taken_at: Timestamp,
    pub is_frozen: bool,
}

/// By name.
#[derive(Default)]
pub struct Snapshots(Mutex<BTreeMap<String, Arc<State>>>);

impl Snapshots {
    /// Keeps a state, instead of one with the same name. `false` if there are too many.
    pub fn keep(&self, name: &str, state: State) -> bool {
        let mut states = self.0.lock();
        if states.len() >= MOST && !states.contains_key(name) {
            return false;
        }
        states.insert(name.to_owned(), Arc::new(state));
        true
    }

    pub fn find(&self, name: &str) -> Option<Arc<State>> {
        self.0.lock().get(name).cloned()
    }

    /// All states, ordered by name.
    pub fn all(&self) -> Vec<(String, Arc<State>)> {
        let states = self.0.lock();
        states.iter().map(|(name, state)| (name.clone(), Arc::clone(state))).collect()
    }

    /// Whether there was a state with this name.
    pub fn forget(&self, name: &str) -> bool {
        self.0.lock().remove(name).is_some()
    }
}
