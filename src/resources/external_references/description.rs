//! External references: the ids of a user or a role in other systems. They are printed beside their subject, and its
//! lists filter by them.

use crate::resources::entry::{Behaviour, Entry};
use crate::resources::external_references::rules::KIND;
use crate::wire::describe::{Direction, Field, Filter, Letters, Relation, Resource, Sort, Test};
use crate::wire::kind::Kind;

pub static ENTRY: Entry = Entry { resource: &RESOURCE, behaviour: Behaviour::NONE };

pub static RESOURCE: Resource = Resource {
    name: "external_references",
    singular: "external_reference",
    object: "ExternalReference",
    text: "The id of a user or a role in another system.",
    table: "external_references",
    fields: &[
        Field::new("service_name", Kind::Line, "The other system."),
        Field::new("service_model", Kind::Line, "The kind of record there."),
        Field::new("service_model_ref", Kind::Line, "The id of the record there."),
        Field::new("status", Kind::Line, "The result of the last synchronisation: successful, pending or failed.")
            .nullable(),
        Field::new("subject_type", Kind::Line, "User or Role."),
        Field::new("subject_id", Kind::Number, "The id of the user or the role."),
        Field::new("created_at", Kind::Time, "When it was made."),
        Field::new("updated_at", Kind::Time, "When it was last changed."),
    ],
    filters: &[],
    default_scope: None,
    restriction: None,
    writable: None,
    sorts: &[Sort::new("created_at", "t.created_at")],
    default_order: ("created_at", Direction::Ascending),
    search: None,
    associations: &[],
    tallies: &[],
    operations: &[],
};

/// The attribute of a user or a role that makes a reference.
pub const fn field(text: &'static str) -> Field {
    Field::new("external_reference", KIND, text).nullable().hidden()
}

pub static OF_USERS: Relation = Relation {
    owner: "x.subject_id",
    rows: "external_references x WHERE x.account_id = ?1 AND x.subject_type = 'User'",
};

pub static OF_ROLES: Relation = Relation {
    owner: "x.subject_id",
    rows: "external_references x WHERE x.account_id = ?1 AND x.subject_type = 'Role'",
};

const fn by(name: &'static str, column: &'static str, relation: &'static Relation, text: &'static str) -> Filter {
    Filter::new(name, Test::Equals(Letters::Exact, column), text).of(relation)
}

pub const fn by_service_name(of: &'static Relation) -> Filter {
    by("external_reference_service_name", "x.service_name", of, "Those with a reference in this service.")
}

pub const fn by_service_model(of: &'static Relation) -> Filter {
    by("external_reference_service_model", "x.service_model", of, "Those with a reference of this model.")
}

pub const fn by_service_model_ref(of: &'static Relation) -> Filter {
    by("external_reference_service_model_ref", "x.service_model_ref", of, "The one with this id in another system.")
}

pub const fn by_service_model_refs(of: &'static Relation) -> Filter {
    let test = Test::OneOf(Letters::Exact, "x.service_model_ref");
    let text = "Those with one of these ids in another system, with commas, at most 200.";
    Filter::new("external_reference_service_model_refs", test, text).of(of)
}

pub const fn by_status(of: &'static Relation) -> Filter {
    by("external_reference_status", "x.status", of, "Those with a reference in this state.")
}
