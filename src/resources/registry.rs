//! The resources of the API.

use crate::resources::entry::Entry;
use crate::resources::{
    billable_utilizations, cost_rates, custom_fields, external_references, invitations, memberships, roles, skills,
    subscribed_events, users,
};

/// Includes those that only appear in includes of others.
pub static REGISTRY: &[&Entry] = &[
    &invitations::ENTRY,
    &memberships::ENTRY,
    &users::ENTRY,
    &roles::ENTRY,
    &external_references::ENTRY,
    &skills::SKILLS,
    &skills::CATEGORIES,
    &skills::MEMBERSHIPS,
    &cost_rates::ENTRY,
    &billable_utilizations::ENTRY,
    &custom_fields::FIELDS,
    &custom_fields::CHOICES,
    &custom_fields::VALUES,
    &subscribed_events::ENTRY,
];

pub fn find(name: &str) -> Option<&'static Entry> {
    REGISTRY.iter().copied().find(|entry| entry.resource.name == name)
}

/// The names of the resources that have operations.
pub fn served() -> impl Iterator<Item = &'static str> {
    let resources = REGISTRY.iter().map(|entry| entry.resource);
    resources.filter(|resource| !resource.operations.is_empty()).map(|resource| resource.name)
}
