//! Login addresses, as events speak of them. A person has one, and it has the person's id. No list serves them.

use crate::wire::describe::{EVENTS, Field, Resource};
use crate::wire::kind::Kind;

pub static RESOURCE: Resource = Resource {
    name: "email_addresses",
    singular: "email_address",
    object: "EmailAddress",
    text: "The address with which a person signs in.",
    table: "users",
    fields: &[Field::new("email_address", Kind::Email, "The address.")],
    events: EVENTS,
    ..Resource::PLAIN
};
