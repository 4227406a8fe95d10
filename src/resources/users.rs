//! Users: the people of an account, members and invitees.

use crate::wire::describe::{Direction, Field, Resource, Sort};
use crate::wire::kind::Kind;

/// The description.
pub static RESOURCE: Resource = Resource {
    name: "users",
    singular: "user",
    object: "User",
    text: "A person of the account: a member, or somebody who was invited.",
    table: "users",
    from: "users t",
    fields: &[
        Field::new("full_name", Kind::Line, "t.full_name", "The name."),
        Field::new("photo_path", Kind::Line, "t.photo_path", "Where a picture of the person is found.").nullable(),
        Field::new("email_address", Kind::Email, "t.email_address", "The mail address."),
        Field::new("headline", Kind::Line, "t.headline", "The title.").nullable(),
    ],
    filters: &[],
    sorts: &[Sort::new("alphabetical", "t.name_key")],
    default_order: ("alphabetical", Direction::Ascending),
    search: None,
    associations: &[],
    tallies: &[],
    operations: &[],
};
