//! External references: the ids of a user or a role in other systems. They are printed beside their subject, and its lists
//! filter by them.

use crate::resources::entry::{Behaviour, Entry};
use crate::wire::describe::{Direction, Field, Filter, Letters, Relation, Resource, Sort, Test};
use crate::wire::kind::Kind;

pub static ENTRY: Entry = Entry { resource: &RESOURCE, behaviour: Behaviour::NONE };

pub static RESOURCE: Resource = Resource {
    name: "external_references",
    singular: "external_reference",
    object: "ExternalReference",
    text: "What another system calls a user or a role.",
    table: "external_references",
    fields: &[
        Field::new("service_name", Kind::Line, "t.service_name", "The other system."),
        Field::new("service_model", Kind::Line, "t.service_model", "What it calls records of this kind."),
        Field::new("service_model_ref", Kind::Line, "t.service_model_ref", "What it calls this record."),
        Field::new("status", Kind::Line, "t.status", "How the last exchange ended: successful, pending or failed.")
            .nullable(),
        Field::new("subject_type", Kind::Line, "t.subject_type", "User or Role."),
        Field::new("subject_id", Kind::Number, "t.subject_id", "The id of the user or the role."),
        Field::new("created_at", Kind::Time, "t.created_at", "When it was made."),
        Field::new("updated_at", Kind::Time, "t.updated_at", "When it was last changed."),
    ],
    filters: &[],
    default_scope: None,
    writable: None,
    sorts: &[Sort::new("created_at", "t.created_at")],
    default_order: ("created_at", Direction::Ascending),
    search: None,
    associations: &[],
    tallies: &[],
    operations: &[],
};

pub static OF_USERS: Relation = Relation {
    owner: "x.subject_id",
    rows: "external_references x WHERE x.account_id = ?1 AND x.subject_type = 'User'",
};

pub static OF_ROLES: Relation = Relation {
    owner: "x.subject_id",
    rows: "external_references x WHERE x.account_id = ?1 AND x.subject_type = 'Role'",
};

pub const fn by(name: &'static str, column: &'static str, relation: &'static Relation, text: &'static str) -> Filter {
    Filter::new(name, Test::Equals(Letters::Exact, column), text).of(relation)
}

pub const fn by_any_ref(relation: &'static Relation) -> Filter {
    let test = Test::OneOf(Letters::Exact, "x.service_model_ref");
    let text = "Those that another system calls by one of these names, with commas, at most 200.";
    Filter::new("external_reference_service_model_refs", test, text).of(relation)
}
