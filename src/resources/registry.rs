//! The resources: one file for each, with its description and what happens around its writes, and the registry of all.
//!
//! Everything that is the same for all resources is in the engine ([`crate::wire`], [`crate::records`]). What is
//! particular is a function of [`Behaviour`], which runs inside the transaction of the write.

pub mod account_invitations;
pub mod account_memberships;
pub mod external_references;
pub mod roles;
pub mod users;
pub mod writes;

use crate::context::Context;
use crate::error::Error;
use crate::records::{Conflict, Record};
use crate::store::Db;
use crate::wire::changes::Changes;
use crate::wire::describe::{Resource, Verb};

/// A resource and what happens around its writes.
pub struct Entry {
    /// The description.
    pub resource: &'static Resource,
    /// What is particular to it.
    pub behaviour: Behaviour,
}

/// Makes records of the elements of a body and returns their ids in order.
pub type Create = fn(&mut Db, &'static Resource, &Context, &mut [Changes]) -> Result<Vec<i64>, Error>;

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
    const NONE: Self =
        Self { create: None, before_update: None, beside_update: None, conflicts: &[], destroy: None, actions: &[] };

    /// The function of an action.
    pub fn action(&self, name: &str) -> Option<Act> {
        self.actions.iter().find(|(known, _)| *known == name).map(|(_, act)| *act)
    }
}

/// Every resource, also those that only appear in includes.
pub static REGISTRY: &[&Entry] = &[
    &account_invitations::ENTRY,
    &account_memberships::ENTRY,
    &users::ENTRY,
    &roles::ENTRY,
    &Entry { resource: &external_references::RESOURCE, behaviour: Behaviour::NONE },
];

/// The resource of a name.
pub fn find(name: &str) -> Option<&'static Entry> {
    REGISTRY.iter().copied().find(|entry| entry.resource.name == name)
}

/// An operation as the outside sees it.
pub struct Listed {
    /// The HTTP method.
    pub method: &'static str,
    /// The path below the base path.
    pub path: String,
    /// Plural name of the resource.
    pub resource: &'static str,
    /// Name of the action, as in the policy.
    pub action: &'static str,
    /// Form of the operation.
    pub verb: Verb,
}

/// Every operation of every resource.
pub fn operations() -> Vec<Listed> {
    let listed = |resource: &'static Resource| {
        resource.operations.iter().map(move |operation| Listed {
            method: operation.verb.method(),
            path: resource.path(operation.verb),
            resource: resource.name,
            action: operation.verb.name(),
            verb: operation.verb,
        })
    };
    REGISTRY.iter().flat_map(|entry| listed(entry.resource)).collect()
}
