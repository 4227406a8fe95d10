//! External references: the ids of a record in other systems. They are printed beside their subject, and its lists
//! filter by them.

use crate::engine::access::{ADMINISTRATOR, LEAD};
use crate::resources::entry::{Behaviour, Entry};
use crate::resources::external_references::subjects;
use crate::resources::{custom_fields, roles, skills, users};
use crate::wire::condition::Relation;
use crate::wire::describe::{
    Association, Direction, Field, Filter, Letters, Nested, Operation, Resource, Sort, Test, Upsert, Verb,
};
use crate::wire::kind::{Kind, Property};

const STATUSES: &[&str] = &["successful", "pending", "failed"];

pub static ENTRY: Entry =
    Entry { resource: &RESOURCE, behaviour: Behaviour { before_create: Some(subjects::judge), ..Behaviour::NONE } };

pub static RESOURCE: Resource = Resource {
    name: "external_references",
    singular: "external_reference",
    object: "ExternalReference",
    text: "The id of a record in another system.",
    table: "external_references",
    fields: &[
        Field::new("service_name", Kind::Line, "The other system.").on_create(3).required(),
        Field::new("service_model", Kind::Line, "The kind of record there.").on_create(4).required(),
        Field::new("service_model_ref", Kind::Reference, "The id of the record there.").on_create(5).required(),
        Field::new("status", Kind::Choice(STATUSES), "The result of the last synchronisation.").nullable().on_create(6),
        Field::new("external_link", Kind::Line, "Where the record is in the other system.").nullable().on_create(7),
        Field::new("external_message", Kind::Line, "What the other system says about it.").nullable().on_create(8),
        Field::new("external_status", Kind::Line, "Its status there.").nullable().on_create(9),
        Field::new("locked", Kind::Bool, "Whether the record may no longer be changed here.").nullable().on_create(10),
        Field::new("last_synced_at", Kind::Time, "When the reference was last written.").expression("t.updated_at"),
        Field::new("subject_type", Kind::Choice(subjects::CLASSES), "The class of the record.").on_create(1).required(),
        Field::new("subject_id", Kind::NumberedId("subject"), "The id of the record.").on_create(2).required(),
        Field::new("created_at", Kind::Time, "When it was made."),
        Field::new("updated_at", Kind::Time, "When it was last changed."),
    ],
    filters: &[
        &[
            Filter::new(
                "subject_type",
                Test::Equals(Letters::Exact, "t.subject_type"),
                "Those of records of this class.",
            )
            .required(),
            Filter::new("subject_id", Test::Id("t.subject_id"), "Those of the record with this id."),
            exactly("service_name", "t.service_name", "Those in this service."),
            exactly("service_model", "t.service_model", "Those of this model."),
            exactly("service_model_ref", "t.service_model_ref", "Those with this id in another system."),
            exactly("status", "t.status", "Those in this state."),
            exactly("external_message", "t.external_message", "Those with exactly this message."),
            exactly("external_status", "t.external_status", "Those whose record there has this status."),
            Filter::new("last_synced_after", Test::After("t.updated_at"), "Those written after this moment."),
            Filter::new("last_synced_before", Test::Before("t.updated_at"), "Those written before this moment."),
        ],
        Filter::DATES,
    ],
    restriction: Some(subjects::READABLE),
    sorts: &[Sort::new("created_at", "t.created_at"), Sort::new("last_synced_at", "t.updated_at")],
    default_order: ("last_synced_at", Direction::Descending),
    associations: &[Association::pointed(
        "subject",
        "subject_ref",
        subjects::POINTER,
        &[
            &users::RESOURCE,
            &roles::RESOURCE,
            &skills::SKILL,
            &custom_fields::FIELD,
            &custom_fields::CHOICE,
            &custom_fields::VALUE,
        ],
    )],
    upsert: Some(Upsert { key: &["subject_type", "subject_id", "service_name"], renews: false }),
    operations: &[
        Operation::new(Verb::Index, "GetExternalReferences", LEAD, "Retrieve external references."),
        Operation::new(
            Verb::Create { bulk: 1 },
            "CreateOrUpdateExternalReference",
            ADMINISTRATOR,
            "Set the reference of a record in a service.",
        )
        .at("create_or_update"),
        Operation::new(Verb::Destroy, "DeleteExternalReference", ADMINISTRATOR, "Delete an external reference."),
    ],
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

/// The attribute of a subject that makes a reference.
pub const fn field(text: &'static str) -> Field {
    Field::new("external_reference", NESTED.kind(), text).nullable().hidden()
}

const fn exactly(name: &'static str, column: &'static str, text: &'static str) -> Filter {
    Filter::new(name, Test::Equals(Letters::Exact, column), text)
}

/// The references of the subjects of one class.
const fn of(rows: &'static str) -> Relation {
    Relation::new("x.subject_id", rows)
}

const USERS: &str = "external_references x WHERE x.account_id = ?1 AND x.subject_type = 'User'";

static OF_USERS: Relation = of(USERS);
static OF_ROLES: Relation = of("external_references x WHERE x.account_id = ?1 AND x.subject_type = 'Role'");
static OF_SKILLS: Relation = of("external_references x WHERE x.account_id = ?1 AND x.subject_type = 'Skill'");
static OF_CUSTOM_FIELDS: Relation =
    of("external_references x WHERE x.account_id = ?1 AND x.subject_type = 'CustomField'");
static OF_CUSTOM_FIELD_CHOICES: Relation =
    of("external_references x WHERE x.account_id = ?1 AND x.subject_type = 'CustomFieldChoice'");
static OF_CUSTOM_FIELD_VALUES: Relation =
    of("external_references x WHERE x.account_id = ?1 AND x.subject_type = 'CustomFieldValue'");

static OF_INVITEES: Relation = Relation { key: "t.invitee_id", ..of(USERS) };

pub static FILTERS_OF_INVITEES: [Filter; 9] = additions(filters(&OF_INVITEES));
pub static FILTERS_OF_USERS: [Filter; 9] = filters(&OF_USERS);
pub static FILTERS_OF_ROLES: [Filter; 9] = filters(&OF_ROLES);
pub static FILTERS_OF_SKILLS: [Filter; 9] = filters(&OF_SKILLS);
pub static FILTERS_OF_CUSTOM_FIELDS: [Filter; 9] = filters(&OF_CUSTOM_FIELDS);
pub static FILTERS_OF_CUSTOM_FIELD_CHOICES: [Filter; 9] = filters(&OF_CUSTOM_FIELD_CHOICES);
pub static FILTERS_OF_CUSTOM_FIELD_VALUES: [Filter; 9] = filters(&OF_CUSTOM_FIELD_VALUES);

/// The same of a resource that does not have them with the vendor.
const fn additions(mut filters: [Filter; 9]) -> [Filter; 9] {
    let mut place = 0;
    while place < filters.len() {
        filters[place].is_addition = true;
        place += 1;
    }
    filters
}

/// The filters of subjects by their references.
const fn filters(of: &'static Relation) -> [Filter; 9] {
    [
        Filter::new("has_external_references", Test::Has, "Those with an external reference, or without.").of(of),
        Filter::new(
            "without_external_reference_service_name",
            Test::Lacks("x.service_name"),
            "Those without a reference in this service.",
        )
        .of(of),
        exactly("external_reference_service_name", "x.service_name", "Those with a reference in this service.").of(of),
        exactly("external_reference_service_model", "x.service_model", "Those with a reference of this model.").of(of),
        exactly(
            "external_reference_service_model_ref",
            "x.service_model_ref",
            "The one with this id in another system.",
        )
        .of(of),
        Filter::new(
            "external_reference_service_model_refs",
            Test::OneOf(Letters::Exact, "x.service_model_ref"),
            "Those with one of these ids in another system, at most 200.",
        )
        .of(of),
        exactly("external_reference_status", "x.status", "Those with a reference in this state.").of(of),
        exactly("external_reference_external_status", "x.external_status", "Those whose record there has this status.")
            .of(of),
        exactly("external_reference_external_message", "x.external_message", "Those with exactly this message.").of(of),
    ]
}
