//! Custom fields in a seed: those of an account, and what its members have in them.

use serde_json::Value as Json;

use crate::clock::Timestamp;
use crate::engine::nested::Subject;
use crate::engine::rows::made_at;
use crate::ids::{AccountId, RecordId};
use crate::resources::custom_fields::{FIELD, ONLY_ADMINISTRATORS, TYPES, has_choices, read_value, stored_rung};
use crate::resources::people::USER;
use crate::sandbox::seed::file::{AnyValue, CustomField, FoundValue, Member, MemberValue};
use crate::sandbox::seed::references::{Ids, Unique, check_references};
use crate::sandbox::seed::rows::{self, NewRow};
use crate::sandbox::seed::values::{CustomFieldAccess, Name};
use crate::sandbox::seed::written::{SeedError, Written};
use crate::store::{Db, Error, Param};
use crate::wire::fold::fold;

impl CustomField {
    fn value_type(&self) -> &str {
        self.value_type.as_ref().map_or(TYPES[0], |value_type| value_type.value.as_str())
    }

    fn is_unique(&self) -> bool {
        self.unique_constraint.as_ref().is_some_and(|is_unique| is_unique.value)
    }
}

/// What is unique over the whole file.
#[derive(Default)]
pub(super) struct Names {
    fields: Ids,
    choices: Ids,
    values: Ids,
}

impl Names {
    pub(super) fn note(&mut self, fields: &[CustomField], members: &[Member]) -> Result<(), SeedError> {
        for field in fields {
            self.fields.note("custom field", &field.id)?;
            for choice in &field.choices {
                self.choices.note("custom field choice", &choice.id)?;
            }
        }
        for value in members.iter().flat_map(|member| &member.custom_field_values) {
            self.values.note("custom field value", &value.id)?;
        }
        Ok(())
    }
}

pub(super) fn check_field(names: &mut Names, references: &mut Ids, field: &mut CustomField) -> Result<(), SeedError> {
    field.found.id = names.fields.assign(&field.id);
    let offers_choices = has_choices(field.value_type());
    if let Some(choice) = field.choices.first().filter(|_| !offers_choices) {
        return choice.label.wrong("Only fields of the types single and multi have choices; leave this out.");
    }
    if let Some(is_unique) = field.unique_constraint.as_ref().filter(|is_unique| offers_choices && is_unique.value) {
        return is_unique.wrong("A field with choices has no unique values; leave this out.");
    }
    if let Some(hint) = field.default_text.as_ref().filter(|_| offers_choices) {
        return hint.wrong("A field with choices has no hint; leave this out.");
    }
    for choice in &mut field.choices {
        choice.found_id = names.choices.assign(&choice.id);
    }
    check_references(references, &mut field.external_references)
}

/// Checks what a member has. `taken` holds the unique values of the account.
pub(super) fn check_values(
    names: &mut Names,
    taken: &mut Unique,
    fields: &[CustomField],
    values: &mut [MemberValue],
) -> Result<(), SeedError> {
    let mut known = Unique::default();
    for value in values {
        let field = named(fields, &value.field)?;
        known.note(&value.field, &field.found.id.to_string(), "The custom field")?;
        let given = with_ids(field, &value.value)?;
        let typed = read_value(field.value_type(), &given).or_else(|sentence| value.value.wrong(sentence))?;
        if typed.choices.iter().any(|id| !field.choices.iter().any(|choice| choice.found_id == *id)) {
            return value.value.wrong("The custom field has no such choice; write the id or the label of one.");
        }
        if field.is_unique() {
            taken.note(&value.value, &format!("{} in field {}", typed.key, field.found.id), "The value")?;
        }
        let (field_id, is_unique) = (field.found.id, field.is_unique());
        value.found = Some(FoundValue { id: names.values.assign(&value.id), field_id, is_unique, typed });
    }
    Ok(())
}

