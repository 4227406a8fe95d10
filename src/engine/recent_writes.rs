//! Recent writers: users see their own writes even when a replica lags behind.
//!
//! For each user who wrote through it, a server remembers a position in the database's log. Reads of that user go to a
//! replica only once it has reached that position. Writes of others may be seen late. Each server has its own memory:
//! where several share one address, clients must stay with one server, or the servers must do without a replica.

use std::collections::HashMap;

use parking_lot::Mutex;

use crate::ids::UserId;
use crate::store::{Position, Store};

const MOST_USERS: usize = 10_000;

#[derive(Default)]
pub struct RecentWrites(Mutex<Positions>);

#[derive(Default)]
struct Positions {
    users: HashMap<UserId, Position>,
    /// For all users who are no longer remembered one by one.
    others: Position,
}

impl RecentWrites {
    pub fn note(&self, user_id: UserId, store: &Store) {
        let Some(position) = store.position() else {
            return;
        };
        let mut memory = self.0.lock();
        if memory.users.len() >= MOST_USERS {
            memory.forget(store.statistics().followed());
        }
        memory.users.insert(user_id, position);
    }

    /// The position that a replica must have reached for a user to see their own writes.
    pub fn of(&self, user_id: UserId) -> Position {
        let memory = self.0.lock();
        memory.users.get(&user_id).copied().unwrap_or(memory.others)
    }
}

impl Positions {
    /// Forgets users whose writes have reached the replica; if too few, merges all into `others`.
    fn forget(&mut self, followed: Position) {
        self.users.retain(|_, position| *position > followed);
        if self.users.len() >= MOST_USERS {
            self.others = self.users.drain().map(|(_, position)| position).max().unwrap_or_default().max(self.others);
        }
    }
}
