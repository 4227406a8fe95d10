//! External references: the ids of a user or a role in other systems. They are printed beside their subject, and its
//! lists filter by them.

use crate::resources::entry::{Behaviour, Entry};
use crate::wire::describe::{Direction, Field, Filter, Letters, Nested, Relation, Resource, Sort, Test};
use crate::wire::kind::{Kind, Property};

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
        Field::new("external_link", Kind::Line, "Where the record is in the other system.").nullable(),
        Field::new("external_message", Kind::Line, "What the other system says about it.").nullable(),
        Field::new("external_status", Kind::Line, "Its status there.").nullable(),
        Field::new("locked", Kind::Bool, "Whether the record may no longer be changed here.").nullable(),
        Field::new("last_synced_at", Kind::Time, "When the reference was last written.").expression("t.updated_at"),
        Field::new("subject_type", Kind::Line, "User or Role."),
        Field::new("subject_id", Kind::Number, "The id of the user or the role."),
        Field::new("created_at", Kind::Time, "When it was made."),
        Field::new("updated_at", Kind::Time, "When it was last changed."),
    ],
    sorts: &[Sort::new("created_at", "t.created_at")],
    default_order: ("created_at", Direction::Ascending),
    ..Resource::PLAIN
};

/// The attribute `external_reference` of a subject: one reference in each service.
pub static NESTED: Nested = Nested {
    table: "external_references",
    properties: &[
        Property { name: "service_name", kind: Kind::Line, required: true },
        Property { name: "service_model", kind: Kind::Line, required: true },
        Property { name: "service_model_ref", kind: Kind::Reference, required: true },
        Property { name: "status", kind: Kind::Choice(STATUSES), required: false },
        Property { name: "external_message", kind: Kind::Line, required: false },
        Property { name: "external_link", kind: Kind::Line, required: false },
        Property { name: "external_status", kind: Kind::Line, required: false },
        Property { name: "locked", kind: Kind::Bool, required: false },
    ],
    key: "service_name",
};

const STATUSES: &[&str] = &["successful", "pending", "failed"];

/// The attribute of a subject that makes a reference.
pub const fn field(text: &'static str) -> Field {
    Field::new("external_reference", NESTED.kind(), text).nullable().hidden()
}

pub static OF_USERS: Relation = Relation {
    owner: "x.subject_id",
    rows: "external_references x WHERE x.account_id = ?1 AND x.subject_type = 'User'",
};

pub static OF_ROLES: Relation = Relation {
    owner: "x.subject_id",
    rows: "external_references x WHERE x.account_id = ?1 AND x.subject_type = 'Role'",
};

pub static FILTERS_OF_USERS: [Filter; 9] = filters(&OF_USERS);

pub static FILTERS_OF_ROLES: [Filter; 9] = filters(&OF_ROLES);

/// The filters of subjects by their references.
const fn filters(of: &'static Relation) -> [Filter; 9] {
    const fn by(name: &'static str, column: &'static str, text: &'static str) -> Filter {
        Filter::new(name, Test::Equals(Letters::Exact, column), text)
    }
    [
        Filter::new("has_external_references", Test::Has, "Those with an external reference, or without.").of(of),
        Filter::new(
            "without_external_reference_service_name",
            Test::Lacks("x.service_name"),
            "Those without a reference in this service.",
        )
        .of(of),
        by("external_reference_service_name", "x.service_name", "Those with a reference in this service.").of(of),
        by("external_reference_service_model", "x.service_model", "Those with a reference of this model.").of(of),
        by("external_reference_service_model_ref", "x.service_model_ref", "The one with this id in another system.")
            .of(of),
        Filter::new(
            "external_reference_service_model_refs",
            Test::OneOf(Letters::Exact, "x.service_model_ref"),
            "Those with one of these ids in another system, at most 200.",
        )
        .of(of),
        by("external_reference_status", "x.status", "Those with a reference in this state.").of(of),
        by("external_reference_external_status", "x.external_status", "Those whose record there has this status.")
            .of(of),
        by("external_reference_external_message", "x.external_message", "Those with exactly this message.").of(of),
    ]
}
