//! The resources: one file for each, with its description and what happens around its writes, and the registry of all.
//!
//! Everything that is the same for all resources is in the engine ([`crate::wire`], [`crate::engine::records`]). What is
//! particular is a function of [`Behaviour`], which runs inside the transaction of the write.

use crate::resources::entry::Entry;
use crate::resources::{external_references, invitations, memberships, roles, users};
use crate::wire::describe::{Resource, Verb};

/// Every resource, also those that only appear in includes.
pub static REGISTRY: &[&Entry] =
    &[&invitations::ENTRY, &memberships::ENTRY, &users::ENTRY, &roles::ENTRY, &external_references::ENTRY];

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
