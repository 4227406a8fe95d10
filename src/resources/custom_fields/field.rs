//! The fields.

use crate::engine::access::ADMINISTRATOR;
use crate::resources::custom_fields::{self, ACCESS_NAMES, ONLY_ADMINISTRATORS, TYPES, lists};
use crate::resources::entry::{Behaviour, Entry};
use crate::resources::{external_references, users};
use crate::wire::describe::{
    Association, Ceiling, Deletion, Dependents, Direction, Field, Filter, Letters, Link, Operation, Referent, Resource,
    Restriction, Rung, Sort, Target, Test, Verb,
};
use crate::wire::kind::{Cell, FALSE, Kind};

const CHOICES: &str = "custom_field_choices c WHERE c.custom_field_id = t.id";

const REFERENCES: &str = "external_references x WHERE x.account_id = t.account_id AND x.subject_type = 'CustomField' \
                          AND x.subject_id = t.id";

/// There are no sets, so no id is one of theirs.
const SET: Referent = Referent { table: "custom_fields", condition: "1 = 0", what: "a custom field set" };

pub static ENTRY: Entry = Entry {
    resource: &RESOURCE,
    behaviour: Behaviour {
        before_create: Some(lists::judge_new),
        beside_create: Some(lists::write_new),
        before_update: Some(lists::judge),
        beside_update: Some(lists::write),
        ..Behaviour::NONE
    },
};

const fn access(name: &'static str, position: u8, text: &'static str) -> Field {
    Field::new(name, Kind::Choice(ACCESS_NAMES), text).on_write(position).default(Cell::Text(ONLY_ADMINISTRATORS))
}

const fn of_field(table: &'static str) -> Dependents {
    Dependents { table, condition: "custom_field_id = ?2", tally: None, resource: None }
}

const fn references(condition: &'static str) -> Dependents {
    Dependents { table: "external_references", condition, tally: None, resource: None }
}

pub static RESOURCE: Resource = Resource {
    name: "custom_fields",
    singular: "custom_field",
    object: "CustomField",
    text: "Something that an account wants to know of its users.",
    table: "custom_fields",
    fields: &[
        Field::new("created_at", Kind::Time, "When it was made."),
        Field::new("creator_id", Kind::Id("users"), "The user who has made it.").nullable().author(),
        Field::new("custom_field_set_id", Kind::Id("custom_field_sets"), "Always null here: there are no sets.")
            .nullable()
            .on_write(6)
            .kept_by_rule()
            .naming(SET),
        Field::new("default_text", Kind::Line, "A hint for a field without a value. Fields with choices have none.")
            .nullable()
            .on_write(3),
        Field::new("name", Kind::Line, "The name.").on_write(1).required().folded_in("name_key"),
        access("read_access", 8, "The least level that sees the field and its values."),
        Field::new("unique_constraint", Kind::Bool, "Whether no two users have the same value.")
            .on_create(4)
            .default(FALSE),
        Field::new("updated_at", Kind::Time, "When it was last changed."),
        Field::new("value_type", Kind::Choice(TYPES), "The type of its values.")
            .on_create(2)
            .default(Cell::Text("string")),
        access("write_access", 7, "The least level that sets values and deletes them."),
        Field::new("choices", Kind::Objects(lists::CHOICE), "The choices in order; those left out are deleted.")
            .nullable()
            .on_write(5)
            .kept_by_rule()
            .hidden(),
        external_references::field("The id of the field in another system; one for each service.")
            .on_write(9)
            .nested(&external_references::NESTED),
    ],
    filters: &[
        &[
            Filter::new("matching", Test::Contains(&["t.name_key"]), "Fields whose name contains this text."),
            Filter::new("subject_type", Test::Equals(Letters::Exact, "CAST('User' AS TEXT)"), "All if it is User."),
        ],
        Filter::DATES,
        &external_references::FILTERS_OF_CUSTOM_FIELDS,
    ],
    restriction: Some(Restriction { from: ADMINISTRATOR, condition: "t.read_from <= {rung}" }),
    sorts: &[Sort::new("name", "t.name_key"), Sort::new("updated_at", "t.updated_at")],
    default_order: ("name", Direction::Ascending),
    associations: &[
        Association::many("choices", "choice_ids", ("c.id", CHOICES), &custom_fields::CHOICE),
        Association::belongs_to("creator", "creator_id", &users::RESOURCE),
        Association {
            link: Link::Field,
            target: Target::Nothing("custom_field_sets"),
            ..Association::no_one("custom_field_set", "custom_field_set_id", "custom_field_sets")
        },
        Association::many(
            "external_references",
            "external_reference_ids",
            ("x.id", REFERENCES),
            &external_references::RESOURCE,
        ),
    ],
    ceilings: &[Ceiling { most: 1_000, per: None, message: "An account has at most 1000 custom fields." }],
    deletion: Deletion {
        takes_along: &[
            references(
                "subject_type = 'CustomFieldValue' AND subject_id IN \
                 (SELECT v.id FROM custom_field_values v WHERE v.custom_field_id = ?2)",
            ),
            references(
                "subject_type = 'CustomFieldChoice' AND subject_id IN \
                 (SELECT c.id FROM custom_field_choices c WHERE c.custom_field_id = ?2)",
            ),
            of_field("custom_field_values"),
            of_field("custom_field_choices"),
        ],
        ..Deletion::PLAIN
    },
    operations: &[
        Operation::new(Verb::Index, "GetCustomFields", Rung::EVERYONE, "Retrieve the fields that the caller may read."),
        Operation::new(Verb::Create { bulk: 1 }, "CreateCustomField", ADMINISTRATOR, "Make a field, with its choices."),
        Operation::new(Verb::Update, "UpdateCustomField", ADMINISTRATOR, "Change a field and its list of choices."),
        Operation::new(Verb::Destroy, "DeleteCustomField", ADMINISTRATOR, "Delete a field, its choices and values."),
    ],
    ..Resource::PLAIN
};
