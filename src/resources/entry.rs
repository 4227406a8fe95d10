//! A resource as the registry lists it: its description and the rules of its writes.

use crate::engine::context::Context;
use crate::engine::error::Error;
use crate::engine::records::{Conflict, Record};
use crate::engine::tokens::Turn;
use crate::ids::RecordId;
use crate::store::Db;
use crate::wire::changes::Changes;
use crate::wire::describe::{Resource, Verb};

pub struct Entry {
    pub resource: &'static Resource,
    pub behaviour: Behaviour,
}

/// Makes a record of each element of a body. Returns their ids in order.
pub type Create = fn(&mut Db, &'static Resource, &Context, &mut [Changes]) -> Result<Vec<RecordId>, Error>;

/// Judges a change of a record; unchanged values were dropped from it.
pub type BeforeUpdate = fn(&mut Db, &Context, &Record, &mut Changes) -> Result<(), Error>;

/// Writes the attributes of a change that are stored elsewhere.
pub type BesideUpdate = fn(&mut Db, &Context, &Record, &Changes) -> Result<(), Error>;

pub type Act = fn(&mut Db, &Context, &Record) -> Result<(), Error>;

/// The rules of a resource: a function for each write that the description lists.
pub struct Behaviour {
    /// For `POST`.
    pub create: Option<Create>,
    /// For `PUT`.
    pub before_update: Option<BeforeUpdate>,
    /// For `PUT`, if attributes are stored elsewhere.
    pub beside_update: Option<BesideUpdate>,
    /// Conflicts that only writing can reveal.
    pub conflicts: &'static [Conflict],
    /// For `DELETE`.
    pub destroy: Option<Act>,
    /// For `PUT …/{id}/name`.
    pub actions: &'static [(&'static str, Act)],
    /// Attributes and actions that change what a member may do; [`DELETE`] stands for the method.
    pub changes_authority: &'static [&'static str],
}

pub const DELETE: &str = "delete";

impl Behaviour {
    pub const NONE: Self = Self {
        create: None,
        before_update: None,
        beside_update: None,
        conflicts: &[],
        destroy: None,
        actions: &[],
        changes_authority: &[],
    };

    /// The turn of a write among those of its account.
    pub fn turn(&self, verb: Verb, changes: &[Changes]) -> Turn {
        let is_changed = |name: &&str| match verb {
            Verb::Action(action) => action == *name,
            Verb::Destroy => *name == DELETE,
            _ => changes.iter().any(|changes| changes.get(name).is_some()),
        };
        if self.changes_authority.iter().any(is_changed) { Turn::Alone } else { Turn::Shared }
    }

    pub fn action(&self, name: &str) -> Option<Act> {
        self.actions.iter().find(|(known, _)| *known == name).map(|(_, act)| *act)
    }
}
