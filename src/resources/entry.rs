//! A resource as the registry lists it: its description and the rules of its writes.

use crate::engine::access::Caller;
use crate::engine::context::Context;
use crate::engine::creation::Written;
use crate::engine::error::Error;
use crate::engine::records::Record;
use crate::engine::tokens::Turn;
use crate::ids::RecordId;
use crate::store::Db;
use crate::wire::changes::Changes;
use crate::wire::describe::{Resource, Verb};
use crate::wire::kind::Value;

pub struct Entry {
    pub resource: &'static Resource,
    pub behaviour: Behaviour,
}

/// Makes a record of each element of a body. Returns their ids in order.
pub type Create = fn(&mut Db, &'static Resource, &Context, &mut [Changes]) -> Result<Vec<RecordId>, Error>;

/// Judges a record to be made.
pub type BeforeCreate = fn(&mut Db, &Context, &mut Changes) -> Result<(), Error>;

/// Does what goes with a record that was made, or that its key has named.
pub type BesideCreate = fn(&mut Db, &Context, Written, &Changes) -> Result<(), Error>;

/// Judges a change of a record; unchanged values were dropped from it.
pub type BeforeUpdate = fn(&mut Db, &Context, &Record, &mut Changes) -> Result<(), Error>;

/// Does what goes with a change of a record.
pub type BesideUpdate = fn(&mut Db, &Context, &Record, &Changes) -> Result<(), Error>;

/// Answers a document about a whole collection.
pub type Overview = fn(&mut Db, &Caller) -> Result<Vec<u8>, Error>;

pub type Act = fn(&mut Db, &Context, &Record) -> Result<(), Error>;

/// Answers a document about a record that the caller may see, from the values of its parameters.
pub type Tell = fn(&mut Db, &Caller, RecordId, &[Value]) -> Result<Vec<u8>, Error>;

/// What happens to a file that is sent for a record.
#[derive(Clone, Copy)]
pub struct FileRule {
    /// What is stored of it, or the end of the sentence that refuses it. Slow, and on a thread that may block.
    pub prepare: fn(&[u8]) -> Result<Vec<u8>, String>,
    pub attach: fn(&mut Db, &Context, &Record, &NewFile) -> Result<(), Error>,
}

/// A file that is ready to be stored.
pub struct NewFile {
    /// Random, so that nobody can guess it.
    pub name: String,
    pub content: Vec<u8>,
}

/// What the writes of a resource do beyond its description.
pub struct Behaviour {
    /// Instead of what the engine does for `POST`.
    pub create: Option<Create>,
    pub before_create: Option<BeforeCreate>,
    pub beside_create: Option<BesideCreate>,
    pub before_update: Option<BeforeUpdate>,
    pub beside_update: Option<BesideUpdate>,
    /// Instead of what the engine does for `DELETE`.
    pub destroy: Option<Act>,
    pub before_destroy: Option<Act>,
    /// For `PUT …/{id}/name`, and `DELETE …/{id}/name`.
    pub actions: &'static [(&'static str, Act)],
    /// For `GET …/{id}/name`.
    pub documents: &'static [(&'static str, Tell)],
    /// For `GET /resources/word`.
    pub overviews: &'static [(&'static str, Overview)],
    /// For `POST …/{id}/name`.
    pub files: &'static [(&'static str, FileRule)],
    /// Attributes and actions that change what a member may do; [`DELETE`] stands for the method.
    pub changes_authority: &'static [&'static str],
}

pub const DELETE: &str = "delete";

impl Behaviour {
    pub const NONE: Self = Self {
        create: None,
        before_create: None,
        beside_create: None,
        before_update: None,
        beside_update: None,
        destroy: None,
        before_destroy: None,
        actions: &[],
        documents: &[],
        overviews: &[],
        files: &[],
        changes_authority: &[],
    };

    /// The turn of a write among those of its account.
    pub fn turn(&self, verb: Verb, changes: &[Changes]) -> Turn {
        let is_changed = |name: &&str| match verb {
            Verb::Action(action) => action == *name,
            Verb::Destroy | Verb::DestroyMany { .. } => *name == DELETE,
            _ => changes.iter().any(|changes| changes.get(name).is_some()),
        };
        if self.changes_authority.iter().any(is_changed) { Turn::Alone } else { Turn::Shared }
    }

    pub fn action(&self, name: &str) -> Option<Act> {
        named(self.actions, name)
    }

    pub fn document(&self, name: &str) -> Option<Tell> {
        named(self.documents, name)
    }

    pub fn overview(&self, word: &str) -> Option<Overview> {
        named(self.overviews, word)
    }

    pub fn file(&self, name: &str) -> Option<FileRule> {
        named(self.files, name)
    }
}

fn named<T: Copy>(all: &[(&str, T)], name: &str) -> Option<T> {
    all.iter().find(|(known, _)| *known == name).map(|(_, it)| *it)
}