fn named<'a>(fields: &'a [CustomField], named: &Written<Name>) -> Result<&'a CustomField, SeedError> {
    let mut found = fields.iter().filter(|field| match &named.value {
        Name::Id(id) => field.found.id == *id,
        Name::Text(name) => field.name.value == *name,
    });
    match (found.next(), found.next()) {
        (Some(field), None) => Ok(field),
        (Some(_), Some(_)) => named.wrong(format!("There are two custom fields {}; write the id.", named.value)),
        (None, _) => {
            named.wrong(format!("The account has no custom field {}; write the id or the name of one.", named.value))
        }
    }
}

/// The value with the ids of choices for their labels.
fn with_ids(field: &CustomField, value: &Written<AnyValue>) -> Result<Json, SeedError> {
    let Some(elements) = value.value.as_array().filter(|_| has_choices(field.value_type())) else {
        return Ok(value.value.clone());
    };
    let id = |element: &Json| match element.as_str() {
        None => Ok(element.clone()),
        Some(label) => match field.choices.iter().find(|choice| choice.label.value == label) {
            Some(choice) => Ok(choice.found_id.into()),
            None => value.wrong(format!("The custom field has no choice {label:?}; write the label of one.")),
        },
    };
    elements.iter().map(id).collect::<Result<Vec<Json>, _>>().map(Json::Array)
}

pub(super) fn plant(db: &mut Db, account_id: AccountId, field: &CustomField, at: Timestamp) -> Result<(), Error> {
    let name_key = fold(&field.name.value);
    let access = |level: &Option<Written<CustomFieldAccess>>| {
        level.as_ref().map_or(ONLY_ADMINISTRATORS, |it| &it.value).to_owned()
    };
    let (read_access, write_access) = (access(&field.read_access), access(&field.write_access));
    let columns = [
        ("id", Param::Int(field.found.id)),
        ("account_id", account_id.into()),
        ("name", Param::Text(&field.name.value)),
        ("name_key", Param::Text(&name_key)),
        ("value_type", Param::Text(field.value_type())),
        ("default_text", field.default_text.as_ref().map(|text| text.value.as_str()).into()),
        ("unique_constraint", Param::Int(field.is_unique().into())),
        ("read_access", Param::Text(&read_access)),
        ("write_access", Param::Text(&write_access)),
        ("read_from", stored_rung(&read_access)),
        ("write_from", stored_rung(&write_access)),
    ];
    rows::insert(db, "custom_fields", &[rows::row(columns.into_iter().chain(made_at(at)))])?;
    let choices = (1_i64..).zip(&field.choices).map(|(position, choice)| {
        let label_key = fold(&choice.label.value);
        let columns = [
            ("id", Param::Int(choice.found_id)),
            ("account_id", account_id.into()),
            ("custom_field_id", Param::Int(field.found.id)),
            ("label", Param::Text(&choice.label.value)),
            ("label_key", Param::Text(&label_key)),
            ("position", Param::Int(position)),
        ];
        rows::row(columns.into_iter().chain(made_at(at)))
    });
    rows::insert(db, "custom_field_choices", &choices.collect::<Vec<NewRow>>())?;
    let subject = Subject::new(account_id, FIELD.object, RecordId::new(field.found.id));
    rows::references(db, subject, &field.external_references, at)
}

/// Writes what a member has, as if the member had set it.
pub(super) fn plant_values(db: &mut Db, account_id: AccountId, member: &Member, at: Timestamp) -> Result<(), Error> {
    let values = member.custom_field_values.iter().filter_map(|value| {
        let FoundValue { id, field_id, is_unique, typed } = value.found.as_ref()?;
        let columns = [
            ("id", Param::Int(*id)),
            ("account_id", account_id.into()),
            ("custom_field_id", Param::Int(*field_id)),
            ("subject_type", Param::Text(USER)),
            ("subject_id", Param::Int(member.found.user_id)),
            ("value", Param::Text(&typed.json)),
            ("value_key", Param::Text(&typed.key)),
            ("unique_key", is_unique.then_some(typed.key.as_str()).into()),
            ("display_text", typed.display.as_deref().into()),
            ("setter_id", Param::Int(member.found.user_id)),
        ];
        Some(rows::row(columns.into_iter().chain(made_at(at))))
    });
    rows::insert(db, "custom_field_values", &values.collect::<Vec<NewRow>>())
}
