//! A resource as the registry lists it: its description, and the functions that its writes call.

use crate::engine::context::Context;
use crate::engine::error::Error;
use crate::engine::records::{Conflict, Record};
use crate::ids::RecordId;
use crate::store::Db;
use crate::wire::changes::Changes;
use crate::wire::describe::Resource;

/// A resource and what happens around its writes.
pub struct Entry {
    /// The description.
    pub resource: &'static Resource,
    /// What is particular to it.
    pub behaviour: Behaviour,
}

/// Makes records of the elements of a body and returns their ids in order.
pub type Create = fn(&mut Db, &'static Resource, &Context, &mut [Changes]) -> Result<Vec<RecordId>, Error>;

/// Judges a change of a record: refuses attributes of it, or all of it. Values that are stored already are gone by then.
pub type BeforeUpdate = fn(&mut Db, &Context, &Record, &mut Changes) -> Result<(), Error>;

/// Writes what a change of a record gives and no column of the record holds.
pub type BesideUpdate = fn(&mut Db, &Context, &Record, &Changes) -> Result<(), Error>;

/// Does something to a record.
pub type Act = fn(&mut Db, &Context, &Record) -> Result<(), Error>;

/// What is particular to a resource. A function is there for every operation that the description has.
pub struct Behaviour {
    /// For `POST`.
    pub create: Option<Create>,
    /// For `PUT`.
    pub before_update: Option<BeforeUpdate>,
    /// For `PUT`, where an attribute is kept elsewhere.
    pub beside_update: Option<BesideUpdate>,
    /// What an update can meet only at the moment of writing.
    pub conflicts: &'static [Conflict],
    /// For `DELETE`.
    pub destroy: Option<Act>,
    /// For `PUT …/{id}/name`.
    pub actions: &'static [(&'static str, Act)],
}

impl Behaviour {
    pub const NONE: Self =
        Self { create: None, before_update: None, beside_update: None, conflicts: &[], destroy: None, actions: &[] };

    /// The function of an action.
    pub fn action(&self, name: &str) -> Option<Act> {
        self.actions.iter().find(|(known, _)| *known == name).map(|(_, act)| *act)
    }
}
