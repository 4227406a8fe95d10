//! What records of a seed are called by: ids, which are given where none was said, and texts that only one may have.

use std::collections::HashSet;

use crate::sandbox::seed::file::{At, Wrong};

/// The highest id that a seed may say, so that there is room for those that follow.
pub(super) const HIGHEST: i64 = 1_000_000_000_000;

/// The ids of one kind of record.
pub(super) struct Ids {
    kind: &'static str,
    said: HashSet<i64>,
    last_given: i64,
}

impl Ids {
    pub(super) fn of(kind: &'static str) -> Self {
        Self { kind, said: HashSet::new(), last_given: 0 }
    }

    /// Notes an id that the file says. All are noted before the first one is given.
    pub(super) fn note(&mut self, id: Option<&At<i64>>) -> Result<(), Wrong> {
        let Some(id) = id else { return Ok(()) };
        if !(1..=HIGHEST).contains(&id.value) {
            return Err(Wrong::with(id, format!("An id is a whole number from 1 to {HIGHEST}.")));
        }
        if self.said.insert(id.value) {
            return Ok(());
        }
        let sentence =
            format!("There is another {} with the id {}; give this one another, or none.", self.kind, id.value);
        Err(Wrong::with(id, sentence))
    }

    /// The id that the file says, or the next one that it does not say.
    pub(super) fn give(&mut self, id: Option<&At<i64>>) -> i64 {
        if let Some(id) = id {
            return id.value;
        }
        self.last_given += 1;
        while self.said.contains(&self.last_given) {
            self.last_given += 1;
        }
        self.last_given
    }
}

/// Texts of which each may be there once.
#[derive(Default)]
pub(super) struct Once(HashSet<String>);

impl Once {
    /// Notes a text, or says that it is there already.
    pub(super) fn note(&mut self, text: &At<String>, key: String, what: &str) -> Result<(), Wrong> {
        if self.0.insert(key) {
            return Ok(());
        }
        Err(Wrong::with(text, format!("{what} {} is there twice; take another.", text.value)))
    }
}
