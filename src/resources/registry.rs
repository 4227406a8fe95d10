//! Every resource that the API routes, documents, prints and copies.

use crate::resources::entry::Entry;
use crate::resources::{external_references, invitations, memberships, roles, users};

/// Every resource, also those that only appear in includes.
pub static REGISTRY: &[&Entry] =
    &[&invitations::ENTRY, &memberships::ENTRY, &users::ENTRY, &roles::ENTRY, &external_references::ENTRY];

/// The resource of a name.
pub fn find(name: &str) -> Option<&'static Entry> {
    REGISTRY.iter().copied().find(|entry| entry.resource.name == name)
}
