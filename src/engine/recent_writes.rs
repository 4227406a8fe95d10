//! Who has written lately, so that nobody reads, from a replica that lags behind, what was true before the own write.
//!
//! A server has a place in the log of the database for each user who has written through it. A read of that user is done by a replica
//! only once it has come that far. What others have written may be seen late; how late is for the replica to say. The
//! memory is that of one server: where several stand behind one address, a client has to stay with one for its own writes to
//! be seen at once, or the servers do without a replica.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::ids::UserId;
use crate::store::{Position, Store};

/// Users that are remembered at most.
const MOST_USERS: usize = 10_000;

/// Up to where each user has written.
#[derive(Default)]
pub struct RecentWrites(Mutex<Memory>);

#[derive(Default)]
struct Memory {
    users: HashMap<UserId, Position>,
    /// Up to where all others have, since they are no longer remembered one by one.
    others: Position,
}

impl RecentWrites {
    /// Remembers that a user's write was just answered.
    pub fn note(&self, user_id: UserId, store: &Store) {
        let Some(position) = store.position() else {
            return;
        };
        let mut memory = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if memory.users.len() >= MOST_USERS {
            memory.forget(store.statistics().followed());
        }
        memory.users.insert(user_id, position);
    }

    /// Up to where a replica must have followed for a user to see the own writes.
    pub fn of(&self, user_id: UserId) -> Position {
        let memory = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        memory.users.get(&user_id).copied().unwrap_or(memory.others)
    }
}

impl Memory {
    /// Forgets those whose writes a replica has. If these are too few, all of them, as far as they can be told apart.
    fn forget(&mut self, followed: Position) {
        self.users.retain(|_, position| *position > followed);
        if self.users.len() >= MOST_USERS {
            self.others = self.users.drain().map(|(_, position)| position).max().unwrap_or_default().max(self.others);
        }
    }
}
