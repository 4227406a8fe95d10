//! The choices of fields. They are written inside their field.

use serde_json::Value as Json;

use crate::resources::custom_fields::{self, OF_READABLE_FIELDS};
use crate::resources::entry::{Behaviour, Entry};
use crate::resources::external_references;
use crate::wire::condition::Condition;
use crate::wire::describe::{Association, Direction, Field, Filter, Flag, Operation, Resource, Rung, Sort, Test, Verb};
use crate::wire::kind::{Kind, Value};
use crate::wire::query::listed;

const REFERENCES: &str = "external_references x WHERE x.account_id = t.account_id \
                          AND x.subject_type = 'CustomFieldChoice' AND x.subject_id = t.id";

pub static ENTRY: Entry = Entry { resource: &RESOURCE, behaviour: Behaviour::NONE };

pub static RESOURCE: Resource = Resource {
    name: "custom_field_choices",
    singular: "custom_field_choice",
    object: "CustomFieldChoice",
    text: "One of the values that a field with choices offers.",
    table: "custom_field_choices",
    fields: &[
        Field::new("created_at", Kind::Time, "When it was made."),
        Field::new("custom_field_id", Kind::Id("custom_fields"), "The field."),
        Field::new("label", Kind::Line, "What people read. Several choices may have the same."),
        Field::new("position", Kind::Number, "The place among the choices of the field, from 1."),
        Field::new("updated_at", Kind::Time, "When it was last changed."),
    ],
    filters: &[
        &[
            // A choice that is left out of its field is deleted, not retired.
            Filter::flag("active", Flag::Whether("1 = 1"), "Choices that are offered: all here; false finds none."),
            Filter::new("for_choice_ids", Test::Ids("t.id"), "These choices, by id, with commas."),
            Filter::new("for_custom_fields", Test::Ids("t.custom_field_id"), "Those of these fields, by id."),
            Filter::new("matching", Test::Contains(&["t.label_key"]), "Choices whose label contains this text."),
            Filter::new("per_custom_field", Test::Special(first_of_each), "At most so many of each field: the first."),
        ],
        Filter::DATES,
        &external_references::FILTERS_OF_CUSTOM_FIELD_CHOICES,
    ],
    restriction: Some(OF_READABLE_FIELDS),
    sorts: &[Sort::new("label", "t.label_key"), Sort::new("position", "t.position")],
    default_order: ("position", Direction::Ascending),
    associations: &[
        Association::belongs_to("custom_field", "custom_field_id", &custom_fields::FIELD),
        Association::many(
            "external_references",
            "external_reference_ids",
            ("x.id", REFERENCES),
            &external_references::RESOURCE,
        ),
    ],
    operations: &[Operation::new(
        Verb::Index,
        "GetCustomFieldChoices",
        Rung::EVERYONE,
        "Retrieve the choices of the fields that the caller may read.",
    )],
    ..Resource::PLAIN
};

/// Positions are counted from 1 in each field.
fn first_of_each(given: &Json) -> Option<Condition> {
    match listed(given)?.as_slice() {
        [most] => Some(Condition::Compares("t.position", "<=", Value::Int(*most))),
        _ => None,
    }
}
