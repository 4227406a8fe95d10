//! The values that users have in fields.

use crate::resources::custom_fields::{self, NOT_WRITABLE, OF_READABLE_FIELDS, writing};
use crate::resources::entry::{Behaviour, Entry};
use crate::resources::{external_references, users};
use crate::wire::describe::{
    Association, Deletion, Dependents, Direction, Field, Filter, Letters, Operation, Referent, Resource, Rung, Sort,
    Test, Unique, UniqueIndex, Upsert, Verb, derived,
};
use crate::wire::kind::Kind;

const CHOICES: &str = "custom_field_choices c WHERE c.custom_field_id = t.custom_field_id \
                       AND t.value_key LIKE '%,' || c.id || ',%'";

const DISPLAYED: &str = "coalesce(t.display_text, (SELECT string_agg(c.label, ', ' ORDER BY c.position) \
                         FROM custom_field_choices c WHERE c.custom_field_id = t.custom_field_id \
                         AND t.value_key LIKE '%,' || c.id || ',%'), '')";

const REFERENCES: &str = "external_references x WHERE x.account_id = t.account_id \
                          AND x.subject_type = 'CustomFieldValue' AND x.subject_id = t.id";

const MEMBER: Referent = Referent { table: "users", condition: "t.has_joined = 1", what: "a member" };

pub static ENTRY: Entry = Entry {
    resource: &RESOURCE,
    behaviour: Behaviour {
        before_create: Some(writing::judge_new),
        before_update: Some(writing::judge),
        ..Behaviour::NONE
    },
};

const fn write(verb: Verb, id: &'static str, text: &'static str) -> Operation {
    Operation::new(verb, id, Rung::EVERYONE, text).only_if("can_edit", NOT_WRITABLE)
}

pub static RESOURCE: Resource = Resource {
    name: "custom_field_values",
    singular: "custom_field_value",
    object: "CustomFieldValue",
    text: "What a user has in a custom field.",
    table: "custom_field_values",
    fields: &[
        Field::new("account_id", Kind::NumberedId("accounts"), "The account."),
        derived(
            "can_edit",
            "(SELECT f.write_from FROM custom_fields f WHERE f.id = t.custom_field_id) <= {rung}",
            "Whether the caller may change it.",
        ),
        Field::new("created_at", Kind::Time, "When it was made."),
        Field::new("custom_field_id", Kind::Id("custom_fields"), "The field.").on_create(3).required(),
        Field::new("custom_field_name", Kind::Line, "The name of the field.")
            .expression("(SELECT f.name FROM custom_fields f WHERE f.id = t.custom_field_id)"),
        Field::new("display_value", Kind::LongText, "The value as people read it.").expression(DISPLAYED),
        Field::new("setter_id", Kind::Id("users"), "The user who has set it.").nullable().author(),
        Field::new("subject_id", Kind::NumberedId("subject"), "The id of the user.")
            .on_create(2)
            .required()
            .naming(MEMBER),
        Field::new("subject_type", Kind::Choice(&["User"]), "The class of the subject.").on_create(1).required(),
        Field::new("type", Kind::Line, "The type of the value.")
            .expression("(SELECT f.value_type FROM custom_fields f WHERE f.id = t.custom_field_id)"),
        Field::new("updated_at", Kind::Time, "When it was last changed."),
        Field::new("value", Kind::Typed, "Text, a day, a number, [cents, currency], or ids of choices, by the type.")
            .on_write(4)
            .always_required(),
    ],
    filters: &[
        &[
            Filter::new("subject_type", Test::Equals(Letters::Exact, "t.subject_type"), "Those of this class.")
                .required(),
            Filter::new("with_custom_field_id", Test::Ids("t.custom_field_id"), "Those in these fields, by id."),
            Filter::new("with_setter_id", Test::Ids("t.setter_id"), "Those that these users have set, by id."),
            Filter::new("with_subject_id", Test::Ids("t.subject_id"), "Those of these subjects, by id."),
        ],
        Filter::DATES,
        &external_references::FILTERS_OF_CUSTOM_FIELD_VALUES,
    ],
    restriction: Some(OF_READABLE_FIELDS),
    sorts: &[
        Sort::new("created_at", "t.created_at"),
        Sort::new("subject_id", "t.subject_id"),
        Sort::new("updated_at", "t.updated_at"),
    ],
    default_order: ("created_at", Direction::Ascending),
    associations: &[
        Association::belongs_to("custom_field", "custom_field_id", &custom_fields::FIELD),
        Association::many(
            "external_references",
            "external_reference_ids",
            ("x.id", REFERENCES),
            &external_references::RESOURCE,
        ),
        Association::many("selected_choices", "selected_choice_ids", ("c.id", CHOICES), &custom_fields::CHOICE),
        Association::belongs_to("setter", "setter_id", &users::RESOURCE),
        Association::pointed("subject", "subject_ref", "'users:' || t.subject_id", &[&users::RESOURCE]),
    ],
    unique: &[Unique {
        index: UniqueIndex {
            name: "custom_field_values_unique",
            columns: "custom_field_values.custom_field_id, custom_field_values.unique_key",
        },
        field: "value",
        message: "Value is that of another user, and no two may have the same in this field.",
    }],
    upsert: Some(Upsert { key: &["subject_type", "subject_id", "custom_field_id"], renews: true }),
    deletion: Deletion {
        takes_along: &[Dependents {
            table: "external_references",
            condition: "subject_type = 'CustomFieldValue' AND subject_id = ?2",
            tally: None,
            resource: None,
        }],
        ..Deletion::PLAIN
    },
    operations: &[
        Operation::new(
            Verb::Index,
            "GetCustomFieldValues",
            Rung::EVERYONE,
            "Retrieve values that the caller may read.",
        ),
        write(Verb::Create { bulk: 100 }, "CreateCustomFieldValue", "Set a value, or up to 100."),
        write(Verb::DestroyMany { most: 100 }, "DeleteCustomFieldValues", "Delete up to 100 values, all or none."),
        Operation::new(Verb::Show, "GetCustomFieldValue", Rung::EVERYONE, "Retrieve one value."),
        write(Verb::Update, "UpdateCustomFieldValue", "Change a value."),
        write(Verb::Destroy, "DeleteCustomFieldValue", "Delete a value."),
    ],
    ..Resource::PLAIN
};
