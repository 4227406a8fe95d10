//! Roles: what people do on projects. A role that was in use is deleted softly, so that what names it can still show it.

use crate::wire::describe::{Direction, Field, Resource, Sort};
use crate::wire::kind::Kind;

/// The description.
pub static RESOURCE: Resource = Resource {
    name: "roles",
    singular: "role",
    object: "Role",
    text: "What people do on projects.",
    table: "roles",
    from: "roles t",
    fields: &[
        Field::new("name", Kind::Line, "t.name", "The name."),
        Field::new("created_at", Kind::Time, "t.created_at", "When it was made."),
        Field::new("updated_at", Kind::Time, "t.updated_at", "When it was last changed."),
        Field::new("deleted_at", Kind::Time, "t.deleted_at", "When it was deleted, if it was.").nullable(),
    ],
    filters: &[],
    sorts: &[Sort::new("alphabetical", "t.name_key")],
    default_order: ("alphabetical", Direction::Ascending),
    search: None,
    associations: &[],
    tallies: &[],
    operations: &[],
};
